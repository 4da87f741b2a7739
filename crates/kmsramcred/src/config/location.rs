//! Stage 1 of 8: which configuration file is used, and whether it may be.
//!
//! In goes the path the program names, if any, out come the bytes of the file. The look-up is: that path; else
//! `KMSRAMCRED_CONFIG`; else `managed_credentials_providers.properties` in the working directory. Nobody chose the last
//! one on purpose, so it must belong to root or to the effective user and be writable by nobody else; for a chosen file
//! the same is only noticed. Knows no keys and no sockets.

use super::process::Process;
use super::{regular_file, shown};
use crate::error::{Error, ErrorKind};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

pub(super) const VARIABLE: &str = "KMSRAMCRED_CONFIG";
const NAME: &str = "managed_credentials_providers.properties";
const MOST_BYTES: usize = 1 << 20;

/// A configuration file that was found.
pub(super) struct Found {
    /// Where it is: absolute, where the working directory is known.
    pub path: Arc<Path>,
    /// What it holds; wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What the program should know about it.
    pub notice: Option<String>,
}

/// Finds and reads the file.
pub(super) fn find(path: Option<&Path>, process: &Process) -> Result<Found, Error> {
    if let Some(path) = path {
        if let Some(reason) = process.distrust.filter(|_| path.is_relative()) {
            let message = format!(
                "The configuration file {} is not read: the working directory is not looked at, since {reason}; \
                 allowed: an absolute path.",
                shown::written_path(path)
            );
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        return chosen(path, "named by the program", process);
    }
    if let Some(reason) = process.distrust {
        return Err(missing(format!(
            "No configuration file: neither {VARIABLE} nor the working directory is looked at, since {reason}. \
             Name the file in the program."
        )));
    }
    if let Some(named) = (process.variable)(VARIABLE).filter(|value| !value.is_empty()) {
        return chosen(Path::new(&named), "named by KMSRAMCRED_CONFIG", process);
    }
    let path = absolute(Path::new(NAME), process);
    let (file, metadata) = match regular_file::open(&path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(missing(format!(
                "No configuration file: the program names none, {VARIABLE} is not set, and {} does not exist.",
                shown::path(&path)
            )));
        }
        Err(error) => return Err(unreadable(&path, &error)),
    };
    // A link says nothing about who may write the file, but its owner chose which file it is.
    let link = path.symlink_metadata().map_err(|error| unreadable(&path, &error))?;
    let doubt = doubt_about_owner(&path, &link, process).or_else(|| doubt_about(&path, &metadata, process));
    if let Some(doubt) = doubt {
        let message = format!("{doubt} Or name the file in the program or with {VARIABLE}.");
        return Err(Error::new(ErrorKind::ConfigInvalid, message));
    }
    let bytes = regular_file::read(file, MOST_BYTES).map_err(|error| unreadable(&path, &error))?;
    Ok(Found { path: path.into(), bytes, notice: None })
}

fn chosen(written: &Path, by: &str, process: &Process) -> Result<Found, Error> {
    let path = absolute(written, process);
    let (file, metadata) = regular_file::open(&path).map_err(|error| {
        // The working directory before it would make a path of anything.
        let shown = shown::written_path(written);
        let shown = if shown == written.to_string_lossy() { shown::path(&path) } else { shown };
        match error.kind() {
            io::ErrorKind::NotFound => missing(format!("No configuration file: {shown}, {by}, does not exist.")),
            _ => refused(&shown, &error),
        }
    })?;
    let notice = doubt_about(&path, &metadata, process);
    let bytes = regular_file::read(file, MOST_BYTES).map_err(|error| unreadable(&path, &error))?;
    Ok(Found { path: path.into(), bytes, notice })
}

/// The error for a file without any key.
pub(super) fn empty(path: &Path) -> Error {
    missing(format!("No configuration: {} holds no key.", shown::path(path)))
}

fn absolute(path: &Path, process: &Process) -> PathBuf {
    process.working_directory.as_ref().map_or_else(|| path.to_owned(), |directory| directory.join(path))
}

/// Why a file may not be what its reader thinks: whose it is, or who may write it.
pub(super) fn doubt_about(path: &Path, metadata: &Metadata, process: &Process) -> Option<String> {
    doubt_about_owner(path, metadata, process).or_else(|| doubt_about_mode(path, metadata.mode()))
}

fn doubt_about_owner(path: &Path, metadata: &Metadata, process: &Process) -> Option<String> {
    let (owner, user) = (metadata.uid(), process.user);
    if owner == 0 || user == Some(owner) {
        return None;
    }
    let path = shown::path(path);
    let user = user.unwrap_or(0);
    Some(format!(
        "{path} belongs to user {owner}; allowed: root or the user this process runs as. \
         If you trust what it says: chown -h {user} '{path}'."
    ))
}

fn doubt_about_mode(path: &Path, mode: u32) -> Option<String> {
    if mode & 0o022 == 0 {
        return None;
    }
    let path = shown::path(path);
    Some(format!(
        "{path} may be written by other users (mode {:o}); allowed: only its owner may. \
         If you trust what it says: chmod go-w '{path}'.",
        mode & 0o7777
    ))
}

