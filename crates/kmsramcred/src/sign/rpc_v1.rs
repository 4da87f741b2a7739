//! Signature version 1.0 of RPC-style APIs, which signs the parameters and nothing else.
//!
//! Goes in: the method, every parameter of query and body together, the AccessKey secret. Comes out: the value of the
//! `Signature` parameter. The string to sign is public, since a ClientKey signs the same string with RSA.

use super::encode::{Pairs, canonical_query, encode};
use super::mac;
use crate::secret_text::SecretText;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// What is signed: the method, the path (always `/`) and the canonical query of all `params`, encoded once more.
///
/// `params` are those of the query and the body together, without `Signature`. What is signed must be sent, an empty
/// value included. A security token among them is in the result, which is therefore wiped when dropped.
pub fn string_to_sign(method: &str, params: Pairs<'_>) -> Zeroizing<String> {
    let canonical = Zeroizing::new(canonical_query(params));
    let encoded = Zeroizing::new(encode(&canonical));
    Zeroizing::new([method, "&%2F&", encoded.as_str()].concat())
}

/// The value of the `Signature` parameter for `SignatureMethod=HMAC-SHA1`, not encoded.
pub fn signature(method: &str, params: Pairs<'_>, access_key_secret: &SecretText) -> String {
    let secret = access_key_secret.expose().as_bytes();
    let mut key = Zeroizing::new(Vec::with_capacity(secret.len() + 1));
    key.extend_from_slice(secret);
    key.push(b'&');
    STANDARD.encode(*mac::sha1(&key, &string_to_sign(method, params)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_gives_the_published_signature() {
        let params = [
            ("Timestamp", "2016-02-23T12:46:24Z"),
            ("Format", "XML"),
            ("AccessKeyId", "testid"),
            ("Action", "DescribeRegions"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
            ("Version", "2014-05-26"),
            ("SignatureVersion", "1.0"),
        ];
        let secret = SecretText::from("testsecret");
        assert_eq!(signature("GET", &params, &secret), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
    }

    #[test]
    fn values_are_encoded_twice_and_names_keep_their_equals_sign() {
        let params = [("SecretName", "a/b"), ("Empty", "")];
        assert_eq!(string_to_sign("POST", &params).as_str(), "POST&%2F&Empty%3D%26SecretName%3Da%252Fb");
    }
}
