//! The checks and generators of this repository: `cargo xtask <command>`.

#![forbid(unsafe_code)]

mod abi;
mod documented;
mod edges;
mod exports;
mod header;
mod licences;
mod readme;
mod symbols;
mod tree;
mod wrong_settings;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "The checks and generators of this repository.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes include/kmsramcred.h from the exports of bindings/c.
    Header {
        /// Only compares, and reads the documentation.
        #[arg(long)]
        check: bool,
    },
    /// Writes bindings/c/symbols.txt from the exports of bindings/c.
    Symbols {
        /// Only compares, and looks at the built library: its symbols, SONAME, NEEDED and size.
        #[arg(long)]
        check: bool,
        /// The built library; the one that CMake makes in `target/c` when not given.
        #[arg(long)]
        library: Option<PathBuf>,
    },
    /// Writes the baseline of what C programs have compiled in.
    Abi {
        /// Only compares the header with the baseline.
        #[arg(long)]
        check: bool,
    },
    /// Checks that every public item of the C and C++ headers is documented.
    Documented,
    /// Checks who may use whom, where `unsafe` may stand, and how long and how named files are.
    Edges,
    /// Checks the licences of everything that is built, and that some crates are not part of it.
    Licences,
    /// Checks the links and the `make` targets that the documents name.
    Readme {
        /// Accepted for symmetry; this command never writes.
        #[arg(long)]
        check: bool,
    },
    /// Writes the table of docs/wrong-settings.md from the story of the conformance tests.
    WrongSettings {
        /// Only compares.
        #[arg(long)]
        check: bool,
    },
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tree::root().and_then(|root| match arguments.command {
        Command::Header { check } => header::run(&root, check),
        Command::Symbols { check, library } => symbols::run(&root, check, library),
        Command::Abi { check } => abi::run(&root, check),
        Command::Documented => documented::run(&root),
        Command::Edges => edges::run(&root),
        Command::Licences => licences::run(&root),
        Command::Readme { check: _ } => readme::run(&root),
        Command::WrongSettings { check } => wrong_settings::run(&root, check),
    });
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
