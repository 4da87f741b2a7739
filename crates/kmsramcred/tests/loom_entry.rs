//! One secret's cache under a model checker: every order of the threads' steps is tried.
//!
//! Run with `make loom`; without its cfg this file is empty.
#![cfg(kmsramcred_loom)]

use kmsramcred::cache::{DeadKeys, Entry, Launch, Policy, Published, Refusal, Ticket, Verdict};
use kmsramcred::clock::{Clock, Deadline, Moment, PausedClock};
use kmsramcred::secret_value::SecretValue;
use kmsramcred::stats::Counters;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;

const FAR: Deadline = Deadline(Moment::NEVER);

fn value(id: &str) -> SecretValue {
    SecretValue {
        access_key_id: id.to_owned(),
        access_key_secret: "secret".into(),
        security_token: None,
        version_id: String::new(),
        generated_ms: Some(0),
        expires_ms: None,
        created_ms: None,
        last_rotation_ms: None,
        next_rotation_ms: None,
        user_name: None,
        server_ms: Some(1_000_000),
    }
}

/// Each launched fetch is a thread that completes with key `id`.
struct Kms {
    entry: Arc<Entry>,
    id: &'static str,
    fetches: Arc<AtomicUsize>,
}

impl Launch for Kms {
    fn launch(&self, ticket: Ticket) {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let (entry, id) = (Arc::clone(&self.entry), self.id);
        thread::spawn(move || {
            entry.complete(&ticket, Ok(value(id)));
        });
    }
}

struct Nobody;

impl Launch for Nobody {
    fn launch(&self, _ticket: Ticket) {}
}

fn entry() -> (Arc<Entry>, Arc<Published>) {
    let clock: Arc<dyn Clock> = Arc::new(PausedClock::new(1_000_000));
    let published = Arc::new(Published::empty());
    let policy = Policy::default();
    let entry = Entry::new(
        "s".to_owned(),
        Arc::clone(&published),
        policy,
        DeadKeys::default(),
        clock,
        Arc::new(Counters::default()),
        1,
    );
    (Arc::new(entry), published)
}

/// Puts key `id` in place without any thread.
fn fill(entry: &Entry, id: &str) -> u64 {
    let ticket = entry.prefetch().expect("no flight yet");
    entry.complete(&ticket, Ok(value(id)));
    entry.acquire(FAR, &Nobody).expect("a value is there").serial()
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

#[test]
fn two_refused_calls_share_one_fetch_and_both_go_on() {
    model(|| {
        let (entry, _) = entry();
        let serial = fill(&entry, "A");
        let fetches = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let kms = Kms { entry: Arc::clone(&entry), id: "B", fetches: Arc::clone(&fetches) };
                thread::spawn(move || {
                    let refusal =
                        Refusal { serial, service: "Ecs", host: "h", code: None, http_status: None, round: 1 };
                    assert!(matches!(kms.entry.report(&refusal, FAR, &kms), Verdict::Retry));
                    assert_eq!(kms.entry.acquire(FAR, &Nobody).unwrap().access_key_id(), "B");
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_first_reader_waits_for_the_fetch_and_is_woken() {
    model(|| {
        let (entry, _) = entry();
        let fetches = Arc::new(AtomicUsize::new(0));
        let kms = Kms { entry: Arc::clone(&entry), id: "A", fetches: Arc::clone(&fetches) };
        let other = Kms { entry: Arc::clone(&entry), id: "A", fetches: Arc::clone(&fetches) };
        let reader = thread::spawn(move || other.entry.acquire(FAR, &other).unwrap().serial());
        let serial = entry.acquire(FAR, &kms).unwrap().serial();
        assert_eq!(reader.join().unwrap(), serial, "equal values have equal serials");
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_kept_credential_is_never_taken_for_current_once_a_newer_one_was_seen() {
    model(|| {
        let (entry, published) = entry();
        fill(&entry, "A");
        let kept = published.current().expect("published");
        let ticket = entry.prefetch().expect("no flight");
        let writer = thread::spawn(move || {
            entry.complete(&ticket, Ok(value("B")));
        });
        let seen = published.latest().expect("published").value.serial;
        if published.generation() == kept.generation() {
            // The fast path still says A: the word has not moved, so nobody was told of B through it.
            assert!(published.current().is_none_or(|now| now.generation() >= kept.generation()));
        }
        writer.join().unwrap();
        assert_ne!(published.generation(), kept.generation(), "whoever kept A asks again");
        let now = published.current().expect("published");
        assert_eq!(now.access_key_id(), "B");
        assert!(seen == kept.serial() || seen == now.serial());
    });
}

#[test]
fn an_invalidation_beside_a_new_value_never_revives_the_old_one() {
    model(|| {
        let (entry, published) = entry();
        fill(&entry, "A");
        let ticket = entry.prefetch().expect("no flight");
        let other = Arc::clone(&published);
        let invalidator = thread::spawn(move || other.invalidate());
        let writing = Arc::clone(&entry);
        let writer = thread::spawn(move || {
            writing.complete(&ticket, Ok(value("B")));
        });
        invalidator.join().unwrap();
        writer.join().unwrap();
        assert!(published.current().is_none_or(|now| now.access_key_id() == "B"));
        assert_eq!(entry.acquire(FAR, &Nobody).unwrap().access_key_id(), "B");
        assert_eq!(published.current().expect("stamped anew").access_key_id(), "B");
    });
}

#[test]
fn closing_wakes_whoever_waits() {
    model(|| {
        let (entry, _) = entry();
        let waiting = Arc::clone(&entry);
        let waiter = thread::spawn(move || waiting.acquire(FAR, &Nobody).is_err());
        entry.close();
        assert!(waiter.join().unwrap());
    });
}
