//! A configuration tried step by step, for the person who has to find out which part of it does not work.
//!
//! In go a [`Config`] and names of secrets, out comes what happened at each step: at the sources, at each gateway for
//! itself, and at each secret there. Nothing is tried twice but what one attempt corrects by itself, nothing is cached, and
//! nothing that comes out holds a secret.

use crate::client::check_name;
use crate::clock::{Clock, Deadline, Moment, SystemClock};
use crate::config::{Config, Origin};
use crate::error::{Error, ErrorKind};
use crate::fetcher::{Fetcher, Prepared};
use crate::gateway::{Gateway, Patience};
use crate::secret_text::shown_access_key_id;
use crate::secret_value::SecretValue;
use crate::source::{Identity, Source};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// What was found.
#[derive(Debug, Clone)]
pub struct Examination {
    /// Where the value of each key came from.
    pub settings: Vec<(String, Origin)>,
    /// What the configuration says in vain or at a risk.
    pub notices: Vec<String>,
    /// What was tried, in this order.
    pub steps: Vec<Step>,
}

/// One thing that was tried.
#[derive(Debug, Clone)]
pub struct Step {
    /// What kind of thing.
    pub subject: Subject,
    /// Its name: of a source, a gateway or a secret.
    pub name: String,
    /// The gateway, where the subject is a secret.
    pub gateway: Option<String>,
    /// What happened.
    pub outcome: Outcome,
}

/// What kind of thing a step tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The certificates that the configuration names.
    Certificates,
    /// The source of the identity that calls KMS.
    Source,
    /// Whether a gateway can be reached and answers.
    Gateway,
    /// A secret, asked for at one gateway.
    Secret,
}

/// What happened at a step.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It went well; this was seen.
    Fine(String),
    /// It failed; the error says what to do.
    Failed(Error),
    /// It was not tried, for this reason.
    NotTried(&'static str),
}

/// Tries a configuration. Without names, those of `secret_names` are tried; where there are none either, sources and
/// gateways alone. Each step may take `budget`, or without one the `fetch_budget_milliseconds` of the configuration.
pub fn examine(config: &Config, names: &[&str], budget: Option<Duration>) -> Examination {
    let budget = budget.unwrap_or(config.timing.fetch_budget);
    let names: Vec<&str> =
        if names.is_empty() { config.prefetch.iter().map(String::as_str).collect() } else { names.to_vec() };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let fetcher =
        Prepared::of(config, clock.unix_ms()).and_then(|prepared| Fetcher::new(config, &prepared, Arc::clone(&clock)));
    let steps = match fetcher {
        Err(error) => {
            let outcome = Outcome::Failed(error);
            vec![Step {
                subject: Subject::Certificates,
                name: "of the configuration".to_owned(),
                gateway: None,
                outcome,
            }]
        }
        Ok(fetcher) => {
            let mut round = Round { fetcher: &fetcher, clock: &*clock, budget, sources: Vec::new(), steps: Vec::new() };
            for gateway in fetcher.gateways() {
                round.gateway(gateway, &names);
            }
            round.steps
        }
    };
    Examination { settings: config.origins.clone(), notices: config.notices.clone(), steps }
}

/// A source that was tried, and the identity that it gave.
type Tried = (Arc<dyn Source>, Option<Arc<Identity>>);

/// An examination under way.
struct Round<'a> {
    fetcher: &'a Fetcher,
    clock: &'a dyn Clock,
    budget: Duration,
    sources: Vec<Tried>,
    steps: Vec<Step>,
}

