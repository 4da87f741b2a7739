//! The signature of a ClientKey: RSASSA-PKCS1-v1_5 with SHA-256, in Base64.
//!
//! Goes in: the key and what is to be signed. Comes out: the signature, which is the same whenever the same is signed. The
//! shared gateway takes it over the string to sign of version 1.0, the dedicated one over a string of its own.

use crate::source::ClientKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;

/// The signature of `message`, not encoded any further.
pub fn signature(key: &ClientKey, message: &[u8]) -> String {
    let pair = key.pair();
    let mut signature = vec![0; pair.public().modulus_len()];
    // The random source is a formality of the interface: this padding takes none.
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .expect("the key has signed when it was read, and the buffer is as long as the modulus");
    STANDARD.encode(signature)
}
