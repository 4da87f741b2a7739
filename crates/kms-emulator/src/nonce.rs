//! Remembers the nonces of accepted requests for as long as their timestamp could be accepted again.

use crate::clock::later_by_seconds;
use jiff::Timestamp;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// A timestamp is good for 15 minutes on either side, so a request can be replayed for 30.
const MEMORY_SECONDS: i64 = 30 * 60;

/// Nonces seen, as 64-bit hashes in two generations: a drill under load leaves millions of them.
pub(crate) struct NonceMemory {
    hasher: RandomState,
    young: HashSet<u64>,
    old: HashSet<u64>,
    turn: Timestamp,
}

impl NonceMemory {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            hasher: RandomState::new(),
            young: HashSet::new(),
            old: HashSet::new(),
            turn: later_by_seconds(now, MEMORY_SECONDS),
        }
    }

    /// Notes the nonce; false when this key has used it before.
    pub(crate) fn note(&mut self, access_key_id: &str, nonce: &str, now: Timestamp) -> bool {
        if now >= self.turn {
            self.old = std::mem::take(&mut self.young);
            self.turn = later_by_seconds(now, MEMORY_SECONDS);
        }
        let hash = self.hasher.hash_one((access_key_id, nonce));
        !self.old.contains(&hash) && self.young.insert(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_refused_per_key_until_its_timestamp_is_stale() {
        let start = Timestamp::UNIX_EPOCH;
        let mut memory = NonceMemory::new(start);
        assert!(memory.note("a", "n", start));
        assert!(!memory.note("a", "n", start));
        assert!(memory.note("b", "n", start));
        assert!(!memory.note("a", "n", later_by_seconds(start, MEMORY_SECONDS)));
        assert!(memory.note("a", "n", later_by_seconds(start, 2 * MEMORY_SECONDS)));
    }
}
