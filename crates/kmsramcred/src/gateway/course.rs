//! A fetch under way: which gateways are still to be asked, what each of them was already forgiven, and what they said.

use super::Answer;
use super::fault::{Fault, FaultClass};
use super::fetch::{FetchParts, Patience};
use super::health::{PROBE, Turn};
use super::retry::{self, Remedy};
use crate::clock::{Deadline, GREATEST_OFFSET_MS, Moment};
use crate::error::{Error, ErrorKind};
use crate::logging::{LogLevel, record};
use crate::pace::LEAST_ATTEMPT;
use crate::source::Identity;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Clocks that differ by less than this are not what a gateway complains about.
const LEAST_OFFSET_MS: u64 = 1_000;

/// A gateway that did not answer within less than this is not to blame.
const FAIR_ATTEMPT: Duration = Duration::from_secs(1);

/// Whom to ask, and how.
#[derive(Clone, Copy)]
pub(super) struct Next {
    index: usize,
    turn: Turn,
}

/// What is known of one gateway in this fetch.
#[derive(Default)]
struct Record {
    renewed: bool,
    corrected: bool,
    replayed: bool,
    /// Asking it again in this fetch is in vain.
    struck: bool,
    /// It asked not to be asked again before.
    not_before: Moment,
    /// It, or its source, had too many requests when it was last asked.
    throttled: bool,
    /// What the last request to it was dated with, beside this machine's calendar.
    signed_offset_ms: i64,
    error: Option<Error>,
}

/// A fetch under way.
pub(super) struct Course<'a> {
    parts: &'a FetchParts<'a>,
    secret_name: &'a str,
    deadline: Deadline,
    /// Those still to be asked in this round, the next one first.
    round: VecDeque<Next>,
    records: Vec<Record>,
    /// Rounds that ended without an answer.
    failed_rounds: u32,
    /// Requests so far.
    attempts: u32,
    /// The gateway whose error is the fetch's.
    last: Option<usize>,
}