fn missing(message: String) -> Error {
    Error::new(ErrorKind::ConfigMissing, message)
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    refused(&shown::path(path), error)
}

fn refused(shown: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("The configuration file cannot be read: {shown} ({error})."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::scratch::Scratch;
    use std::ffi::OsString;

    fn look(scratch: &Scratch, path: Option<&Path>, variable: Option<&str>) -> Result<Found, Error> {
        let variable = |name: &str| (name == VARIABLE).then(|| variable.map(OsString::from)).flatten();
        let process =
            Process { variable: &variable, working_directory: Some(scratch.path().to_owned()), ..Process::current() };
        find(path, &process)
    }

    #[test]
    fn the_program_is_asked_before_the_variable_and_the_variable_before_the_working_directory() {
        let scratch = Scratch::new();
        for (name, text) in [("program", "1"), ("variable", "2"), (NAME, "3")] {
            scratch.file(name, text);
        }
        let read = |path, variable| look(&scratch, path, variable).unwrap().bytes.to_vec();
        assert_eq!(read(Some(Path::new("program")), Some("variable")), b"1");
        assert_eq!(read(None, Some("variable")), b"2");
        assert_eq!(read(None, Some("")), b"3");
        assert_eq!(read(None, None), b"3");
        assert_eq!(&*look(&scratch, None, None).unwrap().path, scratch.path().join(NAME));
    }

    #[test]
    fn a_missing_file_names_every_place_and_nothing_else_is_tried() {
        let scratch = Scratch::new();
        let missing = |path, variable| {
            let error = look(&scratch, path, variable).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::ConfigMissing);
            error.message().to_owned()
        };
        let message = missing(None, None);
        assert!(message.contains(VARIABLE) && message.contains(scratch.path().to_str().unwrap()), "{message}");
        scratch.file(NAME, "a=1");
        let none = format!("{}/none.conf, named by ", scratch.path().display());
        assert!(missing(None, Some("none.conf")).contains(&format!("{none}KMSRAMCRED_CONFIG")));
        assert!(missing(Some(Path::new("none.conf")), None).contains(&format!("{none}the program")));
        let message = missing(None, Some("hunter2"));
        assert!(
            message.contains("a value of 7 characters that names no file, named by") && !message.contains("hunter2")
        );
    }

    #[test]
    fn a_file_that_others_may_write_is_refused_in_the_working_directory_and_noticed_elsewhere() {
        let scratch = Scratch::new();
        scratch.file(NAME, "a=1");
        for mode in [0o620, 0o602] {
            scratch.allow(NAME, mode);
            let error = look(&scratch, None, None).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
            assert!(error.message().contains("chmod go-w"), "{error}");
            assert!(look(&scratch, Some(Path::new(NAME)), None).unwrap().notice.unwrap().contains("chmod go-w"));
            assert!(look(&scratch, None, Some(NAME)).unwrap().notice.unwrap().contains("chmod go-w"));
        }
        scratch.allow(NAME, 0o644);
        assert!(look(&scratch, None, None).unwrap().notice.is_none());
    }

    #[test]
    fn the_owner_must_be_root_or_the_user_of_the_process() {
        let scratch = Scratch::new();
        let metadata = scratch.file("f", "").metadata().unwrap();
        let mut process = Process::current();
        assert!(doubt_about_owner(Path::new("f"), &metadata, &process).is_none());
        if metadata.uid() != 0 {
            process.user = Some(metadata.uid() + 1);
            assert!(doubt_about_owner(Path::new("f"), &metadata, &process).unwrap().contains("chown"));
        } else {
            std::os::unix::fs::chown(scratch.path().join("f"), Some(12_345), None).unwrap();
            let metadata = scratch.path().join("f").metadata().unwrap();
            assert!(doubt_about_owner(Path::new("f"), &metadata, &process).unwrap().contains("12345"));
        }
    }

    #[test]
    fn a_setuid_program_reads_only_the_file_it_names() {
        let scratch = Scratch::new();
        let path = scratch.file(NAME, "a=1");
        let variable = |_: &str| Some(OsString::from(&path));
        let distrust = Some("this is a setuid program");
        let working_directory = Some(scratch.path().to_owned());
        let process = Process { variable: &variable, working_directory, distrust, ..Process::current() };
        assert_eq!(find(None, &process).err().unwrap().kind(), ErrorKind::ConfigMissing);
        assert!(find(Some(&path), &process).is_ok());
        let error = find(Some(Path::new(NAME)), &process).err().unwrap();
        assert!(error.kind() == ErrorKind::ConfigInvalid && error.message().contains("absolute path"), "{error}");
    }

    #[test]
    fn a_directory_and_an_endless_file_are_refused() {
        let scratch = Scratch::new();
        scratch.file("large", vec![b'#'; MOST_BYTES + 1]);
        for path in [".", "large"] {
            let error = look(&scratch, Some(Path::new(path)), None).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{path}");
        }
    }
}
