//! Stage 1 of 8: the profile of the Alibaba Cloud command line tool, `~/.aliyun/config.json`.
//!
//! In go the surroundings of a process, out comes what the profile in use says, or why it says nothing that can be used.
//! Knows no sockets.

use super::chain::{self, Surroundings};
use super::source_settings::SourceSettings;
use super::{external, regular_file, role, shown};
use crate::secret_text::SecretText;
use serde::Deserialize;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;

const MOST_BYTES: usize = 1 << 20;
/// A longer row of roles that assume one another is nobody's intention.
const MOST_ROLES: usize = 8;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    current: String,
    #[serde(default)]
    profiles: Vec<Profile>,
}

/// What is read of a profile; null counts as absent.
#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    mode: String,
    access_key_id: Option<String>,
    access_key_secret: Option<SecretText>,
    sts_token: Option<SecretText>,
    ram_role_name: Option<String>,
    ram_role_arn: Option<String>,
    ram_session_name: Option<String>,
    expired_seconds: Option<u64>,
    sts_region: Option<String>,
    enable_vpc: Option<bool>,
    policy: Option<String>,
    external_id: Option<String>,
    source_profile: Option<String>,
    oidc_provider_arn: Option<String>,
    oidc_token_file: Option<String>,
    process_command: Option<SecretText>,
}

/// What a profile is read with.
struct Reading<'a> {
    at: &'a Surroundings<'a>,
    ecs: &'a SourceSettings,
    /// The file, as it may be shown.
    file: String,
    /// Why nothing that it names may be run.
    doubt: Option<String>,
}

/// Reads the profile in use; `ecs` is what the settings say of the metadata service.
pub(super) fn read(at: &Surroundings, ecs: &SourceSettings) -> Result<SourceSettings, String> {
    if at.flag("ALIBABA_CLOUD_CLI_PROFILE_DISABLED")? {
        return Err("ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true".to_owned());
    }
    let named = at.text("ALIBABA_CLOUD_CONFIG_FILE")?.map(PathBuf::from);
    let path = named.map_or_else(|| at.at_home(".aliyun/config.json"), Ok)?;
    let unreadable = |error: io::Error| format!("{} cannot be read: {error}", shown::written_path(&path));
    let (file, metadata) = regular_file::open(&path).map_err(unreadable)?;
    let bytes = regular_file::read(file, MOST_BYTES).map_err(unreadable)?;
    in_bytes(&bytes, &shown::path(&path), at.doubt_about(&path, &metadata), at, ecs)
}

/// Reads the profile in use of a file's bytes; `shown` is what errors call the file, `doubt` why it runs nothing.
pub(super) fn in_bytes(
    bytes: &[u8],
    shown: &dyn Display,
    doubt: Option<String>,
    at: &Surroundings,
    ecs: &SourceSettings,
) -> Result<SourceSettings, String> {
    // The message of the parser could quote what it met.
    let file: File = serde_json::from_slice(bytes)
        .map_err(|error| format!("{shown} is not the expected JSON (line {})", error.line()))?;
    let wanted = at.text("ALIBABA_CLOUD_PROFILE")?.unwrap_or_else(|| file.current.clone());
    let reading = Reading { at, ecs, file: shown.to_string(), doubt };
    file.source(&wanted, &reading, &mut Vec::new()).map_err(|reason| format!("{shown}: {reason}"))
}

