//! The messages of the dedicated gateway (`dkms-gcs-0.2`), as Protocol Buffers have them on the wire.
//!
//! Field numbers are those of the descriptor in the official client. Unknown fields are left alone, fields come in any order,
//! and one that is absent is empty.

use super::Answer;
use crate::secret_text::SecretText;
use prost::Message;

/// Asks for a secret's value. The stage comes before the version here.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct GetSecretValueRequest {
    /// The secret.
    #[prost(string, tag = "1")]
    pub secret_name: String,
    /// `ACSCurrent` where it is empty.
    #[prost(string, tag = "2")]
    pub version_stage: String,
    /// The version, instead of a stage.
    #[prost(string, tag = "3")]
    pub version_id: String,
    /// Whether `extended_config` is wanted.
    #[prost(bool, tag = "4")]
    pub fetch_extended_config: bool,
}

/// The value. Without `Debug`: it holds the secret.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
#[expect(missing_docs, reason = "the fields have the names and meanings of GetSecretValue's JSON answer")]
pub struct GetSecretValueResponse {
    #[prost(string, tag = "1")]
    pub secret_name: String,
    #[prost(string, tag = "2")]
    pub secret_type: String,
    #[prost(string, tag = "3")]
    pub secret_data: String,
    #[prost(string, tag = "4")]
    pub secret_data_type: String,
    #[prost(string, repeated, tag = "5")]
    pub version_stages: Vec<String>,
    #[prost(string, tag = "6")]
    pub version_id: String,
    #[prost(string, tag = "7")]
    pub create_time: String,
    #[prost(string, tag = "8")]
    pub request_id: String,
    #[prost(string, tag = "9")]
    pub last_rotation_date: String,
    #[prost(string, tag = "10")]
    pub next_rotation_date: String,
    #[prost(string, tag = "11")]
    pub extended_config: String,
    #[prost(string, tag = "12")]
    pub automatic_rotation: String,
    #[prost(string, tag = "13")]
    pub rotation_interval: String,
}

impl std::fmt::Debug for GetSecretValueResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GetSecretValueResponse").field("secret_name", &self.secret_name).finish_non_exhaustive()
    }
}

/// A refusal.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Refusal {
    /// The HTTP status once more.
    #[prost(int32, tag = "1")]
    pub status_code: i32,
    /// The code.
    #[prost(string, tag = "2")]
    pub error_code: String,
    /// The words.
    #[prost(string, tag = "3")]
    pub error_message: String,
    /// The request's id.
    #[prost(string, tag = "4")]
    pub request_id: String,
}

/// The answer in a body; nothing when it is not one.
pub(super) fn read(body: &[u8], server_unix_ms: Option<i64>) -> Option<Answer> {
    let message = GetSecretValueResponse::decode(body).ok()?;
    let secret_data = SecretText::new(message.secret_data);
    let set = |text: String| (!text.is_empty()).then_some(text);
    (!message.secret_name.is_empty() && !secret_data.expose().is_empty()).then_some(Answer {
        secret_name: message.secret_name,
        secret_type: message.secret_type,
        secret_data_type: message.secret_data_type,
        secret_data,
        version_id: message.version_id,
        create_time: set(message.create_time),
        last_rotation_date: set(message.last_rotation_date),
        next_rotation_date: set(message.next_rotation_date),
        extended_config: set(message.extended_config),
        request_id: message.request_id,
        server_unix_ms,
    })
}
