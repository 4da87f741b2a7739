//! The sources that ask STS against recorded conversations of the official libraries.
//!
//! Deliberately not imitated:
//! - the method and the place of the parameters: the libraries ask with GET and write everything, the OIDC token included,
//!   into the address, which gets logged; ours go into the body of a POST. So the parameters are compared, and the recorded
//!   signature is checked against the recorded method;
//! - `RegionId` and the empty `SignatureType` of the core SDK, which STS does not need;
//! - `user-agent`, which names the official library.

mod vector_file;

use kmsramcred::clock::{Deadline, PausedClock};
use kmsramcred::config::{NamedFile, RoleSettings};
use kmsramcred::exchange::{Exchange, HttpRequest, HttpResponse, Question};
use kmsramcred::secret_text::SecretText;
use kmsramcred::sign::encode::canonical_query;
use kmsramcred::sign::{Call, Scheme, openapi_request, rpc_v1};
use kmsramcred::source::{AssumeRole, FixedSource, Identity, OidcRole, SigningKey, Source, StsPlace, StsSign};
use kmsramcred::{Error, ErrorKind};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vector_file::{borrowed, check_all, pairs_of, query_of, respelled, text_of};

struct Recorded {
    status: u16,
    reply: Vec<u8>,
    requests: Mutex<Vec<HttpRequest>>,
}

impl Exchange for Recorded {
    fn exchange(&self, request: &HttpRequest, _: Deadline) -> Result<HttpResponse, Error> {
        self.requests.lock().unwrap().push(request.clone());
        Ok(HttpResponse { status: self.status, headers: vec![], body: self.reply.clone() })
    }
}

fn clock_at(date: &str) -> Arc<PausedClock> {
    Arc::new(PausedClock::new(kmsramcred::civil_time::parse_rfc3339(date).unwrap()))
}

fn role(input: &Value) -> RoleSettings {
    RoleSettings {
        arn: text_of(input, "role_arn").to_owned(),
        session_name: text_of(input, "role_session_name").to_owned(),
        duration_seconds: input["duration_seconds"].as_u64().map_or(3600, |seconds| seconds.try_into().unwrap()),
        policy: input["policy"].as_str().map(str::to_owned),
    }
}

fn set_up(input: &Value, host: &str) -> (Arc<PausedClock>, Arc<Recorded>, StsPlace) {
    let clock = clock_at(input["timestamp"].as_str().unwrap_or("2025-06-15T16:18:41Z"));
    let status = input["response_status"].as_u64().map_or(200, |status| status.try_into().unwrap());
    let reply = input["response"].to_string().into_bytes();
    let recorded = Arc::new(Recorded { status, reply, requests: Mutex::default() });
    let place = StsPlace { authority: host.to_owned(), tls: true, exchange: recorded.clone(), clock: clock.clone() };
    (clock, recorded, place)
}

/// Signs as the client does, with a known nonce.
fn sign_with(nonce: String) -> Box<StsSign> {
    Box::new(move |question: &Question<'_>, identity: &Identity, unix_ms| {
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
        openapi_request(Scheme::RpcV1, &call, identity, unix_ms, &nonce)
    })
}

/// The recorded errors tell nothing of who asked for what.
fn check_refusal(name: &str, input: &Value, expected: &Value) {
    let (clock, recorded, place) = set_up(input, "sts.aliyuncs.com");
    let base = FixedSource::access_key("baseid".to_owned(), "basesecret".into(), None);
    let role = RoleSettings {
        arn: "acs:ram::1:role/r".to_owned(),
        session_name: "s".to_owned(),
        duration_seconds: 3600,
        policy: None,
    };
    let source = AssumeRole::new(place, Arc::new(base), role, None, sign_with("n".to_owned()), pause());
    let error = source.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied, "{name}: {error}");
    assert_eq!(error.http_status().map(u64::from), input["response_status"].as_u64(), "{name}");
    assert_eq!(error.code(), input["response"]["Code"].as_str(), "{name}");
    assert_eq!(error.request_id(), input["response"]["RequestId"].as_str(), "{name}");
    assert_eq!(expected["requests"].as_u64(), recorded.requests.lock().unwrap().len().try_into().ok(), "{name}");
}

