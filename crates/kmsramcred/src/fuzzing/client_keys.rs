//! ClientKeys: a password, and the file or the PKCS#12 archive in it.

use super::unsaid::{assert_line, assert_unsaid};
use crate::secret_text::SecretText;
use crate::sign::client_key::signature;
use crate::source::ClientKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;
use std::borrow::Cow;

/// The first line is the password. What follows is an archive where it begins like one, and else the whole file.
pub(super) fn client_key(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return false };
    let (password, rest) = (&bytes[..end], &bytes[end + 1..]);
    let Ok(password) = std::str::from_utf8(password) else { return false };
    let file = if rest.first() == Some(&0x30) { Cow::Owned(around(rest)) } else { Cow::Borrowed(rest) };
    match ClientKey::read(&file, &SecretText::from(password)) {
        Ok(key) => {
            is_usable(&key);
            true
        }
        Err(error) => {
            assert_line(&error);
            let file: Value = serde_json::from_slice(&file).unwrap_or_default();
            let data = file["PrivateKeyData"].as_str().unwrap_or_default().to_owned();
            assert_unsaid(&error, &[password.to_owned(), data], bytes);
            false
        }
    }
}

fn around(archive: &[u8]) -> Vec<u8> {
    let data = STANDARD.encode(archive);
    serde_json::json!({ "KeyId": "KAAP.fuzz", "PrivateKeyData": data }).to_string().into_bytes()
}

/// A key that was accepted signs what its own public half verifies, and has an id that can be sent.
fn is_usable(key: &ClientKey) {
    assert!((1..=128).contains(&key.id().len()) && key.id().bytes().all(|byte| byte.is_ascii_graphic()));
    let made = STANDARD.decode(signature(key, b"message")).expect("a signature is Base64");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.pair().public());
    assert!(public.verify(b"message", &made).is_ok(), "a signature that does not fit its key");
    for time in [i64::MIN, 0, 1_700_000_000_000, i64::MAX] {
        if let Some(told) = key.over_at(time) {
            assert_line(&told);
        }
    }
}
