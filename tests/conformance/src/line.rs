//! One line between the runner and a driver: a word and fields, `word key=value key=value`, values percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;
use std::str::FromStr;

/// What may stand as it is; a reader accepts any character encoded.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b':').remove(b'~');

/// A command or an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The verb of a command; `ok` or `error` of an answer.
    pub word: String,
    /// What belongs to it, in order.
    pub fields: Vec<(String, String)>,
}

impl Line {
    /// A line without fields.
    pub fn new(word: &str) -> Line {
        Line { word: word.to_owned(), fields: Vec::new() }
    }

    /// The same line with one field more.
    pub fn with(mut self, key: &str, value: impl ToString) -> Line {
        self.fields.push((key.to_owned(), value.to_string()));
        self
    }

    /// The value of a field.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word)?;
        for (key, value) in &self.fields {
            write!(f, " {key}={}", utf8_percent_encode(value, ENCODED))?;
        }
        Ok(())
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Line, String> {
        let mut words = text.split_ascii_whitespace();
        let mut line = Line::new(words.next().ok_or("an empty line")?);
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("no `=` in {word:?}"))?;
            let value = percent_decode_str(value).decode_utf8().map_err(|_| format!("not UTF-8: {word:?}"))?;
            line.fields.push((key.to_owned(), value.into_owned()));
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let line = Line::new("open").with("path", "/a b/ä=%").with("empty", "").with("number", 7);
        assert_eq!(line.to_string(), "open path=/a%20b/%C3%A4%3D%25 empty= number=7");
        assert_eq!(line.to_string().parse(), Ok(line));
        assert!("".parse::<Line>().is_err() && "open path".parse::<Line>().is_err());
    }
}
