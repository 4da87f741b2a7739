//! One secret's state behind a lock, with waiting: what makes single flight and the lock-free read path.

use super::backoff::is_definite;
use super::credential::Credential;
use super::dead_key::DeadKeys;
use super::flight::{Brought, Reason, Ticket};
use super::judge::{Refusal, Step, Verdict, is_about_the_key};
use super::policy::{Policy, REFRESH_APART};
use super::published::Published;
use super::state::{Now, Outcome, State};
use super::sync::{Arc, Condvar, Mutex, MutexGuard};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::secret_value::SecretValue;
use crate::stats::Counters;
use std::time::Duration;

/// No wait is longer than this without a look at the clock, which may have stood still for the waiter.
const LOOK_AT_THE_CLOCK: Duration = Duration::from_secs(30);

/// How a fetch is started. Called without a lock; the result must reach [`Entry::complete`].
pub trait Launch {
    /// Starts the fetch of `ticket` on another thread.
    fn launch(&self, ticket: Ticket);
}

/// One secret: its state, and those who wait for it.
#[cfg_attr(not(kmsramcred_loom), derive(Debug))]
pub struct Entry {
    name: String,
    published: Arc<Published>,
    dead_keys: DeadKeys,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    state: Mutex<State>,
    /// A flight ended, or the client closed: for those who wait for a value.
    changed: Condvar,
    /// Somebody has begun to wait, or the client closed: for the fetch, which pauses less then. Apart from `changed`, or
    /// those who wait would wake each other for ever.
    wanted: Condvar,
}

/// What a caller without a usable value has to do.
enum Need {
    Take(Credential),
    Fail(Error),
    Launch(Ticket),
    /// Wait for the fetch under way, or at most until then to start one.
    Wait(Moment),
}

impl Entry {
    /// The entry of a secret. In a forked child `published` holds what the parent left.
    pub fn new(
        name: String,
        published: Arc<Published>,
        policy: Policy,
        dead_keys: DeadKeys,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
        seed: u64,
    ) -> Entry {
        let now = Now { at: clock.now(), unix_ms: clock.unix_ms() };
        let state = State::new(policy, seed, &published, now);
        Entry {
            name,
            published,
            dead_keys,
            clock,
            counters,
            state: Mutex::new(state),
            changed: Condvar::new(),
            wanted: Condvar::new(),
        }
    }

