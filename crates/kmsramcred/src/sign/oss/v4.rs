//! Signature version 4 of OSS, `OSS4-HMAC-SHA256`, which signs the request line and chosen headers. The body is not signed.
//!
//! Goes in: the request, the region, the time and the AccessKey. Comes out: the value of the `Authorization` header.

use super::{Covered, header_lines, path_of, place, query_of};
use crate::civil_time::format_utc;
use crate::secret_text::SecretText;
use crate::sign::acs3::content_sha256;
use crate::sign::encode::hex;
use crate::sign::mac;
use zeroize::Zeroizing;

/// The name of the scheme, as the string to sign and the `Authorization` header carry it.
pub const ALGORITHM: &str = "OSS4-HMAC-SHA256";

/// The value of the `x-oss-content-sha256` header: there is no other way yet.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

const PRODUCT: &str = "oss";
const REQUEST: &str = "aliyun_v4_request";

/// The value of the `x-oss-date` header: `YYYYMMDDThhmmssZ`.
pub fn format_date(unix_ms: i64) -> String {
    format_utc(unix_ms).replace(['-', ':'], "")
}

/// The value of the `Authorization` header. `date` is what `x-oss-date` says, see [`format_date`]; `region` is without
/// `oss-`, such as `cn-hangzhou`.
pub fn authorization(
    covered: &Covered<'_>,
    region: &str,
    date: &str,
    access_key_id: &str,
    access_key_secret: &SecretText,
) -> String {
    let day = date.split_once('T').map_or(date, |(day, _)| day);
    let scope = format!("{day}/{region}/{PRODUCT}/{REQUEST}");
    let digest = content_sha256(canonical_request(covered).as_bytes());
    let string_to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
    let signature = hex(&*mac::sha256(&*signing_key(access_key_secret, day, region), &string_to_sign));
    format!("{ALGORITHM} Credential={access_key_id}/{scope},Signature={signature}")
}

fn canonical_request(covered: &Covered<'_>) -> Zeroizing<String> {
    let place = path_of(&place(covered.bucket, covered.key));
    let query = query_of(covered.query);
    let headers = header_lines(covered.headers, |name| {
        name == "content-type" || name == "content-md5" || name.starts_with("x-oss-")
    });
    // The empty line is that of the headers which a program could have signed besides.
    let pieces = [covered.method, "\n", &place, "\n", &query, "\n", &headers, "\n\n", UNSIGNED_PAYLOAD];
    Zeroizing::new(pieces.concat())
}

/// The key of one day, region and product, which is as good as the secret there.
fn signing_key(access_key_secret: &SecretText, day: &str, region: &str) -> Zeroizing<[u8; 32]> {
    let first = Zeroizing::new(["aliyun_v4", access_key_secret.expose()].concat());
    let of_the_day = mac::sha256(first.as_bytes(), day);
    [region, PRODUCT, REQUEST].iter().fold(of_the_day, |key, part| mac::sha256(&*key, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_request_names_what_is_signed() {
        let covered = Covered {
            method: "PUT",
            bucket: "b",
            key: "a b/ü",
            query: &[("uploadId", "x y"), ("acl", "")],
            headers: &[("X-Oss-Date", " 20251010T125821Z "), ("Content-MD5", "M"), ("host", "h"), ("date", "D")],
        };
        let lines = "PUT\n/b/a%20b/%C3%BC\nacl&uploadId=x%20y\ncontent-md5:M\nx-oss-date:20251010T125821Z\n\n\n";
        assert_eq!(*canonical_request(&covered), format!("{lines}UNSIGNED-PAYLOAD"));
    }

    #[test]
    fn a_date_has_no_punctuation() {
        assert_eq!(format_date(1_760_101_101_000), "20251010T125821Z");
    }
}
