//! A panic inside the library does not leave it.

mod c;

use c::Handle;
use kmsramcred_c::status::KMSRAMCRED_ERR_INTERNAL;
use std::collections::BTreeSet;
use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};

#[test]
fn a_panic_becomes_a_status_and_an_error_that_quotes_nothing() {
    let mut error = c::rubbish();
    // SAFETY: the only pointer is to a variable of this function.
    let status = unsafe { c::kmsramcred_testing_panic(&raw mut error) };
    assert_eq!(status, KMSRAMCRED_ERR_INTERNAL);
    // SAFETY: the call gave us the error.
    let text = unsafe { CStr::from_ptr(c::kmsramcred_error_text(error, std::ptr::null_mut())) }.to_str().unwrap();
    assert!(text.contains("defect") && !text.contains("asked for by a test"), "{text}");
    assert_eq!(c::settle(status, error), KMSRAMCRED_ERR_INTERNAL);
}

#[test]
fn a_panic_needs_no_error_object_and_may_come_again() {
    for _ in 0..100 {
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { c::kmsramcred_testing_panic(std::ptr::null_mut()) }, KMSRAMCRED_ERR_INTERNAL);
    }
}

#[test]
fn a_panic_in_a_getter_becomes_its_neutral_value() {
    // SAFETY: no pointers.
    assert_eq!(unsafe { c::kmsramcred_testing_panic_in_getter() }, 0);
}

/// Calls an export with NULL and 0 for everything, and a panic inside; checks the answer.
macro_rules! panics {
    ($name:ident($($argument:expr),*) gives $neutral:expr) => {{
        kmsramcred_c::testing::panic_in_the_next_call();
        // SAFETY: NULL is allowed everywhere.
        #[allow(unused_unsafe)]
        let answer = unsafe { c::$name($($argument),*) };
        let is_neutral: fn(_) -> bool = $neutral;
        assert!(is_neutral(answer), "{}: {answer:?}", stringify!($name));
        stringify!($name)
    }};
}

fn internal(status: i32) -> bool {
    status == KMSRAMCRED_ERR_INTERNAL
}

fn empty(text: *const c_char) -> bool {
    // SAFETY: every text ends with a NUL.
    unsafe { CStr::from_ptr(text) }.is_empty()
}

fn none(handle: Handle) -> bool {
    handle.is_null()
}

