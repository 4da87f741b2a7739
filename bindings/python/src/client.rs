//! A configuration in use.

use crate::secret::Secret;
use crate::{budget, error, log, panic};
use kmsramcred::{Config, ConfigBuilder, Error};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use std::path::PathBuf;
use std::time::Duration;

/// How long closing waits for a fetch that is running, unless told otherwise.
const CLOSE: Duration = Duration::from_secs(5);

/// A configuration in use: its gateways, its identity and all its secrets.
#[pyclass(frozen, module = "kmsramcred")]
pub struct Client(kmsramcred::Client);

impl Client {
    pub fn from_core(inner: kmsramcred::Client) -> Client {
        Client(inner)
    }

    fn open(py: Python<'_>, config: impl FnOnce() -> Result<Config, Error> + Send) -> PyResult<Client> {
        log::install(py)?;
        let made = panic::detached(py, || config().and_then(kmsramcred::Client::new))?;
        log::drain(py)?;
        made.map(Client).map_err(|error| error::exception(py, &error))
    }
}

#[pymethods]
impl Client {
    /// A client from settings alone: the keys of the properties file, or `access_key_id`, `access_key_secret`
    /// and `security_token` for a fixed AccessKey.
    #[new]
    #[pyo3(signature = (**settings))]
    fn new(py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Client> {
        let mut builder = Config::builder();
        if let Some(settings) = settings {
            set_all(&mut builder, settings)?;
        }
        Client::open(py, move || builder.build())
    }

    /// From a properties file, found by the documented look-up when no path is given, completed by the environment.
    #[staticmethod]
    #[pyo3(signature = (path=None))]
    fn from_file(py: Python<'_>, path: Option<PathBuf>) -> PyResult<Client> {
        Client::open(py, move || Config::from_file(path.as_deref()))
    }

    /// From the environment alone.
    #[staticmethod]
    fn from_env(py: Python<'_>) -> PyResult<Client> {
        Client::open(py, Config::from_env)
    }

    /// The secret of this name; the same name gives the same secret.
    fn secret(&self, py: Python<'_>, name: &str) -> PyResult<Secret> {
        let secret = self.0.secret(name).map_err(|error| error::exception(py, &error))?;
        log::drain(py)?;
        Ok(Secret::new(secret))
    }

    /// Seconds a call has from its first refusal.
    #[getter]
    fn call_budget(&self) -> f64 {
        self.0.call_budget().as_secs_f64()
    }

    /// Seconds a first fetch has when the caller names no timeout.
    #[getter]
    fn fetch_budget(&self) -> f64 {
        self.0.fetch_budget().as_secs_f64()
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Counters since the client was made.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        log::drain(py)?;
        let stats = self.0.stats();
        let counters = PyDict::new(py);
        counters.set_item("slow_acquires", stats.slow_acquires)?;
        counters.set_item("refreshes_ok", stats.refreshes_ok)?;
        counters.set_item("refreshes_failed", stats.refreshes_failed)?;
        counters.set_item("waiters_coalesced", stats.waiters_coalesced)?;
        counters.set_item("stale_served", stats.stale_served)?;
        counters.set_item("failures_reported", stats.failures_reported)?;
        counters.set_item("kms_requests", stats.kms_requests)?;
        Ok(counters)
    }

    /// Everything in use; never a secret.
    fn explain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        log::drain(py)?;
        parsed(py, &self.0.explain())
    }

    /// Stops all work. Raises TimedOutError when a fetch is still running at the end of `timeout` (default 5 s).
    #[pyo3(signature = (timeout=None))]
    fn close(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let timeout = budget::given(timeout)?.unwrap_or(CLOSE);
        let client = self.0.clone();
        let closed = crate::wait::detached(py, move || client.close(timeout))?;
        log::drain(py)?;
        closed.map_err(|error| error::exception(py, &error))
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Closes. A fetch that outlasts the close ends by itself and must not hide what the block raised.
    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        let client = self.0.clone();
        // Only "still running" can be the answer, and it was said above why that does not matter here.
        let _ = crate::wait::detached(py, move || client.close(CLOSE))?;
        log::drain(py)
    }

    fn __repr__(&self) -> &'static str {
        if self.0.is_closed() { "<kmsramcred.Client closed>" } else { "<kmsramcred.Client>" }
    }
}

/// What an `explain` says, as a dict.
pub fn parsed<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

fn set_all(builder: &mut ConfigBuilder, settings: &Bound<'_, PyDict>) -> PyResult<()> {
    let py = settings.py();
    let mut access_key: [Option<String>; 3] = [const { None }; 3];
    for (key, value) in settings {
        let key: String = key.extract()?;
        let value = text(&value)?;
        match key.as_str() {
            "access_key_id" => access_key[0] = value,
            "access_key_secret" => access_key[1] = value,
            "security_token" => access_key[2] = value,
            key => {
                if let Some(value) = value {
                    builder.set(key, &value).map_err(|error| error::exception(py, &error))?;
                }
            }
        }
    }
    match &access_key {
        [None, None, None] => Ok(()),
        [Some(id), Some(secret), token] => {
            builder.access_key(id, secret, token.as_deref()).map_err(|error| error::exception(py, &error))?;
            Ok(())
        }
        _ => Err(error::invalid_argument(py, "access_key_id and access_key_secret are needed together.".into())),
    }
}

/// A setting as the properties file would have it: numbers and truth as text, lists of texts with commas, dicts and lists
/// of dicts as JSON; `None` is a setting that is not made.
fn text(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if value.is_none() {
        Ok(None)
    } else if let Ok(truth) = value.cast::<PyBool>() {
        Ok(Some(truth.is_true().to_string()))
    } else if value.is_instance_of::<PyString>() {
        value.extract().map(Some)
    } else if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        Ok(Some(value.str()?.extract()?))
    } else if let Ok(path) = value.extract::<PathBuf>() {
        Ok(Some(path.to_string_lossy().into_owned()))
    } else if let Ok(texts) = value.extract::<Vec<String>>() {
        Ok(Some(texts.join(",")))
    } else {
        value.py().import("json")?.call_method1("dumps", (value,))?.extract().map(Some)
    }
}
