//! Callbacks on a new value and on a failed fetch.

use crate::turn;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// A registered callback; closing it ends it, and so does losing the last reference (other than those that its own
/// callback holds). At the end of the program all watches end, before the interpreter does.
#[pyclass(frozen, module = "kmsramcred")]
pub struct Watch {
    callback: Arc<Callback>,
    registered: Mutex<Option<kmsramcred::Watch>>,
}

/// What is called; gone once the watch has ended.
///
/// The lock is held for a few instructions by who holds the interpreter's lock and calls nothing: so neither the garbage
/// collector nor a fork by Python ever finds it taken.
struct Callback(Mutex<Option<Py<PyAny>>>);

impl Callback {
    fn lock(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.lock().as_ref().map(|callback| callback.clone_ref(py))
    }
}

impl Watch {
    pub fn new(py: Python<'_>, secret: &kmsramcred::Secret, callback: Py<PyAny>) -> PyResult<Watch> {
        turn::prepare_run(py)?;
        let callback = Arc::new(Callback(Mutex::new(Some(callback))));
        let called = Arc::clone(&callback);
        let watch = py.detach(|| secret.watch(move |event| turn::take(|py| called.get(py), event)));
        Ok(Watch { callback, registered: Mutex::new(Some(watch)) })
    }

    fn take(&self) -> Option<kmsramcred::Watch> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn end(&self, py: Python<'_>) {
        let Some(watch) = self.take() else { return };
        let callback = self.callback.lock().take();
        if turn::may_be_awaited(py) {
            // A callback that runs needs the interpreter's lock.
            py.detach(move || drop(watch));
        } else {
            watch.end_without_waiting();
        }
        drop(callback);
    }
}

#[pymethods]
impl Watch {
    /// Ends it: after the return the callback neither runs nor starts again (unless called from inside a callback, which
    /// ends by itself).
    fn close(&self, py: Python<'_>) {
        self.end(py);
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) {
        self.end(py);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.callback.0.try_lock() {
            Ok(callback) => visit.call(&*callback),
            Err(TryLockError::Poisoned(callback)) => visit.call(&*callback.into_inner()),
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    /// Nothing but its own callback led to it. No callback runs, for that would refer to it too; so there is nothing to
    /// wait for.
    fn __clear__(&self) {
        if let Some(watch) = self.take() {
            watch.end_without_waiting();
        }
        let callback = self.callback.lock().take();
        drop(callback);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        Python::try_attach(|py| self.end(py));
        // Nobody is left who could call it.
        if let Some(watch) = self.take() {
            watch.end_without_waiting();
        }
    }
}
