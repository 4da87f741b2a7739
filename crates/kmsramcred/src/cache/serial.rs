//! The serial: a number by which two values can be told apart, or known to be the same.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// Drawn once for a process and inherited by its children, so that a value keeps its serial across a fork.
static KEY: OnceLock<RandomState> = OnceLock::new();

/// Draws the key of the serials. Clients do it when they are made: a child forked later finds it drawn.
pub fn prepare_serials() {
    KEY.get_or_init(RandomState::new);
}

/// The serial of a value: a keyed hash of id, secret and token. Equal values have equal serials, in this process and in
/// its children. Never 0 and at most 2^53 - 1, so that it survives a language whose only numbers are doubles.
pub fn serial_of(access_key_id: &str, access_key_secret: &str, security_token: Option<&str>) -> u64 {
    let hash = KEY.get_or_init(RandomState::new).hash_one((access_key_id, access_key_secret, security_token));
    (hash >> 11).max(1)
}

#[cfg(all(test, not(kmsramcred_loom)))]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_serials_and_only_they() {
        let serial = serial_of("id", "secret", None);
        assert_eq!(serial, serial_of("id", "secret", None));
        for other in
            [serial_of("id", "secret", Some("")), serial_of("ids", "ecret", None), serial_of("id", "secreT", None)]
        {
            assert_ne!(serial, other);
        }
        assert!(serial > 0 && serial < 1 << 53);
    }
}
