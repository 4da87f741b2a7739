//! The part of a secret that is read without a lock and outlives a fork.

use super::credential::{Credential, Snapshot};
use super::policy::MOST_REFUSED;
use super::sync::{Arc, Slot, Word};
use std::sync::atomic::AtomicU64;

/// The current snapshot, its generation word, and the serials that must not come back.
///
/// There is one writer at a time (whoever holds the state's lock) and any number of readers. A new value is stored
/// first and the word moves after that, so a word that has not moved proves that a kept value is still the answer.
#[cfg_attr(not(kmsramcred_loom), derive(Debug))]
pub struct Published {
    word: Word,
    snapshot: Slot<Snapshot>,
    refused: Slot<Vec<u64>>,
}

impl Published {
    /// Nothing published yet.
    pub fn empty() -> Published {
        Published { word: Word::borrow(), snapshot: Slot::empty(), refused: Slot::empty() }
    }

    /// The generation word.
    pub fn word(&self) -> &'static AtomicU64 {
        self.word.counter()
    }

    /// The snapshot, if it is the answer at this very generation. The caller looks at its end.
    pub fn current(&self) -> Option<Credential> {
        let generation = self.word.load();
        self.snapshot.load().filter(|snapshot| snapshot.generation == generation).map(Credential::from)
    }

    /// Looks at the snapshot where it is, if it is the answer at this very generation and `at` finds it good.
    pub fn look<R>(&self, at: impl FnOnce(&Snapshot) -> Option<R>) -> Option<R> {
        let generation = self.word.load();
        self.snapshot.look(|snapshot| if snapshot.generation == generation { at(snapshot) } else { None })
    }

    /// The snapshot, whatever its generation.
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// The generation now.
    pub fn generation(&self) -> u64 {
        self.word.load()
    }

    /// Makes every kept credential ask again.
    pub fn invalidate(&self) {
        self.word.advance();
    }

    /// Publishes another value: readers see it at the next generation. For the holder of the state's lock.
    pub(super) fn publish(&self, make: impl FnOnce(u64) -> Snapshot) -> Credential {
        let snapshot = Arc::new(make(self.word.load() + 1));
        self.snapshot.store(Arc::clone(&snapshot));
        self.word.advance();
        Credential::from(snapshot)
    }

    /// Confirms the published value at the present generation. For the holder of the state's lock.
    pub(super) fn restamp(&self, make: impl FnOnce(u64) -> Snapshot) -> Credential {
        let snapshot = Arc::new(make(self.word.load()));
        self.snapshot.store(Arc::clone(&snapshot));
        Credential::from(snapshot)
    }

    /// Whether a value of this serial was refused and replaced.
    pub(super) fn was_refused(&self, serial: u64) -> bool {
        self.refused.load().is_some_and(|refused| refused.contains(&serial))
    }

    /// Remembers that a value was refused and replaced.
    pub(super) fn bar(&self, serial: u64) {
        if self.was_refused(serial) {
            return;
        }
        let mut refused = self.refused.load().map(|refused| refused.to_vec()).unwrap_or_default();
        if refused.len() == MOST_REFUSED {
            refused.remove(0);
        }
        refused.push(serial);
        self.refused.store(Arc::new(refused));
    }
}
