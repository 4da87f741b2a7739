//! KMS in every kind of trouble: whoever has a key goes on, whoever has none gets one clear error inside the budget.

mod cloud;

use cloud::{Cloud, LONG, Robot, Seen, our_threads, until};
use kmsramcred::{ErrorKind, Secret};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Everything that the emulator can do wrong at KMS, with what a first fetch says about it.
fn troubles() -> Vec<(&'static str, Value, &'static [ErrorKind])> {
    vec![
        (
            "503",
            json!({ "kind": "status", "status": 503, "code": "ServiceUnavailableTemporary" }),
            &[ErrorKind::KmsServer],
        ),
        ("429", json!({ "kind": "throttle" }), &[ErrorKind::KmsThrottled]),
        ("hang", json!({ "kind": "hang" }), &[ErrorKind::Timeout]),
        ("reset", json!({ "kind": "reset" }), &[ErrorKind::Network]),
        ("HTML", json!({ "kind": "html" }), &[ErrorKind::KmsServer]),
        ("half an answer", json!({ "kind": "truncate" }), &[ErrorKind::Network]),
        ("a huge answer", json!({ "kind": "huge" }), &[ErrorKind::Network, ErrorKind::KmsServer]),
        ("a redirect", json!({ "kind": "redirect" }), &[ErrorKind::KmsRejected, ErrorKind::KmsServer]),
    ]
}

fn at_kms(mut fault: Value) -> Value {
    fault["at"] = json!("kms");
    fault
}

#[test]
fn a_first_fetch_fails_inside_its_budget_and_says_who_and_why() {
    let cloud = Cloud::start();
    cloud.secret("s");
    for (name, fault, kinds) in troubles() {
        let client = cloud.client(&[]);
        let secret = client.secret("s").unwrap();
        cloud.fault(at_kms(fault));
        let began = Instant::now();
        let error = secret.credential(Duration::from_millis(1_500)).expect_err(name);
        assert!(began.elapsed() < LONG, "{name}");
        let text = error.to_string();
        assert!(kinds.contains(&error.kind()), "{name}: {:?} {text}", error.kind());
        let gateway = &cloud.emulator.ready().kms_host;
        assert!(text.contains(gateway.as_str()), "{name} does not name the gateway {gateway}: {text}");
        if matches!(name, "503" | "429") {
            assert!(error.request_id().is_some(), "{name}: {text}");
        }
        cloud.end_faults();
        until("it recovers without a restart", || secret.credential(LONG).is_ok());
        client.close(LONG).unwrap();
    }
}

/// Whether no fetch is under way.
fn is_idle(secret: &Secret) -> bool {
    secret.explain().contains("\"fetch\":null")
}

#[test]
fn callers_with_a_key_see_nothing() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let client = cloud.client(&[]);
    let secret = client.secret("s").unwrap();
    let first = secret.credential(LONG).unwrap().serial();
    let robot = Robot::calling(&cloud.service("default"));
    let seen = Seen::default();
    for (name, fault, _) in troubles() {
        cloud.fault(at_kms(fault));
        let error = secret.refresh(Duration::from_millis(300)).expect_err(name);
        assert_ne!(error.kind(), ErrorKind::Expired, "{name}: the key is as good as ever: {error}");
        for _ in 0..20 {
            robot.call(&secret, &seen).unwrap();
        }
        assert_eq!(secret.credential(Duration::ZERO).unwrap().serial(), first);
        cloud.end_faults();
        until("it recovers by itself", || secret.explain().contains("\"state\":\"fresh\"") && is_idle(&secret));
    }
    client.close(LONG).unwrap();
}

