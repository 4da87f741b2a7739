//! Every recorded vector of the four families, through the C interface.

use crate::call::{Signed, credential, pairs, request, sign};
use kmsramcred::civil_time::{parse_http_date, parse_rfc3339};
use kmsramcred::sign::encode::canonical_query;
use kmsramcred_c::request::{
    KMSRAMCRED_FAMILY_ACS3, KMSRAMCRED_FAMILY_OSS_V1, KMSRAMCRED_FAMILY_OSS_V4, KMSRAMCRED_FAMILY_RPC_V1, Request,
};
use serde_json::Value;

/// Vectors that record what is not to be imitated, and why.
const NOT_IMITATED: [(&str, &str); 2] = [
    (
        "oss-ossv2-004-v1-sts",
        "the token is sent in `security-token`, which no signature covers; ours is in `x-oss-security-token`",
    ),
    ("oss-ossv2-005-v1-sts", "the same"),
];

fn vectors(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(!entries.is_empty(), "{file} holds no vector");
    entries
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_else(|| panic!("{member} is no text in {object}"))
}

/// The members of an object of texts, but for those named.
fn texts(object: &Value, without: &[&str]) -> Vec<(String, String)> {
    let members = object.as_object().into_iter().flatten();
    let kept = members.filter(|(name, _)| !without.iter().any(|left_out| left_out.eq_ignore_ascii_case(name)));
    kept.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// A member whose name is written in any case.
fn any_case<'a>(object: &'a Value, wanted: &str) -> Option<&'a str> {
    let mut members = object.as_object().into_iter().flatten();
    members.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).and_then(|(_, value)| value.as_str())
}

/// What of a vector goes into the request.
struct Recorded<'a> {
    family: i32,
    input: &'a Value,
    parameters: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    unix_ms: i64,
    nonce: &'a str,
}

impl Recorded<'_> {
    fn sign(&self) -> Signed {
        let part = |member: &str| self.input[member].as_str().unwrap_or_default();
        let (parameters, headers) = (pairs(&self.parameters), pairs(&self.headers));
        let (acs3, v4) = (self.family == KMSRAMCRED_FAMILY_ACS3, self.family == KMSRAMCRED_FAMILY_OSS_V4);
        let (path, body) = if acs3 { (part("path"), part("body")) } else { ("", "") };
        let region = if v4 { part("region") } else { "" };
        let described = Request {
            method: part("method").as_ptr().cast(),
            method_len: part("method").len(),
            path: path.as_ptr().cast(),
            path_len: path.len(),
            parameters: parameters.as_ptr(),
            parameter_count: parameters.len(),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            body: body.as_ptr(),
            body_len: body.len(),
            bucket: part("bucket").as_ptr().cast(),
            bucket_len: part("bucket").len(),
            key: part("key").as_ptr().cast(),
            key_len: part("key").len(),
            region: region.as_ptr().cast(),
            region_len: region.len(),
            unix_ms: self.unix_ms,
            nonce: self.nonce.as_ptr().cast(),
            nonce_len: self.nonce.len(),
            ..request(self.family, "")
        };
        let token = self.input["security_token"].as_str();
        let key = credential(part("access_key_id"), part("access_key_secret"), token);
        sign(key, &raw const described).unwrap_or_else(|(status, error)| panic!("{}: {status} {error}", self.input))
    }
}

