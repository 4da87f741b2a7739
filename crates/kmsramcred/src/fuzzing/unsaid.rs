//! What may never be said about an input: its secrets, and more than one short line.

use crate::error::{Error, is_unprintable};

/// The longest reason or message, in bytes.
const LINE_LIMIT: usize = 2048;

/// Everything of an error that can be printed, once it was seen to be one short line.
pub(super) fn said(error: &Error) -> String {
    assert_line(error.message());
    format!("{error} {error:?}")
}

/// Whether a text is one short line.
pub(super) fn assert_line(text: &str) {
    assert!(text.len() <= LINE_LIMIT, "{} bytes: {text:?}", text.len());
    assert!(!text.is_empty() && !text.contains(is_unprintable), "{text:?}");
}

/// Nothing that was said holds a secret of the input, nor its beginning or end. Only what looks like a key and stands once
/// in the input counts: anything else may be there, or in the words of an error, as something that is no secret.
pub(super) fn assert_unsaid(said: &str, secrets: &[String], input: &[u8]) {
    for secret in secrets {
        let Some(ends) = ends_of(secret) else { continue };
        for part in ends {
            let count = input.windows(part.len()).filter(|window| *window == part.as_bytes()).count();
            assert!(count != 1 || !said.contains(part), "{part:?} of {secret:?} is in {said:?}");
        }
    }
}

const LEAST: usize = 16;

/// The first and the last part of a text, where both look like a key.
fn ends_of(text: &str) -> Option<[&str; 2]> {
    let ends = [text.get(..LEAST)?, text.get(text.len() - LEAST..)?];
    let has = |part: &str, kind: fn(&u8) -> bool| part.as_bytes().iter().any(kind);
    // The words of an error, which the fuzzer learns, have blanks.
    let looks_like_a_key = |part: &&str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && has(part, u8::is_ascii_uppercase)
            && has(part, u8::is_ascii_lowercase)
            && has(part, u8::is_ascii_digit)
    };
    ends.iter().all(looks_like_a_key).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_caught(said: &str, input: &str) -> bool {
        let secret = "Zq8sECRETvalue0123456789abcDEF".to_owned();
        std::panic::catch_unwind(|| assert_unsaid(said, &[secret], input.as_bytes())).is_err()
    }

    #[test]
    fn a_secret_that_was_said_is_caught() {
        let input = "password=Zq8sECRETvalue0123456789abcDEF";
        assert!(is_caught("found Zq8sECRETvalue0123456789abcDEF", input));
        assert!(is_caught("found Zq8sECRETvalue01…", input) && is_caught("found …0123456789abcDEF", input));
        assert!(!is_caught("found something", input));
        assert!(!is_caught("found Zq8sECRETvalue0123456789abcDEF", &format!("{input}\nuser_agent={input}")));
    }

    #[test]
    fn more_than_one_short_line_is_caught() {
        for text in ["", "a\nb", "a\u{202e}b", &"x".repeat(LINE_LIMIT + 1)] {
            assert!(std::panic::catch_unwind(|| assert_line(text)).is_err(), "{text:?}");
        }
        assert_line("one line");
    }
}
