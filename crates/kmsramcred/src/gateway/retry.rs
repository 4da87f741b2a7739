//! When to try again: pure rules over the time, the deadlines and the class of the fault.

use super::fault::FaultClass;
use crate::clock::{Deadline, Moment, doubled};
use std::time::Duration;

/// No attempt takes longer.
pub const ATTEMPT: Duration = Duration::from_secs(5);
/// How soon asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Nobody waits for the value.
    Unhurried,
    /// Somebody does.
    Awaited,
    /// KMS has too many requests, and more of them help nobody, whoever waits.
    Throttled,
}

impl Pace {
    /// The longest pause after the first failure, which doubles with each further one, and the longest of all.
    fn pauses(self) -> (Duration, Duration) {
        match self {
            Pace::Unhurried => (Duration::from_millis(200), Duration::from_secs(5)),
            Pace::Awaited => (Duration::from_millis(200), Duration::from_secs(1)),
            Pace::Throttled => (Duration::from_secs(1), Duration::from_secs(10)),
        }
    }
}

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
/// `jitter` picks a time between zero and its argument. A pause takes between half its step and the whole: a crowd that
/// draws from zero asks mostly early. The last one may be cut to what is left, but to no less than half its step, or
/// attempts would crowd at the deadline.
/// A wait that the service asked for is kept; where it is longer than what is left, the fetch ends.
pub fn pause_until(
    failures: u32,
    asked: Option<Duration>,
    now: Moment,
    deadline: Deadline,
    pace: Pace,
    jitter: &dyn Fn(Duration) -> Duration,
) -> Option<Moment> {
    let rest = deadline.rest(now).checked_sub(LEAST_ATTEMPT)?;
    let asked = asked.unwrap_or_default();
    let (first, longest) = pace.pauses();
    let half = doubled(first, failures.saturating_sub(1), longest) / 2;
    if half.max(asked) > rest {
        return None;
    }
    Some(now + (half + jitter(half)).min(rest).max(asked))
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

    fn pause(failures: u32, asked: Option<u64>, rest: u64) -> Option<u64> {
        pause_until(failures, asked.map(ms), NOW, Deadline(NOW + ms(rest)), Pace::Unhurried, &all)
            .map(|end| end.0 - NOW.0)
    }

    #[test]
    fn the_pause_doubles_from_200_ms_to_5_s() {
        let pauses: Vec<_> = (1..=8).map(|failures| pause(failures, None, 60_000).unwrap()).collect();
        assert_eq!(pauses, [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
        assert_eq!(pause(u32::MAX, None, 60_000), Some(5_000));
    }

    #[test]
    fn it_is_a_second_at_most_where_somebody_waits_and_longer_where_kms_throttles() {
        let pauses = |pace| {
            [1, 2, 3, 9].map(|failures| {
                let pause = |jitter| {
                    pause_until(failures, None, NOW, Deadline(NOW + ms(60_000)), pace, jitter).unwrap().0 - NOW.0
                };
                (pause(&|_| Duration::ZERO), pause(&all))
            })
        };
        assert_eq!(pauses(Pace::Awaited), [(100, 200), (200, 400), (400, 800), (500, 1_000)]);
        assert_eq!(pauses(Pace::Throttled), [(500, 1_000), (1_000, 2_000), (2_000, 4_000), (5_000, 10_000)]);
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_or_ends_the_fetch() {
        assert_eq!(pause(1, Some(3_000), 10_000), Some(3_000));
        assert_eq!(pause(1, Some(50), 10_000), Some(200));
        assert_eq!(pause(1, Some(9_901), 10_000), None);
    }

    #[test]
    fn no_pause_that_leaves_no_time_for_an_attempt_and_no_crowd_of_attempts_at_the_end() {
        assert_eq!(pause(1, None, 100), None);
        assert_eq!(pause(1, None, 0), None);
        assert_eq!(pause(9, None, 3_000), Some(2_900), "more than half of the step");
        assert_eq!(pause(9, None, 2_000), None);
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
        fn a_pause_never_passes_the_deadline(
            failures in 1u32..40, asked in proptest::option::of(0u64..20_000), rest in 0u64..20_000,
        ) {
            if let Some(pause) = pause(failures, asked, rest) {
                prop_assert!(pause + 100 <= rest);
            }
        }
    }
}
