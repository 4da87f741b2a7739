//! Stage 1 of 8: the `credentials_*` keys become the settings of one source.
//!
//! In go the chosen settings, out comes which source gives the identity and with what. The types are one table: a type
//! that is not built yet has no reader, and gets one when its source exists. Asks nobody for an identity: knows no
//! sockets.

use super::endpoint::{self, Endpoint};
use super::keys::Group;
use super::layers::Settings;
use super::setting::{Setting, VISIBLE, visible};
use super::shown;
use crate::error::{Error, ErrorKind};
use crate::secret_text::{SecretText, shown_access_key_id};
use std::fmt;

/// What works today, for errors about what does not.
pub(super) const WORKS_TODAY: &str =
    "credentials_type=ak or credentials_type=ecs_ram_role, with regions in cache_client_region_id";

/// Which source gives the identity that calls KMS.
#[derive(Clone)]
#[non_exhaustive]
pub enum SourceSettings {
    /// `ak`: a fixed AccessKey.
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
}

impl SourceSettings {
    /// The `credentials_type` that it is.
    pub fn name(&self) -> &'static str {
        match self {
            SourceSettings::AccessKey { .. } => "ak",
            SourceSettings::EcsRamRole { .. } => "ecs_ram_role",
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
        }
    }
}

type Reader = fn(&Settings) -> Result<SourceSettings, Error>;

struct Type {
    name: &'static str,
    uses: &'static [&'static str],
    read: Option<Reader>,
}

const TYPES: &[Type] = &[
    Type {
        name: "ak",
        uses: &["credentials_access_key_id", "credentials_access_secret", "credentials_security_token"],
        read: Some(access_key),
    },
    Type { name: "ecs_ram_role", uses: &["credentials_role_name"], read: Some(ecs_ram_role) },
    Type { name: "token", uses: &[], read: None },
    Type { name: "sts", uses: &[], read: None },
    Type { name: "ram_role", uses: &[], read: None },
    Type { name: "oidc_role_arn", uses: &[], read: None },
    Type { name: "client_key", uses: &[], read: None },
];

/// Reads the identity; keys that its type does not use are noticed.
pub(super) fn read(settings: &Settings, notices: &mut Vec<String>) -> Result<SourceSettings, Error> {
    let Some(named) = settings.get("credentials_type") else {
        return Err(no_type(settings));
    };
    let Some(kind) = TYPES.iter().find(|kind| kind.name == named.raw()) else {
        return Err(named.wrong(named.found(), WORKS_TODAY));
    };
    let Some(read) = kind.read else {
        let found = format!("`{}`, a type that is not built yet", kind.name);
        return Err(named.wrong(found, WORKS_TODAY));
    };
    for setting in settings.iter().filter(|setting| setting.key.group == Group::Identity) {
        if setting.key.name != "credentials_type" && !kind.uses.contains(&setting.key.name) {
            let name = setting.key.name;
            notices.push(format!("{name} ({}) is not used with credentials_type={}.", setting.origin, kind.name));
        }
    }
    read(settings)
}

fn no_type(settings: &Settings) -> Error {
    let set = settings.iter().find(|setting| setting.key.group == Group::Identity);
    let beside = set.map(|set| format!(", although {} ({}) is", set.key.name, set.origin)).unwrap_or_default();
    let message = format!(
        "credentials_type is not set{beside}; allowed: {WORKS_TODAY}. The default chain of an absent type is not built yet."
    );
    Error::new(ErrorKind::ConfigInvalid, message)
}

fn access_key(settings: &Settings) -> Result<SourceSettings, Error> {
    let id = required(settings, "credentials_access_key_id")?.text(is_id, ID)?.to_owned();
    let secret = required(settings, "credentials_access_secret")?.text(visible, VISIBLE)?.into();
    let token = settings.read("credentials_security_token", |setting| setting.text(visible, VISIBLE))?;
    Ok(SourceSettings::AccessKey { id, secret, token: token.map(SecretText::from) })
}

