//! The figures of the rotation contract, in one place.

use std::time::Duration;

/// A new key may take this long until every service knows it, or until KMS serves it.
pub const SETTLE: Duration = Duration::from_secs(10);
/// The first wait for a key that is still spreading; doubles up to [`SPREAD_WAIT_MOST`].
pub const SPREAD_WAIT_FIRST: Duration = Duration::from_millis(200);
/// The longest wait for a key that is still spreading.
pub const SPREAD_WAIT_MOST: Duration = Duration::from_secs(1);
/// While a refused key is still spreading, one fetch looks for an even newer one after this time; the wait doubles.
pub const SPREAD_LOOK_FIRST: Duration = Duration::from_secs(3);
/// A call gives up after so many refusals, whatever its budget.
pub const MOST_ROUNDS: u32 = 16;
/// How long a (serial, service, host) cools down after a fetch that brought nothing new.
pub const COOL_DOWN: Duration = Duration::from_secs(60);
/// How many (serial, service, host) are remembered.
pub const MOST_COOLING: usize = 64;
/// Fetches for refusals that bring nothing new, of one secret, within [`BARREN_WINDOW`].
pub const MOST_BARREN: usize = 10;
/// The window of [`MOST_BARREN`].
pub const BARREN_WINDOW: Duration = Duration::from_secs(60);
/// Background looks after a confirmed rejection.
pub const MOST_LOOKS: u32 = 10;
/// The wait before the first such look; doubles up to [`LOOK_MOST`].
pub const LOOK_FIRST: Duration = Duration::from_secs(1);
/// The longest wait between two such looks.
pub const LOOK_MOST: Duration = Duration::from_secs(60);
/// A call that waits for such a look comes back this long after its beginning …
pub const AFTER_LOOK_LEAST: Duration = Duration::from_millis(50);
/// … to this long.
pub const AFTER_LOOK_MOST: Duration = Duration::from_millis(150);
/// A failed background refresh is tried again after this time; doubles up to [`RETRY_MOST`], full jitter.
pub const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest wait between two background tries.
pub const RETRY_MOST: Duration = Duration::from_secs(300);
/// While somebody is in need of a new key, the wait after a failed fetch doubles from here …
pub const NEED_RETRY_FIRST: Duration = Duration::from_millis(200);
/// … from here where KMS throttles …
pub const THROTTLED_FIRST: Duration = Duration::from_secs(5);
/// … up to here.
pub const NEED_RETRY_MOST: Duration = Duration::from_secs(5);
/// A definite answer ("no such secret") is remembered this long where there is nothing to serve; doubles …
pub const DEFINITE_FIRST: Duration = Duration::from_secs(1);
/// … up to here.
pub const DEFINITE_MOST: Duration = Duration::from_secs(60);
/// The user's own refreshes are at least this far apart.
pub const REFRESH_APART: Duration = Duration::from_secs(1);
/// The range of the random part of the schedule.
pub const SCHEDULE_JITTER: Duration = Duration::from_secs(600);
/// A rotation that is overdue by less than this is looked for again soon.
pub const OVERDUE: Duration = Duration::from_secs(3600);
/// A temporary key is refreshed this long before its end, or a fifth of its life if that is less.
pub const BEFORE_END: Duration = Duration::from_secs(900);
/// How many refused and replaced serials are remembered.
pub const MOST_REFUSED: usize = 32;

/// The figures that a configuration may change.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How long a new key may take until every service knows it, or until KMS serves it.
    pub settle: Duration,
    /// The time between two scheduled refreshes.
    pub rotation_interval: Duration,
    /// How long after an announced rotation the refresh comes.
    pub delay_interval: Duration,
    /// A value that was not confirmed for so long is not served any more; `None` for no such bound.
    pub max_stale: Option<Duration>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            settle: SETTLE,
            rotation_interval: Duration::from_secs(6 * 3600),
            delay_interval: Duration::from_secs(300),
            max_stale: None,
        }
    }
}
