//! The driver of Rust: a program on the core, told what to do line by line.

mod application;
mod children;
mod load;
mod robot;
mod warnings;

use crate::line::Line;
use application::{Application, Order};
use kmsramcred::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::process::ExitCode;

/// Answers every line of standard input until `quit` or its end.
pub fn serve() -> ExitCode {
    let mut application = Application::default();
    for line in stdin().lock().lines().map_while(Result::ok) {
        let answer = match line.parse::<Line>() {
            Ok(command) if command.word == "quit" => return ExitCode::SUCCESS,
            Ok(command) => application.obey(&Order(&command)).unwrap_or_else(|error| refusal(&error)),
            Err(why) => Line::new("wrong").with("why", why),
        };
        let mut out = stdout().lock();
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// The line of a failed call.
fn refusal(error: &Error) -> Line {
    describe(Line::new("error"), error)
}

/// A line with everything that can be told about an error.
fn describe(line: Line, error: &Error) -> Line {
    let mut line = line
        .with("status", error.kind().status())
        .with("name", format!("{:?}", error.kind()))
        .with("advice", error.kind().advice())
        .with("retryable", error.is_retryable());
    if let Some(code) = error.code() {
        line = line.with("code", code);
    }
    if let Some(status) = error.http_status() {
        line = line.with("http_status", status);
    }
    line.with("message", error)
}
