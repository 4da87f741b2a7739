//! Stage 1 of 8: the keys of a ClientKey become the content of its file and its password.
//!
//! In go `client_key_private_key_path` and what says where the password is, out come both as they were read, with the place
//! where errors about them say that they stand. What the file holds is the business of whoever signs. Knows no sockets.

use super::identity::required;
use super::layers::Settings;
use super::process::Process;
use super::setting::{Setting, visible};
use super::{named_file, regular_file, shown};
use crate::error::Error;
use crate::secret_text::SecretText;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A longer ClientKey file is none; real ones have some four thousand bytes.
pub(crate) const FILE_LIMIT: usize = 64 * 1024;
/// A longer password is none; those that KMS makes have 32 characters.
const PASSWORD_LIMIT: usize = 1024;

const VARIABLE: &str = "the name of an environment variable that holds the password";

/// A ClientKey file as it was read, and the password that opens it.
#[derive(Clone)]
pub struct ClientKeySettings {
    pub(crate) file: Arc<Zeroizing<Vec<u8>>>,
    pub(crate) password: SecretText,
    /// The key that names the file, where it was set, and the file.
    pub(crate) place: String,
}

impl fmt::Debug for ClientKeySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientKeySettings({})", self.place)
    }
}

impl ClientKeySettings {
    /// The content of an opened file; `wrong` makes the error.
    pub(super) fn of_file(
        file: File,
        path: &Path,
        password: SecretText,
        place: &str,
        wrong: impl Fn(String, &str) -> Error,
    ) -> Result<ClientKeySettings, Error> {
        let content = regular_file::read(file, FILE_LIMIT)
            .map_err(|error| wrong(format!("{} ({error})", shown::path(path)), "a ClientKey file"))?;
        Ok(ClientKeySettings { file: Arc::new(content), password, place: format!("{place}: {}", shown::path(path)) })
    }

    /// A content that stands in the settings themselves.
    pub(super) fn of_content(content: &str, password: SecretText, place: String) -> ClientKeySettings {
        ClientKeySettings { file: Arc::new(Zeroizing::new(content.as_bytes().to_vec())), password, place }
    }
}

/// Reads the ClientKey of `credentials_type=client_key`.
pub(super) fn read(settings: &Settings, process: &Process) -> Result<ClientKeySettings, Error> {
    let named = required(settings, "client_key_private_key_path")?;
    let password = password(settings, process)?.ok_or_else(|| {
        named.wrong(
            "a file without a password",
            "one of client_key_password_from_file_path and client_key_password_from_env_variable, or the password itself in \
             the environment variable client_key_password",
        )
    })?;
    let (path, file) = open(named, process)?;
    let place = format!("{} ({})", named.key.name, named.origin);
    ClientKeySettings::of_file(file, &path, password, &place, |found, allowed| named.wrong(found, allowed))
}

/// The password that the keys of the whole configuration name, if they name one.
pub(super) fn password(settings: &Settings, process: &Process) -> Result<Option<SecretText>, Error> {
    if let Some(named) = settings.get("client_key_password_from_file_path") {
        let (path, file) = open(named, process)?;
        return in_file(file, &path, |found, allowed| named.wrong(found, allowed)).map(Some);
    }
    if let Some(named) = settings.get("client_key_password_from_env_variable") {
        return in_variable(named.raw(), process, |found, allowed| named.wrong(found, allowed)).map(Some);
    }
    Ok(settings.get("client_key_password").map(|setting| setting.raw().into()))
}

/// The password in an opened file: its text, without the line's end.
pub(super) fn in_file(file: File, path: &Path, wrong: impl Fn(String, &str) -> Error) -> Result<SecretText, Error> {
    const ALLOWED: &str = "a file with one line, the password, in UTF-8";
    let bytes = regular_file::read(file, PASSWORD_LIMIT)
        .map_err(|error| wrong(format!("{} ({error})", shown::path(path)), ALLOWED))?;
    match std::str::from_utf8(&bytes).map(str::trim) {
        Ok(text) if !text.is_empty() && !text.contains(['\r', '\n']) => Ok(text.into()),
        Ok("") => Err(wrong(format!("{}, which is empty", shown::path(path)), ALLOWED)),
        _ => Err(wrong(format!("{}, which is not one line of text", shown::path(path)), ALLOWED)),
    }
}

/// The password in the environment variable of that name.
pub(super) fn in_variable(
    name: &str,
    process: &Process,
    wrong: impl Fn(String, &str) -> Error,
) -> Result<SecretText, Error> {
    if !name.chars().all(visible) || name.contains('=') {
        return Err(wrong(shown::hidden(name), VARIABLE));
    }
    if let Some(reason) = process.distrust {
        return Err(wrong(format!("a variable, but the environment is not read, since {reason}"), "a file"));
    }
    let shown_name = shown_name(name);
    let value = (process.variable)(name).filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| wrong(format!("{shown_name}, which is not set in the environment"), VARIABLE))?;
    let value = value.into_string().map(Zeroizing::new);
    let value = value.map_err(|_| wrong(format!("{shown_name}, whose value is not UTF-8"), VARIABLE))?;
    Ok(value.trim().into())
}

/// The name of a variable or key. Whoever writes the password itself in its place must not find it in an error.
pub(super) fn shown_name(name: &str) -> String {
    let usual = name.len() <= 48 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if usual || shown::name(name).is_some() { format!("`{name}`") } else { shown::hidden(name) }
}

fn open(named: &Setting, process: &Process) -> Result<(PathBuf, File), Error> {
    named_file::open(Path::new(named.raw()), process, |found, allowed| named.wrong(found, allowed))
}
