//! One fetch: attempts, pauses and corrections until there is an answer, a definite refusal, or no time left.

use super::course::Course;
use super::{Answer, Gateway};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::pace::{self, Pace};
use std::fmt;
use std::time::Duration;

/// Whoever runs the fetch: pauses for it, and knows who waits.
pub trait Patience {
    /// Pauses until then; for somebody who begins to wait meanwhile perhaps less, but not less than until `at_least`, for
    /// the sake of the service. Answers `false` when the client was closed: stop.
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
    /// The gateways in the order of the configuration.
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
/// The gateways are asked in the order of the configuration, those that failed a short while ago after the others, and
/// all of them again after a pause. A definite answer of one ends the fetch. The error is the last one that says more
/// than "timed out", if there was one, and what other gateways said stands among its causes.
pub fn fetch(
    parts: &FetchParts<'_>,
    secret_name: &str,
    deadline: Deadline,
    patience: &dyn Patience,
) -> Result<Answer, Error> {
    if parts.gateways.is_empty() {
        return Err(Error::new(ErrorKind::Internal, "A fetch was started without a gateway."));
    }
    let mut course = Course::new(parts, secret_name, deadline);
    loop {
        let Some(next) = course.next() else {
            let asked = course.asked_wait();
            let now = parts.clock.now();
            let pace = match patience.earliest_waiter() {
                _ if course.is_throttled() => Pace::Throttled,
                Some(waiter) if waiter > now => Pace::Awaited,
                _ => Pace::Unhurried,
            };
            let pause = match course.failed_rounds() {
                0 => None,
                rounds => pace::pause(rounds, asked, deadline.rest(now), pace),
            };
            let until = pause.map(|(least, most)| now + least + (parts.jitter)(most - least));
            let at_least = |until| if pace == Pace::Throttled { until } else { now + asked.unwrap_or_default() };
            match until {
                None => return Err(course.error()),
                Some(until) if !patience.pause(until, at_least(until)) => {
                    return Err(Error::new(ErrorKind::Closed, "The client was closed during a fetch."));
                }
                Some(_) => course.begin_round(),
            }
            continue;
        };
        if deadline.is_over(parts.clock.now()) {
            return Err(course.error());
        }
        if let Some(result) = course.ask(next, patience) {
            return result;
        }
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "failover_tests.rs"]
mod failover_tests;
