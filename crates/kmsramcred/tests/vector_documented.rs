//! Both signature schemes, compared with the worked examples of the public documentation.

mod vector_file;

use kmsramcred::SecretText;
use kmsramcred::civil_time::parse_rfc3339;
use kmsramcred::sign::acs3::{Covered, authorization, content_sha256};
use kmsramcred::sign::rpc_v1::signature;
use kmsramcred::sign::{Call, Scheme, openapi_request};
use kmsramcred::source::{Identity, SigningKey};
use serde_json::Value;
use std::cell::Cell;
use vector_file::{borrowed, check_all, pairs_of, query_of, respelled, text_of};

fn check(name: &str, input: &Value, expected: &Value) {
    let method = text_of(input, "method");
    let secret = SecretText::from(text_of(input, "access_key_secret"));
    if input.get("unsigned_query").is_some() {
        let (query, body) = (pairs_of(input, "unsigned_query"), pairs_of(input, "body_params"));
        let params = [borrowed(&query), borrowed(&body)].concat();
        assert_eq!(signature(method, &params, &secret), text_of(expected, "signature"), "{name}");
        return;
    }
    let (query, headers) = (pairs_of(input, "query"), pairs_of(input, "signed_header_values"));
    let (query, headers) = (borrowed(&query), borrowed(&headers));
    let body = text_of(input, "body").as_bytes();
    let covered = Covered { method, path: text_of(input, "path"), query: &query, headers: &headers, body };
    let signed = authorization(&covered, text_of(input, "access_key_id"), &secret);
    assert_eq!(content_sha256(body), text_of(expected, "content_sha256"), "{name}");
    assert_eq!(signed.signed_headers, text_of(expected, "signed_headers"), "{name}");
    assert_eq!(signed.signature, text_of(expected, "signature"), "{name}");
}

#[test]
fn every_documented_vector_is_signed_alike() {
    check_all("documented-examples.json", check);
}

#[test]
fn a_whole_request_is_the_documented_vector() {
    let compared = Cell::new(0);
    check_all("documented-examples.json", |name, input, expected| {
        if input.get("signed_header_values").is_none() {
            return;
        }
        let query = pairs_of(input, "query");
        let header = |name: &str| text_of(&input["signed_header_values"], name);
        let call = Call {
            authority: header("host"),
            tls: true,
            action: header("x-acs-action"),
            version: header("x-acs-version"),
            params: &borrowed(&query),
            region_id: None,
            user_agent: "test",
            body_limit: 1 << 20,
        };
        let identity = Identity {
            access_key_id: text_of(input, "access_key_id").to_owned(),
            key: SigningKey::AccessKeySecret(SecretText::from(text_of(input, "access_key_secret"))),
            security_token: None,
            expires_at: None,
        };
        let unix_ms = parse_rfc3339(header("x-acs-date")).expect("a date");
        let request = openapi_request(Scheme::Acs3, &call, &identity, unix_ms, header("x-acs-signature-nonce"));
        let value = &request.headers.iter().find(|(name, _)| name == "authorization").expect("signed").1;
        let tail = format!(
            "SignedHeaders={},Signature={}",
            text_of(expected, "signed_headers"),
            text_of(expected, "signature")
        );
        assert!(value.ends_with(&tail), "{name}: {value}");
        compared.set(compared.get() + 1);
    });
    assert!(compared.get() > 0);
}

#[test]
fn a_vector_target_is_compared_by_meaning() {
    assert_eq!(respelled(query_of("/?b=a+b~*%2B&A=")), "A=&b=a%20b~%2A%2B");
    assert_eq!(respelled(query_of("/")), "");
}
