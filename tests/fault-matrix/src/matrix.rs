//! All cells, many at a time: a client waits nearly all of its time.

use crate::cell::{Cell, Ground, Outcome, stages};
use crate::fault::Fault;
use crate::group::{Group, TOKEN};
use crate::page::{row, rows};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Cells at the same time.
const AT_ONCE: usize = 40;
/// The same where a row is played again.
const FEW_AT_ONCE: usize = 8;
/// How often at most a row is played again.
const MOST_AGAIN: usize = 3;
/// With more new rows it is no accident.
const MOST_STRANGE: usize = 24;
/// More complaints say no more.
const MOST_LINES: usize = 20;
/// How often the progress is told.
const PROGRESS: Duration = Duration::from_secs(5);

/// Every fault × every stage × every group × without and with a credential, in the order of the page. `program` is this
/// crate's own, which plays the clients. Only cells whose row contains `filter`; all of them are written to
/// `fault-matrix/cells.json` in the target directory.
///
/// A machine that is busy with something else makes a client see what it would not see otherwise. So a row that is not on
/// the page as it is kept, `known`, is played again, with little beside it, before it is believed. What breaks a rule in any
/// play is kept.
pub fn run(program: &Path, filter: &str, known: &str) -> Result<Vec<Outcome>, String> {
    let token_file = TokenFile::new()?;
    let ground = Ground { program, token_file: &token_file.0 };
    let stages = each(&Group::ALL, AT_ONCE, |group| stages(*group, ground))?;
    let mut cells = Vec::new();
    for (group, stages) in Group::ALL.into_iter().zip(stages) {
        for at in stages {
            for fault in Fault::all(at) {
                let cell = |warm| Cell { group, at, fault: fault.clone(), warm };
                cells.extend([cell(false), cell(true)].into_iter().filter(|cell| cell.row().contains(filter)));
            }
        }
    }
    let all: Vec<usize> = (0..cells.len()).collect();
    let mut outcomes = play(&cells, &all, AT_ONCE, ground)?;
    for _ in 0..MOST_AGAIN {
        let strange = |[cold, warm]: &[&Outcome; 2]| !known.contains(&row(cold, warm));
        let strange: Vec<usize> =
            rows(&outcomes).enumerate().filter(|(_, pair)| strange(pair)).map(|(at, _)| at).collect();
        if strange.is_empty() || strange.len() > MOST_STRANGE {
            break;
        }
        strange.iter().for_each(|at| say(&format!("played again: {}", cells[2 * at].row())));
        let again: Vec<usize> = strange.iter().flat_map(|at| [2 * at, 2 * at + 1]).collect();
        for (index, mut outcome) in again.iter().zip(play(&cells, &again, FEW_AT_ONCE, ground)?) {
            outcome.seen.broken.append(&mut outcomes[*index].seen.broken);
            outcomes[*index] = outcome;
        }
    }
    if filter.is_empty() {
        keep(&outcomes)?;
    }
    Ok(outcomes)
}

/// Some of the cells.
fn play(cells: &[Cell], which: &[usize], at_once: usize, ground: Ground) -> Result<Vec<Outcome>, String> {
    let (began, done, told) = (Instant::now(), AtomicUsize::new(0), Mutex::new(Instant::now()));
    each(which, at_once, |index| {
        let outcome = cells[*index].play(ground);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= PROGRESS || done == which.len() {
            *told = Instant::now();
            say(&format!("{done} of {} cells, {:.0} s", which.len(), began.elapsed().as_secs_f64()));
        }
        outcome
    })
}

/// What did not hold in some cells, one line each, up to so many lines.
pub fn broken(outcomes: &[Outcome]) -> Vec<String> {
    let rules = |outcome: &'_ Outcome| {
        let Outcome { group, at, fault, warm, seen } = outcome;
        let client = if *warm { "with a credential" } else { "without a credential" };
        let line = |why: &String| format!("{group}: {fault} at {at}, {client}: {why}");
        seen.broken.iter().map(line).collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = outcomes.iter().flat_map(rules).collect();
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Does something with each, some at the same time; the results are in the order of `all`.
fn each<T: Sync, R: Send>(
    all: &[T],
    at_once: usize,
    act: impl Fn(&T) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(all.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(index) else { break };
                    let result = act(one);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn keep(outcomes: &[Outcome]) -> Result<(), String> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let directory = target.join("fault-matrix");
    let text = serde_json::to_string_pretty(outcomes).map_err(|why| why.to_string())?;
    std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(directory.join("cells.json"), text))
        .map_err(|why| format!("{}: {why}", directory.display()))
}

/// Goes away when it is dropped.
struct TokenFile(PathBuf);

impl TokenFile {
    fn new() -> Result<TokenFile, String> {
        let path = std::env::temp_dir().join(format!("kmsramcred-fault-matrix-{}", std::process::id()));
        std::fs::write(&path, TOKEN).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(TokenFile(path))
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // What is left behind is in the way of nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn say(what: &str) {
    let _ = writeln!(stderr(), "{what}");
}
