//! What a first gateway that is down costs: the first fetch, and the later ones as a ratio to those of a client whose
//! first gateway is well, measured in the same run. Exits with 1 when a goal is missed.

use kms_emulator::{Caller, Emulator, Options};
use kmsramcred::{Client, Config};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

const CALLER: (&str, &str) = ("LTAI5tEXAMPLECALLER", "an-example-secret-of-the-caller");
const FETCHES: usize = 300;
/// What a first fetch may take, and the most that the median of later ones may be off.
const BUDGET: Duration = Duration::from_secs(5);
const RATIO: f64 = 1.2;

fn emulator() -> Emulator {
    let callers = vec![Caller::new(CALLER.0, CALLER.1)];
    let emulator = Emulator::start(Options { callers, ..Options::default() });
    for number in 0..=FETCHES {
        let pair = (format!("LTAI5t{number}"), format!("same-{number}"));
        let secret = json!({ "name": name(number), "access_key_id": pair.0, "access_key_secret": pair.1 });
        emulator.control("POST", "/secrets", secret);
    }
    emulator
}

/// Each fetch is the first one of another secret: the same secret is fetched at most once a second.
fn name(number: usize) -> String {
    format!("bench-{number}")
}

fn region(emulator: &Emulator) -> Value {
    let ready = emulator.ready();
    json!({ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path })
}

/// A port where nobody listens, or somebody who says nothing.
fn silent(listener: &TcpListener) -> Value {
    json!({ "regionId": "cn-a", "endpoint": listener.local_addr().expect("an address").to_string() })
}

struct Row {
    name: &'static str,
    client: Client,
    cold: Duration,
    later: Vec<Duration>,
}

impl Row {
    /// A client whose first fetch is done.
    fn new(name: &'static str, regions: &[Value]) -> Row {
        let mut config = Config::builder();
        config.access_key(CALLER.0, CALLER.1, None).expect("a key");
        config.set("cache_client_region_id", &json!(regions).to_string()).expect("regions");
        let client = Client::new(config.build().expect("a configuration")).expect("a client");
        let mut row = Row { name, client, cold: Duration::ZERO, later: Vec::new() };
        row.cold = row.fetch(0);
        row
    }

    fn fetch(&mut self, number: usize) -> Duration {
        let secret = self.client.secret(&name(number)).expect("a secret");
        let began = Instant::now();
        secret.credential(BUDGET).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        began.elapsed()
    }

    fn median(&mut self) -> Duration {
        self.later.sort_unstable();
        self.later[self.later.len() / 2]
    }
}

fn main() -> std::io::Result<()> {
    let (good, throttled, hanging) = (emulator(), emulator(), emulator());
    throttled.control("POST", "/faults", json!({ "at": "kms", "kind": "status", "status": 503 }));
    hanging.control("POST", "/faults", json!({ "at": "kms", "kind": "hang" }));
    let closed = silent(&TcpListener::bind("127.0.0.1:0")?);
    let black_hole = TcpListener::bind("127.0.0.1:0")?;
    let mut untrusted = region(&throttled);
    untrusted["caFilePath"] = region(&good)["caFilePath"].clone();
    let firsts = [
        ("all well", region(&good)),
        ("refused", closed.clone()),
        ("black-holed", silent(&black_hole)),
        ("503", region(&throttled)),
        ("TLS failure", untrusted),
        ("hangs", region(&hanging)),
    ];
    let mut rows = firsts.map(|(name, first)| Row::new(name, &[first, region(&good), closed.clone()]));
    let count = rows.len();
    // Whole rounds over all rows, so that a busy moment spoils one fetch of each, not all of one; and each row has its
    // turn to be the first of a round, which is cheaper.
    for number in 1..=FETCHES {
        for place in 0..count {
            let row = &mut rows[(number + place) % count];
            let took = row.fetch(number);
            row.later.push(took);
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<16} {:>12} {:>14} {:>8} {:>8}", "first of three", "cold (ms)", "median (ms)", "ratio", "goal")?;
    let (healthy, mut missed) = (rows[0].median().as_secs_f64(), false);
    for row in &mut rows {
        let median = row.median().as_secs_f64();
        let ratio = median / healthy;
        missed |= ratio > RATIO || row.cold > BUDGET;
        let over = if ratio > RATIO { "  MISSED" } else { "" };
        let cold = row.cold.as_secs_f64() * 1e3;
        writeln!(out, "{:<16} {cold:>12.1} {:>14.2} {ratio:>7.2}x {RATIO:>7.1}x{over}", row.name, median * 1e3)?;
        row.client.close(BUDGET).unwrap_or_else(|error| panic!("{}: {error}", row.name));
    }
    drop(out);
    if missed {
        std::process::exit(1);
    }
    Ok(())
}
