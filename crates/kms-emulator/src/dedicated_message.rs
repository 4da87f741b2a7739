//! The messages of `dkms-gcs-0.2`, the protocol of KMS instances, as their Protocol Buffers descriptor numbers them.

use crate::refusal::Refusal;
use prost::Message;
use serde_json::Value;

/// The content type of every message.
pub(crate) const CONTENT_TYPE: &str = "application/x-protobuf";

#[derive(Clone, PartialEq, Eq, Message)]
struct GetSecretValueRequest {
    #[prost(string, tag = "1")]
    secret_name: String,
    #[prost(string, tag = "2")]
    version_stage: String,
    #[prost(string, tag = "3")]
    version_id: String,
    #[prost(bool, tag = "4")]
    fetch_extended_config: bool,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct GetSecretValueResponse {
    #[prost(string, tag = "1")]
    secret_name: String,
    #[prost(string, tag = "2")]
    secret_type: String,
    #[prost(string, tag = "3")]
    secret_data: String,
    #[prost(string, tag = "4")]
    secret_data_type: String,
    #[prost(string, repeated, tag = "5")]
    version_stages: Vec<String>,
    #[prost(string, tag = "6")]
    version_id: String,
    #[prost(string, tag = "7")]
    create_time: String,
    #[prost(string, tag = "8")]
    request_id: String,
    #[prost(string, tag = "9")]
    last_rotation_date: String,
    #[prost(string, tag = "10")]
    next_rotation_date: String,
    #[prost(string, tag = "11")]
    extended_config: String,
    #[prost(string, tag = "12")]
    automatic_rotation: String,
    #[prost(string, tag = "13")]
    rotation_interval: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct Error {
    #[prost(int32, tag = "1")]
    status_code: i32,
    #[prost(string, tag = "2")]
    error_code: String,
    #[prost(string, tag = "3")]
    error_message: String,
    #[prost(string, tag = "4")]
    request_id: String,
}

/// The fields of a question under the names that OpenAPI has for them; none when the body is no such message.
pub(crate) fn parameters(body: &[u8]) -> Option<Vec<(String, String)>> {
    let question = GetSecretValueRequest::decode(body).ok()?;
    let fields = [
        ("SecretName", question.secret_name),
        ("VersionStage", question.version_stage),
        ("VersionId", question.version_id),
        ("FetchExtendedConfig", question.fetch_extended_config.to_string()),
    ];
    Some(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

/// The answer of GetSecretValue from its JSON form. Fields that the JSON lacks are empty.
pub(crate) fn value(document: &Value) -> Vec<u8> {
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let stages = document["VersionStages"]["VersionStage"].as_array().into_iter().flatten();
    GetSecretValueResponse {
        secret_name: text("SecretName"),
        secret_type: text("SecretType"),
        secret_data: text("SecretData"),
        secret_data_type: text("SecretDataType"),
        version_stages: stages.filter_map(Value::as_str).map(str::to_owned).collect(),
        version_id: text("VersionId"),
        create_time: text("CreateTime"),
        request_id: text("RequestId"),
        last_rotation_date: text("LastRotationDate"),
        next_rotation_date: text("NextRotationDate"),
        extended_config: text("ExtendedConfig"),
        automatic_rotation: text("AutomaticRotation"),
        rotation_interval: text("RotationInterval"),
    }
    .encode_to_vec()
}

/// A refusal.
pub(crate) fn error(refusal: &Refusal, request_id: &str) -> Vec<u8> {
    Error {
        status_code: refusal.status.into(),
        error_code: refusal.code.clone(),
        error_message: refusal.message.clone(),
        request_id: request_id.to_owned(),
    }
    .encode_to_vec()
}
