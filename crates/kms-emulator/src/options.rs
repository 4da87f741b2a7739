//! What an emulator is started with.

use crate::clock::{Clock, WallClock};
use serde::Deserialize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

/// An identity that may call KMS.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// AccessKey id.
    pub access_key_id: String,
    /// AccessKey secret.
    pub access_key_secret: String,
    /// Security token, for a temporary identity.
    #[serde(default)]
    pub security_token: Option<String>,
    /// Seconds until the identity ends; 0: it has ended.
    #[serde(default)]
    pub expire_seconds: Option<u32>,
}

impl Caller {
    /// An identity without security token.
    pub fn new(access_key_id: impl Into<String>, access_key_secret: impl Into<String>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            access_key_secret: access_key_secret.into(),
            security_token: None,
            expire_seconds: None,
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Caller").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Settings of an emulator; the default is all that most tests need.
#[derive(Clone)]
pub struct Options {
    /// Loopback address to listen on.
    pub listen: IpAddr,
    /// Port of the control API; 0 for any free one.
    pub control_port: u16,
    /// Callers that exist from the start; when empty, one is made up.
    pub callers: Vec<Caller>,
    /// Role that the metadata service offers from the start.
    pub role: Option<String>,
    /// Existing directory for the CA file; by default a temporary one that goes with the emulator.
    pub state_dir: Option<PathBuf>,
    /// Source of the current time.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            control_port: 0,
            callers: Vec::new(),
            role: None,
            state_dir: None,
            clock: Arc::new(WallClock),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("listen", &self.listen)
            .field("control_port", &self.control_port)
            .field("callers", &self.callers)
            .field("role", &self.role)
            .field("state_dir", &self.state_dir)
            .finish_non_exhaustive()
    }
}
