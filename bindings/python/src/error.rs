//! Errors of the core become exceptions of `kmsramcred.errors`.

use kmsramcred::{Error, ErrorKind};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

static FROM_NATIVE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception for an error of the core, with its cause chained.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    // Only an interpreter that is being taken down fails to import its own package.
    build(py, error).unwrap_or_else(|_| PyRuntimeError::new_err(error.to_string()))
}

/// The same for an argument that cannot be used.
pub fn invalid_argument(py: Python<'_>, message: String) -> PyErr {
    exception(py, &Error::new(ErrorKind::InvalidArgument, message))
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let make = FROM_NATIVE.import(py, "kmsramcred.errors", "_from_native")?;
    let cause = error.cause().map(|cause| exception(py, cause));
    let kind = error.kind();
    let made = make.call1((
        kind.status(),
        error.to_string(),
        error.code(),
        error.request_id(),
        error.http_status(),
        error.retry_after().map(|wait| wait.as_secs_f64()),
        error.is_retryable(),
        kind.advice(),
    ))?;
    let made = PyErr::from_value(made);
    made.set_cause(py, cause);
    Ok(made)
}
