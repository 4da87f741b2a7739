//! The KMS instance, with the requests that the official client recorded.

mod client;

use client::{Pair, Reply, send_to_instance, signed_target, tls};
use kms_emulator::{Emulator, ManualClock, Options};
use prost::Message;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The answer's fields that the tests look at; a decoder leaves the others alone.
#[derive(Clone, PartialEq, Message)]
struct Secret {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "3")]
    data: String,
    #[prost(string, repeated, tag = "5")]
    stages: Vec<String>,
    #[prost(string, tag = "11")]
    extended_config: String,
}

#[derive(Clone, PartialEq, Message)]
struct Refusal {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(string, tag = "2")]
    code: String,
    #[prost(string, tag = "4")]
    request_id: String,
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

fn recorded() -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(vectors().join("dkms.json")).unwrap()).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

struct Drill {
    emulator: Emulator,
    clock: Arc<ManualClock>,
    vector: Value,
}

impl Drill {
    /// An emulator at the time of the recording that knows the key and the secret.
    fn new(vector: Value, expire_seconds: Option<u32>) -> Self {
        let date = vector["input"]["date"].as_str().unwrap();
        let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
        let clock = Arc::new(ManualClock::new(date));
        let emulator = Emulator::start(Options { clock: clock.clone(), ..Options::default() });
        emulator.control("POST", "/secrets", json!({"name": vector["input"]["request"]["secret_name"]}));
        let file = vectors().join(vector["input"]["client_key_file"].as_str().unwrap());
        let certificate = std::fs::read_to_string(file.with_file_name("cert.pem")).unwrap();
        let order = json!({"key_id": vector["input"]["key_id"], "certificate": certificate,
            "expire_seconds": expire_seconds});
        assert_eq!(emulator.control("POST", "/client-keys", order), json!({"key_id": vector["input"]["key_id"]}));
        Self { emulator, clock, vector }
    }

    fn plain() -> Self {
        Self::new(recorded().swap_remove(0), None)
    }

    fn raw(&self) -> Vec<u8> {
        let raw = bytes(&self.vector["expected"]["request_raw_hex"]);
        let end = raw.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
        [&raw[..end], b"Connection: close\r\n", &raw[end..]].concat()
    }

    fn send(&self) -> Reply {
        send_to_instance(self.emulator.ready(), &self.raw()).unwrap()
    }

    /// What becomes of the recorded request with a text in it replaced.
    fn changed(&self, from: &str, to: &str) -> (u16, String) {
        let raw = self.raw();
        let at =
            raw.windows(from.len()).position(|part| part == from.as_bytes()).unwrap_or_else(|| panic!("no {from}"));
        let changed = [&raw[..at], to.as_bytes(), &raw[at + from.len()..]].concat();
        refusal(&send_to_instance(self.emulator.ready(), &changed).unwrap())
    }
}

/// Status and code, which have to be said twice in the same way.
fn refusal(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.header("content-type"), Some("application/x-protobuf"));
    let refusal = Refusal::decode(&*reply.body).unwrap();
    assert_eq!(i32::from(reply.status), refusal.status);
    assert!(!refusal.request_id.is_empty());
    (reply.status, refusal.code)
}

#[test]
fn recorded_requests_are_accepted_and_answered_in_protocol_buffers() {
    for vector in recorded() {
        let name = vector["name"].clone();
        let question = vector["input"]["request"].clone();
        let drill = Drill::new(vector, None);
        let reply = drill.send();
        let wish = |field: &str| question[field].as_str().filter(|text| !text.is_empty());
        let stage = wish("version_stage").unwrap_or("ACSCurrent");
        if stage != "ACSCurrent" {
            assert_eq!(refusal(&reply), (404, "Forbidden.ResourceNotFound".to_owned()), "{name}");
            continue;
        }
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let secret = Secret::decode(&*reply.body).unwrap();
        assert_eq!(Some(secret.name.as_str()), question["secret_name"].as_str(), "{name}");
        assert_eq!(secret.stages, ["ACSCurrent"], "{name}");
        assert!(Pair::from_json(&serde_json::from_str(&secret.data).unwrap()).secret.len() >= 16, "{name}");
        let extended = question["fetch_extended_config"] == json!(true);
        assert_eq!(!secret.extended_config.is_empty(), extended, "{name}");
        let counters = drill.emulator.control("GET", "/counters", Value::Null);
        assert_eq!((&counters["dedicated"]["ok"], &counters["kms"]["requests"]), (&json!(1), &json!(0)), "{name}");
        let of_secret = &counters["dedicated"]["by_secret"][&secret.name];
        assert_eq!(of_secret["ok"], 1, "{name}: {counters}");
        assert_eq!(counters["dedicated"]["by_caller"][drill.vector["input"]["key_id"].as_str().unwrap()], 1, "{name}");
    }
}

