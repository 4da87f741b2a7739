//! `kmsramcred-soak TARGET MINUTES [--seed N] [--docs DIRECTORY]`: every language at once against one emulator, through the
//! rotations and faults of a schedule drawn from the seed. The report goes to TARGET, and with `--docs` there too.
//! `kmsramcred-soak driver`: be the driver of Rust.

#![forbid(unsafe_code)]

mod command;
mod plots;
mod program;
mod reading;
mod record;
mod report;
mod rules;
mod run;
mod schedule;

use command::Command;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "driver") {
        return kmsramcred_conformance::rust_driver::serve();
    }
    match Command::read(&arguments).and_then(|command| soak(&command)) {
        Ok(objections) if objections.is_empty() => {
            let _ = writeln!(stdout(), "Everything held.");
            ExitCode::SUCCESS
        }
        Ok(objections) => {
            let _ = writeln!(stderr(), "\nWENT WRONG\n{}", objections.join("\n"));
            ExitCode::FAILURE
        }
        Err(why) => {
            let _ = writeln!(stderr(), "kmsramcred-soak: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that went wrong.
fn soak(command: &Command) -> Result<Vec<String>, String> {
    let schedule = schedule::draw(command.seed, command.length_ms());
    std::fs::create_dir_all(&command.target).map_err(|error| format!("{}: {error}", command.target.display()))?;
    report::write(&command.target.join("schedule"), &schedule.to_string())?;
    let _ =
        writeln!(stdout(), "seed {}: {} events in {} minutes", command.seed, schedule.events.len(), command.minutes);
    let run = run::perform(command, schedule)?;
    report::save(command, &run)?;
    let _ = write!(stdout(), "\n{}\n{}\n", report::table(&run), command.target.join("report.md").display());
    Ok(run.objections())
}
