//! Runs the emulator until it is told to stop.

#![forbid(unsafe_code)]

mod command;
mod ending;

use clap::Parser;
use command::Command;
use ending::Watch;
use kms_emulator::Emulator;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "kms-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> io::Result<()> {
    let (ready_file, watch) = (command.ready_file.clone(), Watch::begin(command.endings())?);
    let emulator = Emulator::try_start(command.options())?;
    let line = serde_json::to_string(emulator.ready())? + "\n";
    if let Some(path) = ready_file {
        command::write_ready_file(&path, &line)?;
    }
    let mut stdout = io::stdout();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()?;
    watch.wait();
    Ok(())
}
