//! Percent-encoding, the canonical query and digits: the ground that both signature schemes stand on.
//!
//! Goes in: names and values as they are meant. Comes out: one spelling of them, the one that the gateway rebuilds from
//! what it receives. Any other correct spelling would be understood too, but only this one can be signed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Names with their values, not encoded.
pub type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Everything but the unreserved characters of RFC 3986. So a space is `%20` and never `+`, and `!`, `'`, `(`, `)` and
/// `*` are encoded, which JavaScript's own encoder leaves alone.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The UTF-8 bytes of `text`, each but the unreserved ones as `%XX` with upper-case digits.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(encoded_bound(text));
    push_encoded(&mut out, text);
    out
}

/// The pairs, each side encoded, sorted by name in byte order and joined with `&`. An empty value keeps its `=`; no
/// pairs give an empty text. Of equal names, which neither scheme knows, the smaller value comes first.
///
/// A security token among the pairs is in the result: wipe it where it is not the wire form itself.
pub fn canonical_query(pairs: Pairs<'_>) -> String {
    let mut sorted = pairs.to_vec();
    sorted.sort_unstable();
    let bound = sorted.iter().map(|(name, value)| encoded_bound(name) + encoded_bound(value) + 2).sum();
    // The buffer never grows: growing would leave copies of the values behind in freed memory.
    let mut out = String::with_capacity(bound);
    for (name, value) in sorted {
        if !out.is_empty() {
            out.push('&');
        }
        push_encoded(&mut out, name);
        out.push('=');
        push_encoded(&mut out, value);
    }
    out
}

/// The bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
        out
    })
}

fn push_encoded(out: &mut String, text: &str) {
    out.extend(utf8_percent_encode(text, RESERVED));
}

fn encoded_bound(text: &str) -> usize {
    3 * text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_unreserved_characters_stay() {
        let unreserved = "ABCXYZabcxyz0189-_.~";
        assert_eq!(encode(unreserved), unreserved);
        assert_eq!(encode(" +*/~!'()"), "%20%2B%2A%2F~%21%27%28%29");
        assert_eq!(encode("密🔑"), "%E5%AF%86%F0%9F%94%91");
        assert_eq!(encode("100%"), "100%25");
    }

    #[test]
    fn names_are_sorted_by_byte_before_they_are_encoded() {
        let pairs = [("Tag.2", "b"), ("a", ""), ("Tag.10", "a"), ("Z", "1"), ("~", "t"), ("é", "e")];
        assert_eq!(canonical_query(&pairs), "Tag.10=a&Tag.2=b&Z=1&a=&~=t&%C3%A9=e");
        assert_eq!(canonical_query(&[]), "");
    }

    #[test]
    fn hexadecimal_digits_are_lower_case() {
        assert_eq!(hex(&[0, 9, 0xa5, 0xff]), "0009a5ff");
    }

    proptest! {
        #[test]
        fn encoding_is_undone_by_decoding(text in any::<String>()) {
            let encoded = encode(&text);
            prop_assert_eq!(percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap(), text.as_str());
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte)));
            prop_assert!(encoded.capacity() >= encoded.len() && encoded.capacity() <= encoded_bound(&text).max(8));
        }

        #[test]
        fn the_order_of_the_pairs_does_not_matter(pairs in prop::collection::vec((".{0,6}", ".{0,6}"), 0..8)) {
            let mut borrowed: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let forward = canonical_query(&borrowed);
            borrowed.reverse();
            prop_assert_eq!(forward, canonical_query(&borrowed));
        }
    }
}
