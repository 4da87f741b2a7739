//! One member of a JSON object: a text, or something else.
//!
//! A text goes from the parser's input straight into a [`SecretText`], so that no generic tree of JSON values keeps a
//! copy that nobody wipes. (A text with escapes in it passes through the parser's own buffer, which is out of reach.)

use crate::secret_text::SecretText;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What was found as the value of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    /// A text.
    Text(SecretText),
    /// `null`.
    Null,
    /// A number, a truth value, a list or an object, by the name that an error gives it.
    Other(&'static str),
}

impl Member {
    /// The text; nothing for a value of another kind.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Member::Text(text) => Some(text.expose()),
            Member::Null | Member::Other(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(SecretText::from(text)))
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Member, E> {
        Ok(Member::Other("a truth value"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Member, E> {
        Ok(Member::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Member, E> {
        Ok(Member::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Other("a number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Member, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Member, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other("an object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_value_is_told_apart() {
        let members: Vec<Member> =
            serde_json::from_str(r#"["a\u002fb", null, true, -1, 1, 1.5, [1, [2]], {"a": {"b": 1}}]"#).unwrap();
        let kinds: Vec<_> = members
            .iter()
            .map(|member| match member {
                Member::Text(text) => text.expose(),
                Member::Null => "null",
                Member::Other(kind) => kind,
            })
            .collect();
        let number = "a number";
        assert_eq!(kinds, ["a/b", "null", "a truth value", number, number, number, "a list", "an object"]);
    }

    #[test]
    fn debug_shows_no_text() {
        let member: Member = serde_json::from_str(r#""hunter2""#).unwrap();
        assert_eq!(format!("{member:?}"), "Text([redacted])");
    }
}
