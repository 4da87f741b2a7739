//! ClientKeys at the shared gateway, with the requests that the official client recorded.

mod client;

use client::{get, send};
use kms_emulator::{Emulator, ManualClock, Options};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

struct Drill {
    emulator: Emulator,
    clock: Arc<ManualClock>,
    vector: Value,
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

fn recorded() -> Vec<Value> {
    let text = std::fs::read_to_string(vectors().join("clientkey-shared.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Drill {
    /// An emulator at the time of the recording that knows the key and the secret.
    fn new(vector: Value, expire_seconds: Option<u32>) -> Self {
        let clock = Arc::new(ManualClock::new(vector["input"]["timestamp"].as_str().unwrap().parse().unwrap()));
        let emulator = Emulator::start(Options { clock: clock.clone(), ..Options::default() });
        let name = vector["input"]["unsigned_query"]["SecretName"].as_str().unwrap();
        emulator.control("POST", "/secrets", json!({"name": name}));
        let file = vectors().join(vector["input"]["client_key_file"].as_str().unwrap());
        let certificate = std::fs::read_to_string(file.with_file_name("cert.pem")).unwrap();
        let order = json!({"key_id": vector["input"]["key_id"], "certificate": certificate,
            "expire_seconds": expire_seconds});
        assert_eq!(emulator.control("POST", "/client-keys", order), json!({"key_id": vector["input"]["key_id"]}));
        Self { emulator, clock, vector }
    }

    fn target(&self) -> &str {
        self.vector["expected"]["request_target"].as_str().unwrap()
    }

    fn code(&self) -> String {
        let method = self.vector["input"]["method"].as_str().unwrap();
        send(&self.emulator.ready().kms_plain_host, method, self.target(), &[], "").unwrap().code()
    }
}

#[test]
fn client_key_vectors_are_accepted_as_recorded_on_the_wire() {
    let recorded = recorded();
    assert!(recorded.len() >= 10);
    for vector in recorded {
        let name = vector["name"].clone();
        let drill = Drill::new(vector, None);
        assert_eq!(drill.code(), "OK", "{name}");
        assert_eq!(drill.code(), "SignatureNonceUsed", "{name}");
    }
}

#[test]
fn a_changed_request_or_another_method_is_refused() {
    let drill = Drill::new(recorded().swap_remove(0), None);
    let host = &drill.emulator.ready().kms_plain_host;
    assert_eq!(get(host, drill.target()).unwrap().code(), "SignatureDoesNotMatch");
    let changed = drill.target().replace("PRIVATEKEY", "");
    assert_eq!(send(host, "POST", &changed, &[], "").unwrap().code(), "IncompleteSignature");
    let hmac = drill.target().replace("SHA256withRSA", "HMAC-SHA1");
    assert_eq!(send(host, "POST", &hmac, &[], "").unwrap().code(), "SignatureDoesNotMatch");
    assert_eq!(drill.code(), "OK");
}

#[test]
fn a_client_key_ends_by_time_or_by_order_and_opens_kms_only() {
    let drill = Drill::new(recorded().swap_remove(0), Some(60));
    drill.clock.advance(Duration::from_secs(60));
    assert_eq!(drill.code(), "InvalidAccessKeyId.NotFound");
    let drill = Drill::new(recorded().swap_remove(0), None);
    let service = &drill.emulator.ready().services["default"];
    assert_eq!(send(service, "POST", drill.target(), &[], "").unwrap().code(), "InvalidAccessKeyId.NotFound");
    let id = drill.vector["input"]["key_id"].as_str().unwrap();
    drill.emulator.control("POST", &format!("/keys/{id}/disable"), Value::Null);
    assert_eq!(drill.code(), "InvalidAccessKeyId.Inactive");
    drill.emulator.control("POST", &format!("/keys/{id}/delete"), Value::Null);
    assert_eq!(drill.code(), "InvalidAccessKeyId.NotFound");
}

#[test]
fn keys_that_cannot_work_are_not_registered() {
    let emulator = Emulator::start(Options::default());
    for (order, part) in [
        (json!({"key_id": "LTAI1", "certificate": ""}), "KAAP."),
        (json!({"key_id": "KAAP.1", "certificate": "none"}), "X.509"),
    ] {
        let answer = emulator.control("POST", "/client-keys", order).to_string();
        assert!(answer.contains(part), "{answer}");
    }
}
