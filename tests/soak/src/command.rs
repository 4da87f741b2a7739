//! The command line.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is asked for.
#[derive(Debug, PartialEq)]
pub struct Command {
    /// How long things happen.
    pub minutes: f64,
    /// What they are drawn from.
    pub seed: u64,
    /// Where the report goes.
    pub target: PathBuf,
    /// Where the page of the documentation is.
    pub docs: Option<PathBuf>,
}

impl Command {
    /// Reads `TARGET MINUTES [--seed N] [--docs DIRECTORY]`. Empty values count as left out.
    pub fn read(arguments: &[String]) -> Result<Command, String> {
        const USAGE: &str = "usage: kmsramcred-soak TARGET MINUTES [--seed N] [--docs DIRECTORY]";
        let [target, minutes, rest @ ..] = arguments else { return Err(USAGE.to_owned()) };
        let known = minutes.parse().ok().filter(|minutes| (0.25..=1_440.0).contains(minutes));
        let minutes =
            known.ok_or_else(|| format!("MINUTES: found {minutes:?}; allowed: a number from 0.25 to 1440"))?;
        let mut command = Command { minutes, seed: fresh(), target: PathBuf::from(target), docs: None };
        for pair in rest.chunks(2) {
            match pair {
                [_, value] if value.is_empty() => {}
                [option, value] if option == "--seed" => {
                    command.seed =
                        value.parse().map_err(|_| format!("SEED: found {value:?}; allowed: a whole number"))?;
                }
                [option, value] if option == "--docs" => command.docs = Some(PathBuf::from(value)),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(command)
    }

    /// How long, in milliseconds.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded when it was read")]
    pub fn length_ms(&self) -> u64 {
        (self.minutes * 60_000.0) as u64
    }
}

/// A seed that is easy to repeat.
fn fresh() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs() % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Command, String> {
        Command::read(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_asked_for_is_read_and_what_is_wrong_is_named() {
        let wanted = Command { minutes: 0.5, seed: 7, target: PathBuf::from("t"), docs: Some(PathBuf::from("d")) };
        assert_eq!(read("t 0.5 --seed 7 --docs d"), Ok(wanted));
        assert!(read("t 3 --seed  --docs ").is_ok_and(|command| command.docs.is_none()));
        assert!(read("t 0").unwrap_err().contains("MINUTES: found \"0\""));
        assert!(read("t 1 --seed x").unwrap_err().contains("\"x\""));
        assert!(read("t").unwrap_err().starts_with("usage"));
    }
}