#[test]
fn every_rpc_v1_vector_is_signed_alike() {
    const ADDED: [&str; 6] =
        ["AccessKeyId", "SecurityToken", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp"];
    for file in ["rpc-v1.json", "rpc-v1-dara.json", "rpc-v1-tea3.json", "rpc-v1-node.json"] {
        for vector in vectors(file) {
            let (name, input, query) = (text(&vector, "name"), &vector["input"], &vector["input"]["unsigned_query"]);
            let body = texts(&input["body_params"], &[]);
            let signed = Recorded {
                family: KMSRAMCRED_FAMILY_RPC_V1,
                input,
                parameters: [texts(query, &ADDED), body.clone()].concat(),
                headers: Vec::new(),
                unix_ms: parse_rfc3339(text(query, "Timestamp")).unwrap(),
                nonce: text(query, "SignatureNonce"),
            }
            .sign();
            let signature = ("Signature".to_owned(), text(&vector["expected"], "signature").to_owned());
            let all = [texts(query, &[]), body, vec![signature]].concat();
            let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(signed.query, canonical_query(&all), "{name}");
            assert_eq!((signed.target, signed.headers.len()), (format!("/?{}", signed.query), 0), "{name}");
        }
    }
}

#[test]
fn every_acs3_vector_is_signed_alike() {
    const ADDED: [&str; 5] =
        ["x-acs-accesskey-id", "x-acs-content-sha256", "x-acs-date", "x-acs-security-token", "x-acs-signature-nonce"];
    for file in ["acs3-dara.json", "acs3-tea3.json", "acs3-node.json"] {
        for vector in vectors(file) {
            let (name, input) = (text(&vector, "name"), &vector["input"]);
            let sent = &input["signed_header_values"];
            let signed = Recorded {
                family: KMSRAMCRED_FAMILY_ACS3,
                input,
                parameters: texts(&input["query"], &[]),
                headers: texts(sent, &ADDED),
                unix_ms: parse_rfc3339(text(sent, "x-acs-date")).unwrap(),
                nonce: text(sent, "x-acs-signature-nonce"),
            }
            .sign();
            assert_eq!(signed.header("authorization"), vector["expected"]["authorization"].as_str(), "{name}");
            for header in ADDED {
                assert_eq!(signed.header(header), any_case(sent, header), "{name}: {header}");
            }
            let mark = if signed.query.is_empty() { "" } else { "?" };
            assert_eq!(signed.target, format!("{}{mark}{}", text(input, "path"), signed.query), "{name}");
        }
    }
}

#[test]
fn every_oss_vector_is_signed_alike() {
    const ADDED: [&str; 5] = ["date", "security-token", "x-oss-content-sha256", "x-oss-date", "x-oss-security-token"];
    let mut passed_over = Vec::new();
    for vector in ["oss-sign-oss2.json", "oss-sign-ossv2.json"].into_iter().flat_map(vectors) {
        let (name, input) = (text(&vector, "name"), &vector["input"]);
        let (sent, target) = (&input["headers"], text(input, "request_target"));
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let parameters = query.split('&').filter_map(|pair| pair.split_once('='));
        let (v4, v1_date) = (text(input, "version") == "v4", any_case(sent, "date").and_then(parse_http_date));
        let v4_date = any_case(sent, "x-oss-date").map(|date| {
            let at = |range| &date[range];
            format!("{}-{}-{}:{}:{}", at(0..4), at(4..6), at(6..11), at(11..13), at(13..16))
        });
        let recorded = Recorded {
            family: if v4 { KMSRAMCRED_FAMILY_OSS_V4 } else { KMSRAMCRED_FAMILY_OSS_V1 },
            input,
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            headers: texts(sent, &ADDED),
            unix_ms: v4_date.and_then(|date| parse_rfc3339(&date)).or(v1_date).unwrap(),
            nonce: "",
        };
        let signed = recorded.sign();
        // One SDK writes a space there, the other does not.
        let expected = text(&vector["expected"], "authorization").replace(", Signature", ",Signature");
        // Nor do they spell a slash of the key alike; and an empty parameter has a `=` there, which no signature has.
        let mut in_query: Vec<_> = query.split('&').map(|pair| pair.trim_end_matches('=')).collect();
        in_query.sort_unstable();
        let path = target.split('?').next().unwrap().replace("%2F", "/");
        let mark = if query.is_empty() { "" } else { "?" };
        assert_eq!(signed.target, [&path, mark, &in_query.join("&")].concat(), "{name}");
        assert_eq!(signed.header("x-oss-security-token"), input["security_token"].as_str(), "{name}");
        if NOT_IMITATED.iter().any(|(other, _)| *other == name) {
            assert!(any_case(sent, "security-token").is_some() && signed.header("authorization") != Some(&expected));
            passed_over.push(name.to_owned());
            continue;
        }
        assert_eq!(signed.header("authorization"), Some(expected.as_str()), "{name}");
        for (header, value) in &signed.headers {
            assert!(header == "authorization" || any_case(sent, header) == Some(value), "{name}: {header}");
        }
    }
    assert_eq!(passed_over, NOT_IMITATED.map(|(name, _)| name));
}
