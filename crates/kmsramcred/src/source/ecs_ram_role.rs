//! `ecs_ram_role`: the temporary identity of the RAM role that is attached to this ECS instance.
//!
//! Of many callers at once one asks the metadata service and the others wait for it, each inside its own deadline. An
//! identity is renewed a quarter of an hour before it ends; while that fails, the old one is served to its end.

use super::metadata_service::{Failure, MetadataService};
use super::{Identity, Source};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::exchange::Exchange;
use crate::logging::{LogLevel, record};
use std::fmt;
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

/// Where the metadata service is and what to ask it for.
#[derive(Debug, Clone)]
pub struct EcsRamRoleSettings {
    /// The role; absent = the one that is attached.
    pub role_name: Option<String>,
    /// Host and, where it is not 80, port: `100.100.100.200`.
    pub authority: String,
    /// Never read without a token.
    pub imdsv1_disabled: bool,
}

impl Default for EcsRamRoleSettings {
    fn default() -> EcsRamRoleSettings {
        EcsRamRoleSettings { role_name: None, authority: "100.100.100.200".to_owned(), imdsv1_disabled: false }
    }
}

/// Waits between two rounds, for a random time up to the given one. Answers `false` when the client was closed: stop.
pub type Pause = dyn Fn(Duration) -> bool + Send + Sync;

/// The identity of an ECS instance.
pub struct EcsRamRole {
    service: MetadataService,
    pause: Box<Pause>,
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Default)]
struct State {
    current: Option<Arc<Identity>>,
    renew_at: Moment,
    asking: bool,
    /// The error of the round that ended last, for those who waited for it.
    failed: Option<Error>,
    rounds: u64,
}

impl EcsRamRole {
    /// A source that asks the metadata service when it is first needed. `exchange` must not go through a proxy.
    pub fn new(
        exchange: Arc<dyn Exchange>,
        clock: Arc<dyn Clock>,
        settings: EcsRamRoleSettings,
        pause: Box<Pause>,
    ) -> EcsRamRole {
        let EcsRamRoleSettings { role_name, authority, imdsv1_disabled } = settings;
        EcsRamRole {
            service: MetadataService { exchange, clock, authority, role_name, imdsv1_disabled },
            pause,
            state: Mutex::default(),
            answered: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks until there is an answer or the budget is over.
    fn ask(&self, deadline: Deadline) -> Result<Identity, Error> {
        let mut longest = FIRST_PAUSE;
        loop {
            match self.service.ask(deadline) {
                Ok(identity) => return Ok(identity),
                Err(Failure { error, passing }) => {
                    let rest = deadline.rest(self.service.clock.now());
                    if !passing || rest <= longest {
                        return Err(error);
                    }
                }
            }
            if !(self.pause)(longest) {
                return Err(Error::new(
                    ErrorKind::Closed,
                    "The client was closed while the metadata service was asked.",
                ));
            }
            longest = (longest * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks on behalf of everybody; called by the one who set `asking`.
    fn ask_for_all(&self, deadline: Deadline, usable: Option<Arc<Identity>>) -> Result<Arc<Identity>, Error> {
        let turn = Turn(self);
        let now = self.service.clock.now();
        let result = match &usable {
            None => self.ask(deadline),
            Some(_) => {
                let renewal = Deadline(deadline.0.min(now + RENEWAL));
                self.service.ask(renewal).map_err(|failure| failure.error)
            }
        };
        let now = self.service.clock.now();
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
                            format!("The identity of the ECS role could not be renewed and is still valid: {error}")
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
struct Turn<'a>(&'a EcsRamRole);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.asking = false;
        state.rounds += 1;
        drop(state);
        self.0.answered.notify_all();
    }
}

impl Source for EcsRamRole {
    fn name(&self) -> &'static str {
        "ecs_ram_role"
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        let mut state = self.lock();
        let mut late = false;
        loop {
            let now = self.service.clock.now();
            let usable = state.current.clone().filter(|identity| identity.expires_at.is_none_or(|end| now < end));
            if let Some(identity) = &usable
                && (now < state.renew_at || state.asking)
            {
                return Ok(identity.clone());
            }
            if late || deadline.is_over(now) && usable.is_none() {
                let unknown = || {
                    let message = "The budget was over before the ECS metadata service had answered.";
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

impl fmt::Debug for EcsRamRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcsRamRole").field("role_name", &self.service.role_name).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "ecs_ram_role_tests.rs"]
mod tests;
