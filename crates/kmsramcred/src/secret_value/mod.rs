//! Stage 6 of 8: a secret's value becomes an AccessKey.
//!
//! Goes in: what GetSecretValue answered. Comes out: the AccessKey in it with the dates of its life, or an error that
//! names the secret, its type and the member that is wrong, never a value. Nothing here knows where the answer came
//! from or what time it is: dates are read, not judged.
//!
//! `payload` reads the value's JSON, `ram` judges the AccessKey in it, `rotation` reads what stands beside the value.

mod member;
mod payload;
mod ram;
mod rotation;

use crate::error::Error;
use crate::gateway::Answer;
use crate::secret_text::{SecretText, shown_access_key_id};
use std::fmt;

/// An AccessKey as a RAM secret holds it, with what its answer says about its life. Times are milliseconds since 1970
/// by the server's clock.
#[derive(Clone)]
pub struct SecretValue {
    /// The AccessKey id.
    pub access_key_id: String,
    /// The AccessKey secret.
    pub access_key_secret: SecretText,
    /// The security token, where the secret holds a temporary key.
    pub security_token: Option<SecretText>,
    /// The version of the secret's value; may be empty.
    pub version_id: String,
    /// `GenerateTimestamp` of the key.
    pub generated_ms: Option<i64>,
    /// `ExpireTimestamp` of the key.
    pub expires_ms: Option<i64>,
    /// `CreateTime` of the answer.
    pub created_ms: Option<i64>,
    /// `LastRotationDate` of the answer.
    pub last_rotation_ms: Option<i64>,
    /// `NextRotationDate` of the answer.
    pub next_rotation_ms: Option<i64>,
    /// The RAM user behind the secret: `ExtendedConfig.UserName`.
    pub user_name: Option<String>,
    /// The server's clock when it answered.
    pub server_ms: Option<i64>,
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretValue")
            .field("access_key_id", &shown_access_key_id(&self.access_key_id))
            .field("version_id", &self.version_id)
            .finish_non_exhaustive()
    }
}

/// Reads the AccessKey out of an answer, whatever type of secret it claims to be.
///
/// `SecretType` says that the secret holds something else, `SecretMalformed` that it holds an AccessKey which nobody
/// could use. Dates and everything optional are left out where they cannot be read.
pub fn parse(answer: &Answer) -> Result<SecretValue, Error> {
    let key = ram::key(answer)?;
    let dates = rotation::dates(answer);
    Ok(SecretValue {
        access_key_id: key.access_key_id,
        access_key_secret: key.access_key_secret,
        security_token: key.security_token,
        version_id: answer.version_id.clone(),
        generated_ms: key.generated_ms,
        expires_ms: key.expires_ms,
        created_ms: dates.created_ms,
        last_rotation_ms: dates.last_rotation_ms,
        next_rotation_ms: dates.next_rotation_ms,
        user_name: rotation::user_name(answer),
        server_ms: answer.server_unix_ms,
    })
}
