//! What is known of a gateway's health: whether a fetch asks it in its turn, as a probe, or only when nothing else is left.
//! Time is an argument.

use crate::clock::{Moment, doubled};
use crate::error::Error;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A gateway that failed is skipped so long the first time; it doubles with each probe that fails.
pub const FIRST_SKIP: Duration = Duration::from_secs(5);
/// The longest time that a gateway is skipped.
pub const LONGEST_SKIP: Duration = Duration::from_secs(60);
/// The longest attempt of a probe: nobody pays more to find out that a gateway is still dead.
pub const PROBE: Duration = Duration::from_secs(2);

/// How a fetch asks a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// In its configured place.
    Usual,
    /// In its configured place, but for a short attempt: it failed before and may be back. One fetch at a time does it.
    Probe,
    /// After all others: it failed a short while ago.
    LastResort,
}

/// What people see of a gateway's health.
#[derive(Debug, Clone)]
pub struct Findings {
    /// Whether it ever gave an answer, a refusal included.
    pub answered: bool,
    /// Failed attempts in a row, those beside one another counted once.
    pub failures_in_a_row: u32,
    /// For how long it is still skipped.
    pub skipped_for: Option<Duration>,
    /// The last failure since its last answer.
    pub last_error: Option<Error>,
}

/// The health of one gateway. Safe to use from many threads.
#[derive(Default)]
pub struct Health(Mutex<State>);

#[derive(Default)]
struct State {
    answered: bool,
    in_a_row: u32,
    skipped_until: Moment,
    /// When it was last learned whether it answers. A failure of an attempt that began before is no news.
    learned_at: Moment,
    last_error: Option<Error>,
}

impl Health {
    /// How a fetch that begins a round now asks this gateway. A probe is promised to the one who hears of it.
    pub fn turn(&self, now: Moment) -> Turn {
        let mut state = self.lock();
        match state.in_a_row {
            0 => Turn::Usual,
            _ if now < state.skipped_until => Turn::LastResort,
            _ => {
                state.skipped_until = now + PROBE;
                Turn::Probe
            }
        }
    }

    /// It answered, whatever it said.
    pub fn answered(&self, now: Moment) {
        *self.lock() = State { answered: true, learned_at: now, ..State::default() };
    }

    /// It gave no usable answer to an attempt that began at `began`. `jitter` picks a time between zero and its argument.
    pub fn failed(&self, turn: Turn, error: &Error, began: Moment, now: Moment, jitter: &dyn Fn(Duration) -> Duration) {
        let mut state = self.lock();
        // Attempts beside one another meet the same outage, or the answer of one shows that it is over.
        if began < state.learned_at {
            return;
        }
        state.last_error = Some(error.clone());
        // While it is skipped, only a probe makes the time longer.
        if turn == Turn::Probe || began >= state.skipped_until {
            let skip = doubled(FIRST_SKIP, state.in_a_row, LONGEST_SKIP);
            state.skipped_until = now + skip / 2 + jitter(skip / 2);
            state.in_a_row = state.in_a_row.saturating_add(1);
            state.learned_at = now;
        }
    }

