//! Keeps Alibaba Cloud SDK clients working while KMS rotates their RAM AccessKey.
//!
//! Name a RAM secret; get a credential that is always the right one:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! let client = kmsramcred::Client::from_file(None)?;
//! let secret = client.secret("prod/robot")?;
//! let credential = secret.credential(Duration::from_secs(10))?;
//! // sign with credential.access_key_id() and credential.access_key_secret(), then say how it went:
//! secret.report_success(credential.serial());
//! # Ok::<(), kmsramcred::Error>(())
//! ```
//!
//! The journey of a credential is the layout of this crate; each stage uses earlier ones only:
//! [`config`] → [`source`] → [`sign`] → [`transport`] → [`gateway`] → [`secret_value`] → [`cache`] → the wiring
//! ([`Client`], [`Secret`]).

#![deny(unsafe_code)]

pub mod cache;
pub mod civil_time;
mod client;
pub mod clock;
pub mod config;
pub mod error;
pub mod examination;
pub mod exchange;
mod explain;
mod fetcher;
mod fork;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
mod logging;
pub mod pace;
mod refresher;
mod secret;
pub mod secret_text;
pub mod secret_value;
pub mod sign;
mod signing;
pub mod source;
pub mod stats;
pub mod transport;
mod watch;
mod workers;

pub use cache::{Credential, Refusal, Snapshot, Verdict};
pub use client::Client;
pub use config::{Config, ConfigBuilder};
pub use error::{Error, ErrorKind};
pub use examination::{Examination, examine};
pub use logging::{LogLevel, set_log_callback};
pub use secret::{Reader, Secret};
pub use secret_text::SecretText;
pub use signing::Attempt;
pub use stats::Stats;
pub use watch::{Watch, WatchEvent};
