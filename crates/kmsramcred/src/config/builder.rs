//! Stage 1 of 8: the settings of the program, a file and the environment become one validated [`Config`].
//!
//! In go calls in any order, out comes a Config or the one error that says what to correct. Everything is read when the
//! call is made and validated in [`ConfigBuilder::build`]. Knows no sockets.

use super::environ::{self, Environment};
use super::keys::{self, Group, KEYS, Key};
use super::layers::{Layer, Settings};
use super::location::Found;
use super::origin::Origin;
use super::process::Process;
use super::setting::{Setting, VISIBLE, visible};
use super::{Config, Signature, gateways, identity, instance, location, properties, proxy, shown, spelling, timing};
use crate::error::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;

const MOST_NOTICES: usize = 20;

/// Collects settings. Precedence whatever the order of calls: `set`/`access_key` > file > environment.
#[derive(Debug, Clone, Default)]
pub struct ConfigBuilder {
    program: Layer,
    file: Option<File>,
    environment: Environment,
}

#[derive(Debug, Clone)]
struct File {
    path: Arc<Path>,
    layer: Layer,
    notices: Vec<String>,
}

impl ConfigBuilder {
    /// Adds a properties file: `path`, or the one found by the documented look-up. A builder reads one file only.
    pub fn file(&mut self, path: Option<&Path>) -> Result<&mut Self, Error> {
        self.file_of(path, &Process::current())
    }

    /// Adds the process environment as it is now.
    pub fn environment(&mut self) -> Result<&mut Self, Error> {
        self.environment_of(&Process::current())
    }

    /// Sets one key of the properties file's vocabulary; an unknown key and an empty value are errors here.
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Self, Error> {
        let known = keys::find(key).ok_or_else(|| {
            let message = format!("{} ({}).", unknown(key), Origin::Program);
            Error::new(ErrorKind::ConfigInvalid, message)
        })?;
        self.program.insert(from_program(known, value)?);
        Ok(self)
    }

    /// Sets a fixed AccessKey (with an optional security token) as source, in place of any identity set before.
    pub fn access_key(&mut self, id: &str, secret: &str, token: Option<&str>) -> Result<&mut Self, Error> {
        let pairs = [
            ("credentials_type", Some("ak")),
            ("credentials_access_key_id", Some(id)),
            ("credentials_access_secret", Some(secret)),
            ("credentials_security_token", token),
        ];
        let mut settings = Vec::new();
        for (name, value) in pairs {
            if let (Some(key), Some(value)) = (keys::find(name), value) {
                let setting = from_program(key, value)?;
                setting.text(visible, VISIBLE)?;
                settings.push(setting);
            }
        }
        self.program.clear(Group::Identity);
        for setting in settings {
            self.program.insert(setting);
        }
        Ok(self)
    }

    /// Validates everything.
    pub fn build(&self) -> Result<Config, Error> {
        self.build_of(&Process::current())
    }

    pub(super) fn build_of(&self, process: &Process) -> Result<Config, Error> {
        let mut notices: Vec<String> = self.environment.notice.iter().cloned().collect();
        self.validated(process, &mut notices).map_err(|error| with_hints(error, &notices))
    }

    fn validated(&self, process: &Process, notices: &mut Vec<String>) -> Result<Config, Error> {
        let nothing = Layer::default();
        let file = self.file.as_ref().map_or(&nothing, |file| {
            notices.extend_from_slice(&file.notices);
            &file.layer
        });
        let settings = Settings::choose(&self.program, file, &self.environment.layer, notices);
        if settings.all_default() {
            return Err(self.nothing_set());
        }
        settings.notice_without_effect(notices);
        let source = identity::read(&settings, process, notices)?;
        let gateways = gateways::read(&settings, process, notices)?;
        let proxies = proxy::read(&settings, notices)?;
        let list = |key, allow: fn(char) -> bool, allowed| {
            settings.read(key, |setting| setting.list(allow, allowed)).map(Option::unwrap_or_default)
        };
        Ok(Config {
            source,
            gateways,
            proxies,
            signature: settings.read("signature", signature)?.unwrap_or(Signature::Acs3),
            timing: timing::read(&settings)?,
            prefetch: list("secret_names", |c| !c.is_control(), "names without control characters")?,
            dead_key_codes: list("dead_key_codes", visible, VISIBLE)?,
            user_agent: settings.read("user_agent", user_agent)?,
            origins: settings.iter().map(|setting| (setting.key.name.to_owned(), setting.origin.clone())).collect(),
            notices: std::mem::take(notices),
            trusts_its_caller: process.distrust.is_none(),
        })
    }

    fn nothing_set(&self) -> Error {
        let file = self.file.as_ref().map(|file| shown::path(&file.path));
        let message = format!(
            "No configuration: neither the program nor the file ({}) nor the environment sets a known key.{}",
            file.as_deref().unwrap_or("none"),
            self.environment.notice.as_ref().map(|notice| format!(" {notice}")).unwrap_or_default()
        );
        Error::new(ErrorKind::ConfigMissing, message)
    }

