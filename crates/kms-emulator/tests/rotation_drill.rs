//! A secret, its rotations and the two kinds of endpoint that see them, over real sockets.

mod client;

use client::{Pair, call_service, get, get_over_tls, get_secret, send, served_pair, signed_target, signed_target_at};
use kms_emulator::{Caller, Emulator, ManualClock, Options};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn started() -> Emulator {
    Emulator::start(Options::default())
}

#[test]
fn a_rotation_replaces_the_key_everywhere() {
    let emulator = started();
    let made = emulator.control("POST", "/secrets", json!({"name": "prod/db"}));
    let first = served_pair(&emulator, "prod/db");
    assert_eq!(made["access_key_id"], first.id.as_str());
    assert_eq!(call_service(&emulator, &first).status, 200);

    let rotated = emulator.control("POST", "/secrets/prod%2Fdb/rotate", Value::Null);
    assert_eq!(rotated["rotation"], 1);
    let refused = call_service(&emulator, &first);
    assert_eq!((refused.status, refused.code().as_str()), (404, "InvalidAccessKeyId.NotFound"));
    let second = served_pair(&emulator, "prod/db");
    assert_eq!(rotated["access_key_id"], second.id.as_str());
    let answer = call_service(&emulator, &second).json();
    assert_eq!(answer["AccessKeyId"], &second.id[second.id.len() - 4..]);
    assert_eq!(answer["Regions"]["Region"], json!([]));
}

#[test]
fn lag_and_overlap_follow_the_clock() {
    let start = jiff::Timestamp::now();
    let clock = Arc::new(ManualClock::new(start));
    let emulator = Emulator::start(Options { clock: clock.clone(), ..Options::default() });
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let first = served_pair(&emulator, "n");
    let order = json!({"lag_ms": 1000, "overlap_ms": 3000, "old": "overlap", "kms_lag_ms": 500});
    emulator.control("POST", "/secrets/n/rotate", order);
    assert_eq!(served_pair(&emulator, "n").id, first.id);
    clock.advance(Duration::from_millis(500));
    let second = served_pair(&emulator, "n");
    assert_ne!(second.id, first.id);
    let accepted = |pair: &Pair| call_service(&emulator, pair).code();
    let state = |id: &str| emulator.control("GET", &format!("/keys/{id}"), Value::Null)["state"].clone();
    assert_eq!((accepted(&first), accepted(&second)), ("OK".into(), "InvalidAccessKeyId.NotFound".into()));
    assert_eq!(state(&second.id), "spreading");
    clock.advance(Duration::from_millis(500));
    assert_eq!((accepted(&first), accepted(&second)), ("OK".into(), "OK".into()));
    clock.advance(Duration::from_millis(2000));
    assert_eq!((accepted(&first), accepted(&second)), ("InvalidAccessKeyId.NotFound".into(), "OK".into()));
    assert_eq!(state(&first.id), "dead");
}

#[test]
fn a_lagging_gateway_can_be_asked_for() {
    let emulator = started();
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let early = emulator.control("POST", "/secrets/n/serve", json!({"version": "previous"}));
    assert!(early["error"].as_str().unwrap().contains("no previous version"), "{early}");
    let first = served_pair(&emulator, "n");
    emulator.control("POST", "/secrets/n/rotate", Value::Null);
    emulator.control("POST", "/secrets/n/serve", json!({"version": "previous"}));
    assert_eq!(served_pair(&emulator, "n").id, first.id);
    emulator.control("POST", "/secrets/n/serve", json!({"version": "current"}));
    assert_ne!(served_pair(&emulator, "n").id, first.id);
}

#[test]
fn keys_are_disabled_enabled_and_deleted() {
    let emulator = started();
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let pair = served_pair(&emulator, "n");
    let switch = |verb: &str| emulator.control("POST", &format!("/keys/{}/{verb}", pair.id), Value::Null);
    switch("disable");
    let refused = call_service(&emulator, &pair);
    assert_eq!((refused.status, refused.code().as_str()), (400, "InvalidAccessKeyId.Inactive"));
    switch("enable");
    assert_eq!(call_service(&emulator, &pair).status, 200);
    switch("delete");
    assert_eq!(call_service(&emulator, &pair).code(), "InvalidAccessKeyId.NotFound");
    assert!(switch("enable")["error"].as_str().unwrap().contains("deleted"));
    let caller = Pair::caller(emulator.ready());
    emulator.control("POST", &format!("/keys/{}/disable", caller.id), Value::Null);
    assert_eq!(get_secret(&emulator, "n").unwrap().code(), "InvalidAccessKeyId.Inactive");
}