impl<'a> Course<'a> {
    pub(super) fn new(parts: &'a FetchParts<'a>, secret_name: &'a str, deadline: Deadline) -> Course<'a> {
        let mut course = Course {
            parts,
            secret_name,
            deadline,
            round: VecDeque::new(),
            records: parts.gateways.iter().map(|_| Record::default()).collect(),
            failed_rounds: 0,
            attempts: 0,
            last: None,
        };
        course.begin_round();
        course
    }

    /// Puts all that are not struck and may be asked by now into a new round: in their order, last resorts at the end.
    pub(super) fn begin_round(&mut self) {
        let now = self.parts.clock.now();
        let due = |record: &Record| !record.struck && record.not_before <= now;
        let due = self.parts.gateways.iter().enumerate().filter(|(index, _)| due(&self.records[*index]));
        let turns = due.map(|(index, gateway)| Next { index, turn: gateway.health().turn(now) });
        let (first, after): (Vec<_>, Vec<_>) = turns.partition(|next| next.turn != Turn::LastResort);
        self.round = first.into_iter().chain(after).collect();
    }

    /// Whose turn it is in this round.
    pub(super) fn next(&mut self) -> Option<Next> {
        while self.round.front().is_some_and(|next| self.records[next.index].struck) {
            self.round.pop_front();
        }
        self.round.front().copied()
    }

    /// How many rounds failed; none when nobody is left to be asked again.
    pub(super) fn failed_rounds(&mut self) -> u32 {
        if self.records.iter().all(|record| record.struck) {
            return 0;
        }
        self.failed_rounds += 1;
        self.failed_rounds
    }

    /// The wait until the first gateway may be asked again, where all asked for one.
    pub(super) fn asked_wait(&self) -> Option<Duration> {
        let now = self.parts.clock.now();
        let left = self.records.iter().filter(|record| !record.struck);
        left.map(|record| record.not_before.since(now)).min().filter(|wait| !wait.is_zero())
    }

    /// Whether all that may be asked again had too many requests: asking again soon helps nobody.
    pub(super) fn is_throttled(&self) -> bool {
        self.records.iter().filter(|record| !record.struck).all(|record| record.throttled)
    }

    /// Asks one gateway once. Nothing while there is somebody left to ask, perhaps after a pause.
    pub(super) fn ask(&mut self, next: Next, patience: &dyn Patience) -> Option<Result<Answer, Error>> {
        let gateway = &self.parts.gateways[next.index];
        let source = gateway.source();
        patience.begins(&format!("asking the source {:?} for an identity", source.name()));
        let stumbled = |error: &Error| patience.stumbled(error);
        let identity = match source.identity_told(self.identity_end(next, patience), &stumbled) {
            Ok(identity) => identity,
            Err(error) => {
                let led_to_it = self.records[next.index].error.take();
                let passing = error.is_retryable();
                self.source_throttles(next, error.is_throttled());
                self.remember(next, followed(error, led_to_it), patience);
                return if passing { self.later(next) } else { self.elsewhere(next, true) };
            }
        };
        let mut fault = match self.attempt(next, &identity, patience) {
            Ok(answer) => return Some(Ok(answer)),
            Err(fault) => fault,
        };
        self.records[next.index].throttled = fault.class == FaultClass::Throttle;
        let remedy = self.remedy(next, &identity, &mut fault);
        let Fault { class, error, .. } = fault;
        let asked = error.retry_after();
        self.remember(next, error, patience);
        match remedy {
            Remedy::Stop => Some(Err(self.error())),
            // Other gateways with the same source would refuse the same identity.
            Remedy::Elsewhere => self.elsewhere(next, matches!(class, FaultClass::Identity | FaultClass::Signature)),
            Remedy::Pause => {
                self.round.pop_front();
                self.records[next.index].not_before = self.parts.clock.now() + asked.unwrap_or_default();
                None
            }
            Remedy::NewNonce | Remedy::RenewIdentity | Remedy::CorrectClock => None,
        }
    }

    /// Notes whether the source of this gateway had too many requests.
    fn source_throttles(&mut self, next: Next, throttled: bool) {
        let source = self.parts.gateways[next.index].source();
        for (record, gateway) in self.records.iter_mut().zip(self.parts.gateways) {
            if Arc::ptr_eq(gateway.source(), source) {
                record.throttled = throttled;
            }
        }
    }

    /// Asks this gateway no more in this fetch, nor, with `source_too`, those that have the same source.
    fn elsewhere(&mut self, next: Next, source_too: bool) -> Option<Result<Answer, Error>> {
        let source = self.parts.gateways[next.index].source();
        for (record, gateway) in self.records.iter_mut().zip(self.parts.gateways) {
            record.struck |= source_too && Arc::ptr_eq(gateway.source(), source);
        }
        self.records[next.index].struck = true;
        self.records.iter().all(|record| record.struck).then(|| Err(self.error()))
    }

    /// Asks those that have the source of this gateway no more in this round, for it may have an identity in the next one.
    /// Where nobody has another source the fetch ends: this one took all the time that was worth it.
    fn later(&mut self, next: Next) -> Option<Result<Answer, Error>> {
        let source = self.parts.gateways[next.index].source();
        let others = |index: usize| !Arc::ptr_eq(self.parts.gateways[index].source(), source);
        self.round.retain(|next| others(next.index));
        let another = |(index, record): (usize, &Record)| !record.struck && others(index);
        let goes_on = self.records.iter().enumerate().any(another);
        (!goes_on).then(|| Err(self.error()))
    }

    /// Until when the source may take: a share where another gateway has another source, else all there is.
    fn identity_end(&self, next: Next, patience: &dyn Patience) -> Deadline {
        let source = self.parts.gateways[next.index].source();
        let another = |next: &Next| !Arc::ptr_eq(self.parts.gateways[next.index].source(), source);
        if self.round.iter().any(another) { self.attempt_end(next, patience) } else { self.deadline }
    }

    /// The end of an attempt: a fair share of what the fetch, and whoever waits for it, has left.
    fn attempt_end(&self, next: Next, patience: &dyn Patience) -> Deadline {
        let now = self.parts.clock.now();
        let in_turn = self.round.iter().filter(|next| next.turn != Turn::LastResort).count();
        let untried = if next.turn == Turn::LastResort { self.round.len() } else { in_turn };
        let untried = u32::try_from(untried).unwrap_or(u32::MAX);
        let worth_it = |waiter: &Moment| untried > 1 && waiter.since(now) > LEAST_ATTEMPT.saturating_mul(untried);
        let waiter = patience.earliest_waiter().filter(worth_it);
        let all = Deadline(waiter.unwrap_or(Moment::NEVER).min(self.deadline.0));
        let end = retry::attempt_end(now, all, untried);
        if next.turn == Turn::Probe && self.round.len() > 1 { Deadline(end.0.min(now + PROBE)) } else { end }
    }

    fn attempt(&mut self, next: Next, identity: &Arc<Identity>, patience: &dyn Patience) -> Result<Answer, Fault> {
        let gateway = &self.parts.gateways[next.index];
        let (begins, end) = (self.parts.clock.now(), self.attempt_end(next, patience));
        self.attempts += 1;
        let nonce = (self.parts.nonce)();
        self.records[next.index].signed_offset_ms = gateway.clock_offset_ms();
        let request = gateway.request(self.secret_name, identity, self.parts.clock.unix_ms(), &nonce);
        patience.begins(&format!("asking the gateway {}, attempt {}", gateway.name(), self.attempts));
        patience.request_sent();
        let result = gateway.ask(self.secret_name, &request, identity, end);
        match &result {
            Err(Fault { class, error, .. }) if says_nothing(*class) => {
                if error.kind() != ErrorKind::Timeout || end.rest(begins) >= FAIR_ATTEMPT {
                    let now = self.parts.clock.now();
                    gateway.health().failed(next.turn, error, begins, now, self.parts.jitter);
                }
            }
            _ => gateway.health().answered(self.parts.clock.now()),
        }
        result
    }

    fn remedy(&mut self, next: Next, identity: &Identity, fault: &mut Fault) -> Remedy {
        let gateway = &self.parts.gateways[next.index];
        let record = &mut self.records[next.index];
        match retry::remedy(fault.class) {
            Remedy::NewNonce if std::mem::replace(&mut record.replayed, true) => Remedy::Pause,
            Remedy::RenewIdentity if std::mem::replace(&mut record.renewed, true) => Remedy::Elsewhere,
            Remedy::RenewIdentity if !gateway.source().refused(identity) => Remedy::Elsewhere,
            Remedy::CorrectClock if std::mem::replace(&mut record.corrected, true) => Remedy::Elsewhere,
            Remedy::CorrectClock if !self.correct_clock(next, fault) => Remedy::Elsewhere,
            other => other,
        }
    }

    /// Takes the gateway's clock for the next requests; `false` when its `Date` explains nothing, or too much.
    fn correct_clock(&self, next: Next, fault: &mut Fault) -> bool {
        let (gateway, signed) = (&self.parts.gateways[next.index], self.records[next.index].signed_offset_ms);
        let Some(server) = fault.server_unix_ms else {
            return false;
        };
        let offset = server.saturating_sub(self.parts.clock.unix_ms());
        if offset.saturating_sub(signed).unsigned_abs() < LEAST_OFFSET_MS {
            return false;
        }
        if offset.saturating_sub(gateway.clock_offset_ms()).unsigned_abs() < LEAST_OFFSET_MS {
            // A fetch beside this one has corrected it, and said so.
            return true;
        }
        let (seconds, side) = (offset.unsigned_abs() / 1_000, if offset < 0 { "ahead of" } else { "behind" });
        if offset.unsigned_abs() > GREATEST_OFFSET_MS {
            let message = format!(
                "This machine's clock is {seconds} s {side} the clock of {}, too much to be corrected. Set this machine's clock.",
                gateway.name()
            );
            let refusal = fault.error.clone();
            fault.error = Error::new(refusal.kind(), message).with_cause(refusal);
            return false;
        }
        gateway.set_clock_offset_ms(offset);
        record(LogLevel::Warn, || {
            format!(
                "This machine's clock is {seconds} s {side} the clock of {}; requests are signed with the corrected time. Set the clock.",
                gateway.name()
            )
        });
        true
    }

    /// Keeps the error, unless it only says "timed out" and a better one is known, and passes on what is known.
    fn remember(&mut self, next: Next, error: Error, patience: &dyn Patience) {
        let only_late = |error: Option<&Error>| error.is_none_or(|error| error.kind() == ErrorKind::Timeout);
        let better = error.kind() != ErrorKind::Timeout;
        if better || only_late(self.last.and_then(|last| self.records[last].error.as_ref())) {
            self.last = Some(next.index);
        }
        if better || only_late(self.records[next.index].error.as_ref()) {
            self.records[next.index].error = Some(error);
        }
        if let Some((last, error)) = self.last.and_then(|last| Some((last, self.records[last].error.clone()?))) {
            patience.stumbled(&self.beside_others(last, error));
        }
    }

    /// The error of a fetch that ends without an answer.
    pub(super) fn error(&self) -> Error {
        let last = self.last.unwrap_or(0);
        self.beside_others(last, self.told(last))
    }

    /// What became of one gateway.
    fn told(&self, index: usize) -> Error {
        let tried = format!("GetSecretValue for {:?} at {}", self.secret_name, self.parts.gateways[index].name());
        match self.records[index].error.clone() {
            None => Error::new(ErrorKind::Timeout, format!("The budget was over before {tried} could be sent.")),
            Some(error) if error.kind() == ErrorKind::Timeout => {
                Error::new(ErrorKind::Timeout, format!("{tried} was not answered. {}", error.message()))
            }
            Some(error) => error,
        }
    }

    /// The error of one gateway, with what the others said at the end of its causes. Each names its gateway then, which the
    /// error of a source does not do by itself.
    fn beside_others(&self, index: usize, error: Error) -> Error {
        let failed = |other: &usize| *other != index && self.records[*other].error.is_some();
        let mut others = (0..self.records.len()).filter(failed).rev().peekable();
        if others.peek().is_none() {
            return error;
        }
        let named = |of: usize, error: Error| {
            let name = self.parts.gateways[of].name();
            if error.message().contains(name) { error } else { error.about(name) }
        };
        let causes = others.fold(None, |before, other| Some(followed(named(other, self.told(other)), before)));
        followed(named(index, error), causes)
    }
}

/// Whether a gateway with this fault gave no answer that counts: another one may do better.
fn says_nothing(class: FaultClass) -> bool {
    matches!(
        class,
        FaultClass::Throttle
            | FaultClass::Transient
            | FaultClass::Malformed
            | FaultClass::Unreached
            | FaultClass::Untrusted
    )
}

/// The error with one more at the end of its causes.
fn followed(error: Error, more: Option<Error>) -> Error {
    match (error.cause().cloned(), more) {
        (_, None) => error,
        (None, Some(more)) => error.with_cause(more),
        (Some(cause), more) => error.with_cause(followed(cause, more)),
    }
}