#[test]
fn each_part_of_a_request_is_checked() {
    let drill = Drill::plain();
    for (from, to, status, code) in [
        ("Thu, 20 Feb 2025 22:40:34 GMT", "yesterday", 400, "InvalidParam"),
        ("Thu, 20 Feb 2025 22:40:34 GMT", "Thu, 20 Feb 2025 22:40:35 GMT", 401, "SignatureNotMatch"),
        ("Thu, 20 Feb 2025 22:40:34 GMT", "Thu, 20 Feb 2025 22:20:34 GMT", 400, "RequestTimeTooSkewed"),
        ("RSA_PKCS1_SHA_256", "HMAC-SHA1", 400, "InvalidParam"),
        ("Bearer ", "TOKEN ", 400, "InvalidParam"),
        ("dkms-gcs-0.2", "dkms-gcs-0.3", 400, "InvalidApiVersion"),
        ("GetSecretValue", "Encrypt", 400, "InvalidApiName"),
        ("content-type: application/x-protobuf", "content-type: application/json", 415, "InvalidContentType"),
        ("KAAP.00000000", "KAAP.10000000", 404, "Unauthorized"),
        ("prod/db", "prod/dc", 400, "InvalidParam"),
        ("POST / HTTP", "POST /?SecretName=other HTTP", 400, "InvalidParam"),
        ("POST / HTTP", "POST /other HTTP", 400, "InvalidParam"),
        ("\r\nx-kms-apiname", "\r\nx-kms-added: 1\r\nx-kms-apiname", 401, "SignatureNotMatch"),
    ] {
        assert_eq!(drill.changed(from, to), (status, code.to_owned()), "{from} -> {to}");
    }
    assert_eq!(drill.send().status, 200);
}

#[test]
fn a_client_key_ends_by_time_or_by_order_and_no_access_key_stands_in_for_it() {
    let drill = Drill::new(recorded().swap_remove(0), Some(60));
    drill.clock.advance(Duration::from_secs(60));
    assert_eq!(refusal(&drill.send()), (404, "Unauthorized".to_owned()));
    let drill = Drill::plain();
    let id = drill.vector["input"]["key_id"].as_str().unwrap();
    let unauthorized = (404, "Unauthorized".to_owned());
    assert_eq!(drill.changed(id, &drill.emulator.ready().access_key_id), unauthorized);
    drill.emulator.control("POST", &format!("/keys/{id}/disable"), Value::Null);
    assert_eq!(refusal(&drill.send()), unauthorized);
}

#[test]
fn a_body_above_three_megabytes_is_refused_without_a_word() {
    let drill = Drill::plain();
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", (3 << 20) + 1);
    let reply = send_to_instance(drill.emulator.ready(), &[head.as_bytes(), &vec![0; (3 << 20) + 1]].concat()).unwrap();
    assert_eq!((reply.status, reply.body.len()), (413, 0));
}

#[test]
fn it_speaks_tls_1_2_only_under_authorities_of_its_own() {
    let emulator = Emulator::start(Options::default());
    let ready = emulator.ready();
    let shake = |authorities, version: &'static _| tls(authorities, &[version], &ready.dedicated_host, "localhost");
    let instance = "kst-example.cryptoservice.kms.aliyuncs.com";
    assert!(tls(&ready.dedicated_ca_path, &[&rustls::version::TLS12], &ready.dedicated_host, instance).is_ok());
    assert!(shake(&ready.dedicated_ca_path, &rustls::version::TLS12).is_ok());
    assert!(shake(&ready.dedicated_ca_path, &rustls::version::TLS13).is_err());
    assert!(shake(&ready.ca_path, &rustls::version::TLS12).is_err());
}

#[test]
fn it_answers_openapi_to_access_keys_too() {
    let emulator = Emulator::start(Options::default());
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let target = signed_target(&Pair::caller(emulator.ready()), "GetSecretValue", &[("SecretName", "n")]);
    let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let reply = send_to_instance(emulator.ready(), request.as_bytes()).unwrap();
    assert_eq!((reply.code(), &reply.json()["SecretName"]), ("OK".to_owned(), &json!("n")));
}

#[test]
fn faults_outages_and_lag_hit_one_gateway_alone() {
    let drill = Drill::plain();
    let order = |path: &str, body: Value| drill.emulator.control("POST", path, body);
    let caller = Pair::caller(drill.emulator.ready());
    let shared = || {
        let time = jiff::fmt::rfc2822::parse(drill.vector["input"]["date"].as_str().unwrap()).unwrap().timestamp();
        let target = client::signed_target_at(time, &caller, "GetSecretValue", &[("SecretName", "prod/db")]);
        client::get(&drill.emulator.ready().kms_plain_host, &target)
    };
    for (fault, expected) in [
        (json!({"at": "dedicated", "kind": "throttle", "secret": "prod/db", "times": 1}), (429, "Rejected.Throttling")),
        (
            json!({"at": "dedicated", "kind": "status", "status": 500, "code": "InternalFailure", "times": 1}),
            (500, "InternalFailure"),
        ),
        (
            json!({"at": "dedicated", "kind": "clock", "clock_offset_seconds": 3600, "times": 1}),
            (400, "RequestTimeTooSkewed"),
        ),
    ] {
        order("/faults", fault);
        assert_eq!(shared().unwrap().status, 200);
        assert_eq!(refusal(&drill.send()), (expected.0, expected.1.to_owned()));
        assert_eq!(drill.send().status, 200);
    }

    let old = Secret::decode(&*drill.send().body).unwrap().data;
    order("/secrets/prod%2Fdb/rotate", json!({}));
    let state = order("/secrets/prod%2Fdb/serve", json!({"version": "previous", "at": "dedicated"}));
    assert_ne!(state["served"], state["served_by_dedicated"]);
    assert_eq!(Secret::decode(&*drill.send().body).unwrap().data, old);
    assert_ne!(shared().unwrap().json()["SecretData"], old.as_str());
    order("/secrets/prod%2Fdb/serve", json!({"version": "current"}));
    assert_ne!(Secret::decode(&*drill.send().body).unwrap().data, old);

    order("/dedicated", json!({"down": true}));
    assert_eq!(shared().unwrap().status, 200);
    assert!(send_to_instance(drill.emulator.ready(), &drill.raw()).is_err());
    order("/dedicated", json!({"down": false}));
    assert_eq!(drill.send().status, 200);
}
