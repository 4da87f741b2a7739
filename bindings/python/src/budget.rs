//! Timeouts: seconds as a number, or a `timedelta`.

use crate::error;
use pyo3::prelude::*;
use pyo3::types::PyDelta;
use std::time::Duration;

/// What the caller wrote as `timeout`; `None` is the default of the client.
pub fn given(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Duration>> {
    timeout.map(|timeout| seconds("timeout", timeout)).transpose()
}

/// A length of time in an argument called `name`.
pub fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let number: f64 = match value.cast::<PyDelta>() {
        Ok(delta) => delta.call_method0("total_seconds")?.extract()?,
        Err(_) => value.extract()?,
    };
    Duration::try_from_secs_f64(number).map_err(|_| {
        let message = format!("{name} is {number}; allowed are seconds from 0 up, or a timedelta.");
        error::invalid_argument(value.py(), message)
    })
}
