//! The two keyed digests that all schemes are made of.
//!
//! Goes in: a key and a text. Comes out: the digest, wiped when dropped, since one scheme makes keys of them.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

/// HMAC-SHA1.
#[inline(never)]
pub(super) fn sha1(key: &[u8], text: &str) -> Zeroizing<[u8; 20]> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// HMAC-SHA256.
#[inline(never)]
pub(super) fn sha256(key: &[u8], text: &str) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}
