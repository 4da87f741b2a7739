//! Requests that cannot be signed: one error each, which names what was found and what to do.

use crate::call::{Signed, credential, pairs, request, sign};
use kmsramcred_c::request::{
    KMSRAMCRED_FAMILY_ACS3 as ACS3, KMSRAMCRED_FAMILY_OSS_V1 as OSS_V1, KMSRAMCRED_FAMILY_OSS_V4 as OSS_V4,
    KMSRAMCRED_FAMILY_RPC_V1 as RPC, Request,
};
use kmsramcred_c::status::{
    KMSRAMCRED_ERR_INVALID_ARGUMENT, KMSRAMCRED_ERR_INVALID_UTF8, KMSRAMCRED_ERR_NULL_ARGUMENT,
};

type Pairs = Vec<(String, String)>;

fn owned(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Parts of a request, and what is said of it.
#[derive(Default)]
struct Parts<'a> {
    method: &'static str,
    path: &'a str,
    parameters: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
    bucket: &'a str,
    key: &'a str,
    region: &'a str,
    nonce: &'a str,
}

impl Parts<'_> {
    fn sign(&self, family: i32) -> Result<Signed, (i32, String)> {
        let (parameters, headers) = (owned(self.parameters), owned(self.headers));
        let (parameters, headers) = (pairs(&parameters), pairs(&headers));
        let described = Request {
            path: self.path.as_ptr().cast(),
            path_len: self.path.len(),
            parameters: parameters.as_ptr(),
            parameter_count: parameters.len(),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            body: self.body.as_ptr(),
            body_len: self.body.len(),
            bucket: self.bucket.as_ptr().cast(),
            bucket_len: self.bucket.len(),
            key: self.key.as_ptr().cast(),
            key_len: self.key.len(),
            region: self.region.as_ptr().cast(),
            region_len: self.region.len(),
            nonce: self.nonce.as_ptr().cast(),
            nonce_len: self.nonce.len(),
            ..request(family, if self.method.is_empty() { "GET" } else { self.method })
        };
        sign(credential("id", "the-secret", Some("the-token")), &raw const described)
    }

    fn says(&self, family: i32, expected: &str) {
        let (status, message) = self.sign(family).expect_err(expected);
        assert_eq!(status, KMSRAMCRED_ERR_INVALID_ARGUMENT, "{message}");
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
        assert!(!message.contains("the-secret") && !message.contains("the-token"), "{message}");
    }
}

const CALL: &[(&str, &str)] = &[("Action", "DescribeRegions"), ("Version", "2014-05-26")];
const HEADERS: &[(&str, &str)] = &[("Host", "h"), ("x-acs-action", "DescribeRegions"), ("x-acs-version", "2014-05-26")];

#[test]
fn what_rpc_does_not_sign_is_not_taken() {
    let good = || Parts { parameters: CALL, ..Parts::default() };
    assert!(good().sign(RPC).unwrap().query.contains("SecurityToken=the-token"));
    Parts { method: "get", ..good() }.says(RPC, "The method is \"get\"; upper-case letters are needed, such as GET.");
    Parts { path: "/", ..good() }.says(RPC, "RPC version 1.0 signs no path; leave that out.");
    Parts { headers: HEADERS, ..good() }.says(RPC, "RPC version 1.0 signs no headers; leave that out.");
    Parts { body: "a=b", ..good() }.says(RPC, "RPC version 1.0 signs no body; leave that out.");
    Parts { bucket: "b", ..good() }.says(RPC, "RPC version 1.0 signs no bucket; leave that out.");
    Parts { parameters: &CALL[1..], ..good() }.says(RPC, "The parameter Action is missing; RPC version 1.0 needs it.");
    Parts { parameters: &CALL[..1], ..good() }.says(RPC, "The parameter Version is missing; RPC version 1.0 needs it.");
    let more = |name| [CALL, &[(name, "x")]].concat();
    Parts { parameters: &more("Timestamp"), ..good() }
        .says(RPC, "The parameter Timestamp is added by the signature; leave it out.");
    Parts { parameters: &more("Action"), ..good() }.says(RPC, "The parameter \"Action\" stands there twice.");
    Parts { parameters: &more(""), ..good() }.says(RPC, "A parameter has no name.");
    Parts { nonce: "a b", ..good() }.says(RPC, "The nonce is \"a b\"; printable ASCII characters are needed.");
}

#[test]
fn acs3_needs_a_host_and_no_header_that_could_split() {
    let good = || Parts { headers: HEADERS, ..Parts::default() };
    assert_eq!(good().sign(ACS3).unwrap().header("x-acs-security-token"), Some("the-token"));
    assert_eq!(Parts { path: "/a%20b", ..good() }.sign(ACS3).unwrap().target, "/a%20b");
    for path in ["a", "/a b", "/a?b=c", "/ü"] {
        Parts { path, ..good() }.says(ACS3, "an encoded path is needed that begins with / and has no query.");
    }
    for (index, (name, _)) in HEADERS.iter().enumerate() {
        let rest: Vec<_> =
            HEADERS.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, pair)| *pair).collect();
        let missing = format!("The header {} is missing; ACS3 needs it.", name.to_lowercase());
        Parts { headers: &rest, ..good() }.says(ACS3, &missing);
    }
    let more = |name, value| [HEADERS, &[(name, value)]].concat();
    Parts { headers: &more("X-Acs-Date", "x"), ..good() }
        .says(ACS3, "The header x-acs-date is added by the signature; leave it out.");
    Parts { headers: &more("HOST", "x"), ..good() }.says(ACS3, "The header host stands there twice.");
    Parts { headers: &more("a", "b\r\nc: d"), ..good() }
        .says(ACS3, "The value of the header a holds a control character.");
    Parts { headers: &more("a:", "b"), ..good() }.says(ACS3, "A header has the name \"a:\";");
    Parts { region: "cn-hangzhou", ..good() }.says(ACS3, "ACS3 signs no region; leave that out.");
}

