//! Text that must not be seen: wiped when dropped, never shown.

use serde::de::{self, Deserialize, Deserializer};
use std::fmt;
use zeroize::Zeroizing;

/// A secret text: an AccessKey secret, a security token, a password.
///
/// It is overwritten when dropped and its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<Box<str>>);

impl SecretText {
    /// Takes over a text; the buffer that is handed in is the one that gets wiped.
    pub fn new(text: String) -> SecretText {
        // `into_boxed_str` moves to a new allocation where capacity and length differ: wipe the old one.
        if text.capacity() == text.len() {
            SecretText(Zeroizing::new(text.into_boxed_str()))
        } else {
            let text = Zeroizing::new(text);
            SecretText(Zeroizing::new(Box::from(text.as_str())))
        }
    }

    /// The text itself. Use it for signing, never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text has no characters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> SecretText {
        SecretText(Zeroizing::new(Box::from(text)))
    }
}

/// Read straight into memory that is wiped when dropped; an error never quotes the value.
impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl de::Visitor<'_> for SecretVisitor {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
        Ok(SecretText::from(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<SecretText, E> {
        Ok(SecretText::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// An AccessKey id as it may be shown: its last four characters only.
pub fn shown_access_key_id(access_key_id: &str) -> String {
    let count = access_key_id.chars().count();
    if count <= 8 {
        return "…".to_owned();
    }
    let tail: String = access_key_id.chars().skip(count - 4).collect();
    format!("…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretText::from("hunter2")), "[redacted]");
    }

    #[test]
    fn an_id_is_shown_by_its_last_four_characters() {
        assert_eq!(shown_access_key_id("LTAI5tExampleIdWXYZ"), "…WXYZ");
        assert_eq!(shown_access_key_id("short"), "…");
        assert_eq!(shown_access_key_id("ключключключ"), "…ключ");
    }
}
