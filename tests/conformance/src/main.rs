//! Tells the stories in every language whose driver is at hand, and prints what came of it.
//!
//! `kmsramcred-conformance [NAME]`: only the stories whose name contains NAME. `kmsramcred-conformance driver`: be the
//! driver of Rust.

#![forbid(unsafe_code)]

use kmsramcred_conformance::{Language, differences, page, page_path, print, run, rust_driver, scenarios};
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1).unwrap_or_default();
    if argument == "driver" {
        return rust_driver::serve();
    }
    match tell(&argument) {
        Ok(wrong) if wrong.is_empty() => {
            let _ = writeln!(stdout(), "\nEvery story ended as it should, in each language the same way.");
            ExitCode::SUCCESS
        }
        Ok(wrong) => {
            let _ = writeln!(stderr(), "\n{}", wrong.join("\n"));
            ExitCode::FAILURE
        }
        Err(why) => {
            let _ = writeln!(stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that went wrong.
fn tell(filter: &str) -> Result<Vec<String>, String> {
    let rust = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut tables = Vec::new();
    for language in Language::ALL {
        match language.driver(&rust) {
            Ok(_) => tables.push(run(language, &rust, filter)?),
            Err(why) => {
                let _ = writeln!(stderr(), "left out: {why}");
            }
        }
    }
    let tables: Vec<_> = tables.iter().collect();
    print(&tables);
    let mut wrong: Vec<String> = tables.iter().flat_map(|table| table.failures()).collect();
    wrong.extend(differences(&tables));
    if filter.is_empty() && tables.len() == Language::ALL.len() {
        let text = page(&scenarios()?, &tables);
        std::fs::write(page_path(), text).map_err(|error| format!("{}: {error}", page_path().display()))?;
    }
    Ok(wrong)
}
