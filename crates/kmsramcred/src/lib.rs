//! Keeps Alibaba Cloud SDK clients working while KMS rotates their RAM AccessKey.

#![deny(unsafe_code)]

pub mod cache;
pub mod civil_time;
pub mod clock;
pub mod config;
pub mod error;
pub mod exchange;
pub mod gateway;
mod logging;
pub mod secret_text;
pub mod secret_value;
pub mod sign;
pub mod source;
pub mod stats;
pub mod transport;

pub use error::{Error, ErrorKind};
pub use secret_text::SecretText;
