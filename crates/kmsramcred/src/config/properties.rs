//! Stage 1 of 8: the bytes of a properties file become keys with values and line numbers.
//!
//! The official plug-ins have three parsers that disagree; this one reads what any of them reads, without guessing:
//! - UTF-8, with or without a byte order mark; lines end in LF, CR LF or CR.
//! - `#` or `!` begins a comment only as the first character of a line that is not blank: it is common inside secrets.
//! - The first `=` separates, and only `=`: endpoints and JSON are full of `:`, two of the three parsers know nothing
//!   else, and so does the official documentation. A known key before a `:` or a blank, which Java takes for a
//!   separator, is an error that says so rather than a key that is silently lost.
//! - Key and value are trimmed; everything else in a value is taken as it stands, backslashes included.
//! - A line continues on the next after a `\` only where the value is JSON, which never ends in a `\` otherwise. A path
//!   or a password that ends in a `\` keeps it, the next line stays its own, and a notice says so.
//!
//! Knows no sockets, and of the keys only their kind.

use super::keys::{self, Kind};
use super::origin::Origin;
use crate::error::{Error, ErrorKind};
use crate::secret_text::SecretText;
use std::path::Path;
use std::sync::Arc;

/// One key of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name; whether it is a known one is not looked at.
    pub key: String,
    /// Its value, trimmed; it may be empty.
    pub value: SecretText,
    /// Its line, counted from 1.
    pub line: usize,
}

/// What a file holds, in its order.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// Every key, repeated ones too.
    pub entries: Vec<Entry>,
    /// What the reader of the file should know.
    pub notices: Vec<String>,
}

/// Reads the bytes of `file`.
pub(super) fn parse(bytes: &[u8], file: &Arc<Path>) -> Result<Properties, Error> {
    let at = |line| Origin::File { path: file.clone(), line };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = lines(&before).count();
        Error::new(ErrorKind::ConfigInvalid, format!("{}: found bytes that are not UTF-8; allowed: UTF-8.", at(line)))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);

    let mut found = Properties::default();
    let mut lines = lines(text).zip(1..);
    while let Some((whole, line)) = lines.next() {
        let whole = whole.trim();
        if whole.is_empty() || whole.starts_with(['#', '!']) {
            continue;
        }
        let (key, value) = whole.split_once('=').map_or((whole, None), |(key, value)| (key.trim(), Some(value.trim())));
        refuse_another_separator(key, &at(line))?;
        let Some(value) = value else {
            found.notices.push(format!("{}: no `=`, ignored.", at(line)));
            continue;
        };
        if key.is_empty() {
            found.notices.push(format!("{}: no key before the `=`, ignored.", at(line)));
            continue;
        }
        let value = if !asks_for_more(value) {
            SecretText::from(value)
        } else if is_json(key, value) {
            continued(value, || lines.next().map(|(next, _)| next))
        } else {
            if keys::find(key).is_some() {
                let kept = "ends in a `\\`, which is kept: only JSON values continue on the next line.";
                found.notices.push(format!("{key} ({}) {kept}", at(line)));
            }
            SecretText::from(value)
        };
        found.entries.push(Entry { key: key.to_owned(), value, line });
    }
    Ok(found)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn refuse_another_separator(key: &str, origin: &Origin) -> Result<(), Error> {
    let word = key.split([':', ' ', '\t']).next().unwrap_or(key);
    if word == key || keys::find(word).is_none() {
        return Ok(());
    }
    let message = format!("{word} ({origin}): found a `:` or a blank after the key; allowed: `=`.");
    Err(Error::new(ErrorKind::ConfigInvalid, message))
}

