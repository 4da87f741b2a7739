//! Log records of the core reach the logger `kmsramcred`.
//!
//! A thread of the library never takes the interpreter's lock to log: at exit it might never get it. It leaves the
//! record in a bounded queue, and the next call of the program into this module hands the queue to `logging`.
//! Nobody ever blocks on the queue: after a fork its lock may belong to a thread that is gone.

use kmsramcred::{LogLevel, set_log_callback};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

const CAPACITY: usize = 1024;

static QUEUE: Mutex<VecDeque<(LogLevel, String)>> = Mutex::new(VecDeque::new());
static PENDING: AtomicBool = AtomicBool::new(false);
/// The process in which a thread hands records over, 0 for none: a forked child must not wait for that thread.
static DRAINING: AtomicU32 = AtomicU32::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);
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
    match queue() {
        Some(mut queue) if queue.len() < CAPACITY => queue.push_back((level, message.to_owned())),
        _ => {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    PENDING.store(true, Ordering::Release);
}

/// The queue, unless its holder keeps it for far longer than a push or a pop takes.
fn queue() -> Option<MutexGuard<'static, VecDeque<(LogLevel, String)>>> {
    for _ in 0..1000 {
        match QUEUE.try_lock() {
            Ok(queue) => return Some(queue),
            Err(TryLockError::Poisoned(queue)) => return Some(queue.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    None
}

#[cold]
fn drain_now(py: Python<'_>) -> PyResult<()> {
    // A handler may itself use a credential, and so come here again while it is being fed.
    let (holder, process) = (DRAINING.load(Ordering::Relaxed), std::process::id());
    if holder == process || DRAINING.compare_exchange(holder, process, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return Ok(());
    }
    PENDING.store(false, Ordering::Release);
    let result = drain_queue(py);
    DRAINING.store(0, Ordering::Release);
    result
}

fn drain_queue(py: Python<'_>) -> PyResult<()> {
    // As many as there are now: a handler that makes new records must not keep the caller here for ever.
    let waiting = queue().map_or(0, |queue| queue.len());
    for _ in 0..waiting {
        let Some((level, message)) = queue().and_then(|mut queue| queue.pop_front()) else { break };
        emit(py, level, &message)?;
    }
    match DROPPED.swap(0, Ordering::Relaxed) {
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