impl Round<'_> {
    fn gateway(&mut self, gateway: &Gateway, names: &[&str]) {
        let here = gateway.name();
        let identity = self.identity(gateway.source());
        let outcome = match &identity {
            None => Outcome::NotTried("its source gave no identity"),
            Some(identity) => match gateway.reach(identity, self.deadline()) {
                Ok(status) => {
                    Outcome::Fine(format!("it can be reached and answers (HTTP {status} to an empty request)"))
                }
                Err(error) => Outcome::Failed(error),
            },
        };
        let reached = matches!(outcome, Outcome::Fine(_));
        self.step(Subject::Gateway, here, None, outcome);
        for name in names {
            let outcome = match (&identity, reached) {
                (None, _) => Outcome::NotTried("its source gave no identity"),
                (_, false) => Outcome::NotTried("the gateway cannot be reached"),
                _ => self.secret(gateway, name),
            };
            self.step(Subject::Secret, name, Some(here), outcome);
        }
    }

    /// The identity of a source, which is asked once however many gateways use it.
    fn identity(&mut self, source: &Arc<dyn Source>) -> Option<Arc<Identity>> {
        if let Some((_, identity)) = self.sources.iter().find(|(tried, _)| Arc::ptr_eq(tried, source)) {
            return identity.clone();
        }
        let (identity, outcome) = match source.identity(self.deadline()) {
            Ok(identity) => (Some(identity), Outcome::Fine("it gave an identity".to_owned())),
            Err(error) => (None, Outcome::Failed(error)),
        };
        self.step(Subject::Source, source.name(), None, outcome);
        self.sources.push((Arc::clone(source), identity.clone()));
        identity
    }

    fn secret(&self, gateway: &Gateway, name: &str) -> Outcome {
        if let Err(error) = check_name(name) {
            return Outcome::Failed(error);
        }
        let once = Once::default();
        match self.fetcher.fetch_from(std::slice::from_ref(gateway), name, self.deadline(), &once) {
            Ok(value) => Outcome::Fine(shown(&value)),
            Err(error) => Outcome::Failed(once.what_happened(error, name)),
        }
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.clock, self.budget)
    }

    fn step(&mut self, subject: Subject, name: &str, gateway: Option<&str>, outcome: Outcome) {
        self.steps.push(Step { subject, name: name.to_owned(), gateway: gateway.map(str::to_owned), outcome });
    }
}

/// A value as it may be shown.
fn shown(value: &SecretValue) -> String {
    let user = value.user_name.as_ref().map(|user| format!(" of RAM user {user}")).unwrap_or_default();
    let token = if value.security_token.is_some() { ", with a security token" } else { "" };
    format!("AccessKey {}{user}, version {}{token}", shown_access_key_id(&value.access_key_id), value.version_id)
}

/// Lets a fetch correct what it can at once, and ends it instead of a pause: the first failure is what is looked for.
#[derive(Default)]
struct Once {
    stumbled: RefCell<Option<Error>>,
}

impl Once {
    /// The failure that ended the fetch, where it would have gone on after a pause.
    fn what_happened(&self, error: Error, name: &str) -> Error {
        match self.stumbled.take() {
            Some(stumbled) if error.kind() == ErrorKind::Closed => stumbled.about_secret(name),
            _ => error,
        }
    }
}

impl Patience for Once {
    fn pause(&self, _until: Moment, _at_least: Moment) -> bool {
        false
    }

    fn earliest_waiter(&self) -> Option<Moment> {
        None
    }

    fn begins(&self, _what: &str) {}

    fn request_sent(&self) {}

    fn stumbled(&self, error: &Error) {
        *self.stumbled.borrow_mut() = Some(error.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_that_would_pause_ends_with_what_made_it_pause() {
        let once = Once::default();
        once.stumbled(&Error::new(ErrorKind::KmsThrottled, "Too many."));
        assert!(!once.pause(Moment::NEVER, Moment::NEVER));
        let error = once.what_happened(Error::new(ErrorKind::Closed, "The client was closed during a fetch."), "s");
        assert_eq!((error.kind(), error.message()), (ErrorKind::KmsThrottled, "Secret \"s\": Too many."));
        once.stumbled(&Error::new(ErrorKind::KmsThrottled, "Too many."));
        let denied = Error::new(ErrorKind::KmsDenied, "No.");
        assert_eq!(once.what_happened(denied, "s").kind(), ErrorKind::KmsDenied, "a fetch that ended by itself");
    }

    #[test]
    fn certificates_that_cannot_be_read_are_the_only_step() {
        let mut builder = Config::builder();
        builder.access_key("id", "secret", None).unwrap();
        let no_pem = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let region = format!(r#"[{{"regionId":"cn-x","caFilePath":"{no_pem}"}}]"#);
        builder.set("cache_client_region_id", &region).unwrap();
        let examination = examine(&builder.build().unwrap(), &["s"], None);
        let [step] = examination.steps.as_slice() else { panic!("{examination:?}") };
        assert_eq!(step.subject, Subject::Certificates);
        assert!(matches!(&step.outcome, Outcome::Failed(error) if error.message().contains(no_pem)));
        assert!(
            examination.settings.iter().any(|(key, origin)| key == "credentials_type" && *origin == Origin::Program)
        );
    }
}
