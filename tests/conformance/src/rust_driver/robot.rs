//! One caller of an RPC service: sends, and follows the verdicts, as every binding does.

use super::load::Seen;
use kmsramcred::clock::{Clock, Deadline, SystemClock};
use kmsramcred::exchange::Exchange;
use kmsramcred::sign::{Call, Scheme, openapi_request};
use kmsramcred::source::{Identity, SigningKey};
use kmsramcred::transport::{HttpTransport, Resolver, TlsTrust, TransportSettings};
use kmsramcred::{Credential, Refusal, Secret, Verdict};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Belongs to one thread.
pub struct Robot {
    transport: Option<HttpTransport>,
    host: String,
    budget: Duration,
}

/// How one request ended that was not accepted.
enum Trouble {
    Refused { code: String, status: u16 },
    NoAnswer(String),
}

impl Robot {
    /// Calls `host` with `budget` from the first refusal of a call.
    pub fn new(host: &str, budget: Duration) -> Robot {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
        };
        let settings = TransportSettings {
            tls: TlsTrust::System,
            proxy: None,
            connect_timeout: TIMEOUT,
            answer_timeout: None,
            resolver: Arc::new(Resolver::new(Arc::clone(&clock), Arc::new(spawn))),
            clock,
        };
        Robot { transport: HttpTransport::new(settings).ok(), host: host.to_owned(), budget }
    }

    /// One call of a user. Counts what it saw; answers whether it went well.
    pub fn call(&self, secret: &Secret, seen: &Seen) -> bool {
        let began = Instant::now();
        let result = self.send_until_settled(secret, seen);
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        seen.slowest_ms.fetch_max(ms, Ordering::SeqCst);
        let fine = result.is_ok();
        if let Err(why) = result {
            seen.failed.fetch_add(1, Ordering::SeqCst);
            seen.complain(why);
        }
        seen.calls.fetch_add(1, Ordering::SeqCst);
        fine
    }

    /// The error is what the user sees.
    fn send_until_settled(&self, secret: &Secret, seen: &Seen) -> Result<(), String> {
        let mut end: Option<Instant> = None;
        for round in 1.. {
            let credential = secret.credential(TIMEOUT).map_err(|error| error.to_string())?;
            let (code, status) = match self.send(&credential) {
                Ok(()) => {
                    if !credential.is_accepted() {
                        secret.report_success(credential.serial());
                    }
                    return Ok(());
                }
                Err(Trouble::Refused { code, status }) => (code, status),
                Err(Trouble::NoAnswer(why)) => return Err(why),
            };
            seen.refused.fetch_add(1, Ordering::SeqCst);
            let end = *end.get_or_insert_with(|| Instant::now() + self.budget);
            let refusal = Refusal {
                serial: credential.serial(),
                service: "Ecs",
                host: &self.host,
                code: Some(&code),
                http_status: Some(status),
                round,
            };
            match secret.report_failure(&refusal, end.saturating_duration_since(Instant::now())) {
                Verdict::Retry => {}
                Verdict::RetryLater(wait) => std::thread::sleep(wait),
                _ => return Err(format!("{status} {code}")),
            }
        }
        Err("more rounds than can be counted".to_owned())
    }

    fn send(&self, credential: &Credential) -> Result<(), Trouble> {
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
            user_agent: "conformance",
            body_limit: 1 << 20,
        };
        let request = openapi_request(Scheme::RpcV1, &call, &identity, SystemClock.unix_ms(), &nonce());
        let no_answer = |why: String| Trouble::NoAnswer(format!("no answer from {}: {why}", self.host));
        let transport = self.transport.as_ref().ok_or_else(|| no_answer("no transport".to_owned()))?;
        let answer = transport
            .exchange(&request, Deadline::after(&SystemClock, TIMEOUT))
            .map_err(|failure| no_answer(format!("{failure:?}")))?;
        if answer.status == 200 {
            return Ok(());
        }
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        Err(Trouble::Refused { code: body["Code"].as_str().unwrap_or_default().to_owned(), status: answer.status })
    }
}

/// A nonce that a forked child does not repeat.
fn nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    let half = |n: u8| RandomState::new().hash_one((n, std::process::id(), Instant::now()));
    format!("{:016x}{:016x}", half(1), half(2))
}
