//! Stage 1 of 8: what a source is made with.
//!
//! One variant for each origin of an identity. `Debug` shows no secret. Knows no sockets.

use super::client_key::ClientKeySettings;
use super::endpoint::Endpoint;
use super::named_file::NamedFile;
use super::role::RoleSettings;
use crate::secret_text::{SecretText, shown_access_key_id};
use std::fmt;

/// Which source gives the identity that calls KMS.
#[derive(Clone)]
#[non_exhaustive]
pub enum SourceSettings {
    /// `ak` and `token`: a fixed AccessKey.
    AccessKey {
        /// The AccessKey id.
        id: String,
        /// The AccessKey secret.
        secret: SecretText,
        /// The security token, where the AccessKey is a temporary one.
        token: Option<SecretText>,
    },
    /// `ecs_ram_role`: the RAM role of the ECS instance.
    EcsRamRole {
        /// The name of the role; asked from the metadata service where it is not set.
        role_name: Option<String>,
        /// The metadata service.
        metadata_endpoint: Endpoint,
        /// Whether the metadata service is never asked without a token.
        imdsv1_disabled: bool,
    },
    /// `sts` and `ram_role`: a RAM role that another identity assumes.
    AssumeRole {
        /// Where the identity that asks comes from.
        asker: Box<SourceSettings>,
        /// The role.
        role: RoleSettings,
        /// What the role's trust policy asks for besides.
        external_id: Option<String>,
        /// The STS that is asked.
        sts_endpoint: Endpoint,
    },
    /// `oidc_role_arn`: a RAM role that trusts an OIDC token.
    OidcRole {
        /// The role.
        role: RoleSettings,
        /// The OIDC provider as RAM knows it.
        provider_arn: String,
        /// The file that holds the token.
        token_file: NamedFile,
        /// The STS that is asked.
        sts_endpoint: Endpoint,
    },
    /// `client_key`: the ClientKey of an application access point.
    ClientKey(ClientKeySettings),
    /// An address that serves an identity.
    CredentialsUri {
        /// Who serves it.
        endpoint: Endpoint,
        /// Path and query, which may hold a secret.
        target: SecretText,
    },
    /// A profile of mode `External`: what a program prints.
    External {
        /// The program and its arguments, which may hold a secret.
        words: Vec<SecretText>,
        /// What a sentence calls it: whose program it is, and in which file.
        place: String,
    },
    /// The default chain: the first of several that gives an identity.
    Chain {
        /// The links, in the order in which they are asked.
        links: Vec<ChainLink>,
    },
}

/// One link of the default chain.
#[derive(Debug, Clone)]
pub struct ChainLink {
    /// What `explain` and errors call it.
    pub name: &'static str,
    /// Its settings, or why it is passed over.
    pub source: Result<Box<SourceSettings>, String>,
}

impl SourceSettings {
    /// What `explain` calls it.
    pub fn name(&self) -> &'static str {
        match self {
            SourceSettings::AccessKey { .. } => "ak",
            SourceSettings::EcsRamRole { .. } => "ecs_ram_role",
            SourceSettings::AssumeRole { .. } => "sts",
            SourceSettings::OidcRole { .. } => "oidc_role_arn",
            SourceSettings::ClientKey(_) => "client_key",
            SourceSettings::CredentialsUri { .. } => "credential_uri",
            SourceSettings::External { .. } => "external",
            SourceSettings::Chain { .. } => "default",
        }
    }

    /// Whether a program gives the identity, or that of who asks for the role.
    pub fn runs_a_program(&self) -> bool {
        match self {
            SourceSettings::External { .. } => true,
            SourceSettings::AssumeRole { asker, .. } => asker.runs_a_program(),
            _ => false,
        }
    }
}

impl fmt::Debug for SourceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceSettings::AccessKey { id, token, .. } => f
                .debug_struct("AccessKey")
                .field("id", &shown_access_key_id(id))
                .field("has_token", &token.is_some())
                .finish_non_exhaustive(),
            SourceSettings::EcsRamRole { role_name, metadata_endpoint, imdsv1_disabled } => f
                .debug_struct("EcsRamRole")
                .field("role_name", role_name)
                .field("metadata_endpoint", metadata_endpoint)
                .field("imdsv1_disabled", imdsv1_disabled)
                .finish(),
            SourceSettings::AssumeRole { asker, role, sts_endpoint, .. } => f
                .debug_struct("AssumeRole")
                .field("asker", asker)
                .field("role", role)
                .field("sts_endpoint", sts_endpoint)
                .finish_non_exhaustive(),
            SourceSettings::OidcRole { role, provider_arn, token_file, sts_endpoint } => f
                .debug_struct("OidcRole")
                .field("role", role)
                .field("provider_arn", provider_arn)
                .field("token_file", token_file)
                .field("sts_endpoint", sts_endpoint)
                .finish(),
            SourceSettings::ClientKey(key) => f.debug_tuple("ClientKey").field(key).finish(),
            SourceSettings::CredentialsUri { endpoint, .. } => {
                f.debug_struct("CredentialsUri").field("endpoint", endpoint).finish_non_exhaustive()
            }
            SourceSettings::External { place, .. } => {
                f.debug_struct("External").field("place", place).finish_non_exhaustive()
            }
            SourceSettings::Chain { links } => f.debug_struct("Chain").field("links", links).finish(),
        }
    }
}
