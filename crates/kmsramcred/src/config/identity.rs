//! Stage 1 of 8: the `credentials_*` keys become the settings of one source.
//!
//! In go the chosen settings, out comes which source gives the identity and with what. The types are one table.
//! Asks nobody for an identity: knows no sockets.

use super::endpoint::{self, Endpoint};
use super::keys::Group;
use super::layers::Settings;
use super::process::Process;
use super::setting::{Setting, VISIBLE, visible};
use super::source_settings::SourceSettings;
use super::{chain, client_key, external, role, shown};
use crate::error::{Error, ErrorKind};
use crate::secret_text::SecretText;

/// The types, for errors about others.
pub(super) const TYPES_ALLOWED: &str = "ak, token, ecs_ram_role, sts, ram_role, oidc_role_arn or client_key";

type Reader = fn(&Settings, &Process) -> Result<SourceSettings, Error>;

struct Type {
    name: &'static str,
    uses: &'static [&'static str],
    read: Reader,
}

const TYPES: &[Type] = &[
    Type {
        name: "ak",
        uses: &["credentials_access_key_id", "credentials_access_secret", "credentials_security_token"],
        read: access_key,
    },
    Type { name: "ecs_ram_role", uses: &["credentials_role_name"], read: ecs_ram_role },
    Type { name: "token", uses: &["credentials_access_token_id", "credentials_access_token"], read: access_token },
    Type { name: "sts", uses: ASSUME_ROLE, read: assume_role },
    Type { name: "ram_role", uses: ASSUME_ROLE, read: assume_role },
    Type {
        name: "oidc_role_arn",
        uses: &[
            "credentials_role_arn",
            "credentials_role_session_name",
            "credentials_policy",
            "credentials_duration_seconds",
            "credentials_sts_endpoint",
            "credentials_oidc_provider_arn",
            "credentials_oidc_token_file_path",
        ],
        read: oidc_role,
    },
    Type {
        name: "client_key",
        uses: &[
            "client_key_private_key_path",
            "client_key_password_from_env_variable",
            "client_key_password_from_file_path",
        ],
        read: client_key,
    },
];

const ASSUME_ROLE: &[&str] = &[
    "credentials_access_key_id",
    "credentials_access_secret",
    "credentials_security_token",
    "credentials_role_arn",
    "credentials_role_session_name",
    "credentials_policy",
    "credentials_duration_seconds",
    "credentials_sts_endpoint",
    "credentials_external_id",
];

/// Reads the identity; keys that its type does not use are noticed.
pub(super) fn read(settings: &Settings, process: &Process, notices: &mut Vec<String>) -> Result<SourceSettings, Error> {
    let Some(named) = settings.get("credentials_type") else {
        return no_type(settings, process);
    };
    let Some(kind) = TYPES.iter().find(|kind| kind.name == named.raw()) else {
        return Err(named.wrong(named.found(), TYPES_ALLOWED));
    };
    for setting in settings.iter().filter(|setting| setting.key.group == Group::Identity) {
        let is_used = kind.uses.contains(&setting.key.name)
            || (settings.get("cache_client_dkms_config_info").is_some() && setting.key.name.starts_with("client_key_"));
        if setting.key.name != "credentials_type" && !is_used {
            let name = setting.key.name;
            notices.push(format!("{name} ({}) is not used with credentials_type={}.", setting.origin, kind.name));
        }
    }
    (kind.read)(settings, process)
}

/// The default chain, unless something is set that only a type could use.
fn no_type(settings: &Settings, process: &Process) -> Result<SourceSettings, Error> {
    // Instances have ClientKeys of their own, which may share a file or a password.
    let has_instances = settings.get("cache_client_dkms_config_info").is_some();
    let is_theirs = |setting: &&Setting| has_instances && setting.key.name.starts_with("client_key_");
    let mut of_a_type = settings.iter().filter(|setting| setting.key.group == Group::Identity);
    let Some(set) = of_a_type.find(|setting| !is_theirs(setting)) else {
        let runs_programs = settings.read(external::ALLOW, Setting::flag)?.unwrap_or(false);
        return Ok(chain::read(process, ecs_ram_role(settings, process)?, runs_programs));
    };
    let message = format!(
        "credentials_type is not set, although {} ({}) is; allowed: credentials_type={TYPES_ALLOWED}, or no key of an identity at all for the \
         default chain.",
        set.key.name, set.origin
    );
    Err(Error::new(ErrorKind::ConfigInvalid, message))
}

