//! Real waits: without the interpreter's lock, and awake for signals.

use crate::panic;
use pyo3::prelude::*;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How late a signal may be noticed.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// Runs `work`, which may wait.
///
/// Only the main thread can run signal handlers, so there the wait happens on a thread of its own while this one
/// looks for signals. The core gets the whole budget in one piece: cut into slices it would take every slice for
/// the caller's last chance. A wait that a signal ends is left behind and ends within its budget.
pub fn detached<T: Send + 'static>(py: Python<'_>, work: impl FnOnce() -> T + Clone + Send + 'static) -> PyResult<T> {
    if !on_main_thread(py)? {
        return panic::detached(py, work);
    }
    let (sender, mut receiver) = mpsc::sync_channel(1);
    let copy = work.clone();
    let started = thread::Builder::new().name("kmsramcred-wait".into()).spawn(move || {
        // Nobody listens any more after a signal.
        let _ = sender.send(copy());
    });
    if started.is_err() {
        // No thread to be had: better a wait that cannot be interrupted than none.
        return panic::detached(py, work);
    }
    loop {
        let answer;
        (answer, receiver) = py.detach(move || (receiver.recv_timeout(SIGNAL_CHECK), receiver));
        match answer {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(panic::internal(py)),
        }
    }
}

fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    main.eq(threading.call_method0("get_ident")?)
}
