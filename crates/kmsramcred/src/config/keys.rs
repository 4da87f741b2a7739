//! Stage 1 of 8: the one table of every key that can be set, whoever sets it.
//!
//! In goes a name, out comes what is known about it. The parser, the environment, the builder and the documentation
//! all read this table, so a key is added here and read in one place. Knows no values and no sockets.

/// How the value of a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One line of text.
    Text,
    /// Text that is never shown: secrets, tokens, passwords, and AccessKey ids.
    Secret,
    /// The path of a file.
    Path,
    /// A whole number of milliseconds.
    Millis,
    /// `true` or `false`.
    Bool,
    /// A JSON value; the only kind that may continue on the next line, after a `\` at the end.
    Json,
    /// Texts separated by commas.
    List,
}

/// Keys that belong together are taken together from the first place that sets any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Who calls KMS.
    Identity,
    /// The shared gateways.
    Regions,
    /// The dedicated gateways.
    Instances,
    /// The way through a proxy.
    Proxy,
    /// A key for itself.
    Alone,
}

/// What becomes of a key today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is read and followed.
    Works,
    /// It is accepted so that official files load, and changes nothing.
    NoEffect,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The name in files, in the environment and for [`ConfigBuilder::set`](super::ConfigBuilder::set).
    pub name: &'static str,
    /// How its value is written.
    pub kind: Kind,
    /// With which other keys it is taken.
    pub group: Group,
    /// What becomes of it today.
    pub status: Status,
    /// The value where nobody sets one.
    pub default: Option<&'static str>,
    /// What it is for, in one line.
    pub doc: &'static str,
}

impl Key {
    /// The environment variable that sets it. The official keys keep their names; keys of our own have common names and
    /// get a prefix, so that another program's variable is never taken for a setting.
    pub fn variable(&self) -> Option<&'static str> {
        match self.name {
            // These two are what every program reads.
            "https_proxy" => Some("HTTPS_PROXY"),
            "no_proxy" => Some("NO_PROXY"),
            _ if self.group == Group::Proxy => None,
            "signature" => Some("KMSRAMCRED_SIGNATURE"),
            "call_budget_milliseconds" => Some("KMSRAMCRED_CALL_BUDGET_MILLISECONDS"),
            "fetch_budget_milliseconds" => Some("KMSRAMCRED_FETCH_BUDGET_MILLISECONDS"),
            "settle_milliseconds" => Some("KMSRAMCRED_SETTLE_MILLISECONDS"),
            "max_stale_milliseconds" => Some("KMSRAMCRED_MAX_STALE_MILLISECONDS"),
            "dead_key_codes" => Some("KMSRAMCRED_DEAD_KEY_CODES"),
            "ecs_metadata_endpoint" => Some("KMSRAMCRED_ECS_METADATA_ENDPOINT"),
            "allow_external_process" => Some("KMSRAMCRED_ALLOW_EXTERNAL_PROCESS"),
            "user_agent" => Some("KMSRAMCRED_USER_AGENT"),
            official => Some(official),
        }
    }
}

impl Key {
    /// A second variable that sets it, where the first does not.
    pub fn other_variable(&self) -> Option<&'static str> {
        match self.name {
            "https_proxy" | "no_proxy" => Some(self.name),
            _ => None,
        }
    }
}

/// What is known about a name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

const fn key(
    name: &'static str,
    kind: Kind,
    group: Group,
    status: Status,
    default: Option<&'static str>,
    doc: &'static str,
) -> Key {
    Key { name, kind, group, status, default, doc }
}

use Group::{Alone, Identity, Instances, Proxy, Regions};
use Kind::{Bool, Json, List, Millis, Path, Secret, Text};
use Status::{NoEffect, Works};

