use super::*;
use crate::exchange::HttpRequest;
use crate::source::{Identity, SigningKey};
use proptest::prelude::*;

const SECRET: &str = "s3cr3tOf30Characters0123456789";
const TOKEN: &str = "CAISvery/long+security==token0123456789";
const SIGNATURE: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
const HOST: &str = "kms.cn-hangzhou.aliyuncs.com";

fn identity() -> Identity {
    Identity {
        access_key_id: "LTAI5tEXAMPLEWXYZ".into(),
        key: SigningKey::AccessKeySecret(SECRET.into()),
        security_token: Some(TOKEN.into()),
        expires_at: None,
    }
}

fn request() -> HttpRequest {
    HttpRequest {
        method: "POST",
        tls: true,
        authority: HOST.into(),
        target: "/".into(),
        headers: vec![
            ("authorization".into(), format!("ACS3-HMAC-SHA256 Credential=x,SignedHeaders=y,Signature={SIGNATURE}")),
            ("x-acs-security-token".into(), TOKEN.into()),
        ],
        body: Vec::new(),
        body_limit: 1,
    }
}

fn fault(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let response = HttpResponse { status, headers, body: body.to_vec() };
    Fault::in_answer(HOST, &response, &Confidential::of(&identity(), &request()))
}

#[test]
fn all_shapes_of_an_error_are_read() {
    for body in [
        r#"{"HttpStatus":403,"Code":"Forbidden.NoPermission","Message":"no","RequestId":"r-1"}"#,
        r#"{"code":"Forbidden.NoPermission","message":"no","requestId":"r-1"}"#,
        r#"{"Code":"Forbidden.NoPermission","code":403,"Message":"no","RequestId":"r-1","AccessDeniedDetail":{"a":[1]}}"#,
        "<KMS><HttpStatus>403</HttpStatus><Code>Forbidden.NoPermission</Code><Message>no</Message><RequestId>r-1</RequestId></KMS>",
        "<?xml version='1.0'?>\n<Error><Code>Forbidden.NoPermission</Code><Message>no</Message><RequestId>r-1</RequestId></Error>",
    ] {
        let fault = fault(403, &[], body.as_bytes());
        assert_eq!(fault.class, FaultClass::Denied, "{body}");
        assert_eq!(fault.error.message(), format!("{HOST} refused the request: no."));
        assert_eq!((fault.error.code(), fault.error.request_id()), (Some("Forbidden.NoPermission"), Some("r-1")));
        assert_eq!(fault.error.http_status(), Some(403));
    }
}

