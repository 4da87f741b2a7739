//! The verifier against requests recorded from the official clients.

use super::{SignedRequest, read};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use std::path::Path;

fn vectors(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let found: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!found.is_empty(), "{file} is empty");
    found
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} in {value}"))
}

fn headers(value: &Value) -> HeaderMap {
    let fields = value.as_object().into_iter().flatten();
    let pair = |(name, value): (&String, &Value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_bytes(value.as_str().unwrap().as_bytes()).unwrap())
    };
    fields.map(pair).collect()
}

fn request(method: &str, target: &str, headers: HeaderMap, body: &str) -> SignedRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    SignedRequest::new(method, path, query, headers, Bytes::from(body.to_owned()))
}

/// Checks one recorded request: the right secret holds, a wrong one or a changed request does not.
fn check(name: &str, secret: &str, make: impl Fn(&str) -> SignedRequest) -> super::Claim {
    let claim = read(&make("")).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
    assert!(claim.holds(secret), "{name}: {}", claim.string_to_sign());
    assert!(!claim.holds(&format!("{secret}x")), "{name}: a wrong secret holds");
    if let Ok(changed) = read(&make("&Added=1")) {
        assert!(!changed.holds(secret), "{name}: an added parameter goes unnoticed");
    }
    claim
}

fn form_header() -> HeaderMap {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    HeaderMap::from_iter([(http::header::CONTENT_TYPE, form)])
}

#[test]
fn rpc_vectors_hold_as_recorded_on_the_wire() {
    for file in ["rpc-v1.json", "rpc-v1-dara.json", "rpc-v1-tea3.json", "rpc-v1-node.json"] {
        for vector in vectors(file) {
            let name = text(&vector, "/name");
            let expected = &vector["expected"];
            let target = expected["request_target"].as_str().or(expected["raw_request_target"].as_str()).unwrap();
            let body = expected["body"].as_str().or(expected["raw_body"].as_str()).unwrap_or("");
            let sent = if expected["headers"].is_object() { headers(&expected["headers"]) } else { form_header() };
            let method = text(&vector, "/input/method");
            let make = |added: &str| {
                let join =
                    if target.contains('?') || added.is_empty() { added.to_owned() } else { added.replace('&', "?") };
                request(method, &format!("{target}{join}"), sent.clone(), body)
            };
            let claim = check(name, text(&vector, "/input/access_key_secret"), make);
            assert_eq!(claim.access_key_id, text(&vector, "/input/access_key_id"), "{name}");
            assert_eq!(claim.security_token.as_deref(), vector["input"]["security_token"].as_str(), "{name}");
            if let Some(string_to_sign) = expected["string_to_sign"].as_str() {
                assert_eq!(claim.string_to_sign(), string_to_sign, "{name}");
            }
        }
    }
}

#[test]
fn assume_role_vectors_hold_as_recorded_on_the_wire() {
    let recorded = vectors("assume-role.json");
    let signed: Vec<_> = recorded.iter().filter(|vector| vector["expected"]["signature"].is_string()).collect();
    assert!(signed.len() >= 12, "only {} signed requests", signed.len());
    for vector in signed {
        let name = text(vector, "/name");
        let target = text(vector, "/expected/request/target");
        let method = text(vector, "/expected/request/method");
        let make = |added: &str| request(method, &format!("{target}{added}"), HeaderMap::new(), "");
        let claim = check(name, text(vector, "/input/access_key_secret"), make);
        assert_eq!((claim.action.as_str(), claim.version.as_str()), ("AssumeRole", "2015-04-01"), "{name}");
        assert_eq!(claim.security_token.as_deref(), vector["input"]["security_token"].as_str(), "{name}");
    }
}

#[test]
fn acs3_vectors_hold_as_recorded_on_the_wire() {
    for file in ["acs3-dara.json", "acs3-tea3.json", "acs3-node.json"] {
        for vector in vectors(file) {
            let name = text(&vector, "/name");
            let (target, method) = (text(&vector, "/expected/request_target"), text(&vector, "/input/method"));
            let sent = headers(&vector["expected"]["wire_headers"]);
            let make = |added: &str| {
                let join = if target.contains('?') { added.to_owned() } else { added.replace('&', "?") };
                request(method, &format!("{target}{join}"), sent.clone(), text(&vector, "/input/body"))
            };
            let claim = check(name, text(&vector, "/input/access_key_secret"), make);
            assert_eq!(claim.access_key_id, text(&vector, "/input/access_key_id"), "{name}");
            assert_eq!(claim.security_token.as_deref(), vector["input"]["security_token"].as_str(), "{name}");
        }
    }
}

#[test]
fn acs3_vectors_fail_once_a_signed_header_or_the_body_changes() {
    for vector in vectors("acs3-dara.json") {
        let name = text(&vector, "/name");
        let (target, method) = (text(&vector, "/expected/request_target"), text(&vector, "/input/method"));
        let (body, secret) = (text(&vector, "/input/body"), text(&vector, "/input/access_key_secret"));
        let mut sent = headers(&vector["expected"]["wire_headers"]);
        let refusal = read(&request(method, target, sent.clone(), &format!("{body}x"))).unwrap_err();
        assert_eq!(refusal.code, "SignatureDoesNotMatch", "{name}");
        sent.insert("x-acs-date", HeaderValue::from_static("2024-07-09T06:40:12Z"));
        assert!(!read(&request(method, target, sent.clone(), body)).unwrap().holds(secret), "{name}");
        sent.insert("x-acs-more", HeaderValue::from_static("unsigned"));
        assert_eq!(read(&request(method, target, sent, body)).unwrap_err().code, "IncompleteSignature", "{name}");
    }
}

