//! One named RAM secret.

use crate::client::{Client, parsed};
use crate::credential::Credential;
use crate::verdict::Verdict;
use crate::watch::Watch;
use crate::{budget, error, log, wait};
use kmsramcred::{Error, Refusal};
use pyo3::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// One named RAM secret of a client.
#[pyclass(frozen, module = "kmsramcred")]
pub struct Secret {
    inner: kmsramcred::Secret,
    /// What `credential` answered last. Held for a few instructions and never across a call into Python, so a fork
    /// by Python cannot come in between: it waits for the lock of the interpreter or, in a free-threaded one, until all
    /// other threads are in such a call.
    last: Mutex<Option<Py<Credential>>>,
}

impl Secret {
    pub fn new(inner: kmsramcred::Secret) -> Secret {
        Secret { inner, last: Mutex::new(None) }
    }

    #[inline]
    fn current(&self, py: Python<'_>) -> Option<Py<Credential>> {
        let last = self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*last {
            Some(credential) if credential.get().is_current(&self.inner) => Some(credential.clone_ref(py)),
            _ => None,
        }
    }

    #[cold]
    fn acquire(&self, py: Python<'_>, timeout: Option<Duration>) -> PyResult<Py<Credential>> {
        // Most times the value is there and only the generation moved: no reason to let go of the interpreter. An
        // error means nothing yet: what a look finds out is why it has not succeeded so far.
        let answer = match self.inner.credential(Duration::ZERO) {
            Err(_) if timeout != Some(Duration::ZERO) => {
                let secret = self.inner.clone();
                let timeout = self.or_default(timeout);
                wait::detached(py, move || secret.credential(timeout))?
            }
            answer => answer,
        };
        self.keep(py, answer)
    }

    fn keep(&self, py: Python<'_>, answer: Result<kmsramcred::Credential, Error>) -> PyResult<Py<Credential>> {
        log::drain(py)?;
        let credential = Credential::new(py, answer.map_err(|error| error::exception(py, &error))?)?;
        let kept = Some(credential.clone_ref(py));
        let previous = {
            let mut last = self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            std::mem::replace(&mut *last, kept)
        };
        drop(previous);
        Ok(credential)
    }

    fn or_default(&self, timeout: Option<Duration>) -> Duration {
        timeout.unwrap_or_else(|| self.inner.client().fetch_budget())
    }
}

#[pymethods]
impl Secret {
    /// The requested name.
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }

    /// The client.
    #[getter]
    fn client(&self) -> Client {
        Client::from_core(self.inner.client().clone())
    }

    /// Moves whenever the answer of `credential` could differ.
    #[getter]
    fn generation(&self) -> u64 {
        self.inner.generation().load(Ordering::Acquire)
    }

    /// The same for all objects that stand for this secret: the address of its generation word.
    #[getter]
    fn _identity(&self) -> usize {
        std::ptr::from_ref(self.inner.generation()).addr()
    }

    /// The current credential; waits for a first fetch inside `timeout`. At its end raises TimedOutError, or the error
    /// that the fetches have met. 0 does not wait: it starts a fetch and raises NotReadyError.
    #[pyo3(signature = (timeout=None))]
    #[inline]
    fn credential(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<Credential>> {
        let timeout = match timeout {
            None => None,
            given => budget::given(given)?,
        };
        log::drain(py)?;
        match self.current(py) {
            Some(credential) => Ok(credential),
            None => self.acquire(py, timeout),
        }
    }

    /// Fetches now, because the user says so, and waits inside `timeout` as `credential` does.
    #[pyo3(signature = (timeout=None))]
    fn refresh(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<Credential>> {
        let timeout = self.or_default(budget::given(timeout)?);
        let secret = self.inner.clone();
        let answer = wait::detached(py, move || secret.refresh(timeout))?;
        self.keep(py, answer)
    }

    /// Tells that a service refused a call signed with `serial`; may wait up to `left` for a newer value.
    /// `code`: the service's error code, `None` when the caller has judged by itself that the key is dead.
    #[pyo3(signature = (serial, service, host, code, http_status, round, left))]
    #[expect(clippy::too_many_arguments, reason = "the fields of a refusal, spoken as Python keywords")]
    fn report_failure(
        &self,
        py: Python<'_>,
        serial: u64,
        service: String,
        host: String,
        code: Option<String>,
        http_status: Option<u16>,
        round: u32,
        left: &Bound<'_, PyAny>,
    ) -> PyResult<Verdict> {
        let left = budget::seconds("left", left)?;
        let refusal = Refusal { serial, service: &service, host: &host, code: code.as_deref(), http_status, round };
        if !self.inner.is_about_the_key(&refusal) {
            return Ok(Verdict::new(kmsramcred::Verdict::Unrelated));
        }
        let secret = self.inner.clone();
        let verdict = wait::detached(py, move || {
            let refusal = Refusal { serial, service: &service, host: &host, code: code.as_deref(), http_status, round };
            secret.report_failure(&refusal, left)
        })?;
        log::drain(py)?;
        Ok(Verdict::new(verdict))
    }

    /// Tells that a service accepted a call signed with `serial`.
    fn report_success(&self, py: Python<'_>, serial: u64) -> PyResult<()> {
        self.inner.report_success(serial);
        log::drain(py)
    }

    /// Calls `callback(generation, error)` on a daemon thread of its own, one call at a time: on a new value (error is
    /// None) and on a failed fetch. Ends with the returned object, and at the end of the program; a call that runs then
    /// has a second to end.
    fn watch(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<Watch> {
        if !callback.bind(py).is_callable() {
            return Err(error::invalid_argument(
                py,
                "callback is not callable; allowed is callback(generation, error).".into(),
            ));
        }
        Watch::new(py, &self.inner, callback)
    }

    /// What is in use, how old it is, what comes next and why; never a secret.
    fn explain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        log::drain(py)?;
        parsed(py, &self.inner.explain())
    }

    fn __repr__(&self) -> String {
        format!("<kmsramcred.Secret {:?}>", self.inner.name())
    }
}
