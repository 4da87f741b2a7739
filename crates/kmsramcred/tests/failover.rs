//! Several gateways: a dead one costs a first fetch little and later ones nothing, and one that disagrees displaces
//! nothing.

mod cloud;

use cloud::{Cloud, LONG, Robot, Seen, until};
use kms_emulator::{Caller, Emulator, ManualClock, Options};
use kmsramcred::{Client, Config, ErrorKind};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CALLER: (&str, &str) = ("LTAI5tEXAMPLECALLER", "an-example-secret-of-the-caller");

/// A cloud that knows the same caller as the others.
fn cloud() -> Cloud {
    let callers = vec![Caller::new(CALLER.0, CALLER.1)];
    Cloud { emulator: Emulator::start(Options { callers, ..Options::default() }) }
}

fn region(cloud: &Cloud) -> Value {
    let ready = cloud.emulator.ready();
    json!({ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path })
}

fn client(regions: &[Value]) -> Client {
    let mut builder = Config::builder();
    builder.access_key(CALLER.0, CALLER.1, None).unwrap();
    builder.set("cache_client_region_id", &json!(regions).to_string()).unwrap();
    Client::new(builder.build().unwrap()).unwrap()
}

fn gateways(client: &Client) -> Vec<Value> {
    let explained: Value = serde_json::from_str(&client.explain()).unwrap();
    explained["gateways"].as_array().unwrap().clone()
}

/// An address where nobody listens.
fn refusing() -> Value {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    json!({ "regionId": "cn-a", "endpoint": address.to_string() })
}

/// Accepts connections and says nothing, as a firewall that swallows packets looks to the one who asks.
fn black_hole() -> (TcpListener, Value) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let region = json!({ "regionId": "cn-a", "endpoint": listener.local_addr().unwrap().to_string() });
    (listener, region)
}

#[test]
fn a_first_gateway_that_is_down_in_any_way_is_passed_over() {
    let (good, ill) = (cloud(), cloud());
    for cloud in [&good, &ill] {
        cloud.post("/secrets", json!({ "name": "s", "access_key_id": "LTAI5tSAME", "access_key_secret": "same" }));
    }
    let (_listener, silent) = black_hole();
    let mut untrusted = region(&ill);
    untrusted["caFilePath"] = region(&good)["caFilePath"].clone();
    let ways: [(&str, Value, Option<Value>); 5] = [
        ("refused", refusing(), None),
        ("black-holed", silent, None),
        ("TLS failure", untrusted, None),
        (
            "503",
            region(&ill),
            Some(json!({ "at": "kms", "kind": "status", "status": 503, "code": "ServiceUnavailable" })),
        ),
        ("slow", region(&ill), Some(json!({ "at": "kms", "kind": "hang" }))),
    ];
    for (name, first, fault) in ways {
        if let Some(fault) = fault {
            ill.fault(fault);
        }
        let client = client(&[first, region(&good), refusing()]);
        let secret = client.secret("s").unwrap();
        secret.credential(Duration::from_secs(5)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let shown = gateways(&client);
        assert!(shown[0]["state"].as_str().unwrap().starts_with("failing"), "{name}: {shown:?}");
        assert!(shown[0]["last_error"]["message"].is_string(), "{name}: {shown:?}");
        assert_eq!((&shown[1]["state"], &shown[2]["state"]), (&json!("answering"), &json!("not asked yet")), "{name}");
        // While it is skipped, a fetch goes to the good one alone.
        let before = client.stats().kms_requests;
        secret.refresh(LONG).unwrap();
        assert_eq!(client.stats().kms_requests, before + 1, "{name}");
        client.close(LONG).unwrap();
        ill.end_faults();
    }
}

#[test]
fn a_gateway_that_is_back_is_used_again() {
    let (first, second) = (cloud(), cloud());
    for cloud in [&first, &second] {
        cloud.post("/secrets", json!({ "name": "s", "access_key_id": "LTAI5tSAME", "access_key_secret": "same" }));
    }
    let client = client(&[region(&first), region(&second)]);
    let secret = client.secret("s").unwrap();
    first.fault(json!({ "at": "kms", "kind": "reset" }));
    secret.credential(LONG).unwrap();
    assert_eq!(second.kms_requests(), 1);
    first.end_faults();
    let before = first.kms_requests();
    until("the first gateway is probed and answers", || {
        std::thread::sleep(Duration::from_millis(200));
        secret.refresh(LONG).unwrap();
        first.kms_requests() > before
    });
    assert_eq!(gateways(&client)[0]["state"], "answering");
    let of_the_second = second.kms_requests();
    secret.refresh(LONG).unwrap();
    assert_eq!(second.kms_requests(), of_the_second);
}

#[test]
fn all_gateways_down_is_one_error_inside_the_budget_that_names_each() {
    let (one, other) = (refusing(), refusing());
    let client = client(&[one.clone(), other.clone()]);
    let began = Instant::now();
    let error = client.secret("s").unwrap().credential(Duration::from_millis(800)).unwrap_err();
    assert!(began.elapsed() < LONG);
    assert_eq!(error.kind(), ErrorKind::Network);
    let text = error.to_string();
    for region in [one, other] {
        assert!(text.contains(region["endpoint"].as_str().unwrap()), "{text}");
    }
}

/// Lets the second gateway answer once, and checks that the key of the first stays in use.
fn the_first_key_stays(first: &Cloud, second: &Cloud) {
    let client = client(&[region(first), region(second)]);
    let secret = client.secret("s").unwrap();
    let serial = secret.credential(LONG).unwrap().serial();
    let robot = Robot::calling(&first.service("default"));
    let seen = Seen::default();
    robot.call(&secret, &seen).unwrap();
    first.fault(json!({ "at": "kms", "kind": "reset" }));
    // Whether that is an error is not the point here.
    drop(secret.refresh(LONG));
    assert_eq!(second.kms_requests(), 1, "the second gateway was asked");
    assert_eq!(secret.credential(LONG).unwrap().serial(), serial);
    robot.call(&secret, &seen).unwrap();
    assert_eq!(seen.failed(), 0);
}

fn key(of: &str, user: &str) -> Value {
    json!({ "name": "s", "access_key_id": format!("LTAI5t{of}"), "access_key_secret": of, "user_name": user })
}

#[test]
fn a_second_gateway_that_serves_another_user_displaces_nothing() {
    let (first, second) = (cloud(), cloud());
    first.post("/secrets", key("RIGHT", "robot"));
    second.post("/secrets", key("OTHER", "stranger"));
    the_first_key_stays(&first, &second);
}

#[test]
fn a_second_gateway_that_lags_displaces_nothing() {
    let ten_minutes_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(10);
    let callers = vec![Caller::new(CALLER.0, CALLER.1)];
    let clock = Arc::new(ManualClock::new(ten_minutes_ago));
    let second = Cloud { emulator: Emulator::start(Options { callers, clock, ..Options::default() }) };
    let first = cloud();
    second.post("/secrets", key("BEFORE", "robot"));
    first.post("/secrets", key("NOW", "robot"));
    the_first_key_stays(&first, &second);
}
