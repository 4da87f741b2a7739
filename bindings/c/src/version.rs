//! Which library this is.

use crate::out::TextAnswer;
use std::ffi::CStr;

/// The number in the library's SONAME. It changes when something that a program may rely on is removed or changed.
pub const KMSRAMCRED_ABI_VERSION: u32 = 0;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

const NUMBER: u32 = part(env!("CARGO_PKG_VERSION_MAJOR")) << 24
    | part(env!("CARGO_PKG_VERSION_MINOR")) << 16
    | part(env!("CARGO_PKG_VERSION_PATCH")) << 8;

const fn part(digits: &str) -> u32 {
    let digits = digits.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < digits.len() {
        value = value * 10 + (digits[at] - b'0') as u32;
        at += 1;
    }
    assert!(value < 256, "a part of the version does not fit its byte");
    value
}

export!(
    /// The version of the loaded library, composed as `KMSRAMCRED_VERSION_NUMBER` is.
    ///
    /// Threads: any.
    fn kmsramcred_version_number() -> u32 {
        Ok(NUMBER)
    }
);

export!(
    /// The ABI number of the loaded library. A program that loads the library at run time refuses it when this is not the
    /// `KMSRAMCRED_ABI_VERSION` that it was built with.
    ///
    /// Threads: any.
    fn kmsramcred_abi_version() -> u32 {
        Ok(KMSRAMCRED_ABI_VERSION)
    }
);

export!(
    /// The version of the loaded library as text, such as `0.1.0`.
    ///
    /// Returns: a text that lives as long as the process, never NULL.
    /// Threads: any.
    fn kmsramcred_version() -> TextAnswer {
        Ok(TextAnswer::constant(VERSION))
    }
);
