//! What went wrong, as an object that the caller owns.

use crate::boundary::{Answer, Failure};
use crate::handle::{Boxed, Handle, In, Owned};
use crate::out::{LengthOut, TextAnswer};
use std::ffi::{CStr, CString};
use std::time::Duration;

/// Why a call failed: immutable, safe to show and to log, never holding a secret. A failing call makes one only where the
/// caller passed an `error_out`.
///
/// Threads: any thread, any time; `kmsramcred_error_free` must be the last use.
pub struct Error {
    status: i32,
    message: CString,
    advice: CString,
    text: CString,
    kms_code: CString,
    request_id: CString,
    http_status: i32,
    retryable: bool,
    retry_after_ms: u64,
    cause: Option<Box<Error>>,
}

impl Handle for Error {
    type Ownership = Boxed;
}

/// An error that belongs to another one, or NULL.
#[repr(transparent)]
pub struct Cause(*const Error);

impl Answer for Cause {
    type Inside = Cause;
    fn done(inside: Cause) -> Cause {
        inside
    }
    fn failed(_failure: &Failure) -> Cause {
        Cause(std::ptr::null())
    }
}

/// A text for C: what stands after a NUL would be lost, so a NUL becomes a space.
fn text(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}

/// Milliseconds, rounded up, so that a caller who sleeps that long has waited long enough.
pub(crate) fn whole_milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

impl From<&kmsramcred::Error> for Error {
    fn from(error: &kmsramcred::Error) -> Error {
        Error {
            status: error.kind().status(),
            message: text(error.message()),
            advice: text(error.kind().advice()),
            text: text(&error.to_string()),
            kms_code: text(error.code().unwrap_or_default()),
            request_id: text(error.request_id().unwrap_or_default()),
            http_status: error.http_status().map_or(0, i32::from),
            retryable: error.is_retryable(),
            retry_after_ms: error.retry_after().map_or(0, whole_milliseconds),
            cause: error.cause().map(|cause| Box::new(Error::from(cause))),
        }
    }
}

impl Error {
    fn of_the_boundary(status: i32, message: &str, advice: &str) -> Error {
        Error {
            status,
            message: text(message),
            advice: text(advice),
            text: text(&format!("{message} {advice}")),
            kms_code: CString::default(),
            request_id: CString::default(),
            http_status: 0,
            retryable: false,
            retry_after_ms: 0,
            cause: None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        let status = failure.status();
        let correct = kmsramcred::ErrorKind::InvalidArgument.advice();
        match failure {
            Failure::Core(error) => Error::from(&error),
            Failure::NullArgument(name) => Error::of_the_boundary(status, &format!("{name} is NULL."), correct),
            Failure::InvalidUtf8(name) => Error::of_the_boundary(status, &format!("{name} is not UTF-8."), correct),
            Failure::InvalidArgument(what) => Error::of_the_boundary(status, &format!("{what}."), correct),
            Failure::Panic => {
                let advice = kmsramcred::ErrorKind::Internal.advice();
                Error::of_the_boundary(status, "The library stopped at a defect of its own and recovered.", advice)
            }
        }
    }
}

export!(
    /// The status number of the error: what the failing call returned.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_error_status(error: In<Error>) -> i32 {
        Ok(error.status)
    }
);

fn lend(text: &CStr, length: &LengthOut<'_>) -> Result<TextAnswer, Failure> {
    Ok(TextAnswer::lend(text, length))
}

export!(
    /// What was found and where, without the advice and the cause.
    ///
    /// NULL: `error` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `error` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_error_message(error: In<Error>, len_out: LengthOut) -> TextAnswer {
        lend(&error.message, &len_out)
    }
);

export!(
    /// What the person who reads the error should do.
    ///
    /// NULL: `error` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `error` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_error_advice(error: In<Error>, len_out: LengthOut) -> TextAnswer {
        lend(&error.advice, &len_out)
    }
);

export!(
    /// Everything in one line, for a log: message, code, HTTP status, request id, advice and the causes.
    ///
    /// NULL: `error` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `error` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_error_text(error: In<Error>, len_out: LengthOut) -> TextAnswer {
        lend(&error.text, &len_out)
    }
);

export!(
    /// The error code of the service (KMS, STS, the metadata service), such as `Forbidden.NoPermission`; "" if there is
    /// none.
    ///
    /// NULL: `error` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `error` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_error_kms_code(error: In<Error>, len_out: LengthOut) -> TextAnswer {
        lend(&error.kms_code, &len_out)
    }
);

export!(
    /// The request id of the service, to be named in a support ticket; "" if there is none.
    ///
    /// NULL: `error` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `error` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_error_request_id(error: In<Error>, len_out: LengthOut) -> TextAnswer {
        lend(&error.request_id, &len_out)
    }
);

export!(
    /// The HTTP status of the service's answer; 0 if there was no answer.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_error_http_status(error: In<Error>) -> i32 {
        Ok(error.http_status)
    }
);

export!(
    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// NULL: gives false.
    /// Threads: any.
    fn kmsramcred_error_is_retryable(error: In<Error>) -> bool {
        Ok(error.retryable)
    }
);

export!(
    /// How long the service asked to wait, in milliseconds; 0 if it did not.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_error_retry_after_ms(error: In<Error>) -> u64 {
        Ok(error.retry_after_ms)
    }
);

export!(
    /// The error that led to this one; NULL if there is none.
    ///
    /// NULL: gives NULL.
    /// Ownership: the cause belongs to `error`, lives until that is freed, and must not be freed itself.
    /// Threads: any.
    fn kmsramcred_error_cause(error: In<Error>) -> Cause {
        Ok(Cause(error.cause.as_deref().map_or(std::ptr::null(), std::ptr::from_ref)))
    }
);

export!(
    /// Ends an error.
    ///
    /// NULL: does nothing.
    /// Threads: any; no other use of `error` at the same time or later.
    fn kmsramcred_error_free(error: Owned<Error>) {
        drop(error);
        Ok(())
    }
);
