use crate::server::{assert_fails, get, ok, serve_bytes, spawn, transport, within};
use kmsramcred::ErrorKind;
use kmsramcred::clock::SystemClock;
use kmsramcred::exchange::Exchange;
use kmsramcred::transport::resolver::LookupFailure;
use kmsramcred::transport::{Lookup, Resolver, Spawn, TlsTrust};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const ADDRESS: [u8; 4] = [192, 0, 2, 7];

/// Counts the threads that were started and those that live.
#[derive(Default)]
struct Threads {
    started: AtomicUsize,
    alive: AtomicUsize,
}

impl Threads {
    fn spawn(self: &Arc<Threads>) -> Arc<Spawn> {
        let threads = self.clone();
        Arc::new(move |name, work| {
            assert_eq!(name, "kmsramcred-dns");
            threads.started.fetch_add(1, Ordering::SeqCst);
            threads.alive.fetch_add(1, Ordering::SeqCst);
            let counted = threads.clone();
            let run = move || {
                work();
                counted.alive.fetch_sub(1, Ordering::SeqCst);
            };
            std::thread::Builder::new().spawn(run).map(drop)
        })
    }
}

fn resolver(threads: &Arc<Threads>, lookup: Arc<Lookup>) -> Arc<Resolver> {
    Arc::new(Resolver::with_lookup(Arc::new(SystemClock), threads.spawn(), lookup))
}

/// Hangs for names that begin with `hang`; answers the others.
fn half_dead() -> Arc<Lookup> {
    Arc::new(|name| {
        if name.starts_with("hang") {
            std::thread::sleep(Duration::from_secs(60));
        }
        Ok(vec![IpAddr::from(ADDRESS)])
    })
}

#[test]
fn addresses_and_remembered_names_never_touch_a_thread() {
    let threads = Arc::new(Threads::default());
    let resolver = resolver(&threads, half_dead());
    for literal in ["127.0.0.1", "::1", "[::1]"] {
        resolver.addresses(literal, Duration::ZERO).unwrap();
    }
    for name in ["localhost", "LocalHost"] {
        let found = resolver.addresses(name, Duration::ZERO).unwrap();
        assert_eq!(found.as_ref(), [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)]);
    }
    assert_eq!(threads.started.load(Ordering::SeqCst), 0);
    assert_eq!(resolver.addresses("kms.test", Duration::from_secs(5)).unwrap().as_ref(), [IpAddr::from(ADDRESS)]);
    // The thread hangs now, and the name is known all the same.
    assert_eq!(resolver.addresses("hang.test", Duration::from_millis(50)), Err(LookupFailure::TimedOut));
    assert!(resolver.addresses("kms.test", Duration::ZERO).is_ok());
    assert_eq!(threads.started.load(Ordering::SeqCst), 1);
}

#[test]
fn look_ups_of_one_name_join() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let threads = Arc::new(Threads::default());
    let resolver = resolver(
        &threads,
        Arc::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            Ok(vec![IpAddr::from(ADDRESS)])
        }),
    );
    let barrier = Arc::new(Barrier::new(16));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let (resolver, barrier) = (resolver.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                resolver.addresses("kms.test", Duration::from_secs(5)).unwrap()
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(threads.started.load(Ordering::SeqCst), 1);
}

#[test]
fn dns_that_never_answers_costs_the_budget_and_two_threads() {
    let threads = Arc::new(Threads::default());
    let resolver = resolver(&threads, half_dead());
    let start = Instant::now();
    let mut number = 0;
    while start.elapsed() < Duration::from_millis(2_500) {
        let asked = Instant::now();
        let result = resolver.addresses(&format!("hang-{number}.test"), Duration::from_millis(50));
        assert_eq!(result, Err(LookupFailure::TimedOut));
        assert!(asked.elapsed() < Duration::from_millis(1_000));
        number += 1;
    }
    assert_eq!(threads.started.load(Ordering::SeqCst), 2);
}

#[test]
fn a_name_that_hangs_delays_another_by_a_second_at_most() {
    let threads = Arc::new(Threads::default());
    let resolver = resolver(&threads, half_dead());
    assert_eq!(resolver.addresses("hang.test", Duration::from_millis(10)), Err(LookupFailure::TimedOut));
    let start = Instant::now();
    assert!(resolver.addresses("kms.test", Duration::from_secs(8)).is_ok());
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn the_thread_ends_with_the_resolver() {
    let threads = Arc::new(Threads::default());
    let resolver = resolver(&threads, half_dead());
    resolver.addresses("kms.test", Duration::from_secs(5)).unwrap();
    assert_eq!(threads.alive.load(Ordering::SeqCst), 1);
    drop(resolver);
    let start = Instant::now();
    while threads.alive.load(Ordering::SeqCst) > 0 {
        assert!(start.elapsed() < Duration::from_secs(5), "the thread stays");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_look_up_that_panics_is_a_failure() {
    let threads = Arc::new(Threads::default());
    let resolver = resolver(&threads, Arc::new(|name| if name == "bad" { panic!("in a test") } else { Ok(vec![]) }));
    for _ in 0..2 {
        let result = resolver.addresses("bad", Duration::from_secs(5));
        assert_eq!(result, Err(LookupFailure::Failed("it panicked".to_owned())));
    }
    assert_eq!(
        resolver.addresses("none", Duration::from_secs(5)),
        Err(LookupFailure::Failed("it has no address".to_owned()))
    );
    assert_eq!(threads.started.load(Ordering::SeqCst), 1);
}

#[test]
fn without_a_thread_there_is_an_error_at_once() {
    let refuse: Arc<Spawn> = Arc::new(|_, _| Err(io::Error::other("no more threads")));
    let resolver = Resolver::with_lookup(Arc::new(SystemClock), refuse, half_dead());
    let failure = resolver.addresses("kms.test", Duration::from_secs(30)).unwrap_err();
    assert!(failure.to_string().contains("no more threads"), "{failure}");
}

#[test]
fn the_transport_tells_dns_errors_apart() {
    let unknown: Arc<Lookup> =
        Arc::new(|_| Err(io::Error::other("failed to lookup address information: Name or service not known")));
    let request = get("kms.test".to_owned(), true);
    let ask = |lookup, ms| transport(TlsTrust::System, lookup).exchange(&request, within(ms));
    let words = "kms.test: its name could not be looked up in DNS (Name or service not known)";
    assert_fails(|| ask(unknown, 5_000), ErrorKind::Network, words, 0);
    let hang: Arc<Lookup> = Arc::new(|_| {
        std::thread::sleep(Duration::from_secs(60));
        Ok(vec![])
    });
    assert_fails(|| ask(hang, 200), ErrorKind::Timeout, "kms.test: looking its name up timed out after 200 ms", 200);
}

#[test]
fn the_next_address_is_tried_when_one_refuses() {
    let address = serve_bytes(ok("x"));
    let both: Arc<Lookup> = Arc::new(|_| Ok(vec![IpAddr::from([127, 0, 0, 9]), IpAddr::from([127, 0, 0, 1])]));
    let request = get(format!("kms.test:{}", address.port()), false);
    assert_eq!(transport(TlsTrust::System, both).exchange(&request, within(5_000)).unwrap().status, 200);
}

#[test]
fn the_system_is_asked_by_default() {
    let resolver = Resolver::new(Arc::new(SystemClock), spawn());
    // An address in a spelling that only the system reads: it answers without any name server.
    let found = resolver.addresses("127.1", Duration::from_secs(5)).unwrap();
    assert_eq!(found.as_ref(), [IpAddr::from(Ipv4Addr::LOCALHOST)]);
}
