//! A temporary identity that is lent, and renewed before it ends: what all sources of such identities have in common.
//!
//! In go the answers of a [`Lender`], out comes the identity to use now. An identity is renewed a quarter of an hour before it
//! ends; while that fails, the old one is served to its end. What a caller meets:
//!
//! | identity at hand | nobody asks the lender | somebody asks |
//! |---|---|---|
//! | valid, not due | has it | has it |
//! | valid, due | renews it: one question, no more than half of the time left; with no time left, has it | has it |
//! | none, over or refused | asks until there is an answer or the budget is over | waits for the round |
//!
//! And what becomes of a renewal that fails:
//!
//! | old identity, at the end of the question | passing failure | settled failure |
//! |---|---|---|
//! | valid | serves on, the next renewal has to wait | the same |
//! | over, or refused meanwhile | whoever asked asks on, with all the time left | the error, of all who wait |
//!
//! A renewal that brings another identity, and one that ends sooner, counts as failed while the old one is valid.

pub(super) use super::rounds::Failure;
use super::rounds::Rounds;
use super::{Identity, Source};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::logging::{LogLevel, record};
use crate::pace::{self, Pace};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An identity is renewed this long before it ends, or at half its life where that is shorter.
const AHEAD: Duration = Duration::from_secs(15 * 60);
/// A renewal while the old identity serves asks once, and no longer than this or half of what its caller has left.
const RENEWAL: Duration = Duration::from_secs(3);
/// After a failed renewal the next one waits this long, or half of what is left of the identity.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60);

/// Waits between two rounds, for a random time between the given ones. Answers `false` when the client was closed: stop.
pub type Pause = dyn Fn(Duration, Duration) -> bool + Send + Sync;

/// A place that lends identities.
pub trait Lender: Send + Sync {
    /// What `explain` and errors call the source.
    fn name(&self) -> &'static str;

    /// What a sentence calls the place that is asked, such as `the ECS metadata service`.
    fn place(&self) -> String;

    /// The longest time for a renewal while the old identity serves.
    fn renewal(&self) -> Duration {
        RENEWAL
    }

    /// Asks once.
    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure>;
}

/// The identity that a lender lends.
pub struct Renewed<L> {
    lender: L,
    clock: Arc<dyn Clock>,
    pause: Box<Pause>,
    rounds: Rounds<Lent>,
}

#[derive(Default)]
struct Lent {
    current: Option<Arc<Identity>>,
    renew_at: Moment,
}

impl Lent {
    fn valid(&self, now: Moment) -> Option<&Arc<Identity>> {
        self.current.as_ref().filter(|identity| now < end(identity))
    }
}

fn end(identity: &Identity) -> Moment {
    identity.expires_at.unwrap_or(Moment::NEVER)
}

impl<L> Renewed<L> {
    /// Asks the lender when an identity is first needed.
    pub(super) fn of(lender: L, clock: Arc<dyn Clock>, pause: Box<Pause>) -> Renewed<L> {
        Renewed { lender, clock, pause, rounds: Rounds::default() }
    }
}

impl<L: Lender> Renewed<L> {
    /// Asks on behalf of everybody.
    fn ask(&self, deadline: Deadline, stumbled: &dyn Fn(&Error)) -> Result<Arc<Identity>, Failure> {
        let now = self.clock.now();
        if self.rounds.lock().known.valid(now).is_some() {
            let time = self.lender.renewal().min(deadline.rest(now) / 2);
            match self.lender.lend(Deadline(now + time)) {
                Ok(identity) => {
                    let sooner = self.is_sooner(&identity).and_then(|error| self.serve_on(&error, now, time));
                    return Ok(sooner.unwrap_or_else(|| self.keep(identity)));
                }
                Err(failure) => {
                    if let Some(old) = self.serve_on(&failure.error, now, time) {
                        return Ok(old);
                    }
                    if !failure.passing {
                        return Err(failure);
                    }
                }
            }
        }
        self.ask_on(deadline, stumbled).map(|identity| self.keep(identity))
    }