    /// What is known now.
    pub fn findings(&self, now: Moment) -> Findings {
        let state = self.lock();
        Findings {
            answered: state.answered,
            failures_in_a_row: state.in_a_row,
            skipped_for: (now < state.skipped_until).then(|| state.skipped_until.since(now)),
            last_error: state.last_error.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Health").field("failures_in_a_row", &state.in_a_row).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const NOW: Moment = Moment(1_000_000);

    fn fails(health: &Health, turn: Turn, now: Moment) {
        fails_late(health, turn, now, now);
    }

    fn fails_late(health: &Health, turn: Turn, began: Moment, now: Moment) {
        health.failed(turn, &Error::new(ErrorKind::Network, "down"), began, now, &|longest| longest);
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_gateway_that_failed_is_skipped_and_then_probed_by_one() {
        let health = Health::default();
        assert_eq!(health.turn(NOW), Turn::Usual);
        fails(&health, Turn::Usual, NOW);
        assert_eq!(health.turn(NOW + seconds(4)), Turn::LastResort);
        let due = NOW + FIRST_SKIP;
        assert_eq!(health.turn(due), Turn::Probe);
        assert_eq!(health.turn(due), Turn::LastResort, "the probe is promised already");
        assert_eq!(health.turn(due + PROBE), Turn::Probe, "whoever promised it did not come back");
        health.answered(due + PROBE);
        assert_eq!(health.turn(due + PROBE), Turn::Usual);
    }

    #[test]
    fn the_time_doubles_with_each_probe_up_to_a_minute() {
        let health = Health::default();
        let mut now = NOW;
        let mut skips = Vec::new();
        for _ in 0..7 {
            let turn = health.turn(now);
            fails(&health, turn, now);
            let skip = health.findings(now).skipped_for.unwrap();
            skips.push(skip.as_secs());
            now = now + skip;
        }
        assert_eq!(skips, [5, 10, 20, 40, 60, 60, 60]);
        assert_eq!(health.findings(NOW).failures_in_a_row, 7);
    }

    #[test]
    fn attempts_beside_one_another_count_once() {
        let health = Health::default();
        for _ in 0..4 {
            fails(&health, Turn::Usual, NOW);
        }
        let findings = health.findings(NOW);
        assert_eq!((findings.failures_in_a_row, findings.skipped_for), (1, Some(FIRST_SKIP)));
        assert_eq!(findings.last_error.unwrap().message(), "down");
        assert!(!findings.answered);
    }

    #[test]
    fn attempts_that_began_together_and_fail_apart_count_once() {
        let health = Health::default();
        fails(&health, Turn::Usual, NOW);
        fails_late(&health, Turn::Usual, NOW - seconds(1), NOW + FIRST_SKIP);
        assert_eq!(health.findings(NOW + seconds(6)).failures_in_a_row, 1);

        let due = NOW + FIRST_SKIP;
        assert_eq!((health.turn(due), health.turn(due + PROBE)), (Turn::Probe, Turn::Probe));
        fails_late(&health, Turn::Probe, due, due + seconds(4));
        fails_late(&health, Turn::Probe, due + PROBE, due + seconds(7));
        let findings = health.findings(due + seconds(7));
        assert_eq!((findings.failures_in_a_row, findings.skipped_for), (2, Some(FIRST_SKIP * 2 - seconds(3))));

        // One that began while it was skipped says nothing about the time after.
        let due = due + seconds(4) + FIRST_SKIP * 2;
        fails_late(&health, Turn::LastResort, due - seconds(1), due + seconds(1));
        assert_eq!(health.turn(due + seconds(1)), Turn::Probe);
    }

    #[test]
    fn a_failure_that_began_before_an_answer_is_no_news() {
        let health = Health::default();
        health.answered(NOW + seconds(2));
        fails_late(&health, Turn::Usual, NOW, NOW + seconds(5));
        let findings = health.findings(NOW + seconds(5));
        assert_eq!((findings.failures_in_a_row, findings.skipped_for), (0, None));
        assert!(findings.answered && findings.last_error.is_none());
        fails_late(&health, Turn::Usual, NOW + seconds(2), NOW + seconds(5));
        assert_eq!(health.findings(NOW + seconds(5)).failures_in_a_row, 1, "what began after it counts");
    }

    #[test]
    fn a_last_resort_that_fails_makes_it_no_longer_and_one_that_answers_ends_it() {
        let health = Health::default();
        fails(&health, Turn::Usual, NOW);
        fails(&health, Turn::LastResort, NOW + seconds(1));
        assert_eq!(health.findings(NOW + seconds(1)).skipped_for, Some(seconds(4)));
        health.answered(NOW + seconds(1));
        let findings = health.findings(NOW + seconds(1));
        assert!(findings.answered && findings.skipped_for.is_none() && findings.last_error.is_none());
    }
}
