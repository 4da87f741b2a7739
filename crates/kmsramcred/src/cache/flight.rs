//! One fetch under way, and the last one that ended.

use super::cool_down::Pair;
use crate::clock::Moment;
use crate::error::Error;

/// The right to run one fetch; its result goes to [`Entry::complete`](super::Entry::complete).
#[derive(Debug)]
#[must_use = "a flight that nobody completes blocks every later one"]
pub struct Ticket {
    /// The number of the flight, counted from 1 in each secret.
    pub flight: u64,
    /// Why it was launched.
    pub reason: Reason,
}

/// Why a fetch is launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Somebody needs a value and there is none.
    Need,
    /// A service refused the current value.
    Refusal {
        /// The refused serial.
        serial: u64,
        /// Where.
        pair: Pair,
    },
    /// The user says so.
    Asked,
    /// Nobody waits for it: the schedule, a failed refresh's next try, a look after a refusal.
    Background {
        /// In words, for `explain`.
        why: &'static str,
        /// Whether it counts among the bounded looks after a refusal.
        look: bool,
    },
}

impl Reason {
    /// In words, for `explain` and the log.
    pub fn words(&self) -> &'static str {
        match self {
            Reason::Need => "first fetch",
            Reason::Refusal { .. } => "a service refused the key",
            Reason::Asked => "refresh was called",
            Reason::Background { why, .. } => why,
        }
    }
}

/// A fetch under way.
#[derive(Debug)]
pub struct Flight {
    /// Its number.
    pub number: u64,
    /// Why it was launched.
    pub reason: Reason,
    /// Since when.
    pub since: Moment,
    /// A new value is to be adopted at once: the current one was refused, or the user asked.
    pub adopt: bool,
    /// What it is doing, in words that name the gateway.
    pub doing: Option<String>,
    /// The last attempt that failed inside it.
    pub stumbled: Option<Error>,
    /// The deadlines of those who wait for it.
    pub waiters: Vec<Moment>,
}

/// The last fetch that ended.
#[derive(Debug, Clone)]
pub struct Landing {
    /// Its number.
    pub number: u64,
    /// Whom it was launched for, if a refusal.
    pub refused: Option<(u64, Pair)>,
    /// What it brought.
    pub brought: Brought,
}

/// What a fetch brought.
#[derive(Debug, Clone)]
pub enum Brought {
    /// Another value than the current one.
    New,
    /// The current value, or one that must not be published.
    Nothing,
    /// An error.
    Failure(Error),
}
