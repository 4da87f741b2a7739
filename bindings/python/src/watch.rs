//! Callbacks on a new value and on a failed fetch.

use crate::error;
use kmsramcred::WatchEvent;
use pyo3::prelude::*;
use std::sync::Mutex;

/// A registered callback; closing it (or losing the last reference) ends it.
#[pyclass(frozen, module = "kmsramcred")]
pub struct Watch(Mutex<Option<kmsramcred::Watch>>);

impl Watch {
    pub fn new(py: Python<'_>, secret: &kmsramcred::Secret, callback: Py<PyAny>) -> Watch {
        let watch = py.detach(|| secret.watch(move |event| tell(&callback, event)));
        Watch(Mutex::new(Some(watch)))
    }

    /// Ending a watch waits for a callback that runs, and that callback needs the interpreter's lock.
    fn end(&self, py: Python<'_>) {
        let watch = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if watch.is_some() {
            py.detach(move || {
                let _ended = watch;
            });
        }
    }
}

fn tell(callback: &Py<PyAny>, event: &WatchEvent) {
    // None while the interpreter is being taken down: then nobody is left to be told.
    Python::try_attach(|py| {
        let failure = event.error.as_ref().map(|cause| error::exception(py, cause).into_value(py));
        if let Err(error) = callback.call1(py, (event.generation, failure)) {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    });
}

#[pymethods]
impl Watch {
    /// Ends it: after the return the callback neither runs nor starts again (unless called from inside itself).
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
}

impl Drop for Watch {
    fn drop(&mut self) {
        Python::try_attach(|py| self.end(py));
    }
}
