//! Time, behind a trait, so that every rule about it can be tested on a paused clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A point on the machine's own time line, in milliseconds since boot. It goes on while the machine is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// A point that is never reached.
    pub const NEVER: Moment = Moment(u64::MAX);

    /// The time from `earlier` to here; zero when `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;
    fn sub(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_sub(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// A calendar that differs more from a server's is not corrected: one answer, which may be forged where certificates are not
/// verified, must not have requests signed for a far day.
pub(crate) const GREATEST_OFFSET_MS: u64 = 24 * 3_600 * 1_000;

/// `first` doubled `times` times, at most `most`.
pub(crate) fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(2u32.saturating_pow(times)).min(most)
}

/// Where time comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now, on the machine's own time line.
    fn now(&self) -> Moment;
    /// Now, in milliseconds since 1970 by this machine's calendar clock, which may be wrong.
    fn unix_ms(&self) -> i64;
}

/// The real clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(unsafe_code, reason = "the standard library offers no clock that counts suspended time")]
    fn now(&self) -> Moment {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a valid, writable timespec; the call writes it and keeps no pointer.
        let result = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
        debug_assert_eq!(result, 0, "CLOCK_BOOTTIME exists since Linux 2.6.39");
        Moment(time.tv_sec.unsigned_abs() * 1_000 + time.tv_nsec.unsigned_abs() / 1_000_000)
    }

    fn unix_ms(&self) -> i64 {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// A clock that stands still until it is told to move: for tests and simulations.
#[derive(Debug)]
pub struct PausedClock {
    now: AtomicU64,
    unix_ms: AtomicI64,
}

impl PausedClock {
    /// A clock that shows `unix_ms` and stays there.
    pub fn new(unix_ms: i64) -> PausedClock {
        PausedClock { now: AtomicU64::new(1_000_000), unix_ms: AtomicI64::new(unix_ms) }
    }

    /// Moves both time lines forward.
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.now.fetch_add(ms, Ordering::SeqCst);
        self.unix_ms.fetch_add(i64::try_from(ms).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }

    fn unix_ms(&self) -> i64 {
        self.unix_ms.load(Ordering::SeqCst)
    }
}

/// The end of one budget: an absolute point that covers lock waits, attempts, pauses and fail-over alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Moment);

impl Deadline {
    /// The end of a budget that begins now.
    pub fn after(clock: &dyn Clock, budget: Duration) -> Deadline {
        Deadline(clock.now() + budget)
    }

    /// What is left of the budget; zero when it is over.
    pub fn rest(self, now: Moment) -> Duration {
        self.0.since(now)
    }

    /// Whether the budget is over.
    pub fn is_over(self, now: Moment) -> bool {
        now >= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_moves_forward() {
        let clock = SystemClock;
        let first = clock.now();
        while clock.now() == first {
            std::thread::yield_now();
        }
        assert!(clock.now() > first);
        assert!(clock.unix_ms() > 1_700_000_000_000);
    }

    #[test]
    fn a_deadline_is_absolute() {
        let clock = PausedClock::new(0);
        let deadline = Deadline::after(&clock, Duration::from_secs(2));
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(deadline.rest(clock.now()), Duration::from_millis(500));
        clock.advance(Duration::from_secs(1));
        assert!(deadline.is_over(clock.now()));
        assert_eq!(deadline.rest(clock.now()), Duration::ZERO);
    }
}
