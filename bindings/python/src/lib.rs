//! The native module of the Python package `kmsramcred`: it translates, and decides nothing about rotation.

#![forbid(unsafe_code)]

mod budget;
mod client;
mod credential;
mod error;
mod log;
mod panic;
mod per_process;
mod secret;
mod turn;
mod verdict;
mod wait;
mod watch;

use pyo3::prelude::*;

/// What a call into this module costs when it does nothing: the benchmarks measure against it.
#[pyclass(frozen)]
struct Empty;

#[pymethods]
impl Empty {
    fn call(&self) {}
}

#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::credential::Credential;
    #[pymodule_export]
    use super::log::drain_log;
    #[pymodule_export]
    use super::secret::Secret;
    #[pymodule_export]
    use super::turn::end_watches;
    #[pymodule_export]
    use super::verdict::Verdict;
    #[pymodule_export]
    use super::watch::Watch;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::panic::silence();
        super::turn::prepare(module.py())?;
        module.add("_empty", Py::new(module.py(), Empty)?)
    }
}
