//! A profile of mode `External`: the identity that a program prints.
//!
//! In go the words of a command and a way to run it, out comes the identity of the profile that it prints: an
//! AccessKey, or a temporary one with or without an end. What has no end serves until KMS refuses it; then the program
//! runs again. No error shows anything of the command or of what the program printed.

use super::lent_identity::{
    Arrival, DOUBTFUL_LIFE, ID_LIMIT, LONGEST_LIFE, SECRET_LIMIT, TOKEN_LIMIT, check, lacks, unreadable,
};
use super::renewed::{Failure, Lender, Pause, Renewed};
use super::{Identity, SigningKey};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::secret_text::SecretText;
use serde::Deserialize;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// A program that takes longer is killed.
const LONGEST_RUN: Duration = Duration::from_secs(10);
/// The same while the old identity serves.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);
/// A program that prints more is killed, in bytes.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// A program to be run.
pub struct Run<'a> {
    /// The program and its arguments.
    pub words: &'a [SecretText],
    /// It is killed after this time.
    pub longest: Duration,
    /// It is killed when it prints more bytes.
    pub most: usize,
}

/// A program that ended by itself.
pub struct Ended {
    /// How; unknown where the host program collects every child process.
    pub status: Option<ExitStatus>,
    /// All that it printed.
    pub output: Zeroizing<Vec<u8>>,
}

/// Why a program did not end by itself.
#[derive(Debug)]
pub enum RunFailure {
    /// There is no such program.
    NotFound,
    /// It could not be started, or not be listened to.
    Start(std::io::Error),
    /// It was killed, since it took too long.
    TimedOut,
    /// It was killed, since it printed too much.
    TooMuch,
    /// It was killed, since the client was closed.
    Closed,
}

