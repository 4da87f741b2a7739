//! Stage 1 of 8: the certificates that a gateway's own must follow from, instead of the system's.
//!
//! In go `caFilePath` and `ca`, out comes a file that can be read or a PEM text. What they hold is the business of whoever
//! speaks TLS. Knows no sockets.

use super::element::Element;
use super::named_file::PATH;
use super::process::Process;
use super::shown;
use crate::error::Error;
use std::fmt;
use std::path::PathBuf;

/// Where the certificates stand.
#[derive(Clone, PartialEq, Eq)]
pub enum Ca {
    /// In a file, which could be read.
    File {
        /// Its absolute path.
        path: PathBuf,
        /// What names it, for errors about what it holds.
        place: String,
    },
    /// In the settings themselves.
    Text {
        /// The certificates.
        pem: String,
        /// Where they stand, for errors about them.
        place: String,
    },
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ca::File { path, .. } => write!(f, "File({})", shown::path(path)),
            Ca::Text { place, .. } => write!(f, "Text({place})"),
        }
    }
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM: &str = "certificates in PEM (-----BEGIN CERTIFICATE-----); caFilePath takes the path of a file with them";

/// The file that `caFilePath` names: it must be there.
pub(super) fn file(element: &Element<'_>, process: &Process) -> Result<Option<Ca>, Error> {
    let Some(path) = element.text("caFilePath", PATH)? else { return Ok(None) };
    let (path, _) = element.open("caFilePath", path, process)?;
    Ok(Some(Ca::File { path, place: element.whole_place("caFilePath") }))
}

/// The text in `ca`.
pub(super) fn text(element: &Element<'_>) -> Result<Option<Ca>, Error> {
    let Some(pem) = element.text("ca", PEM)? else { return Ok(None) };
    if !pem.contains(BEGIN) {
        return Err(element.wrong("ca", shown::hidden(pem), PEM));
    }
    // PEM knows no backslash: an escaped line's end is one that was escaped for a reader that removes escapes first.
    let pem = pem.replace("\\r", "").replace("\\n", "\n");
    Ok(Some(Ca::Text { pem, place: element.whole_place("ca") }))
}
