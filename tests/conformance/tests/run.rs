//! Every story in every language. One language at a time: a story that is about time wants the machine for itself.

use kmsramcred_conformance::{Language, Table, differences, page, page_path, print, run, scenarios};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

/// The table of a language, made once.
fn table(language: Language) -> &'static Result<Table, String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static TABLES: [OnceLock<Result<Table, String>>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let rust = Path::new(env!("CARGO_BIN_EXE_kmsramcred-conformance"));
    TABLES[language as usize].get_or_init(|| run(language, rust, ""))
}

fn every_story_ends_well(language: Language) {
    let table = table(language).as_ref().unwrap_or_else(|why| panic!("{why}"));
    let failures = table.failures();
    assert!(!table.outcomes.is_empty() && failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn rust() {
    every_story_ends_well(Language::Rust);
}

#[test]
fn c() {
    every_story_ends_well(Language::C);
}

#[test]
fn cpp() {
    every_story_ends_well(Language::Cpp);
}

#[test]
fn python() {
    every_story_ends_well(Language::Python);
}

#[test]
fn go() {
    every_story_ends_well(Language::Go);
}

#[test]
fn a_name_that_no_story_has_is_an_error_with_those_that_there_are() {
    let rust = Path::new(env!("CARGO_BIN_EXE_kmsramcred-conformance"));
    let error = run(Language::Rust, rust, "no-such").err().unwrap();
    assert!(error.contains("\"no-such\"") && error.contains("rotate-with-lag"), "{error}");
}

#[test]
fn users_of_every_language_see_the_same() {
    let tables: Vec<&Table> = Language::ALL.iter().filter_map(|language| table(*language).as_ref().ok()).collect();
    print(&tables);
    let differences = differences(&tables);
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn the_page_of_the_documentation_is_what_came_out() {
    let tables: Vec<&Table> = Language::ALL.iter().filter_map(|language| table(*language).as_ref().ok()).collect();
    let kept = std::fs::read_to_string(page_path()).unwrap();
    let made = page(&scenarios().unwrap(), &tables);
    assert!(kept == made, "{} is not up to date: run `make conformance`", page_path().display());
}
