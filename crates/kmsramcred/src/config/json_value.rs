//! Stage 1 of 8: the JSON inside a properties file, in both of its dialects.
//!
//! In goes the text of a value, out comes JSON. Python and Go take the line as it stands, Java removes backslash escapes
//! first, so one file suits only one of them; here the text is read as it stands, and un-escaped if that is no JSON. A
//! string that begins with a drive letter and a single `\` is a path as the official documentation shows it, and its
//! backslashes stand for themselves. Knows no keys and no sockets.

use serde_json::Value;
use std::ops::Deref;
use zeroize::{Zeroize, Zeroizing};

/// A JSON value. Its texts are overwritten when it is dropped: one may be a password or a ClientKey.
#[derive(Debug)]
pub(super) struct Json(Value);

impl Deref for Json {
    type Target = Value;
    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads a value. The error is the one of the text as it stands; it says where, never what.
pub(super) fn read(text: &str) -> Result<Json, serde_json::Error> {
    let parse = |text: &str| serde_json::from_str(with_plain_paths(text).as_deref().map_or(text, String::as_str));
    let parsed = parse(text).or_else(|error| parse(&Zeroizing::new(unescaped(text))).map_err(|_| error));
    parsed.map(Json)
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

/// Doubles the backslashes of every string such as `"C:\dir\file"`; nothing where there is none.
fn with_plain_paths(text: &str) -> Option<Zeroizing<String>> {
    // Room for every sign to be a backslash, so that the text is never moved.
    let mut changed = Zeroizing::new(String::with_capacity(2 * text.len()));
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
    changed.push_str(&text[copied..]);
    (copied > 0).then_some(changed)
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

    /// What is read, as a value of its own.
    fn value(text: &str) -> Value {
        read(text).unwrap().clone()
    }

    #[test]
    fn nothing_is_left_of_the_texts_of_a_value() {
        let mut value = json!([{"password": "hunter2", "n": 1}, ["hunter2"], "hunter2"]);
        wipe(&mut value);
        assert_eq!(value, json!([{"password": "", "n": 1}, [""], ""]));
    }

    #[test]
    fn both_dialects_are_read() {
        assert_eq!(value(r#"{"a":"b\"=\\"}"#), json!({"a": "b\"=\\"}));
        assert_eq!(value(r#"[{\"a\"\:\"b\"}]"#), json!([{"a": "b"}]));
        assert_eq!(value(r#"{\"a\":\"\u00fc\"}"#), json!({"a": "\u{fc}"}));
    }

    #[test]
    fn a_path_with_a_drive_letter_is_taken_as_written() {
        assert_eq!(value(r#"{"a":"C:\new\tab","b":"x\ty"}"#), json!({"a": r"C:\new\tab", "b": "x\ty"}));
        assert_eq!(value(r#"{"a":"C:\dir\"}"#), json!({"a": r"C:\dir\"}));
        assert_eq!(value(r#"{"a":"C:\\new\\tab"}"#), json!({"a": r"C:\new\tab"}));
        assert_eq!(value(r#"{"a":"C:/new"}"#), json!({"a": "C:/new"}));
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
            prop_assert_eq!(self::value(&value.to_string()), value);
        }
    }
}
