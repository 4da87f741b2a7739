//! Stage 1 of 8: the path of a file that a setting names.
//!
//! In goes a path, relative to the working directory, out comes its absolute form, or the file opened. Whoever starts a setuid
//! program chooses its working directory, but must not choose whom it trusts or what it reads: there a path is absolute.
//! Knows no keys and no sockets.

use super::process::Process;
use super::{regular_file, shown};
use crate::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What such a path may be, in words.
pub(super) const PATH: &str = "the path of a file that exists and can be read";

/// A file that a setting names and that is read later.
#[derive(Clone)]
pub struct NamedFile {
    path: PathBuf,
    /// How it may be called while nobody has found it.
    unfound: String,
}

impl NamedFile {
    /// The file at `path`, which was written as `written`.
    pub fn new(path: PathBuf, written: &Path) -> NamedFile {
        NamedFile { path, unfound: shown::written_path(written) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it: at most so many bytes. The error says which file it is, as far as that may be shown.
    pub(crate) fn read(&self, cap: usize) -> Result<Zeroizing<Vec<u8>>, String> {
        let read = regular_file::open(&self.path).and_then(|(file, _)| regular_file::read(file, cap));
        read.map_err(|error| format!("{} ({error})", self.unfound))
    }
}

impl fmt::Debug for NamedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.unfound)
    }
}

/// The absolute form of a path; `wrong` makes the error of what was found and what is allowed.
pub(super) fn absolute(
    path: &Path,
    process: &Process,
    allowed: &str,
    wrong: impl Fn(String, &str) -> Error,
) -> Result<PathBuf, Error> {
    if let Some(reason) = process.distrust.filter(|_| path.is_relative()) {
        let found = format!("{}, which is relative, and {reason}", shown::written_path(path));
        return Err(wrong(found, "an absolute path"));
    }
    std::path::absolute(path).map_err(|error| wrong(unusable(path, &error), allowed))
}

/// Opens the file at a path; answers its absolute form too.
pub(super) fn open(
    path: &Path,
    process: &Process,
    wrong: impl Fn(String, &str) -> Error,
) -> Result<(PathBuf, File), Error> {
    let absolute = absolute(path, process, PATH, &wrong)?;
    match regular_file::open(&absolute) {
        Ok((file, _)) => Ok((absolute, file)),
        Err(error) => Err(wrong(unusable(path, &error), PATH)),
    }
}

fn unusable(path: &Path, error: &io::Error) -> String {
    format!("{} ({error})", shown::written_path(path))
}
