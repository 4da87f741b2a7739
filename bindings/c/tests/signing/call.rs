//! A credential with known texts, and a request that is signed with it.

use crate::c::{self, Handle};
use kmsramcred::Snapshot;
use kmsramcred::cache::Value;
use kmsramcred::clock::Moment;
use kmsramcred::secret_value::SecretValue;
use kmsramcred_c::request::{Pair, Request};
use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};
use std::sync::Arc;

/// A credential as C holds it.
pub fn credential(id: &str, secret: &str, token: Option<&str>) -> Handle {
    let fetched = SecretValue {
        access_key_id: id.to_owned(),
        access_key_secret: secret.into(),
        security_token: token.map(Into::into),
        version_id: String::new(),
        generated_ms: None,
        expires_ms: None,
        created_ms: None,
        last_rotation_ms: None,
        next_rotation_ms: None,
        user_name: None,
        server_ms: None,
    };
    let value = Arc::new(Value::new(&fetched, Moment::NEVER, 0).unwrap());
    let (confirmed, ends) = (Moment::NEVER, Moment::NEVER);
    let snapshot = Arc::new(Snapshot { value, generation: 1, confirmed, ends, ends_unix_ms: None });
    let handle = kmsramcred_c::Owned::shared(snapshot);
    // SAFETY: an `Owned` is the pointer that C gets.
    unsafe { std::mem::transmute(handle) }
}

/// Pairs as C passes them.
pub fn pairs(of: &[(String, String)]) -> Vec<Pair> {
    let pair = |(name, value): &(String, String)| Pair {
        name: name.as_ptr().cast(),
        name_len: name.len(),
        value: value.as_ptr().cast(),
        value_len: value.len(),
    };
    of.iter().map(pair).collect()
}

/// A request with nothing in it.
pub fn request(family: i32, method: &'static str) -> Request {
    let (text, none) = (null::<c_char>(), null());
    let (size, length) = (size_of::<Request>(), method.len());
    Request {
        struct_size: size,
        family,
        method: method.as_ptr().cast(),
        method_len: length,
        path: text,
        path_len: 0,
        parameters: none,
        parameter_count: 0,
        headers: none,
        header_count: 0,
        body: null(),
        body_len: 0,
        bucket: text,
        bucket_len: 0,
        key: text,
        key_len: 0,
        region: text,
        region_len: 0,
        unix_ms: 0,
        nonce: text,
        nonce_len: 0,
    }
}

/// What a signature gave.
#[derive(Debug)]
pub struct Signed {
    pub headers: Vec<(String, String)>,
    pub query: String,
    pub target: String,
    pub serial: u64,
}

impl Signed {
    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

/// Signs; the status and the whole error text where that fails. Ends the credential.
pub fn sign(credential: Handle, request: *const Request) -> Result<Signed, (i32, String)> {
    let (mut handle, mut error) = (c::rubbish(), c::rubbish());
    // SAFETY: a live credential, a request whose pointers are good for the call, and variables of this function.
    unsafe {
        let status = c::kmsramcred_credential_sign(credential, request, &raw mut handle, &raw mut error);
        let serial = c::kmsramcred_credential_serial(credential);
        c::kmsramcred_credential_free(credential);
        let message = text(c::kmsramcred_error_text(error, null_mut()));
        if c::settle(status, error) != 0 {
            assert!(handle.is_null());
            return Err((status, message));
        }
        let count = c::kmsramcred_signed_header_count(handle);
        let header = |index| {
            let mut length = 0;
            let value = text(c::kmsramcred_signed_header_value(handle, index, &raw mut length));
            assert_eq!(value.len(), length);
            (text(c::kmsramcred_signed_header_name(handle, index, null_mut())), value)
        };
        assert_eq!(header(count), (String::new(), String::new()));
        let signed = Signed {
            headers: (0..count).map(header).collect(),
            query: text(c::kmsramcred_signed_query(handle, null_mut())),
            target: text(c::kmsramcred_signed_target(handle, null_mut())),
            serial: c::kmsramcred_signed_serial(handle),
        };
        assert_eq!(signed.serial, serial);
        c::kmsramcred_signed_free(handle);
        Ok(signed)
    }
}

/// # Safety
/// A text of the library.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: passed on.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}
