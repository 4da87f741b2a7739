//! The JSON body of a successful GetSecretValue.

use super::Answer;
use crate::secret_text::SecretText;
use crate::source::secret_field;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// The fields that are used; any other is left alone, `VersionStages` too. Only name and value must be there.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    secret_name: String,
    #[serde(deserialize_with = "secret_field::deserialize")]
    secret_data: SecretText,
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
    let body = serde_json::from_slice::<Body>(body).ok()?;
    Some(Answer {
        secret_name: body.secret_name,
        secret_type: body.secret_type.unwrap_or_default(),
        secret_data_type: body.secret_data_type.unwrap_or_default(),
        secret_data: body.secret_data,
        version_id: body.version_id.unwrap_or_default(),
        create_time: body.create_time,
        last_rotation_date: body.last_rotation_date,
        next_rotation_date: body.next_rotation_date,
        extended_config: body.extended_config,
        request_id: body.request_id.unwrap_or_default(),
        server_unix_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
