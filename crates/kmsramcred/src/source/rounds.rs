//! Of many callers who need the same answer at once one asks, and the others wait for the end of that round.
//!
//! In goes a way to ask, out comes what is known or the error of the round. Nobody waits longer than until their own
//! deadline, and nothing is locked while somebody asks. What the answer is, and for how long it holds, is the business of
//! whoever asks.

use crate::clock::{Clock, Deadline};
use crate::error::Error;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How asking failed.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(super) error: Error,
    /// Whether the same question may succeed a moment later.
    pub(super) passing: bool,
    /// The place had too many requests.
    pub(super) throttled: bool,
}

impl Failure {
    pub(super) fn passing(error: Error) -> Failure {
        Failure::new(error, true)
    }

    pub(super) fn settled(error: Error) -> Failure {
        Failure::new(error, false)
    }

    pub(super) fn new(error: Error, passing: bool) -> Failure {
        Failure { error, passing, throttled: false }
    }
}

/// What is known, and whether somebody asks for more.
pub(super) struct Rounds<K> {
    state: Mutex<State<K>>,
    ended: Condvar,
}

pub(super) struct State<K> {
    pub(super) known: K,
    asking: bool,
    /// How many rounds have ended.
    round: u64,
    /// Why the last round brought nothing.
    failed: Option<Failure>,
    /// How many have waited.
    #[cfg(test)]
    pub(super) waited: usize,
}

impl<K: Default> Default for Rounds<K> {
    fn default() -> Rounds<K> {
        let state = State {
            known: K::default(),
            asking: false,
            round: 0,
            failed: None,
            #[cfg(test)]
            waited: 0,
        };
        Rounds { state: Mutex::new(state), ended: Condvar::new() }
    }
}

impl<K> Rounds<K> {
    pub(super) fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer: what `ready` finds in that which is known, and whether somebody asks; else what `ask` brings, which
    /// writes down what others shall find. `late` is the error for whose deadline is over before anybody said anything.
    ///
    /// Those who waited for a round that failed share its error where it is settled. After a passing one, which may be for
    /// want of the asker's time, whoever has time left asks on.
    pub(super) fn answer<T>(
        &self,
        clock: &dyn Clock,
        deadline: Deadline,
        ready: impl Fn(&K, bool) -> Option<T>,
        ask: impl FnOnce() -> Result<T, Failure>,
        late: impl FnOnce() -> Error,
    ) -> Result<T, Error> {
        let mut state = self.lock();
        let mut waited_it_out = false;
        loop {
            if let Some(found) = ready(&state.known, state.asking) {
                return Ok(found);
            }
            let now = clock.now();
            if waited_it_out || deadline.is_over(now) {
                let said = state.failed.as_ref().map(|failure| failure.error.clone());
                return Err(said.unwrap_or_else(late));
            }
            if !state.asking {
                break;
            }
            #[cfg(test)]
            (state.waited += 1);
            let round = state.round;
            let waits = |state: &mut State<K>| state.asking && state.round == round;
            let woken = self.ended.wait_timeout_while(state, deadline.rest(now), waits);
            let (woken, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
            (state, waited_it_out) = (woken, timeout.timed_out());
            if state.round != round
                && let Some(failure) = state.failed.as_ref().filter(|failure| !failure.passing)
                && ready(&state.known, state.asking).is_none()
            {
                return Err(failure.error.clone());
            }
        }
        state.asking = true;
        drop(state);
        let turn = Turn(self);
        let result = ask();
        self.lock().failed = result.as_ref().err().cloned();
        drop(turn);
        result.map_err(|failure| failure.error)
    }
}

/// The turn to ask; ends, and wakes the others, whatever happens.
struct Turn<'a, K>(&'a Rounds<K>);

impl<K> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.asking = false;
        state.round += 1;
        drop(state);
        self.0.ended.notify_all();
    }
}

#[cfg(test)]
#[path = "rounds_tests.rs"]
mod tests;
