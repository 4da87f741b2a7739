//! ClientKeys: how their files are read, and what is signed with them on the shared and on the dedicated gateway.

mod vector_file;

use kmsramcred::civil_time::{parse_http_date, parse_rfc3339};
use kmsramcred::clock::{Clock, Deadline, PausedClock};
use kmsramcred::exchange::{Exchange, HttpRequest, HttpResponse};
use kmsramcred::gateway::dedicated_message::{GetSecretValueRequest, GetSecretValueResponse};
use kmsramcred::gateway::{Dedicated, FetchParts, Gateway, Patience, fetch};
use kmsramcred::sign::rpc_v1::string_to_sign;
use kmsramcred::sign::{Call, DedicatedCall, Scheme, client_key, dedicated_request, openapi_request};
use kmsramcred::source::{ClientKey, FixedSource, Source};
use kmsramcred::{Error, ErrorKind};
use prost::Message;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vector_file::{borrowed, check_all, pairs_of, text_of};

fn key(input: &Value) -> Result<Arc<ClientKey>, String> {
    let path = format!("{}/../../tests/vectors/{}", env!("CARGO_MANIFEST_DIR"), text_of(input, "client_key_file"));
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    ClientKey::read(&file, &text_of(input, "password").into()).map(Arc::new)
}

#[test]
fn every_file_is_read_and_no_wrong_password_opens_it() {
    check_all("clientkey-decode.json", |name, input, expected| {
        let read = key(input).unwrap();
        assert_eq!(read.id(), text_of(expected, "key_id"), "{name}");
        assert_eq!(
            read.pair().public().modulus_len() * 8,
            expected["private_key_bits"].as_u64().unwrap() as usize,
            "{name}"
        );
        let mut wrong = input.clone();
        wrong["password"] = "wrong".into();
        assert!(key(&wrong).unwrap_err().contains("a password that does not open it"), "{name}");
    });
}

#[test]
fn the_shared_gateway_is_asked_as_the_official_client_asks_it() {
    check_all("clientkey-shared.json", |name, input, expected| {
        let key = key(input).unwrap();
        let pairs = pairs_of(input, "unsigned_query");
        let message = string_to_sign(text_of(input, "method"), &borrowed(&pairs));
        assert_eq!(message.as_str(), text_of(expected, "string_to_sign"), "{name}");
        assert_eq!(client_key::signature(&key, message.as_bytes()), text_of(expected, "signature"), "{name}");

        // The whole request has the same signature, whichever scheme the settings name.
        let clock = PausedClock::new(0);
        let identity = FixedSource::client_key(key).identity(Deadline::after(&clock, Duration::ZERO)).unwrap();
        let params = pairs_of(input, "params");
        let region = pairs.iter().find(|(name, _)| name == "RegionId").map(|(_, value)| value.as_str());
        for scheme in [Scheme::Acs3, Scheme::RpcV1] {
            let call = Call {
                authority: text_of(input, "host"),
                tls: true,
                action: "GetSecretValue",
                version: "2016-01-20",
                params: &borrowed(&params),
                region_id: region,
                user_agent: "test",
                body_limit: 1,
            };
            let unix_ms = parse_rfc3339(text_of(input, "timestamp")).unwrap();
            let request = openapi_request(scheme, &call, &identity, unix_ms, text_of(input, "signature_nonce"));
            let body = vector_file::respelled(std::str::from_utf8(&request.body).unwrap());
            let all = [borrowed(&pairs), vec![("Signature", text_of(expected, "signature"))]].concat();
            assert_eq!(body, kmsramcred::sign::encode::canonical_query(&all), "{name}");
        }
    });
}

