//! A value that each process makes for itself.

use super::epoch;
use arc_swap::ArcSwap;
use std::fmt;
use std::mem;
use std::sync::Arc;

/// Holds a `T` with locks, threads or connections inside. In a forked child the parent's `T` is left behind: never
/// locked, never dropped; a new one takes its place on first use.
pub struct ForkCell<T> {
    held: ArcSwap<Held<T>>,
}

struct Held<T> {
    epoch: u64,
    value: Arc<T>,
}

impl<T> ForkCell<T> {
    /// A cell of this process.
    pub fn new(value: T) -> ForkCell<T> {
        ForkCell { held: ArcSwap::from_pointee(Held { epoch: epoch(), value: Arc::new(value) }) }
    }

    /// This process's value; `make` makes one in a child that has none yet. `make` may run more than once, so it must
    /// start nothing.
    pub fn get(&self, make: impl Fn() -> T) -> Arc<T> {
        loop {
            let held = self.held.load_full();
            let now = epoch();
            if held.epoch == now {
                return Arc::clone(&held.value);
            }
            let mine = Arc::new(Held { epoch: now, value: Arc::new(make()) });
            let before = self.held.compare_and_swap(&held, Arc::clone(&mine));
            if Arc::ptr_eq(&before, &held) {
                // One count of the parent's value is given up for good, so that nothing in this process drops it.
                mem::forget(held);
                return Arc::clone(&mine.value);
            }
        }
    }

    /// This process's value, if it has one.
    pub fn peek(&self) -> Option<Arc<T>> {
        let held = self.held.load();
        (held.epoch == epoch()).then(|| Arc::clone(&held.value))
    }
}

impl<T> Drop for ForkCell<T> {
    fn drop(&mut self) {
        let held = self.held.load_full();
        if held.epoch != epoch() {
            mem::forget(held);
        }
    }
}

impl<T> fmt::Debug for ForkCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForkCell").finish_non_exhaustive()
    }
}