    /// The requested name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn now(&self) -> Now {
        Now { at: self.clock.now(), unix_ms: self.clock.unix_ms() }
    }

    /// The current credential; `Timeout` when the deadline ends first. With a deadline that is over from the start it
    /// starts a fetch and answers `NotReady`.
    pub fn acquire(&self, deadline: Deadline, launch: &dyn Launch) -> Result<Credential, Error> {
        self.counters.slow_acquires.count();
        let immediate = deadline.is_over(self.clock.now());
        let mut state = self.state.lock();
        loop {
            let now = self.now();
            match self.need(&mut state, now) {
                Need::Take(credential) => {
                    if state.is_stale() {
                        self.counters.stale_served.count();
                    }
                    return Ok(credential);
                }
                Need::Fail(error) => return Err(error),
                Need::Launch(ticket) => state = self.launch_unlocked(state, launch, ticket),
                Need::Wait(until) => {
                    if deadline.is_over(now.at) {
                        return Err(self.too_late(&state, immediate, now));
                    }
                    state = self.wait(state, deadline, until);
                }
            }
        }
    }

    fn need(&self, state: &mut State, now: Now) -> Need {
        if state.closed {
            return Need::Fail(Error::closed());
        }
        if state.usable(now.at).is_none()
            && let Some(held) = state.held.take()
        {
            state.adopt(held.value, &self.published, now);
        }
        if let Some(value) = state.usable(now.at) {
            return Need::Take(self.published.restamp(|generation| state.snapshot(&value, generation, now)));
        }
        if state.flight.is_some() {
            return Need::Wait(Moment::NEVER);
        }
        match state.failures.need_rest(now.at) {
            None => Need::Launch(state.launch(Reason::Need, now)),
            Some(rest) => match state.failures.error().filter(|error| is_definite(error)) {
                Some(error) => Need::Fail(self.expired_or(state, error.clone(), now)),
                None => Need::Wait(now.at + rest),
            },
        }
    }

    /// What to answer when the deadline ends first: the last error, which says more than that time is up; but always
    /// `NotReady` to a caller who did not want to wait.
    fn too_late(&self, state: &State, immediate: bool, now: Now) -> Error {
        let flight = state.flight();
        let known = state.last_error().cloned();
        let kind = if immediate { ErrorKind::NotReady } else { ErrorKind::Timeout };
        if let Some(error) = known.clone().filter(|_| !immediate) {
            return self.expired_or(state, error, now);
        }
        let doing = match flight {
            Some(flight) => {
                let doing = flight.doing.as_deref().unwrap_or("waiting for a free worker");
                format!("the fetch has been running for {:.1} s: {doing}", now.at.since(flight.since).as_secs_f32())
            }
            None => "no fetch is running".to_owned(),
        };
        let what = if state.usable(now.at).is_some() { "newer value" } else { "value" };
        let error = Error::new(kind, format!("No {what} of secret {:?} is ready; {doing}.", self.name));
        self.expired_or(state, known.into_iter().fold(error, Error::with_cause), now)
    }

    /// A refresh may run out of time while the value is as good as ever; then only its own error is true.
    fn expired_or(&self, state: &State, error: Error, now: Now) -> Error {
        if state.current().is_none() || state.usable(now.at).is_some() {
            return error;
        }
        let message = format!("The value of secret {:?} is past its end and no newer one could be had.", self.name);
        Error::new(ErrorKind::Expired, message).with_cause(error)
    }

    /// Whether a refusal is about the key at all; if not, `report` answers `Unrelated` at once.
    pub fn is_about_the_key(&self, refusal: &Refusal<'_>) -> bool {
        is_about_the_key(refusal, &self.dead_keys)
    }

    /// Tells that a service refused a call, and decides what the call does next, inside `deadline`.
    pub fn report(&self, refusal: &Refusal<'_>, deadline: Deadline, launch: &dyn Launch) -> Verdict {
        if !self.is_about_the_key(refusal) {
            return Verdict::Unrelated;
        }
        self.counters.failures_reported.count();
        let mut state = self.state.lock();
        let mut complaint = state.complain(refusal);
        loop {
            let now = self.now();
            match state.judge(&mut complaint, deadline.rest(now.at), &self.published, now) {
                Step::Done(verdict, look) => {
                    if let Some(ticket) = look {
                        drop(self.launch_unlocked(state, launch, ticket));
                    }
                    return verdict;
                }
                Step::Launch(ticket) => state = self.launch_unlocked(state, launch, ticket),
                Step::Wait => state = self.wait(state, deadline, Moment::NEVER),
            }
        }
    }

    /// Fetches now, because the user says so: joins a running fetch, ignores cool-downs, at most one a second.
    pub fn refresh(&self, deadline: Deadline, launch: &dyn Launch) -> Result<Credential, Error> {
        let immediate = deadline.is_over(self.clock.now());
        let mut state = self.state.lock();
        let mut wanted = None;
        loop {
            let now = self.now();
            if state.closed {
                return Err(Error::closed());
            }
            if let Some(wanted) = wanted
                && let Some(landing) = state.landing.as_ref().filter(|landing| landing.number >= wanted)
            {
                return match landing.brought.clone() {
                    Brought::Failure(error) => Err(error),
                    _ => match state.usable(now.at) {
                        Some(value) => Ok(self.published.restamp(|generation| state.snapshot(&value, generation, now))),
                        None => Err(self.too_late(&state, immediate, now)),
                    },
                };
            }
            let mut until = Moment::NEVER;
            if let Some(flight) = &mut state.flight {
                flight.adopt = true;
                wanted = wanted.or(Some(flight.number));
            } else {
                let at = state.last_asked.map_or(now.at, |last| last + REFRESH_APART);
                if at <= now.at {
                    state.last_asked = Some(now.at);
                    let ticket = state.launch(Reason::Asked, now);
                    wanted = Some(ticket.flight);
                    state = self.launch_unlocked(state, launch, ticket);
                    continue;
                }
                until = at;
            }
            if deadline.is_over(now.at) {
                return Err(self.too_late(&state, immediate, now));
            }
            state = self.wait(state, deadline, until);
        }
    }

    fn launch_unlocked<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        launch: &dyn Launch,
        ticket: Ticket,
    ) -> MutexGuard<'a, State> {
        drop(state);
        launch.launch(ticket);
        self.state.lock()
    }

    /// Waits for a change, at most until `deadline` and `until`; counted among those who wait for the flight.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        deadline: Deadline,
        until: Moment,
    ) -> MutexGuard<'a, State> {
        let at_most = deadline.0.min(until).since(self.clock.now()).min(LOOK_AT_THE_CLOCK);
        let number = state.flight.as_mut().map(|flight| {
            flight.waiters.push(deadline.0);
            flight.number
        });
        if number.is_some() {
            self.counters.waiters_coalesced.count();
            self.wanted.notify_all();
        }
        state = self.changed.wait(state, at_most.max(Duration::from_millis(1)));
        if let Some(flight) = state.flight.as_mut().filter(|flight| Some(flight.number) == number)
            && let Some(mine) = flight.waiters.iter().position(|waiter| *waiter == deadline.0)
        {
            flight.waiters.swap_remove(mine);
        }
        state
    }

    /// The result of a fetch.
    pub fn complete(&self, ticket: &Ticket, result: Result<SecretValue, Error>) -> Outcome {
        let now = self.now();
        let outcome = self.state.lock().complete(ticket, result, &self.published, now);
        self.changed.notify_all();
        outcome
    }

    /// For the fetch: pauses until `until`, at most a second while somebody waits, but not less than until `at_least`.
    /// `false` when the fetch is to end.
    pub fn pause(&self, ticket: &Ticket, until: Moment, at_least: Moment) -> bool {
        let soon = at_least.max(self.clock.now() + Duration::from_secs(1));
        let mut state = self.state.lock();
        loop {
            let Some(flight) = state.flight.as_ref().filter(|flight| flight.number == ticket.flight) else {
                return false;
            };
            if state.closed {
                return false;
            }
            let limit = if flight.waiters.is_empty() { until } else { until.min(soon) };
            let now = self.clock.now();
            if now >= limit {
                return true;
            }
            state = self.wanted.wait(state, limit.since(now).min(LOOK_AT_THE_CLOCK));
        }
    }

    /// For the fetch: the earliest deadline of those who wait for it.
    pub fn earliest_waiter(&self, ticket: &Ticket) -> Option<Moment> {
        let state = self.state.lock();
        let flight = state.flight.as_ref().filter(|flight| flight.number == ticket.flight)?;
        flight.waiters.iter().copied().min()
    }

    /// For the fetch: what it is doing, in words that name the gateway; and the attempt that just failed.
    pub fn note(&self, ticket: &Ticket, doing: Option<String>, stumbled: Option<Error>) {
        let mut state = self.state.lock();
        if let Some(flight) = state.flight.as_mut().filter(|flight| flight.number == ticket.flight) {
            flight.doing = doing.or(flight.doing.take());
            flight.stumbled = stumbled.or(flight.stumbled.take());
        }
    }

    /// For the refresher: a fetch to start now, and when to ask again.
    pub fn tick(&self) -> (Option<Ticket>, Moment) {
        let now = self.now();
        self.state.lock().tick(&self.published, now)
    }

    /// Asks for a fetch in the background now.
    pub fn prefetch(&self) -> Option<Ticket> {
        let now = self.now();
        self.state.lock().prefetch(now)
    }

    /// Ends everything: who waits is answered `Closed`.
    pub fn close(&self) {
        self.state.lock().close();
        self.published.invalidate();
        self.changed.notify_all();
        self.wanted.notify_all();
    }

    /// Whether a value that had been held back was taken into use since the last such question.
    pub fn take_news(&self) -> bool {
        self.state.lock().take_news()
    }

    /// Whether something is due earlier than the refresher was told, since the last such question.
    pub fn take_sooner(&self) -> bool {
        self.state.lock().take_sooner()
    }

    /// Remembers an event, for `explain`.
    pub fn remember(&self, what: String) {
        let unix_ms = self.clock.unix_ms();
        self.state.lock().remember(unix_ms, what);
    }

    /// Looks at the state, for `explain`.
    pub fn look<T>(&self, at: impl FnOnce(&State, Now) -> T) -> T {
        let now = self.now();
        at(&self.state.lock(), now)
    }
}

