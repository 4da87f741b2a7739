//! Log records of the core reach the logger `kmsramcred`.
//!
//! A thread of the library never takes the interpreter's lock to log: at exit it might never get it. It leaves the
//! record in a bounded queue, and the next call of the program into this module hands the queue to `logging`.
//! Each process has a queue of its own: after a fork the lock of the parent's may belong to a thread that is gone.

use crate::per_process::PerProcess;
use kmsramcred::{LogLevel, set_log_callback};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

const CAPACITY: usize = 1024;

type Queue = VecDeque<(LogLevel, String)>;

/// What waits to be handed over.
#[derive(Default)]
struct Records {
    /// Held for a push or a pop.
    queue: Mutex<Queue>,
    dropped: AtomicU64,
    /// Whether a thread hands records over now.
    draining: AtomicBool,
}

static RECORDS: PerProcess<Records> = PerProcess::new();
/// Whether a look is worth while; a child that inherits it looks once too often.
static PENDING: AtomicBool = AtomicBool::new(false);
static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Starts to collect records, at the level the logger has now.
pub fn install(py: Python<'_>) -> PyResult<()> {
    let debug: bool = logger(py)?.call_method1("isEnabledFor", (number(LogLevel::Debug),))?.extract()?;
    let level = if debug { LogLevel::Debug } else { LogLevel::Info };
    py.detach(|| set_log_callback(level, Some(Box::new(push))));
    Ok(())
}

/// Hands over what has been collected. One load when there is nothing.
#[inline]
pub fn drain(py: Python<'_>) -> PyResult<()> {
    if PENDING.load(Ordering::Relaxed) { drain_now(py) } else { Ok(()) }
}

/// Hands collected log records to `logging` (called at exit; every other call into the module does it too).
#[pyfunction(name = "_drain_log")]
pub fn drain_log(py: Python<'_>) -> PyResult<()> {
    drain(py)
}

fn push(level: LogLevel, message: &str) {
    let records = RECORDS.get();
    let mut queue = records.queue();
    if queue.len() < CAPACITY {
        queue.push_back((level, message.to_owned()));
    } else {
        records.dropped.fetch_add(1, Ordering::Relaxed);
    }
    drop(queue);
    PENDING.store(true, Ordering::Release);
}

impl Records {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cold]
fn drain_now(py: Python<'_>) -> PyResult<()> {
    let records = RECORDS.get();
    // A handler may itself use a credential, and so come here again while it is being fed.
    if records.draining.swap(true, Ordering::Acquire) {
        return Ok(());
    }
    PENDING.store(false, Ordering::Release);
    let result = drain_queue(py);
    records.draining.store(false, Ordering::Release);
    result
}

fn drain_queue(py: Python<'_>) -> PyResult<()> {
    // As many as there are now: a handler that makes new records must not keep the caller here for ever.
    let waiting = RECORDS.get().queue().len();
    for _ in 0..waiting {
        // Looked up for each: a handler that forks goes on in the child, where the queue is another one.
        let Some((level, message)) = RECORDS.get().queue().pop_front() else { break };
        emit(py, level, &message)?;
    }
    match RECORDS.get().dropped.swap(0, Ordering::Relaxed) {
        0 => Ok(()),
        dropped => {
            emit(py, LogLevel::Warn, &format!("{dropped} log records were dropped: nobody fetched them in time"))
        }
    }
}

fn emit(py: Python<'_>, level: LogLevel, message: &str) -> PyResult<()> {
    let result = logger(py).and_then(|logger| logger.call_method1("log", (number(level), message)));
    match result {
        Err(error) if error.is_instance_of::<PyException>(py) => {
            error.write_unraisable(py, None);
            Ok(())
        }
        // An interrupt that arrived inside a handler belongs to the program.
        other => other.map(drop),
    }
}

fn logger(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let logger = LOGGER
        .get_or_try_init(py, || py.import("logging")?.call_method1("getLogger", ("kmsramcred",)).map(Bound::unbind))?;
    Ok(logger.bind(py).clone())
}

fn number(level: LogLevel) -> i32 {
    match level {
        LogLevel::Error => 40,
        LogLevel::Warn => 30,
        LogLevel::Info => 20,
        LogLevel::Debug => 10,
    }
}