#[test]
fn what_a_code_says_of_the_identity_is_said_in_words_of_our_own() {
    let said = |code: &str| {
        let body = format!(r#"{{"Code":"{code}","Message":"Specified SecurityToken is no good."}}"#);
        fault(400, &[], body.as_bytes()).error.message().to_owned()
    };
    let refused = format!("{HOST} refused the request: Specified SecurityToken is no good.");
    let expired = said("InvalidSecurityToken.Expired");
    assert!(expired.starts_with(&refused) && expired.contains(" The security token of the source has expired:"));
    assert_eq!(said("Forbidden.NoPermission"), refused);
}

#[test]
fn of_an_error_only_what_is_shown_is_read() {
    // Deeper than a tree of values may be: whoever kept the other members would fail here.
    let deep = |length| format!("{}{}", "[".repeat(length), "]".repeat(length));
    let body = format!(r#"{{"SecretData":{},"Code":"Forbidden","Message":7,"code":"x"}}"#, deep(1_000));
    let fault = fault(403, &[], body.as_bytes());
    assert_eq!((fault.class, fault.error.code()), (FaultClass::Denied, Some("Forbidden")));
    assert!(Said::in_body(br#"{"SecretData":"v","SecretName":"s"}"#).is_none());
}

#[test]
fn a_page_keeps_the_status_and_names_the_gateway() {
    for (status, body, class, said) in [
        (502, "<html>Bad Gateway</html>", FaultClass::Transient, "an HTML page"),
        (403, "<!DOCTYPE html><p>blocked", FaultClass::Malformed, "an HTML page"),
        (500, "", FaultClass::Transient, "an empty body"),
        (404, "not here", FaultClass::Malformed, "something unreadable"),
        (302, "<html>", FaultClass::Malformed, "a redirect"),
        (429, "slow down", FaultClass::Throttle, "something unreadable"),
    ] {
        let fault = fault(status, &[("x-acs-request-id", "r-9")], body.as_bytes());
        assert_eq!(fault.class, class, "{status}");
        assert_eq!(fault.error.message(), format!("{HOST} sent {said} instead of an answer."));
        assert_eq!((fault.error.http_status(), fault.error.request_id()), (Some(status), Some("r-9")));
    }
}

#[test]
fn an_unknown_code_goes_by_the_status() {
    let class = |status| fault(status, &[], br#"{"Code":"Something.New"}"#).class;
    assert_eq!(class(404), FaultClass::NotFound);
    assert_eq!(class(403), FaultClass::Denied);
    assert_eq!(class(400), FaultClass::Request);
    assert_eq!(class(503), FaultClass::Transient);
    assert_eq!(class(429), FaultClass::Throttle);
}

#[test]
fn the_message_of_a_signature_fault_is_dropped() {
    let body = br#"{"Code":"SignatureDoesNotMatch","Message":"server string to sign is:POST&%2F&AccessKeyId%3Dx"}"#;
    let text = fault(400, &[], body).error.to_string();
    assert!(!text.contains("POST&"), "{text}");
    assert!(text.contains("SignatureDoesNotMatch") && text.contains(HOST), "{text}");
}

#[test]
fn what_cannot_be_seen_is_dropped_from_a_message_and_hides_nothing_in_it() {
    let odd = "a\u{202e}b\u{2028}c\u{200b}\u{feff}\u{ad}\u{2066}\u{e0041}\u{1b}]0;x\u{7}d ä";
    let body = serde_json::json!({"Code": "Forbidden", "Message": odd}).to_string();
    assert_eq!(fault(403, &[], body.as_bytes()).error.message(), format!("{HOST} refused the request: abc]0;xd ä."));
    let apart: String = TOKEN.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let body = serde_json::json!({"Code": "Forbidden", "Message": apart}).to_string();
    let error = fault(403, &[], body.as_bytes()).error;
    assert!(error.message().contains("withheld"), "{error}");
}

#[test]
fn messages_are_one_short_line() {
    let body = serde_json::json!({"Code": "Forbidden", "Message": format!("a\r\n\u{1b}[31m{}", "x".repeat(1_000))});
    let error = fault(403, &[], body.to_string().as_bytes()).error;
    assert!(error.message().len() < 400 && !error.message().contains(char::is_control), "{error}");
    let wild = serde_json::json!({"Code": "a b\n<c>", "RequestId": "x y", "Message": "m"});
    let error = fault(403, &[], wild.to_string().as_bytes()).error;
    assert_eq!((error.code(), error.request_id()), (None, None));
}

proptest! {
    #[test]
    fn error_bodies_never_leak_what_was_sent(
        which in 0usize..3, from in 0usize..12, length in 8usize..40, before in "[ -~]{0,20}", status in 200u16..600,
        place in 0usize..3, xml: bool,
    ) {
        let sent = [SECRET, TOKEN, SIGNATURE][which];
        let part = &sent[from..(from + length).min(sent.len())];
        let mut fields = ["Unknown.Code".to_owned(), "message".to_owned(), "r-1".to_owned()];
        fields[place] = format!("{before}{part}");
        let [code, message, id] = fields;
        let body = if xml {
            format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId></Error>")
        } else {
            serde_json::json!({"Code": code, "Message": message, "RequestId": id}).to_string()
        };
        let error = fault(status, &[], body.as_bytes()).error;
        let text = format!("{error} {error:?}");
        prop_assert!(!text.contains(part), "{}", text);
    }

    #[test]
    fn any_body_is_survived(status in 100u16..1000, body: Vec<u8>) {
        let text = fault(status, &[], &body).error.to_string();
        prop_assert!(text.contains(HOST));
    }

    #[test]
    fn any_json_is_survived(status in 100u16..1000, code in ".*", message in ".*", id in ".*", lower: bool) {
        let body = if lower {
            serde_json::json!({"code": code, "message": message, "requestId": id})
        } else {
            serde_json::json!({"Code": code, "Message": message, "RequestId": id})
        };
        let error = fault(status, &[], body.to_string().as_bytes()).error;
        prop_assert!(!error.to_string().contains(char::is_control));
    }
}