#[test]
fn oss_needs_a_bucket_for_a_key_and_a_region_for_version_4() {
    let good = || Parts { bucket: "b", key: "a b/ü", region: "cn-hangzhou", ..Parts::default() };
    let signed = Parts { parameters: &[("acl", "")], ..good() }.sign(OSS_V4).unwrap();
    assert_eq!((signed.target.as_str(), signed.query.as_str()), ("/a%20b/%C3%BC?acl", "acl"));
    assert!(Parts { region: "", ..good() }.sign(OSS_V1).is_ok());
    assert_eq!(Parts { region: "cn-hangzhou", ..Parts::default() }.sign(OSS_V4).unwrap().target, "/");
    for region in ["", "oss-cn-hangzhou", "cn/hangzhou"] {
        let needed = format!("The region is {region:?}; one such as \"cn-hangzhou\" is needed, without \"oss-\".");
        Parts { region, ..good() }.says(OSS_V4, &needed);
    }
    Parts { bucket: "a/b", ..good() }
        .says(OSS_V4, "The bucket is \"a/b\"; lower-case letters, digits and - are allowed.");
    Parts { bucket: "", ..good() }.says(OSS_V4, "There is a key but no bucket.");
    Parts { nonce: "n", ..good() }.says(OSS_V4, "OSS signs no nonce; leave it away.");
    Parts { body: "x", ..good() }.says(OSS_V4, "OSS version 4 signs no body; leave that out.");
    good().says(OSS_V1, "OSS version 1 signs no region; leave that out.");
    Parts { region: "", headers: &[("Date", "x")], ..good() }
        .says(OSS_V1, "The header date is added by the signature; leave it out.");
}

#[test]
fn a_struct_of_another_version_is_read_as_far_as_it_is_known() {
    let parameters = owned(CALL);
    let parameters = pairs(&parameters);
    let known = size_of::<Request>();
    let sign_with = |size: usize, appended: u64| {
        let request = Request {
            struct_size: size,
            parameters: parameters.as_ptr(),
            parameter_count: parameters.len(),
            ..request(RPC, "GET")
        };
        let longer = (request, appended);
        sign(credential("id", "the-secret", None), (&raw const longer).cast())
    };
    assert!(sign_with(known, 7).is_ok());
    assert!(sign_with(known + 8, 0).is_ok());
    let newer = sign_with(known + 8, 7).unwrap_err();
    assert!(newer.1.contains("a field that this version of the library does not know"), "{newer:?}");
    let older = sign_with(known - 8, 0).unwrap_err();
    assert!(older.1.contains(&format!("struct_size is {}; at least {known} is needed", known - 8)), "{older:?}");
    assert!(sign_with(usize::MAX, 0).unwrap_err().1.contains("at most 4096 are allowed"));
}

#[test]
fn pointers_that_are_not_there_and_texts_that_are_none() {
    let status = |request: Request| sign(credential("id", "the-secret", None), &raw const request).unwrap_err().0;
    let null = |change: fn(&mut Request)| {
        let mut changed = request(RPC, "GET");
        change(&mut changed);
        status(changed)
    };
    assert_eq!(null(|request| request.parameter_count = 1), KMSRAMCRED_ERR_NULL_ARGUMENT);
    assert_eq!(null(|request| request.header_count = 1), KMSRAMCRED_ERR_NULL_ARGUMENT);
    assert_eq!(null(|request| request.body_len = 1), KMSRAMCRED_ERR_NULL_ARGUMENT);
    assert_eq!(null(|request| request.path_len = 1), KMSRAMCRED_ERR_NULL_ARGUMENT);
    assert_eq!(null(|request| request.method = b"\xff".as_ptr().cast()), KMSRAMCRED_ERR_INVALID_UTF8);
    assert_eq!(null(|request| request.family = 9), KMSRAMCRED_ERR_INVALID_ARGUMENT);
    assert_eq!(null(|request| request.unix_ms = -1), KMSRAMCRED_ERR_INVALID_ARGUMENT);
    let parameters = pairs(&[]);
    assert_eq!(
        status(Request { parameters: parameters.as_ptr(), parameter_count: usize::MAX, ..request(RPC, "GET") }),
        KMSRAMCRED_ERR_INVALID_ARGUMENT
    );
    assert_eq!(sign(credential("id", "s", None), std::ptr::null()).unwrap_err().0, KMSRAMCRED_ERR_NULL_ARGUMENT);
}

#[test]
fn time_and_nonce_are_new_for_each_signature() {
    let parts = Parts { parameters: CALL, ..Parts::default() };
    let (one, other) = (parts.sign(RPC).unwrap().query, parts.sign(RPC).unwrap().query);
    let value = |query: &str, name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap().to_owned()
    };
    assert_ne!(value(&one, "SignatureNonce"), value(&other, "SignatureNonce"));
    let dated = value(&one, "Timestamp").replace("%3A", ":");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let dated = kmsramcred::civil_time::parse_rfc3339(&dated).unwrap();
    assert!(i64::try_from(now).unwrap().abs_diff(dated) < 600_000);
}
