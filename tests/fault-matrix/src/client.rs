//! One client in a process of its own: meets a fault, tells what its caller saw, and gets over it.

use crate::control::{Control, Request};
use kmsramcred::{Client, Config, Error, LogLevel, Secret, set_log_callback};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The budget of a fetch.
pub const FETCH: Duration = Duration::from_millis(3_000);
/// What a caller without a credential waits for at most: longer, so that what it sees is the error of a fetch, whichever
/// of the two would have ended a moment earlier.
pub const CALL: Duration = Duration::from_millis(3_700);
/// For what must come: three times the longest pause of the back-off. Nothing passes or fails by how fast it is.
const LONG: Duration = Duration::from_secs(15);
/// What a budget may be overdrawn by on a busy machine.
const BUSY: Duration = Duration::from_secs(5);
/// Two calls after the fault are at least this far apart.
const APART: Duration = Duration::from_millis(50);

/// What a client is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    pub(crate) control: String,
    pub(crate) settings: Vec<(String, String)>,
    /// Whether it has a credential before the fault.
    pub(crate) warm: bool,
    /// The order that ends the identity which was lent.
    pub(crate) revoke: Option<Request>,
    /// The order that breaks something, and the one that mends it.
    pub(crate) fault: Option<(Request, Request)>,
    /// One of these must be in an error.
    pub(crate) names: Vec<String>,
    /// None of these may be in anything that is said.
    pub(crate) secrets: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The error of the call, or of the refresh of a client with a credential.
    pub error: Option<Told>,
    /// How long that took.
    pub took_ms: u64,
    /// Requests meanwhile, by place.
    pub requests: BTreeMap<String, u64>,
    /// Calls that failed after the fault was lifted.
    pub failed_after: u64,
    /// How long it took to get over the fault; with a credential, without any call.
    pub recovered_ms: u64,
    /// Requests meanwhile, by place.
    pub requests_after: BTreeMap<String, u64>,
    /// Reads of the cached credential from before the fault to the recovery.
    pub reads: u64,
    /// Rules that did not hold.
    pub broken: Vec<String>,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Told {
    /// Its number.
    pub status: i32,
    /// The name of its kind.
    pub kind: String,
    /// Whether it says that the same call may succeed later.
    pub retryable: bool,
    /// The whole text.
    pub text: String,
}

impl Told {
    fn of(error: &Error) -> Told {
        let mut text = error.to_string();
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(id) = error.request_id() {
                text = text.replace(id, "…");
            }
            next = error.cause();
        }
        let (kind, retryable) = (error.kind(), error.is_retryable());
        Told { status: kind.status(), kind: format!("{kind:?}"), retryable, text }
    }
}

/// Does the task; an error where it could not even begin.
pub fn play(task: &Task) -> Result<Seen, String> {
    let logged: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&logged);
    let keep = move |_, text: &str| log.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    set_log_callback(LogLevel::Debug, Some(Box::new(keep)));

    let mut builder = Config::builder();
    let told = |error: Error| error.to_string();
    builder.environment().map_err(told)?;
    let budget = if task.fault.is_some() { FETCH } else { LONG };
    let budget = ("fetch_budget_milliseconds".to_owned(), budget.as_millis().to_string());
    for (key, value) in task.settings.iter().chain([&budget]) {
        builder.set(key, value).map_err(told)?;
    }
    let client = Client::new(builder.build().map_err(told)?).map_err(told)?;
    let secret = client.secret("s").map_err(told)?;
    let stage = Stage { task, control: Control(&task.control), secret: &secret };
    let mut seen = if task.warm { stage.with_a_credential()? } else { stage.without_a_credential()? };

    let mut said = logged.lock().unwrap_or_else(PoisonError::into_inner).clone();
    said.extend([client.explain(), secret.explain()]);
    said.extend(seen.error.iter().map(|error| error.text.clone()));
    for text in said {
        if task.secrets.iter().any(|part| text.contains(part)) {
            seen.broken.push(format!("a secret was shown: {text}"));
        }
    }
    if let Some(error) = &seen.error
        && !task.names.iter().any(|name| error.text.contains(name))
    {
        seen.broken.push(format!("the error names none of {:?}: {}", task.names, error.text));
    }
    client.close(LONG).map_err(told)?;
    Ok(seen)
}

