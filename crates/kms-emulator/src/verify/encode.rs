//! Percent-encoding as the signature algorithms define it, and reading of query strings.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes one name, value or whole canonical query.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Decodes a part of a query string or form, where `+` is a space; none when the result is not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|decoded| decoded.into_owned())
}

/// Decodes a path, where `+` is itself.
pub(super) fn decode_path(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|decoded| decoded.into_owned())
}

/// Name and value pairs of a query string or form in their order of arrival.
pub(super) fn pairs(raw: &str) -> Option<Vec<(String, String)>> {
    let parts = raw.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(n, v)| Some((decode(n)?, decode(v)?))).collect()
}

/// Pairs sorted by decoded name in byte order, encoded and joined.
pub(super) fn canonical_query<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> String {
    let mut sorted: Vec<_> = pairs.collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    let mut text = String::with_capacity(512);
    for (name, value) in sorted {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(name, ENCODED));
        text.push('=');
        text.extend(utf8_percent_encode(value, ENCODED));
    }
    text
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[digit as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode("aZ9-_.~ *+/!'()é"), "aZ9-_.~%20%2A%2B%2F%21%27%28%29%C3%A9");
    }

    #[test]
    fn query_strings_decode_before_they_are_sorted() {
        let found = pairs("b=1+2&&A&a%2Eb=%C3%A9&b=0").unwrap();
        assert_eq!(canonical_query(found.iter()), "A=&a.b=%C3%A9&b=1%202&b=0");
        assert_eq!(pairs("a=%FF"), None);
    }

    #[test]
    fn hex_is_lower_case() {
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
    }
}