    pub(super) fn file_of(&mut self, path: Option<&Path>, process: &Process) -> Result<&mut Self, Error> {
        if let Some(file) = &self.file {
            let message =
                format!("A second file: {} is already read, and files are not merged.", shown::path(&file.path));
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        self.found_file(location::find(path, process)?)
    }

    /// Adds a file that was found and read.
    pub(super) fn found_file(&mut self, found: Found) -> Result<&mut Self, Error> {
        let properties = properties::parse(&found.bytes, &found.path)?;
        if properties.entries.is_empty() {
            return Err(location::empty(&found.path));
        }
        let mut notices: Vec<String> = found.notice.into_iter().chain(properties.notices).collect();
        let mut layer = Layer::default();
        let lists = properties.entries.iter().filter(|entry| entry.key == instance::KEY);
        let own: Vec<String> = lists.flat_map(|entry| instance::password_keys(entry.value.expose())).collect();
        for entry in properties.entries {
            let origin = Origin::File { path: found.path.clone(), line: entry.line };
            let Some(key) = keys::find(&entry.key) else {
                if own.contains(&entry.key) {
                    layer.insert_own(entry.key, entry.value);
                    continue;
                }
                notices.push(format!("{} ({origin}), ignored.", unknown(&entry.key)));
                continue;
            };
            let Some(setting) = Setting::new(key, entry.value.expose(), origin.clone()) else {
                layer.remove(key);
                notices.push(format!("{} ({origin}) has no value and counts as not set.", key.name));
                continue;
            };
            if let Some(earlier) = layer.insert(setting) {
                notices.push(format!("{} ({origin}) replaces the value of {}.", key.name, earlier.origin));
            }
        }
        if notices.len() > MOST_NOTICES {
            let more = notices.len() - MOST_NOTICES;
            notices.truncate(MOST_NOTICES);
            notices.push(format!("{}: {more} more notices.", shown::path(&found.path)));
        }
        self.file = Some(File { path: found.path, layer, notices });
        Ok(self)
    }

    /// Adds the file that the look-up finds. Where it finds none and the program names none, the environment may do
    /// alone.
    pub(super) fn file_if_any(&mut self, path: Option<&Path>, process: &Process) -> Result<&mut Self, Error> {
        self.environment_of(process)?;
        match self.file_of(path, process).map(drop) {
            Err(error)
                if path.is_none()
                    && error.kind() == ErrorKind::ConfigMissing
                    && (process.variable)(location::VARIABLE).is_none()
                    && self.environment.layer.names_a_source() => {}
            other => other?,
        }
        Ok(self)
    }

    pub(super) fn environment_of(&mut self, process: &Process) -> Result<&mut Self, Error> {
        self.environment = environ::read(process)?;
        Ok(self)
    }
}

/// What was passed over may be what was meant: a misspelt key is only seen when another one is missed.
fn with_hints(error: Error, notices: &[String]) -> Error {
    let hints: Vec<&str> = notices
        .iter()
        .map(String::as_str)
        .filter(|notice| notice.starts_with("Unknown key") || notice.ends_with("counts as not set."))
        .take(3)
        .collect();
    if hints.is_empty() {
        return error;
    }
    Error::new(error.kind(), format!("{} Noticed besides: {}", error.message(), hints.join(" ")))
}

fn from_program(key: &'static Key, value: &str) -> Result<Setting, Error> {
    Setting::new(key, value, Origin::Program).ok_or_else(|| {
        let message = format!("{} ({}): found nothing; allowed: a value, or no call.", key.name, Origin::Program);
        Error::new(ErrorKind::ConfigInvalid, message)
    })
}

fn unknown(key: &str) -> String {
    let shown = shown::name(key).map_or_else(|| shown::hidden(key), |name| format!("`{name}`"));
    let meant = spelling::nearest(key, KEYS.iter().map(|key| key.name));
    let hint = meant.map(|meant| format!(", the nearest known key is `{meant}`")).unwrap_or_default();
    format!("Unknown key: found {shown}{hint}")
}

fn signature(setting: &Setting) -> Result<Signature, Error> {
    match setting.raw() {
        "acs3" => Ok(Signature::Acs3),
        "v1" => Ok(Signature::RpcV1),
        _ => Err(setting.wrong(setting.found(), "acs3 or v1")),
    }
}

fn user_agent(setting: &Setting) -> Result<String, Error> {
    const ALLOWED: &str = "at most 256 visible ASCII characters and blanks";
    let text = setting.text(|c| visible(c) || c == ' ', ALLOWED)?;
    if text.len() > 256 { Err(setting.wrong(setting.found(), ALLOWED)) } else { Ok(text.to_owned()) }
}
