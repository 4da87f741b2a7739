//! What to do about a fault, and how long an attempt takes: pure rules.

use super::fault::FaultClass;
use crate::clock::{Deadline, Moment};
use std::time::Duration;

/// No attempt takes longer.
pub const ATTEMPT: Duration = Duration::from_secs(5);

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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_attempt_gets_five_seconds_or_its_share() {
        let end = |rest, untried| attempt_end(NOW, Deadline(NOW + ms(rest)), untried).0.since(NOW);
        assert_eq!(end(10_000, 1), ms(5_000));
        assert_eq!(end(10_000, 4), ms(2_500));
        assert_eq!(end(800, 1), ms(800));
        assert_eq!(end(800, 0), ms(800));
    }
}
