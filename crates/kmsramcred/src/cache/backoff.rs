//! Waits that double, with full jitter, and what is remembered of failed fetches.

use super::policy::{
    DEFINITE_FIRST, DEFINITE_MOST, NEED_RETRY_FIRST, NEED_RETRY_MOST, RETRY_FIRST, RETRY_MOST, THROTTLED_FIRST,
};
use crate::clock::{Moment, doubled};
use crate::error::{Error, ErrorKind};
use std::time::Duration;

/// A wait drawn evenly from `floor` to `wait`.
pub fn between(floor: Duration, wait: Duration, rng: &mut fastrand::Rng) -> Duration {
    let (low, high) = (millis(floor), millis(wait));
    Duration::from_millis(if high > low { rng.u64(low..=high) } else { high })
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// What is known of fetches that failed in a row.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    last: Option<Failure>,
}

/// The last of them.
#[derive(Debug, Clone)]
struct Failure {
    error: Error,
    in_a_row: u32,
    /// When the refresher tries again.
    background_until: Moment,
    /// When a caller in need may try again.
    need_until: Moment,
}

/// Whether the service gave an answer that asking again soon will not change.
pub fn is_definite(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::KmsDenied
            | ErrorKind::KmsNotFound
            | ErrorKind::KmsRejected
            | ErrorKind::SecretType
            | ErrorKind::SecretMalformed
            | ErrorKind::SourceDenied
            | ErrorKind::Tls
            | ErrorKind::ConfigInvalid
            | ErrorKind::ConfigMissing
    )
}

impl Failures {
    /// Notes one more failed fetch.
    pub fn record(&mut self, error: Error, now: Moment, rng: &mut fastrand::Rng) {
        let before = self.last.as_ref().map_or(0, |last| last.in_a_row);
        let (first, most) = match error.kind() {
            _ if is_definite(&error) => (DEFINITE_FIRST, DEFINITE_MOST),
            _ if error.is_throttled() => (THROTTLED_FIRST, NEED_RETRY_MOST),
            _ => (NEED_RETRY_FIRST, NEED_RETRY_MOST),
        };
        let asked = error.retry_after().unwrap_or_default().min(NEED_RETRY_MOST);
        let need = between(first / 2, doubled(first, before, most), rng).max(asked);
        // Full jitter, but never at once: a tenth of the step keeps a crowd of clients from a tight loop.
        let step = doubled(RETRY_FIRST, before, RETRY_MOST);
        let background = between(step / 10, step, rng).max(need);
        self.last =
            Some(Failure { error, in_a_row: before + 1, background_until: now + background, need_until: now + need });
    }

    /// A fetch succeeded.
    pub fn clear(&mut self) {
        self.last = None;
    }

    /// The error of the last fetch, if it failed.
    pub fn error(&self) -> Option<&Error> {
        self.last.as_ref().map(|last| &last.error)
    }

    /// How many fetches failed in a row.
    pub fn in_a_row(&self) -> u32 {
        self.last.as_ref().map_or(0, |last| last.in_a_row)
    }

    /// What is left of the wait for a caller in need; `None` when there is nothing to wait for.
    pub fn need_rest(&self, now: Moment) -> Option<Duration> {
        self.last.as_ref().map(|last| last.need_until.since(now)).filter(|rest| !rest.is_zero())
    }

    /// When the refresher tries again.
    pub fn background_until(&self) -> Option<Moment> {
        self.last.as_ref().map(|last| last.background_until)
    }
}

#[cfg(all(test, not(kmsramcred_loom)))]
mod tests {
    use super::*;

    fn failing() -> Error {
        Error::new(ErrorKind::Network, "refused")
    }

    #[test]
    fn background_waits_double_to_five_minutes_with_jitter() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut failures = Failures::default();
        let now = Moment(1_000);
        for step in [1u64, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            failures.record(failing(), now, &mut rng);
            let wait = failures.background_until().unwrap().since(now);
            assert!(wait <= Duration::from_secs(step), "{wait:?} after {step}");
            assert!(wait >= Duration::from_millis(step * 100));
        }
        failures.clear();
        assert!(failures.error().is_none() && failures.background_until().is_none());
    }

    #[test]
    fn who_is_in_need_never_waits_longer_than_five_seconds() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut failures = Failures::default();
        for _ in 0..40 {
            failures.record(failing(), Moment(0), &mut rng);
            assert!(failures.need_rest(Moment(0)).unwrap() <= NEED_RETRY_MOST);
        }
        assert_eq!(failures.need_rest(Moment(5_000)), None);
    }

    #[test]
    fn a_fetch_that_ended_throttled_is_not_followed_by_another_at_once() {
        let mut rng = fastrand::Rng::with_seed(7);
        let by_kms = Error::new(ErrorKind::KmsThrottled, "slow down");
        let by_sts = Error::new(ErrorKind::SourceUnavailable, "slow down").with_code("Throttling.User");
        for error in std::iter::repeat_n([by_kms, by_sts], 20).flatten() {
            let mut failures = Failures::default();
            failures.record(error, Moment(0), &mut rng);
            let rest = failures.need_rest(Moment(0)).unwrap();
            assert!(rest >= THROTTLED_FIRST / 2 && rest <= NEED_RETRY_MOST, "{rest:?}");
        }
    }

    #[test]
    fn a_definite_answer_is_remembered_up_to_a_minute() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut failures = Failures::default();
        for _ in 0..40 {
            failures.record(Error::new(ErrorKind::KmsNotFound, "none"), Moment(0), &mut rng);
        }
        let rest = failures.need_rest(Moment(0)).unwrap();
        assert!(rest > NEED_RETRY_MOST / 8 && rest <= DEFINITE_MOST);
    }

    #[test]
    fn a_wait_that_the_service_asks_for_is_kept_within_reason() {
        let mut failures = Failures::default();
        let asked = failing().with_retry_after(Duration::from_secs(3));
        failures.record(asked, Moment(0), &mut fastrand::Rng::with_seed(1));
        assert!(failures.need_rest(Moment(0)).unwrap() >= Duration::from_secs(3));
        let absurd = failing().with_retry_after(Duration::from_secs(86_400));
        failures.record(absurd, Moment(0), &mut fastrand::Rng::with_seed(1));
        assert!(failures.need_rest(Moment(0)).unwrap() <= NEED_RETRY_MOST);
    }
}
