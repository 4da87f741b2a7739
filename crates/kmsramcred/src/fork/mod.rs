//! What a forked child inherits, and what it must never touch.
//!
//! A child has the parent's memory and one thread. Locks may be held by threads that do not exist there, pools hold
//! connections that the parent goes on using, and nobody refreshes. So the handler that runs in the child only moves
//! counters: the epoch and every generation word. The check that is already on the read path then sends the child to
//! the slow path, where [`ForkCell`] leaves the parent's things behind untouched and makes new ones.
//!
//! What a program inherits that this process runs is decided here too.

mod cell;
mod program;
mod thread;

pub use cell::ForkCell;
pub use program::run_program;
pub use thread::spawn;

use crate::cache::move_all_words;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// How many forks lie between the first process and this one.
static EPOCH: AtomicU64 = AtomicU64::new(0);
/// The process that `EPOCH` is right for.
static PID: AtomicU32 = AtomicU32::new(0);
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Begins to watch for forks. Clients do it when they are made.
#[expect(unsafe_code, reason = "the only way to be told of a fork")]
pub fn watch() {
    if !WATCHED.swap(true, Ordering::AcqRel) {
        PID.store(std::process::id(), Ordering::Release);
        // SAFETY: `in_the_child` is a plain function that lives as long as the library, which is never unloaded, and does
        // nothing but async-signal-safe work: getpid and atomics. Failure (no memory) leaves the comparison of process
        // ids in `epoch`, which needs no handler.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
    }
}

extern "C" fn in_the_child() {
    PID.store(std::process::id(), Ordering::Release);
    EPOCH.fetch_add(1, Ordering::AcqRel);
    move_all_words();
}

/// The number of this process in the line of forks. Also finds a fork that no handler was told of (a raw `clone`), so it
/// belongs on the slow path: it asks the kernel for the process id.
pub fn epoch() -> u64 {
    let (pid, known) = (std::process::id(), PID.load(Ordering::Acquire));
    if pid != known && PID.compare_exchange(known, pid, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
        EPOCH.fetch_add(1, Ordering::AcqRel);
        move_all_words();
    }
    EPOCH.load(Ordering::Acquire)
}
