//! What can be written after `kmsramcred`.
//!
//! In go the arguments, out comes one order; what cannot be understood ends the program with exit code 2. Knows no
//! configuration and no network.

use crate::exit_code;
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The longest time that may be waited for, in seconds: the most that the library takes for a fetch.
const LONGEST: f64 = 3_600.0;

/// Uses the AccessKey of a RAM user that Alibaba Cloud KMS keeps and rotates.
///
/// The configuration is that of the library: see docs/configuration.md.
#[derive(Debug, Parser)]
#[command(name = "kmsramcred", version, after_help = exit_code::help())]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) order: Order,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    #[command(after_help = exit_code::help())]
    Get(Get),
    #[command(after_help = exit_code::help())]
    CredentialProcess(CredentialProcess),
    #[command(after_help = exit_code::help_with_program())]
    Exec(Exec),
    #[command(after_help = exit_code::help())]
    Doctor(Doctor),
}

/// Fetches a secret once and says what is known of its AccessKey
#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) access: Access,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the whole AccessKey id, the AccessKey secret and the security token as well
    #[arg(long)]
    pub(crate) show_secret: bool,
}

/// Prints a key as the External mode of the Alibaba Cloud CLI reads it: the secret is shown
#[derive(Debug, Args)]
pub(crate) struct CredentialProcess {
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Runs a program with a key in ALIBABA_CLOUD_ACCESS_KEY_ID and its kin, and no other identity
#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) access: Access,
    /// The program and its arguments
    #[arg(value_name = "CMD", last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}

/// Tries a configuration step by step, and says for each step what happened and what to do
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Secrets to try; without any, those of secret_names
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) way: Way,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which secret, by which configuration, and how long it may take.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// Name or ARN of the RAM secret
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) way: Way,
}

/// By which configuration, and how long it may take.
#[derive(Debug, Args)]
pub(crate) struct Way {
    /// Properties file to read; without it the file of KMSRAMCRED_CONFIG, that of the working directory, or the
    /// environment alone
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Longest time to wait for KMS, such as 5 or 0.5; without it fetch_budget_milliseconds of the configuration
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (0.001..=LONGEST).contains(seconds));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("allowed: a number of seconds from 0.001 to {LONGEST}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_time_is_bounded_on_both_sides() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("3600"), Ok(Duration::from_secs(3_600)));
        for text in ["0", "-1", "3601", "nan", "inf", "", "1s", "1e400"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
