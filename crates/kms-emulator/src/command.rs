//! The command line.

use crate::ending::Endings;
use clap::Parser;
use kms_emulator::{CONTROL_HELP, Caller, Options};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};

/// Emulates Alibaba Cloud KMS with an instance, the ECS metadata service, STS, OSS and RPC services on loopback.
///
/// Every signature is verified against the AccessKeys that are alive at that moment. Secrets are created, rotated and
/// disturbed through the control API described below. When everything listens, one line of JSON on standard output
/// says where: control, kms (TLS), kms_host, kms_plain_host (the same KMS over plain HTTP), dedicated_host (a KMS
/// instance over TLS 1.2), metadata, sts_host (TLS), sts_plain_host, credentials_uri, oss_host, oss_tls_host, services
/// and services_tls by name, ca_path, dedicated_ca_path, access_key_id, access_key_secret, pid.
#[derive(Parser)]
#[command(name = "kms-emulator", version, after_long_help = CONTROL_HELP)]
pub(crate) struct Command {
    /// Loopback address to listen on; any other is refused
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// Port of the control API; all other ports are always free ones
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    control_port: u16,
    /// An identity that may call KMS; may be repeated. Without it one is made up and printed
    #[arg(long = "access-key", value_name = "ID:SECRET", value_parser = caller)]
    access_keys: Vec<Caller>,
    /// Role that the metadata service offers from the start
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Existing directory for ca.pem and dedicated-ca.pem; without it a temporary one, removed at the end
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// File to write the ready line to as well; it appears complete or not at all
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// End when standard input ends
    #[arg(long)]
    exit_with_stdin: bool,
    /// End when the process that started this one ends
    #[arg(long)]
    parent_pid_exit: bool,
}

impl Command {
    pub(crate) fn options(self) -> Options {
        Options {
            listen: self.listen,
            control_port: self.control_port,
            callers: self.access_keys,
            role: self.role,
            state_dir: self.state_dir,
            ..Options::default()
        }
    }

    pub(crate) fn endings(&self) -> Endings {
        Endings { stdin: self.exit_with_stdin, parent: self.parent_pid_exit.then(parent_id) }
    }
}

fn caller(text: &str) -> Result<Caller, String> {
    match text.split_once(':') {
        Some((id, secret)) if !id.is_empty() && !secret.is_empty() => Ok(Caller::new(id, secret)),
        _ => Err("expected ID:SECRET".to_owned()),
    }
}

/// Writes beside the target and renames, for its owner only: the line holds a secret.
pub(crate) fn write_ready_file(path: &Path, line: &str) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("ready file {}: {error}", path.display()));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside).map_err(named)?;
    file.write_all(line.as_bytes()).map_err(named)?;
    fs::rename(beside, path).map_err(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
        assert!(caller("id:a:b").is_ok_and(|caller| caller.access_key_secret == "a:b"));
        assert!(caller("id:").is_err() && caller("id").is_err());
    }
}
