//! What is written about a run.

use crate::command::Command;
use crate::plots;
use crate::program::THREADS;
use crate::reading::Reading;
use crate::record::{Look, Record};
use crate::rules::{self, GROWTH_KIB, GROWTH_PART, LONGEST_CALL_MS, allowed, quarters};
use crate::run::Run;
use crate::schedule::{BUDGET_MS, DARK_MS, What};
use kmsramcred_chart::count;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "| Program | Calls | Failed, excused | Failed, not excused | Refused | Slowest call, ms | Memory, KiB: second quarter | last quarter | allowed | Threads: start | end | Descriptors: start | end |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";

/// Writes a file, or says which one could not be written.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The report, its figures and its plots; the page of the documentation where it was asked for.
pub fn save(command: &Command, run: &Run) -> Result<(), String> {
    let figures = json!({
        "seed": command.seed, "minutes": command.minutes, "threads": THREADS, "objections": run.objections(), "run": run,
    });
    write(&command.target.join("report.json"), &format!("{figures:#}\n"))?;
    write(&command.target.join("report.md"), &page(command, run, ""))?;
    let mut places = vec![command.target.clone()];
    if let Some(docs) = &command.docs {
        places.push(docs.join("soak"));
        write(&docs.join("soak.md"), &page(command, run, "soak/"))?;
    }
    for place in places {
        std::fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
        for plot in plots::ALL {
            write(&place.join(plot.0), &plots::draw(plot, run, command.length_ms()))?;
        }
    }
    Ok(())
}

/// The table alone.
pub fn table(run: &Run) -> String {
    run.records.iter().fold(HEAD.to_owned(), |table, record| table + &row(run, record))
}

