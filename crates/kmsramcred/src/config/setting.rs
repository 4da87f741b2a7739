//! Stage 1 of 8: one key with its value and where it came from.
//!
//! In goes the text of a value, out comes it as a number, a flag, a list or checked text, or the one error that names
//! the place, the key, what was found and what is allowed. Knows no sockets.

use super::keys::{Key, Kind};
use super::origin::Origin;
use super::shown;
use crate::error::{Error, ErrorKind};
use crate::secret_text::SecretText;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

/// A key that is set.
#[derive(Clone)]
pub(super) struct Setting {
    pub key: &'static Key,
    value: SecretText,
    pub origin: Origin,
}

impl Setting {
    /// `None` for an empty value: it counts as not set.
    pub fn new(key: &'static Key, value: &str, origin: Origin) -> Option<Setting> {
        let value = value.trim();
        (!value.is_empty()).then(|| Setting { key, value: SecretText::from(value), origin })
    }

    /// The value as it was written.
    pub fn raw(&self) -> &str {
        self.value.expose()
    }

    /// The error for this value.
    pub fn wrong(&self, found: impl fmt::Display, allowed: &str) -> Error {
        self.wrong_member("", found, allowed)
    }

    /// The error for a part of this value, such as `[0].endpoint`.
    pub fn wrong_member(&self, member: &str, found: impl fmt::Display, allowed: &str) -> Error {
        let message = format!("{}{member} ({}): found {found}; allowed: {allowed}.", self.key.name, self.origin);
        Error::new(ErrorKind::ConfigInvalid, message)
    }

    /// The value as far as it may be shown.
    pub fn found(&self) -> String {
        match self.key.kind {
            // An element of a list may hold a password.
            Kind::Secret | Kind::Json => shown::hidden(self.raw()),
            Kind::Path => shown::written_path(Path::new(self.raw())),
            _ => shown::value(self.raw()),
        }
    }

    /// Text of which every character passes `allow`; `allowed` says which do.
    pub fn text(&self, allow: impl Fn(char) -> bool, allowed: &str) -> Result<&str, Error> {
        if self.raw().chars().all(allow) { Ok(self.raw()) } else { Err(self.wrong(self.found(), allowed)) }
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Result<bool, Error> {
        flag(self.raw()).ok_or_else(|| self.wrong(self.found(), "true or false"))
    }

    /// A whole number of milliseconds.
    pub fn millis(&self, range: RangeInclusive<i64>) -> Result<Duration, Error> {
        let number = self.raw().parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| u64::try_from(number).ok()).map(Duration::from_millis).ok_or_else(|| {
            let allowed = format!("a number of milliseconds from {} to {}", range.start(), range.end());
            self.wrong(self.found(), &allowed)
        })
    }

    /// The texts between the commas, trimmed, each once, without empty ones.
    pub fn list(&self, allow: impl Fn(char) -> bool, allowed: &str) -> Result<Vec<String>, Error> {
        let mut items: Vec<String> = Vec::new();
        for item in self.raw().split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if !item.chars().all(&allow) {
                return Err(self.wrong_member(&format!("[{}]", items.len()), shown::value(item), allowed));
            }
            if !items.iter().any(|known| known == item) {
                items.push(item.to_owned());
            }
        }
        Ok(items)
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.key.name, self.found(), self.origin)
    }
}

/// `true` or `false` in any case, as Go and Java read them.
pub(super) fn flag(text: &str) -> Option<bool> {
    [("true", true), ("1", true), ("false", false), ("0", false)]
        .into_iter()
        .find_map(|(word, flag)| text.eq_ignore_ascii_case(word).then_some(flag))
}

/// Fit for a header, where no blank is wanted.
pub(super) fn visible(c: char) -> bool {
    c.is_ascii_graphic()
}

/// What [`visible`] lets through, in words.
pub(super) const VISIBLE: &str = "visible ASCII characters without blanks";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;

    fn setting(key: &str, value: &str) -> Setting {
        Setting::new(keys::find(key).unwrap(), value, Origin::Program).unwrap()
    }

    #[test]
    fn an_empty_value_is_not_set() {
        assert!(Setting::new(keys::find("signature").unwrap(), " \t", Origin::Program).is_none());
    }

    #[test]
    fn numbers_have_bounds() {
        let read = |value| setting("settle_milliseconds", value).millis(1..=60);
        assert_eq!(read(" 60 ").unwrap(), Duration::from_millis(60));
        for wrong in ["0", "61", "-1", "1.5", "1s", "0x1", "99999999999999999999"] {
            let message = read(wrong).unwrap_err().message().to_owned();
            let expected = format!(
                "settle_milliseconds (set by the program): found \"{wrong}\"; \
                 allowed: a number of milliseconds from 1 to 60."
            );
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn flags_are_words() {
        let read = |value| setting("ALIBABA_CLOUD_IMDSV1_DISABLED", value).flag();
        assert!(read("True").unwrap());
        assert!(!read("false").unwrap());
        assert!(read("yes").is_err());
    }

    #[test]
    fn lists_are_trimmed_and_free_of_repetition() {
        let names = setting("secret_names", " a , b,,a,").list(|c| !c.is_control(), "names").unwrap();
        assert_eq!(names, ["a", "b"]);
        let error = setting("secret_names", "a,b\u{7}").list(|c| !c.is_control(), "names").unwrap_err();
        assert!(error.message().starts_with("secret_names[1] ("), "{error}");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = setting("credentials_access_secret", "hunter2");
        assert_eq!(format!("{secret:?}"), "credentials_access_secret: a text of 7 characters (set by the program)");
        let error = secret.text(|_| false, "nothing").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
