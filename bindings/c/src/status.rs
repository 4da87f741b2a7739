//! Status numbers. A number is never given to another meaning; a retired one stays here as a comment.

use crate::out::TextAnswer;
use std::ffi::CStr;

/// The outcome of a call: one of the `KMSRAMCRED_OK`/`KMSRAMCRED_ERR_...` numbers. A later version may add numbers; treat
/// one that you do not know as a failure.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub i32);

/// The call did what it was asked.
pub const KMSRAMCRED_OK: i32 = 0;

// The caller: 1 to 99.

/// An argument is NULL where NULL is not allowed.
pub const KMSRAMCRED_ERR_NULL_ARGUMENT: i32 = 1;
/// An argument of the call cannot be used: correct the one named in the message.
pub const KMSRAMCRED_ERR_INVALID_ARGUMENT: i32 = 2;
/// A text is not UTF-8.
pub const KMSRAMCRED_ERR_INVALID_UTF8: i32 = 3;
/// The client was closed: make a new one.
pub const KMSRAMCRED_ERR_CLOSED: i32 = 4;
/// The library itself failed: report it as a defect. The process and the other handles are unharmed.
pub const KMSRAMCRED_ERR_INTERNAL: i32 = 5;

// The configuration: 100 to 199.

/// No configuration was found where one was looked for.
pub const KMSRAMCRED_ERR_CONFIG_MISSING: i32 = 100;
/// A setting has a value that cannot be used.
pub const KMSRAMCRED_ERR_CONFIG_INVALID: i32 = 101;

// The identity that calls KMS: 200 to 299.

/// The place that gives the identity for KMS did not answer.
pub const KMSRAMCRED_ERR_SOURCE_UNAVAILABLE: i32 = 200;
/// The place that gives the identity refused, or KMS refused the identity.
pub const KMSRAMCRED_ERR_SOURCE_DENIED: i32 = 201;

// The way to KMS: 300 to 399.

/// The gateway could not be reached, or the connection broke.
pub const KMSRAMCRED_ERR_NETWORK: i32 = 300;
/// The gateway's certificate was not accepted.
pub const KMSRAMCRED_ERR_TLS: i32 = 301;
/// The budget of the call ended before there was an answer.
pub const KMSRAMCRED_ERR_TIMEOUT: i32 = 302;

// The answer of KMS: 400 to 499.

/// KMS knows the identity and denies it the secret.
pub const KMSRAMCRED_ERR_KMS_DENIED: i32 = 400;
/// KMS does not know the secret.
pub const KMSRAMCRED_ERR_KMS_NOT_FOUND: i32 = 401;
/// KMS asks for fewer requests.
pub const KMSRAMCRED_ERR_KMS_THROTTLED: i32 = 402;
/// KMS failed on its side.
pub const KMSRAMCRED_ERR_KMS_SERVER: i32 = 403;
/// KMS refused the request for another reason.
pub const KMSRAMCRED_ERR_KMS_REJECTED: i32 = 404;

// What the secret holds: 500 to 599.

/// The secret exists but does not hold an AccessKey.
pub const KMSRAMCRED_ERR_SECRET_TYPE: i32 = 500;
/// The secret holds an AccessKey in a form that cannot be read.
pub const KMSRAMCRED_ERR_SECRET_MALFORMED: i32 = 501;

// What is at hand: 600 to 699.

/// Nothing is cached yet and the caller did not want to wait.
pub const KMSRAMCRED_ERR_NOT_READY: i32 = 600;
/// The cached value is past its hard end of life and no newer one could be had.
pub const KMSRAMCRED_ERR_EXPIRED: i32 = 601;

// Last added: KMSRAMCRED_ERR_EXPIRED.