#[test]
#[rustfmt::skip]
fn a_panic_in_any_export_stays_inside() {
    let (n, text) = (null_mut(), null());
    let called = [
        panics!(kmsramcred_version_number() gives |number| number == 0),
        panics!(kmsramcred_abi_version() gives |number| number == 0),
        panics!(kmsramcred_version() gives empty),
        panics!(kmsramcred_status_name(0) gives empty),
        panics!(kmsramcred_log_set_callback(1, None, n, None) gives internal),
        panics!(kmsramcred_error_status(n) gives |status| status == 0),
        panics!(kmsramcred_error_message(n, null_mut()) gives empty),
        panics!(kmsramcred_error_advice(n, null_mut()) gives empty),
        panics!(kmsramcred_error_text(n, null_mut()) gives empty),
        panics!(kmsramcred_error_kms_code(n, null_mut()) gives empty),
        panics!(kmsramcred_error_request_id(n, null_mut()) gives empty),
        panics!(kmsramcred_error_http_status(n) gives |status| status == 0),
        panics!(kmsramcred_error_is_retryable(n) gives |retryable: bool| !retryable),
        panics!(kmsramcred_error_retry_after_ms(n) gives |wait| wait == 0),
        panics!(kmsramcred_error_cause(n) gives none),
        panics!(kmsramcred_error_free(n) gives |()| true),
        panics!(kmsramcred_config_new(null_mut()) gives internal),
        panics!(kmsramcred_config_load_env(n, null_mut()) gives internal),
        panics!(kmsramcred_config_load_file(n, text, 0, null_mut()) gives internal),
        panics!(kmsramcred_config_set(n, text, 0, text, 0, null_mut()) gives internal),
        panics!(kmsramcred_config_set_static_source(n, text, 0, text, 0, text, 0, null_mut()) gives internal),
        panics!(kmsramcred_config_free(n) gives |()| true),
        panics!(kmsramcred_client_new(n, null_mut(), null_mut()) gives internal),
        panics!(kmsramcred_client_stats(n, n) gives internal),
        panics!(kmsramcred_client_explain(n, null_mut(), 0, null_mut()) gives internal),
        panics!(kmsramcred_client_close(n, 0) gives internal),
        panics!(kmsramcred_client_free(n) gives |()| true),
        panics!(kmsramcred_secret_open(n, text, 0, null_mut(), null_mut()) gives internal),
        // SAFETY: the address of a word.
        panics!(kmsramcred_secret_generation(n) gives |word: *const u64| unsafe { *word } == 0),
        panics!(kmsramcred_secret_acquire(n, 0, null_mut(), null_mut()) gives internal),
        panics!(kmsramcred_secret_copy(
            n, 0, null_mut(), 0, null_mut(), null_mut(), 0, null_mut(), null_mut(), 0, null_mut(), null_mut(), null_mut(),
            null_mut(), null_mut()) gives internal),
        panics!(kmsramcred_secret_report_failure(
            n, 0, text, 0, text, 0, text, 0, 0, 0, 0, null_mut(), null_mut(), null_mut()) gives internal),
        panics!(kmsramcred_secret_is_about_the_key(n, text, 0, text, 0, 0) gives |is: bool| !is),
        panics!(kmsramcred_secret_report_success(n, 0) gives |()| true),
        panics!(kmsramcred_secret_refresh(n, 0, null_mut()) gives internal),
        panics!(kmsramcred_secret_watch(n, None, n, None, null_mut(), null_mut()) gives internal),
        panics!(kmsramcred_secret_explain(n, null_mut(), 0, null_mut()) gives internal),
        panics!(kmsramcred_secret_free(n) gives |()| true),
        panics!(kmsramcred_watch_free(n) gives |()| true),
        panics!(kmsramcred_credential_access_key_id(n, null_mut()) gives empty),
        panics!(kmsramcred_credential_access_key_secret(n, null_mut()) gives empty),
        panics!(kmsramcred_credential_security_token(n, null_mut()) gives empty),
        panics!(kmsramcred_credential_version_id(n, null_mut()) gives empty),
        panics!(kmsramcred_credential_serial(n) gives |serial| serial == 0),
        panics!(kmsramcred_credential_generation(n) gives |generation| generation == 0),
        panics!(kmsramcred_credential_fetched_at_unix_ms(n) gives |at| at == 0),
        panics!(kmsramcred_credential_not_after_unix_ms(n) gives |at| at == 0),
        panics!(kmsramcred_credential_is_accepted(n) gives |accepted: bool| !accepted),
        panics!(kmsramcred_credential_clone(n) gives none),
        panics!(kmsramcred_credential_free(n) gives |()| true),
        panics!(kmsramcred_secret_sign(n, null(), 0, null_mut(), null_mut()) gives internal),
        panics!(kmsramcred_credential_sign(n, null(), null_mut(), null_mut()) gives internal),
        panics!(kmsramcred_signed_serial(n) gives |serial| serial == 0),
        panics!(kmsramcred_signed_header_count(n) gives |count| count == 0),
        panics!(kmsramcred_signed_header_name(n, 0, null_mut()) gives empty),
        panics!(kmsramcred_signed_header_value(n, 0, null_mut()) gives empty),
        panics!(kmsramcred_signed_query(n, null_mut()) gives empty),
        panics!(kmsramcred_signed_target(n, null_mut()) gives empty),
        panics!(kmsramcred_signed_free(n) gives |()| true),
    ];
    let exports: BTreeSet<_> = include_str!("../symbols.txt").lines().collect();
    assert_eq!(BTreeSet::from(called), exports);
}