#[test]
fn definite_answers_come_at_once_and_do_not_take_a_key_away() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let client = cloud.client(&[]);
    let error = client.secret("none").unwrap().credential(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KmsNotFound, "{error}");
    assert!(error.request_id().is_some() && error.code().is_some());
    let before = cloud.kms_requests();
    client.secret("none").unwrap().credential(LONG).unwrap_err();
    assert_eq!(cloud.kms_requests(), before, "the answer is remembered for a moment");
    let secret = client.secret("s").unwrap();
    let serial = secret.credential(LONG).unwrap().serial();
    cloud.emulator.control("DELETE", "/secrets/s", Value::Null);
    assert_eq!(secret.refresh(LONG).unwrap_err().kind(), ErrorKind::KmsNotFound);
    assert_eq!(secret.credential(Duration::ZERO).unwrap().serial(), serial);
    assert!(secret.explain().contains("stale but serving"));
    client.close(LONG).unwrap();
}

#[test]
fn a_hang_of_one_secret_delays_no_other() {
    let cloud = Cloud::start();
    for name in ["slow", "quick"] {
        cloud.secret(name);
    }
    cloud.fault(json!({ "at": "kms", "kind": "hang", "secret": "slow" }));
    let client = cloud.client(&[]);
    let slow = client.secret("slow").unwrap();
    let error = slow.credential(Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    client.secret("quick").unwrap().credential(LONG).unwrap();
    assert_eq!(slow.credential(Duration::ZERO).unwrap_err().kind(), ErrorKind::NotReady, "it still hangs");
    cloud.end_faults();
    slow.credential(LONG).unwrap();
    client.close(LONG).unwrap();
}

#[test]
fn a_clock_that_is_off_by_an_hour_is_not_an_error() {
    let cloud = Cloud::start();
    cloud.secret("s");
    for seconds in [3_600, -3_600] {
        cloud.fault(json!({ "at": "kms", "kind": "clock", "clock_offset_seconds": seconds }));
        for signature in ["acs3", "v1"] {
            let client = cloud.client(&[("signature", signature)]);
            let secret = client.secret("s").unwrap();
            secret.credential(LONG).unwrap_or_else(|error| panic!("{seconds} s, {signature}: {error}"));
            assert_eq!(client.stats().kms_requests, 2, "one refusal, one corrected request");
            secret.refresh(LONG).unwrap();
            assert_eq!(client.stats().kms_requests, 3, "the correction is remembered");
            client.close(LONG).unwrap();
        }
        cloud.end_faults();
    }
}

#[test]
fn a_revoked_identity_is_named() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let caller = cloud.emulator.ready().access_key_id.clone();
    cloud.post(&format!("/keys/{caller}/disable"), Value::Null);
    let client = cloud.client(&[]);
    let error = client.secret("s").unwrap().credential(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied, "{error}");
    assert!(!error.to_string().contains(&caller), "ids are shown by their last characters: {error}");
    client.close(LONG).unwrap();
}

#[test]
fn trouble_leaves_no_thread_and_no_descriptor_behind() {
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let cloud = Cloud::start();
    cloud.secret("s");
    let mut settled = None;
    for round in 0..4 {
        for (name, fault, _) in troubles() {
            let client = cloud.client(&[]);
            let secret = client.secret("s").unwrap();
            cloud.fault(at_kms(fault));
            secret.credential(Duration::from_millis(200)).expect_err(name);
            cloud.end_faults();
            client.close(LONG).unwrap();
        }
        if round == 1 {
            until("connections close", || {
                let now = descriptors();
                std::thread::sleep(Duration::from_millis(100));
                now == descriptors()
            });
            settled = Some(descriptors());
        }
    }
    // The emulator in this process closes its side a moment later.
    until("descriptors come back", || descriptors() <= settled.unwrap() + 8);
    until("no thread is left", || our_threads().is_empty());
}

#[test]
fn a_dead_proxy_is_named_and_what_it_is_not_for_goes_past_it() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let dead = ("https_proxy", "http://me:hunter2@127.0.0.1:1");
    // The emulator is on this machine: nothing goes through a proxy.
    assert!(cloud.client(&[dead]).secret("s").unwrap().credential(LONG).is_ok());

    let far = ("cache_client_region_id", r#"[{"regionId":"cn-hangzhou"}]"#);
    let error = cloud.client(&[dead, far]).secret("s").unwrap().credential(Duration::from_millis(300)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("kms.cn-hangzhou.aliyuncs.com (through the proxy http://127.0.0.1:1)"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
