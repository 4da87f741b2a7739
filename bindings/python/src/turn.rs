//! One run of a watch's callback, and the end of all runs when the interpreter ends.
//!
//! The interpreter ends a thread of the host's that wants its lock too late: by force, through whatever frames there are.
//! That must not happen to a thread of the library. So a callback runs on a thread that Python itself has started, with no
//! native frame below it; a thread of the library takes the interpreter's lock only to start that thread, and never once
//! `end_watches` has run, which is before the interpreter begins to end.

use crate::error;
use crate::per_process::PerProcess;
use kmsramcred::WatchEvent;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::cell::Cell;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the end of the program waits for callbacks that run.
const PATIENCE: Duration = Duration::from_secs(1);

static GATE: PerProcess<Gate> = PerProcess::new();
/// Whether `end_watches` has run.
static ENDED: AtomicBool = AtomicBool::new(false);
static IS_FINALIZING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static START: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static RUN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

thread_local! {
    /// Whether this thread runs a callback.
    static IN_A_TURN: Cell<bool> = const { Cell::new(false) };
}

/// Lets turns begin until the interpreter ends.
#[derive(Default)]
struct Gate {
    turns: Mutex<Turns>,
    changed: Condvar,
}

#[derive(Default)]
struct Turns {
    running: usize,
    /// No turn begins any more.
    closed: bool,
    /// Nobody waits for a turn any more.
    abandoned: bool,
}

impl Gate {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&'static self) -> Option<Ticket> {
        let mut turns = self.turns();
        if turns.closed {
            return None;
        }
        turns.running += 1;
        Some(Ticket { gate: self, process: process::id(), over: Arc::default() })
    }

    fn wait(&self, over: &AtomicBool) {
        let going_on = |turns: &mut Turns| !turns.abandoned && !over.load(Ordering::Relaxed);
        drop(self.changed.wait_while(self.turns(), going_on).unwrap_or_else(PoisonError::into_inner));
    }

    fn close(&self) {
        let mut turns = self.turns();
        turns.closed = true;
        let running = |turns: &mut Turns| turns.running > 0;
        let waited = self.changed.wait_timeout_while(turns, PATIENCE, running);
        waited.unwrap_or_else(PoisonError::into_inner).0.abandoned = true;
        self.changed.notify_all();
    }
}

/// The right to take a turn; dropping it ends the turn.
struct Ticket {
    gate: &'static Gate,
    process: u32,
    /// Changed and read with the gate's lock held.
    over: Arc<AtomicBool>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A callback may fork. The child's copy is about the parent's gate, whose lock may be held for ever.
        if self.process == process::id() {
            self.gate.turns().running -= 1;
            self.over.store(true, Ordering::Relaxed);
            self.gate.changed.notify_all();
        }
    }
}

/// What `kmsramcred._watch.run` holds while the callback runs.
#[pyclass(frozen, module = "kmsramcred")]
struct Turn(Mutex<Option<Ticket>>);

#[pymethods]
impl Turn {
    fn __enter__(&self) {
        IN_A_TURN.set(true);
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        IN_A_TURN.set(false);
        let ticket = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(ticket);
    }
}

/// Looks up what must not be imported by a thread of the library.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    GATE.get();
    IS_FINALIZING.import(py, "sys", "is_finalizing").map(drop)
}

/// The same for what can only be imported when this module can.
pub fn prepare_run(py: Python<'_>) -> PyResult<()> {
    START.import(py, "kmsramcred._watch", "start_thread")?;
    RUN.import(py, "kmsramcred._watch", "run").map(drop)
}

/// Runs a callback and waits until it has returned; called by threads of the library, which do not hold the interpreter's
/// lock.
pub fn take(callback: impl FnOnce(Python<'_>) -> Option<Py<PyAny>>, event: &WatchEvent) {
    let gate = GATE.get();
    let Some(ticket) = gate.enter() else { return };
    let over = Arc::clone(&ticket.over);
    let attached = Python::try_attach(|py| {
        let Some(callback) = callback(py) else { return };
        if let Err(error) = start(py, ticket, &callback, event) {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    });
    if attached.is_some() {
        gate.wait(&over);
    }
}

fn start(py: Python<'_>, ticket: Ticket, callback: &Py<PyAny>, event: &WatchEvent) -> PyResult<()> {
    let turn = Py::new(py, Turn(Mutex::new(Some(ticket))))?;
    let failure = event.error.as_ref().map(|cause| error::exception(py, cause).into_value(py));
    let run = RUN.import(py, "kmsramcred._watch", "run")?;
    let start = START.import(py, "kmsramcred._watch", "start_thread")?;
    let arguments = (turn, callback, event.generation, failure).into_pyobject(py)?;
    match start.call1((run, &arguments)) {
        // No thread to be had; Python 3.12 gives none once the main thread has ended, though others may go on for long.
        Err(error) if error.is_instance_of::<PyRuntimeError>(py) => run.call1(arguments).map(drop),
        other => other.map(drop),
    }
}

/// Whether the end of a watch may wait for a callback that runs: not inside one (two could wait for each other), and not
/// when the interpreter ends (that thread may never go on).
pub fn may_be_awaited(py: Python<'_>) -> bool {
    !IN_A_TURN.get() && !ENDED.load(Ordering::Relaxed) && !is_finalizing(py)
}

/// For the program that took `end_watches` out of `atexit`.
fn is_finalizing(py: Python<'_>) -> bool {
    // The function is kept for ever, and answers when hardly anything else does. Where an exception is on its way the
    // program still runs, and nothing must be called.
    !PyErr::occurred(py)
        && IS_FINALIZING
            .get(py)
            .is_some_and(|asked| asked.call0(py).is_ok_and(|answer| answer.is_truthy(py).unwrap_or(true)))
}

/// Ends all watches, and waits up to a second for callbacks that run (called at exit).
#[pyfunction(name = "_end_watches")]
pub fn end_watches(py: Python<'_>) {
    ENDED.store(true, Ordering::Relaxed);
    py.detach(|| GATE.get().close());
}
