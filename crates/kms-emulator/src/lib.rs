//! An emulator of Alibaba Cloud KMS, a KMS instance, the ECS metadata service, STS, OSS and RPC services, for
//! tests and rotation drills.
//!
//! It verifies every signature against the AccessKeys that are alive at that moment, rotates them on command and fails
//! in the ways that networks and gateways fail. It listens on the loopback interface only.
//!
//! ```
//! use kms_emulator::{Emulator, Options};
//! use serde_json::json;
//!
//! let emulator = Emulator::start(Options::default());
//! let secret = emulator.control("POST", "/secrets", json!({"name": "orders"}));
//! let rotated = emulator.control("POST", "/secrets/orders/rotate", json!({"lag_ms": 200}));
//! assert_ne!(secret["access_key_id"], rotated["access_key_id"]);
//! ```
//!
//! The control API is described by `kms-emulator --help` and in [`CONTROL_HELP`].

#![forbid(unsafe_code)]

mod account;
mod answer;
mod clock;
mod control;
mod counter;
mod credentials_uri;
mod dedicated;
mod dedicated_message;
mod emulator;
mod fault;
mod gate;
mod gateway;
mod identifier;
mod kms;
mod metadata;
mod nonce;
mod objection;
mod oidc;
mod options;
mod oss;
mod payload;
mod ready;
mod refusal;
mod role;
mod rotation;
mod secret;
mod service;
mod stage;
mod state_dir;
mod sts;
mod verify;
mod wire;

pub use clock::{Clock, ManualClock, WallClock};
pub use emulator::Emulator;
pub use fault::{At as FaultAt, Kind as FaultKind};
pub use options::{Caller, Options};
pub use ready::Ready;

/// Every route of the control API, with examples.
pub const CONTROL_HELP: &str = include_str!("control/help.txt");
