//! Panics of the library: their messages may quote the text that they stumbled over, so nobody sees them.

use crate::error;
use kmsramcred::{Error, ErrorKind};
use pyo3::prelude::*;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

/// What the names of the library's threads begin with.
const OURS: &str = "kmsramcred";

thread_local! {
    /// Whether a thread of the program is at work in the library.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Keeps what a panic in the library's work says off standard error. All others are shown as before.
pub fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let ours = AT_WORK.get() || thread::current().name().is_some_and(|name| name.starts_with(OURS));
            if !ours {
                others(panic);
            }
        }));
    });
}

/// Runs `work` without the interpreter's lock on this thread, which is the program's. A panic becomes InternalError.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let answer = py.detach(|| {
        let outer = AT_WORK.replace(true);
        let answer = panic::catch_unwind(AssertUnwindSafe(work));
        AT_WORK.set(outer);
        // The panic's own value goes no further.
        answer.ok()
    });
    answer.ok_or_else(|| internal(py))
}

/// What the caller sees of a panic.
pub fn internal(py: Python<'_>) -> PyErr {
    error::exception(py, &Error::new(ErrorKind::Internal, "the library's work ended without an answer."))
}
