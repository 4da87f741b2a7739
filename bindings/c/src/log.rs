//! The log callback of the process.

use crate::boundary::{Argument, Failure};
use crate::status::Status;
use crate::userdata::{DropFn, Userdata};
use kmsramcred::LogLevel;
use std::ffi::{CString, c_char, c_void};

/// Something is broken and somebody should look.
pub const KMSRAMCRED_LOG_ERROR: i32 = 1;
/// Something is degraded or insecure.
pub const KMSRAMCRED_LOG_WARN: i32 = 2;
/// Something happened: a new value, a recovery.
pub const KMSRAMCRED_LOG_INFO: i32 = 3;
/// Why something was decided.
pub const KMSRAMCRED_LOG_DEBUG: i32 = 4;

/// Receives a log record. `level` is one of the `KMSRAMCRED_LOG_...` numbers; `message` is NUL-terminated, UTF-8, lives
/// during the call only and never holds a secret. Runs on any thread; setting another callback waits for it, unless
/// that is done from inside a callback. It must not block for long, throw or jump out.
pub type LogFn = Option<extern "C" fn(userdata: *mut c_void, level: i32, message: *const c_char, message_len: usize)>;

impl Argument for LogFn {
    type Inside = LogFn;
    fn accept(self, _name: &'static str) -> Result<LogFn, Failure> {
        Ok(self)
    }
}

fn level(number: i32) -> Result<LogLevel, Failure> {
    match number {
        KMSRAMCRED_LOG_ERROR => Ok(LogLevel::Error),
        KMSRAMCRED_LOG_WARN => Ok(LogLevel::Warn),
        KMSRAMCRED_LOG_INFO => Ok(LogLevel::Info),
        KMSRAMCRED_LOG_DEBUG => Ok(LogLevel::Debug),
        other => Err(Failure::InvalidArgument(format!("max_level is {other}; 1 to 4 are allowed"))),
    }
}

export!(
    /// Sets the process-wide callback for records up to `max_level`, or removes it. The one before it is not called any
    /// more once this has returned, and its `drop` has run or runs after its last call.
    ///
    /// NULL: `log` NULL removes the callback; `userdata` and `drop` may be NULL.
    /// Ownership: `userdata` goes to the library whatever the outcome; `drop` ends it exactly once.
    /// Threads: any.
    fn kmsramcred_log_set_callback(max_level: i32, log: LogFn, userdata: *mut c_void, drop: DropFn) -> Status {
        let userdata = Userdata::new(userdata, drop);
        let max_level = level(max_level)?;
        let Some(function) = log else {
            kmsramcred::set_log_callback(max_level, None);
            return Ok(());
        };
        kmsramcred::set_log_callback(
            max_level,
            Some(Box::new(move |level, message| {
                let text = CString::new(message.replace('\0', " ")).unwrap_or_default();
                function(userdata.pointer(), level as i32, text.as_ptr(), text.as_bytes().len());
            })),
        );
        Ok(())
    }
);
