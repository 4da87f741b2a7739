//! Stage 1 of 8: the default chain, for an absent `credentials_type`.
//!
//! In goes a process, out come the links in the official order: the environment, OIDC, the profile of the command line
//! tool, the ini file, ECS metadata, the credentials URI. A link for which nothing is set carries the reason. Each is taken
//! from one place. A setuid program reads neither environment nor home. Knows no sockets.

use super::endpoint::Endpoint;
use super::process::Process;
use super::source_settings::{ChainLink, SourceSettings};
use super::{cli_profile, ini_profile, location, role, setting};
use crate::secret_text::SecretText;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// The standard variables and the home of a process.
pub(super) struct Surroundings<'a> {
    process: &'a Process<'a>,
    /// Whether a profile may run a program for an identity.
    pub runs_programs: bool,
}

impl<'a> Surroundings<'a> {
    /// Why a file may not be what its reader thinks.
    pub fn doubt_about(&self, path: &Path, metadata: &Metadata) -> Option<String> {
        location::doubt_about(path, metadata, self.process)
    }

    pub fn of(process: &'a Process<'a>, runs_programs: bool) -> Surroundings<'a> {
        Surroundings { process, runs_programs }
    }

    /// A variable that is set to something.
    pub fn variable(&self, name: &str) -> Result<Option<SecretText>, String> {
        if let Some(reason) = self.process.distrust {
            return Err(format!("the environment is not read, since {reason}"));
        }
        let Some(value) = (self.process.variable)(name) else { return Ok(None) };
        let value = value.into_string().map_err(|_| format!("{name} holds bytes that are not UTF-8"))?;
        let value = SecretText::new(value);
        let text = value.expose().trim();
        Ok((!text.is_empty()).then(|| SecretText::from(text)))
    }

    /// The text of a variable that is no secret.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.variable(name)?.map(|text| text.expose().to_owned()))
    }

    /// Whether a variable says `true`.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        Ok(self.variable(name)?.is_some_and(|text| setting::flag(text.expose()) == Some(true)))
    }

    /// Whether a variable is there, even an empty one.
    pub fn is_set(&self, name: &str) -> bool {
        (self.process.variable)(name).is_some()
    }

    /// A file in the home directory.
    pub fn at_home(&self, file: &str) -> Result<PathBuf, String> {
        let home = self.text("HOME")?.ok_or("HOME is not set")?;
        Ok(PathBuf::from(home).join(file))
    }

    /// The STS of the standard variables.
    pub fn sts_endpoint(&self) -> Result<Endpoint, String> {
        let region = self.text("ALIBABA_CLOUD_STS_REGION")?;
        role::sts_of_region(region.as_deref(), self.flag("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED")?)
    }
}

/// The links. `ecs` is what the settings say of the metadata service, `runs_programs` whether they allow programs.
pub(super) fn read(process: &Process, ecs: SourceSettings, runs_programs: bool) -> SourceSettings {
    let at = Surroundings::of(process, runs_programs);
    let link = |name, source: Result<SourceSettings, String>| ChainLink { name, source: source.map(Box::new) };
    let links = vec![
        link("env", environment(&at)),
        link("oidc_role_arn", oidc(&at)),
        link("cli_profile", cli_profile::read(&at, &ecs)),
        link("profile", ini_profile::read(&at, &ecs)),
        link("ecs_ram_role", metadata(&at, ecs)),
        link("credential_uri", credentials_uri(&at)),
    ];
    SourceSettings::Chain { links }
}

fn environment(at: &Surroundings) -> Result<SourceSettings, String> {
    let needed = |name: &str| at.variable(name)?.ok_or_else(|| format!("{name} is not set"));
    let id = needed("ALIBABA_CLOUD_ACCESS_KEY_ID")?;
    let secret = needed("ALIBABA_CLOUD_ACCESS_KEY_SECRET")?;
    access_key(id.expose(), secret, at.variable("ALIBABA_CLOUD_SECURITY_TOKEN")?)
}

/// A fixed AccessKey whose parts can be sent.
pub(super) fn access_key(id: &str, secret: SecretText, token: Option<SecretText>) -> Result<SourceSettings, String> {
    let visible = |text: &SecretText| text.expose().chars().all(setting::visible);
    if !super::identity::is_access_key_id(id) {
        return Err(format!("its AccessKey id is not made of {}", super::identity::ID));
    }
    if !visible(&secret) || !token.as_ref().is_none_or(visible) {
        return Err(format!("its secret or token is not made of {}", setting::VISIBLE));
    }
    Ok(SourceSettings::AccessKey { id: id.to_owned(), secret, token })
}

fn oidc(at: &Surroundings) -> Result<SourceSettings, String> {
    let needed = |name: &str| at.text(name)?.ok_or_else(|| format!("{name} is not set"));
    let arn = needed("ALIBABA_CLOUD_ROLE_ARN")?;
    let provider = needed("ALIBABA_CLOUD_OIDC_PROVIDER_ARN")?;
    let file = needed("ALIBABA_CLOUD_OIDC_TOKEN_FILE")?;
    let session = at.text("ALIBABA_CLOUD_ROLE_SESSION_NAME")?;
    let role = role::of_profile(&arn, session.as_deref(), None, None)?;
    role::oidc_of_profile(role, &provider, &file, at.sts_endpoint()?)
}

fn metadata(at: &Surroundings, ecs: SourceSettings) -> Result<SourceSettings, String> {
    // A setuid program cannot be told to leave the service alone; asking it takes nothing from the caller.
    if at.flag("ALIBABA_CLOUD_ECS_METADATA_DISABLED") == Ok(true) {
        return Err("ALIBABA_CLOUD_ECS_METADATA_DISABLED is true".to_owned());
    }
    Ok(ecs)
}

fn credentials_uri(at: &Surroundings) -> Result<SourceSettings, String> {
    const NAME: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
    let uri = at.variable(NAME)?.ok_or_else(|| format!("{NAME} is not set"))?;
    let wrong = || {
        format!(
            "{NAME} is no address that is asked: https://host/path, or http:// before localhost, 127.0.0.1 or [::1]"
        )
    };
    let (scheme, rest) = uri.expose().split_once("://").ok_or_else(wrong)?;
    let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let endpoint = Endpoint::gateway(&format!("{scheme}://{host}")).ok_or_else(wrong)?;
    if target.contains('#') || !target.chars().all(setting::visible) {
        return Err(wrong());
    }
    let slash = if target.starts_with('/') { "" } else { "/" };
    Ok(SourceSettings::CredentialsUri { endpoint, target: SecretText::new(format!("{slash}{target}")) })
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
