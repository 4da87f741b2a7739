//! When to try again: pure rules over the time, the deadlines and the class of the fault.

use super::fault::FaultClass;
use crate::clock::{Deadline, Moment, doubled};
use std::time::Duration;

/// No attempt takes longer.
pub const ATTEMPT: Duration = Duration::from_secs(5);
/// The longest pause after the first failure; it doubles with each further one.
pub const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause of all.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause while somebody waits for the value.
pub const AWAITED_PAUSE: Duration = Duration::from_secs(1);
/// With less than this left another attempt is not worth it.
pub const LEAST_ATTEMPT: Duration = Duration::from_millis(100);

/// What to do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Pause and try again.
    Pause,
    /// Try again at once with a new nonce.
    NewNonce,
    /// Correct the clock and try again at once.
    CorrectClock,
    /// Ask the source for another identity and try again at once.
    RenewIdentity,
    /// Ask no more in this way: another gateway may do.
    Elsewhere,
    /// Give up: the answer is definite.
    Stop,
}

/// The remedy for a class of faults.
pub fn remedy(class: FaultClass) -> Remedy {
    match class {
        FaultClass::Throttle | FaultClass::Transient | FaultClass::Unreached => Remedy::Pause,
        FaultClass::Replay => Remedy::NewNonce,
        FaultClass::Clock => Remedy::CorrectClock,
        FaultClass::Identity => Remedy::RenewIdentity,
        FaultClass::Signature | FaultClass::Malformed | FaultClass::Untrusted => Remedy::Elsewhere,
        FaultClass::NotFound | FaultClass::Denied | FaultClass::Account | FaultClass::State | FaultClass::Request => {
            Remedy::Stop
        }
    }
}

/// The end of an attempt: five seconds at most, and a fair share for each gateway that was not tried yet.
pub fn attempt_end(now: Moment, deadline: Deadline, untried: u32) -> Deadline {
    Deadline(now + ATTEMPT.min(deadline.rest(now) / untried.max(1)))
}

/// Until when to pause after `failures` failures in a row; nothing when no attempt would fit in after the pause.
///
/// `jitter` picks a time between zero and its argument. A wait that the service asked for is kept, except that nobody
/// who waits is let down for it; where it is longer than the whole budget, the fetch ends.
pub fn pause_until(
    failures: u32,
    asked: Option<Duration>,
    now: Moment,
    deadline: Deadline,
    earliest_waiter: Option<Moment>,
    jitter: &dyn Fn(Duration) -> Duration,
) -> Option<Moment> {
    let rest = deadline.rest(now).checked_sub(LEAST_ATTEMPT)?;
    if rest.is_zero() || asked.is_some_and(|asked| asked > rest) {
        return None;
    }
    let doubled = doubled(FIRST_PAUSE, failures.saturating_sub(1), LONGEST_PAUSE);
    let waiter = earliest_waiter.filter(|waiter| *waiter > now).map(|waiter| waiter.since(now));
    let longest = match waiter {
        Some(waiter) => doubled.min(AWAITED_PAUSE).min(waiter),
        None => doubled,
    };
    let drawn = jitter(longest.min(rest)).min(longest.min(rest));
    let pause = drawn.max(asked.unwrap_or_default());
    Some(now + waiter.map_or(pause, |waiter| pause.min(waiter)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Moment = Moment(1_000_000);

    fn all(longest: Duration) -> Duration {
        longest
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn pause(failures: u32, asked: Option<u64>, rest: u64, waiter: Option<u64>) -> Option<u64> {
        let waiter = waiter.map(|waiter| NOW + ms(waiter));
        pause_until(failures, asked.map(ms), NOW, Deadline(NOW + ms(rest)), waiter, &all).map(|end| end.0 - NOW.0)
    }

    #[test]
    fn the_pause_doubles_from_200_ms_to_5_s() {
        let pauses: Vec<_> = (1..=8).map(|failures| pause(failures, None, 60_000, None).unwrap()).collect();
        assert_eq!(pauses, [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
        assert_eq!(pause(u32::MAX, None, 60_000, None), Some(5_000));
    }

    #[test]
    fn while_somebody_waits_it_is_a_second_at_most_and_never_past_them() {
        assert_eq!(pause(6, None, 60_000, Some(30_000)), Some(1_000));
        assert_eq!(pause(6, None, 60_000, Some(300)), Some(300));
        assert_eq!(pause(6, Some(4_000), 60_000, Some(3_000)), Some(3_000));
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_or_ends_the_fetch() {
        assert_eq!(pause(1, Some(3_000), 10_000, None), Some(3_000));
        assert_eq!(pause(1, Some(3_000), 10_000, Some(8_000)), Some(3_000));
        assert_eq!(pause(1, Some(50), 10_000, None), Some(200));
        assert_eq!(pause(1, Some(9_901), 10_000, None), None);
    }

    #[test]
    fn no_pause_that_leaves_no_time_for_an_attempt() {
        assert_eq!(pause(1, None, 100, None), None);
        assert_eq!(pause(1, None, 0, None), None);
        assert_eq!(pause(9, None, 1_000, None), Some(900));
    }

    #[test]
    fn an_attempt_gets_five_seconds_or_its_share() {
        let end = |rest, untried| attempt_end(NOW, Deadline(NOW + ms(rest)), untried).0.since(NOW);
        assert_eq!(end(10_000, 1), ms(5_000));
        assert_eq!(end(10_000, 4), ms(2_500));
        assert_eq!(end(800, 1), ms(800));
        assert_eq!(end(800, 0), ms(800));
    }

    proptest! {
        #[test]
        fn a_pause_never_passes_a_deadline_or_a_waiter(
            failures in 1u32..40, asked in proptest::option::of(0u64..20_000), rest in 0u64..20_000,
            waiter in proptest::option::of(0u64..20_000),
        ) {
            if let Some(pause) = pause(failures, asked, rest, waiter) {
                prop_assert!(pause + 100 <= rest);
                prop_assert!(waiter.is_none_or(|waiter| waiter == 0 || pause <= waiter));
            }
        }
    }
}
