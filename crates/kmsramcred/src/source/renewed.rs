//! A temporary identity that is lent, and renewed before it ends: what all sources of such identities have in common.
//!
//! In go the answers of a [`Lender`], out comes the identity to use now. Of many callers at once one asks the lender and
//! the others wait for it, each inside its own deadline. An identity is renewed a quarter of an hour before it ends; while
//! that fails, the old one is served to its end.

pub(super) use super::rounds::Failure;
use super::{Identity, Source};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::logging::{LogLevel, record};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An identity is renewed this long before it ends, or at half its life where that is shorter.
const AHEAD: Duration = Duration::from_secs(15 * 60);
/// A renewal while the old identity serves asks once, and no longer than this.
const RENEWAL: Duration = Duration::from_secs(3);
/// After a failed renewal the next one waits this long, or half of what is left of the identity.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Waits between two rounds, for a random time up to the given one. Answers `false` when the client was closed: stop.
pub type Pause = dyn Fn(Duration) -> bool + Send + Sync;

/// A place that lends identities.
pub(super) trait Lender: Send + Sync {
    /// What `explain` and errors call the source.
    fn name(&self) -> &'static str;

    /// What a sentence calls the place that is asked, such as `the ECS metadata service`.
    fn place(&self) -> String;

    /// Asks once.
    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure>;
}

/// The identity that a lender lends.
pub(super) struct Renewed<L> {
    lender: L,
    clock: Arc<dyn Clock>,
    pause: Box<Pause>,
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    current: Option<Arc<Identity>>,
    renew_at: Moment,
    pub(super) asking: bool,
    /// The error of the round that ended last, for those who waited for it.
    failed: Option<Error>,
    rounds: u64,
}

impl<L> Renewed<L> {
    /// Asks the lender when an identity is first needed.
    pub(super) fn new(lender: L, clock: Arc<dyn Clock>, pause: Box<Pause>) -> Renewed<L> {
        Renewed { lender, clock, pause, state: Mutex::default(), answered: Condvar::new() }
    }

    pub(super) fn lender(&self) -> &L {
        &self.lender
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Lender> Renewed<L> {
    /// Asks until there is an answer or the budget is over.
    fn ask(&self, deadline: Deadline) -> Result<Identity, Error> {
        let mut longest = FIRST_PAUSE;
        loop {
            match self.lender.lend(deadline) {
                Ok(identity) => return Ok(identity),
                Err(Failure { error, passing }) => {
                    let rest = deadline.rest(self.clock.now());
                    if !passing || rest <= longest {
                        return Err(error);
                    }
                }
            }
            if !(self.pause)(longest) {
                let message = format!("The client was closed while {} was asked.", self.lender.place());
                return Err(Error::new(ErrorKind::Closed, message));
            }
            longest = (longest * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks on behalf of everybody; called by the one who set `asking`.
    fn ask_for_all(&self, deadline: Deadline, usable: Option<Arc<Identity>>) -> Result<Arc<Identity>, Error> {
        let turn = Turn(self);
        let now = self.clock.now();
        let result = match &usable {
            None => self.ask(deadline),
            Some(_) => {
                let renewal = Deadline(deadline.0.min(now + RENEWAL));
                self.lender.lend(renewal).map_err(|failure| failure.error)
            }
        };
        let now = self.clock.now();
        let mut state = self.lock();
        let outcome = match result {
            Ok(identity) => {
                let ends = identity.expires_at.unwrap_or(Moment::NEVER);
                state.renew_at = ends - AHEAD.min(ends.since(now) / 2);
                let identity = Arc::new(identity);
                state.current = Some(identity.clone());
                state.failed = None;
                Ok(identity)
            }
            Err(error) => {
                state.failed = Some(error.clone());
                match usable {
                    // Nobody may have refused the old identity meanwhile.
                    Some(old) if state.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, &old)) => {
                        let ends = old.expires_at.unwrap_or(Moment::NEVER);
                        state.renew_at = now + RENEWAL_PAUSE.min(ends.since(now) / 2);
                        record(LogLevel::Warn, || {
                            let place = self.lender.place();
                            format!("The identity from {place} could not be renewed and is still valid: {error}")
                        });
                        Ok(old)
                    }
                    _ => Err(error),
                }
            }
        };
        drop(state);
        drop(turn);
        outcome
    }
}

/// The turn to ask; ends, and wakes the others, whatever happens.
struct Turn<'a, L>(&'a Renewed<L>);

impl<L> Drop for Turn<'_, L> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.asking = false;
        state.rounds += 1;
        drop(state);
        self.0.answered.notify_all();
    }
}

impl<L: Lender> Source for Renewed<L> {
    fn name(&self) -> &'static str {
        self.lender.name()
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        let mut state = self.lock();
        let mut late = false;
        loop {
            let now = self.clock.now();
            let usable = state.current.clone().filter(|identity| identity.expires_at.is_none_or(|end| now < end));
            if let Some(identity) = &usable
                && (now < state.renew_at || state.asking)
            {
                return Ok(identity.clone());
            }
            if late || deadline.is_over(now) && usable.is_none() {
                let unknown = || {
                    let message = format!("The budget was over before {} had answered.", self.lender.place());
                    Error::new(ErrorKind::SourceUnavailable, message)
                };
                return Err(state.failed.clone().unwrap_or_else(unknown));
            }
            if !state.asking {
                state.asking = true;
                drop(state);
                return self.ask_for_all(deadline, usable);
            }
            let round = state.rounds;
            let rest = deadline.rest(now);
            let waiting = |state: &mut State| state.asking && state.rounds == round;
            let woken = self.answered.wait_timeout_while(state, rest, waiting).unwrap_or_else(PoisonError::into_inner);
            state = woken.0;
            late = woken.1.timed_out();
            // A refusal holds for everybody; after a silence whoever has time left asks on.
            if state.rounds != round
                && state.current.is_none()
                && let Some(error) = state.failed.clone().filter(|error| !error.is_retryable())
            {
                return Err(error);
            }
        }
    }

    fn refused(&self, refused: &Identity) -> bool {
        let mut state = self.lock();
        let same = |current: &Arc<Identity>| {
            current.access_key_id == refused.access_key_id
                && current.key == refused.key
                && current.security_token == refused.security_token
        };
        if state.current.as_ref().is_some_and(same) {
            state.current = None;
            state.failed = None;
        }
        true
    }
}
