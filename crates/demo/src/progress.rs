//! The line that tells what happens: in place on a terminal, now and then a new one elsewhere.

use crate::act::LENGTH;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Between two lines where a line cannot be replaced.
const SELDOM: Duration = Duration::from_secs(5);
/// Between two states of the line where it can.
const OFTEN: Duration = Duration::from_millis(200);

/// The progress line. That it cannot be written disturbs nobody.
pub(crate) struct Progress {
    acts: usize,
    number: usize,
    in_place: bool,
    shown: Option<Instant>,
}

impl Progress {
    pub(crate) fn new(acts: usize) -> Progress {
        Progress { acts, number: 0, in_place: io::stdout().is_terminal(), shown: None }
    }

    /// Announces an act.
    pub(crate) fn begin(&mut self, number: usize, title: &str) {
        self.end();
        self.number = number;
        let _ = writeln!(io::stdout(), "Act {number} of {}: {title}", self.acts);
    }

    /// Shows how far the act is, unless it did so just now.
    pub(crate) fn show(&mut self, elapsed: Duration, calls: &[(&str, u64)], rotations: u64, kms_is_down: bool) {
        let pause = if self.in_place { OFTEN } else { SELDOM };
        if self.shown.is_some_and(|shown| shown.elapsed() < pause) {
            return;
        }
        self.shown = Some(Instant::now());
        let line = line(self.number, elapsed, calls, rotations, kms_is_down);
        let mut stdout = io::stdout().lock();
        let _ = match self.in_place {
            true => write!(stdout, "\r\x1b[K{line}").and_then(|()| stdout.flush()),
            false => writeln!(stdout, "{line}"),
        };
    }

    /// Leaves the place to other output.
    pub(crate) fn end(&mut self) {
        if self.in_place && self.shown.is_some() {
            let _ = write!(io::stdout(), "\r\x1b[K");
        }
        self.shown = None;
    }
}

fn line(number: usize, elapsed: Duration, calls: &[(&str, u64)], rotations: u64, kms_is_down: bool) -> String {
    let calls: Vec<_> = calls.iter().map(|(program, calls)| format!("{program} calls {calls}")).collect();
    format!(
        "  [{number}] {:4.1} s of {} s   {}   rotations {rotations}   KMS {}",
        elapsed.as_secs_f64(),
        LENGTH.as_secs(),
        calls.join("   "),
        if kms_is_down { "down" } else { "up" }
    )
}