#[test]
fn both_endpoints_speak_tls_under_each_name() {
    let emulator = started();
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let (ready, caller) = (emulator.ready(), Pair::caller(emulator.ready()));
    for name in ["127.0.0.1", "localhost"] {
        let target = signed_target(&caller, "GetSecretValue", &[("SecretName", "n")]);
        assert_eq!(get_over_tls(ready, &ready.kms_host, name, &target).unwrap().status, 200);
        let target = signed_target(&caller, "DescribeRegions", &[]);
        assert_eq!(get_over_tls(ready, &ready.services_tls["default"], name, &target).unwrap().status, 200);
    }
    assert!(get_over_tls(ready, &ready.kms_host, "kms.example.com", "/").is_err());
}

#[test]
fn kms_refuses_what_the_real_gateway_refuses() {
    let emulator = started();
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    emulator.control(
        "POST",
        "/callers",
        json!({"access_key_id": "t", "access_key_secret": "s", "security_token": "k"}),
    );
    emulator.control(
        "POST",
        "/callers",
        json!({"access_key_id": "over", "access_key_secret": "s", "security_token": "k", "expire_seconds": 0}),
    );
    let (host, caller) = (&emulator.ready().kms_plain_host, Pair::caller(emulator.ready()));
    let code = |pair: &Pair, action: &str, name: &str| {
        let reply = get(host, &signed_target(pair, action, &[("SecretName", name)])).unwrap();
        assert_eq!(reply.header("x-acs-request-id"), reply.json()["RequestId"].as_str());
        (reply.status, reply.code())
    };
    let pair = |id: &str, secret: &str, token: Option<&str>| Pair {
        id: id.to_owned(),
        secret: secret.to_owned(),
        token: token.map(str::to_owned),
    };
    let expect = |found: (u16, String), status: u16, code: &str| assert_eq!(found, (status, code.to_owned()));
    expect(code(&caller, "GetSecretValue", "absent"), 404, "Forbidden.ResourceNotFound");
    expect(code(&caller, "DescribeSecret", "n"), 404, "InvalidAction.NotFound");
    expect(code(&caller, "GetSecretValue", ""), 400, "MissingParameter");
    expect(code(&pair("nobody", "s", None), "GetSecretValue", "n"), 404, "InvalidAccessKeyId.NotFound");
    expect(code(&pair(&caller.id, "wrong", None), "GetSecretValue", "n"), 400, "SignatureDoesNotMatch");
    expect(code(&pair("t", "s", None), "GetSecretValue", "n"), 400, "MissingSecurityToken");
    expect(code(&pair("t", "s", Some("x")), "GetSecretValue", "n"), 400, "InvalidSecurityToken.MismatchWithAccessKey");
    expect(code(&pair("t", "s", Some("k")), "GetSecretValue", "n"), 200, "OK");
    expect(code(&pair("over", "s", Some("k")), "GetSecretValue", "n"), 400, "InvalidSecurityToken.Expired");
    expect(code(&served_pair(&emulator, "n"), "GetSecretValue", "n"), 403, "Forbidden.NoPermission");
}

#[test]
fn a_request_cannot_be_replayed_nor_be_old() {
    let emulator = started();
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let (host, caller) = (&emulator.ready().kms_plain_host, Pair::caller(emulator.ready()));
    let target = signed_target(&caller, "GetSecretValue", &[("SecretName", "n")]);
    assert_eq!(get(host, &target).unwrap().code(), "OK");
    assert_eq!(get(host, &target).unwrap().code(), "SignatureNonceUsed");
    for minutes in [-16, 16] {
        let time = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
        let target = signed_target_at(time, &caller, "GetSecretValue", &[("SecretName", "n")]);
        assert_eq!(get(host, &target).unwrap().code(), "InvalidTimeStamp.Expired");
    }
}

