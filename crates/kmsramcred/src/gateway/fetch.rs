//! One fetch: attempts, pauses and corrections until there is an answer, a definite refusal, or no time left.

use super::fault::Fault;
use super::retry::{self, Remedy};
use super::{Answer, Gateway};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::logging::{LogLevel, record};
use crate::source::Identity;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Clocks that differ by less than this are not what a gateway complains about.
const LEAST_OFFSET_MS: u64 = 1_000;

/// A clock that differs by more is not corrected: one answer, which may be forged where certificates are not verified,
/// must not have requests signed for a far day.
const GREATEST_OFFSET_MS: u64 = 24 * 3_600 * 1_000;

/// Whoever runs the fetch: pauses for it, and knows who waits.
pub trait Patience {
    /// Pauses until then; for somebody who begins to wait meanwhile perhaps less, but not less than until `at_least`, which
    /// the service asked for. Answers `false` when the client was closed: stop.
    fn pause(&self, until: Moment, at_least: Moment) -> bool;
    /// The earliest deadline among those who wait for the value.
    fn earliest_waiter(&self) -> Option<Moment>;
    /// What the fetch does now, in words that name who is asked.
    fn begins(&self, what: &str);
    /// A request is about to go to KMS.
    fn request_sent(&self);
    /// An attempt failed; another one may follow.
    fn stumbled(&self, error: &Error);
}

/// What a fetch works with.
pub struct FetchParts<'a> {
    /// The gateways in the order of the configuration; after a failed attempt the next one is asked.
    pub gateways: &'a [Gateway],
    /// The clock.
    pub clock: &'a dyn Clock,
    /// A nonce that was never given before, in this process or in a fork of it.
    pub nonce: &'a dyn Fn() -> String,
    /// A random time between zero and the argument.
    pub jitter: &'a dyn Fn(Duration) -> Duration,
}

impl fmt::Debug for FetchParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchParts").field("gateways", &self.gateways).finish_non_exhaustive()
    }
}

/// Fetches a secret's value before `deadline`.
///
/// The error is the last one that says more than "timed out", if there was one.
pub fn fetch(
    parts: &FetchParts<'_>,
    secret_name: &str,
    deadline: Deadline,
    patience: &dyn Patience,
) -> Result<Answer, Error> {
    let mut course = Course { parts, secret_name, deadline, failures: 0, once: Once::default(), last: None };
    loop {
        let Some(gateway) = course.gateway() else {
            return Err(Error::new(ErrorKind::Internal, "A fetch was started without a gateway."));
        };
        let now = parts.clock.now();
        if deadline.is_over(now) {
            return Err(course.too_late(gateway));
        }
        patience.begins(&format!("asking the source {:?} for an identity", gateway.source().name()));
        let identity = gateway.source().identity(deadline).map_err(|error| match course.last.take() {
            Some(led_to_it) => error.with_cause(led_to_it),
            None => error,
        })?;
        let mut fault = match course.attempt(gateway, &identity, patience) {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        let again = course.remedy(gateway, &identity, &mut fault);
        let asked = fault.error.retry_after();
        patience.stumbled(&fault.error);
        course.remember(fault.error);
        match again {
            Again::No => return Err(course.too_late(gateway)),
            Again::AtOnce => {}
            Again::Later => {
                course.failures += 1;
                let now = parts.clock.now();
                let waiter = patience.earliest_waiter();
                match retry::pause_until(course.failures, asked, now, deadline, waiter, parts.jitter) {
                    None => return Err(course.too_late(gateway)),
                    Some(until) if !patience.pause(until, now + asked.unwrap_or_default()) => {
                        return Err(Error::new(ErrorKind::Closed, "The client was closed during a fetch."));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

enum Again {
    No,
    AtOnce,
    Later,
}

/// What a fetch does at most once.
#[derive(Default)]
struct Once {
    renewed: bool,
    corrected: bool,
    replayed: bool,
}

/// A fetch under way.
struct Course<'a> {
    parts: &'a FetchParts<'a>,
    secret_name: &'a str,
    deadline: Deadline,
    /// Failures that ask for a pause, so far.
    failures: u32,
    once: Once,
    last: Option<Error>,
}

impl<'a> Course<'a> {
    /// The gateway whose turn it is: each failure moves on to the next one, round and round.
    fn gateway(&self) -> Option<&'a Gateway> {
        let count = self.parts.gateways.len().max(1);
        self.parts.gateways.get(self.failures as usize % count)
    }

    fn attempt(&self, gateway: &Gateway, identity: &Arc<Identity>, patience: &dyn Patience) -> Result<Answer, Fault> {
        let count = u32::try_from(self.parts.gateways.len()).unwrap_or(u32::MAX);
        let end = retry::attempt_end(self.parts.clock.now(), self.deadline, count.saturating_sub(self.failures));
        let nonce = (self.parts.nonce)();
        let request = gateway.request(self.secret_name, identity, self.parts.clock.unix_ms(), &nonce);
        patience.begins(&format!("asking the gateway {}, attempt {}", gateway.name(), self.failures + 1));
        patience.request_sent();
        gateway.ask(self.secret_name, &request, identity, end)
    }

    fn remedy(&mut self, gateway: &Gateway, identity: &Identity, fault: &mut Fault) -> Again {
        match retry::remedy(fault.class) {
            Remedy::Stop => Again::No,
            Remedy::Pause => Again::Later,
            Remedy::NewNonce if std::mem::replace(&mut self.once.replayed, true) => Again::Later,
            Remedy::NewNonce => Again::AtOnce,
            Remedy::RenewIdentity if std::mem::replace(&mut self.once.renewed, true) => Again::No,
            Remedy::RenewIdentity if gateway.source().refused(identity) => Again::AtOnce,
            Remedy::RenewIdentity => Again::No,
            Remedy::CorrectClock if std::mem::replace(&mut self.once.corrected, true) => Again::No,
            Remedy::CorrectClock if self.correct_clock(gateway, fault) => Again::AtOnce,
            Remedy::CorrectClock => Again::No,
        }
    }

    /// Takes the gateway's clock for the next requests; `false` when its `Date` explains nothing, or too much.
    fn correct_clock(&self, gateway: &Gateway, fault: &mut Fault) -> bool {
        let Some(server) = fault.server_unix_ms else {
            return false;
        };
        let offset = server.saturating_sub(self.parts.clock.unix_ms());
        if offset.saturating_sub(gateway.clock_offset_ms()).unsigned_abs() < LEAST_OFFSET_MS {
            return false;
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

    /// Keeps the error, unless it only says "timed out" and a better one is known.
    fn remember(&mut self, error: Error) {
        if error.kind() != ErrorKind::Timeout || self.last.as_ref().is_none_or(|last| last.kind() == ErrorKind::Timeout)
        {
            self.last = Some(error);
        }
    }

    /// The error of a fetch that ends without an answer.
    fn too_late(&mut self, gateway: &Gateway) -> Error {
        let tried = format!("GetSecretValue for {:?} at {}", self.secret_name, gateway.name());
        match self.last.take() {
            None => Error::new(ErrorKind::Timeout, format!("The budget was over before {tried} could be sent.")),
            Some(error) if error.kind() == ErrorKind::Timeout => {
                Error::new(ErrorKind::Timeout, format!("{tried} was not answered. {}", error.message()))
            }
            Some(error) => error,
        }
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
