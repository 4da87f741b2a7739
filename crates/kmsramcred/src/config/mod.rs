//! Stage 1 of 8: settings become a Config.
//!
//! In go a properties file, the environment and calls of the program, out comes a [`Config`]: checked, immutable, cheap
//! enough to clone, with what the program should know about it. Nothing here knows sockets.
//!
//! ```text
//! location -> properties --\
//! environ -----------------+-> layers -> identity, gateways, proxy, timing -> Config
//! builder -----------------/
//! ```

mod builder;
mod ca;
mod chain;
mod cli_profile;
mod client_key;
mod element;
mod endpoint;
mod environ;
mod external;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod gateways;
mod identity;
mod ini_profile;
mod instance;
mod json_value;
pub mod keys;
mod layers;
mod location;
mod named_file;
mod no_proxy;
mod origin;
mod process;
mod properties;
mod proxy;
mod region;
pub(crate) mod regular_file;
mod role;
#[cfg(test)]
pub(crate) mod scratch;
mod setting;
pub(crate) mod shown;
mod source_settings;
mod spelling;
#[cfg(test)]
mod tests;
mod timing;

pub use builder::ConfigBuilder;
pub use ca::Ca;
pub use client_key::ClientKeySettings;
pub(crate) use client_key::FILE_LIMIT as CLIENT_KEY_FILE_LIMIT;
pub use endpoint::Endpoint;
pub use external::EXTERNAL_MARKER;
pub use named_file::NamedFile;
pub use origin::Origin;
pub use proxy::{Proxy, ProxySettings};
pub use region::GatewaySettings;
pub use role::RoleSettings;
pub use source_settings::{ChainLink, SourceSettings};
pub use timing::Timing;

use crate::error::Error;
use process::Process;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// How requests to the shared gateway are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// `acs3`: ACS3-HMAC-SHA256.
    Acs3,
    /// `v1`: the older RPC signature.
    RpcV1,
}

/// Validated settings.
#[derive(Clone)]
pub struct Config {
    /// Which source gives the identity that calls KMS.
    pub(crate) source: SourceSettings,
    /// Where KMS answers, in the order they are tried; never empty.
    pub(crate) gateways: Vec<GatewaySettings>,
    /// The proxy on the way to each of them.
    pub(crate) proxies: ProxySettings,
    /// How requests are signed.
    pub(crate) signature: Signature,
    /// The times a Client keeps.
    pub(crate) timing: Timing,
    /// The secrets that are fetched at once.
    pub(crate) prefetch: Vec<String>,
    /// More error codes that mean: this AccessKey is dead.
    pub(crate) dead_key_codes: Vec<String>,
    /// What is added to the User-Agent header.
    pub(crate) user_agent: Option<String>,
    /// Where the value of each key came from.
    pub(crate) origins: Vec<(String, Origin)>,
    /// What the program should know: to be logged once, and shown by `explain`. Never holds a secret.
    pub(crate) notices: Vec<String>,
    /// Whether the one who started the process may choose what it trusts; not so in a setuid program.
    pub(crate) trusts_its_caller: bool,
}

impl Config {
    /// Starts an empty set of settings.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// From a file (found by the documented look-up when `path` is `None`), completed by the environment. Where the
    /// look-up finds no file and the environment says where the identity comes from, the environment does alone.
    pub fn from_file(path: Option<&Path>) -> Result<Config, Error> {
        Config::builder().file_if_any(path, &Process::current())?.build()
    }

    /// From the environment alone.
    pub fn from_env() -> Result<Config, Error> {
        Config::builder().environment()?.build()
    }

    /// The same for a program that fetches one value and ends: nothing is fetched beforehand, and where `budget` is given
    /// the fetch may take that long, up to an hour.
    pub fn for_one_fetch(mut self, budget: Option<Duration>) -> Config {
        self.prefetch.clear();
        if let Some(budget) = budget {
            self.timing.fetch_budget = budget.min(timing::LONGEST_BUDGET);
        }
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("source", &self.source)
            .field("gateways", &self.gateways)
            .field("proxies", &self.proxies)
            .field("signature", &self.signature)
            .field("timing", &self.timing)
            .field("prefetch", &self.prefetch)
            .field("dead_key_codes", &self.dead_key_codes)
            .field("user_agent", &self.user_agent)
            .field("origins", &self.origins)
            .field("notices", &self.notices)
            .field("trusts_its_caller", &self.trusts_its_caller)
            .finish()
    }
}
