//! The control API over HTTP: errors that say what was found and what is allowed, and the counters.

mod client;

use client::{Pair, call_service, get_secret, send, signed_target};
use kms_emulator::{Emulator, Options};
use serde_json::{Value, json};

fn over_http(emulator: &Emulator, method: &str, path: &str, body: &str) -> (u16, Value) {
    let host = emulator.ready().control.strip_prefix("http://").unwrap();
    let reply = send(host, method, path, &[], body).unwrap();
    (reply.status, reply.json())
}

#[test]
fn errors_name_what_was_found_and_what_is_allowed() {
    let emulator = Emulator::start(Options::default());
    emulator.control("POST", "/secrets", json!({"name": "known"}));
    for (method, path, body, status, parts) in [
        ("POST", "/secrets", r#"{"name":"n","lag":1}"#, 400, &["unknown field `lag`", "`access_key_id`"][..]),
        ("POST", "/secrets", "{", 400, &["JSON"]),
        ("POST", "/secrets", "{}", 400, &["missing field `name`"]),
        ("POST", "/secrets", r#"{"name":""}"#, 400, &["name is"]),
        ("POST", "/secrets", r#"{"name":"known"}"#, 409, &["known", "already"]),
        ("POST", "/secrets", r#"{"name":"n","generate_timestamp":"soon"}"#, 400, &["soon", "auto, none"]),
        ("GET", "/secrets/absent", "", 404, &["absent", "known"]),
        ("DELETE", "/secrets/absent", "", 404, &["absent", "known"]),
        ("POST", "/secrets/absent/rotate", "", 404, &["absent", "known"]),
        ("POST", "/secrets/known/rotate", r#"{"old":"gone"}"#, 400, &["gone", "`dead`"]),
        ("POST", "/secrets/known/rotate", r#"{"old":"overlap"}"#, 400, &["overlap_ms"]),
        ("POST", "/keys/nobody/disable", "", 404, &["nobody"]),
        ("POST", "/keys/nobody/melt", "", 400, &["melt", "disable"]),
        ("POST", "/services/absent", r#"{"refuse_all":true}"#, 404, &["absent", "default"]),
        ("POST", "/services", r#"{"name":"default"}"#, 409, &["default"]),
        ("POST", "/faults", r#"{"at":"moon","kind":"reset"}"#, 400, &["moon", "`metadata`"]),
        ("POST", "/faults", r#"{"at":"kms","kind":"flood"}"#, 400, &["flood", "`slow_body`"]),
        ("POST", "/faults", r#"{"at":"service","service":"absent","kind":"reset"}"#, 404, &["absent", "default"]),
        ("DELETE", "/faults/9", "", 404, &["9"]),
        ("POST", "/metadata/rotate", "", 400, &["role"]),
        ("PUT", "/secrets", "", 404, &["PUT /secrets", "POST /secrets"]),
        ("GET", "/nowhere", "", 404, &["GET /nowhere", "POST /faults"]),
    ] {
        let (found, answer) = over_http(&emulator, method, path, body);
        assert_eq!(found, status, "{method} {path} {body}: {answer}");
        let text = answer.to_string();
        assert!(parts.iter().all(|part| text.contains(part)), "{method} {path} {body}: {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
}

#[test]
fn a_secret_shows_its_state() {
    let emulator = Emulator::start(Options::default());
    let (status, made) = over_http(&emulator, "POST", "/secrets", r#"{"name":"n","access_key_id":"id-1"}"#);
    assert_eq!((status, &made["access_key_id"]), (200, &json!("id-1")));
    assert!(made["version_id"].is_string());
    let rotated = emulator.control("POST", "/secrets/n/rotate", json!({"old": "alive"}));
    let (_, state) = over_http(&emulator, "GET", "/secrets/n", "");
    assert_eq!(state["versions"], 2);
    assert_eq!(state["access_key_id"], rotated["access_key_id"]);
    assert_eq!(state["live_keys"].as_array().unwrap().len(), 2);
    assert_eq!(over_http(&emulator, "GET", "/secrets", "").1, json!({"secrets": ["n"]}));
    assert_eq!(over_http(&emulator, "DELETE", "/secrets/n", "").1, json!({"deleted": "n"}));
    assert_eq!(get_secret(&emulator, "n").unwrap().status, 404);
    assert_eq!(over_http(&emulator, "GET", "/healthz", ""), (200, json!({"ok": true})));
}

#[test]
fn counters_tell_who_asked_and_what_came_of_it() {
    let emulator = Emulator::start(Options::default());
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let caller = Pair::caller(emulator.ready());
    get_secret(&emulator, "n").unwrap();
    get_secret(&emulator, "absent").unwrap();
    let target = signed_target(&caller, "GetSecretValue", &[("SecretName", "n")]);
    let tags = [("User-Agent", "agent"), ("x-kmsramcred-test-client", "worker-7")];
    send(&emulator.ready().kms_plain_host, "GET", &target, &tags, "").unwrap();
    call_service(&emulator, &caller);
    emulator.control("POST", "/secrets/n/rotate", Value::Null);
    let (_, counters) = over_http(&emulator, "GET", "/counters", "");
    let kms = &counters["kms"];
    assert_eq!((&kms["requests"], &kms["get_secret_value"]), (&json!(3), &json!(3)));
    assert_eq!((&kms["ok"], &kms["refused"]), (&json!(2), &json!(1)));
    assert_eq!(kms["by_secret"]["absent"], json!({"requests": 1, "ok": 0, "failed": 1}));
    assert_eq!(kms["by_caller"][&caller.id], 3);
    assert_eq!(kms["by_client"]["worker-7"], 1);
    assert_eq!(counters["services"]["default"]["by_key"][&caller.id], json!({"ok": 1, "refused": 0}));
    assert_eq!(counters["rotations"], 1);
    emulator.control("POST", "/counters/reset", Value::Null);
    let (_, counters) = over_http(&emulator, "GET", "/counters", "");
    assert_eq!((&counters["kms"]["requests"], &counters["rotations"]), (&json!(0), &json!(0)));
    assert_eq!(counters["services"]["default"]["requests"], 0);
}

/// The bodies that the official decoders were fed have the fields that the emulator sends.
#[test]
fn rpc_response_vectors_have_the_shapes_that_are_sent() {
    let emulator = Emulator::start(Options::default());
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut seen = 0;
    for file in ["rpc-responses-core.json", "rpc-responses-dara.json"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(file);
        let vectors: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for vector in vectors.iter().filter(|vector| vector["input"]["body"]["Code"].is_string()) {
            let (status, body) = (&vector["input"]["status"], &vector["input"]["body"]);
            let kind = if body.get("HttpStatus").is_some() { "throttle" } else { "status" };
            let order = json!({"at": "kms", "kind": kind, "status": status, "code": body["Code"],
                "message": body["Message"], "times": 1});
            emulator.control("POST", "/faults", order);
            let reply = get_secret(&emulator, "n").unwrap();
            assert_eq!(json!(reply.status), *status, "{}", vector["name"]);
            let sent = reply.json();
            let optional = |name: &String| name != "AccessDeniedDetail";
            let expected: Vec<_> = keys(body).into_iter().filter(optional).collect();
            assert_eq!(keys(&sent), expected, "{}", vector["name"]);
            assert_eq!((&sent["Code"], &sent["Message"]), (&body["Code"], &body["Message"]));
            seen += 1;
        }
    }
    assert!(seen >= 30, "only {seen} bodies were compared");
}
