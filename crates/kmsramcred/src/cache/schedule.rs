//! When to look for a new value without being told.

use super::policy::{BEFORE_END, OVERDUE, Policy};
use crate::clock::Moment;
use crate::secret_value::SecretValue;
use std::time::Duration;

/// What an answer says about rotation, kept for the next decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// `NextRotationDate`, in the server's milliseconds.
    pub next_rotation_ms: Option<i64>,
    /// `LastRotationDate`, in the server's milliseconds.
    pub last_rotation_ms: Option<i64>,
    /// `ExpireTimestamp` of the payload, in the server's milliseconds.
    pub expires_ms: Option<i64>,
    /// The server's clock when it answered.
    pub server_ms: Option<i64>,
}

impl From<&SecretValue> for Dates {
    fn from(value: &SecretValue) -> Dates {
        Dates {
            next_rotation_ms: value.next_rotation_ms,
            last_rotation_ms: value.last_rotation_ms,
            expires_ms: value.expires_ms,
            server_ms: value.server_ms,
        }
    }
}

const ANNOUNCED: &str = "after the announced rotation";
const IS_OVERDUE: &str = "the announced rotation is overdue";
const KEY_ENDS: &str = "before the key's announced end";

/// The next scheduled refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When it is.
    pub at: Moment,
    /// Why then.
    pub why: &'static str,
}

impl Due {
    /// The same, or earlier where the value's use has a hard end before.
    pub fn before(self, now: Moment, ends: Moment) -> Due {
        let at = before_end(now, ends);
        if at < self.at { Due { at, why: "before the end of its use" } } else { self }
    }

    /// Whether it is then because a new value was announced, and not only to look.
    pub fn expects_rotation(&self) -> bool {
        matches!(self.why, ANNOUNCED | IS_OVERDUE | KEY_ENDS)
    }
}

/// When to refresh a value whose use ends then: a quarter of an hour before, or a fifth of the rest if that is less.
pub fn before_end(now: Moment, ends: Moment) -> Moment {
    if ends == Moment::NEVER {
        return ends;
    }
    let rest = ends.since(now);
    now + (rest - BEFORE_END.min(rest / 5))
}

/// The rule of the official plug-ins, in the server's time: after an announced rotation that is near, soon again for one
/// that is overdue, else at the regular interval. `random` is drawn once per secret and process so that a fleet does not
/// move together. An announced end of the key only brings the refresh forward.
pub fn next(dates: Dates, policy: &Policy, random: Duration, now: Moment, unix_ms: i64) -> Due {
    let server_ms = dates.server_ms.unwrap_or(unix_ms);
    let until = |date: Option<i64>| date.map(|date| date.saturating_sub(server_ms));
    let interval = policy.rotation_interval + random;
    let soon = policy.delay_interval + random;
    let mut due = match until(dates.next_rotation_ms) {
        Some(ms) if ms > 0 && ms < signed(interval) => {
            Due { at: now + Duration::from_millis(ms.unsigned_abs()) + soon, why: ANNOUNCED }
        }
        Some(ms) if ms <= 0 && ms > -signed(OVERDUE) && is_outstanding(dates) => {
            Due { at: now + soon, why: IS_OVERDUE }
        }
        _ => Due { at: now + interval, why: "regular interval" },
    };
    if let Some(ms) = until(dates.expires_ms).filter(|ms| *ms > 0) {
        let before = before_end(now, now + Duration::from_millis(ms.unsigned_abs()));
        if before < due.at {
            due = Due { at: before, why: KEY_ENDS };
        }
    }
    due
}

/// Whether the rotation that was announced has not happened yet.
fn is_outstanding(dates: Dates) -> bool {
    match (dates.last_rotation_ms, dates.next_rotation_ms) {
        (Some(last), Some(next)) => last < next,
        (None, Some(_)) => true,
        _ => false,
    }
}

fn signed(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(all(test, not(kmsramcred_loom)))]
mod tests {
    use super::*;

    const SERVER: i64 = 1_760_000_000_000;
    const HOUR: i64 = 3_600_000;
    const NOW: Moment = Moment(50_000_000);

    fn minutes_until(dates: Dates, random_minutes: u64) -> u64 {
        let random = Duration::from_secs(60 * random_minutes);
        next(dates, &Policy::default(), random, NOW, 0).at.since(NOW).as_secs() / 60
    }

    fn dates(next: Option<i64>, last: Option<i64>) -> Dates {
        Dates {
            next_rotation_ms: next.map(|ms| SERVER + ms),
            last_rotation_ms: last.map(|ms| SERVER + ms),
            expires_ms: None,
            server_ms: Some(SERVER),
        }
    }

    #[test]
    fn without_dates_the_interval_counts() {
        assert_eq!(minutes_until(dates(None, None), 0), 360);
        assert_eq!(minutes_until(dates(None, None), 10), 370);
    }

    #[test]
    fn a_near_rotation_is_followed_by_a_refresh_five_minutes_later() {
        assert_eq!(minutes_until(dates(Some(2 * HOUR), None), 3), 120 + 5 + 3);
        assert_eq!(minutes_until(dates(Some(6 * HOUR - 60_000), None), 0), 359 + 5);
    }

    #[test]
    fn a_far_rotation_leaves_the_interval() {
        assert_eq!(minutes_until(dates(Some(6 * HOUR), None), 0), 360);
        assert_eq!(minutes_until(dates(Some(7 * 24 * HOUR), None), 4), 364);
    }

    #[test]
    fn an_overdue_rotation_is_looked_for_again_soon() {
        assert_eq!(minutes_until(dates(Some(-HOUR / 2), Some(-30 * 24 * HOUR)), 2), 7);
        assert_eq!(minutes_until(dates(Some(-2 * HOUR), Some(-30 * 24 * HOUR)), 2), 362);
        assert_eq!(minutes_until(dates(Some(-HOUR / 2), Some(-HOUR / 4)), 2), 362, "it has happened");
    }

    #[test]
    fn an_announced_end_only_brings_the_refresh_forward() {
        let ends = |ms| Dates { expires_ms: Some(SERVER + ms), ..dates(None, None) };
        assert_eq!(minutes_until(ends(2 * HOUR), 0), 120 - 15);
        assert_eq!(minutes_until(ends(HOUR / 4), 0), 12);
        assert_eq!(minutes_until(ends(48 * HOUR), 0), 360);
        assert_eq!(minutes_until(ends(-HOUR), 0), 360, "an end in the past says nothing");
    }

    #[test]
    fn a_rotation_is_expected_where_one_was_announced() {
        let expected = |dates| next(dates, &Policy::default(), Duration::ZERO, NOW, 0).expects_rotation();
        assert!(!expected(dates(None, None)));
        assert!(!expected(dates(Some(7 * 24 * HOUR), None)), "it is far");
        assert!(expected(dates(Some(2 * HOUR), None)));
        assert!(expected(dates(Some(-HOUR / 2), Some(-30 * 24 * HOUR))));
        assert!(expected(Dates { expires_ms: Some(SERVER + HOUR), ..dates(None, None) }));
    }

    #[test]
    fn absurd_dates_do_no_harm() {
        for next in [i64::MIN, i64::MAX, 0, 1] {
            let odd = Dates {
                next_rotation_ms: Some(next),
                last_rotation_ms: Some(i64::MIN),
                expires_ms: Some(i64::MAX),
                server_ms: Some(next),
            };
            assert!(super::next(odd, &Policy::default(), Duration::ZERO, NOW, 0).at > NOW);
        }
    }
}