fn access_key(settings: &Settings, _: &Process) -> Result<SourceSettings, Error> {
    let id = required(settings, "credentials_access_key_id")?.text(is_id, ID)?.to_owned();
    let secret = required(settings, "credentials_access_secret")?.text(visible, VISIBLE)?.into();
    let token = settings.read("credentials_security_token", |setting| setting.text(visible, VISIBLE))?;
    Ok(SourceSettings::AccessKey { id, secret, token: token.map(SecretText::from) })
}

/// What the official plug-ins call a token is a pair like an AccessKey, and signs as one.
fn access_token(settings: &Settings, _: &Process) -> Result<SourceSettings, Error> {
    let id = required(settings, "credentials_access_token_id")?.text(is_id, ID)?.to_owned();
    let secret = required(settings, "credentials_access_token")?.text(visible, VISIBLE)?.into();
    Ok(SourceSettings::AccessKey { id, secret, token: None })
}

fn assume_role(settings: &Settings, process: &Process) -> Result<SourceSettings, Error> {
    let asker = Box::new(access_key(settings, process)?);
    let role = role::read(settings, required(settings, "credentials_role_arn")?)?;
    let external_id = settings.read("credentials_external_id", |setting| setting.text(visible, VISIBLE))?;
    let sts_endpoint = role::sts_endpoint(settings)?;
    Ok(SourceSettings::AssumeRole { asker, role, external_id: external_id.map(str::to_owned), sts_endpoint })
}

fn oidc_role(settings: &Settings, process: &Process) -> Result<SourceSettings, Error> {
    let either = |key, variable| {
        settings.get(key).or_else(|| settings.get(variable)).map_or_else(|| required(settings, key), Ok)
    };
    let role = role::read(settings, either("credentials_role_arn", "ALIBABA_CLOUD_ROLE_ARN")?)?;
    let provider = either("credentials_oidc_provider_arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN")?;
    let provider_arn = role::checked(provider, role::is_provider_arn, role::PROVIDER)?.to_owned();
    let file = either("credentials_oidc_token_file_path", "ALIBABA_CLOUD_OIDC_TOKEN_FILE")?;
    let token_file = role::token_file(file, process)?;
    Ok(SourceSettings::OidcRole { role, provider_arn, token_file, sts_endpoint: role::sts_endpoint(settings)? })
}

fn client_key(settings: &Settings, process: &Process) -> Result<SourceSettings, Error> {
    client_key::read(settings, process).map(SourceSettings::ClientKey)
}

fn ecs_ram_role(settings: &Settings, _: &Process) -> Result<SourceSettings, Error> {
    let role = settings.get("credentials_role_name").or_else(|| settings.get("ALIBABA_CLOUD_ECS_METADATA"));
    let role_name = role.map(|setting| {
        let name = setting.text(is_role_character, ROLE)?;
        if is_role_name(name) { Ok(name.to_owned()) } else { Err(setting.wrong(shown::value(name), ROLE)) }
    });
    let endpoint = required(settings, "ecs_metadata_endpoint")?;
    let metadata_endpoint = Endpoint::metadata_service(endpoint.raw())
        .ok_or_else(|| endpoint.wrong(endpoint.found(), endpoint::METADATA_SERVICE))?;
    let imdsv1_disabled = required(settings, "ALIBABA_CLOUD_IMDSV1_DISABLED")?.flag()?;
    Ok(SourceSettings::EcsRamRole { role_name: role_name.transpose()?, metadata_endpoint, imdsv1_disabled })
}

/// The setting of a key that the type needs.
pub(super) fn required<'a>(settings: &'a Settings, key: &str) -> Result<&'a Setting, Error> {
    settings.get(key).ok_or_else(|| {
        let by = settings.get("credentials_type").map(|by| format!("={} ({})", by.raw(), by.origin));
        let message = format!(
            "{key} is not set, and credentials_type{} needs it. An identity is taken from one place.",
            by.unwrap_or_default()
        );
        Error::new(ErrorKind::ConfigInvalid, message)
    })
}

pub(super) const ID: &str = "letters, digits, `.`, `_` and `-`, without quotes";

/// Whether a text can be the id of an AccessKey.
pub(super) fn is_access_key_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_id)
}

fn is_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

const ROLE: &str = "the name of a RAM role: at most 64 letters, digits, `.`, `_` and `-`";

/// Whether a text can be the name of a RAM role.
pub(super) fn is_role_name(text: &str) -> bool {
    text.len() <= 64 && text.chars().all(is_role_character) && text.chars().any(|c| c != '.')
}

fn is_role_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
