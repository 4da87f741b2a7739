//! The ECS metadata service, over a real socket and against recorded clients.

mod client;

use client::{Pair, Reply, get, send, signed_target};
use kms_emulator::{Emulator, ManualClock, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const ROLE: &str = "/latest/meta-data/ram/security-credentials/";

fn with_role(clock: Option<Arc<ManualClock>>) -> Emulator {
    let mut options = Options { role: Some("app".to_owned()), ..Options::default() };
    if let Some(clock) = clock {
        options.clock = clock;
    }
    Emulator::start(options)
}

fn host(emulator: &Emulator) -> &str {
    emulator.ready().metadata.strip_prefix("http://").unwrap()
}

fn token(emulator: &Emulator) -> Reply {
    let ttl = [("X-aliyun-ecs-metadata-token-ttl-seconds", "60")];
    send(host(emulator), "PUT", "/latest/api/token", &ttl, "").unwrap()
}

fn with_token(emulator: &Emulator, token: &str, target: &str) -> Reply {
    send(host(emulator), "GET", target, &[("X-aliyun-ecs-metadata-token", token)], "").unwrap()
}

fn identity(emulator: &Emulator) -> Pair {
    Pair::from_json(&get(host(emulator), &format!("{ROLE}app")).unwrap().json())
}

fn code_at_kms(emulator: &Emulator, pair: &Pair) -> String {
    let time = jiff::Timestamp::now();
    let target = client::signed_target_at(time, pair, "GetSecretValue", &[("SecretName", "n")]);
    get(&emulator.ready().kms_plain_host, &target).unwrap().code()
}

#[test]
fn version_two_leads_to_an_identity_that_kms_accepts() {
    let emulator = with_role(None);
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    emulator.control("POST", "/metadata", json!({"v1": false}));
    let issued = token(&emulator).text();
    assert_eq!(with_token(&emulator, &issued, ROLE).text(), "app");
    let credentials = with_token(&emulator, &issued, &format!("{ROLE}app")).json();
    assert_eq!(credentials["Code"], "Success");
    assert_eq!(code_at_kms(&emulator, &Pair::from_json(&credentials)), "OK");
    assert_eq!(with_token(&emulator, "wrong", ROLE).status, 401);
    assert_eq!(get(host(&emulator), ROLE).unwrap().status, 403);
    assert_eq!(with_token(&emulator, &issued, &format!("{ROLE}other")).status, 404);
    let counters = emulator.control("GET", "/counters", Value::Null);
    assert_eq!((&counters["metadata"]["tokens"], &counters["metadata"]["credentials"]), (&json!(1), &json!(1)));
}

#[test]
fn identities_are_replaced_in_time_and_expire() {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::now()));
    let emulator = with_role(Some(clock.clone()));
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    emulator.control("POST", "/metadata", json!({"expire_seconds": 100}));
    let first = identity(&emulator);
    clock.advance(Duration::from_secs(49));
    assert_eq!(identity(&emulator).id, first.id);
    clock.advance(Duration::from_secs(1));
    assert_ne!(identity(&emulator).id, first.id);
    assert_eq!(code_at_kms(&emulator, &first), "OK");
    clock.advance(Duration::from_secs(50));
    assert_eq!(code_at_kms(&emulator, &first), "InvalidSecurityToken.Expired");
}

#[test]
fn a_rotation_kills_the_identity_before() {
    let emulator = with_role(None);
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let first = identity(&emulator);
    let rotated = emulator.control("POST", "/metadata/rotate", Value::Null);
    assert_eq!(rotated["access_key_id"], identity(&emulator).id.as_str());
    assert_eq!(code_at_kms(&emulator, &first), "InvalidAccessKeyId.NotFound");
    assert_eq!(code_at_kms(&emulator, &identity(&emulator)), "OK");
}

#[test]
fn the_service_can_misbehave() {
    let emulator = with_role(None);
    emulator.control("POST", "/metadata", json!({"code": "Failed"}));
    assert_eq!(get(host(&emulator), &format!("{ROLE}app")).unwrap().json(), json!({"Code": "Failed"}));
    emulator.control("POST", "/metadata", json!({"raw_body": "not json"}));
    assert_eq!(get(host(&emulator), &format!("{ROLE}app")).unwrap().text(), "not json");
    emulator.control("POST", "/metadata", json!({"raw_body": null, "code": "Success", "role": null}));
    assert_eq!(get(host(&emulator), ROLE).unwrap().status, 404);
    let bare = send(host(&emulator), "PUT", "/latest/api/token", &[], "").unwrap();
    assert_eq!(bare.status, 400);
    emulator.control("POST", "/faults", json!({"at": "metadata", "kind": "status", "status": 500}));
    assert_eq!(token(&emulator).status, 500);
}

/// The requests that the official client sent in each recorded situation get the kind of answer recorded there.
#[test]
fn imds_vectors_are_answered_as_recorded() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/imds.json");
    let vectors: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut checked = 0;
    for vector in &vectors {
        let kind = vector["kind"].as_str().unwrap();
        let role = vector["input"]["role_name"].as_str().unwrap_or("found-role");
        let emulator = Emulator::start(Options { role: Some(role.to_owned()), ..Options::default() });
        let change = match kind {
            "v2-known-role" | "v2-discover-role" => json!({}),
            "v1-fallback-token-404" | "v1-disabled-token-404" => json!({"v2": false}),
            "role-not-attached" => json!({"role": null}),
            "code-not-success" => json!({"code": "Failed"}),
            _ => continue,
        };
        emulator.control("POST", "/metadata", change);
        let mut issued = String::new();
        let requests = vector["expected"]["requests"].as_array().unwrap();
        for (request, recorded) in requests.iter().zip(vector["input"]["replies"].as_array().unwrap()) {
            let (method, target) = (request["method"].as_str().unwrap(), request["target"].as_str().unwrap());
            let mut headers = Vec::new();
            for (name, value) in request["headers"].as_object().unwrap() {
                match name.as_str() {
                    "X-aliyun-ecs-metadata-token" => headers.push((name.as_str(), issued.as_str())),
                    "host" | "Content-Length" => {}
                    other => headers.push((other, value.as_str().unwrap())),
                }
            }
            let target = target.replace(recorded_role(requests).unwrap_or(role), role);
            let reply = send(host(&emulator), method, &target, &headers, "").unwrap();
            assert_eq!(reply.status == 200, recorded[0] == 200, "{}: {method} {target}", vector["name"]);
            if method == "PUT" && reply.status == 200 {
                issued = reply.text();
            } else if let Some(fields) = recorded[1].as_object().filter(|_| reply.status == 200) {
                let answer = reply.json();
                assert_eq!(answer["Code"] == "Success", fields["Code"] == "Success", "{}", vector["name"]);
                let absent = fields.keys().find(|name| fields["Code"] == "Success" && answer.get(*name).is_none());
                assert_eq!(absent, None, "{}", vector["name"]);
            }
            checked += 1;
        }
    }
    assert!(checked >= 15, "only {checked} requests were checked");
}

/// The role that the recording found by asking; known roles stand in the input.
fn recorded_role(requests: &[Value]) -> Option<&str> {
    let mut targets = requests.iter().filter_map(|request| request["target"].as_str()?.strip_prefix(ROLE));
    targets.find(|role| !role.is_empty())
}

#[test]
fn a_temporary_identity_may_call_services() {
    let emulator = with_role(None);
    let pair = identity(&emulator);
    let target = signed_target(&pair, "DescribeRegions", &[]);
    assert_eq!(get(&emulator.ready().services["default"], &target).unwrap().code(), "OK");
}
