//! Stage 1 of 8: how much of what was found may be shown in an error, a notice or a log.
//!
//! In goes text from a file, a variable or the program, out comes text that is safe to print. People paste secrets
//! into the wrong line, so even the value of a harmless key is hidden when it looks like a key or holds a password.
//! Knows no sockets.

use crate::error::is_unprintable;
use std::path::Path;

const MOST_SHOWN: usize = 80;
/// What Linux takes for a path.
const LONGEST_PATH: usize = 4096;
/// How the names of files end that settings name.
const ENDS: [&str; 13] =
    ["json", "pem", "crt", "cer", "txt", "properties", "ini", "key", "token", "jwt", "conf", "cfg", "env"];

/// A text of which nothing is shown but its length.
pub(super) fn hidden(text: &str) -> String {
    match text.chars().count() {
        0 => "nothing".to_owned(),
        1 => "a text of 1 character".to_owned(),
        count => format!("a text of {count} characters"),
    }
}

/// A value that is no secret by its kind.
pub(super) fn value(text: &str) -> String {
    if text.is_empty() || text.chars().count() > MOST_SHOWN || text.contains('@') || looks_like_a_key(text) {
        hidden(text)
    } else {
        quoted(text)
    }
}

/// A text in quotes. `Debug` alone leaves some letters that nobody sees as they are.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in format!("{text:?}").chars() {
        if is_unprintable(c) { quoted.extend(c.escape_unicode()) } else { quoted.push(c) }
    }
    quoted
}

/// The name of an unknown key or JSON member, or `None` where it may be a piece of a secret: a broken line can bring
/// any text to the place of a name.
pub(super) fn name(text: &str) -> Option<&str> {
    let letters_only = text.len() <= 24 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let snake_case = text.len() <= 48
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte))
        && text.bytes().filter(u8::is_ascii_digit).count() <= 4;
    (!text.is_empty() && (letters_only || snake_case)).then_some(text)
}

/// The path of a file that was found, in one line.
pub(crate) fn path(path: &Path) -> String {
    path.to_string_lossy().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A path as somebody wrote it, where no file was found or looked for: what does not look like a path may be a secret in the
/// wrong place.
pub(crate) fn written_path(written: &Path) -> String {
    let text = written.to_string_lossy();
    match text.chars().count() {
        _ if looks_like_a_path(&text) => text.into_owned(),
        1 => "a value of 1 character that names no file".to_owned(),
        count => format!("a value of {count} characters that names no file"),
    }
}

/// A `/`, or an end that files of this kind have. Base64 has a `/` as well, and so have addresses with a password.
fn looks_like_a_path(text: &str) -> bool {
    let end = text.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    let has_known_end = end.is_some_and(|end| ENDS.contains(&end.as_str()));
    let absolute = text.starts_with('/');
    let has_directory = text.contains('/')
        && !text.contains("://")
        && !text.split('/').any(looks_like_a_key)
        && (absolute || !looks_like_a_key(text));
    text.len() <= LONGEST_PATH && !text.contains(is_unprintable) && (has_known_end || has_directory)
}

fn looks_like_a_key(text: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| text.as_bytes().iter().any(kind);
    text.len() >= 16 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_value_is_shown_in_quotes_and_in_one_line() {
        assert_eq!(value("cn hangzhou"), "\"cn hangzhou\"");
        assert_eq!(value("a\nb"), "\"a\\nb\"");
        assert_eq!(value("a\u{3164}b\u{202e}"), r#""a\u{3164}b\u{202e}""#);
        assert_eq!(value(""), "nothing");
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        assert_eq!(value("LTAI5tExampleExample1234"), "a text of 24 characters");
        assert_eq!(value("https://me:pw@host"), "a text of 18 characters");
        assert_eq!(value(&"x".repeat(81)), "a text of 81 characters");
        assert_eq!(hidden("ключ"), "a text of 4 characters");
    }

    #[test]
    fn a_misspelt_path_is_shown_and_what_is_none_is_not() {
        for path in
            ["/etc/app/tokn", "keys/clientKey_KAAP.1b2c3d4e-Key.json", r"C:\new\ca.pem", "./token", "Prod.PEM", "a/b"]
        {
            assert_eq!(written_path(Path::new(path)), path);
        }
        for (secret, count) in [
            ("hunter2", 7),
            ("Zq8sECRET/value0123456789+abcdef=", 33),
            ("/q8sECRETvalue0123456789abcdef12", 32),
            ("https://me:pw@host/ca.pem2", 26),
            ("{\"KeyId\":\"KAAP.1\",\"PrivateKeyData\":\"MII/\"}", 42),
            ("a/b\nc.pem", 9),
            ("x", 1),
        ] {
            let shown = written_path(Path::new(secret));
            assert!(!shown.contains(secret) && shown.contains(&format!("a value of {count} character")), "{shown}");
        }
        assert!(written_path(Path::new(&"/a".repeat(2_049))).contains("4098 characters"));
    }

    #[test]
    fn names_are_shown_only_when_they_look_like_names() {
        assert_eq!(name("credential_type"), Some("credential_type"));
        assert_eq!(name("regionID"), Some("regionID"));
        for secret in ["Zx81Qw", "0123456789abcdef", "credentials_access_secret hunter2", "", "кто"] {
            assert_eq!(name(secret), None, "{secret}");
        }
    }
}
