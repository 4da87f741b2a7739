//! Why an order was not carried out.
//!
//! In goes what went wrong, out come the one line for standard error and the exit code. Never holds a secret.

use crate::exit_code;
use kmsramcred::Error;
use std::fmt;
use std::io;

/// Why an order was not carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    exit_code: u8,
}

impl Failure {
    /// A failure of this program's own.
    pub(crate) fn new(exit_code: u8, line: impl Into<String>) -> Failure {
        Failure { line: line.into(), exit_code }
    }

    /// The number to end with.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

/// The library's message, with its advice.
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(exit_code::of(error.kind()), error.to_string())
    }
}

/// What becomes of output that nobody takes.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::new(exit_code::INTERNAL, format!("The output cannot be written: {error}."))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}