struct Stage<'a> {
    task: &'a Task,
    control: Control<'a>,
    secret: &'a Secret,
}

impl Stage<'_> {
    fn without_a_credential(&self) -> Result<Seen, String> {
        let mut seen = Seen::default();
        let budget = if self.task.fault.is_some() { CALL } else { LONG };
        self.disturb(&mut seen, budget, || self.secret.credential(budget).map(drop))?;
        let before = self.requests()?;
        let began = Instant::now();
        while seen.error.is_some() && self.secret.credential(LONG).is_err() {
            seen.failed_after += 1;
            if began.elapsed() > LONG {
                seen.broken.push("it did not recover".to_owned());
                break;
            }
            std::thread::sleep(APART);
        }
        seen.recovered_ms = millis(began.elapsed());
        seen.requests_after = difference(&before, &self.requests()?);
        Ok(seen)
    }

    fn with_a_credential(&self) -> Result<Seen, String> {
        self.secret.credential(LONG).map_err(|error| error.to_string())?;
        if let Some(revoke) = &self.task.revoke {
            self.control.send(revoke)?;
        }
        let (stop, reads, failed) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::new(None));
        let mut seen = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    reads.fetch_add(1, Ordering::Relaxed);
                    if let Err(error) = self.secret.credential(Duration::ZERO) {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
            });
            let seen = self.refresh();
            stop.store(true, Ordering::Relaxed);
            seen
        })?;
        seen.reads = reads.into_inner();
        if let Some(why) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            seen.broken.push(format!("a read of the cached credential failed: {why}"));
        }
        Ok(seen)
    }

    fn refresh(&self) -> Result<Seen, String> {
        let mut seen = Seen::default();
        self.disturb(&mut seen, FETCH, || self.secret.refresh(LONG).map(drop))?;
        let before = self.requests()?;
        let began = Instant::now();
        while seen.error.is_some() && !self.is_settled()? {
            if began.elapsed() > LONG {
                seen.broken.push(format!("it did not recover: {}", self.secret.explain()));
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        seen.recovered_ms = millis(began.elapsed());
        seen.requests_after = difference(&before, &self.requests()?);
        Ok(seen)
    }

    /// One call under the fault.
    fn disturb(&self, seen: &mut Seen, budget: Duration, call: impl Fn() -> Result<(), Error>) -> Result<(), String> {
        let before = self.requests()?;
        if let Some((order, _)) = &self.task.fault {
            self.control.send(order)?;
        }
        let began = Instant::now();
        let result = call();
        let took = began.elapsed();
        if took > budget + BUSY {
            seen.broken.push(format!("the call took {took:?} of {budget:?}"));
        }
        seen.took_ms = millis(took);
        seen.error = result.err().map(|error| Told::of(&error));
        seen.requests = difference(&before, &self.requests()?);
        if let Some((_, lift)) = &self.task.fault {
            self.control.send(lift)?;
        }
        Ok(())
    }

    /// Whether the last fetch went well and none runs.
    fn is_settled(&self) -> Result<bool, String> {
        let explained: Value = serde_json::from_str(&self.secret.explain()).map_err(|why| why.to_string())?;
        Ok(explained["state"] == "fresh" && explained["fetch"].is_null())
    }

    fn requests(&self) -> Result<BTreeMap<String, u64>, String> {
        let counters = self.control.counters()?;
        let places = counters.as_object().into_iter().flatten();
        Ok(places.filter_map(|(place, counter)| Some((place.clone(), counter["requests"].as_u64()?))).collect())
    }
}

fn difference(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    after
        .iter()
        .map(|(place, count)| (place.clone(), count - before.get(place).unwrap_or(&0)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
