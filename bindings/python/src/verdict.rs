//! The core's answer to a refusal.

use crate::error;
use pyo3::prelude::*;

/// What to do about a refused call.
#[pyclass(frozen, module = "kmsramcred")]
pub struct Verdict(kmsramcred::Verdict);

impl Verdict {
    pub fn new(inner: kmsramcred::Verdict) -> Verdict {
        Verdict(inner)
    }
}

#[pymethods]
impl Verdict {
    /// `unrelated`, `retry`, `retry_later` or `give_up`.
    #[getter]
    fn action(&self) -> &'static str {
        match self.0 {
            kmsramcred::Verdict::Unrelated => "unrelated",
            kmsramcred::Verdict::Retry => "retry",
            kmsramcred::Verdict::RetryLater(_) => "retry_later",
            // Of a verdict this binding does not know, the safe reading is: show the service's own error.
            _ => "give_up",
        }
    }

    /// Seconds to wait before `retry_later` sends again; 0 otherwise.
    #[getter]
    fn retry_after(&self) -> f64 {
        match self.0 {
            kmsramcred::Verdict::RetryLater(wait) => wait.as_secs_f64(),
            _ => 0.0,
        }
    }

    /// The last error of KMS, when `give_up` has one.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match &self.0 {
            kmsramcred::Verdict::GiveUp(Some(cause)) => {
                Some(error::exception(py, cause).into_value(py).into_bound(py).into_any())
            }
            _ => None,
        }
    }

    fn __repr__(&self) -> String {
        format!("<kmsramcred.Verdict {} retry_after={}>", self.action(), self.retry_after())
    }
}
