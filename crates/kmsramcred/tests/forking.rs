//! Real forks of a process with a client in use. One test, because a fork copies the whole process.

mod cloud;

use cloud::{Cloud, LONG, Robot, Seen, until};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Runs `work` in a forked child and answers its exit code.
fn in_a_child(work: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child runs ordinary code after the fork, which is what this test is about: glibc allows it, and the
    // library promises that nothing of its own stands in the way.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        let fine = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_ok();
        // SAFETY: leaves without running the parent's exit handlers.
        unsafe { libc::_exit(i32::from(!fine)) };
    }
    pid
}

fn exit_code(pid: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: `pid` is a child of this process; `status` is writable.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    status
}

#[test]
fn parent_children_and_grandchildren_ride_through_rotations() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let client = cloud.client(&[]);
    let secret = client.secret("s").unwrap();
    let before = secret.credential(LONG).unwrap();
    let host = cloud.service("default");

    let told = AtomicUsize::new(0);
    let told: &'static AtomicUsize = Box::leak(Box::new(told));
    let watch = secret.watch(|_| {
        told.fetch_add(1, Ordering::SeqCst);
    });
    let mut watch = Some(watch);
    let told_before = told.load(Ordering::SeqCst);
    let mut work = |grandchildren: u32| {
        let seen = Seen::default();
        let robot = Robot::calling(&host);
        // The parent may have been told of the first value by now.
        let told_before = told.load(Ordering::SeqCst);
        assert!(!before.is_current(&secret), "a kept credential asks again after a fork");
        assert_eq!(secret.credential(Duration::ZERO).unwrap().serial(), before.serial(), "without any fetch");
        for _ in 0..grandchildren {
            let pid = in_a_child(|| robot_rides(&host, &secret));
            assert_eq!(exit_code(pid), 0);
        }
        // Until the parent rotates, and a few calls beyond.
        until("a rotation comes", || {
            robot.call(&secret, &seen).unwrap();
            seen.refused() > 0
        });
        robot_rides(&host, &secret);
        secret.refresh(LONG).unwrap();
        assert_eq!(told.load(Ordering::SeqCst), told_before, "a watch is the parent's");
        drop(watch.take());
        client.close(LONG).unwrap();
    };
    let children: Vec<_> = (0..4).map(|n| in_a_child(|| work(n % 2))).collect();
    std::thread::sleep(Duration::from_millis(500));
    cloud.rotate("s", json!({}));
    robot_rides(&host, &secret);
    for child in children {
        assert_eq!(exit_code(child), 0);
    }
    until("the parent's watch is told", || told.load(Ordering::SeqCst) > told_before);
    drop(watch);

    forking_in_the_middle_of_a_fetch(&cloud);
    a_child_needs_no_ca_file(&cloud);
    forking_while_a_program_runs(&cloud);
    client.close(LONG).unwrap();
}

fn robot_rides(host: &str, secret: &kmsramcred::Secret) {
    let (robot, seen) = (Robot::calling(host), Seen::default());
    for _ in 0..20 {
        robot.call(secret, &seen).unwrap();
    }
}

/// The child inherits locks, a worker and a connection in the middle of their work; it must touch none of them.
fn forking_in_the_middle_of_a_fetch(cloud: &Cloud) {
    cloud.secret("t");
    let client = cloud.client(&[]);
    let secret = client.secret("t").unwrap();
    let fault = cloud.fault(json!({ "at": "kms", "kind": "delay", "delay_ms": 1_000, "times": 1 }));
    assert!(secret.credential(Duration::ZERO).is_err(), "the fetch is under way");
    let children: Vec<_> = (0..20)
        .map(|_| {
            in_a_child(|| {
                secret.credential(LONG).unwrap();
                assert!(!client.secret("t").unwrap().credential(Duration::ZERO).unwrap().version_id().is_empty());
                drop(secret.watch(|_| {}));
                client.close(LONG).unwrap();
            })
        })
        .collect();
    for child in children {
        assert_eq!(exit_code(child), 0);
    }
    cloud.emulator.control("DELETE", &format!("/faults/{fault}"), serde_json::Value::Null);
    secret.credential(LONG).unwrap();
    client.close(LONG).unwrap();
}

/// Each process runs the program for itself, and needs nothing of the run that its parent is in the middle of.
fn forking_while_a_program_runs(cloud: &Cloud) {
    const CHILDREN: usize = 5;
    cloud.secret("v");
    let folder = std::env::temp_dir().join(format!("kmsramcred-forking-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (log, go, profile) = (folder.join("log"), folder.join("go"), folder.join("config.json"));
    let ready = cloud.emulator.ready();
    let answer = json!({
        "mode": "AK", "access_key_id": ready.access_key_id, "access_key_secret": ready.access_key_secret,
    });
    let script = r#"echo run >>"$1"; while [ ! -e "$2" ]; do sleep 0.01; done; printf %s "$3""#;
    let command = format!("sh -c '{script}' sh '{}' '{}' '{answer}'", log.display(), go.display());
    let text = json!({ "current": "p", "profiles": [{ "name": "p", "mode": "External", "process_command": command }] });
    std::fs::write(&profile, text.to_string()).unwrap();
    // SAFETY: no other thread of this process reads or writes the environment now.
    unsafe { std::env::set_var("ALIBABA_CLOUD_CONFIG_FILE", &profile) };
    let mut builder = kmsramcred::Config::builder();
    for (key, value) in cloud.settings().iter().filter(|(key, _)| !key.starts_with("credentials_")) {
        builder.set(key, value).unwrap();
    }
    let config = builder.set("allow_external_process", "true").unwrap().build().unwrap();
    let client = kmsramcred::Client::new(config).unwrap();
    let secret = client.secret("v").unwrap();
    assert!(secret.credential(Duration::ZERO).is_err(), "the program runs");
    let runs = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    until("the program runs", || runs() == 1);
    let work = || {
        secret.credential(LONG).unwrap();
        client.close(LONG).unwrap();
    };
    let children: Vec<_> = (0..CHILDREN).map(|_| in_a_child(work)).collect();
    until("each child runs it", || runs() == 1 + CHILDREN);
    std::fs::write(&go, "").unwrap();
    secret.credential(LONG).unwrap();
    for child in children {
        assert_eq!(exit_code(child), 0);
    }
    assert_eq!(runs(), 1 + CHILDREN, "each process once");
    client.close(LONG).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What a client trusts is settled when it is made: the file may go, or become one that nobody ever writes to.
fn a_child_needs_no_ca_file(cloud: &Cloud) {
    cloud.secret("u");
    let path = std::env::temp_dir().join(format!("kmsramcred-forking-{}.pem", std::process::id()));
    std::fs::copy(&cloud.emulator.ready().ca_path, &path).unwrap();
    let region = json!([{
        "regionId": "cn-hangzhou", "endpoint": cloud.emulator.ready().kms_host, "caFilePath": path,
    }]);
    let client = cloud.client(&[("cache_client_region_id", &region.to_string())]);
    let secret = client.secret("u").unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let child = in_a_child(|| {
        // SAFETY: only sets a timer, which ends a child that waits for the pipe.
        unsafe { libc::alarm(30) };
        secret.credential(LONG).unwrap();
    });
    let code = exit_code(child);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(code, 0);
    client.close(LONG).unwrap();
}
