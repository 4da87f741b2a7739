//! Every kind of fault, over a real socket.

mod client;

use client::{Pair, Reply, call_service, connect, get, get_over_tls, get_secret, signed_target};
use kms_emulator::{Emulator, Options};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

fn with_fault(fault: Value) -> Emulator {
    let emulator = Emulator::start(Options::default());
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let made = emulator.control("POST", "/faults", fault);
    assert!(made["id"].is_u64(), "{made}");
    emulator
}

fn spoilt(fault: Value) -> Reply {
    get_secret(&with_fault(fault), "n").unwrap()
}

#[test]
fn status_is_an_error_in_the_gateways_shape() {
    let reply = spoilt(json!({"at": "kms", "kind": "status"}));
    assert_eq!((reply.status, reply.code().as_str()), (503, "ServiceUnavailableTemporary"));
    let order = json!({"at": "kms", "kind": "status", "status": 500, "code": "InternalFailure", "message": "m",
        "retry_after_s": 7});
    let reply = spoilt(order);
    assert_eq!((reply.status, reply.code().as_str()), (500, "InternalFailure"));
    assert_eq!((reply.json()["Message"].as_str(), reply.header("retry-after")), (Some("m"), Some("7")));
}

#[test]
fn throttle_is_an_error_in_the_shape_of_kms() {
    let reply = spoilt(json!({"at": "kms", "kind": "throttle", "retry_after_ms": 250}));
    assert_eq!((reply.status, reply.json()["HttpStatus"].as_u64()), (429, Some(429)));
    assert_eq!((reply.code().as_str(), reply.header("x-acs-retry-after")), ("Rejected.Throttling", Some("250")));
}

#[test]
fn html_body_and_redirect_are_foreign_answers() {
    let reply = spoilt(json!({"at": "kms", "kind": "html"}));
    assert_eq!((reply.status, reply.header("content-type")), (502, Some("text/html")));
    let reply = spoilt(json!({"at": "kms", "kind": "body", "body": "{\"SecretData\":"}));
    assert_eq!((reply.status, reply.text().as_str()), (200, "{\"SecretData\":"));
    let reply = spoilt(json!({"at": "kms", "kind": "redirect", "location": "http://127.0.0.1:1/x"}));
    assert_eq!((reply.status, reply.header("location")), (302, Some("http://127.0.0.1:1/x")));
}

#[test]
fn delay_comes_before_the_right_answer() {
    let emulator = with_fault(json!({"at": "kms", "kind": "delay", "delay_ms": 150}));
    let begin = Instant::now();
    assert_eq!(get_secret(&emulator, "n").unwrap().status, 200);
    assert!(begin.elapsed() >= Duration::from_millis(150));
}

#[test]
fn hang_ends_when_the_fault_is_cleared() {
    let emulator = with_fault(json!({"at": "kms", "kind": "hang", "times": 1}));
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| get_secret(&emulator, "n").unwrap());
        std::thread::sleep(Duration::from_millis(150));
        assert!(!hanging.is_finished());
        assert_eq!(get_secret(&emulator, "n").unwrap().status, 200, "only one request hangs");
        emulator.control("DELETE", "/faults/1", Value::Null);
        assert_eq!(hanging.join().unwrap().status, 200);
    });
}