#[cfg(all(test, not(kmsramcred_loom)))]
mod tests {
    use super::*;
    use crate::clock::PausedClock;

    const UNIX_MS: i64 = 1_790_000_000_000;

    /// A KMS that answers at once with a temporary key that is over.
    struct Over<'a>(&'a Entry);

    impl Launch for Over<'_> {
        fn launch(&self, ticket: Ticket) {
            let over = SecretValue {
                access_key_id: "id".to_owned(),
                access_key_secret: "secret".into(),
                security_token: Some("token".into()),
                version_id: String::new(),
                generated_ms: None,
                expires_ms: Some(UNIX_MS - 1_000),
                created_ms: None,
                last_rotation_ms: None,
                next_rotation_ms: None,
                user_name: None,
                server_ms: Some(UNIX_MS),
            };
            self.0.complete(&ticket, Ok(over));
        }
    }

    #[test]
    fn a_refresh_that_brings_nothing_usable_leaves_no_flight_behind() {
        let clock = Arc::new(PausedClock::new(UNIX_MS));
        let published = Arc::new(Published::empty());
        let (policy, dead_keys, counters) = (Policy::default(), DeadKeys::default(), Arc::default());
        let entry = Entry::new("s".to_owned(), published, policy, dead_keys, clock.clone(), counters, 1);
        let deadline = Deadline::after(&*clock, Duration::from_secs(10));
        let error = entry.refresh(deadline, &Over(&entry)).expect_err("nothing usable");
        assert_eq!(error.kind(), ErrorKind::Expired, "{error}");
        assert!(entry.look(|state, _| state.flight().is_none()));
    }
}
