//! ACS3 signatures, compared with what three official SDKs sent.

mod vector_file;

use kmsramcred::SecretText;
use kmsramcred::sign::acs3::{Covered, authorization, content_sha256, is_covered};
use kmsramcred::sign::encode::canonical_query;
use serde_json::Value;
use vector_file::{borrowed, check_all, pairs_of, query_of, respelled, text_of};

fn check(name: &str, input: &Value, expected: &Value) {
    let (query, headers) = (pairs_of(input, "query"), pairs_of(input, "signed_header_values"));
    let (query, headers) = (borrowed(&query), borrowed(&headers));
    let body = text_of(input, "body").as_bytes();
    let covered = Covered {
        method: text_of(input, "method"),
        path: text_of(input, "path"),
        query: &query,
        headers: &headers,
        body,
    };
    let secret = SecretText::from(text_of(input, "access_key_secret"));
    let signed = authorization(&covered, text_of(input, "access_key_id"), &secret);

    assert_eq!(content_sha256(body), text_of(expected, "content_sha256"), "{name}");
    assert_eq!(signed.signed_headers, text_of(expected, "signed_headers"), "{name}");
    assert_eq!(signed.signature, text_of(expected, "signature"), "{name}");
    assert_eq!(signed.value, text_of(expected, "authorization"), "{name}");
    let steps = signed.string_to_sign.split_once('\n').expect("two lines");
    assert_eq!(steps, ("ACS3-HMAC-SHA256", content_sha256(signed.canonical_request.as_bytes()).as_str()), "{name}");

    let target = text_of(expected, "request_target");
    assert_eq!(respelled(query_of(target)), canonical_query(&query), "{name}: what was sent");
    assert_eq!(target.split('?').next(), Some(covered.path), "{name}");
    // What an SDK signs beyond the rule differs between SDKs; what the rule names, all of them sign.
    let sent = expected["wire_headers"].as_object().expect("wire_headers");
    for header in sent.keys().filter(|header| is_covered(header)) {
        assert!(headers.iter().any(|(have, _)| have.eq_ignore_ascii_case(header)), "{name}: {header}");
    }
}

#[test]
fn every_vector_of_the_darabonba_sdk_is_signed_alike() {
    check_all("acs3-dara.json", check);
}

#[test]
fn every_vector_of_the_tea_sdk_is_signed_alike() {
    check_all("acs3-tea3.json", check);
}

#[test]
fn every_vector_of_the_node_sdk_is_signed_alike() {
    check_all("acs3-node.json", check);
}
