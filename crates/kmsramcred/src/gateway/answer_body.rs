//! The JSON body of a successful GetSecretValue.

use super::Answer;
use crate::secret_text::SecretText;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The fields that are used; any other is left alone, `VersionStages` too. Only name and value must be there.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    secret_name: String,
    #[serde(borrow)]
    secret_data: &'a RawValue,
    #[serde(default, deserialize_with = "text_or_nothing")]
    secret_type: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    secret_data_type: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    version_id: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    create_time: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    last_rotation_date: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    next_rotation_date: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    extended_config: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    request_id: Option<String>,
}

/// A field of another type is not worth losing the value for.
fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Field {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Field::deserialize(deserializer)? {
        Field::Text(text) if !text.is_empty() => Some(text),
        Field::Text(_) | Field::Other(_) => None,
    })
}

/// The answer in a body; nothing when it is not one.
pub(super) fn read(body: &[u8], server_unix_ms: Option<i64>) -> Option<Answer> {
    let body = serde_json::from_slice::<Body<'_>>(body).ok()?;
    Some(Answer {
        secret_name: body.secret_name,
        secret_type: body.secret_type.unwrap_or_default(),
        secret_data_type: body.secret_data_type.unwrap_or_default(),
        secret_data: unescaped(body.secret_data.get())?,
        version_id: body.version_id.unwrap_or_default(),
        create_time: body.create_time,
        last_rotation_date: body.last_rotation_date,
        next_rotation_date: body.next_rotation_date,
        extended_config: body.extended_config,
        request_id: body.request_id.unwrap_or_default(),
        server_unix_ms,
    })
}

/// The text in a JSON literal; nothing when it is none. The parser would put its parts together in a buffer of its own,
/// which nobody wipes, and the value of a RAM secret is full of escaped quotes.
fn unescaped(literal: &str) -> Option<SecretText> {
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    // No escape is shorter than what it stands for, so that the text is never moved.
    let mut text = Zeroizing::new(String::with_capacity(rest.len()));
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (sign, after) = escape.split_at_checked(1)?;
        rest = after;
        text.push(match sign {
            "\"" | "\\" | "/" => char::from(*sign.as_bytes().first()?),
            "b" => '\u{8}',
            "f" => '\u{c}',
            "n" => '\n',
            "r" => '\r',
            "t" => '\t',
            "u" => {
                let first = code_unit(&mut rest)?;
                match char::from_u32(first.into()) {
                    Some(sign) => sign,
                    None => {
                        rest = rest.strip_prefix("\\u")?;
                        char::decode_utf16([first, code_unit(&mut rest)?]).next()?.ok()?
                    }
                }
            }
            _ => return None,
        });
    }
    text.push_str(rest);
    Some(SecretText::from(text.as_str()))
}

/// The four digits at the beginning, taken away.
fn code_unit(rest: &mut &str) -> Option<u16> {
    let (digits, after) = rest.split_at_checked(4)?;
    *rest = after;
    if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { u16::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_that_is_no_text_is_refused() {
        for value in [
            "7",
            "{}",
            "[\"v\"]",
            "true",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"\\x\"",
            "\"\\u+123\"",
            "\"v",
        ] {
            assert!(
                read(format!(r#"{{"SecretName":"s","SecretData":{value}}}"#).as_bytes(), None).is_none(),
                "{value}"
            );
        }
        let value = r#""\"\\\/\b\f\n\r\t\u00e4\uD83D\uDE00ß""#;
        assert_eq!(unescaped(value).unwrap().expose(), "\"\\/\u{8}\u{c}\n\r\tä😀ß");
    }

    proptest! {
        #[test]
        fn a_value_is_read_as_the_parser_would(parts in proptest::collection::vec(
            prop_oneof!["[a-zä😀\\\\\"]{1,4}", "\\\\[\"\\\\/bfnrtux]", "\\\\u[dD][89abcdefABCDEF][0-9a-f]{2}", "\\\\u[0-9a-fA-F]{4}"], 0..12))
        {
            let literal = format!("\"{}\"", parts.concat());
            let expected = serde_json::from_str::<String>(&literal).ok();
            let body = format!(r#"{{"SecretName":"s","SecretData":{literal}}}"#);
            let found = read(body.as_bytes(), None).map(|answer| answer.secret_data.expose().to_owned());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn only_name_and_value_must_be_there() {
        let answer = read(br#"{"SecretName":"s","SecretData":"v"}"#, Some(7)).unwrap();
        assert_eq!((answer.secret_name.as_str(), answer.secret_data.expose()), ("s", "v"));
        assert_eq!((answer.version_id.as_str(), answer.create_time, answer.server_unix_ms), ("", None, Some(7)));
        assert!(read(br#"{"SecretName":"s"}"#, None).is_none());
        assert!(read(br#"{"SecretName":"s","SecretData":null}"#, None).is_none());
        assert!(read(br#"{"SecretData":"v"}"#, None).is_none());
    }

    #[test]
    fn odd_fields_do_not_cost_the_value() {
        let body = br#"{"SecretName":"s","SecretData":"{\"a\":\"\u00e4\"}","VersionStages":["ACSCurrent"],
            "CreateTime":null,"VersionId":7,"ExtendedConfig":{"x":1},"New":{"deep":[1,2]}}"#;
        let answer = read(body, None).unwrap();
        assert_eq!(answer.secret_data.expose(), "{\"a\":\"ä\"}");
        assert_eq!((answer.version_id.as_str(), answer.extended_config), ("", None));
    }
}
