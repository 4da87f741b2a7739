//! The whole matrix anew: its rules, and the page that shows it.

use kmsramcred_fault_matrix::{Outcome, broken, page, page_path, run};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

/// The page as it is.
fn kept() -> String {
    std::fs::read_to_string(page_path()).unwrap()
}

/// Every cell, run once.
fn outcomes() -> &'static [Outcome] {
    static OUTCOMES: OnceLock<Result<Vec<Outcome>, String>> = OnceLock::new();
    let run = || run(Path::new(env!("CARGO_BIN_EXE_kmsramcred-fault-matrix")), "", &kept());
    OUTCOMES.get_or_init(run).as_ref().unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn cached_credentials_are_served_errors_name_a_place_and_no_secret_and_every_client_recovers() {
    let broken = broken(outcomes());
    assert!(!outcomes().is_empty() && broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_page_of_the_documentation_is_what_came_out() {
    let (kept, made) = (kept(), page(outcomes()));
    let missing = |from: &str, text: &str| {
        let there: BTreeSet<&str> = from.lines().collect();
        text.lines().filter(|line| !there.contains(line)).map(|line| format!("  {line}\n")).collect::<String>()
    };
    let (path, gone, new) = (page_path(), missing(&made, &kept), missing(&kept, &made));
    assert!(
        kept == made,
        "{} is not up to date: run `make fault-matrix`, and look at what changed.\nGone:\n{gone}New:\n{new}",
        path.display()
    );
}
