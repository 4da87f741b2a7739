//! Stage 1 of 8, for fuzz targets and tests only: the readers of this stage without a file or a process around them.
//!
//! In go bytes, out comes what the reader made of them. What must hold of it is asserted in `crate::fuzzing`.

use super::chain::Surroundings;
use super::endpoint::Endpoint;
use super::keys::{self, Kind};
use super::location::Found;
use super::process::Process;
use super::source_settings::SourceSettings;
use super::{Config, ConfigBuilder, cli_profile, ini_profile, json_value, properties};
use crate::error::Error;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What errors call the file.
const FILE: &str = "/fuzz/input";

/// A process without an environment.
const PROCESS: Process<'static> =
    Process { variable: &|_| None, working_directory: None, user: Some(0), distrust: None };

/// One key of a properties file: name, value and line.
pub(crate) type Entry = (String, String, usize);

/// The keys of a properties file.
pub(crate) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, Error> {
    let found = properties::parse(bytes, &file())?;
    Ok(found.entries.into_iter().map(|entry| (entry.key, entry.value.expose().to_owned(), entry.line)).collect())
}

/// The Config that a properties file alone makes.
pub(crate) fn config(bytes: &[u8]) -> Result<Config, Error> {
    let found = Found { path: file(), bytes: Zeroizing::new(bytes.to_vec()), notice: None };
    ConfigBuilder::default().found_file(found)?.build_of(&PROCESS)
}

/// The texts in the value of a key that nothing may show.
pub(crate) fn secrets_in(key: &str, value: &str) -> Vec<String> {
    match keys::find(key).map(|key| key.kind) {
        Some(Kind::Secret) => vec![value.to_owned()],
        Some(Kind::Json) => {
            let Ok(read) = json_value::read(value) else { return Vec::new() };
            let members = read.as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
            let secret = |(name, text): (&String, &Value)| {
                ["password", "clientKeyContent"].contains(&name.as_str()).then(|| text.as_str().map(str::to_owned))?
            };
            members.filter_map(secret).collect()
        }
        _ => Vec::new(),
    }
}

/// An endpoint read as that of a gateway.
pub(crate) fn endpoint(text: &str) -> Option<Endpoint> {
    Endpoint::gateway(text)
}

/// What a `config.json` of the command line tool says.
pub(crate) fn cli_profile(bytes: &[u8]) -> Result<SourceSettings, String> {
    cli_profile::in_bytes(bytes, &FILE, None, &Surroundings::of(&PROCESS, true), &ecs())
}

/// What an ini file says.
pub(crate) fn ini_profile(bytes: &[u8]) -> Result<SourceSettings, String> {
    ini_profile::in_bytes(bytes, &FILE, &Surroundings::of(&PROCESS, true), &ecs())
}

fn file() -> Arc<Path> {
    Path::new(FILE).into()
}

fn ecs() -> SourceSettings {
    let metadata_endpoint = Endpoint { tls: false, authority: "100.100.100.200".to_owned() };
    SourceSettings::EcsRamRole { role_name: None, metadata_endpoint, imdsv1_disabled: false }
}
