//! Stage 2 of 8: settings become the identity that calls KMS.
//!
//! One file per origin. A source knows nothing of KMS and its secrets; it reaches the network only through an
//! [`Exchange`](crate::exchange::Exchange) that it is given.

mod assume_role;
mod chain;
pub mod client_key;
mod credentials_uri;
mod derivations;
pub mod ecs_ram_role;
mod external;
pub mod fixed;
mod lent_identity;
mod metadata_answer;
mod metadata_service;
mod oidc_role;
mod renewed;
mod rounds;
#[cfg(test)]
pub(crate) mod scripted;
pub(crate) mod secret_field;
mod sts;

pub use assume_role::{AssumeRole, StsSign};
pub use chain::{Chain, ChainLink, ChainReport};
pub use client_key::ClientKey;
pub use credentials_uri::{CredentialsUri, UriPlace};
pub use ecs_ram_role::{EcsRamRole, EcsRamRoleSettings};
pub use external::{Ended, External, Run, RunFailure, RunProgram};
pub use fixed::FixedSource;
pub use oidc_role::OidcRole;
pub use renewed::Pause;
pub use sts::StsPlace;

use crate::clock::{Deadline, Moment};
use crate::error::Error;
use crate::secret_text::{SecretText, shown_access_key_id};
use std::fmt;
use std::sync::Arc;

/// What an identity signs with.
pub enum SigningKey {
    /// The secret of an AccessKey.
    AccessKeySecret(SecretText),
    /// The RSA key of a ClientKey.
    ClientKey(Arc<ClientKey>),
}

impl PartialEq for SigningKey {
    fn eq(&self, other: &SigningKey) -> bool {
        match (self, other) {
            (SigningKey::AccessKeySecret(one), SigningKey::AccessKeySecret(other)) => one == other,
            (SigningKey::ClientKey(one), SigningKey::ClientKey(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// Who calls KMS: an AccessKey, with a security token where it is a temporary one, or a ClientKey.
pub struct Identity {
    /// The id of the AccessKey or of the ClientKey.
    pub access_key_id: String,
    /// What it signs with.
    pub key: SigningKey,
    /// The security token of a temporary identity.
    pub security_token: Option<SecretText>,
    /// When a temporary identity ends.
    pub expires_at: Option<Moment>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("access_key_id", &shown_access_key_id(&self.access_key_id))
            .finish_non_exhaustive()
    }
}

/// A place that gives identities.
pub trait Source: Send + Sync {
    /// What `explain` and errors call this source, such as `ak` or `ecs_ram_role`.
    fn name(&self) -> &'static str;

    /// The identity to use now. Renews a temporary one before it ends; of many callers at once, one asks and the others
    /// wait for it, each inside its own deadline.
    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error>;

    /// The same; `stumbled` hears of each attempt that failed and is made again.
    fn identity_told(&self, deadline: Deadline, stumbled: &dyn Fn(&Error)) -> Result<Arc<Identity>, Error> {
        let _ = stumbled;
        self.identity(deadline)
    }

    /// Says that KMS refused `refused`. Answers whether the next `identity` may be another one; a fixed AccessKey
    /// answers `false`. Forgets nothing when the current identity is not the refused one.
    fn refused(&self, refused: &Identity) -> bool;

    /// For `explain`: which of several sources is used, and why others are not. A single source has nothing to report.
    fn report(&self) -> ChainReport {
        ChainReport::default()
    }
}
