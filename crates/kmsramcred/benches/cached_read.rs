//! What a cached credential costs in Rust, as ratios to an atomic load measured in the same run. Exits with 1 when a
//! goal is missed.

use kms_emulator::{Emulator, Options};
use kmsramcred::{Client, Config};
use serde_json::json;
use std::hint::black_box;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const RUNS: u32 = 5;
const ROUNDS: u32 = 20_000_000;

struct Row<'a> {
    name: &'a str,
    goal: Option<f64>,
    body: Box<dyn FnMut() + 'a>,
    ns: f64,
}

impl<'a> Row<'a> {
    fn new(name: &'a str, goal: Option<f64>, body: impl FnMut() + 'a) -> Row<'a> {
        Row { name, goal, body: Box::new(body), ns: f64::INFINITY }
    }
}

fn client(emulator: &Emulator) -> Client {
    emulator.control("POST", "/secrets", json!({ "name": "bench" }));
    let ready = emulator.ready();
    let region = json!([{ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path }]);
    let mut config = Config::builder();
    config.access_key(&ready.access_key_id, &ready.access_key_secret, None).expect("a key");
    config.set("cache_client_region_id", &region.to_string()).expect("a region");
    Client::new(config.build().expect("a configuration")).expect("a client")
}

fn main() -> std::io::Result<()> {
    let emulator = Emulator::start(Options::default());
    let secret = client(&emulator).secret("bench").expect("a secret");
    secret.credential(Duration::from_secs(10)).expect("a value");
    let word = AtomicU64::new(1);
    let mut reader = secret.reader();
    let mut rows = [
        Row::new("Rust: atomic load (floor)", None, || {
            for _ in 0..ROUNDS {
                black_box(black_box(&word).load(Ordering::Acquire));
            }
        }),
        Row::new("Rust: cached read", Some(3.0), || {
            for _ in 0..ROUNDS {
                black_box(black_box(&mut reader).credential(Duration::ZERO).expect("a value"));
            }
        }),
        Row::new("Rust: credential()", None, || {
            for _ in 0..ROUNDS {
                black_box(secret.credential(Duration::ZERO).expect("a value"));
            }
        }),
    ];
    // Whole rounds over all rows, so that a busy moment spoils one run of each, not all of one.
    for _ in 0..RUNS {
        for row in &mut rows {
            let began = Instant::now();
            (row.body)();
            row.ns = row.ns.min(began.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
        }
    }
    let mut out = std::io::stdout().lock();
    let mut missed = false;
    let floor = rows[0].ns;
    for row in &rows {
        let ratio = row.ns / floor;
        write!(out, "{:<28} {:>10.2} {ratio:>9.1}x", row.name, row.ns)?;
        if let Some(goal) = row.goal {
            let over = ratio > goal;
            missed |= over;
            write!(out, " {goal:>7.1}x{}", if over { "  MISSED" } else { "" })?;
        }
        writeln!(out)?;
    }
    std::process::exit(i32::from(missed));
}
