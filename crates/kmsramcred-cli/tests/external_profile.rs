//! `kmsramcred credential-process` as the program of an `External` profile, which gives the library its identity.

mod cloud;

use cloud::{Cloud, ID, Run, tool};
use serde_json::json;
use std::process::Command;

/// Asks for `robot` with the identity of a profile that runs `command` of this tool.
fn asking(cloud: &Cloud, command: &str) -> Command {
    let home = cloud.path("home");
    std::fs::create_dir_all(home.join(".aliyun")).unwrap();
    let process_command = format!("'{}' {command}", env!("CARGO_BIN_EXE_kmsramcred"));
    let profile = json!({ "name": "p", "mode": "External", "process_command": process_command });
    let file = json!({ "current": "p", "profiles": [profile] });
    std::fs::write(home.join(".aliyun/config.json"), file.to_string()).unwrap();
    let region = std::fs::read_to_string(cloud.config_path()).unwrap();
    let region = region.lines().find(|line| line.starts_with("cache_client_region_id=")).unwrap();
    let without_identity = cloud.path("without-identity.properties");
    std::fs::write(&without_identity, region).unwrap();
    let mut command = tool(&["get", "robot"]);
    command
        .env("HOME", home)
        .env("KMSRAMCRED_CONFIG", without_identity)
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    command
}

const ALLOW: &str = "KMSRAMCRED_ALLOW_EXTERNAL_PROCESS";

#[test]
fn the_library_takes_its_identity_from_a_secret_by_way_of_the_tool() {
    let (cloud, other) = (Cloud::with("robot"), Cloud::start());
    let ready = cloud.emulator.ready();
    let reader = json!({ "access_key_id": ready.access_key_id, "access_key_secret": ready.access_key_secret });
    other.secret("reader", reader);
    let inner = format!("credential-process reader --timeout 9 --config '{}'", other.config_path().display());
    let run = Run::of(asking(&cloud, &inner).env(ALLOW, "true"));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.contains(&ID[ID.len() - 4..]), "{run:?}");
    assert_eq!((cloud.kms_requests(), other.kms_requests()), (1, 1));
}

#[test]
fn a_program_that_is_not_allowed_is_not_run() {
    let cloud = Cloud::with("robot");
    let inner = format!("credential-process robot --config '{}'", cloud.config_path().display());
    let run = Run::of(&mut asking(&cloud, &inner));
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.err.contains(ALLOW) && run.out.is_empty(), "{run:?}");
    assert_eq!(cloud.kms_requests(), 0);
}

#[test]
fn a_profile_that_leads_back_to_itself_ends_with_an_error() {
    let cloud = Cloud::with("robot");
    let run = Run::of(asking(&cloud, "credential-process robot").env(ALLOW, "true"));
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.err.contains("KMSRAMCRED_IN_EXTERNAL is set"), "what the program said is seen: {run:?}");
    assert!(run.err.contains("ended with exit status 3") && run.out.is_empty(), "{run:?}");
    assert_eq!(cloud.kms_requests(), 0);
}