fn bytes(object: &Value, member: &str) -> Vec<u8> {
    let hex = text_of(object, member).as_bytes();
    hex.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_dedicated_gateway_is_asked_as_the_official_client_asks_it() {
    check_all("dkms.json", |name, input, expected| {
        let key = key(input).unwrap();
        let text = |member: &str| input["request"][member].as_str().unwrap_or_default().to_owned();
        let question = GetSecretValueRequest {
            secret_name: text("secret_name"),
            version_stage: text("version_stage"),
            version_id: text("version_id"),
            fetch_extended_config: input["request"]["fetch_extended_config"].as_bool().unwrap_or_default(),
        };
        let body = question.encode_to_vec();
        assert_eq!(body, bytes(expected, "request_body_hex"), "{name}");
        let call = DedicatedCall {
            authority: text_of(input, "host"),
            tls: true,
            api: "GetSecretValue",
            body,
            user_agent: "test",
            body_limit: 1,
        };
        let request = dedicated_request(call, &key, parse_http_date(text_of(input, "date")).unwrap());
        // The transport writes host and content-length; the user agent is our own.
        let own = ["host", "content-length", "user-agent", "accept-encoding", "connection"];
        for (header, value) in expected["headers"].as_object().unwrap() {
            let header = header.to_lowercase();
            if !own.contains(&header.as_str()) {
                let sent = request.headers.iter().find(|(name, _)| *name == header).map(|(_, value)| value.as_str());
                assert_eq!(sent, value.as_str(), "{name}: {header}");
            }
        }
        let authorization = request.headers.iter().find(|(name, _)| name == "authorization").unwrap();
        assert_eq!(authorization.1, text_of(expected, "authorization"), "{name}");
        let digest: String = Sha256::digest(&request.body).iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(digest, text_of(expected, "content_sha256"), "{name}");
    });
}

#[test]
fn answers_decode_as_in_the_official_client() {
    check_all("dkms.json", |name, input, expected| {
        let Some(decoded) = expected.get("decoded") else { return };
        let message = GetSecretValueResponse::decode(&*bytes(input, "response_body_hex")).unwrap();
        for (field, value) in [
            ("SecretName", &message.secret_name),
            ("SecretType", &message.secret_type),
            ("SecretData", &message.secret_data),
            ("SecretDataType", &message.secret_data_type),
            ("VersionId", &message.version_id),
            ("CreateTime", &message.create_time),
            ("RequestId", &message.request_id),
            ("LastRotationDate", &message.last_rotation_date),
            ("NextRotationDate", &message.next_rotation_date),
            ("ExtendedConfig", &message.extended_config),
            ("AutomaticRotation", &message.automatic_rotation),
            ("RotationInterval", &message.rotation_interval),
        ] {
            assert_eq!(value, text_of(decoded, field), "{name}: {field}");
        }
        let stages: Vec<_> =
            decoded["VersionStages"].as_array().unwrap().iter().map(|stage| stage.as_str().unwrap()).collect();
        assert_eq!(message.version_stages, stages, "{name}");
        assert!(!format!("{message:?}").contains("AccountPassword"), "{name}");
    });
}

/// Gives one answer, always, and keeps what was asked.
struct Always(HttpResponse, Mutex<usize>);

impl Exchange for Always {
    fn exchange(&self, _: &HttpRequest, _: Deadline) -> Result<HttpResponse, Error> {
        *self.1.lock().unwrap() += 1;
        Ok(self.0.clone())
    }
}

/// Ends a fetch at its first pause.
struct Once;

impl Patience for Once {
    fn pause(&self, _: kmsramcred::clock::Moment, _: kmsramcred::clock::Moment) -> bool {
        false
    }
    fn earliest_waiter(&self) -> Option<kmsramcred::clock::Moment> {
        None
    }
    fn begins(&self, _: &str) {}
    fn request_sent(&self) {}
    fn stumbled(&self, error: &Error) {
        STUMBLED.with(|last| *last.borrow_mut() = Some(error.clone()));
    }
}

thread_local! {
    static STUMBLED: std::cell::RefCell<Option<Error>> = const { std::cell::RefCell::new(None) };
}

fn refused(key: Arc<ClientKey>, status: u16, body: Vec<u8>) -> Error {
    let host = "kst-x.cryptoservice.kms.aliyuncs.com";
    let clock = PausedClock::new(1_741_000_000_000);
    let source = Arc::new(FixedSource::client_key(key.clone()));
    let protocol = Box::new(Dedicated::new(host.into(), true, key, "test".into()));
    let exchange = Arc::new(Always(HttpResponse { status, headers: vec![], body }, Mutex::default()));
    let gateways = [Gateway::new(host.into(), source, protocol, exchange)];
    let parts =
        FetchParts { gateways: &gateways, clock: &clock, nonce: &|| "n".to_owned(), jitter: &|longest| longest };
    let deadline = Deadline(clock.now() + Duration::from_secs(10));
    fetch(&parts, "s", deadline, &Once).unwrap_err();
    STUMBLED.with(|last| last.borrow_mut().take()).unwrap()
}

#[test]
fn refusals_decode_as_in_the_official_client() {
    check_all("dkms.json", |name, input, expected| {
        let Some(error) = expected.get("error") else { return };
        let status = u16::try_from(input["response_status"].as_u64().unwrap()).unwrap();
        let told = refused(key(input).unwrap(), status, bytes(input, "response_body_hex"));
        let code = name.split_once("error-").map(|(_, code)| code).unwrap();
        let code = if code == "throttle-retried" { "Rejected.Throttling" } else { code };
        assert_eq!((told.code(), told.http_status()), (Some(code), Some(status)), "{name}: {error}");
        assert!(error.to_string().contains(code), "{name}: {error}");
        assert!(told.request_id().is_some(), "{name}: {told}");
        let kind = match code {
            "Rejected.Throttling" => ErrorKind::KmsThrottled,
            "Forbidden.NoPermission" => ErrorKind::KmsDenied,
            "Forbidden.ResourceNotFound" => ErrorKind::KmsNotFound,
            "SignatureNotMatch" => ErrorKind::SourceDenied,
            "InternalFailure" | "ServiceUnavailableTemporary" => ErrorKind::KmsServer,
            _ => ErrorKind::KmsRejected,
        };
        assert_eq!(told.kind(), kind, "{name}: {told}");
    });
}

#[test]
fn a_refusal_that_is_no_message_keeps_its_status() {
    let mut input = serde_json::json!({ "password": "Throw-Away_pw.1" });
    input["client_key_file"] = "fixtures/clientkey-a/clientKey_KAAP.00000000-0000-4000-8000-00000000000a.json".into();
    for (status, body, kind) in [
        (413, vec![], ErrorKind::KmsRejected),
        (502, b"<html>Bad Gateway</html>".to_vec(), ErrorKind::KmsServer),
        (403, vec![0xff; 40], ErrorKind::KmsRejected),
        (200, vec![0xff; 40], ErrorKind::KmsServer),
        (200, vec![], ErrorKind::KmsServer),
    ] {
        let told = refused(key(&input).unwrap(), status, body);
        assert_eq!((told.kind(), told.http_status()), (kind, Some(status)), "{told}");
    }
}
