//! One immutable snapshot, with its texts as Python strings made once.

use kmsramcred::secret_text::shown_access_key_id;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyInt, PyIterator, PyString};

/// An AccessKey as it was at one moment: id, secret and token always belong together.
#[pyclass(frozen, module = "kmsramcred")]
pub struct Credential {
    inner: kmsramcred::Credential,
    /// The AccessKey id.
    #[pyo3(get)]
    access_key_id: Py<PyString>,
    /// The AccessKey secret.
    #[pyo3(get)]
    access_key_secret: Py<PyString>,
    /// The security token of a temporary key.
    #[pyo3(get)]
    security_token: Option<Py<PyString>>,
    /// The version of the secret's value; may be empty.
    #[pyo3(get)]
    version_id: Py<PyString>,
    /// The number of this value: equal values have equal serials.
    #[pyo3(get)]
    serial: Py<PyInt>,
}

impl Credential {
    pub fn new(py: Python<'_>, inner: kmsramcred::Credential) -> PyResult<Py<Credential>> {
        let text = |text: &str| PyString::new(py, text).unbind();
        let made = Credential {
            access_key_id: text(inner.access_key_id()),
            access_key_secret: text(inner.access_key_secret()),
            security_token: inner.security_token().map(text),
            version_id: text(inner.version_id()),
            serial: inner.serial().into_pyobject(py)?.unbind(),
            inner,
        };
        Py::new(py, made)
    }

    #[inline]
    pub fn is_current(&self, secret: &kmsramcred::Secret) -> bool {
        self.inner.is_current(secret)
    }
}

#[pymethods]
impl Credential {
    /// Whether a service has accepted it: when true, `report_success` need not be called again.
    #[getter]
    fn accepted(&self) -> bool {
        self.inner.is_accepted()
    }

    /// When it was fetched, by this machine's clock, in UTC.
    #[getter]
    fn fetched_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        utc(py, self.inner.fetched_at_unix_ms())
    }

    /// Its hard end of life, by this machine's clock, in UTC; `None` for a plain AccessKey. An end beyond the
    /// year 9999 is shown as that year's last second.
    #[getter]
    fn not_after<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.inner.not_after_unix_ms().map(|end| utc(py, end)).transpose()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        (&self.access_key_id, &self.access_key_secret, &self.security_token).into_pyobject(py)?.try_iter()
    }

    fn __repr__(&self) -> String {
        let id = shown_access_key_id(self.inner.access_key_id());
        format!("<kmsramcred.Credential access_key_id={id} serial={}>", self.inner.serial())
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a Credential holds a secret and cannot be pickled; send the secret's name instead"))
    }
}

static DATETIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static TIMEZONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The first and the last moment that a `datetime` can say, in milliseconds since 1970.
const YEARS_1_TO_9999: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_000);

/// As a `datetime`; the nearest one for a moment outside its range.
fn utc(py: Python<'_>, unix_ms: i64) -> PyResult<Bound<'_, PyAny>> {
    let (first, last) = YEARS_1_TO_9999;
    let unix_ms = unix_ms.clamp(first, last);
    let zone = TIMEZONE.import(py, "datetime", "timezone")?.getattr("utc")?;
    DATETIME.import(py, "datetime", "datetime")?.call_method1("fromtimestamp", (unix_ms as f64 / 1000.0, zone))
}
