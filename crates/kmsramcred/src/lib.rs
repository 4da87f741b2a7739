//! Keeps Alibaba Cloud SDK clients working while KMS rotates their RAM AccessKey.

#![deny(unsafe_code)]

pub mod civil_time;
pub mod clock;
pub mod config;
pub mod error;
pub mod exchange;
mod logging;
pub mod secret_text;
pub mod stats;

pub use error::{Error, ErrorKind};
pub use secret_text::SecretText;
