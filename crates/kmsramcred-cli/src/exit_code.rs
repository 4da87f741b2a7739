//! The number this program ends with.
//!
//! In goes a kind of error, out comes its exit code. The numbers are part of the interface: scripts branch on them, so
//! none is ever given to another meaning. docs/cli.md shows the same table, and a test compares the two.

use kmsramcred::ErrorKind;

/// This program itself failed.
pub(crate) const INTERNAL: u8 = 1;
/// The command line cannot be used; clap ends with the same number.
pub(crate) const USAGE: u8 = 2;

/// Every exit code but 0, what it means, and the kinds of error behind it.
pub(crate) const TABLE: [(u8, &str, &[ErrorKind]); 11] = [
    (
        INTERNAL,
        "kmsramcred itself failed, or its output could not be written",
        &[ErrorKind::Internal, ErrorKind::Closed],
    ),
    (USAGE, "the command line cannot be used", &[ErrorKind::InvalidArgument]),
    (3, "the configuration is missing or wrong", &[ErrorKind::ConfigMissing, ErrorKind::ConfigInvalid]),
    (4, "no identity for KMS", &[ErrorKind::SourceUnavailable, ErrorKind::SourceDenied]),
    (5, "KMS cannot be reached in time", &[ErrorKind::Network, ErrorKind::Timeout]),
    (6, "the certificate of the gateway was not accepted", &[ErrorKind::Tls]),
    (7, "KMS denies the secret", &[ErrorKind::KmsDenied]),
    (8, "KMS does not know the secret", &[ErrorKind::KmsNotFound]),
    (9, "KMS is busy or out of order", &[ErrorKind::KmsThrottled, ErrorKind::KmsServer]),
    (10, "KMS refused the request for another reason", &[ErrorKind::KmsRejected]),
    (
        11,
        "the secret holds no AccessKey that can be used",
        &[ErrorKind::SecretType, ErrorKind::SecretMalformed, ErrorKind::NotReady, ErrorKind::Expired],
    ),
];

/// The program was found and cannot be run; the number of the shells.
pub(crate) const CANNOT_RUN: u8 = 126;
/// The program was not found; the number of the shells.
pub(crate) const NOT_FOUND: u8 = 127;

/// What `exec` ends with where its program does not begin.
pub(crate) const PROGRAM: [(u8, &str); 2] =
    [(CANNOT_RUN, "exec: the program cannot be run"), (NOT_FOUND, "exec: the program was not found")];

/// The exit code for an error of this kind.
pub(crate) fn of(kind: ErrorKind) -> u8 {
    TABLE.iter().find(|(_, _, kinds)| kinds.contains(&kind)).map_or(INTERNAL, |(code, _, _)| *code)
}

/// The table for `--help`.
pub(crate) fn help() -> String {
    let rows: String = TABLE.iter().map(|(code, meaning, _)| format!("\n  {code:>3}  {meaning}")).collect();
    format!("Exit codes:\n    0  all went well{rows}")
}

/// The same with what `exec` may end with besides.
pub(crate) fn help_with_program() -> String {
    let rows = PROGRAM.map(|(code, meaning)| format!("\n  {code:>3}  {meaning}")).concat();
    format!("{}{rows}\nAny other code is the program's own; it may use these numbers too.", help())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_exactly_one_row() {
        for kind in ErrorKind::ALL {
            let rows = TABLE.iter().filter(|(_, _, kinds)| kinds.contains(&kind)).count();
            assert_eq!(rows, 1, "{kind:?}");
        }
    }

    #[test]
    fn numbers_are_unique_and_free_of_what_shells_mean() {
        for (index, (code, _, _)) in TABLE.iter().enumerate() {
            assert!((1..126).contains(code), "{code}");
            assert!(TABLE[..index].iter().all(|(earlier, _, _)| earlier < code), "{code}");
        }
    }

    #[test]
    fn the_page_shows_the_same_table() {
        let page = include_str!("../../../docs/cli.md");
        for (code, meaning, kinds) in TABLE {
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind:?}`")).collect();
            let row = format!("| {code} | {meaning} | {} |", kinds.join(", "));
            assert!(page.contains(&row), "docs/cli.md lacks: {row}");
        }
        for (code, meaning) in PROGRAM {
            let row = format!("| {code} | {meaning} | |");
            assert!(page.contains(&row), "docs/cli.md lacks: {row}");
        }
        let rows = page.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()).count();
        assert_eq!(rows, TABLE.len() + PROGRAM.len() + 1, "0 is besides");
    }
}