fn asks_for_more(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Whether the value of `key` is JSON: by the table, or for an unknown key by its looks.
fn is_json(key: &str, value: &str) -> bool {
    keys::find(key).map_or(value.starts_with(['[', '{']), |key| key.kind == Kind::Json)
}

fn continued<'a>(first: &'a str, mut next: impl FnMut() -> Option<&'a str>) -> SecretText {
    let mut pieces = Vec::new();
    let mut piece = first;
    while asks_for_more(piece) {
        pieces.push(&piece[..piece.len() - 1]);
        piece = next().unwrap_or_default().trim();
    }
    pieces.push(piece);
    SecretText::new(pieces.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: impl AsRef<[u8]>) -> Result<Properties, Error> {
        parse(text.as_ref(), &Path::new("/etc/x.properties").into())
    }

    fn entries(text: impl AsRef<[u8]>) -> Vec<(String, String, usize)> {
        let found = read(text).unwrap();
        found.entries.into_iter().map(|entry| (entry.key, entry.value.expose().to_owned(), entry.line)).collect()
    }

    fn entry(key: &str, value: &str, line: usize) -> (String, String, usize) {
        (key.to_owned(), value.to_owned(), line)
    }

    #[test]
    fn reads_what_any_of_the_three_dialects_reads() {
        let text = "\u{feff}# comment\r\n  ! another\n\n a = b=c == \r\nsecret=p#w!\rkey=\u{fc}\t\nx=\n";
        assert_eq!(
            entries(text),
            [entry("a", "b=c ==", 4), entry("secret", "p#w!", 5), entry("key", "\u{fc}", 6), entry("x", "", 7)]
        );
        assert!(entries("").is_empty());
    }

    #[test]
    fn repeated_keys_are_all_there() {
        assert_eq!(entries("a=1\na=2"), [entry("a", "1", 1), entry("a", "2", 2)]);
    }

    #[test]
    fn backslashes_stay_as_they_are() {
        assert_eq!(entries(r"p=C:\new\tab\u0041"), [entry("p", r"C:\new\tab\u0041", 1)]);
    }

    #[test]
    fn json_continues_after_a_backslash() {
        let text = "cache_client_region_id=\\\n  [{\"regionId\": \\ \n \"cn-x\"}]\nsecret_names=a\n";
        let expected =
            [entry("cache_client_region_id", "[{\"regionId\": \"cn-x\"}]", 1), entry("secret_names", "a", 4)];
        assert_eq!(entries(text), expected);
        assert_eq!(entries("unknown={\\\n}\nb=1"), [entry("unknown", "{}", 1), entry("b", "1", 3)]);
        assert_eq!(entries("cache_client_region_id=[\\"), [entry("cache_client_region_id", "[", 1)]);
    }

    #[test]
    fn a_path_that_ends_in_a_backslash_does_not_swallow_the_next_line() {
        let found = read("client_key_private_key_path=C:\\keys\\\ncredentials_type=ak").unwrap();
        assert_eq!(found.entries.len(), 2);
        assert_eq!(found.entries[0].value.expose(), "C:\\keys\\");
        assert!(found.notices[0].contains("line 1 of /etc/x.properties"), "{}", found.notices[0]);
    }

    #[test]
    fn another_separator_after_a_known_key_is_an_error_without_the_value() {
        for line in ["credentials_access_secret: hunter2", "credentials_access_secret hunter2==", "credentials_type:ak"]
        {
            let error = read(format!("\n{line}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
            assert!(error.message().contains("line 2 of /etc/x.properties"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn lines_that_say_nothing_are_noticed_without_their_text() {
        let found = read("hunter2\n=hunter2").unwrap();
        assert!(found.entries.is_empty());
        assert_eq!(found.notices.len(), 2);
        assert!(found.notices.iter().all(|notice| !notice.contains("hunter2")));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error_with_file_and_line() {
        let error = read(b"a=1\r\nb=\xff\nc=3").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains("line 2 of /etc/x.properties"), "{error}");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = read(bytes);
        }

        #[test]
        fn never_panics_on_text_with_structure(text in "([a-z_]{0,3}|credentials_type|cache_client_region_id|[= :#!\\\\\r\n\t\\[{\u{feff}])*") {
            let _ = read(text);
        }

        #[test]
        fn gives_back_what_was_written(pairs in prop::collection::vec(("[a-z_.]{1,12}", "[^\\s\\\\\\p{Cc}]([^\\\\\\p{Cc}]{0,20}[^\\s\\\\\\p{Cc}])?"), 0..10)) {
            let text: String = pairs.iter().map(|(key, value)| format!(" {key} =  {value} \r\n")).collect();
            let expected: Vec<_> = pairs.iter().zip(1..).map(|((key, value), line)| entry(key, value, line)).collect();
            prop_assert_eq!(entries(text), expected);
        }
    }
}
