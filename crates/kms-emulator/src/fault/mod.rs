//! Faults on order: which request they hit, how often and for how long.

mod order;

pub use order::{At, Kind};
pub(crate) use order::{FaultOrder, Target};

use crate::clock::later;
use crate::objection::Objection;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;

struct Fault {
    id: u64,
    order: Arc<FaultOrder>,
    remaining: Option<u64>,
    until: Option<Timestamp>,
    applied: u64,
    cleared: watch::Sender<bool>,
}

impl Fault {
    fn active(&self, now: Timestamp) -> bool {
        self.remaining != Some(0) && self.until.is_none_or(|end| now < end)
    }

    /// Counts one application.
    fn apply(&mut self) {
        self.applied += 1;
        self.remaining = self.remaining.map(|left| left - 1);
    }
}

/// A fault that hit a request.
#[derive(Clone)]
pub(crate) struct Hit {
    pub(crate) order: Arc<FaultOrder>,
    pub(crate) until: Option<Timestamp>,
    /// Turns true, or its sender goes, when the fault is cleared.
    pub(crate) cleared: watch::Receiver<bool>,
}

/// What is to happen to one request.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) clock_offset_seconds: i64,
    pub(crate) hit: Option<Hit>,
}

/// All faults that were ordered and not cleared.
#[derive(Default)]
pub(crate) struct FaultBook {
    last_id: u64,
    faults: Vec<Fault>,
}

/// A fault as `GET /faults` shows it.
#[derive(Serialize)]
pub(crate) struct FaultState<'a> {
    id: u64,
    #[serde(flatten)]
    order: &'a FaultOrder,
    active: bool,
    applied: u64,
    remaining: Option<u64>,
}

impl FaultBook {
    /// Adds a fault and returns its number.
    pub(crate) fn add(&mut self, order: FaultOrder, now: Timestamp) -> Result<u64, Objection> {
        order.check()?;
        self.faults.retain(|fault| fault.active(now) || fault.cleared.receiver_count() > 0);
        self.last_id += 1;
        let (remaining, until) = (order.times, order.for_ms.map(|millis| later(now, millis.into())));
        let (order, cleared) = (Arc::new(order), watch::Sender::new(false));
        self.faults.push(Fault { id: self.last_id, order, remaining, until, applied: 0, cleared });
        Ok(self.last_id)
    }

    /// Takes one fault away; false when there is none of that number.
    pub(crate) fn clear(&mut self, id: u64) -> bool {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.id != id);
        self.faults.len() < before
    }

    pub(crate) fn clear_all(&mut self) -> usize {
        std::mem::take(&mut self.faults).len()
    }

    pub(crate) fn list(&self, now: Timestamp) -> Vec<FaultState<'_>> {
        let state = |fault: &'_ Fault| (fault.id, fault.active(now), fault.applied, fault.remaining);
        let states = self.faults.iter().map(|fault| (state(fault), fault.order.as_ref()));
        states
            .map(|((id, active, applied, remaining), order)| FaultState { id, order, active, applied, remaining })
            .collect()
    }

    /// What happens to a request: clocks add up, of the rest the oldest fault wins.
    pub(crate) fn plan(&mut self, target: &Target, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for fault in self.faults.iter_mut().filter(|fault| fault.active(now) && fault.order.hits(target)) {
            if fault.order.kind == Kind::Clock {
                fault.apply();
                plan.clock_offset_seconds += fault.order.clock_offset_seconds.unwrap_or(0);
            } else if plan.hit.is_none() {
                fault.apply();
                let cleared = fault.cleared.subscribe();
                plan.hit = Some(Hit { order: fault.order.clone(), until: fault.until, cleared });
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn order(value: Value) -> FaultOrder {
        serde_json::from_value(value).unwrap()
    }

    fn at_kms(secret: &str) -> Target<'_> {
        Target { at: At::Kms, service: None, secret: Some(secret) }
    }

    #[test]
    fn a_fault_ends_after_its_times_or_its_time() {
        let start = Timestamp::UNIX_EPOCH;
        let mut book = FaultBook::default();
        book.add(order(json!({"at": "kms", "kind": "reset", "times": 2, "for_ms": 100})), start).ok().unwrap();
        assert!(book.plan(&at_kms("a"), later(start, 99)).hit.is_some());
        assert!(book.plan(&at_kms("a"), later(start, 100)).hit.is_none());
        assert!(book.plan(&at_kms("a"), start).hit.is_some());
        assert!(book.plan(&at_kms("a"), start).hit.is_none());
    }

    #[test]
    fn a_fault_hits_its_secret_and_its_service_only() {
        let mut book = FaultBook::default();
        let now = Timestamp::UNIX_EPOCH;
        book.add(order(json!({"at": "kms", "kind": "reset", "secret": "a"})), now).ok().unwrap();
        book.add(order(json!({"at": "service", "kind": "reset", "service": "s"})), now).ok().unwrap();
        assert!(book.plan(&at_kms("a"), now).hit.is_some());
        assert!(book.plan(&at_kms("b"), now).hit.is_none());
        let service = |name| Target { at: At::Service, service: Some(name), secret: None };
        assert!(book.plan(&service("s"), now).hit.is_some());
        assert!(book.plan(&service("t"), now).hit.is_none());
    }

    #[test]
    fn clocks_add_to_the_oldest_other_fault() {
        let mut book = FaultBook::default();
        let now = Timestamp::UNIX_EPOCH;
        for value in [
            json!({"at": "kms", "kind": "clock", "clock_offset_seconds": 5}),
            json!({"at": "kms", "kind": "throttle"}),
            json!({"at": "kms", "kind": "reset"}),
        ] {
            book.add(order(value), now).ok().unwrap();
        }
        let plan = book.plan(&at_kms("a"), now);
        assert_eq!(plan.clock_offset_seconds, 5);
        assert_eq!(plan.hit.unwrap().order.kind, Kind::Throttle);
        assert_eq!(book.clear_all(), 3);
    }
}
