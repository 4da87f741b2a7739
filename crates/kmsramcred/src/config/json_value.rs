//! Stage 1 of 8: the JSON inside a properties file, in both of its dialects.
//!
//! In goes the text of a value, out comes JSON. Python and Go take the line as it stands, Java removes backslash escapes
//! first, so one file suits only one of them; here the text is read as it stands, and un-escaped if that is no JSON. A
//! string that begins with a drive letter and a single `\` is a path as the official documentation shows it, and its
//! backslashes stand for themselves. Knows no keys and no sockets.

use serde_json::Value;
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Reads a value. The error is the one of the text as it stands; it says where, never what.
pub(super) fn read(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&with_plain_paths(text)).or_else(|error| {
        let unescaped = Zeroizing::new(unescaped(text));
        serde_json::from_str(&with_plain_paths(&unescaped)).map_err(|_| error)
    })
}

/// What a JSON value is called in an error.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Doubles the backslashes of every string such as `"C:\dir\file"`.
fn with_plain_paths(text: &str) -> Cow<'_, str> {
    let mut changed = String::new();
    let mut copied = 0;
    let mut rest = 0;
    while let Some(quote) = text[rest..].find('"') {
        let start = rest + quote + 1;
        let plain = begins_with_drive(&text[start..]);
        let end = if plain { text[start..].find('"') } else { end_of_string(&text[start..]) };
        let Some(end) = end.map(|end| start + end) else { break };
        if plain {
            changed.push_str(&text[copied..start]);
            changed.push_str(&text[start..end].replace('\\', "\\\\"));
            copied = end;
        }
        rest = end + 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    changed.push_str(&text[copied..]);
    Cow::Owned(changed)
}

fn begins_with_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [drive, b':', b'\\', next, ..] if drive.is_ascii_alphabetic() && *next != b'\\')
}

fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Removes the escapes of a Java properties file.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let code: String = chars.by_ref().take(4).collect();
                let c = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                out.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(c) => out.push(c),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn both_dialects_are_read() {
        assert_eq!(read(r#"{"a":"b\"=\\"}"#).unwrap(), json!({"a": "b\"=\\"}));
        assert_eq!(read(r#"[{\"a\"\:\"b\"}]"#).unwrap(), json!([{"a": "b"}]));
        assert_eq!(read(r#"{\"a\":\"\u00fc\"}"#).unwrap(), json!({"a": "\u{fc}"}));
    }

    #[test]
    fn a_path_with_a_drive_letter_is_taken_as_written() {
        assert_eq!(read(r#"{"a":"C:\new\tab","b":"x\ty"}"#).unwrap(), json!({"a": r"C:\new\tab", "b": "x\ty"}));
        assert_eq!(read(r#"{"a":"C:\dir\"}"#).unwrap(), json!({"a": r"C:\dir\"}));
        assert_eq!(read(r#"{"a":"C:\\new\\tab"}"#).unwrap(), json!({"a": r"C:\new\tab"}));
        assert_eq!(read(r#"{"a":"C:/new"}"#).unwrap(), json!({"a": "C:/new"}));
    }

    #[test]
    fn the_error_shows_nothing_of_the_text() {
        for text in ["[hunter2", "{\"hunter2\"}", "{\"a\": hunter2}", "[\"hunter2"] {
            assert!(!read(text).unwrap_err().to_string().contains("hunter2"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"([a-zA-Z]:|["\\{}\[\]:,ué\n]|[a-f0-9]{1,4})*"#) {
            let _ = read(&text);
        }

        #[test]
        fn reads_what_serde_writes(text in "[^\\\\]*") {
            // A drive letter before an escape is read as a path: that is the rule, not what serde means.
            let written = json!(text).to_string();
            prop_assume!(!begins_with_drive(&written[1..]));
            let value = json!([{ "a": text }]);
            prop_assert_eq!(read(&value.to_string()).unwrap(), value);
        }
    }
}
