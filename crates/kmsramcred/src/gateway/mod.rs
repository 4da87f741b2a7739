//! Stage 5 of 8: the answer's bytes become a secret's value or a fault.
//!
//! In go a secret's name and the gateways, each with its source of identities; out comes an [`Answer`] or one error that says who
//! refused what. [`fetch()`] is the whole of it: attempts, pauses and corrections inside one deadline. This stage must
//! not know of caching, and not what the value of a secret looks like.

mod answer_body;
#[cfg(test)]
mod bench;
mod confidential;
mod course;
pub mod fault;
pub mod fault_table;
pub mod fetch;
pub mod health;
pub mod place;
pub mod retry;
pub mod shared;

pub use fault::{Fault, FaultClass};
pub use fetch::{FetchParts, Patience, fetch};
pub use place::{Gateway, Protocol};
pub use shared::{OpenApi, Question, Sign};

use crate::secret_text::SecretText;

/// What GetSecretValue answered, before anybody looked into the value.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The name that was asked for: a name or an ARN.
    pub secret_name: String,
    /// `RAMCredentials`, `Generic`, …: a word; may be empty.
    pub secret_type: String,
    /// `text` or `binary`; may be empty.
    pub secret_data_type: String,
    /// The value.
    pub secret_data: SecretText,
    /// The version of the value: a word; may be empty.
    pub version_id: String,
    /// `CreateTime` as sent.
    pub create_time: Option<String>,
    /// `LastRotationDate` as sent.
    pub last_rotation_date: Option<String>,
    /// `NextRotationDate` as sent.
    pub next_rotation_date: Option<String>,
    /// `ExtendedConfig` as sent: JSON text.
    pub extended_config: Option<String>,
    /// The request id of the answer: a word; may be empty.
    pub request_id: String,
    /// The server's `Date`, in milliseconds since 1970.
    pub server_unix_ms: Option<i64>,
}
