//! Nothing that a hostile gateway writes into a success reaches an error or a version unexamined.

use kmsramcred::clock::{Clock, Deadline, Moment, PausedClock};
use kmsramcred::exchange::{Exchange, HttpRequest, HttpResponse, Question};
use kmsramcred::gateway::{FetchParts, Gateway, OpenApi, Patience, fetch};
use kmsramcred::secret_value::{self, SecretValue};
use kmsramcred::sign::{Call, Scheme, openapi_request};
use kmsramcred::source::{FixedSource, Identity};
use kmsramcred::{Error, SecretText};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const TOKEN: &str = "CAIStoken-0123456789abcdefTOKEN";
const WILD: &str = "x\r\n2026 CRITICAL pwned \u{1b}[31m\u{0}\u{202e}\u{2028}";

/// Answers each request with what the function makes of it.
struct Answering(Box<dyn Fn(&HttpRequest) -> Value + Send + Sync>);

impl Exchange for Answering {
    fn exchange(&self, request: &HttpRequest, _: Deadline) -> Result<HttpResponse, Error> {
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: (self.0)(request).to_string().into_bytes() })
    }
}

/// Waits for nothing.
struct Once;

impl Patience for Once {
    fn pause(&self, _: Moment, _: Moment) -> bool {
        false
    }
    fn earliest_waiter(&self) -> Option<Moment> {
        None
    }
    fn begins(&self, _: &str) {}
    fn request_sent(&self) {}
    fn stumbled(&self, _: &Error) {}
}

fn value_from(answer: impl Fn(&HttpRequest) -> Value + Send + Sync + 'static) -> Result<SecretValue, Error> {
    let clock = PausedClock::new(1_790_000_000_000);
    let source =
        FixedSource::access_key("LTAI5tCALLER0".into(), "caller-secret-1".into(), Some(SecretText::from(TOKEN)));
    let sign = |question: &Question<'_>, identity: &Identity, unix_ms: i64, nonce: &str| {
        let call = Call {
            authority: question.authority,
            tls: question.tls,
            action: question.action,
            version: question.version,
            params: question.params,
            region_id: None,
            user_agent: "test",
            body_limit: question.body_limit,
        };
        openapi_request(Scheme::Acs3, &call, identity, unix_ms, nonce)
    };
    let exchange = Arc::new(Answering(Box::new(answer)));
    let protocol = Box::new(OpenApi::new("kms.example".into(), true, Box::new(sign)));
    let gateways = [Gateway::new("kms.example".into(), Arc::new(source), protocol, exchange)];
    let parts =
        FetchParts { gateways: &gateways, clock: &clock, nonce: &|| "nonce".into(), jitter: &|longest| longest };
    let deadline = Deadline(clock.now() + Duration::from_secs(10));
    secret_value::parse(&fetch(&parts, "s", deadline, &Once)?)
}

/// An answer that is a success in form and holds no key.
fn without_a_key(member: &str, text: &str) -> Value {
    let mut answer = json!({ "SecretName": "s", "SecretData": "{}" });
    answer[member] = text.into();
    answer
}

#[test]
fn a_success_that_echoes_the_request_does_not_bring_it_into_an_error() {
    for member in ["SecretName", "SecretType", "RequestId", "VersionId", "SecretDataType"] {
        let error = value_from(move |_| without_a_key(member, TOKEN)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{member}: {error}");
        let signature = |request: &HttpRequest| {
            let header = request.headers.iter().find(|(name, _)| name == "authorization").unwrap();
            header.1.rsplit_once("Signature=").unwrap().1.to_owned()
        };
        let error = value_from(move |request| without_a_key(member, &signature(request))).unwrap_err();
        let hex = |word: &str| word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(!error.to_string().split(|c: char| !c.is_alphanumeric()).any(hex), "{member}: {error}");
    }
}

#[test]
fn an_error_about_a_value_is_one_short_line() {
    for member in ["SecretName", "SecretType", "RequestId", "VersionId", "SecretDataType"] {
        for text in [WILD.to_owned(), "A".repeat(500_000), "\u{1}".repeat(170_000)] {
            let error = value_from(move |_| without_a_key(member, &text)).unwrap_err();
            let shown = error.to_string();
            assert!(shown.len() < 2_000, "{member}: {} bytes", shown.len());
            assert!(!shown.contains(|c: char| c.is_control() || "\u{202e}\u{2028}".contains(c)), "{member}: {shown:?}");
            assert!(!shown.contains("pwned"), "{member}: {shown}");
        }
    }
}

#[test]
fn an_error_about_a_value_names_the_secret_that_was_asked_for() {
    let error = value_from(|_| without_a_key("RequestId", "r-1")).unwrap_err();
    assert!(error.message().contains("secret \"s\""), "{error}");
    assert_eq!(error.request_id(), Some("r-1"));
}

#[test]
fn version_and_user_are_kept_where_they_are_words_and_give_nothing_away() {
    let read = |version: &str, user: &str| {
        let data = json!({ "AccessKeyId": "LTAI5tEXAMPLE", "AccessKeySecret": "x" }).to_string();
        let config = json!({ "UserName": user }).to_string();
        let answer = json!({ "SecretName": "s", "SecretData": data, "VersionId": version, "ExtendedConfig": config });
        let value = value_from(move |_| answer.clone()).unwrap();
        (value.version_id, value.user_name)
    };
    assert_eq!(read("v-1.2_3", "alice"), ("v-1.2_3".to_owned(), Some("alice".to_owned())));
    for odd in [WILD, "v\u{0}", TOKEN, &"v".repeat(900_000)] {
        assert_eq!(read(odd, "alice").0, "", "{}", odd.len());
    }
    assert_eq!(read("1", TOKEN).1, None);
    assert!(read("1", &"u".repeat(1_000)).1.unwrap().len() <= 64);
}
