//! Stage 1 of 8: opening a file without ever waiting for it.
//!
//! In goes a path, out comes an open regular file or its bytes. Opening a pipe would block until somebody writes to
//! it, so pipes, devices and directories are refused. Knows no keys and no sockets.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Opens the regular file at `path`.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, metadata))
}

/// Reads a file of at most `cap` bytes into one buffer, which is wiped when dropped.
pub(crate) fn read(mut file: File, cap: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; cap + 1]);
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled > cap {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("more than {cap} bytes")));
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::scratch::Scratch;

    #[test]
    fn reads_up_to_the_cap() {
        let scratch = Scratch::new();
        let path = scratch.file("f", "12345");
        let read_capped = |cap| read(open(&path).unwrap().0, cap).map(|bytes| bytes.to_vec());
        assert_eq!(read_capped(5).unwrap(), b"12345");
        assert_eq!(read_capped(9).unwrap(), b"12345");
        assert_eq!(read_capped(4).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn refuses_what_is_no_file() {
        let scratch = Scratch::new();
        assert_eq!(open(scratch.path()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(open(Path::new("/dev/null")).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(open(&scratch.path().join("none")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_pipe_does_not_block() {
        let scratch = Scratch::new();
        let pipe = scratch.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert_eq!(open(&pipe).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
