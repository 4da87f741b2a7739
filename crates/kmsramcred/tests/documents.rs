//! The pages about the configuration and about errors say what the code does.

use kmsramcred::ErrorKind;
use kmsramcred::config::keys::{KEYS, Status};

#[test]
fn every_key_that_works_is_documented_with_its_variable() {
    let page = include_str!("../../../docs/configuration.md");
    for key in KEYS.iter().filter(|key| key.status == Status::Works) {
        assert!(page.contains(&format!("`{}`", key.name)), "docs/configuration.md does not name {}", key.name);
        if let Some(variable) = key.variable() {
            assert!(page.contains(&format!("`{variable}`")), "docs/configuration.md does not name {variable}");
        }
    }
}

#[test]
fn every_kind_of_error_is_documented_with_its_number_and_advice() {
    let page = include_str!("../../../docs/troubleshooting.md");
    let is_row = |line: &&str| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit();
    let rows: Vec<Vec<&str>> = page.lines().filter(is_row).map(|row| row.split('|').map(str::trim).collect()).collect();
    for kind in ErrorKind::ALL {
        let number = kind.status().to_string();
        let row = rows.iter().find(|row| row[1] == number).unwrap_or_else(|| panic!("no row for {number}"));
        assert_eq!(row[2], format!("`{kind:?}`"));
        assert_eq!((row[5], row[6]), (kind.advice(), if kind.is_retryable() { "yes" } else { "" }), "{kind:?}");
    }
}
