//! Gateways that play back what a test wrote down, and a fetch from them on a paused clock.

use super::{Answer, FetchParts, Gateway, OpenApi, Patience, Sign, fetch};
use crate::clock::{Clock, Deadline, Moment, PausedClock};
use crate::error::Error;
use crate::exchange::HttpRequest;
use crate::source::scripted::{Reply, Scripted, answer};
use crate::source::{FixedSource, Source};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

pub(super) const GOOD: &str = r#"{"SecretName":"my-secret","SecretData":"v","VersionId":"1"}"#;
/// 2023-11-14T22:13:20Z
pub(super) const START: i64 = 1_700_000_000_000;

pub(super) fn code(status: u16, code: &str) -> Reply {
    answer(status, &format!(r#"{{"Code":"{code}","Message":"m","RequestId":"r-1"}}"#))
}

/// A source that gives one AccessKey.
pub(super) fn fixed(id: &str) -> Arc<dyn Source> {
    Arc::new(FixedSource::access_key(id.into(), "s3cr3ts3cr3t".into(), None))
}

pub(super) struct Bench {
    pub(super) clock: Arc<PausedClock>,
    pub(super) scripts: Vec<Arc<Scripted>>,
    pub(super) gateways: Vec<Gateway>,
    nonces: Cell<u32>,
    pub(super) pauses: RefCell<Vec<u64>>,
    /// What of each pause is to be kept whoever begins to wait.
    pub(super) least: RefCell<Vec<u64>>,
    pub(super) waiter: Cell<Option<Moment>>,
    pub(super) sent: Cell<u32>,
    name: RefCell<String>,
    pub(super) close_after: Cell<usize>,
    /// What another fetch does just when a request goes out.
    pub(super) while_asked: Cell<Option<fn(&Bench)>>,
}

impl Patience for Bench {
    fn pause(&self, until: Moment, at_least: Moment) -> bool {
        let now = self.clock.now();
        let pause = until.since(now);
        self.pauses.borrow_mut().push(until.0 - now.0);
        self.least.borrow_mut().push(at_least.0 - now.0);
        self.clock.advance(pause);
        self.pauses.borrow().len() < self.close_after.get()
    }

    fn earliest_waiter(&self) -> Option<Moment> {
        self.waiter.get()
    }

    fn begins(&self, _what: &str) {}

    fn request_sent(&self) {
        self.sent.set(self.sent.get() + 1);
        if let Some(beside) = self.while_asked.take() {
            beside(self);
        }
    }

    fn stumbled(&self, _error: &Error) {}
}

impl Bench {
    pub(super) fn new(replies: Vec<Reply>) -> Bench {
        Bench::of(fixed("LTAI5tEXAMPLE"), replies)
    }

    pub(super) fn of(source: Arc<dyn Source>, replies: Vec<Reply>) -> Bench {
        Bench::several(vec![("kms.test", source, replies)])
    }

    pub(super) fn several(gateways: Vec<(&str, Arc<dyn Source>, Vec<Reply>)>) -> Bench {
        let clock = Arc::new(PausedClock::new(START));
        let mut scripts = Vec::new();
        let gateway = |(name, source, replies): (&str, Arc<dyn Source>, Vec<Reply>)| {
            let script = Scripted::new(&clock, replies);
            scripts.push(script.clone());
            let protocol = Box::new(OpenApi::new(name.to_owned(), true, sign()));
            Gateway::new(name.to_owned(), source, protocol, script)
        };
        let gateways = gateways.into_iter().map(gateway).collect();
        Bench {
            clock,
            scripts,
            gateways,
            nonces: Cell::new(0),
            pauses: RefCell::default(),
            least: RefCell::default(),
            waiter: Cell::new(None),
            sent: Cell::new(0),
            name: RefCell::new("my-secret".to_owned()),
            close_after: Cell::new(usize::MAX),
            while_asked: Cell::new(None),
        }
    }

    pub(super) fn fetch(&self, seconds: u64) -> Result<Answer, Error> {
        let nonce = || {
            self.nonces.set(self.nonces.get() + 1);
            format!("n{}", self.nonces.get())
        };
        let parts =
            FetchParts { gateways: &self.gateways, clock: &*self.clock, nonce: &nonce, jitter: &|longest| longest };
        fetch(&parts, &self.name.borrow(), Deadline::after(&*self.clock, Duration::from_secs(seconds)), self)
    }

    /// Asks once for a secret of another name.
    pub(super) fn fetch_named(&self, name: &str) -> Result<Answer, Error> {
        self.name.replace(name.to_owned());
        self.close_after.set(0);
        self.fetch(10)
    }

    /// The values of a header in the requests to the first gateway.
    pub(super) fn header(&self, name: &str) -> Vec<String> {
        let value = |request: &HttpRequest| request.headers.iter().find(|(n, _)| n == name).unwrap().1.clone();
        self.scripts[0].seen().iter().map(|(request, _)| value(request)).collect()
    }

    /// How many requests each gateway saw.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.scripts.iter().map(|script| script.count()).collect()
    }
}

fn sign() -> Box<Sign> {
    Box::new(|question, identity, unix_ms, nonce| HttpRequest {
        method: "POST",
        tls: question.tls,
        authority: question.authority.to_owned(),
        target: format!("/?{}={}", question.params[0].0, question.params[0].1),
        headers: vec![
            ("x-id".into(), identity.access_key_id.clone()),
            ("x-ms".into(), unix_ms.to_string()),
            ("x-nonce".into(), nonce.to_owned()),
        ],
        body: Vec::new(),
        body_limit: question.body_limit,
    })
}
