//! The command: its ready line, and everything that makes it end.

use kms_emulator::Options;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kms-emulator"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ready(child: &mut Child) -> Value {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn ends_well(child: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return assert!(status.success(), "{status}"),
            None if Instant::now() > deadline => {
                child.kill().unwrap();
                panic!("the emulator does not end");
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[test]
fn the_ready_line_names_every_address_and_the_end_of_stdin_ends_it() {
    let mut child = command().args(["--exit-with-stdin", "--access-key", "id:secret"]).spawn().unwrap();
    let ready = ready(&mut child);
    for field in [
        "control",
        "kms",
        "kms_host",
        "kms_plain_host",
        "dedicated_host",
        "metadata",
        "ca_path",
        "dedicated_ca_path",
        "oss_host",
    ] {
        assert!(ready[field].is_string(), "{field} in {ready}");
    }
    assert!(ready["services"]["default"].is_string() && ready["services_tls"]["default"].is_string());
    assert_eq!((&ready["access_key_id"], &ready["access_key_secret"]), (&"id".into(), &"secret".into()));
    assert_eq!(ready["pid"], child.id());
    let ca = std::path::PathBuf::from(ready["ca_path"].as_str().unwrap());
    assert!(ca.is_absolute() && ca.exists());
    drop(child.stdin.take());
    ends_well(&mut child);
    assert!(!ca.exists(), "the temporary directory stays behind");
}

#[test]
fn signals_end_it_and_the_state_directory_stays() {
    let directory = std::env::temp_dir().join(format!("kms-emulator-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for signal in ["TERM", "INT"] {
        let file = directory.join("ready.json");
        let arguments = ["--state-dir", directory.to_str().unwrap(), "--ready-file", file.to_str().unwrap()];
        let mut child = command().args(arguments).spawn().unwrap();
        let line = ready(&mut child);
        let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(written, line);
        let kill = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        ends_well(&mut child);
        assert!(directory.join("ca.pem").exists());
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn it_ends_with_its_parent() {
    let script = format!("{} --parent-pid-exit & sleep 0.5", env!("CARGO_BIN_EXE_kms-emulator"));
    let mut shell = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let host = ready["metadata"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    shell.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(&host).is_ok() {
        assert!(Instant::now() < deadline, "it outlives its parent: {ready}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn wrong_arguments_are_named() {
    for (arguments, part) in [
        (&["--listen", "192.0.2.1"][..], "192.0.2.1 is not a loopback address"),
        (&["--access-key", "no-colon"], "expected ID:SECRET"),
        (&["--state-dir", "/does/not/exist"], "/does/not/exist"),
    ] {
        let output = command().args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && errors.contains(part), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command().args(["--control-port", &port]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains(&format!("127.0.0.1, port {port}: ")), "{errors}");
}

#[test]
fn help_describes_the_control_api() {
    let output = command().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("--exit-with-stdin") && help.contains("POST /secrets/{name}/rotate"));
}

#[test]
fn settings_do_not_show_secrets() {
    let callers = vec![kms_emulator::Caller::new("id", "hidden-secret")];
    let shown = format!("{:?}", Options { callers, ..Options::default() });
    assert!(shown.contains("id") && !shown.contains("hidden-secret"));
}
