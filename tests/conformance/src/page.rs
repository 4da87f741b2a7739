//! The table as a page of the documentation.

use crate::scenario::Scenario;
use crate::table::Table;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Where it is kept.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md")
}

/// What all languages made of all stories. No times: they are of one machine, and `make conformance` prints them.
pub fn page(scenarios: &[Scenario], tables: &[&Table]) -> String {
    let mut text = "# The same stories in every language\n\n\
        `make conformance` tells each story to a program in every language, against the emulator, and writes this page. A story\n\
        holds where the program saw just what the story says, where no secret was shown, and where all languages saw the same\n\
        verdicts, status numbers, texts and advice. [How they are told](../tests/conformance/README.md).\n\n| story |"
        .to_owned();
    for table in tables {
        let _ = write!(text, " {} |", table.language);
    }
    let _ = write!(text, " what it shows |\n|---|{}---|\n", "---|".repeat(tables.len()));
    for scenario in scenarios {
        let _ = write!(text, "| [{0}](../tests/conformance/scenarios/{0}.json) |", scenario.name);
        for table in tables {
            let cell = table.outcome(&scenario.name).map_or("–", |outcome| match outcome.failure {
                None => "holds",
                Some(_) => "fails",
            });
            let _ = write!(text, " {cell} |");
        }
        let _ = writeln!(text, " {} |", scenario.shows);
    }
    text.push_str("\n– Go programs do not fork.\n");
    text
}
