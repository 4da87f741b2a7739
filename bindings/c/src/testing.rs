//! For tests only (feature `testing`): panics on demand, and how many handles C holds.

use crate::status::Status;
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};

static LIVE: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static PANIC: Cell<bool> = const { Cell::new(false) };
}

/// Makes the next export that this thread calls panic inside the boundary.
pub fn panic_in_the_next_call() {
    PANIC.set(true);
}

pub(crate) fn panic_if_asked() {
    assert!(!PANIC.take(), "asked for by a test");
}

pub(crate) fn handle_made() {
    LIVE.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn handle_ended() {
    LIVE.fetch_sub(1, Ordering::Relaxed);
}

/// How many handles of all types C owns at the moment.
pub fn live_handles() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

export!(
    /// Panics inside the boundary.
    fn kmsramcred_testing_panic(error_out: crate::ErrorOut) -> Status {
        panic!("asked for by a test")
    }
);

export!(
    /// Panics inside the boundary of a getter.
    fn kmsramcred_testing_panic_in_getter() -> u64 {
        panic!("asked for by a test")
    }
);
