//! The rotation contract as a state machine. No lock, no thread, no clock of its own: time is an argument.

use super::backoff::{Failures, between, is_definite};
use super::cool_down::CoolDowns;
use super::credential::{Snapshot, Value};
use super::flight::{Brought, Flight, Landing, Reason, Ticket};
use super::policy::{LOOK_FIRST, LOOK_MOST, MOST_LOOKS, Policy, SCHEDULE_JITTER};
use super::published::Published;
use super::schedule::{self, Dates, Due};
use super::sync::Arc;
use crate::clock::{Moment, doubled};
use crate::error::{Error, ErrorKind};
use crate::secret_value::SecretValue;
use std::collections::VecDeque;
use std::time::Duration;

/// A point in time on both lines.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// On the machine's own line.
    pub at: Moment,
    /// By this machine's calendar clock.
    pub unix_ms: i64,
}

/// A newer value that is known but not in use yet.
#[derive(Debug)]
pub struct Held {
    /// The value.
    pub value: Arc<Value>,
    /// When it is adopted; `None` for not before the current one is refused.
    pub adopt_at: Option<Moment>,
}

/// Looks for a new value after a fetch confirmed a refused one.
#[derive(Debug)]
pub(super) struct Looks {
    serial: u64,
    done: u32,
    next: Moment,
}

/// A refused value that is still spreading.
#[derive(Debug)]
pub(super) struct Spreading {
    pub(super) serial: u64,
    pub(super) next_look: Moment,
    pub(super) wait: Duration,
}

/// Everything that is known of one secret in this process.
#[derive(Debug)]
pub struct State {
    pub(super) policy: Policy,
    pub(super) rng: fastrand::Rng,
    random: Duration,
    pub(super) current: Option<Arc<Value>>,
    confirmed: Moment,
    /// Set once the value in use was refused: whether it had been accepted before that. A key that was refused only while
    /// it was spreading is not refused any more once a service accepts it.
    pub(super) refused_after_accepted: Option<bool>,
    /// A value that had been held back was taken into use, and nobody was told yet.
    news: bool,
    /// Something is due earlier than the refresher was told.
    sooner: bool,
    pub(super) held: Option<Held>,
    pub(super) flight: Option<Flight>,
    flights: u64,
    pub(super) landing: Option<Landing>,
    pub(super) failures: Failures,
    pub(super) cool: CoolDowns,
    pub(super) spreading: Option<Spreading>,
    looks: Option<Looks>,
    due: Option<Due>,
    pub(super) last_asked: Option<Moment>,
    pub(super) closed: bool,
    events: VecDeque<Event>,
}

/// Something that happened, for `explain`.
#[derive(Debug, Clone)]
pub struct Event {
    /// When, by this machine's calendar clock.
    pub unix_ms: i64,
    /// What, in words.
    pub what: String,
}

const MOST_EVENTS: usize = 16;
const LOOK: Reason = Reason::Background { why: "look after a refusal", look: true };