/// Every number with its name.
const NAMES: [(i32, &CStr); 22] = [
    (KMSRAMCRED_OK, c"KMSRAMCRED_OK"),
    (KMSRAMCRED_ERR_NULL_ARGUMENT, c"KMSRAMCRED_ERR_NULL_ARGUMENT"),
    (KMSRAMCRED_ERR_INVALID_ARGUMENT, c"KMSRAMCRED_ERR_INVALID_ARGUMENT"),
    (KMSRAMCRED_ERR_INVALID_UTF8, c"KMSRAMCRED_ERR_INVALID_UTF8"),
    (KMSRAMCRED_ERR_CLOSED, c"KMSRAMCRED_ERR_CLOSED"),
    (KMSRAMCRED_ERR_INTERNAL, c"KMSRAMCRED_ERR_INTERNAL"),
    (KMSRAMCRED_ERR_CONFIG_MISSING, c"KMSRAMCRED_ERR_CONFIG_MISSING"),
    (KMSRAMCRED_ERR_CONFIG_INVALID, c"KMSRAMCRED_ERR_CONFIG_INVALID"),
    (KMSRAMCRED_ERR_SOURCE_UNAVAILABLE, c"KMSRAMCRED_ERR_SOURCE_UNAVAILABLE"),
    (KMSRAMCRED_ERR_SOURCE_DENIED, c"KMSRAMCRED_ERR_SOURCE_DENIED"),
    (KMSRAMCRED_ERR_NETWORK, c"KMSRAMCRED_ERR_NETWORK"),
    (KMSRAMCRED_ERR_TLS, c"KMSRAMCRED_ERR_TLS"),
    (KMSRAMCRED_ERR_TIMEOUT, c"KMSRAMCRED_ERR_TIMEOUT"),
    (KMSRAMCRED_ERR_KMS_DENIED, c"KMSRAMCRED_ERR_KMS_DENIED"),
    (KMSRAMCRED_ERR_KMS_NOT_FOUND, c"KMSRAMCRED_ERR_KMS_NOT_FOUND"),
    (KMSRAMCRED_ERR_KMS_THROTTLED, c"KMSRAMCRED_ERR_KMS_THROTTLED"),
    (KMSRAMCRED_ERR_KMS_SERVER, c"KMSRAMCRED_ERR_KMS_SERVER"),
    (KMSRAMCRED_ERR_KMS_REJECTED, c"KMSRAMCRED_ERR_KMS_REJECTED"),
    (KMSRAMCRED_ERR_SECRET_TYPE, c"KMSRAMCRED_ERR_SECRET_TYPE"),
    (KMSRAMCRED_ERR_SECRET_MALFORMED, c"KMSRAMCRED_ERR_SECRET_MALFORMED"),
    (KMSRAMCRED_ERR_NOT_READY, c"KMSRAMCRED_ERR_NOT_READY"),
    (KMSRAMCRED_ERR_EXPIRED, c"KMSRAMCRED_ERR_EXPIRED"),
];

export!(
    /// The name of a status number, such as `KMSRAMCRED_ERR_TIMEOUT`; `KMSRAMCRED_ERR_UNKNOWN` for a number that this
    /// version of the library does not know.
    ///
    /// Returns: a text that lives as long as the process, never NULL.
    /// Threads: any.
    fn kmsramcred_status_name(status: Status) -> TextAnswer {
        let known = NAMES.iter().find(|(number, _)| *number == status.0);
        Ok(TextAnswer::constant(known.map_or(c"KMSRAMCRED_ERR_UNKNOWN", |(_, name)| *name)))
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use kmsramcred::ErrorKind;

    #[test]
    fn numbers_are_distinct_and_in_order() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn every_kind_of_the_core_has_a_name_that_says_the_same() {
        for kind in ErrorKind::ALL {
            let (_, name) = NAMES.iter().find(|(number, _)| *number == kind.status()).expect("a name");
            let spoken = name.to_str().unwrap().trim_start_matches("KMSRAMCRED_ERR_").replace('_', "").to_lowercase();
            assert_eq!(spoken, format!("{kind:?}").to_lowercase());
        }
        // OK and the two that only this interface has.
        assert_eq!(NAMES.len(), ErrorKind::ALL.len() + 3);
    }
}
