//! The two signatures of OSS, and what they have in common.
//!
//! Goes in: a request as it is meant, and an AccessKey. Comes out: the signature. Dates are headers like any other, so nothing
//! here asks for the time.

pub mod v1;
pub mod v4;

use super::encode::{Pairs, encode};
use std::fmt;
use zeroize::Zeroizing;

/// The parts of a request that its signature covers.
#[derive(Clone, Copy)]
pub struct Covered<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The bucket; empty for calls that are about none.
    pub bucket: &'a str,
    /// The key of the object, not encoded; empty for calls about a bucket.
    pub key: &'a str,
    /// The parameters of the query, not encoded. Version 1 passes over those that it does not know.
    pub query: Pairs<'a>,
    /// The headers, each name once, in any case; the dates are among them. Those that are not signed are passed over.
    pub headers: Pairs<'a>,
}

impl fmt::Debug for Covered<'_> {
    /// Shows what is called and where. Headers can hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, place(self.bucket, self.key))
    }
}

/// The path of an object within its bucket, encoded but for its slashes.
pub fn path_of(key: &str) -> String {
    key.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// The parameters, each side encoded, sorted as they are spelled then, and joined with `&`. An empty value loses its `=`:
/// OSS calls such parameters sub-resources (`?acl`) and signs them so.
pub fn query_of(parameters: Pairs<'_>) -> String {
    let mut spelled: Vec<(String, &str)> = parameters.iter().map(|(name, value)| (encode(name), *value)).collect();
    spelled.sort_unstable();
    joined(spelled.into_iter().map(|(name, value)| (name, encode(value))))
}

/// `name=value`, or the name alone, joined with `&`.
pub(super) fn joined<Text: AsRef<str>>(pairs: impl Iterator<Item = (Text, Text)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        let (and, name, value) = (if out.is_empty() { "" } else { "&" }, name.as_ref(), value.as_ref());
        let equals = if value.is_empty() { "" } else { "=" };
        out.extend([and, name, equals, value]);
    }
    out
}

/// One `name:value` a line for the headers whose lower-case name is wanted, sorted by name. A security token among them is
/// in the result, which is therefore wiped when dropped.
pub(super) fn header_lines(headers: Pairs<'_>, wanted: impl Fn(&str) -> bool) -> Zeroizing<String> {
    let mut lines: Vec<(String, &str)> =
        headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    lines.retain(|(name, _)| wanted(name));
    lines.sort_unstable();
    let pieces: Vec<&str> = lines.iter().flat_map(|(name, value)| [name.as_str(), ":", value, "\n"]).collect();
    Zeroizing::new(pieces.concat())
}

/// Where an object is among all objects: `/bucket/key`, `/bucket/`, or `/`.
pub(super) fn place(bucket: &str, key: &str) -> String {
    if bucket.is_empty() { "/".to_owned() } else { format!("/{bucket}/{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_resource_has_no_equals_sign() {
        assert_eq!(query_of(&[("partNumber", "1"), ("acl", ""), ("a b", "c/d")]), "a%20b=c%2Fd&acl&partNumber=1");
    }

    #[test]
    fn a_path_keeps_its_slashes() {
        assert_eq!(path_of("a b/ü+~/"), "a%20b/%C3%BC%2B~/");
    }

    #[test]
    fn a_place_needs_a_bucket() {
        assert_eq!([place("b", "k/l"), place("b", ""), place("", "")], ["/b/k/l", "/b/", "/"]);
    }
}
