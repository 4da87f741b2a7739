//! Signature version 1 of OSS: HMAC-SHA1 over the method, five headers and the resource.
//!
//! Goes in: the request, with its date among the headers, and the AccessKey secret. Comes out: what stands after the second
//! colon of `Authorization: OSS id:`.

use super::{Covered, header_lines, joined, place};
use crate::secret_text::SecretText;
use crate::sign::mac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The parameters that version 1 signs; the server passes over all others. Sorted, so that a new one finds its place.
const SIGNED_PARAMETERS: &str = "\
    accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo callback callback-var \
    cloudboxes cname comp continuation-token cors delete encryption endTime group httpsConfig inventory \
    inventoryId lifecycle link live location logging metaQuery objectInfo objectMeta partNumber policy position \
    publicAccessBlock qos qosInfo qosRequester redundancyTransition referer regionList replication \
    replicationLocation replicationProgress requestPayment requesterQosInfo resourceGroup resourcePool \
    resourcePoolBuckets resourcePoolInfo response-cache-control response-content-disposition \
    response-content-encoding response-content-language response-content-type response-expires restore \
    security-token sequential startTime stat status style styleName symlink tagging transferAcceleration \
    uploadId uploads versionId versioning versions vod website worm wormExtend wormId x-oss-ac-forward-allow \
    x-oss-ac-source-ip x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-access-point-name x-oss-async-process \
    x-oss-process x-oss-redundancy-transition-taskid x-oss-request-payer x-oss-target-redundancy-type \
    x-oss-traffic-limit x-oss-write-get-object-response";

/// What is signed. A security token among the headers is in it, so it is wiped when dropped.
pub fn string_to_sign(covered: &Covered<'_>) -> Zeroizing<String> {
    let header = |wanted: &str| {
        let found = covered.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value.trim())
    };
    let oss_headers = header_lines(covered.headers, |name| name.starts_with("x-oss-"));
    let place = place(covered.bucket, covered.key);
    let mut signed: Vec<(&str, &str)> = covered.query.to_vec();
    signed.retain(|(name, _)| SIGNED_PARAMETERS.split(' ').any(|known| known == *name));
    signed.sort_unstable();
    let query = joined(signed.into_iter());
    let mark = if query.is_empty() { "" } else { "?" };
    let (md5, kind, date) = (header("content-md5"), header("content-type"), header("date"));
    // `concat` allocates once, so that no shorter copy of a token is left behind.
    let pieces = [covered.method, "\n", md5, "\n", kind, "\n", date, "\n", &oss_headers, &place, mark, &query];
    Zeroizing::new(pieces.concat())
}

/// The signature, in Base64.
pub fn signature(covered: &Covered<'_>, access_key_secret: &SecretText) -> String {
    STANDARD.encode(*mac::sha1(access_key_secret.expose().as_bytes(), &string_to_sign(covered)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        let names: Vec<&str> = SIGNED_PARAMETERS.split(' ').collect();
        assert!(names.len() > 80 && names.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn headers_in_their_places_and_parameters_that_are_known() {
        let covered = Covered {
            method: "PUT",
            bucket: "b",
            key: "a b/ü",
            query: &[("uploadId", "x y"), ("acl", ""), ("max-keys", "1")],
            headers: &[
                ("Content-Type", "text/plain"),
                ("X-Oss-Meta-B", " 2 "),
                ("x-oss-meta-a", "1"),
                ("date", "D"),
                ("CONTENT-MD5", "M"),
                ("user-agent", "u"),
            ],
        };
        let signed = string_to_sign(&covered);
        assert_eq!(*signed, "PUT\nM\ntext/plain\nD\nx-oss-meta-a:1\nx-oss-meta-b:2\n/b/a b/ü?acl&uploadId=x y");
    }
}
