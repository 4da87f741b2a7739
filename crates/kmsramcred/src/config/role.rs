//! Stage 1 of 8: a RAM role that is to be assumed, and the STS that is asked for it.
//!
//! In go settings or the texts of a profile, out come the role and the endpoint, each checked. Knows no sockets.

use super::endpoint::{self, Endpoint};
use super::layers::Settings;
use super::named_file::NamedFile;
use super::process::Process;
use super::setting::{Setting, visible};
use super::source_settings::SourceSettings;
use super::{json_value, named_file, shown};
use crate::error::Error;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

/// What a role is asked for with.
#[derive(Clone, PartialEq, Eq)]
pub struct RoleSettings {
    /// `acs:ram::<account>:role/<name>`
    pub arn: String,
    /// What audit logs call the session.
    pub session_name: String,
    /// How long the identity shall last.
    pub duration_seconds: u32,
    /// A policy that narrows the role, as JSON.
    pub policy: Option<String>,
}

impl fmt::Debug for RoleSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleSettings")
            .field("arn", &self.arn)
            .field("session_name", &self.session_name)
            .field("duration_seconds", &self.duration_seconds)
            .field("has_policy", &self.policy.is_some())
            .finish()
    }
}

const ARN: &str = "the ARN of a RAM role, such as acs:ram::123456789012:role/name";
const SESSION: &str = "1 to 64 letters, digits, `.`, `@`, `-`, `_` and `=`";
const DURATION: &str = "a number of seconds from 900 to 43200";
const POLICY: &str = "a RAM policy: a JSON object of at most 2048 characters";
pub(super) const PROVIDER: &str = "the ARN of an OIDC provider, such as acs:ram::123456789012:oidc-provider/name";
const TOKEN_FILE: &str = "the path of a file that holds an OIDC token";
const STS: &str = "a host such as sts.cn-hangzhou.aliyuncs.com, with a port if need be, \
     and http:// only before localhost, 127.0.0.1 or [::1]";
const REGION: &str = "a region such as cn-hangzhou";
const DURATIONS: RangeInclusive<u32> = 900..=43_200;
const DEFAULT_DURATION: u32 = 3_600;
const DEFAULT_SESSION: &str = "kmsramcred";

/// Reads what goes with the role `arn`.
pub(super) fn read(settings: &Settings, arn: &Setting) -> Result<RoleSettings, Error> {
    let session =
        settings.get("credentials_role_session_name").or_else(|| settings.get("ALIBABA_CLOUD_ROLE_SESSION_NAME"));
    let session_name = session.map_or(Ok(DEFAULT_SESSION), |setting| checked(setting, is_session_name, SESSION))?;
    let duration = settings.read("credentials_duration_seconds", |setting| {
        duration(setting.raw()).ok_or_else(|| setting.wrong(setting.found(), DURATION))
    })?;
    let policy = settings.read("credentials_policy", |setting| {
        policy(setting.raw()).ok_or_else(|| setting.wrong(shown::hidden(setting.raw()), POLICY))
    })?;
    Ok(RoleSettings {
        arn: checked(arn, is_role_arn, ARN)?.to_owned(),
        session_name: session_name.to_owned(),
        duration_seconds: duration.unwrap_or(DEFAULT_DURATION),
        policy,
    })
}

/// The same from the texts of a profile; the error says what was wrong.
pub(super) fn of_profile(
    arn: &str,
    session: Option<&str>,
    seconds: Option<&str>,
    policy_text: Option<&str>,
) -> Result<RoleSettings, String> {
    if !is_role_arn(arn) {
        return Err(format!("its role is not {ARN}"));
    }
    let session_name = session.unwrap_or(DEFAULT_SESSION);
    if !is_session_name(session_name) {
        return Err(format!("its session name is not made of {SESSION}"));
    }
    let seconds = seconds.map(|text| duration(text).ok_or_else(|| format!("its duration is not {DURATION}")));
    let policy = policy_text.map(|text| policy(text).ok_or_else(|| format!("its policy is not {POLICY}")));
    Ok(RoleSettings {
        arn: arn.to_owned(),
        session_name: session_name.to_owned(),
        duration_seconds: seconds.transpose()?.unwrap_or(DEFAULT_DURATION),
        policy: policy.transpose()?,
    })
}

