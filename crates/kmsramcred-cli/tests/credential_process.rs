//! `kmsramcred credential-process` against the emulator.

mod cloud;

use cloud::{Cloud, ID, Run, SECRET};
use serde_json::json;

#[test]
fn a_permanent_key_is_a_profile_of_mode_ak() {
    let cloud = Cloud::with("robot");
    cloud.configure_also(&[("max_stale_milliseconds", "60000"), ("what", "is noticed")]);
    let run = Run::of(&mut cloud.tool(&["credential-process", "robot"]));
    let expected = json!({ "mode": "AK", "access_key_id": ID, "access_key_secret": SECRET });
    assert_eq!(run.json(), expected);
    assert!(run.err.contains("warning"), "only JSON is on standard output: {run:?}");
}

#[test]
fn a_temporary_key_is_a_profile_of_mode_sts_token_with_its_end() {
    let cloud = Cloud::start();
    cloud.secret("robot", json!({ "security_token": "the-token", "expire_seconds": 3_000 }));
    let mut profile = Run::of(&mut cloud.tool(&["credential-process", "robot"])).json();
    let expiration = profile.as_object_mut().unwrap().remove("expiration").unwrap();
    let expected =
        json!({ "mode": "StsToken", "access_key_id": ID, "access_key_secret": SECRET, "sts_token": "the-token" });
    assert_eq!(profile, expected);
    let shape: String =
        expiration.as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z");
}

#[test]
fn a_failure_leaves_standard_output_empty() {
    let cloud = Cloud::start();
    let run = Run::of(&mut cloud.tool(&["credential-process", "nobody"]));
    assert_eq!(run.code, Some(8), "{run:?}");
    assert!(run.out.is_empty() && run.err.contains("nobody"), "{run:?}");
}
