//! `kmsramcred exec` against the emulator.

mod cloud;

use cloud::{Cloud, ID, Run, SECRET};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

const ENV: &[&str] = &["exec", "robot", "--", "env"];

#[test]
fn the_program_has_the_key_and_no_other_identity() {
    let cloud = Cloud::with("robot");
    let mut command = cloud.tool(ENV);
    for name in [
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "ALIBABA_CLOUD_ROLE_ARN",
        "ALICLOUD_ACCESS_KEY",
        "SECURITY_TOKEN",
        "OSS_ACCESS_KEY_ID",
        "client_key_password",
        "credentials_access_secret",
    ] {
        command.env(name, "inherited");
    }
    let run = Run::of(command.env("ALIBABA_CLOUD_REGION_ID", "cn-hangzhou").env("OTHER", "kept"));
    let mut lines: Vec<&str> = run.out.lines().collect();
    lines.sort_unstable();
    let config = format!("KMSRAMCRED_CONFIG={}", cloud.config_path().display());
    let (id, secret) =
        (format!("ALIBABA_CLOUD_ACCESS_KEY_ID={ID}"), format!("ALIBABA_CLOUD_ACCESS_KEY_SECRET={SECRET}"));
    let expected =
        [&id, &secret, "ALIBABA_CLOUD_REGION_ID=cn-hangzhou", config.as_str(), "OTHER=kept", "PATH=/usr/bin:/bin"];
    assert_eq!(lines, expected, "{run:?}");
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_temporary_key_brings_its_token_and_a_warning_about_its_end() {
    let cloud = Cloud::start();
    cloud.secret("robot", json!({ "security_token": "the-token", "expire_seconds": 3_000 }));
    let run = Run::of(cloud.tool(ENV).env("ALIBABA_CLOUD_SECURITY_TOKEN", "inherited"));
    assert!(run.out.contains("ALIBABA_CLOUD_SECURITY_TOKEN=the-token\n"), "{run:?}");
    assert!(run.err.contains("warning: secret \"robot\": its key ends at 20"), "{run:?}");
}

#[test]
fn a_rotation_that_is_due_is_warned_of() {
    let cloud = Cloud::start();
    cloud.secret("robot", json!({ "rotation_interval": "604800s", "next_rotation_seconds": 1_800 }));
    let run = Run::of(&mut cloud.tool(&["exec", "robot", "--", "true"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("a rotation is due") && run.err.contains("after the announced rotation"), "{run:?}");
}

#[test]
fn status_signals_and_arguments_are_the_programs_own() {
    let cloud = Cloud::with("robot");
    let run = Run::of(&mut cloud.tool(&["exec", "robot", "--", "sh", "-c", "echo \"$1\"; exit 42", "sh", "--json -x"]));
    assert_eq!((run.code, run.out.as_str()), (Some(42), "--json -x\n"), "{run:?}");

    let status = cloud.tool(&["exec", "robot", "--", "sh", "-c", "kill -TERM $$"]).status().unwrap();
    assert_eq!(status.signal(), Some(15));

    let child =
        cloud.tool(&["exec", "robot", "--", "sh", "-c", "echo $$"]).stdout(std::process::Stdio::piped()).spawn();
    let child = child.unwrap();
    let pid = child.id().to_string();
    let said = child.wait_with_output().unwrap().stdout;
    assert_eq!(String::from_utf8(said).unwrap().trim(), pid, "the program has this process's place");
}

#[test]
fn the_program_finds_signals_and_files_as_any_other() {
    let cloud = Cloud::with("robot");
    let look = ["sh", "-c", "grep SigBlk /proc/self/status; ls /proc/self/fd"];
    let direct = Run::of(std::process::Command::new(look[0]).args(&look[1..]));
    let run = Run::of(&mut cloud.tool(&[&["exec", "robot", "--"][..], &look].concat()));
    assert_eq!((run.code, &run.out), (Some(0), &direct.out), "{run:?}");
    // A Rust program ignores this one.
    let status = cloud.tool(&["exec", "robot", "--", "sh", "-c", "kill -PIPE $$"]).status().unwrap();
    assert_eq!(status.signal(), Some(13));
}

#[test]
fn a_program_that_is_not_found_is_127_and_one_that_cannot_be_run_126() {
    let cloud = Cloud::with("robot");
    let run = Run::of(&mut cloud.tool(&["exec", "robot", "--", "no-such-program"]));
    assert_eq!(run.code, Some(127), "{run:?}");
    assert!(run.err.contains("The program no-such-program cannot be run"), "{run:?}");
    let path = cloud.path("not-executable");
    std::fs::write(&path, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let run = Run::of(&mut cloud.tool(&["exec", "robot", "--", path.to_str().unwrap()]));
    assert_eq!(run.code, Some(126), "{run:?}");
    assert!(!run.err.contains(SECRET), "{run:?}");
}

#[test]
fn no_program_is_run_without_a_key_or_without_a_name() {
    let cloud = Cloud::start();
    let run = Run::of(&mut cloud.tool(&["exec", "nobody", "--", "echo", "ran"]));
    assert_eq!((run.code, run.out.as_str()), (Some(8), ""), "{run:?}");
    for arguments in [&["exec", "robot"][..], &["exec", "robot", "--"], &["exec", "robot", "env"]] {
        assert_eq!(Run::of(&mut cloud.tool(arguments)).code, Some(2), "{arguments:?}");
    }
}
