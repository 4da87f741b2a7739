//! Made-up identifiers in the shapes that Alibaba Cloud uses.

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

fn alphanumeric<const N: usize>() -> String {
    random::<N>().iter().map(|byte| char::from(ALPHANUMERIC[usize::from(*byte) % ALPHANUMERIC.len()])).collect()
}

/// Id of a RAM user's AccessKey.
pub(crate) fn access_key_id() -> String {
    format!("LTAI5t{}", alphanumeric::<18>())
}

/// Secret of an AccessKey.
pub(crate) fn access_key_secret() -> String {
    alphanumeric::<30>()
}

/// Id of a temporary identity.
pub(crate) fn temporary_key_id() -> String {
    format!("STS.N{}", alphanumeric::<24>())
}

/// Security token of a temporary identity; holds the characters that clients forget to encode.
pub(crate) fn security_token() -> String {
    format!("CAIS{}+/{}==", alphanumeric::<48>(), alphanumeric::<32>())
}

/// Id of a role: digits only.
pub(crate) fn role_id() -> String {
    random::<18>().iter().map(|byte| char::from(b'0' + byte % 10)).collect()
}

/// Token of the metadata service.
pub(crate) fn metadata_token() -> String {
    format!("{}==", alphanumeric::<40>())
}

/// UUID in lower case: version ids.
pub(crate) fn uuid() -> String {
    let b = random::<16>();
    let n = u128::from_be_bytes(b);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        (n >> 96) as u32,
        (n >> 80) as u16,
        (n >> 64) as u16 & 0xfff,
        (n >> 48) as u16 & 0xfff,
        n as u64 & 0xffff_ffff_ffff
    )
}

/// UUID in upper case: request ids.
pub(crate) fn request_id() -> String {
    uuid().to_ascii_uppercase()
}

/// A short name for a directory.
pub(crate) fn directory_suffix() -> String {
    alphanumeric::<12>()
}

/// The part of an AccessKey id that may be shown.
pub(crate) fn tail(access_key_id: &str) -> &str {
    let start = access_key_id.char_indices().rev().nth(3).map_or(0, |(index, _)| index);
    &access_key_id[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_expected_shape_and_differ() {
        assert_eq!(access_key_id().len(), 24);
        assert_eq!(access_key_secret().len(), 30);
        assert_eq!(uuid().len(), 36);
        assert_ne!(uuid(), uuid());
        assert_ne!(security_token(), security_token());
    }

    #[test]
    fn tail_shows_four_characters_at_most() {
        assert_eq!(tail("LTAI5tABCD"), "ABCD");
        assert_eq!(tail("ab"), "ab");
        assert_eq!(tail("ключи"), "лючи");
    }
}
