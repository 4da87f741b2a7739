//! The emulator as a child process, and its control API.

use crate::program::beside_target;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where a running emulator is, as far as the demo asks.
#[derive(Deserialize)]
pub(crate) struct Ready {
    control: String,
    pub(crate) kms_host: String,
    pub(crate) ca_path: PathBuf,
    pub(crate) access_key_id: String,
    pub(crate) access_key_secret: String,
}

/// A running emulator. It ends with its standard input, which nobody else holds: it cannot outlive the demo.
pub(crate) struct Emulator {
    process: Child,
    agent: ureq::Agent,
    pub(crate) ready: Ready,
}

impl Emulator {
    pub(crate) fn start() -> Result<Emulator> {
        let path = beside_target("KMS_EMULATOR", "release/kms-emulator")?;
        let mut process = Command::new(&path)
            .arg("--exit-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started; `make demo` builds it", path.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output of the emulator")?).read_line(&mut line)?;
        let ready = serde_json::from_str(&line)
            .with_context(|| format!("{} is no emulator; `make demo` builds one", path.display()))?;
        // A proxy of the environment must not see loopback requests.
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(5)))
            .build()
            .into();
        Ok(Emulator { process, agent, ready })
    }

    /// What is at `path`.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.answer(path, self.agent.get(self.ready.control.clone() + path).call())
    }

    /// Gives an order.
    pub(crate) fn post(&self, path: &str, order: &Value) -> Result<Value> {
        self.answer(path, self.agent.post(self.ready.control.clone() + path).send(order.to_string()))
    }

    fn answer(&self, path: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
        let mut response = sent.with_context(|| format!("no answer of the emulator at {path}"))?;
        let text = response.body_mut().read_to_string().with_context(|| format!("no answer at {path}"))?;
        if !response.status().is_success() {
            bail!("the emulator refused {path}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("odd answer of the emulator at {path}"))
    }

    /// A service of its own for `name`; answers with its host and port.
    pub(crate) fn open_service(&self, name: &str) -> Result<String> {
        let made = self.post("/services", &json!({"name": name}))?;
        Ok(made["host"].as_str().context("the emulator named no host for a service")?.to_owned())
    }

    /// All counters.
    pub(crate) fn counters(&self) -> Result<Counters> {
        Ok(Counters(self.get("/counters")?))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// What the emulator counted. A secret and the service that its program calls have the same name here.
pub(crate) struct Counters(Value);

impl Counters {
    /// Calls that the service answered as wished.
    pub(crate) fn answered(&self, name: &str) -> u64 {
        number(&self.0["services"][name]["ok"])
    }

    /// Calls that the service answered as wished, signed with this key.
    pub(crate) fn answered_to_key(&self, name: &str, access_key_id: &str) -> u64 {
        number(&self.0["services"][name]["by_key"][access_key_id]["ok"])
    }

    /// Requests to KMS for the secret.
    pub(crate) fn kms_requests(&self, name: &str) -> u64 {
        number(&self.0["kms"]["by_secret"][name]["requests"])
    }

    /// Those of them that got no value.
    pub(crate) fn unanswered(&self, name: &str) -> u64 {
        number(&self.0["kms"]["by_secret"][name]["failed"])
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}
