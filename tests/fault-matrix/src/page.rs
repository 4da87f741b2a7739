//! The page of the documentation: what is the same in every run.

use crate::cell::Outcome;
use crate::client::{Seen, Told};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Where it is kept.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fault-matrix.md")
}

const INTRODUCTION: &str = include_str!("introduction.txt");

/// No times but bounds: they are of one machine, and `target/fault-matrix/cells.json` has them.
pub fn page(outcomes: &[Outcome]) -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut tables: Vec<(String, String)> = Vec::new();
    let mut group = "";
    for stage in outcomes.chunk_by(|one, other| (one.group, &one.at) == (other.group, &other.at)) {
        let Some(Outcome { group: of, at, .. }) = stage.first() else { continue };
        if group != *of {
            group = of;
            let _ = write!(text, "\n## {group}\n");
        }
        let table = table(stage);
        let _ = write!(text, "\n{}", place(at));
        match tables.iter().find(|(_, known)| *known == table) {
            Some((first, _)) => {
                let _ = writeln!(text, ": the same as at \"{first}\".");
            }
            None => {
                let _ = write!(text, ":\n\n{table}");
                tables.push((group.to_owned(), table));
            }
        }
    }
    text.push_str("\n## The messages\n\n| | what the error says |\n|---|---|\n");
    let mut told: Vec<&str> = Vec::new();
    for message in outcomes.iter().filter_map(|outcome| Some(outcome.seen.error.as_ref()?.text.as_str())) {
        if !told.contains(&message) {
            told.push(message);
            let _ = writeln!(text, "| <a id=\"{0}\"></a>{0} | {message} |", name(message));
        }
    }
    text
}

fn place(at: &str) -> &str {
    match at {
        "kms" => "Fault at the shared gateway",
        "dedicated" => "Fault at the KMS instance",
        "metadata" => "Fault at the ECS metadata service",
        "sts" => "Fault at STS",
        "credentials_uri" => "Fault at the credentials URI",
        other => other,
    }
}

fn table(stage: &[Outcome]) -> String {
    let mut text = "| fault | first call | requests | afterwards | reads | refresh | requests | by itself |\n\
        |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    text.extend(rows(stage).map(|[cold, warm]| row(cold, warm)));
    text
}

/// The two clients of each fault.
pub(crate) fn rows(outcomes: &[Outcome]) -> impl Iterator<Item = [&Outcome; 2]> {
    outcomes.chunks_exact(2).map(|pair| [&pair[0], &pair[1]])
}

/// The row of a fault: what a client without and one with a credential saw of it.
pub(crate) fn row(cold: &Outcome, warm: &Outcome) -> String {
    let reads = if warm.seen.broken.is_empty() { "served" } else { "BROKEN" };
    let (at, cold_seen, warm_seen) = (&cold.at, &cold.seen, &warm.seen);
    format!(
        "| {} | {} | {} | {} | {reads} | {} | {} | {} |\n",
        cold.fault,
        saw(cold_seen),
        asked(cold_seen, at),
        called_again(cold_seen),
        saw(warm_seen),
        asked(warm_seen, at),
        by_itself(warm_seen)
    )
}

/// What a text is called: the same whatever other texts there are, so that a new one changes nothing but its own lines.
fn name(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("m{:05x}", hash >> 44)
}

fn saw(seen: &Seen) -> String {
    match &seen.error {
        None => "succeeds".to_owned(),
        Some(Told { status, kind, text, .. }) => format!("{status} {kind} [{0}](#{0})", name(text)),
    }
}

/// Requests to the place of the fault. What is tried again and again depends on drawn pauses.
fn asked(seen: &Seen, at: &str) -> String {
    let count = seen.requests.get(at).copied().unwrap_or(0);
    match &seen.error {
        Some(error) if error.retryable && count > 1 => "several".to_owned(),
        _ => count.to_string(),
    }
}

fn called_again(seen: &Seen) -> &'static str {
    match (&seen.error, seen.failed_after) {
        (None, _) => "",
        (_, 0) => "next call",
        _ => "after a pause",
    }
}

fn by_itself(seen: &Seen) -> &'static str {
    match (&seen.error, seen.recovered_ms) {
        (None, _) => "",
        (_, ..2_000) => "< 2 s",
        (_, ..7_000) => "< 7 s",
        _ => "later",
    }
}
