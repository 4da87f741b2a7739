//! Where the emulator gets the time from, and how it writes it.
//!
//! Everything that depends on time (lag, overlap, expiry) is a function of [`Clock::now`], so a test that moves a
//! [`ManualClock`] sees a whole rotation without sleeping.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::time::Duration;

/// Source of the current time.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock();
        *now = later(*now, i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

/// `millis` after `time` (before it when negative), held inside the range of representable times.
pub(crate) fn later(time: Timestamp, millis: i64) -> Timestamp {
    let edge = if millis < 0 { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(SignedDuration::from_millis(millis)).unwrap_or(edge)
}

/// `seconds` after `time`, with the same limits as [`later`].
pub(crate) fn later_by_seconds(time: Timestamp, seconds: i64) -> Timestamp {
    later(time, seconds.saturating_mul(1000))
}

/// `2024-02-21T15:39:26Z`: whole seconds in UTC, the form of every date in the API.
pub(crate) fn api_date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads what [`api_date`] writes and nothing else.
pub(crate) fn read_api_date(text: &str) -> Option<Timestamp> {
    (text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T').then(|| text.parse().ok())?
}

/// The form of HTTP's `Date` header.
pub(crate) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads a `Date` header.
pub(crate) fn read_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_a_round_trip_in_both_forms() {
        let time: Timestamp = "2024-02-09T05:06:07Z".parse().unwrap();
        assert_eq!(api_date(time), "2024-02-09T05:06:07Z");
        assert_eq!(read_api_date(&api_date(time)), Some(time));
        assert_eq!(http_date(time), "Fri, 09 Feb 2024 05:06:07 GMT");
        assert_eq!(read_http_date(&http_date(time)), Some(time));
    }

    #[test]
    fn api_dates_of_another_shape_are_not_read() {
        for text in ["", "2024-02-09", "2024-02-09T05:06:07+00:00", "2024-02-09 05:06:07Z", "2024-02-09T05:06:07.1Z"] {
            assert_eq!(read_api_date(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_time() {
        assert_eq!(later_by_seconds(Timestamp::UNIX_EPOCH, i64::MAX), Timestamp::MAX);
        assert_eq!(later_by_seconds(Timestamp::UNIX_EPOCH, i64::MIN), Timestamp::MIN);
    }
}