/// What a fetch led to.
#[derive(Debug)]
pub enum Outcome {
    /// Another value is in use now.
    Adopted,
    /// Another value is known and held back, with the reason.
    Held(&'static str),
    /// The current value was confirmed.
    Confirmed,
    /// A value was turned down, with the reason.
    TurnedDown(&'static str),
    /// The fetch failed.
    Failed(Error),
    /// The client was closed meanwhile.
    Closed,
}

impl State {
    /// The state of a secret of which `published` is what a parent process left; nothing where there is none.
    pub fn new(policy: Policy, seed: u64, published: &Published, now: Now) -> State {
        let mut rng = fastrand::Rng::with_seed(seed);
        let random = between(Duration::ZERO, SCHEDULE_JITTER, &mut rng);
        let mut state = State {
            policy,
            rng,
            random,
            current: None,
            confirmed: now.at,
            refused_after_accepted: None,
            news: false,
            sooner: false,
            held: None,
            flight: None,
            flights: 0,
            landing: None,
            failures: Failures::default(),
            cool: CoolDowns::default(),
            spreading: None,
            looks: None,
            due: None,
            last_asked: None,
            closed: false,
            events: VecDeque::new(),
        };
        if let Some(snapshot) = published.latest() {
            state.confirmed = snapshot.confirmed;
            state.current = Some(Arc::clone(&snapshot.value));
            // What the parent knew of dates is gone: look within the random part of the schedule, and before the end.
            let at = (now.at + random).min(schedule::before_end(now.at, state.ends()));
            state.due = Some(Due { at, why: "first look after a fork" });
        }
        state
    }

    /// The hard end of the current value's use; [`Moment::NEVER`] for none.
    fn ends(&self) -> Moment {
        let token = self.current.as_ref().and_then(|value| value.ends).unwrap_or(Moment::NEVER);
        let stale = self.policy.max_stale.map_or(Moment::NEVER, |most| self.confirmed + most);
        token.min(stale)
    }

    /// The snapshot of the current value for a generation.
    pub(super) fn snapshot(&self, value: &Arc<Value>, generation: u64, now: Now) -> Snapshot {
        let ends = self.ends();
        let ends_unix_ms = (ends != Moment::NEVER).then(|| {
            let rest = i64::try_from(ends.since(now.at).as_millis()).unwrap_or(i64::MAX);
            let over = i64::try_from(now.at.since(ends).as_millis()).unwrap_or(i64::MAX);
            now.unix_ms.saturating_add(rest).saturating_sub(over)
        });
        Snapshot { value: Arc::clone(value), generation, confirmed: self.confirmed, ends, ends_unix_ms }
    }

    /// The current value, if it may still be used.
    pub fn usable(&self, now: Moment) -> Option<Arc<Value>> {
        self.current.clone().filter(|_| now < self.ends())
    }

    /// Whether the last fetch of a value in use failed.
    pub fn is_stale(&self) -> bool {
        self.current.is_some() && self.failures.error().is_some()
    }

    /// Starts a flight; there must be none.
    pub(super) fn launch(&mut self, reason: Reason, now: Now) -> Ticket {
        self.flights += 1;
        let adopt = matches!(reason, Reason::Need | Reason::Refusal { .. } | Reason::Asked);
        self.flight = Some(Flight {
            number: self.flights,
            reason: reason.clone(),
            since: now.at,
            adopt,
            doing: None,
            stumbled: None,
            waiters: Vec::new(),
        });
        Ticket { flight: self.flights, reason }
    }

    /// How many flights were launched so far.
    pub(super) fn flights(&self) -> u64 {
        self.flights
    }

    /// Makes another value the current one.
    pub(super) fn adopt(&mut self, value: Arc<Value>, published: &Published, now: Now) {
        if let Some(old) = self.current.as_ref().filter(|_| self.is_refused()) {
            published.bar(old.serial);
        }
        self.refused_after_accepted = None;
        self.held = None;
        self.spreading = None;
        self.looks = None;
        self.confirmed = self.confirmed.max(value.fetched);
        self.news = true;
        self.current = Some(Arc::clone(&value));
        published.publish(|generation| self.snapshot(&value, generation, now));
    }

    /// The result of the flight of `ticket`.
    pub fn complete(
        &mut self,
        ticket: &Ticket,
        result: Result<SecretValue, Error>,
        published: &Published,
        now: Now,
    ) -> Outcome {
        let Some(flight) = self.flight.take_if(|flight| flight.number == ticket.flight) else {
            return Outcome::Closed;
        };
        if self.closed {
            return Outcome::Closed;
        }
        let dates = result.as_ref().map(Dates::from).unwrap_or_default();
        let outcome = match result.and_then(|fetched| Value::new(&fetched, now.at, now.unix_ms)) {
            Ok(value) => match self.weigh(Arc::new(value), flight.adopt, published, now) {
                // Without a wait, whoever needs a value would fetch again at once, and for ever.
                _ if self.usable(now.at).is_none() => self.failed(State::over_on_arrival(), now),
                outcome => {
                    self.failures.clear();
                    outcome
                }
            },
            Err(error) => self.failed(error, now),
        };
        self.due = match &outcome {
            Outcome::Failed(error) if self.current.is_none() && is_definite(error) => None,
            Outcome::Failed(_) => self.failures.background_until().map(|at| Due { at, why: "the last refresh failed" }),
            _ => {
                Some(schedule::next(dates, &self.policy, self.random, now.at, now.unix_ms).before(now.at, self.ends()))
            }
        };
        let looked = matches!(flight.reason, Reason::Background { look: true, .. });
        let refused = match flight.reason {
            Reason::Refusal { serial, pair } => Some((serial, pair)),
            _ => None,
        };
        if looked {
            self.look_ended(now);
        }
        let brought = match &outcome {
            Outcome::Adopted | Outcome::Held(_) => Brought::New,
            Outcome::Failed(error) => Brought::Failure(error.clone()),
            Outcome::Confirmed | Outcome::TurnedDown(_) | Outcome::Closed => Brought::Nothing,
        };
        if matches!(brought, Brought::Nothing) && (looked || refused.is_some()) {
            self.cool.was_barren(refused.as_ref().map(|(_, pair)| pair), now.at);
        }
        if let (Some((serial, pair)), Brought::Nothing) = (&refused, &brought) {
            let first = self.cool.since(*serial, pair, now.at).is_none();
            self.begin_looks(*serial, first, now);
        }
        self.landing = Some(Landing { number: flight.number, refused, brought });
        if matches!(outcome, Outcome::Adopted) {
            // The outcome tells it.
            self.news = false;
        }
        outcome
    }

    fn failed(&mut self, error: Error, now: Now) -> Outcome {
        self.failures.record(error.clone(), now.at, &mut self.rng);
        Outcome::Failed(error)
    }

    fn over_on_arrival() -> Error {
        Error::new(ErrorKind::Expired, "KMS gave no value that may still be used: what it gave is past its end.")
    }

    /// Decides what to do with a fetched value.
    fn weigh(&mut self, value: Arc<Value>, adopt: bool, published: &Published, now: Now) -> Outcome {
        let Some(current) = self.current.clone() else {
            self.adopt(value, published, now);
            return Outcome::Adopted;
        };
        if value.serial == current.serial {
            self.confirmed = now.at;
            published.restamp(|generation| self.snapshot(&current, generation, now));
            return Outcome::Confirmed;
        }
        if published.was_refused(value.serial) {
            return Outcome::TurnedDown("a service had refused this value before it was replaced");
        }
        let newest_known = self.held.as_ref().map_or(&current, |held| &held.value);
        if let (Some(new), Some(known)) = (value.generated_ms, newest_known.generated_ms.max(current.generated_ms))
            && new < known
        {
            return Outcome::TurnedDown("it was generated before a value that is known already: the gateway lags");
        }
        let value = match self.held.take() {
            // Keeps the moment at which it was first seen.
            Some(held) if held.value.serial == value.serial => held.value,
            _ => value,
        };
        let other_user = match (&value.user_name, &current.user_name) {
            (Some(new), Some(old)) => new != old,
            _ => false,
        };
        let over = now.at >= self.ends();
        let settled = value.age(now.at) >= self.policy.settle;
        if self.is_refused() || over || (!other_user && (adopt || settled)) {
            self.confirmed = now.at;
            self.adopt(value, published, now);
            return Outcome::Adopted;
        }
        if other_user {
            self.held = Some(Held { value, adopt_at: None });
            return Outcome::Held("it belongs to another RAM user; the value in use stays until a service refuses it");
        }
        let adopt_at = value.born + self.policy.settle;
        self.held = Some(Held { value, adopt_at: Some(adopt_at) });
        Outcome::Held("it is still spreading")
    }

    /// Looks for a new value for a while: once for each refused serial, and anew where another pair begins to refuse it.
    pub(super) fn begin_looks(&mut self, serial: u64, anew: bool, now: Now) {
        if anew || self.looks.as_ref().is_none_or(|looks| looks.serial != serial) {
            let next = now.at + between(LOOK_FIRST / 2, LOOK_FIRST, &mut self.rng);
            self.looks = Some(Looks { serial, done: 0, next });
            self.sooner = true;
        }
    }

    fn look_ended(&mut self, now: Now) {
        if let Some(looks) = &mut self.looks {
            looks.done += 1;
            let wait = doubled(LOOK_FIRST, looks.done, LOOK_MOST);
            looks.next = now.at + between(wait / 2, wait, &mut self.rng);
        }
    }

    /// What the refresher has to do now, and when to ask again.
    pub fn tick(&mut self, published: &Published, now: Now) -> (Option<Ticket>, Moment) {
        if self.closed {
            return (None, Moment::NEVER);
        }
        if let Some(at) = self.held.as_ref().and_then(|held| held.adopt_at)
            && at <= now.at
            && let Some(held) = self.held.take()
        {
            self.adopt(held.value, published, now);
        }
        let settles = self.held.as_ref().and_then(|held| held.adopt_at).unwrap_or(Moment::NEVER);
        if self.flight.is_some() {
            return (None, settles);
        }
        let mut next = settles;
        if let Some(at) = self.next_look(now) {
            if at <= now.at {
                return (Some(self.launch(LOOK, now)), settles);
            }
            next = next.min(at);
        }
        if let Some(due) = self.due {
            if due.at <= now.at {
                return (Some(self.launch(Reason::Background { why: due.why, look: false }, now)), settles);
            }
            next = next.min(due.at);
        }
        (None, next)
    }

    /// When the refresher looks again after a confirmed refusal.
    pub(super) fn next_look(&mut self, now: Now) -> Option<Moment> {
        let looks = self.looks.as_ref().filter(|looks| looks.done < MOST_LOOKS)?;
        let wait = self.cool.fetch_wait(None, now.at).unwrap_or_default();
        Some(looks.next.max(now.at + wait))
    }

    /// Asks for a fetch in the background now, unless one runs.
    pub fn prefetch(&mut self, now: Now) -> Option<Ticket> {
        (self.flight.is_none() && !self.closed)
            .then(|| self.launch(Reason::Background { why: "prefetch", look: false }, now))
    }

    /// Ends everything.
    pub fn close(&mut self) {
        self.closed = true;
        self.held = None;
        self.due = None;
        self.looks = None;
    }

    /// Whether a value that had been held back was taken into use since the last such question.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// Whether something is due earlier than the refresher was told, since the last such question.
    pub fn take_sooner(&mut self) -> bool {
        std::mem::take(&mut self.sooner)
    }

    /// Remembers an event, and forgets the oldest of too many.
    pub fn remember(&mut self, unix_ms: i64, what: String) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Event { unix_ms, what });
    }

    /// The last events, the oldest first.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }

    /// The next scheduled refresh.
    pub fn due(&self) -> Option<Due> {
        self.due
    }

    /// The value in use.
    pub fn current(&self) -> Option<&Arc<Value>> {
        self.current.as_ref()
    }

    /// A newer value that is known but not in use.
    pub fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// The fetch under way.
    pub fn flight(&self) -> Option<&Flight> {
        self.flight.as_ref()
    }

    /// The newest thing that went wrong and is not mended: an attempt of the fetch under way, or the last fetch.
    pub fn last_error(&self) -> Option<&Error> {
        self.flight.as_ref().and_then(|flight| flight.stumbled.as_ref()).or_else(|| self.failures.error())
    }

    /// Fetches that failed in a row.
    pub fn failures(&self) -> &Failures {
        &self.failures
    }

    /// Who refused what.
    pub fn cool_downs(&self) -> &CoolDowns {
        &self.cool
    }

    /// Whether a service refused the value in use.
    pub fn is_refused(&self) -> bool {
        let accepted = self.current.as_ref().is_some_and(|current| current.is_accepted());
        self.refused_after_accepted.is_some_and(|before| before || !accepted)
    }
}
