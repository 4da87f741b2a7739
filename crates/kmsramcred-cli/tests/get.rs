//! `kmsramcred get` against the emulator.

mod cloud;

use cloud::{Cloud, ID, Run, SECRET};
use serde_json::json;

#[test]
fn metadata_are_told_and_the_secret_is_not() {
    let cloud = Cloud::with("robot");
    for arguments in [&["get", "robot", "--json"][..], &["get", "robot"]] {
        let run = Run::of(&mut cloud.tool(arguments));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.out.contains("…WXYZ"), "{run:?}");
        for hidden in [ID, SECRET, &cloud.emulator.ready().access_key_secret] {
            assert!(!run.out.contains(hidden) && !run.err.contains(hidden), "{run:?}");
        }
        assert_eq!(run.err, "");
    }
    let told = Run::of(&mut cloud.tool(&["get", "robot", "--json"])).json();
    assert_eq!(told["name"], "robot");
    assert_eq!(told["temporary"], false);
    assert_eq!(told["not_after"], json!(null));
    assert!(told["serial"].as_u64().unwrap() > 0 && !told["version_id"].as_str().unwrap().is_empty(), "{told}");
    assert_eq!(told["user_name"], "robot-user");
    assert_eq!(told["next_refresh"]["rotation_expected"], false);
    assert!(told.get("access_key_secret").is_none() && told.get("security_token").is_none(), "{told}");
}

#[test]
fn the_secret_is_shown_to_those_who_ask_for_it() {
    let cloud = Cloud::start();
    cloud.secret("robot", json!({ "security_token": "the-token", "expire_seconds": 3_000 }));
    let told = Run::of(&mut cloud.tool(&["get", "robot", "--json", "--show-secret"])).json();
    assert_eq!(told["access_key_id"], ID);
    assert_eq!(told["access_key_secret"], SECRET);
    assert_eq!(told["security_token"], "the-token");
    assert_eq!(told["temporary"], true);
    assert!(told["not_after"].as_str().unwrap().ends_with('Z'), "{told}");
    let table = Run::of(&mut cloud.tool(&["get", "robot", "--show-secret"]));
    for shown in [ID, SECRET, "the-token", "temporary"] {
        assert!(table.out.contains(shown), "{table:?}");
    }
    let hidden = Run::of(&mut cloud.tool(&["get", "robot"]));
    assert!(!hidden.out.contains("the-token") && hidden.out.contains("temporary"), "{hidden:?}");
}

#[test]
fn one_request_is_made_whatever_the_configuration_fetches_beforehand() {
    let cloud = Cloud::with("robot");
    cloud.secret("other", json!({}));
    cloud.configure_also(&[("secret_names", "robot,other")]);
    Run::of(&mut cloud.tool(&["get", "robot", "--json"])).json();
    assert_eq!(cloud.kms_requests(), 1);
}

#[test]
fn the_file_of_the_command_line_comes_first_and_what_it_says_in_vain_is_told() {
    let cloud = Cloud::with("robot");
    cloud.configure_also(&[("secret_name", "robot")]);
    let path = cloud.config_path();
    let mut command = cloud.tool(&["get", "robot", "--config", path.to_str().unwrap(), "--json"]);
    let run = Run::of(command.env("KMSRAMCRED_CONFIG", "/nowhere"));
    run.json();
    assert!(run.err.contains("warning: configuration: Unknown key: found `secret_name`"), "{run:?}");
    assert!(run.err.contains("secret_names"), "{run:?}");
}