/// Query string with every pair escaped down to the last byte: correct, if unusual.
fn escaped_query(pairs: &Value, signature: Option<&str>) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let mut parts: Vec<_> = pairs
        .as_object()
        .unwrap()
        .iter()
        .map(|(n, v)| format!("{}={}", escape(n), escape(v.as_str().unwrap())))
        .collect();
    parts.extend(signature.map(|value| format!("Signature={}", escape(value))));
    parts.join("&")
}

#[test]
fn documented_example_vectors_hold() {
    for vector in vectors("documented-examples.json") {
        let (name, method) = (text(&vector, "/name"), text(&vector, "/input/method"));
        let secret = text(&vector, "/input/access_key_secret");
        let signature = text(&vector, "/expected/signature");
        let make = |added: &str| {
            if name.contains("acs3") {
                let target = format!("/?{}{added}", escaped_query(&vector["input"]["query"], None));
                let mut sent = headers(&vector["input"]["signed_header_values"]);
                let (id, names) = (text(&vector, "/input/access_key_id"), text(&vector, "/expected/signed_headers"));
                let value = format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},Signature={signature}");
                sent.insert("authorization", value.parse().unwrap());
                return request(method, &target, sent, "");
            }
            let query = escaped_query(&vector["input"]["unsigned_query"], Some(signature));
            request(method, &format!("/?{query}{added}"), HeaderMap::new(), "")
        };
        check(name, secret, make);
    }
}

#[test]
fn oss_vectors_hold_as_recorded_on_the_wire() {
    for file in ["oss-sign-oss2.json", "oss-sign-ossv2.json"] {
        for vector in vectors(file) {
            let name = text(&vector, "/name");
            let (target, method) = (text(&vector, "/input/request_target"), text(&vector, "/input/method"));
            let mut sent = headers(&vector["input"]["headers"]);
            let authorization = HeaderValue::from_str(text(&vector, "/expected/authorization")).unwrap();
            sent.insert(http::header::AUTHORIZATION, authorization);
            let claim = read(&request(method, target, sent.clone(), ""))
                .unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            let secret = text(&vector, "/input/access_key_secret");
            assert!(claim.holds(secret) && !claim.holds("other"), "{name}: {}", claim.string_to_sign());
            assert_eq!(claim.access_key_id, text(&vector, "/input/access_key_id"), "{name}");
            assert_eq!(claim.security_token.as_deref(), vector["input"]["security_token"].as_str(), "{name}");
            let resource = super::resource(&request(method, target, sent.clone(), "")).unwrap();
            assert_eq!(
                (resource.0.as_str(), resource.1.as_str()),
                (text(&vector, "/input/bucket"), text(&vector, "/input/key"))
            );
            sent.insert("x-oss-meta-added", HeaderValue::from_static("1"));
            let changed = read(&request(method, target, sent.clone(), "")).unwrap();
            assert!(!changed.holds(secret), "{name}: an added header goes unnoticed");
            sent.remove("x-oss-meta-added");
            if sent.remove("x-oss-content-sha256").is_some() {
                assert_eq!(
                    read(&request(method, target, sent.clone(), "")).unwrap_err().code,
                    "AccessDenied",
                    "{name}"
                );
                sent.insert("x-oss-content-sha256", HeaderValue::from_static("00"));
                assert_eq!(
                    read(&request(method, target, sent.clone(), "")).unwrap_err().code,
                    "AccessDenied",
                    "{name}"
                );
                sent.insert("x-oss-content-sha256", HeaderValue::from_static("UNSIGNED-PAYLOAD"));
            }
            let join = if target.contains('?') { "&tagging" } else { "?tagging" };
            let changed = read(&request(method, &format!("{target}{join}"), sent, "")).unwrap();
            assert!(!changed.holds(secret), "{name}: an added subresource goes unnoticed");
        }
    }
}

/// The older OSS SDK for Go dates its signatures of version 4 by the header `Date` alone.
#[test]
fn an_oss_signature_of_version_4_may_be_dated_by_date() {
    let signed = |date: &'static str, day: &str| {
        let authorization = format!(
            "OSS4-HMAC-SHA256 Credential=LTAItest/{day}/cn-hangzhou/oss/aliyun_v4_request,\
             Signature=a9e3ba8f9751fb02f691337386f7017c704f0491a523f300303e7226597acb82"
        );
        let sent = HeaderMap::from_iter([
            (http::header::HOST, HeaderValue::from_static("127.0.0.1:8080")),
            (http::header::DATE, HeaderValue::from_static(date)),
            (http::header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (http::header::AUTHORIZATION, HeaderValue::from_str(&authorization).unwrap()),
            (HeaderName::from_static("x-oss-content-sha256"), HeaderValue::from_static("UNSIGNED-PAYLOAD")),
            (HeaderName::from_static("x-oss-meta-a"), HeaderValue::from_static("1")),
        ]);
        read(&request("PUT", "/bucket/a%2F%C3%A4%20k", sent, ""))
    };
    let date = "Thu, 26 Nov 2026 13:00:00 GMT";
    let claim = signed(date, "20261126").unwrap();
    assert!(claim.holds("secret") && !claim.holds("other"), "{}", claim.string_to_sign());
    assert!(!signed("Thu, 26 Nov 2026 13:00:01 GMT", "20261126").unwrap().holds("secret"));
    for (date, day) in [(date, "20261127"), ("yesterday", "20261126"), ("", "20261126")] {
        assert_eq!(signed(date, day).unwrap_err().code, "AccessDenied", "{date} {day}");
    }
}
