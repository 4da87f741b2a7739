//! The directory that holds the CA files.

use crate::identifier;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A directory that is removed at the end if it was made here.
pub(crate) struct StateDir {
    path: PathBuf,
    made: bool,
}

impl StateDir {
    /// The given directory, or a fresh private one.
    pub(crate) fn open(given: Option<&Path>) -> io::Result<Self> {
        if let Some(path) = given {
            let path = fs::canonicalize(path).map_err(|error| {
                io::Error::new(error.kind(), format!("state directory {}: {error}", path.display()))
            })?;
            return Ok(Self { path, made: false });
        }
        let path = std::env::temp_dir().join(format!("kms-emulator-{}", identifier::directory_suffix()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path: fs::canonicalize(path)?, made: true })
    }

    /// Writes certificates of authorities and returns where they are.
    pub(crate) fn write_ca(&self, file: &str, pem: &str) -> io::Result<PathBuf> {
        let path = self.path.join(file);
        fs::write(&path, pem)?;
        Ok(path)
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        if self.made {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