fn row(run: &Run, record: &Record) -> String {
    let sum = |of: fn(&Look) -> u64| record.looks.iter().map(of).sum::<u64>();
    let excused = |look: &&Look| rules::excuse(look, &run.schedule.troubles, run.late_ms).is_some();
    let excused: u64 = record.looks.iter().filter(excused).map(|look| look.failed).sum();
    let slowest = record.looks.iter().map(|look| look.slowest_ms).max().unwrap_or(0);
    let (second, last) = quarters(&record.looks).unwrap_or((0, 0));
    let of = |reading: &Option<Reading>, of: fn(&Reading) -> u64| {
        reading.as_ref().map_or("–".to_owned(), |at| count(of(at)))
    };
    let cells = [
        record.language.clone(),
        count(sum(|look| look.calls)),
        count(excused),
        count(sum(|look| look.failed) - excused),
        count(sum(|look| look.refused)),
        count(slowest),
        count(second),
        count(last),
        count(allowed(second)),
        of(&record.start, |at| at.threads),
        of(&record.end, |at| at.threads),
        of(&record.start, |at| at.descriptors),
        of(&record.end, |at| at.descriptors),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// How the command is repeated.
fn again(command: &Command) -> String {
    let docs = if command.docs.is_some() { " DOCS=1" } else { "" };
    format!("make soak MINUTES={} SEED={}{docs}", command.minutes, command.seed)
}

fn page(command: &Command, run: &Run, plots: &str) -> String {
    let mut text = format!(
        "# Soak\n\n\
         Written by `{}`; do not edit. A program in each language calls one service from {THREADS} threads, all with one secret\n\
         of one [emulator]({}) and the same configuration, while the secret is rotated and the cloud fails as a schedule\n\
         says that is drawn from the seed.\n\n{}\n\n",
        again(command),
        if plots.is_empty() { "../../docs/emulator.md" } else { "emulator.md" },
        versions().join(", ")
    );
    let objections = run.objections();
    text += &match objections.is_empty() {
        true => "Everything held.\n\n".to_owned(),
        false => {
            objections.iter().fold("What did not hold:\n\n".to_owned(), |text, what| text + "- " + what + "\n") + "\n"
        }
    };
    text += &table(run);
    let _ = writeln!(text, "\n{}\n", happened(run));
    for (file, title, _) in plots::ALL {
        let _ = writeln!(text, "![{title}]({plots}{file})\n");
    }
    text + &rules_in_words()
}

fn happened(run: &Run) -> String {
    let number = |of: fn(&What) -> bool| run.schedule.events.iter().filter(|event| of(&event.what)).count();
    let excuses = run.schedule.troubles.iter().filter(|trouble| trouble.excuse.is_some()).count();
    format!(
        "It happened: {} rotations, {} faults, {} outages of KMS, {} refreshes by the user, {} times every client was closed and\n\
         opened anew, {} times every program (but Go's, which cannot) forked two children. In {excuses} troubles calls were\n\
         allowed to fail. KMS was asked {} times. What happens was {} ms late at most.",
        number(|what| matches!(what, What::Rotate(_))),
        number(|what| matches!(what, What::Fault(_))),
        number(|what| matches!(what, What::Down(true))),
        number(|what| matches!(what, What::Refresh { .. })),
        number(|what| matches!(what, What::Reopen)),
        number(|what| matches!(what, What::Fork)),
        count(run.kms_requests),
        run.late_ms,
    )
}

fn rules_in_words() -> String {
    format!(
        "## What must hold\n\n\
         - **Calls.** No call may fail, but for those that take place, at least in part, while the service itself answers errors\n\
         \x20 or resets connections, and those while KMS is down for longer than the budget of a call ({} s) and the old key dead,\n\
         \x20 until {} s after that: the longest pause between two looks, and one for the machine. Every other time without a usable\n\
         \x20 key is drawn to be shorter than {} s. A call is in a look (one a second) with how long the slowest of it took, so it\n\
         \x20 is known when it began at the earliest. Calls may fail as well until {} s after the machine itself stood still for more\n\
         \x20 than a second, in which the runner, which sleeps for 100 ms at a time, was not run.\n\
         - **Time.** No call takes longer than {} s, and there is no such time in which none ends.\n\
         - **Processes.** None dies, each answers, ends well, and uses the newest key once nothing is wrong any more. A refresh by the\n\
         \x20 user and forked children must go well unless KMS has a fault.\n\
         - **Threads and descriptors.** At the end there are no more than at the start. Both are counted at rest: no caller works, and no\n\
         \x20 thread fetches (the library's end after ten idle seconds); the start is after a rotation that every caller waited for\n\
         \x20 and three new clients. At the end there are 40 s to come to that. Go may\n\
         \x20 have {} more: it keeps a thread for each goroutine that was ever in a call to C at the same time.\n\
         - **Memory.** The median of the last quarter is at most that of the second, a {GROWTH_PART}th of that, and {} KiB more.\n\
         \x20 The programs run with `MALLOC_ARENA_MAX=1`, or threads would have heaps of their own that fill one after the other.\n",
        BUDGET_MS / 1_000,
        6,
        (DARK_MS + 1_000) / 1_000,
        BUDGET_MS / 1_000,
        LONGEST_CALL_MS / 1_000,
        rules::spare_threads("go"),
        count(GROWTH_KIB),
    )
}

/// Of everything that takes part, as the tools themselves tell it.
fn versions() -> Vec<String> {
    let python = std::env::var("KMSRAMCRED_CONFORMANCE_PYTHON").unwrap_or_default();
    let tools: [(&str, &[&str]); 6] = [
        ("date", &["-u", "+%Y-%m-%d"]),
        ("uname", &["-sr"]),
        ("rustc", &["--version"]),
        ("cc", &["--version"]),
        (&python, &["--version"]),
        ("go", &["version"]),
    ];
    let told = tools.iter().filter_map(|(tool, arguments)| {
        let output = std::process::Command::new(tool).args(*arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
    });
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    told.chain([format!("kmsramcred {}", env!("CARGO_PKG_VERSION")), format!("{processors} processors")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_holds_now_and_shows_every_plot() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let page = std::fs::read_to_string(docs.join("soak.md")).unwrap();
        assert!(page.contains(HEAD) && page.ends_with(&rules_in_words()), "run `make soak MINUTES=30 DOCS=1`");
        for (file, title, _) in plots::ALL {
            assert!(
                page.contains(&format!("![{title}](soak/{file})")) && docs.join("soak").join(file).exists(),
                "{file}"
            );
        }
    }
}
