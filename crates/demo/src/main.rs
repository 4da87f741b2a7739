//! Shows a C program and a Python program calling a service while their AccessKeys are rotated and KMS fails.

#![forbid(unsafe_code)]

mod act;
mod emulator;
mod performance;
mod program;
mod progress;
mod table;

use anyhow::{Context, Result};
use emulator::Emulator;
use performance::Performance;
use program::{Program, Stage, THREADS};
use progress::Progress;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "kmsramcred-demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every act went as it should.
fn run() -> Result<bool> {
    let programs = [Program::c()?, Program::python()?];
    let emulator = Emulator::start()?;
    let stage = Stage::prepare(&emulator)?;
    for program in &programs {
        writeln!(io::stdout(), "{:<6}  {} threads, {}", program.name, THREADS, program.parts)?;
    }
    let acts = act::all();
    let mut progress = Progress::new(acts.len());
    let mut performances = Vec::new();
    for (index, act) in acts.iter().enumerate() {
        progress.begin(index + 1, act.title);
        let shown = Performance::of(act, index + 1, &programs, &emulator, &stage, &mut progress);
        performances.push(shown.with_context(|| format!("act {} ({}) broke off", index + 1, act.title))?);
    }
    progress.end();
    io::stdout().write_all(table::of(&acts, &performances).as_bytes())?;
    Ok(performances.iter().all(|performance| performance.objections().next().is_none()))
}
