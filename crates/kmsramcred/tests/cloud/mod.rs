//! A cloud for one test: the emulator, and a program that calls one of its services with a secret's credential.
#![allow(dead_code, reason = "each test file uses its part of it")]

use kms_emulator::{Emulator, Options};
use kmsramcred::clock::{Clock, Deadline, SystemClock};
use kmsramcred::exchange::Exchange;
use kmsramcred::sign::{Call, Scheme, openapi_request};
use kmsramcred::source::{Identity, SigningKey};
use kmsramcred::transport::{HttpTransport, Resolver, TlsTrust, TransportSettings};
use kmsramcred::{Client, Config, Credential, Refusal, Secret, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The budget of everything that a test waits for; no test passes or fails by how fast it is.
pub const LONG: Duration = Duration::from_secs(60);

pub struct Cloud {
    pub emulator: Emulator,
}

impl Cloud {
    pub fn start() -> Cloud {
        Cloud { emulator: Emulator::start(Options::default()) }
    }

    /// Does one thing on the control API; a refusal fails the test.
    pub fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.emulator.control("POST", path, body);
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    pub fn secret(&self, name: &str) {
        self.post("/secrets", json!({ "name": name }));
    }

    pub fn rotate(&self, name: &str, how: Value) {
        self.post(&format!("/secrets/{name}/rotate"), how);
    }

    pub fn fault(&self, fault: Value) -> String {
        self.post("/faults", fault)["id"].to_string()
    }

    pub fn end_faults(&self) {
        self.emulator.control("DELETE", "/faults", Value::Null);
    }

    pub fn kms_requests(&self) -> u64 {
        self.emulator.control("GET", "/counters", Value::Null)["kms"]["get_secret_value"].as_u64().expect("a counter")
    }

    pub fn service(&self, name: &str) -> String {
        self.emulator.ready().services[name].clone()
    }

    /// A refusing service beside the good one; answers its address.
    pub fn stubborn_service(&self) -> String {
        self.post("/services", json!({ "name": "stubborn", "refuse_all": true }))["host"].as_str().unwrap().to_owned()
    }

    /// The keys of a configuration for this cloud.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let ready = self.emulator.ready();
        let region = json!([{ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path }]);
        vec![
            ("credentials_type", "ak".to_owned()),
            ("credentials_access_key_id", ready.access_key_id.clone()),
            ("credentials_access_secret", ready.access_key_secret.clone()),
            ("cache_client_region_id", region.to_string()),
        ]
    }

    pub fn config(&self, more: &[(&str, &str)]) -> Config {
        let mut builder = Config::builder();
        for (key, value) in
            self.settings().iter().map(|(key, value)| (*key, value.as_str())).chain(more.iter().copied())
        {
            builder.set(key, value).expect("a good setting");
        }
        builder.build().expect("a good configuration")
    }

    pub fn client(&self, more: &[(&str, &str)]) -> Client {
        Client::new(self.config(more)).expect("a client")
    }
}

/// What a caller saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub calls: AtomicU64,
    pub failed: AtomicU64,
    pub refused: AtomicU64,
    pub slowest_ms: AtomicU64,
}

impl Seen {
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::SeqCst)
    }
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }
}

/// A program that calls a service, as every binding does it.
pub struct Robot {
    exchange: HttpTransport,
    host: String,
    service: &'static str,
}

impl Robot {
    pub fn calling(host: &str) -> Robot {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
        };
        let settings = TransportSettings {
            tls: TlsTrust::System,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: None,
            resolver: Arc::new(Resolver::new(Arc::clone(&clock), Arc::new(spawn))),
            clock,
        };
        Robot { exchange: HttpTransport::new(settings).unwrap(), host: host.to_owned(), service: "Ecs" }
    }

    /// One signed request; the code and status of the refusal if it was refused.
    pub fn send(&self, credential: &Credential) -> Result<(), (String, u16)> {
        let identity = Identity {
            access_key_id: credential.access_key_id().to_owned(),
            key: SigningKey::AccessKeySecret(credential.access_key_secret().into()),
            security_token: credential.security_token().map(Into::into),
            expires_at: None,
        };
        let call = Call {
            authority: &self.host,
            tls: false,
            action: "DescribeRegions",
            version: "2014-05-26",
            params: &[],
            region_id: None,
            user_agent: "robot",
            body_limit: 1 << 20,
        };
        let request = openapi_request(Scheme::Acs3, &call, &identity, SystemClock.unix_ms(), &nonce());
        let answer =
            self.exchange.exchange(&request, Deadline::after(&SystemClock, LONG)).expect("the service answers");
        if answer.status == 200 {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&answer.body).expect("a refusal in JSON");
        Err((body["Code"].as_str().expect("a code").to_owned(), answer.status))
    }

    /// One call of a user: sends, and follows the verdicts. `Err` is what the user sees.
    pub fn call(&self, secret: &Secret, seen: &Seen) -> Result<(), String> {
        let result = self.attempt_until_settled(secret, seen);
        seen.calls.fetch_add(1, Ordering::SeqCst);
        if result.is_err() {
            seen.failed.fetch_add(1, Ordering::SeqCst);
        }
        result
    }

    fn attempt_until_settled(&self, secret: &Secret, seen: &Seen) -> Result<(), String> {
        let mut deadline: Option<Instant> = None;
        let began = Instant::now();
        for round in 1.. {
            let credential = secret.credential(LONG).map_err(|error| error.to_string())?;
            let (code, status) = match self.send(&credential) {
                Ok(()) => {
                    secret.report_success(credential.serial());
                    let ms = u64::try_from(began.elapsed().as_millis()).unwrap();
                    seen.slowest_ms.fetch_max(ms, Ordering::SeqCst);
                    return Ok(());
                }
                Err(refused) => refused,
            };
            seen.refused.fetch_add(1, Ordering::SeqCst);
            let end = *deadline.get_or_insert_with(|| Instant::now() + secret.client().call_budget());
            let refusal = Refusal {
                serial: credential.serial(),
                service: self.service,
                host: &self.host,
                code: Some(&code),
                http_status: Some(status),
                round,
            };
            match secret.report_failure(&refusal, end.saturating_duration_since(Instant::now())) {
                Verdict::Retry => {}
                Verdict::RetryLater(wait) => std::thread::sleep(wait),
                verdict => return Err(format!("{code} ({verdict:?})")),
            }
        }
        unreachable!("rounds are bounded by the verdicts")
    }
}

/// A nonce that a forked child does not repeat.
fn nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    let half = |n: u8| RandomState::new().hash_one((n, std::process::id(), Instant::now()));
    format!("{:016x}{:016x}", half(1), half(2))
}

/// Waits for a condition.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONG, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// This process's threads whose names begin with `kmsramcred`.
pub fn our_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("kmsramcred")).collect()
}
