//! The authorities that the system trusts, or those that the environment names in their place.

use crate::config::regular_file;
use crate::error::{Error, ErrorKind};
use crate::logging::{LogLevel, record};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Names a file of certificates.
const FILE: &str = "SSL_CERT_FILE";
/// Names directories of such files, with `:` between them.
const DIRECTORIES: &str = "SSL_CERT_DIR";

/// Where distributions keep all their certificates in one file; the first that is there counts.
const USUAL_FILES: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/opt/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/cacert.pem",
];
/// Where they keep each in a file of its own.
const USUAL_DIRECTORIES: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/security/certificates"];

/// What the environment names, and that alone: whoever named a store meant to trust no other. An empty value counts as
/// not set.
///
/// A file that gives nothing is an error even where there are directories: they may hold public authorities, and whoever
/// named a file may have meant a private one. Directories are a search path; beside a file they may be empty.
pub(super) fn anchors(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCertStore, Error> {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (file, directories) = (named(FILE), named(DIRECTORIES));
    if file.is_none() && directories.is_none() {
        return Ok(usual_anchors(&USUAL_FILES, &USUAL_DIRECTORIES));
    }
    let mut store = RootCertStore::empty();
    if let Some(path) = file {
        let loaded = load_file(Path::new(&path));
        add(&mut store, loaded, FILE, &path).map_err(|message| Error::new(ErrorKind::Tls, message))?;
    }
    if let Some(paths) = directories {
        let loaded = load_directories(std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()));
        match add(&mut store, loaded, DIRECTORIES, &paths) {
            Err(message) if store.is_empty() => return Err(Error::new(ErrorKind::Tls, message)),
            Err(message) => record(LogLevel::Warn, || message),
            Ok(()) => {}
        }
    }
    Ok(store)
}

/// Fails with what to say when nothing was loaded that can be used.
fn add(store: &mut RootCertStore, loaded: Loaded, variable: &str, value: &OsStr) -> Result<(), String> {
    let (certificates, errors) = loaded;
    if store.add_parsable_certificates(certificates).0 > 0 {
        return Ok(());
    }
    let cause = errors.into_iter().next().unwrap_or_else(|| "no certificate is there".to_owned());
    Err(format!("{variable} names {}, and nothing could be loaded from it ({cause}).", value.display()))
}

/// The system's own store, or bundled roots where it is empty.
fn usual_anchors(files: &[&str], directories: &[&str]) -> RootCertStore {
    let there = |path: &&PathBuf| path.exists();
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    let directories: Vec<PathBuf> = directories.iter().map(PathBuf::from).collect();
    let (mut certificates, mut errors) = files.iter().find(there).map(|path| load_file(path)).unwrap_or_default();
    let (more, more_errors) = load_directories(directories.iter().filter(there).cloned());
    certificates.extend(more);
    errors.extend(more_errors);
    certificates.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    certificates.dedup();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    if store.is_empty() {
        let reason = errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        record(LogLevel::Warn, || format!("The system's certificate store is empty{reason}; using the bundled roots."));
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    store
}

/// Certificates, and what went wrong.
type Loaded = (Vec<CertificateDer<'static>>, Vec<String>);

/// Never waits: a pipe is an error.
fn load_file(path: &Path) -> Loaded {
    match regular_file::open(path) {
        Ok(_) => load(Some(path), None),
        Err(error) => (Vec::new(), vec![error.to_string()]),
    }
}

fn load_directories(paths: impl Iterator<Item = PathBuf>) -> Loaded {
    let mut all = Loaded::default();
    for path in paths {
        let (certificates, errors) = load(None, Some(&path));
        all.0.extend(certificates);
        all.1.extend(errors);
    }
    all
}

fn load(file: Option<&Path>, directory: Option<&Path>) -> Loaded {
    let found = rustls_native_certs::load_certs_from_paths(file, directory);
    (found.certs, found.errors.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_store_of_the_system_leaves_the_bundled_roots() {
        let empty = std::env::temp_dir().join(format!("kmsramcred-empty-{}.pem", std::process::id()));
        std::fs::write(&empty, "").unwrap();
        let store = usual_anchors(&["/nowhere.pem", empty.to_str().unwrap()], &["/nowhere"]);
        std::fs::remove_file(&empty).unwrap();
        assert_eq!(store.len(), webpki_roots::TLS_SERVER_ROOTS.len());
    }

    #[test]
    fn variables_without_a_value_are_not_set() {
        let empty = |_: &str| Some(OsString::new());
        assert_eq!(anchors(&empty).unwrap().len(), anchors(&|_| None).unwrap().len());
    }

    #[test]
    fn a_variable_that_leads_nowhere_is_named_with_its_path() {
        let with = |name: &'static str, value: &str| {
            let value = OsString::from(value);
            anchors(&move |asked| (asked == name).then(|| value.clone()))
        };
        for (name, value, cause) in [
            (FILE, "/nowhere/ca.pem", "No such file"),
            (DIRECTORIES, "/nowhere/a:/nowhere/b", "No such file"),
            (DIRECTORIES, ":", "no certificate is there"),
        ] {
            let error = with(name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tls);
            assert!(error.message().contains(&format!("{name} names {value}")), "{error}");
            assert!(error.message().contains(cause), "{error}");
        }
    }
}
