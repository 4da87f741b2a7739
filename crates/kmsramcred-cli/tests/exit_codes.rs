//! What the tool ends with, and what it says, where something is wrong.

mod cloud;

use cloud::{Cloud, Run, tool};
use serde_json::json;

/// The run failed with this code and this in its message, and printed nothing else.
#[track_caller]
fn assert_failed(run: &Run, code: i32, says: &str) {
    assert_eq!(run.code, Some(code), "{run:?}");
    assert!(run.err.contains(says), "{run:?}");
    assert_eq!(run.out, "", "{run:?}");
}

#[test]
fn a_command_line_that_cannot_be_used_is_2() {
    for arguments in [&["get"][..], &["got", "x"], &["get", "x", "--timeout", "soon"], &["get", "x", "y"]] {
        assert_failed(&Run::of(&mut tool(arguments)), 2, "--help");
    }
    assert_failed(&Run::of(&mut tool(&[])), 2, "Usage");
    let cloud = Cloud::start();
    assert_failed(&Run::of(&mut cloud.tool(&["get", ""])), 2, "A secret's name has 0 bytes");
}

#[test]
fn a_configuration_that_is_missing_or_wrong_is_3() {
    let run = Run::of(&mut tool(&["get", "x"]));
    assert_failed(&run, 3, "Put an identity and a region into the configuration file");
    let cloud = Cloud::start();
    cloud.configure(&[("credentials_access_key_id", "id")]);
    assert_failed(&Run::of(&mut cloud.tool(&["get", "x"])), 3, "credentials_access_secret");
    assert_failed(&Run::of(&mut cloud.tool(&["get", "x", "--config", "/nowhere"])), 3, "/nowhere");
}

#[test]
fn an_identity_that_kms_does_not_take_is_4() {
    let cloud = Cloud::with("robot");
    let secret = "not-the-right-one";
    cloud.configure(&[("credentials_access_key_id", "LTAI5tUnknown000"), ("credentials_access_secret", secret)]);
    let run = Run::of(&mut cloud.tool(&["get", "robot"]));
    assert_failed(&run, 4, "Check the identity that calls KMS");
    assert!(!run.err.contains(secret), "{run:?}");
}

#[test]
fn a_gateway_that_cannot_be_reached_is_5_within_the_time_that_was_given() {
    let cloud = Cloud::with("robot");
    cloud.post("/kms", json!({ "down": true }));
    assert_failed(&Run::of(&mut cloud.tool(&["get", "robot", "--timeout", "3"])), 5, "Check the region or endpoint");
    cloud.post("/kms", json!({ "down": false }));
    cloud.post("/faults", json!({ "at": "kms", "kind": "hang" }));
    assert_failed(&Run::of(&mut cloud.tool(&["get", "robot", "--timeout", "0.3"])), 5, "0.3 s");
}

#[test]
fn a_certificate_that_is_not_accepted_is_6() {
    let cloud = Cloud::with("robot");
    let region = json!([{ "regionId": "cn-hangzhou", "endpoint": cloud.emulator.ready().kms_host }]);
    cloud.configure_also(&[("cache_client_region_id", &region.to_string())]);
    assert_failed(&Run::of(&mut cloud.tool(&["get", "robot"])), 6, "certificate");
}

#[test]
fn what_kms_says_about_the_secret_has_its_own_numbers() {
    let cloud = Cloud::with("robot");
    assert_failed(&Run::of(&mut cloud.tool(&["get", "nobody"])), 8, "Check the secret's name, region and account.");

    let denied = json!({ "at": "kms", "kind": "status", "status": 403, "code": "Forbidden.NoPermission", "times": 1 });
    cloud.post("/faults", denied);
    assert_failed(&Run::of(&mut cloud.tool(&["get", "robot"])), 7, "Allow kms:GetSecretValue");

    cloud.post("/faults", json!({ "at": "kms", "kind": "throttle" }));
    assert_failed(&Run::of(&mut cloud.tool(&["get", "robot", "--timeout", "3"])), 9, "Rejected.Throttling");
    cloud.emulator.control("DELETE", "/faults", serde_json::Value::Null);

    cloud.post("/secrets", json!({ "name": "text", "secret_data": "no JSON", "type": "Generic" }));
    assert_failed(&Run::of(&mut cloud.tool(&["get", "text"])), 11, "Name a RAM secret");
}

#[test]
fn another_refusal_is_10() {
    let cloud = Cloud::with("robot");
    cloud.post("/faults", json!({ "at": "kms", "kind": "status", "status": 400, "code": "InvalidParameter" }));
    assert_failed(&Run::of(&mut cloud.tool(&["get", "robot"])), 10, "InvalidParameter");
}

#[test]
fn output_that_nobody_takes_is_1() {
    let cloud = Cloud::with("robot");
    for order in ["get", "credential-process", "doctor"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = cloud.tool(&[order, "robot"]).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{order}: {said}");
        assert!(said.contains("The output cannot be written"), "{order}: {said}");
    }
}

#[test]
fn help_names_every_exit_code() {
    for arguments in [&["--help"][..], &["get", "--help"]] {
        let run = Run::of(&mut tool(arguments));
        assert_eq!(run.code, Some(0));
        assert!(run.out.contains("Exit codes:") && run.out.contains("  7  KMS denies the secret"), "{run:?}");
    }
}