#[test]
fn hang_ends_with_the_time_of_the_fault_and_counts_impatient_clients() {
    let emulator = with_fault(json!({"at": "kms", "kind": "hang", "for_ms": 300}));
    let impatient = connect(&emulator.ready().kms_plain_host).unwrap();
    let target = signed_target(&Pair::caller(emulator.ready()), "GetSecretValue", &[("SecretName", "n")]);
    write!(&impatient, "GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    drop(impatient);
    let begin = Instant::now();
    assert_eq!(get_secret(&emulator, "n").unwrap().status, 200);
    assert!(begin.elapsed() < Duration::from_secs(5));
    let counters = emulator.control("GET", "/counters", Value::Null);
    assert_eq!(counters["kms"]["by_secret"]["n"], json!({"requests": 2, "ok": 1, "failed": 1}));
}

#[test]
fn reset_reaches_the_client_as_a_reset() {
    let emulator = with_fault(json!({"at": "kms", "kind": "reset"}));
    assert_eq!(get_secret(&emulator, "n").unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let (ready, caller) = (emulator.ready(), Pair::caller(emulator.ready()));
    let target = signed_target(&caller, "GetSecretValue", &[("SecretName", "n")]);
    let error = get_over_tls(ready, &ready.kms_host, "127.0.0.1", &target).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn truncate_stops_half_way() {
    let emulator = with_fault(json!({"at": "kms", "kind": "truncate"}));
    let reply = get_secret(&emulator, "n").unwrap();
    assert!(!reply.complete && reply.status == 200);
    let length: usize = reply.header("content-length").unwrap().parse().unwrap();
    assert_eq!(reply.body.len(), length / 2);
    let (ready, caller) = (emulator.ready(), Pair::caller(emulator.ready()));
    let target = signed_target(&caller, "GetSecretValue", &[("SecretName", "n")]);
    assert!(!get_over_tls(ready, &ready.kms_host, "127.0.0.1", &target).unwrap().complete);
}

#[test]
fn slow_body_drips_to_the_end() {
    let emulator = with_fault(json!({"at": "kms", "kind": "slow_body", "delay_ms": 1}));
    let begin = Instant::now();
    let reply = get_secret(&emulator, "n").unwrap();
    assert!(reply.complete && reply.code() == "OK");
    assert!(begin.elapsed() >= Duration::from_millis(reply.body.len() as u64));
}

#[test]
fn huge_goes_on_and_on() {
    let emulator = with_fault(json!({"at": "kms", "kind": "huge"}));
    let target = signed_target(&Pair::caller(emulator.ready()), "GetSecretValue", &[("SecretName", "n")]);
    let mut stream = connect(&emulator.ready().kms_plain_host).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let read = io::copy(&mut stream, &mut io::sink()).unwrap();
    assert!(read > 64 << 20, "{read}");
}

#[test]
fn clock_moves_date_and_timestamp_check() {
    let emulator = with_fault(json!({"at": "kms", "kind": "clock", "clock_offset_seconds": 3600}));
    let reply = get_secret(&emulator, "n").unwrap();
    assert_eq!(reply.code(), "InvalidTimeStamp.Expired");
    let date = jiff::fmt::rfc2822::parse(reply.header("date").unwrap()).unwrap().timestamp();
    assert!((3590..3610).contains(&date.duration_since(jiff::Timestamp::now()).as_secs()));
    let caller = Pair::caller(emulator.ready());
    let target = client::signed_target_at(date, &caller, "GetSecretValue", &[("SecretName", "n")]);
    assert_eq!(get(&emulator.ready().kms_plain_host, &target).unwrap().code(), "OK");
}

#[test]
fn an_outage_resets_every_connection() {
    let emulator = Emulator::start(Options::default());
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let mut kept = connect(&emulator.ready().kms_plain_host).unwrap();
    emulator.control("POST", "/kms", json!({"down": true}));
    assert!(get_secret(&emulator, "n").is_err());
    // The reset may come while the request is still being written.
    let end = write!(kept, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").and_then(|()| kept.read(&mut [0; 16]));
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    emulator.control("POST", "/kms", json!({"down": false}));
    assert_eq!(get_secret(&emulator, "n").unwrap().status, 200);
}

#[test]
fn faults_pick_their_place_and_end_after_their_times() {
    let emulator =
        with_fault(json!({"at": "service", "kind": "status", "times": 2, "code": "Throttling", "status": 400}));
    let caller = Pair::caller(emulator.ready());
    assert_eq!(get_secret(&emulator, "n").unwrap().status, 200);
    let codes: Vec<_> = (0..3).map(|_| call_service(&emulator, &caller).code()).collect();
    assert_eq!(codes, ["Throttling", "Throttling", "OK"]);
    let listed = emulator.control("GET", "/faults", Value::Null);
    assert_eq!((&listed["faults"][0]["applied"], &listed["faults"][0]["active"]), (&json!(2), &json!(false)));
    let counters = emulator.control("GET", "/counters", Value::Null);
    assert_eq!(counters["services"]["default"]["faulted"], 2);
}

#[test]
fn a_fault_at_one_secret_spares_the_others() {
    let emulator = with_fault(json!({"at": "kms", "kind": "throttle", "secret": "n"}));
    emulator.control("POST", "/secrets", json!({"name": "m"}));
    assert_eq!(get_secret(&emulator, "n").unwrap().status, 429);
    assert_eq!(get_secret(&emulator, "m").unwrap().status, 200);
    assert_eq!(emulator.control("DELETE", "/faults", Value::Null)["cleared"], 1);
    assert_eq!(get_secret(&emulator, "n").unwrap().status, 200);
}
