//! Many threads on one client ride through rotations of a real (emulated) secret.

mod cloud;

use cloud::{Cloud, LONG, Robot, Seen, until};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Calls `host` from many threads while `meanwhile` runs.
fn under_load(cloud: &Cloud, threads: usize, hosts: &[&str], meanwhile: impl FnOnce(&[Arc<Seen>])) -> Vec<Arc<Seen>> {
    let client = cloud.client(&[]);
    let secret = client.secret("s").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let all_seen: Vec<Arc<Seen>> = hosts.iter().map(|_| Arc::default()).collect();
    std::thread::scope(|scope| {
        for (host, seen) in hosts.iter().zip(&all_seen) {
            for _ in 0..threads {
                let (secret, stop, seen) = (secret.clone(), Arc::clone(&stop), Arc::clone(seen));
                scope.spawn(move || {
                    let robot = Robot::calling(host);
                    while !stop.load(Ordering::SeqCst) {
                        if let Err(error) = robot.call(&secret, &seen) {
                            assert!(error.starts_with("InvalidAccessKeyId"), "{error}");
                        }
                        std::thread::sleep(Duration::from_millis(5));
                    }
                });
            }
        }
        let work = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| meanwhile(&all_seen)));
        stop.store(true, Ordering::SeqCst);
        work.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    client.close(LONG).unwrap();
    all_seen
}

/// Waits until every rotation so far has been met by calls.
fn more_calls(seen: &Seen, calls: u64) {
    let goal = seen.calls() + calls;
    until("calls go on", || seen.calls() >= goal);
}

#[test]
fn a_key_that_dies_at_once_costs_no_call_and_one_fetch() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let host = cloud.service("default");
    let seen = under_load(&cloud, 16, &[&host], |seen| {
        for _ in 0..5 {
            more_calls(&seen[0], 100);
            let refused = seen[0].refused();
            cloud.rotate("s", json!({}));
            until("the old key is refused", || seen[0].refused() > refused);
        }
        more_calls(&seen[0], 100);
    });
    assert_eq!(seen[0].failed(), 0);
    assert_eq!(cloud.kms_requests(), 6, "one for the start and one for each rotation");
}

#[test]
fn a_key_that_spreads_slowly_is_waited_for() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let host = cloud.service("default");
    let seen = under_load(&cloud, 8, &[&host], |seen| {
        more_calls(&seen[0], 50);
        cloud.rotate("s", json!({ "lag_ms": 700 }));
        more_calls(&seen[0], 200);
    });
    assert_eq!(seen[0].failed(), 0);
    assert_eq!(cloud.kms_requests(), 2);
}

#[test]
fn a_service_that_refuses_everything_spoils_nobody_else() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let (host, stubborn) = (cloud.service("default"), cloud.stubborn_service());
    let seen = under_load(&cloud, 4, &[&host, &stubborn], |seen| {
        more_calls(&seen[0], 50);
        until("the stubborn service's callers see its error", || seen[1].failed() > 20);
        cloud.rotate("s", json!({}));
        more_calls(&seen[0], 200);
    });
    assert_eq!(seen[0].failed(), 0);
    assert!(cloud.kms_requests() <= 2 + 10);
}

#[test]
fn kms_down_with_the_old_key_dead_is_waited_out() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let host = cloud.service("default");
    let seen = under_load(&cloud, 8, &[&host], |seen| {
        more_calls(&seen[0], 50);
        cloud.post("/kms", json!({ "down": true }));
        let refused = seen[0].refused();
        cloud.rotate("s", json!({}));
        until("calls are refused", || seen[0].refused() > refused);
        std::thread::sleep(Duration::from_secs(2));
        cloud.post("/kms", json!({ "down": false }));
        more_calls(&seen[0], 100);
    });
    assert_eq!(seen[0].failed(), 0);
}
