//! What the program holds, and what each verb does with it.

use super::children::Children;
use super::describe;
use super::load::Load;
use super::warnings::Warnings;
use crate::line::Line;
use kmsramcred::{Client, Error, ErrorKind, Refusal, Secret, Verdict};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// A client in use.
#[derive(Default)]
pub struct Application {
    client: Option<Client>,
    secrets: HashMap<String, Secret>,
    loads: HashMap<String, Load>,
    children: Children,
    warnings: Warnings,
}

/// A command, with its fields by type.
pub struct Order<'a>(pub &'a Line);

impl Order<'_> {
    /// A field that must be there.
    pub fn text(&self, key: &str) -> Result<&str, Error> {
        self.0.get(key).ok_or_else(|| wrong(format!("{}: {key} is missing", self.0.word)))
    }

    /// A number, 0 where it is not given.
    pub fn number<N: std::str::FromStr + Default>(&self, key: &str) -> Result<N, Error> {
        let Some(text) = self.0.get(key) else { return Ok(N::default()) };
        text.parse().map_err(|_| wrong(format!("{}: {key} is {text:?}", self.0.word)))
    }

    /// A time in milliseconds.
    pub fn time(&self, key: &str, default_ms: u64) -> Result<Duration, Error> {
        Ok(Duration::from_millis(if self.0.get(key).is_some() { self.number(key)? } else { default_ms }))
    }
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Internal, format!("The driver was asked something wrong: {message}."))
}

impl Application {
    /// Does what it says.
    pub fn obey(&mut self, order: &Order<'_>) -> Result<Line, Error> {
        let ok = Line::new("ok");
        match order.0.word.as_str() {
            "open" => {
                self.secrets.clear();
                self.client = None;
                self.warnings.clear();
                self.client = Some(Client::from_file(order.0.get("path").map(Path::new))?);
                Ok(ok)
            }
            "acquire" => {
                let credential = self.secret(order)?.credential(order.time("timeout_ms", 10_000)?)?;
                Ok(ok
                    .with("serial", credential.serial())
                    .with("key", credential.access_key_id())
                    .with("token", credential.security_token().map_or("no", |_| "yes"))
                    .with("accepted", credential.is_accepted()))
            }
            "refresh" => {
                self.secret(order)?.refresh(order.time("timeout_ms", 10_000)?)?;
                Ok(ok)
            }
            "report" => self.report(order),
            "accept" => {
                self.secret(order)?.report_success(order.number("serial")?);
                Ok(ok)
            }
            "load" => {
                let load = Load::start(&self.secret(order)?, order)?;
                self.loads.insert(order.text("load")?.to_owned(), load);
                Ok(ok)
            }
            "seen" => Ok(self.load(order)?.seen(order.0.get("anew") == Some("true"))),
            "stop" => {
                self.load(order)?;
                let load = self.loads.remove(order.text("load")?).expect("found just now");
                Ok(load.stop())
            }
            "fork" => {
                let secret = self.secret(order)?;
                self.children.fork(&secret, order)
            }
            "join" => self.children.join(),
            "stats" => {
                let stats = self.client()?.stats();
                Ok(ok
                    .with("slow_acquires", stats.slow_acquires)
                    .with("refreshes_ok", stats.refreshes_ok)
                    .with("refreshes_failed", stats.refreshes_failed)
                    .with("waiters_coalesced", stats.waiters_coalesced)
                    .with("stale_served", stats.stale_served)
                    .with("failures_reported", stats.failures_reported)
                    .with("kms_requests", stats.kms_requests))
            }
            "explain" if order.0.get("secret").is_some() => Ok(ok.with("json", self.secret(order)?.explain())),
            "explain" => Ok(ok.with("json", self.client()?.explain())),
            "warnings" => {
                let (count, said) = self.warnings.told();
                Ok(ok.with("count", count).with("message", said))
            }
            "close" => {
                self.client()?.close(order.time("timeout_ms", 10_000)?)?;
                Ok(ok)
            }
            verb => Err(wrong(format!("there is no verb {verb}"))),
        }
    }

    fn client(&self) -> Result<&Client, Error> {
        self.client.as_ref().ok_or_else(|| wrong("nothing is open".to_owned()))
    }

    /// The secret of this name: opened once, then kept, as a program does.
    fn secret(&mut self, order: &Order<'_>) -> Result<Secret, Error> {
        let name = order.text("secret")?;
        if let Some(secret) = self.secrets.get(name) {
            return Ok(secret.clone());
        }
        let secret = self.client()?.secret(name)?;
        self.secrets.insert(name.to_owned(), secret.clone());
        Ok(secret)
    }

    fn load(&self, order: &Order<'_>) -> Result<&Load, Error> {
        let name = order.text("load")?;
        self.loads.get(name).ok_or_else(|| wrong(format!("no load is called {name}")))
    }

    fn report(&mut self, order: &Order<'_>) -> Result<Line, Error> {
        let secret = self.secret(order)?;
        let refusal = Refusal {
            serial: order.number("serial")?,
            service: order.text("service")?,
            host: order.text("host")?,
            code: order.0.get("code"),
            http_status: match order.number("http_status")? {
                0 => None,
                status => Some(status),
            },
            round: order.number("round")?,
        };
        let ok = Line::new("ok");
        Ok(match secret.report_failure(&refusal, order.time("left_ms", 10_000)?) {
            Verdict::Unrelated => ok.with("verdict", "unrelated"),
            Verdict::Retry => ok.with("verdict", "retry"),
            Verdict::RetryLater(wait) => ok.with("verdict", "retry_later").with("wait_ms", wait.as_millis()),
            Verdict::GiveUp(None) => ok.with("verdict", "give_up"),
            Verdict::GiveUp(Some(cause)) => describe(ok.with("verdict", "give_up"), &cause),
            other => ok.with("verdict", format!("{other:?}")),
        })
    }
}