/// Every key.
pub static KEYS: &[Key] = &[
    key("credentials_type", Text, Identity, Works, None, "Where the identity that calls KMS comes from."),
    key("credentials_access_key_id", Secret, Identity, Works, None, "AccessKey id for `ak`."),
    key("credentials_access_secret", Secret, Identity, Works, None, "AccessKey secret for `ak`."),
    key("credentials_security_token", Secret, Identity, Works, None, "Security token for `ak`, if any."),
    key("credentials_role_name", Text, Identity, Works, None, "RAM role of the ECS instance."),
    key("credentials_access_token_id", Secret, Identity, Works, None, "AccessKey id for `token`."),
    key("credentials_access_token", Secret, Identity, Works, None, "AccessKey secret for `token`."),
    key("credentials_role_arn", Text, Identity, Works, None, "RAM role to assume."),
    key("credentials_role_session_name", Text, Identity, Works, None, "Session name in the audit log of the role."),
    key("credentials_policy", Json, Identity, Works, None, "Policy that narrows the assumed role."),
    key("credentials_duration_seconds", Text, Identity, Works, None, "Life of the assumed role's token."),
    key("credentials_sts_endpoint", Text, Identity, Works, None, "Host of STS."),
    key("credentials_oidc_provider_arn", Text, Identity, Works, None, "OIDC provider known to RAM."),
    key("credentials_oidc_token_file_path", Path, Identity, Works, None, "File that holds the OIDC token."),
    key("credentials_external_id", Text, Identity, Works, None, "What the role's trust policy asks for besides."),
    key("client_key_private_key_path", Path, Identity, Works, None, "ClientKey file."),
    key("client_key_password_from_env_variable", Text, Identity, Works, None, "Variable that holds its password."),
    key("client_key_password_from_file_path", Path, Identity, Works, None, "File that holds its password."),
    // Officially read from the environment only, next to a file that names the rest: so it is no part of the group.
    key("client_key_password", Secret, Alone, Works, None, "The password of the ClientKey file itself."),
    key("allow_external_process", Bool, Alone, Works, Some("false"), "A profile may run a program for an identity."),
    key("ecs_metadata_endpoint", Text, Alone, Works, Some("http://100.100.100.200"), "ECS metadata service."),
    key("ALIBABA_CLOUD_ECS_METADATA", Text, Alone, Works, None, "RAM role of the ECS instance."),
    key("ALIBABA_CLOUD_IMDSV1_DISABLED", Bool, Alone, Works, Some("false"), "No metadata without a token."),
    key("ALIBABA_CLOUD_ROLE_ARN", Text, Alone, Works, None, "RAM role to assume with an OIDC token."),
    key("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", Text, Alone, Works, None, "OIDC provider known to RAM."),
    key("ALIBABA_CLOUD_OIDC_TOKEN_FILE", Path, Alone, Works, None, "File that holds the OIDC token."),
    key("ALIBABA_CLOUD_ROLE_SESSION_NAME", Text, Alone, Works, None, "Session name in the audit log of the role."),
    key("ALIBABA_CLOUD_STS_REGION", Text, Alone, Works, None, "Region whose STS is asked; unset: the one for all."),
    key("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", Bool, Alone, Works, Some("false"), "STS of the region inside a VPC."),
    key("cache_client_region_id", Json, Regions, Works, None, "The KMS regions: regionId, endpoint, vpc, caFilePath …"),
    key("cache_client_dkms_config_info", Json, Instances, Works, None, "Dedicated KMS instances."),
    key("https_proxy", Secret, Proxy, Works, None, "HTTP proxy on the way to KMS."),
    key("socks5_proxy", Secret, Proxy, Works, None, "SOCKS proxy on the way to KMS."),
    key("no_proxy", Text, Proxy, Works, None, "Hosts reached without a proxy."),
    key("http_proxy", Secret, Proxy, NoEffect, None, "For plain requests, which never leave this machine."),
    key("signature", Text, Alone, Works, Some("acs3"), "How requests are signed: `acs3` or `v1`."),
    key("call_budget_milliseconds", Millis, Alone, Works, Some("10000"), "Time a refused call may wait for a new key."),
    key("fetch_budget_milliseconds", Millis, Alone, Works, Some("10000"), "Time one fetch from KMS may take."),
    key("settle_milliseconds", Millis, Alone, Works, Some("10000"), "Time a new key needs to be known everywhere."),
    key("max_stale_milliseconds", Millis, Alone, Works, None, "Age at which a stale key is refused; unset: never."),
    key("rotation_interval", Millis, Alone, Works, Some("21600000"), "Time between scheduled looks; 0: the default."),
    key("delay_interval", Millis, Alone, Works, Some("300000"), "Wait after a planned rotation; 0: the default."),
    key("dead_key_codes", List, Alone, Works, None, "More error codes that mean: this AccessKey is dead."),
    key("secret_names", List, Alone, Works, None, "Secrets that are fetched at once."),
    key("user_agent", Text, Alone, Works, None, "Text that is added to the User-Agent header."),
    key("monitor_period_milliseconds", Millis, Alone, NoEffect, None, "Monitor of the official plug-ins."),
    key("monitor_customer_milliseconds", Millis, Alone, NoEffect, None, "Monitor of the official plug-ins."),
    key("refresh_secret_ttl", Millis, Alone, NoEffect, None, "Of the official JDBC driver; see rotation_interval."),
    key("ignoreSSLCerts", Bool, Alone, NoEffect, None, "Never read by any plug-in; see ignoreSslCerts of a region."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_documented() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(std::ptr::eq(find(key.name).unwrap(), key), "{} at {index} is there twice", key.name);
            assert!(key.doc.ends_with(['.', '…']), "{}", key.name);
        }
    }

    #[test]
    fn secrets_have_no_default() {
        assert!(KEYS.iter().all(|key| key.kind != Kind::Secret || key.default.is_none()));
    }

    #[test]
    fn identity_keys_are_told_by_their_prefix() {
        for key in KEYS {
            let prefixed = key.name.starts_with("credentials_") || key.name.starts_with("client_key_");
            assert_eq!(key.group == Group::Identity, prefixed && key.name != "client_key_password", "{}", key.name);
        }
    }
}
