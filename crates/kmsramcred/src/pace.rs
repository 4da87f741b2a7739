//! How long to pause before KMS, or a place that lends identities, is asked again.

use crate::clock::doubled;
use std::time::Duration;

/// With less than this left another attempt is not worth it.
pub const LEAST_ATTEMPT: Duration = Duration::from_millis(100);

/// How soon asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Nobody waits for the answer.
    Unhurried,
    /// Somebody does.
    Awaited,
    /// Who is asked has too many requests, and more of them help nobody, whoever waits.
    Throttled,
}

impl Pace {
    /// The longest pause after the first failure, which doubles with each further one, and the longest of all.
    fn steps(self) -> (Duration, Duration) {
        match self {
            Pace::Unhurried => (Duration::from_millis(200), Duration::from_secs(5)),
            Pace::Awaited => (Duration::from_millis(200), Duration::from_secs(1)),
            Pace::Throttled => (Duration::from_secs(1), Duration::from_secs(10)),
        }
    }
}

/// Between what and what the pause after `failures` failures in a row is, with so much left; nothing when no attempt would
/// fit in after it.
///
/// A pause takes between half its step and the whole: a crowd that draws from zero asks mostly early. It may be cut to
/// what is left, but to no less than half its step, or attempts would crowd at the deadline. A wait that the service asked
/// for is kept.
pub fn pause(failures: u32, asked: Option<Duration>, left: Duration, pace: Pace) -> Option<(Duration, Duration)> {
    let left = left.checked_sub(LEAST_ATTEMPT)?;
    let asked = asked.unwrap_or_default();
    let (first, longest) = pace.steps();
    let step = doubled(first, failures.saturating_sub(1), longest);
    let (least, most) = ((step / 2).max(asked), step.min(left).max(asked));
    (least <= left).then_some((least, most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn unhurried(failures: u32, asked: Option<u64>, left: u64) -> Option<(u64, u64)> {
        let (least, most) = pause(failures, asked.map(ms), ms(left), Pace::Unhurried)?;
        Some((u64::try_from(least.as_millis()).unwrap(), u64::try_from(most.as_millis()).unwrap()))
    }

    #[test]
    fn the_step_doubles_to_a_most_that_depends_on_who_waits_and_on_throttling() {
        let steps = |pace| [1, 2, 3, 4, 9, u32::MAX].map(|failures| pause(failures, None, ms(60_000), pace).unwrap().1);
        assert_eq!(steps(Pace::Unhurried), [200, 400, 800, 1_600, 5_000, 5_000].map(ms));
        assert_eq!(steps(Pace::Awaited), [200, 400, 800, 1_000, 1_000, 1_000].map(ms));
        assert_eq!(steps(Pace::Throttled), [1_000, 2_000, 4_000, 8_000, 10_000, 10_000].map(ms));
    }

    #[test]
    fn a_pause_is_never_less_than_half_its_step() {
        assert_eq!(unhurried(9, None, 60_000), Some((2_500, 5_000)));
        assert_eq!(unhurried(9, None, 3_000), Some((2_500, 2_900)), "cut to what is left");
        assert_eq!(unhurried(9, None, 2_000), None, "no crowd of attempts at the end");
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_or_ends_it() {
        assert_eq!(unhurried(1, Some(3_000), 10_000), Some((3_000, 3_000)));
        assert_eq!(unhurried(1, Some(150), 10_000), Some((150, 200)));
        assert_eq!(unhurried(1, Some(9_901), 10_000), None);
    }

    #[test]
    fn no_pause_leaves_no_time_for_an_attempt() {
        assert_eq!(unhurried(1, None, 100), None);
        assert_eq!(unhurried(1, None, 0), None);
    }

    proptest! {
        #[test]
        fn a_pause_never_passes_the_deadline(
            failures in 1u32..40, asked in proptest::option::of(0u64..20_000), left in 0u64..20_000,
        ) {
            if let Some((least, most)) = unhurried(failures, asked, left) {
                prop_assert!(least <= most && most + 100 <= left);
            }
        }
    }
}
