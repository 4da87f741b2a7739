//! The interface as C sees it, and a checked call of each kind.
#![allow(dead_code, reason = "each test uses its part")]

use kmsramcred_c::request::Request;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};

/// Any handle.
pub type Handle = *mut c_void;
pub type WatchFn = Option<extern "C" fn(*mut c_void, u64, i32)>;
pub type LogFn = Option<extern "C" fn(*mut c_void, i32, *const c_char, usize)>;
pub type DropFn = Option<extern "C" fn(*mut c_void)>;

#[rustfmt::skip]
unsafe extern "C" {
    pub safe fn kmsramcred_version_number() -> u32;
    pub safe fn kmsramcred_abi_version() -> u32;
    pub safe fn kmsramcred_version() -> *const c_char;
    pub fn kmsramcred_log_set_callback(level: i32, log: LogFn, userdata: *mut c_void, drop: DropFn) -> i32;
    pub safe fn kmsramcred_status_name(status: i32) -> *const c_char;
    pub fn kmsramcred_error_status(error: Handle) -> i32;
    pub fn kmsramcred_error_text(error: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_error_message(error: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_error_advice(error: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_error_kms_code(error: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_error_request_id(error: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_error_http_status(error: Handle) -> i32;
    pub fn kmsramcred_error_is_retryable(error: Handle) -> bool;
    pub fn kmsramcred_error_retry_after_ms(error: Handle) -> u64;
    pub fn kmsramcred_error_cause(error: Handle) -> Handle;
    pub fn kmsramcred_error_free(error: Handle);
    pub fn kmsramcred_config_new(out: *mut Handle) -> i32;
    pub fn kmsramcred_config_load_env(config: Handle, error: *mut Handle) -> i32;
    pub fn kmsramcred_config_load_file(config: Handle, path: *const c_char, length: usize, error: *mut Handle) -> i32;
    pub fn kmsramcred_config_set(config: Handle, key: *const c_char, key_len: usize, value: *const c_char, value_len: usize, error: *mut Handle) -> i32;
    pub fn kmsramcred_config_set_static_source(config: Handle, id: *const c_char, id_len: usize, secret: *const c_char, secret_len: usize, token: *const c_char, token_len: usize, error: *mut Handle) -> i32;
    pub fn kmsramcred_config_free(config: Handle);
    pub fn kmsramcred_client_new(config: Handle, out: *mut Handle, error: *mut Handle) -> i32;
    pub fn kmsramcred_client_stats(client: Handle, stats: *mut c_void) -> i32;
    pub fn kmsramcred_client_explain(client: Handle, json: *mut c_char, room: usize, length: *mut usize) -> i32;
    pub fn kmsramcred_client_close(client: Handle, timeout_ms: u64) -> i32;
    pub fn kmsramcred_client_free(client: Handle);
    pub fn kmsramcred_secret_open(client: Handle, name: *const c_char, length: usize, out: *mut Handle, error: *mut Handle) -> i32;
    pub fn kmsramcred_secret_generation(secret: Handle) -> *const u64;
    pub fn kmsramcred_secret_acquire(secret: Handle, timeout_ms: u64, out: *mut Handle, error: *mut Handle) -> i32;
    pub fn kmsramcred_secret_copy(secret: Handle, timeout_ms: u64, id: *mut c_char, id_room: usize, id_len: *mut usize, key: *mut c_char, key_room: usize, key_len: *mut usize, token: *mut c_char, token_room: usize, token_len: *mut usize, serial: *mut u64, generation: *mut u64, not_after: *mut i64, error: *mut Handle) -> i32;
    pub fn kmsramcred_secret_report_failure(secret: Handle, serial: u64, service: *const c_char, service_len: usize, host: *const c_char, host_len: usize, code: *const c_char, code_len: usize, http_status: i32, round: u32, timeout_ms: u64, verdict: *mut i32, wait: *mut u64, error: *mut Handle) -> i32;
    pub fn kmsramcred_secret_is_about_the_key(secret: Handle, service: *const c_char, service_len: usize, code: *const c_char, code_len: usize, http_status: i32) -> bool;
    pub fn kmsramcred_secret_report_success(secret: Handle, serial: u64);
    pub fn kmsramcred_secret_refresh(secret: Handle, timeout_ms: u64, error: *mut Handle) -> i32;
    pub fn kmsramcred_secret_watch(secret: Handle, watch: WatchFn, userdata: *mut c_void, drop: DropFn, out: *mut Handle, error: *mut Handle) -> i32;
    pub fn kmsramcred_secret_explain(secret: Handle, json: *mut c_char, room: usize, length: *mut usize) -> i32;
    pub fn kmsramcred_secret_free(secret: Handle);
    pub fn kmsramcred_watch_free(watch: Handle);
    pub fn kmsramcred_credential_clone(credential: Handle) -> Handle;
    pub fn kmsramcred_credential_access_key_id(credential: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_credential_security_token(credential: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_credential_version_id(credential: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_credential_generation(credential: Handle) -> u64;
    pub fn kmsramcred_credential_fetched_at_unix_ms(credential: Handle) -> i64;
    pub fn kmsramcred_credential_not_after_unix_ms(credential: Handle) -> i64;
    pub fn kmsramcred_credential_is_accepted(credential: Handle) -> bool;
    pub fn kmsramcred_credential_access_key_secret(credential: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_credential_serial(credential: Handle) -> u64;
    pub fn kmsramcred_credential_free(credential: Handle);
    pub fn kmsramcred_secret_sign(secret: Handle, request: *const Request, timeout_ms: u64, out: *mut Handle, error: *mut Handle) -> i32;
    pub fn kmsramcred_credential_sign(credential: Handle, request: *const Request, out: *mut Handle, error: *mut Handle) -> i32;
    pub fn kmsramcred_signed_serial(signed: Handle) -> u64;
    pub fn kmsramcred_signed_header_count(signed: Handle) -> usize;
    pub fn kmsramcred_signed_header_name(signed: Handle, index: usize, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_signed_header_value(signed: Handle, index: usize, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_signed_query(signed: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_signed_target(signed: Handle, length: *mut usize) -> *const c_char;
    pub fn kmsramcred_signed_free(signed: Handle);
    pub fn kmsramcred_testing_panic(error: *mut Handle) -> i32;
    pub fn kmsramcred_testing_panic_in_getter() -> u64;
}

/// What must not survive in an output that a call owns.
pub fn rubbish() -> Handle {
    std::ptr::without_provenance_mut(0x5a5a_5a58)
}

/// Looks at a status and the error object that came with it, and frees the object.
pub fn settle(status: i32, error: Handle) -> i32 {
    // SAFETY: `error` is NULL or an error that the call gave us.
    unsafe {
        let name = CStr::from_ptr(kmsramcred_status_name(status)).to_str().unwrap();
        assert_ne!(name, "KMSRAMCRED_ERR_UNKNOWN", "{status}");
        assert_eq!(error.is_null(), status == 0, "{name}");
        assert_eq!(kmsramcred_error_status(error), status);
        let mut length = usize::MAX;
        let text = CStr::from_ptr(kmsramcred_error_text(error, &raw mut length));
        assert_eq!(text.count_bytes(), length);
        assert_eq!(length == 0, status == 0);
        kmsramcred_error_free(error);
    }
    status
}

/// Makes a call that reports its error.
pub fn call(call: impl FnOnce(*mut Handle) -> i32) -> i32 {
    let mut error = rubbish();
    let status = call(&raw mut error);
    settle(status, error)
}

/// Makes a call that gives a handle; keeps the handle.
pub fn make(into: &mut Vec<Handle>, make: impl FnOnce(*mut Handle, *mut Handle) -> i32) -> i32 {
    let mut handle = rubbish();
    let status = call(|error| make(&raw mut handle, error));
    assert_eq!(handle.is_null(), status != 0);
    if !handle.is_null() {
        into.push(handle);
    }
    status
}

/// A text argument: a pointer and a length that may not belong together.
#[derive(Debug, Clone)]
pub enum Text {
    /// NULL and this length.
    Null(usize),
    /// These bytes.
    Bytes(Vec<u8>),
    /// A pointer, and a length that no allocation has.
    Huge(usize),
}

impl Text {
    /// The two parameters.
    pub fn parts(&self) -> (*const c_char, usize) {
        match self {
            Text::Null(length) => (null(), *length),
            Text::Bytes(bytes) => (bytes.as_ptr().cast(), bytes.len()),
            Text::Huge(length) => (c"x".as_ptr(), *length),
        }
    }
}

/// A handle of a kind, or NULL.
pub fn pick(from: &[Handle], which: usize) -> Handle {
    from.get(which).copied().unwrap_or(null_mut())
}
