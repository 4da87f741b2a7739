//! How many signed requests a service answers in a second; run it by name, on a quiet machine.

mod client;

use client::{Pair, connect, signed_target};
use kms_emulator::{Emulator, Options};
use serde_json::Value;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 4;
const DURATION: Duration = Duration::from_secs(3);
const GOAL: f64 = 3000.0;

#[test]
#[ignore = "a measurement, not a check of behaviour"]
fn a_service_sustains_thousands_of_requests_a_second() {
    let emulator = Emulator::start(Options::default());
    let (host, pair) = (&emulator.ready().services["default"], Pair::caller(emulator.ready()));
    let (answered, begin) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut stream = connect(host).unwrap();
                while begin.elapsed() < DURATION {
                    let target = signed_target(&pair, "DescribeInstances", &[("RegionId", "cn-hangzhou")]);
                    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                    stream.write_all(request.as_bytes()).unwrap();
                    let mut answer = [0; 4096];
                    let length = stream.read(&mut answer).unwrap();
                    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let rate = answered.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64();
    let counted = emulator.control("GET", "/counters", Value::Null)["services"]["default"]["ok"].clone();
    assert_eq!(counted, answered.load(Ordering::Relaxed));
    let line = format!("{rate:.0} requests a second over {CONNECTIONS} connections, signing included\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert!(rate >= GOAL, "{line}");
}
