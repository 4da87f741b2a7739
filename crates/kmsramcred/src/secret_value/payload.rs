//! The members of a payload as they stand there, before anybody judged them.
//!
//! Goes in: JSON. Comes out: one slot for each member that means something here; unknown ones are passed over. A member
//! that stands there twice with different values is remembered, since id and secret of different keys must never be put
//! together.

use super::member::Member;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// The members of a payload that mean something here.
#[derive(Debug, Default)]
pub(super) struct Payload {
    /// `AccessKeyId`.
    pub(super) access_key_id: Option<Member>,
    /// `AccessKeySecret`.
    pub(super) access_key_secret: Option<Member>,
    /// `SecurityToken`.
    pub(super) security_token: Option<Member>,
    /// `GenerateTimestamp`; the last one counts.
    pub(super) generate_timestamp: Option<Member>,
    /// `ExpireTimestamp`; the last one counts.
    pub(super) expire_timestamp: Option<Member>,
    /// The first of id, secret and token that has two different values.
    pub(super) contradiction: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Payload, D::Error> {
        deserializer.deserialize_map(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Payload, A::Error> {
        let mut payload = Payload::default();
        while let Some(name) = object.next_key::<Name>()? {
            let slot = match name {
                Name::AccessKeyId => &mut payload.access_key_id,
                Name::AccessKeySecret => &mut payload.access_key_secret,
                Name::SecurityToken => &mut payload.security_token,
                Name::GenerateTimestamp => &mut payload.generate_timestamp,
                Name::ExpireTimestamp => &mut payload.expire_timestamp,
                Name::Unknown => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let earlier = slot.replace(object.next_value()?);
            if earlier.is_some() && earlier != *slot {
                payload.contradiction = payload.contradiction.or(name.of_the_key());
            }
        }
        Ok(payload)
    }
}

/// The name of a member.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(field_identifier)]
enum Name {
    AccessKeyId,
    AccessKeySecret,
    SecurityToken,
    GenerateTimestamp,
    ExpireTimestamp,
    #[serde(other)]
    Unknown,
}

impl Name {
    /// The name as written, where the member is a part of the key itself.
    fn of_the_key(self) -> Option<&'static str> {
        match self {
            Name::AccessKeyId => Some("AccessKeyId"),
            Name::AccessKeySecret => Some("AccessKeySecret"),
            Name::SecurityToken => Some("SecurityToken"),
            Name::GenerateTimestamp | Name::ExpireTimestamp | Name::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Payload {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn unknown_members_are_passed_over() {
        let payload = read(r#"{"x":{"AccessKeyId":[1]},"accesskeyid":"no","AccessKeyId":"yes","":null}"#);
        assert_eq!(payload.access_key_id.unwrap().text(), Some("yes"));
        assert!(payload.access_key_secret.is_none() && payload.contradiction.is_none());
    }

    #[test]
    fn a_part_of_the_key_that_stands_there_twice_must_agree() {
        let twice = |a: &str, b: &str, name: &str| read(&format!(r#"{{"{name}":{a},"{name}":{b}}}"#)).contradiction;
        for name in ["AccessKeyId", "AccessKeySecret", "SecurityToken"] {
            assert_eq!(twice(r#""a""#, r#""a""#, name), None);
            assert_eq!(twice(r#""a""#, r#""b""#, name), Some(name));
            assert_eq!(twice(r#""a""#, "null", name), Some(name));
        }
        assert_eq!(twice(r#""a""#, r#""b""#, "GenerateTimestamp"), None);
        assert_eq!(twice("1", "2", "Other"), None);
    }
}