/// The body of the one request that was sent, without the signature.
fn sent(recorded: &Recorded, name: &str) -> BTreeMap<String, String> {
    let requests = recorded.requests.lock().unwrap();
    let [request] = requests.as_slice() else { panic!("{name}: {} requests", requests.len()) };
    assert_eq!((request.method, request.target.as_str(), request.tls), ("POST", "/", true), "{name}");
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let body = std::str::from_utf8(&request.body).unwrap();
    let pairs = body.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(n, v)| (decode(n), decode(v))).filter(|(name, _)| name != "Signature").collect()
}

fn check_identity(identity: &Identity, expected: &Value, name: &str) {
    assert_eq!(identity.access_key_id, text_of(expected, "access_key_id"), "{name}");
    let SigningKey::AccessKeySecret(secret) = &identity.key else { panic!("{name}") };
    assert_eq!(secret.expose(), text_of(expected, "access_key_secret"), "{name}");
    assert_eq!(identity.security_token.as_ref().unwrap().expose(), text_of(expected, "security_token"), "{name}");
}

fn pause() -> Box<kmsramcred::source::Pause> {
    Box::new(|_, _| panic!("a pause means that a question was repeated"))
}

#[test]
fn vector_assume_role() {
    check_all("assume-role.json", |name, input, expected| {
        if expected.get("error").is_some() {
            return check_refusal(name, input, expected);
        }
        let (clock, recorded, place) = set_up(input, text_of(input, "host"));
        let secret = text_of(input, "access_key_secret");
        let token = input["security_token"].as_str().map(SecretText::from);
        let base = FixedSource::access_key(text_of(input, "access_key_id").to_owned(), secret.into(), token);
        let nonce = text_of(input, "signature_nonce").to_owned();
        let external_id = input["external_id"].as_str().map(str::to_owned);
        let source = AssumeRole::new(place, Arc::new(base), role(input), external_id, sign_with(nonce), pause());
        let identity = source.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap();
        if let Some(credentials) = expected.get("credentials") {
            check_identity(&identity, credentials, name);
        }
        let recorded_params = pairs_of(input, "unsigned_query");
        let signature = rpc_v1::signature(
            text_of(input, "method"),
            &borrowed(&recorded_params),
            &SecretText::from(text_of(input, "access_key_secret")),
        );
        assert_eq!(signature, text_of(expected, "signature"), "{name}");
        let mut wire = recorded_params.clone();
        wire.push(("Signature".to_owned(), signature));
        assert_eq!(respelled(query_of(text_of(&expected["request"], "target"))), canonical_query(&borrowed(&wire)));
        let mut ours_to_be: BTreeMap<_, _> = recorded_params.into_iter().collect();
        ours_to_be.retain(|name, _| name != "RegionId" && name != "SignatureType");
        assert_eq!(sent(&recorded, name), ours_to_be, "{name}");
    });
}

#[test]
fn vector_assume_role_with_oidc() {
    check_all("assume-role-oidc.json", |name, input, expected| {
        let host = text_of(&expected["request"]["headers"], "host");
        let (clock, recorded, place) = set_up(input, host);
        let file = std::env::temp_dir().join(format!("kmsramcred-{}-{name}", std::process::id()));
        std::fs::write(&file, format!("{}\n", text_of(input, "token_file_content"))).unwrap();
        let provider = text_of(input, "oidc_provider_arn").to_owned();
        let source = OidcRole::new(
            place,
            role(input),
            provider,
            NamedFile::new(file.clone(), &file),
            "test".to_owned(),
            pause(),
        );
        let identity = source.identity(Deadline::after(&*clock, Duration::from_secs(10)));
        std::fs::remove_file(&file).unwrap();
        check_identity(&identity.unwrap(), &expected["credentials"], name);
        let expected: BTreeMap<_, _> = pairs_of(expected, "query").into_iter().collect();
        assert_eq!(sent(&recorded, name), expected, "{name}");
    });
}
