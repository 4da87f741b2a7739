//! Stage 1 of 8: the ini file of the official libraries, `~/.alibabacloud/credentials.ini`, in Go without the suffix.
//!
//! In go the surroundings of a process, out comes what the section in use says, or why it says nothing that can be used.
//! A value ends at the first `#`. Knows no sockets.

use super::chain::{self, Surroundings};
use super::cli_profile::ecs_role;
use super::source_settings::SourceSettings;
use super::{regular_file, role, shown};
use crate::secret_text::SecretText;
use std::fmt::Display;
use std::path::PathBuf;
use zeroize::Zeroizing;

const MOST_BYTES: usize = 1 << 20;

/// Reads the section in use; `ecs` is what the settings say of the metadata service.
pub(super) fn read(at: &Surroundings, ecs: &SourceSettings) -> Result<SourceSettings, String> {
    let (path, bytes) = file(at)?;
    in_bytes(&bytes, &shown::path(&path), at, ecs)
}

/// Reads the section in use of a file's bytes; `shown` is what errors call the file.
pub(super) fn in_bytes(
    bytes: &[u8],
    shown: &dyn Display,
    at: &Surroundings,
    ecs: &SourceSettings,
) -> Result<SourceSettings, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8"))?;
    let wanted = at.text("ALIBABA_CLOUD_PROFILE")?.unwrap_or_else(|| "default".to_owned());
    let section =
        Section::find(text, &wanted).ok_or_else(|| format!("{shown} has no section {}", shown::value(&wanted)))?;
    section.source(at, ecs).map_err(|reason| format!("{shown}, section [{wanted}]: {reason}"))
}

/// The file that is named, or the first of the usual ones.
fn file(at: &Surroundings) -> Result<(PathBuf, Zeroizing<Vec<u8>>), String> {
    let places = match at.text("ALIBABA_CLOUD_CREDENTIALS_FILE")? {
        Some(named) => vec![PathBuf::from(named)],
        None => vec![at.at_home(".alibabacloud/credentials.ini")?, at.at_home(".alibabacloud/credentials")?],
    };
    let mut reasons = Vec::new();
    for path in places {
        match regular_file::open(&path).and_then(|(file, _)| regular_file::read(file, MOST_BYTES)) {
            Ok(bytes) => return Ok((path, bytes)),
            Err(error) => reasons.push(format!("{} cannot be read: {error}", shown::written_path(&path))),
        }
    }
    Err(reasons.join(", "))
}

/// The lines of one section; of a repeated key the last one holds.
struct Section<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Section<'a> {
    fn find(text: &'a str, wanted: &str) -> Option<Section<'a>> {
        let mut found = None;
        let mut inside = false;
        for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                inside = name.trim() == wanted;
                if inside {
                    found.get_or_insert_with(Vec::new);
                }
            } else if let (true, Some((key, value))) = (inside && !line.starts_with(['#', ';']), line.split_once('=')) {
                let value = value.split('#').next().unwrap_or_default().trim();
                found.get_or_insert_with(Vec::new).push((key.trim(), value));
            }
        }
        found.map(Section)
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(have, _)| *have == key).map(|(_, value)| *value).filter(|value| !value.is_empty())
    }

    fn needed(&self, key: &str) -> Result<&'a str, String> {
        self.get(key).ok_or_else(|| format!("it has no {key}"))
    }

    fn source(&self, at: &Surroundings, ecs: &SourceSettings) -> Result<SourceSettings, String> {
        match self.needed("type")? {
            "access_key" => self.access_key(),
            "ram_role_arn" => Ok(SourceSettings::AssumeRole {
                asker: Box::new(self.access_key()?),
                role: self.role()?,
                external_id: self.get("external_id").map(str::to_owned),
                sts_endpoint: at.sts_endpoint()?,
            }),
            "ecs_ram_role" => ecs_role(ecs, self.get("role_name")),
            "oidc_role_arn" => {
                let (provider, file) = (self.needed("oidc_provider_arn")?, self.needed("oidc_token_file_path")?);
                role::oidc_of_profile(self.role()?, provider, file, at.sts_endpoint()?)
            }
            _ => Err("its type is none of access_key, ram_role_arn, ecs_ram_role and oidc_role_arn".to_owned()),
        }
    }

    fn access_key(&self) -> Result<SourceSettings, String> {
        let secret = SecretText::from(self.needed("access_key_secret")?);
        chain::access_key(self.needed("access_key_id")?, secret, None)
    }

    fn role(&self) -> Result<role::RoleSettings, String> {
        let seconds = self.get("duration_seconds");
        role::of_profile(self.needed("role_arn")?, self.get("role_session_name"), seconds, self.get("policy"))
    }
}