fn ecs_ram_role(settings: &Settings) -> Result<SourceSettings, Error> {
    let role = settings.get("credentials_role_name").or_else(|| settings.get("ALIBABA_CLOUD_ECS_METADATA"));
    let role_name = role.map(|setting| {
        let name = setting.text(is_role_character, ROLE)?;
        let fits = name.len() <= 64 && name.chars().any(|c| c != '.');
        if fits { Ok(name.to_owned()) } else { Err(setting.wrong(shown::value(name), ROLE)) }
    });
    let endpoint = required(settings, "ecs_metadata_endpoint")?;
    let metadata_endpoint = Endpoint::metadata_service(endpoint.raw())
        .ok_or_else(|| endpoint.wrong(endpoint.found(), endpoint::METADATA_SERVICE))?;
    let imdsv1_disabled = required(settings, "ALIBABA_CLOUD_IMDSV1_DISABLED")?.flag()?;
    Ok(SourceSettings::EcsRamRole { role_name: role_name.transpose()?, metadata_endpoint, imdsv1_disabled })
}

fn required<'a>(settings: &'a Settings, key: &str) -> Result<&'a Setting, Error> {
    settings.get(key).ok_or_else(|| {
        let by = settings.get("credentials_type").map(|by| format!("={} ({})", by.raw(), by.origin));
        let message = format!(
            "{key} is not set, and credentials_type{} needs it. An identity is taken from one place.",
            by.unwrap_or_default()
        );
        Error::new(ErrorKind::ConfigInvalid, message)
    })
}

const ID: &str = "letters, digits, `.`, `_` and `-`, without quotes";

fn is_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

const ROLE: &str = "the name of a RAM role: at most 64 letters, digits, `.`, `_` and `-`";

fn is_role_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;
    use crate::config::layers::Layer;
    use crate::config::origin::Origin;

    fn identity(pairs: &[(&str, &str)]) -> (Result<SourceSettings, Error>, Vec<String>) {
        let mut layer = Layer::default();
        for (key, value) in pairs {
            layer.insert(Setting::new(keys::find(key).unwrap(), value, Origin::Program).unwrap());
        }
        let mut notices = Vec::new();
        let settings = Settings::choose(&layer, &Layer::default(), &Layer::default(), &mut notices);
        (read(&settings, &mut notices), notices)
    }

    #[test]
    fn an_access_key_is_read_and_not_shown() {
        let pairs = [
            ("credentials_type", "ak"),
            ("credentials_access_key_id", "LTAI5tExampleIdWXYZ"),
            ("credentials_access_secret", "hunter2"),
            ("credentials_security_token", "tok/en=="),
            ("credentials_role_arn", "acs:ram::1:role/x"),
        ];
        let (source, notices) = identity(&pairs);
        let source = source.unwrap();
        let SourceSettings::AccessKey { id, secret, token } = &source else { panic!("{source:?}") };
        assert_eq!((id.as_str(), secret.expose()), ("LTAI5tExampleIdWXYZ", "hunter2"));
        assert_eq!(token.as_ref().unwrap().expose(), "tok/en==");
        let shown = format!("{source:?}{notices:?}");
        for hidden in ["hunter2", "tok/en", "LTAI"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(notices[0].starts_with("credentials_role_arn"));
    }

    #[test]
    fn an_ecs_role_may_come_from_its_standard_variable() {
        let (source, _) = identity(&[("credentials_type", "ecs_ram_role"), ("ALIBABA_CLOUD_ECS_METADATA", "role-1")]);
        let Ok(SourceSettings::EcsRamRole { role_name, metadata_endpoint, imdsv1_disabled }) = source else { panic!() };
        assert_eq!(role_name.as_deref(), Some("role-1"));
        assert_eq!(metadata_endpoint.to_string(), "http://100.100.100.200");
        assert!(!imdsv1_disabled);
    }

    #[test]
    fn types_that_are_not_built_name_those_that_are() {
        for kind in ["token", "sts", "ram_role", "oidc_role_arn", "client_key", "AK", "x"] {
            let error = identity(&[("credentials_type", kind)]).0.unwrap_err();
            assert!(error.message().contains(WORKS_TODAY) && error.message().contains(kind), "{error}");
        }
        let error = identity(&[("credentials_access_key_id", "id")]).0.unwrap_err();
        assert!(error.message().contains("although credentials_access_key_id (set by the program) is"), "{error}");
    }

    #[test]
    fn half_an_access_key_is_refused() {
        let error = identity(&[("credentials_type", "ak"), ("credentials_access_key_id", "id")]).0.unwrap_err();
        assert!(error.message().contains("credentials_access_secret is not set"), "{error}");
    }
}
