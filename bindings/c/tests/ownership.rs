//! Who owns what at the boundary, in steps that need neither a file nor the network nor a thread, so that Miri can take them
//! too (`make test-miri`): it sees a pointer that is used without a right to it.

mod c;

use c::{Handle, call};
use kmsramcred_c::status;
use std::ffi::CStr;
use std::ptr::null_mut;

fn config() -> Handle {
    let mut config = c::rubbish();
    // SAFETY: a variable of this function.
    assert_eq!(unsafe { c::kmsramcred_config_new(&raw mut config) }, status::KMSRAMCRED_OK);
    config
}

/// An error that a call gave away.
fn refused(config: Handle) -> Handle {
    let (key, mut error) = (c"no_such_key", c::rubbish());
    // SAFETY: `config` is live, the texts are readable.
    let answer =
        unsafe { c::kmsramcred_config_set(config, key.as_ptr(), key.count_bytes(), key.as_ptr(), 1, &raw mut error) };
    assert_eq!(answer, status::KMSRAMCRED_ERR_CONFIG_INVALID);
    error
}

#[test]
fn an_error_outlives_what_it_is_about_and_its_texts_live_as_long() {
    let config = config();
    let errors: Vec<Handle> = (0..3).map(|_| refused(config)).collect();
    // SAFETY: each handle is freed once, and its texts are read before.
    unsafe {
        c::kmsramcred_config_free(config);
        for error in errors.into_iter().rev() {
            let mut length = usize::MAX;
            let text = CStr::from_ptr(c::kmsramcred_error_text(error, &raw mut length));
            assert!(text.to_str().unwrap().contains("no_such_key") && text.count_bytes() == length);
            assert_eq!(CStr::from_ptr(c::kmsramcred_error_text(error, null_mut())), text);
            assert!(c::kmsramcred_error_cause(error).is_null());
            c::kmsramcred_error_free(error);
        }
    }
}

#[test]
fn texts_are_copied_and_two_configurations_are_apart() {
    let (one, other) = (config(), config());
    for config in [one, other] {
        let mut texts = [b"id".to_vec(), b"secret".to_vec(), b"token".to_vec()];
        let [(id, id_len), (secret, secret_len), (token, token_len)] =
            texts.each_ref().map(|text| (text.as_ptr().cast(), text.len()));
        // SAFETY: `config` is live, the texts are readable during the call.
        let set = call(|error| unsafe {
            c::kmsramcred_config_set_static_source(config, id, id_len, secret, secret_len, token, token_len, error)
        });
        assert_eq!(set, status::KMSRAMCRED_OK);
        texts.iter_mut().for_each(|text| text.fill(0));
    }
    // SAFETY: each is freed once.
    unsafe {
        c::kmsramcred_config_free(one);
        let error = refused(other);
        c::kmsramcred_config_free(other);
        c::kmsramcred_error_free(error);
    }
}

#[test]
fn null_is_allowed_to_be_freed_and_asked() {
    // SAFETY: NULL is allowed.
    unsafe {
        c::kmsramcred_config_free(null_mut());
        c::kmsramcred_error_free(null_mut());
        assert_eq!(CStr::from_ptr(c::kmsramcred_error_text(null_mut(), null_mut())), c"");
        assert_eq!(c::kmsramcred_config_new(null_mut()), status::KMSRAMCRED_ERR_NULL_ARGUMENT);
        assert_eq!(
            call(|error| c::kmsramcred_config_load_env(null_mut(), error)),
            status::KMSRAMCRED_ERR_NULL_ARGUMENT
        );
    }
}