    /// Asks until there is an answer or the budget is over.
    fn ask_on(&self, deadline: Deadline, stumbled: &dyn Fn(&Error)) -> Result<Identity, Failure> {
        let mut failures = 0;
        loop {
            let failure = match self.lender.lend(deadline) {
                Ok(identity) => return Ok(identity),
                Err(failure) => failure,
            };
            failures += 1;
            let pace = if failure.throttled { Pace::Throttled } else { Pace::Awaited };
            let pause = pace::pause(failures, None, deadline.rest(self.clock.now()), pace);
            let Some((least, most)) = pause.filter(|_| failure.passing) else { return Err(failure) };
            stumbled(&failure.error);
            if !(self.pause)(least, most) {
                let message = format!("The client was closed while {} was asked.", self.lender.place());
                return Err(Failure::settled(Error::new(ErrorKind::Closed, message)));
            }
        }
    }

    fn keep(&self, identity: Identity) -> Arc<Identity> {
        let ends = end(&identity);
        let identity = Arc::new(identity);
        let renew_at = ends - AHEAD.min(ends.since(self.clock.now()) / 2);
        self.rounds.lock().known = Lent { current: Some(Arc::clone(&identity)), renew_at };
        identity
    }

    /// What is wrong with an identity that would replace one that lasts longer.
    fn is_sooner(&self, identity: &Identity) -> Option<Error> {
        let state = self.rounds.lock();
        let old = state.known.current.as_ref()?;
        let sooner = identity.access_key_id != old.access_key_id && end(identity) < end(old);
        sooner.then(|| Error::new(ErrorKind::SourceUnavailable, "the one that came ends sooner."))
    }

    /// After a renewal that began at `began` and failed: the old identity, unless it is over or was refused meanwhile.
    fn serve_on(&self, error: &Error, began: Moment, time: Duration) -> Option<Arc<Identity>> {
        let now = self.clock.now();
        let mut state = self.rounds.lock();
        let old = Arc::clone(state.known.valid(now)?);
        let pause = RENEWAL_PAUSE.min(end(&old).since(now) / 2);
        // Where its caller had too little time for it, nothing is known of the lender: the pause shrinks with the time.
        let renewal = self.lender.renewal();
        let too_short = time < renewal && now >= began + time;
        let pause = if too_short { pause.mul_f64(time.div_duration_f64(renewal)) } else { pause };
        state.known.renew_at = now + pause;
        drop(state);
        record(LogLevel::Warn, || {
            let place = self.lender.place();
            format!("The identity from {place} could not be renewed and is still valid: {error}")
        });
        Some(old)
    }
}

impl<L: Lender> Source for Renewed<L> {
    fn name(&self) -> &'static str {
        self.lender.name()
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        self.identity_told(deadline, &|_| ())
    }

    fn identity_told(&self, deadline: Deadline, stumbled: &dyn Fn(&Error)) -> Result<Arc<Identity>, Error> {
        let ready = |lent: &Lent, asking| {
            let now = self.clock.now();
            let serves = asking || now < lent.renew_at || deadline.is_over(now);
            lent.valid(now).filter(|_| serves).cloned()
        };
        let late = || {
            let message = format!("The budget was over before {} had answered.", self.lender.place());
            Error::new(ErrorKind::SourceUnavailable, message)
        };
        self.rounds.answer(&*self.clock, deadline, ready, || self.ask(deadline, stumbled), late)
    }

    fn refused(&self, refused: &Identity) -> bool {
        let mut state = self.rounds.lock();
        let same = |current: &Arc<Identity>| {
            current.access_key_id == refused.access_key_id
                && current.key == refused.key
                && current.security_token == refused.security_token
        };
        if state.known.current.as_ref().is_some_and(same) {
            state.known.current = None;
        }
        true
    }
}

impl<L: fmt::Debug> fmt::Debug for Renewed<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lender.fmt(f)
    }
}

#[cfg(test)]
#[path = "renewed_tests.rs"]
mod tests;