/// Runs a program to its end, and leaves nothing of it behind.
pub type RunProgram = dyn Fn(&Run<'_>) -> Result<Ended, RunFailure> + Send + Sync;

/// The identity that a program prints.
pub type External = Renewed<ProgramLender>;

/// What runs it.
pub struct ProgramLender {
    words: Vec<SecretText>,
    place: String,
    run: Box<RunProgram>,
    clock: Arc<dyn Clock>,
}

impl External {
    /// A source that runs the program when it is first needed; `place` is what a sentence calls it.
    pub fn new(
        words: Vec<SecretText>,
        place: String,
        run: Box<RunProgram>,
        clock: Arc<dyn Clock>,
        pause: Box<Pause>,
    ) -> External {
        let lender = ProgramLender { words, place, run, clock: Arc::clone(&clock) };
        Renewed::of(lender, clock, pause)
    }
}

/// What the program prints: the members of a profile. Others are left alone.
#[derive(Deserialize)]
struct Printed {
    mode: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<SecretText>,
    sts_token: Option<SecretText>,
    expiration: Option<String>,
}

impl Printed {
    fn identity(self, arrival: Arrival, place: &str) -> Result<Identity, Error> {
        let temporary = match self.mode.as_deref() {
            Some("AK") => false,
            Some("StsToken") => true,
            None | Some("") => return Err(lacks(place, "mode")),
            Some(_) => return Err(unreadable(place, "has a mode that is neither AK nor StsToken")),
        };
        let access_key_id = self.access_key_id.unwrap_or_default();
        // The id stands unquoted in a header between commas and equals signs.
        let of_an_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        check(place, "access_key_id", &access_key_id, ID_LIMIT, of_an_id)?;
        let part = |field: &str, text: Option<SecretText>, limit| {
            let text = text.unwrap_or_else(|| SecretText::from(""));
            check(place, field, text.expose(), limit, |byte| byte.is_ascii_graphic()).map(|()| text)
        };
        let key = SigningKey::AccessKeySecret(part("access_key_secret", self.access_key_secret, SECRET_LIMIT)?);
        if !temporary {
            return Ok(Identity { access_key_id, key, security_token: None, expires_at: None });
        }
        let security_token = Some(part("sts_token", self.sts_token, TOKEN_LIMIT)?);
        let expires_at =
            match self.expiration.as_deref() {
                None | Some("") => None,
                Some(date) => Some(end(date, arrival).ok_or_else(|| {
                    unreadable(place, "has an expiration that is no date such as 2026-03-01T12:00:00Z")
                })?),
            };
        Ok(Identity { access_key_id, key, security_token, expires_at })
    }
}

fn end(date: &str, arrival: Arrival) -> Option<Moment> {
    let ends: jiff::Timestamp = date.parse().ok()?;
    let left = u64::try_from(ends.as_millisecond().saturating_sub(arrival.unix_ms)).unwrap_or(0);
    // Over by nothing but this machine's calendar: whoever accepts it or not will tell.
    let left = if left == 0 { DOUBTFUL_LIFE } else { Duration::from_millis(left).min(LONGEST_LIFE) };
    Some(arrival.now + left)
}

impl ProgramLender {
    /// It may do better a moment later.
    fn late(&self, what: impl fmt::Display) -> Error {
        Error::new(ErrorKind::SourceUnavailable, format!("No identity: {} {what}.", self.place))
    }

    /// Running it again soon would bring the same, at the cost of a program each time.
    fn denied(&self, what: impl fmt::Display) -> Error {
        Error::new(ErrorKind::SourceDenied, format!("No identity: {} {what}.", self.place))
    }

    fn run(&self, deadline: Deadline) -> Result<Ended, Failure> {
        let longest = LONGEST_RUN.min(deadline.rest(self.clock.now()));
        let run = Run { words: &self.words, longest, most: OUTPUT_LIMIT };
        let error = match (self.run)(&run) {
            Ok(ended) => return Ok(ended),
            Err(RunFailure::NotFound) => self.denied(
                "was not found (or the interpreter that it names was not): process_command begins with the path of a \
                 program, or with the name of one in PATH",
            ),
            Err(RunFailure::Start(error)) => self.denied(format!("cannot be run: {error}")),
            Err(RunFailure::TimedOut) => {
                let error = self.late(format!("did not end within {:.1} s and was killed", longest.as_secs_f64()));
                // Where only its caller had no more time, whoever has more of it may do better.
                return Err(if longest < LONGEST_RUN { Failure::passing(error) } else { Failure::settled(error) });
            }
            Err(RunFailure::TooMuch) => self.denied(format!("printed more than {OUTPUT_LIMIT} bytes and was killed")),
            Err(RunFailure::Closed) => {
                Error::new(ErrorKind::Closed, format!("The client was closed while {} ran.", self.place))
            }
        };
        Err(Failure::settled(error))
    }
}

impl Lender for ProgramLender {
    fn name(&self) -> &'static str {
        "external"
    }

    fn place(&self) -> String {
        self.place.clone()
    }

    fn renewal(&self) -> Duration {
        LONGEST_RENEWAL
    }

    /// Runs the program once. What failed is not tried again in the same breath: it may ask somebody else for a key,
    /// each time.
    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure> {
        const WHERE: &str = "what it wrote to standard error stands on that of this process";
        let ended = self.run(deadline)?;
        if let Some(status) = ended.status.filter(|status| !status.success()) {
            let how = match (status.code(), status.signal()) {
                (Some(code), _) => format!("ended with exit status {code}"),
                (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
            };
            return Err(Failure::settled(self.denied(format!("{how}; {WHERE}"))));
        }
        if ended.output.iter().all(u8::is_ascii_whitespace) {
            return Err(Failure::settled(self.denied(format!("printed nothing; {WHERE}"))));
        }
        // The message of the parser could quote what it met.
        let printed: Printed = serde_json::from_slice(&ended.output)
            .map_err(|_| Failure::settled(unreadable(&self.place, "is not the JSON object that was expected")))?;
        printed.identity(Arrival::at(&*self.clock), &self.place).map_err(Failure::settled)
    }
}

impl fmt::Debug for ProgramLender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("External").field("place", &self.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "external_tests.rs"]
mod tests;