impl File {
    fn source(&self, name: &str, reading: &Reading, above: &mut Vec<String>) -> Result<SourceSettings, String> {
        if above.iter().any(|upper| upper == name) {
            let names: Vec<String> = above.iter().map(|name| shown::value(name)).collect();
            return Err(format!("the profiles {} assume one another in a circle", names.join(", ")));
        }
        if above.len() == MOST_ROLES {
            return Err(format!("more than {MOST_ROLES} profiles assume one another"));
        }
        above.push(name.to_owned());
        let profile = self
            .profiles
            .iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| format!("there is no profile {}", shown::value(name)))?;
        let made = match profile.mode.as_str() {
            "AK" => profile.access_key(None),
            "StsToken" => {
                let token = profile.sts_token.clone().filter(|token| !token.is_empty());
                token.ok_or_else(|| lacks("sts_token")).and_then(|token| profile.access_key(Some(token)))
            }
            "RamRoleArn" => {
                let token = profile.sts_token.clone().filter(|token| !token.is_empty());
                profile.access_key(token).and_then(|asker| profile.role(asker))
            }
            "ChainableRamRoleArn" => {
                let source = text(&profile.source_profile).ok_or_else(|| lacks("source_profile"))?;
                let asker = self.source(source, reading, above)?;
                profile.role(asker)
            }
            "EcsRamRole" => ecs_role(reading.ecs, text(&profile.ram_role_name)),
            "OIDC" => profile.oidc(),
            "External" => profile.program(reading),
            _ => {
                Err("its mode is none of AK, StsToken, RamRoleArn, EcsRamRole, ChainableRamRoleArn, OIDC and External"
                    .to_owned())
            }
        };
        made.map_err(|reason| format!("profile {}: {reason}", shown::value(name)))
    }
}

/// The role of the instance, with a name of the profile's own.
pub(super) fn ecs_role(ecs: &SourceSettings, name: Option<&str>) -> Result<SourceSettings, String> {
    let SourceSettings::EcsRamRole { role_name, metadata_endpoint, imdsv1_disabled } = ecs.clone() else {
        return Err("the settings of the ECS metadata service cannot be used".to_owned());
    };
    if name.is_some_and(|name| !super::identity::is_role_name(name)) {
        return Err("the name of its RAM role cannot be one".to_owned());
    }
    let role_name = name.map(str::to_owned).or(role_name);
    Ok(SourceSettings::EcsRamRole { role_name, metadata_endpoint, imdsv1_disabled })
}

impl Profile {
    fn access_key(&self, token: Option<SecretText>) -> Result<SourceSettings, String> {
        let id = text(&self.access_key_id).ok_or_else(|| lacks("access_key_id"))?;
        let secret = self.access_key_secret.clone().filter(|secret| !secret.is_empty());
        chain::access_key(id, secret.ok_or_else(|| lacks("access_key_secret"))?, token)
    }

    fn settings_of_role(&self) -> Result<role::RoleSettings, String> {
        let arn = text(&self.ram_role_arn).ok_or_else(|| lacks("ram_role_arn"))?;
        // The tool writes 0 for: as usual.
        let seconds = self.expired_seconds.filter(|seconds| *seconds != 0).map(|seconds| seconds.to_string());
        role::of_profile(arn, text(&self.ram_session_name), seconds.as_deref(), text(&self.policy))
    }

    fn role(&self, asker: SourceSettings) -> Result<SourceSettings, String> {
        Ok(SourceSettings::AssumeRole {
            asker: Box::new(asker),
            role: self.settings_of_role()?,
            external_id: text(&self.external_id).map(str::to_owned),
            sts_endpoint: role::sts_of_region(text(&self.sts_region), self.enable_vpc == Some(true))?,
        })
    }

    fn program(&self, reading: &Reading) -> Result<SourceSettings, String> {
        let command = self.process_command.as_ref().filter(|command| !command.is_empty());
        let command = command.ok_or_else(|| lacks("process_command"))?;
        let place = format!("the program of profile {:?} in {}", self.name, reading.file);
        let source = external::read(reading.at, command.expose(), place)?;
        match &reading.doubt {
            Some(doubt) => Err(format!("its mode is External, and no program is run for this file. {doubt}")),
            None => Ok(source),
        }
    }

    fn oidc(&self) -> Result<SourceSettings, String> {
        let provider = text(&self.oidc_provider_arn).ok_or_else(|| lacks("oidc_provider_arn"))?;
        let file = text(&self.oidc_token_file).ok_or_else(|| lacks("oidc_token_file"))?;
        let endpoint = role::sts_of_region(text(&self.sts_region), self.enable_vpc == Some(true))?;
        role::oidc_of_profile(self.settings_of_role()?, provider, file, endpoint)
    }
}

fn text(field: &Option<String>) -> Option<&str> {
    field.as_deref().filter(|text| !text.is_empty())
}

fn lacks(field: &str) -> String {
    format!("it has no {field}")
}
