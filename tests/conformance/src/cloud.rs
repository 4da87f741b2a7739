//! The world around one program: an emulator of its own, and a directory for its files.

use kms_emulator::{Emulator, Options, Ready};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the look-up finds in the working directory.
pub const FILE_NAME: &str = "managed_credentials_providers.properties";

/// Goes away with everything in it when it is dropped.
pub struct Cloud {
    emulator: Emulator,
    directory: PathBuf,
}

impl Cloud {
    /// A new one.
    pub fn start() -> Result<Cloud, String> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("kmsramcred-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let emulator = Emulator::try_start(Options::default()).map_err(|error| format!("no emulator: {error}"))?;
        Ok(Cloud { emulator, directory })
    }

    /// The working directory of the program.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where everything is.
    pub fn ready(&self) -> &Ready {
        self.emulator.ready()
    }

    /// A request to the control API, such as `POST /secrets`.
    pub fn request(&self, request: &str, body: Value) -> Result<Value, String> {
        let (method, path) = request.split_once(' ').ok_or_else(|| format!("{request:?} is no METHOD /PATH"))?;
        let answer = self.emulator.control(method, path, body);
        match answer.get("error") {
            Some(error) => Err(format!("the emulator refused {request}: {error} {}", answer["allowed"])),
            None => Ok(answer),
        }
    }

    /// The lines of a configuration for this cloud, with more keys from the story; `null` takes a key away.
    pub fn configuration(&self, settings: &BTreeMap<String, String>, more: &Map<String, Value>) -> Vec<String> {
        let ready = self.ready();
        let region = json!([{ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path }]);
        let mut keys = BTreeMap::from([
            ("credentials_type".to_owned(), "ak".to_owned()),
            ("credentials_access_key_id".to_owned(), ready.access_key_id.clone()),
            ("credentials_access_secret".to_owned(), ready.access_key_secret.clone()),
            ("cache_client_region_id".to_owned(), region.to_string()),
        ]);
        keys.extend(settings.clone());
        keys.extend(more.iter().map(|(key, value)| (key.clone(), crate::names::plain(value))));
        keys.retain(|key, _| more.get(key) != Some(&Value::Null));
        keys.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    /// Writes a file into the working directory, or below it, that only its owner may read, unless `mode` says otherwise.
    pub fn write(&self, name: &str, text: &str, mode: Option<&str>) -> Result<PathBuf, String> {
        let path = self.directory.join(name);
        let mode = u32::from_str_radix(mode.unwrap_or("600"), 8).map_err(|error| format!("mode: {error}"))?;
        fs::create_dir_all(path.parent().unwrap_or(&path))
            .and_then(|()| fs::write(&path, text))
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // What is left behind is in the way of nobody.
        let _ = fs::remove_dir_all(&self.directory);
    }
}
