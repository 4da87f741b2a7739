//! What came of every story in a language, and whether the languages agree.

use crate::Language;
use crate::scenario::Scenario;
use crate::story::{self, Fact};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{Write as _, stderr, stdout};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Stories told at the same time; most of them wait most of the time.
const AT_ONCE: usize = 2;

/// One language.
#[derive(Debug, Serialize)]
pub struct Table {
    /// Its name.
    pub language: String,
    /// Seconds for everything.
    pub seconds: f64,
    /// Every story, in the order of the files.
    pub outcomes: Vec<Outcome>,
}

/// One story in one language.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The name of the story.
    pub scenario: String,
    /// How long it took.
    pub seconds: f64,
    /// The first thing that went wrong.
    pub failure: Option<String>,
    /// What must be the same in every language.
    pub facts: Vec<Fact>,
}

/// Every story.
pub fn scenarios() -> Result<Vec<Scenario>, String> {
    Scenario::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"))
}

/// Tells every story whose name contains `filter` in one language, and writes the table to `conformance/` in the target
/// directory.
pub fn run(language: Language, rust: &Path, filter: &str) -> Result<Table, String> {
    let driver = language.driver(rust)?;
    let mut scenarios = scenarios()?;
    if !scenarios.iter().any(|scenario| scenario.name.contains(filter)) {
        let names: Vec<_> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        return Err(format!("no story has {filter:?} in its name; there are {}", names.join(", ")));
    }
    scenarios.retain(|scenario| scenario.name.contains(filter) && (language.forks() || !scenario.forks()));
    let began = Instant::now();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let (facts, result) = story::tell(scenario, &driver);
                    let seconds = began.elapsed().as_secs_f64();
                    let failure = result.err();
                    say(&format!(
                        "{language} {} {} ({seconds:.1} s)",
                        scenario.name,
                        failure.as_deref().map_or("fine".to_owned(), |why| format!("FAILED: {why}"))
                    ));
                    let outcome = Outcome { scenario: scenario.name.clone(), seconds, failure, facts };
                    outcomes.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    outcomes.sort_by(|one, other| one.scenario.cmp(&other.scenario));
    let table = Table { language: language.to_string(), seconds: began.elapsed().as_secs_f64(), outcomes };
    if filter.is_empty() {
        table.save()?;
    }
    Ok(table)
}

impl Table {
    /// What went wrong, one line a story.
    pub fn failures(&self) -> Vec<String> {
        let failed = self.outcomes.iter().filter_map(|one| Some((&one.scenario, one.failure.as_ref()?)));
        failed.map(|(scenario, why)| format!("{} {scenario}: {why}", self.language)).collect()
    }

    pub(crate) fn outcome(&self, scenario: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.scenario == scenario)
    }

    fn save(&self) -> Result<(), String> {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
        let path = target.join("conformance").join(format!("{}.json", self.language));
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        std::fs::create_dir_all(target.join("conformance"))
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Where two languages saw the same story differently. Stories that failed say so themselves.
pub fn differences(tables: &[&Table]) -> Vec<String> {
    let mut found = Vec::new();
    for pair in tables.windows(2) {
        let [one, other] = pair else { continue };
        for one_saw in &one.outcomes {
            let Some(other_saw) = other.outcome(&one_saw.scenario) else { continue };
            if one_saw.failure.is_some() || other_saw.failure.is_some() {
                continue;
            }
            let facts = one_saw.facts.iter().zip(&other_saw.facts);
            if let Some(difference) = facts.filter_map(|(one, other)| one.difference(other)).next() {
                let scenario = &one_saw.scenario;
                found.push(format!("{} and {} differ in {scenario}, {difference}", one.language, other.language));
            }
        }
    }
    found
}

/// Prints scenario × language.
pub fn print(tables: &[&Table]) {
    let Some(first) = tables.first() else { return };
    let mut text = format!("{:<28}", "");
    for table in tables {
        let _ = write!(text, "{:>12}", table.language);
    }
    for outcome in &first.outcomes {
        let _ = write!(text, "\n{:<28}", outcome.scenario);
        for table in tables {
            let cell = table.outcome(&outcome.scenario).map_or("-".to_owned(), |outcome| match outcome.failure {
                None => format!("{:.1} s", outcome.seconds),
                Some(_) => "FAILED".to_owned(),
            });
            let _ = write!(text, "{cell:>12}");
        }
    }
    let _ = write!(text, "\n{:<28}", "all");
    for table in tables {
        let _ = write!(text, "{:>10.0} s", table.seconds);
    }
    let _ = writeln!(stdout(), "{text}");
}

fn say(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}
