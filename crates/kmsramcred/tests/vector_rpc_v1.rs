//! Version 1.0 signatures, compared with what four official SDKs sent.

mod vector_file;

use kmsramcred::SecretText;
use kmsramcred::civil_time::parse_rfc3339;
use kmsramcred::sign::encode::canonical_query;
use kmsramcred::sign::rpc_v1::{signature, string_to_sign};
use kmsramcred::sign::{Call, Scheme, openapi_request};
use kmsramcred::source::{Identity, SigningKey};
use serde_json::Value;
use std::cell::Cell;
use vector_file::{borrowed, check_all, pairs_of, query_of, respelled, text_of};

fn check(name: &str, input: &Value, expected: &Value) {
    let (query, body) = (pairs_of(input, "unsigned_query"), pairs_of(input, "body_params"));
    let params = [borrowed(&query), borrowed(&body)].concat();
    let method = text_of(input, "method");
    let signed = signature(method, &params, &SecretText::from(text_of(input, "access_key_secret")));
    if let Some(recorded) = expected.get("string_to_sign") {
        assert_eq!(string_to_sign(method, &params).as_str(), recorded, "{name}");
    }
    assert_eq!(signed, text_of(expected, "signature"), "{name}");

    let (target, form) = match expected.get("raw_request_target") {
        Some(_) => (text_of(expected, "raw_request_target"), text_of(expected, "raw_body")),
        None => (text_of(expected, "request_target"), text_of(expected, "body")),
    };
    let sent = [query_of(target), form].map(respelled);
    if form.is_empty() || query_of(target).is_empty() {
        let all = [params, vec![("Signature", signed.as_str())]].concat();
        assert_eq!(sent.concat(), canonical_query(&all), "{name}: what was sent");
    } else {
        let in_query = [borrowed(&query), vec![("Signature", signed.as_str())]].concat();
        assert_eq!(sent, [canonical_query(&in_query), canonical_query(&borrowed(&body))], "{name}: what was sent");
    }
}

#[test]
fn every_vector_of_the_python_core_sdk_is_signed_alike() {
    check_all("rpc-v1.json", check);
}

#[test]
fn every_vector_of_the_darabonba_sdk_is_signed_alike() {
    check_all("rpc-v1-dara.json", check);
}

#[test]
fn every_vector_of_the_tea_sdk_is_signed_alike() {
    check_all("rpc-v1-tea3.json", check);
}

#[test]
fn every_vector_of_the_node_sdk_is_signed_alike() {
    check_all("rpc-v1-node.json", check);
}

#[test]
fn a_vector_pins_the_string_to_sign() {
    let pinned = Cell::new(0);
    check_all("rpc-v1.json", |_, _, expected| {
        pinned.set(pinned.get() + u32::from(expected["string_to_sign"].is_string()))
    });
    assert!(pinned.get() > 0);
}

/// Parameters that every call has, which a whole request brings by itself.
const COMMON: [&str; 9] = [
    "AccessKeyId",
    "Action",
    "Format",
    "SecurityToken",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

#[test]
fn a_whole_request_is_the_form_vector_of_the_node_sdk() {
    let compared = Cell::new(0);
    check_all("rpc-v1-node.json", |name, input, expected| {
        let params = pairs_of(input, "unsigned_query");
        let params: Vec<_> = borrowed(&params).into_iter().filter(|(name, _)| !COMMON.contains(name)).collect();
        if text_of(input, "method") != "POST" {
            return;
        }
        let call = Call {
            authority: "kms.cn-hangzhou.aliyuncs.com",
            tls: true,
            action: text_of(&input["unsigned_query"], "Action"),
            version: text_of(&input["unsigned_query"], "Version"),
            params: &params,
            region_id: None,
            user_agent: "test",
            body_limit: 1 << 20,
        };
        let identity = Identity {
            access_key_id: text_of(input, "access_key_id").to_owned(),
            key: SigningKey::AccessKeySecret(SecretText::from(text_of(input, "access_key_secret"))),
            security_token: input["security_token"].as_str().map(SecretText::from),
            expires_at: None,
        };
        let unix_ms = parse_rfc3339(text_of(input, "timestamp")).expect("a date");
        let request = openapi_request(Scheme::RpcV1, &call, &identity, unix_ms, text_of(input, "signature_nonce"));
        let body = std::str::from_utf8(&request.body).expect("UTF-8");
        assert_eq!(request.target, text_of(expected, "raw_request_target"), "{name}");
        assert_eq!(body, respelled(text_of(expected, "raw_body")), "{name}");
        compared.set(compared.get() + 1);
    });
    assert!(compared.get() > 0);
}