/// A role that trusts an OIDC token, from the texts of a profile.
pub(super) fn oidc_of_profile(
    role: RoleSettings,
    provider: &str,
    file: &str,
    sts_endpoint: Endpoint,
) -> Result<SourceSettings, String> {
    if !is_provider_arn(provider) {
        return Err(format!("its OIDC provider is not {PROVIDER}"));
    }
    let path = Some(Path::new(file)).filter(|_| !file.contains(char::is_control));
    let absolute = path.and_then(|path| Some((path, std::path::absolute(path).ok()?)));
    let (written, path) = absolute.ok_or_else(|| format!("its OIDC token file is not {TOKEN_FILE}"))?;
    let token_file = NamedFile::new(path, written);
    Ok(SourceSettings::OidcRole { role, provider_arn: provider.to_owned(), token_file, sts_endpoint })
}

/// Where STS is: as set, or made of the region, or the one for all regions.
pub(super) fn sts_endpoint(settings: &Settings) -> Result<Endpoint, Error> {
    if let Some(setting) = settings.get("credentials_sts_endpoint") {
        return Endpoint::gateway(setting.raw()).ok_or_else(|| setting.wrong(setting.found(), STS));
    }
    let region = settings.read("ALIBABA_CLOUD_STS_REGION", |setting| checked(setting, endpoint::is_label, REGION))?;
    let vpc = settings.read("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", Setting::flag)?.unwrap_or(false);
    Ok(regional_sts(region, vpc))
}

/// The STS of a region, or the one for all, from the texts of a profile.
pub(super) fn sts_of_region(region: Option<&str>, vpc: bool) -> Result<Endpoint, String> {
    if !region.is_none_or(endpoint::is_label) {
        return Err(format!("its STS region is not {REGION}"));
    }
    Ok(regional_sts(region, vpc))
}

fn regional_sts(region: Option<&str>, vpc: bool) -> Endpoint {
    let authority = match region {
        Some(region) => format!("sts{}.{region}.aliyuncs.com", if vpc { "-vpc" } else { "" }),
        None => "sts.aliyuncs.com".to_owned(),
    };
    Endpoint { tls: true, authority }
}

/// The file that holds the OIDC token. Whether it is there is seen when it is read.
pub(super) fn token_file(setting: &Setting, process: &Process) -> Result<NamedFile, Error> {
    let written = Path::new(setting.text(|c| !c.is_control(), TOKEN_FILE)?);
    let path = named_file::absolute(written, process, TOKEN_FILE, |found, allowed| setting.wrong(found, allowed))?;
    Ok(NamedFile::new(path, written))
}

/// The text of a setting that passes `fits`.
pub(super) fn checked<'a>(setting: &'a Setting, fits: impl Fn(&str) -> bool, allowed: &str) -> Result<&'a str, Error> {
    if fits(setting.raw()) { Ok(setting.raw()) } else { Err(setting.wrong(setting.found(), allowed)) }
}

fn is_role_arn(text: &str) -> bool {
    is_arn(text, ":role/")
}

pub(super) fn is_provider_arn(text: &str) -> bool {
    is_arn(text, ":oidc-provider/")
}

fn is_arn(text: &str, kind: &str) -> bool {
    text.len() <= 512 && text.starts_with("acs:ram:") && text.contains(kind) && text.chars().all(visible)
}

fn is_session_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".@-_=".contains(&byte))
}

fn duration(text: &str) -> Option<u32> {
    text.parse().ok().filter(|seconds| DURATIONS.contains(seconds))
}

fn policy(text: &str) -> Option<String> {
    let policy = json_value::read(text).ok()?;
    Some(policy.to_string()).filter(|text| policy.is_object() && text.chars().count() <= 2048)
}
