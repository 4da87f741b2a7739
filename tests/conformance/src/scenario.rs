//! A story as data.

use crate::names::{Names, Unset, inside};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// What a driver can be asked, and what may be said with it. All of `open` but `path` is for the runner, which writes the
/// files. `start` is `open` and, where that went well, `acquire`.
const VERBS: &[(&str, &[&str])] = &[
    ("open", &["files", "lines", "settings", "look_up", "mode", "path"]),
    ("start", &["files", "lines", "settings", "look_up", "mode", "path", "secret", "timeout_ms"]),
    ("acquire", &["secret", "timeout_ms"]),
    ("refresh", &["secret", "timeout_ms"]),
    ("report", &["secret", "serial", "service", "host", "code", "http_status", "round", "left_ms"]),
    ("accept", &["secret", "serial"]),
    ("load", &["load", "secret", "host", "threads", "budget_ms"]),
    ("seen", &["load", "anew"]),
    ("stop", &["load"]),
    ("fork", &["children", "secret", "host", "calls", "until_refused", "timeout_ms"]),
    ("join", &[]),
    ("stats", &[]),
    ("explain", &["secret"]),
    ("warnings", &[]),
    ("close", &["timeout_ms"]),
];

/// One story.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name; the file is called the same.
    pub name: String,
    /// What it shows, in one sentence.
    pub shows: String,
    /// More keys of the configuration.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// What the environment of the program holds besides.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// What happens once, before the rows.
    #[serde(default)]
    first: Vec<Value>,
    /// The steps are told once for each row, with `{row.…}` filled in. What a row does not have is left out.
    #[serde(default)]
    rows: Rows,
    steps: Vec<Value>,
    /// What happens once, after the rows.
    #[serde(default)]
    last: Vec<Value>,
    /// The steps of all rows.
    #[serde(skip)]
    pub told: Vec<Step>,
}

/// The rows themselves, or how many there are: then each has nothing but a `name`, its number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Rows {
    Told(Vec<Value>),
    Counted { times: u32 },
}

impl Default for Rows {
    fn default() -> Rows {
        Rows::Told(Vec::new())
    }
}

impl Rows {
    fn all(&self) -> Vec<Value> {
        match self {
            Rows::Told(rows) => rows.clone(),
            Rows::Counted { times } => (1..=*times).map(|number| json!({"name": number.to_string()})).collect(),
        }
    }
}

/// One thing that happens, and what must come of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Step {
    /// A request to the control API of the emulator: `POST /secrets`.
    pub cloud: Option<String>,
    /// Its body.
    #[serde(default)]
    pub body: Value,
    /// A verb of the program.
    #[serde(rename = "do")]
    pub verb: Option<String>,
    /// Time passes, where the story itself is about time.
    pub pause_ms: Option<u64>,
    /// The program gets this signal: `STOP` or `CONT`.
    pub signal: Option<String>,
    /// The error that must come: its number and name, `101 config_invalid`; or several that may.
    #[serde(default)]
    pub fails: Value,
    /// What the text of the error must hold.
    #[serde(default)]
    pub says: Vec<String>,
    /// What the answer must hold.
    #[serde(default)]
    pub gives: Map<String, Value>,
    /// Do it again until it gives that.
    #[serde(default)]
    pub until: bool,
    /// The name under which later steps find the answer.
    #[serde(rename = "as")]
    pub remember: Option<String>,
    /// What is said with the verb.
    #[serde(flatten)]
    pub with: Map<String, Value>,
    /// Where it stands in the file.
    #[serde(skip)]
    pub place: String,
}

impl Scenario {
    /// Whether the program of the story forks.
    pub fn forks(&self) -> bool {
        self.told.iter().any(|step| step.verb.as_deref() == Some("fork"))
    }

    /// All stories of a directory, by name.
    pub fn all(directory: &Path) -> Result<Vec<Scenario>, String> {
        let files = std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        paths.iter().map(|path| Scenario::read(path).map_err(|why| format!("{}: {why}", path.display()))).collect()
    }

    fn read(path: &Path) -> Result<Scenario, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let mut scenario: Scenario = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if path.file_stem().is_none_or(|stem| *stem != *scenario.name) {
            return Err(format!("its name is {:?}", scenario.name));
        }
        scenario.told = scenario.tell()?;
        Ok(scenario)
    }

    fn tell(&self) -> Result<Vec<Step>, String> {
        let mut told = Vec::new();
        for (number, step) in self.first.iter().enumerate() {
            told.push(Step::of(step.clone(), format!("first {}", number + 1))?);
        }
        let mut rows = self.rows.all();
        if rows.is_empty() {
            rows.push(Value::Null);
        }
        let steps = Value::Array(self.steps.clone()).to_string();
        for (row_number, row) in rows.iter().enumerate() {
            let mut keys = row.as_object().into_iter().flatten().map(|(key, _)| key);
            if let Some(key) = keys.find(|key| *key != "name" && !steps.contains(&format!("{{row.{key}"))) {
                return Err(format!("row {}: no step uses {key:?}", row_number + 1));
            }
            let mut names = Names::default();
            names.set("row", row.clone());
            for (number, step) in self.steps.iter().enumerate() {
                let place = match row["name"].as_str() {
                    _ if row.is_null() => format!("step {}", number + 1),
                    Some(name) => format!("{name}, step {}", number + 1),
                    None => format!("row {}, step {}", row_number + 1, number + 1),
                };
                let filled = names.fill(&given(step, row), Unset::Keep)?;
                told.push(Step::of(filled, place)?);
            }
        }
        for (number, step) in self.last.iter().enumerate() {
            told.push(Step::of(step.clone(), format!("last {}", number + 1))?);
        }
        Ok(told)
    }
}

/// The step without what is wholly a `{row.…}` that this row does not have.
fn given(step: &Value, row: &Value) -> Value {
    let lacks = |text: &str| {
        let path = text.strip_prefix("{row.").and_then(|rest| rest.strip_suffix('}'));
        path.is_some_and(|path| inside(row, path).is_none())
    };
    match step {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.as_str().is_some_and(lacks));
            Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

impl Step {
    fn of(filled: Value, place: String) -> Result<Step, String> {
        let step = serde_json::from_value::<Step>(filled).map_err(|error| format!("{place}: {error}"))?;
        step.check().map_err(|why| format!("{place}: {why}"))?;
        Ok(Step { place, ..step })
    }

    /// A misspelt word must not make a step empty.
    fn check(&self) -> Result<(), String> {
        let kinds = [self.cloud.is_some(), self.verb.is_some(), self.pause_ms.is_some(), self.signal.is_some()];
        if kinds.iter().filter(|is_it| **is_it).count() != 1 {
            return Err("exactly one of `cloud`, `do`, `pause_ms` and `signal` makes a step".to_owned());
        }
        let allowed = match &self.verb {
            None => &[][..],
            Some(verb) => {
                VERBS.iter().find(|(name, _)| name == verb).ok_or_else(|| format!("there is no verb {verb:?}"))?.1
            }
        };
        match self.with.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(key) => Err(format!("{key:?} means nothing here; allowed: {allowed:?}")),
            None if self.until && self.gives.is_empty() => Err("until what? `gives` says it".to_owned()),
            None => Ok(()),
        }
    }
}
