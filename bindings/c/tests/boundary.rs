//! A panic inside the library does not leave it.

mod c;

use kmsramcred_c::status::KMSRAMCRED_ERR_INTERNAL;
use std::ffi::CStr;

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
