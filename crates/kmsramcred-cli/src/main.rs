//! The command line tool: what a RAM secret's AccessKey is, and programs that use it.

#![forbid(unsafe_code)]

mod access;
mod command_line;
mod credential_process;
mod doctor;
mod exec;
mod exit_code;
mod failure;
mod get;
mod identity_variables;

use clap::Parser;
use command_line::{CommandLine, Order};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match CommandLine::parse().order {
        Order::Get(order) => get::run(&order),
        Order::CredentialProcess(order) => credential_process::run(&order),
        Order::Exec(order) => exec::run(&order),
        Order::Doctor(order) => doctor::run(&order),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // There is nobody left to tell where standard error is closed.
            let _ = writeln!(io::stderr(), "kmsramcred: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