#[test]
fn a_form_body_counts_as_parameters_and_xml_is_the_default_format() {
    let emulator = started();
    emulator.control("POST", "/secrets", json!({"name": "n"}));
    let host = &emulator.ready().kms_plain_host;
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let reply = send(host, "POST", "/", &form, "Action=GetSecretValue&AccessKeyId=x").unwrap();
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("<Code>MissingParameter</Code>"), "{}", reply.text());
}

#[test]
fn stages_and_arns_lead_to_versions() {
    let emulator = started();
    let made = emulator.control("POST", "/secrets", json!({"name": "n", "arn": true}));
    emulator.control("POST", "/secrets", json!({"name": "no-arn"}));
    let (host, caller) = (&emulator.ready().kms_plain_host, Pair::caller(emulator.ready()));
    let ask = |name: &str, stage: &str| {
        let parameters = [("SecretName", name), ("VersionStage", stage), ("FetchExtendedConfig", "True")];
        get(host, &signed_target(&caller, "GetSecretValue", &parameters)).unwrap()
    };
    let by_arn = ask(made["arn"].as_str().unwrap(), "ACSCurrent").json();
    assert_eq!(by_arn["SecretName"], "n");
    assert!(by_arn["ExtendedConfig"].as_str().unwrap().contains("n-user"));
    assert_eq!(ask("acs:kms:r:1:secret/no-arn", "ACSCurrent").code(), "Forbidden.ResourceNotFound");
    assert_eq!(ask("n", "ACSPrevious").status, 404);
    emulator.control("POST", "/secrets/n/rotate", Value::Null);
    assert_eq!(ask("n", "ACSPrevious").json()["VersionId"], by_arn["VersionId"]);
}

#[test]
fn services_have_moods_and_ports_of_their_own() {
    let emulator = started();
    let caller = Pair::caller(emulator.ready());
    let made = emulator.control("POST", "/services", json!({"name": "stubborn", "refuse_all": true}));
    let host = made["host"].as_str().unwrap().to_owned();
    assert_eq!(get(&host, &signed_target(&caller, "X", &[])).unwrap().code(), "InvalidAccessKeyId.NotFound");
    emulator.control("PATCH", "/services/stubborn", json!({"refuse_all": false, "delay_ms": 120}));
    let begin = std::time::Instant::now();
    assert_eq!(get(&host, &signed_target(&caller, "X", &[])).unwrap().code(), "OK");
    assert!(begin.elapsed() >= Duration::from_millis(120));
    let counters = emulator.control("GET", "/counters", Value::Null);
    assert_eq!(counters["services"]["stubborn"]["by_key"][&caller.id], json!({"ok": 1, "refused": 1}));
}

#[test]
fn callers_from_the_options_are_announced() {
    let callers = vec![Caller::new("id-a", "secret-a"), Caller::new("id-b", "secret-b")];
    let emulator = Emulator::start(Options { callers, ..Options::default() });
    assert_eq!(emulator.ready().access_key_id, "id-a");
    let pair = Pair { id: "id-b".into(), secret: "secret-b".into(), token: None };
    assert_eq!(call_service(&emulator, &pair).status, 200);
}

#[test]
fn an_address_beyond_loopback_is_refused() {
    let options = Options { listen: "0.0.0.0".parse().unwrap(), ..Options::default() };
    let error = Emulator::try_start(options).err().unwrap();
    assert!(error.to_string().contains("0.0.0.0 is not a loopback address"), "{error}");
}

#[test]
fn a_drop_closes_the_ports_and_removes_the_directory() {
    let emulator = started();
    let ready = emulator.ready().clone();
    let kept = client::connect(&ready.kms_plain_host).unwrap();
    drop(emulator);
    for host in [&ready.kms_plain_host, &ready.kms_host, &ready.services["default"]] {
        assert_eq!(client::connect(host).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    }
    // A connection that was still waiting to be accepted is reset, any other is closed.
    let ended = std::io::Read::read(&mut &kept, &mut [0; 8]);
    assert!(matches!(&ended, Ok(0)) || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    assert!(!ready.ca_path.exists());
}

#[test]
fn a_payload_may_be_larger_than_any_client_accepts() {
    let emulator = started();
    let data = "x".repeat(5 << 20);
    let made = emulator.control("POST", "/secrets", json!({"name": "n", "secret_data": data}));
    assert_eq!(made["access_key_id"], Value::Null);
    assert!(get_secret(&emulator, "n").unwrap().body.len() > 5 << 20);
}
