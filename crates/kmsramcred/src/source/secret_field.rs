//! A secret in JSON, for a field of another type or with a default.

use crate::secret_text::SecretText;
use serde::de::{Deserialize, Deserializer};

/// For `#[serde(deserialize_with = "…")]`; an error never quotes the value.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
    SecretText::deserialize(deserializer)
}
