//! What was seen of a program.

use crate::reading::Reading;
use serde::Serialize;

/// What was seen of a program since the look before.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// When the look before was, in milliseconds since the beginning of the schedule.
    pub from_ms: u64,
    /// When this one was.
    pub until_ms: u64,
    /// Calls that ended.
    pub calls: u64,
    /// Those of them whose error the user saw.
    pub failed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// The slowest of the calls.
    pub slowest_ms: u64,
    /// The first failure.
    pub complaint: String,
    /// The process at this look.
    pub reading: Reading,
}

/// Everything that was seen of a program.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// Its language.
    pub language: String,
    /// At rest, after it had warmed up.
    pub start: Option<Reading>,
    /// At rest, after everything.
    pub end: Option<Reading>,
    /// While things happened.
    pub looks: Vec<Look>,
    /// Why it was given up.
    pub trouble: Option<String>,
}
