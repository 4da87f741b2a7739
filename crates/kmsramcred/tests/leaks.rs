//! Everything at the most verbose log level: no key, secret, token or signature reaches a log record of any crate, an
//! error, `explain`, or a `Debug` text. One test, because a process has one logger.

mod cloud;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloud::{Cloud, LONG, Robot, Seen};
use kmsramcred::{Client, Config, ErrorKind, LogLevel, Refusal, set_log_callback};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::sync::Mutex;
use std::time::Duration;

/// Everything that was said, by whom.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn say(text: impl Into<String>) {
    SAID.lock().unwrap().push(text.into());
}

struct Everything;

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // The emulator runs in this process and is not what is tested.
        if !["kms_emulator", "hyper", "tokio", "axum", "tower"].iter().any(|own| record.target().starts_with(own)) {
            say(format!("{} {} {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

const CALLER: [&str; 3] =
    ["LTAI5tCallerOfTheLeakTest", "caller+secret/that=must/never+show", "caller-token/with+odd=chars"];
const ROBOT: [&str; 3] =
    ["LTAI5tRobotOfTheLeakTest1", "robot+secret/that=must/never+show", "robot-token/with+odd=chars"];

#[test]
fn nothing_secret_is_ever_said() {
    log::set_logger(&Everything).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    set_log_callback(LogLevel::Debug, Some(Box::new(|level, text| say(format!("callback {level:?} {text}")))));

    let cloud = Cloud::start();
    let [id, secret, token] = CALLER;
    cloud.post("/callers", json!({ "access_key_id": id, "access_key_secret": secret, "security_token": token }));
    let [id, secret, token] = ROBOT;
    cloud.post(
        "/secrets",
        json!({ "name": "s", "access_key_id": id, "access_key_secret": secret, "security_token": token,
            "expire_seconds": 3600 }),
    );
    for (name, data) in [
        ("odd", json!({ "AccessKeyId": id, "AccessKeySecret": [secret] }).to_string()),
        ("torn", format!("{{\"AccessKeySecret\":\"{secret}\",\"AccessKeyId\":")),
    ] {
        cloud.post("/secrets", json!({ "name": name, "secret_data": data }));
    }
    for signature in ["acs3", "v1"] {
        ride(&cloud, signature);
        fail(&cloud, signature);
    }
    wrong_settings();
    set_log_callback(LogLevel::Error, None);

    let said = SAID.lock().unwrap();
    assert!(said.len() > 100, "too little was said to prove anything: {}", said.len());
    assert!(said.iter().any(|text| text.contains("ureq") || text.contains("rustls")), "the dependencies were silent");
    for text in said.iter() {
        for word in CALLER.iter().chain(&ROBOT).flat_map(|secret| spellings(secret)) {
            assert!(!text.contains(&word), "{word:?} in {text:?}");
        }
        let hex = text.split(|c: char| !c.is_ascii_hexdigit()).find(|run| run.len() >= 64);
        assert!(hex.is_none() && !text.contains("Signature="), "a signature in {text:?}");
    }
}

/// A secret as it is, in Base64, and percent-encoded; and its first half, which says too much already.
fn spellings(secret: &str) -> Vec<String> {
    let half = &secret[..secret.len() / 2];
    let mut spellings = vec![half.to_owned(), utf8_percent_encode(half, NON_ALPHANUMERIC).to_string()];
    // The start of a Base64 text depends on the start of the secret only, in groups of three bytes.
    let groups = &half[..half.len() / 3 * 3];
    spellings.extend([STANDARD.encode(groups), URL_SAFE_NO_PAD.encode(groups)]);
    spellings
}

fn config(cloud: &Cloud, signature: &str, secret: &str) -> Config {
    let mut builder = Config::builder();
    builder.access_key(CALLER[0], secret, Some(CALLER[2])).unwrap();
    builder.set("cache_client_region_id", &cloud.settings()[3].1).unwrap().set("signature", signature).unwrap();
    say(format!("{builder:?}"));
    let config = builder.build().unwrap();
    say(format!("{config:?}"));
    config
}

/// What goes well: fetches, calls, a rotation, a watch.
fn ride(cloud: &Cloud, signature: &str) {
    let client = Client::new(config(cloud, signature, CALLER[1])).unwrap();
    let secret = client.secret("s").unwrap();
    let credential = secret.credential(LONG).unwrap();
    assert_eq!(credential.access_key_secret(), ROBOT[1], "the secret is the one that is looked for");
    let _watch = secret.watch(|event| say(format!("{event:?}")));
    let (robot, seen) = (Robot::calling(&cloud.service("default")), Seen::default());
    robot.call(&secret, &seen).unwrap();
    secret.refresh(LONG).unwrap();
    let refusal = Refusal {
        serial: credential.serial(),
        service: "Ecs",
        host: "h",
        code: Some("InvalidAccessKeyId"),
        http_status: Some(404),
        round: 1,
    };
    say(format!("{:?}", secret.report_failure(&refusal, LONG)));
    say(format!("{credential:?} {secret:?} {client:?} {refusal:?} {}", client.explain()));
    client.close(LONG).unwrap();
}

/// What goes wrong: every trouble of the gateway, a wrong identity, values that are no AccessKey.
fn fail(cloud: &Cloud, signature: &str) {
    let echo = format!("{} {} {}", CALLER[1], CALLER[2], ROBOT[1]);
    for fault in [
        json!({ "kind": "status", "status": 403, "code": "Forbidden.NoPermission", "message": echo }),
        json!({ "kind": "status", "status": 500, "code": "InternalError", "message": echo }),
        json!({ "kind": "throttle" }),
        json!({ "kind": "html" }),
        json!({ "kind": "body", "body": echo }),
        json!({ "kind": "truncate" }),
        json!({ "kind": "reset" }),
        json!({ "kind": "redirect" }),
        json!({ "kind": "clock", "clock_offset_seconds": 5000 }),
    ] {
        let mut fault = fault;
        fault["at"] = json!("kms");
        cloud.fault(fault);
        let client = Client::new(config(cloud, signature, CALLER[1])).unwrap();
        let secret = client.secret("s").unwrap();
        let result = secret.credential(Duration::from_millis(400));
        say(format!(
            "{result:?} {} {}",
            secret.explain(),
            result.as_ref().err().map(ToString::to_string).unwrap_or_default()
        ));
        cloud.end_faults();
        client.close(LONG).unwrap();
    }
    for (name, secret, kind) in [
        ("s", "a-wrong-secret", ErrorKind::SourceDenied),
        ("odd", CALLER[1], ErrorKind::SecretMalformed),
        ("torn", CALLER[1], ErrorKind::SecretMalformed),
    ] {
        let client = Client::new(config(cloud, signature, secret)).unwrap();
        let error = client.secret(name).unwrap().credential(LONG).unwrap_err();
        say(format!("{error} {error:?} {}", client.explain()));
        assert_eq!(error.kind(), kind, "{name}: {error}");
        client.close(LONG).unwrap();
    }
}

/// Settings whose errors and notices must not quote them.
fn wrong_settings() {
    let [id, secret, token] = CALLER;
    let directory = std::env::temp_dir().join(format!("kmsramcred-leaks-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("wrong.properties");
    for text in [
        format!("credentials_type=ak\ncredentials_access_key_id={secret}\u{1}\ncredentials_access_secret={secret}\n"),
        format!("credentials_type=ak\ncredentials_access_secret={secret}\n{secret}={token}\n{secret}\n"),
        format!(
            "credentials_type=ak\ncredentials_access_key_id={id}\ncredentials_access_secret={secret}\ncredentials_security_token={token}\ncache_client_region_id=none\n"
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        say(format!("{:?}", Config::from_file(Some(&path)).map_err(|error| error.to_string())));
    }
    std::fs::remove_dir_all(&directory).unwrap();
    let mut builder = Config::builder();
    say(format!(
        "{:?}",
        builder.set("credentials_access_secret", &format!("{secret}\n")).map(|_| ()).map_err(|error| error.to_string())
    ));
    say(format!("{:?}", builder.set(secret, token).map(|_| ()).map_err(|error| error.to_string())));
    say(format!("{builder:?}"));
}
