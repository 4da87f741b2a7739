//! Runs the matrix and writes docs/fault-matrix.md.
//!
//! `kmsramcred-fault-matrix TEXT`: only cells whose row contains that, and the page goes to standard output.
//! `kmsramcred-fault-matrix client`: be one client, with its task on standard input.

#![forbid(unsafe_code)]

use kmsramcred_fault_matrix::{broken, client, page, page_path, run};
use std::io::{Write, stderr, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("client") => be_a_client(),
        filter => make_the_page(filter.unwrap_or_default()),
    };
    if let Err(why) = &done {
        let _ = writeln!(stderr(), "{why}");
    }
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn be_a_client() -> Result<(), String> {
    let task = serde_json::from_reader(stdin().lock()).map_err(|why| why.to_string())?;
    let seen = client::play(&task)?;
    let text = serde_json::to_string(&seen).map_err(|why| why.to_string())?;
    writeln!(stdout(), "{text}").map_err(|why| why.to_string())
}

fn make_the_page(filter: &str) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?;
    let path = page_path();
    let outcomes = run(&program, filter, &std::fs::read_to_string(&path).unwrap_or_default())?;
    let (text, broken) = (page(&outcomes), broken(&outcomes));
    let written = if filter.is_empty() { std::fs::write(&path, text) } else { stdout().write_all(text.as_bytes()) };
    written.map_err(|why| format!("{}: {why}", path.display()))?;
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}
