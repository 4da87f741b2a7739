//! What an answer says about the life of its value: the dates of rotation and the RAM user behind the secret.
//!
//! Goes in: texts as sent. Comes out: milliseconds and a name. What cannot be read is left out, since a key is usable
//! without it.

use super::member::Member;
use crate::civil_time::parse_rfc3339;
use crate::error::is_unprintable;
use crate::gateway::Answer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// A longer name of a user is cut off here, in characters: RAM has none that are longer.
const USER_NAME_LIMIT: usize = 64;

/// The dates that stand beside the value, in milliseconds since 1970 by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dates {
    /// `CreateTime`.
    pub(super) created_ms: Option<i64>,
    /// `LastRotationDate`.
    pub(super) last_rotation_ms: Option<i64>,
    /// `NextRotationDate`.
    pub(super) next_rotation_ms: Option<i64>,
}

/// The dates of an answer.
pub(super) fn dates(answer: &Answer) -> Dates {
    let read = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    Dates {
        created_ms: read(&answer.create_time),
        last_rotation_ms: read(&answer.last_rotation_date),
        next_rotation_ms: read(&answer.next_rotation_date),
    }
}

/// The RAM user behind the secret: `UserName` in the extended config, which is JSON text inside the answer.
pub(super) fn user_name(answer: &Answer) -> Option<String> {
    let config: ExtendedConfig = serde_json::from_str(answer.extended_config.as_deref()?).ok()?;
    let name = config.user_name?.chars().filter(|c| !is_unprintable(*c)).take(USER_NAME_LIMIT).collect::<String>();
    (!name.is_empty()).then_some(name)
}

struct ExtendedConfig {
    user_name: Option<String>,
}

impl<'de> Deserialize<'de> for ExtendedConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ExtendedConfig, D::Error> {
        deserializer.deserialize_map(UserNameOnly)
    }
}

/// Takes one member and passes over the rest. A derived reader would refuse a name that stands there twice.
struct UserNameOnly;

impl<'de> Visitor<'de> for UserNameOnly {
    type Value = ExtendedConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<ExtendedConfig, A::Error> {
        let mut user_name = None;
        while let Some(name) = object.next_key::<String>()? {
            if name == "UserName" {
                user_name = object.next_value::<Member>()?.text().map(str::to_owned);
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(ExtendedConfig { user_name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret_text::SecretText;

    fn answer() -> Answer {
        Answer {
            secret_name: "s".to_owned(),
            secret_type: "RAMCredentials".to_owned(),
            secret_data_type: "text".to_owned(),
            secret_data: SecretText::from("{}"),
            version_id: String::new(),
            create_time: None,
            last_rotation_date: None,
            next_rotation_date: None,
            extended_config: None,
            request_id: String::new(),
            server_unix_ms: None,
        }
    }

    #[test]
    fn each_date_stands_for_itself() {
        let answer = Answer {
            create_time: Some("2024-02-21T15:39:26Z".to_owned()),
            last_rotation_date: Some("yesterday".to_owned()),
            next_rotation_date: Some("2024-02-28T15:39:26.5Z".to_owned()),
            ..answer()
        };
        let expected = Dates {
            created_ms: Some(1_708_529_966_000),
            last_rotation_ms: None,
            next_rotation_ms: Some(1_709_134_766_500),
        };
        assert_eq!(dates(&answer), expected);
    }

    #[test]
    fn the_user_behind_the_secret_is_found_where_it_is_named() {
        let named = |config: &str| user_name(&Answer { extended_config: Some(config.to_owned()), ..answer() });
        let config = r#"{"SecretSubType":"RamUserAccessKey","UserName":"alice","CustomData":{"a":[1]}}"#;
        assert_eq!(named(config).as_deref(), Some("alice"));
        assert_eq!(named(r#"{"UserName":"alice","UserName":"bob"}"#).as_deref(), Some("bob"));
        for config in ["", "null", "[]", "{}", "{", r#"{"UserName":null}"#, r#"{"UserName":7}"#, r#"{"UserName":""}"#] {
            assert_eq!(named(config), None, "{config}");
        }
        assert_eq!(user_name(&answer()), None);
    }

    #[test]
    fn a_user_name_is_short_and_visible() {
        let named = |name: &str| {
            let config = serde_json::json!({ "UserName": name }).to_string();
            user_name(&Answer { extended_config: Some(config), ..answer() })
        };
        assert_eq!(named("a\r\n\u{1b}[2J\u{202e}b\u{200b}").as_deref(), Some("a[2Jb"));
        assert_eq!(named(&"u".repeat(400_000)).unwrap().len(), 64);
        assert_eq!(named("\u{2028}\u{0}"), None);
    }
}
