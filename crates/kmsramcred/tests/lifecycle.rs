//! Threads, closing, and what a client leaves behind. One test, because it counts this process's threads.

mod cloud;

use cloud::{Cloud, LONG, our_threads, until};
use kmsramcred::{Client, ErrorKind};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn a_client_has_a_thread_only_when_it_needs_one() {
    let cloud = Cloud::start();
    for name in ["a", "b", "late"] {
        cloud.secret(name);
    }
    let client = cloud.client(&[]);
    let secret = client.secret("a").unwrap();
    assert!(our_threads().is_empty(), "no thread before the first fetch: {:?}", our_threads());
    let serial = secret.credential(LONG).unwrap().serial();
    until("only the refresher is left", || our_threads() == ["kmsramcred-refr"]);

    assert_eq!(client.secret("a").unwrap().credential(Duration::ZERO).unwrap().serial(), serial);
    watching(&cloud, &client);
    closing_while_somebody_waits(&cloud, &client);
    until("closing ends every thread", || our_threads().is_empty());
    assert_eq!(secret.credential(LONG).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(secret.refresh(LONG).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(client.secret("new").unwrap_err().kind(), ErrorKind::Closed);
    client.close(LONG).unwrap();

    let dropped = cloud.client(&[("secret_names", "a, b")]);
    until("the prefetch comes", || dropped.stats().refreshes_ok == 2);
    let word = dropped.secret("a").unwrap().generation();
    let before = word.load(Ordering::SeqCst);
    drop(dropped);
    until("dropping ends every thread", || our_threads().is_empty());
    until("a kept address stays valid and moves", || word.load(Ordering::SeqCst) > before);
    dropping_in_a_fetch(&cloud);
}

/// While KMS is down a fetch is tried again and again, for nobody once the client is gone.
fn dropping_in_a_fetch(cloud: &Cloud) {
    cloud.post("/kms", json!({ "down": true }));
    let client = cloud.client(&[("fetch_budget_milliseconds", "600000")]);
    client.secret("a").unwrap().credential(Duration::ZERO).unwrap_err();
    until("it was tried twice", || client.stats().kms_requests >= 2);
    drop(client);
    until("dropping ends a fetch that is tried again", || our_threads().is_empty());
    cloud.post("/kms", json!({ "down": false }));
}

fn watching(cloud: &Cloud, client: &Client) {
    let secret = client.secret("b").unwrap();
    let (news, failures) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&news), Arc::clone(&failures));
    let watch = secret.watch(move |event| {
        let count = if event.error.is_none() { &counts.0 } else { &counts.1 };
        count.fetch_add(1, Ordering::SeqCst);
    });
    secret.credential(LONG).unwrap();
    until("a new value is told", || news.load(Ordering::SeqCst) == 1);
    cloud.post("/kms", json!({ "down": true }));
    secret.refresh(Duration::from_millis(200)).unwrap_err();
    until("a failed fetch is told", || failures.load(Ordering::SeqCst) >= 1);
    cloud.post("/kms", json!({ "down": false }));
    until("it recovers", || !secret.explain().contains("stale"));
    drop(watch);
    let told = news.load(Ordering::SeqCst);
    cloud.rotate("b", json!({}));
    secret.refresh(LONG).unwrap();
    assert_eq!(news.load(Ordering::SeqCst), told, "a dropped watch is told nothing");
}

fn closing_while_somebody_waits(cloud: &Cloud, client: &Client) {
    let fault = cloud.fault(json!({ "at": "kms", "kind": "hang", "secret": "late" }));
    let late = client.secret("late").unwrap();
    let waiter = std::thread::spawn(move || late.credential(LONG).unwrap_err().kind());
    let late = client.secret("late").unwrap();
    until("somebody waits", || late.explain().contains("\"waiting_callers\":1"));
    client.close(LONG).expect("closing ends the exchange that hangs");
    assert_eq!(waiter.join().unwrap(), ErrorKind::Closed, "who waits is told at once");
    cloud.emulator.control("DELETE", &format!("/faults/{fault}"), serde_json::Value::Null);
}
