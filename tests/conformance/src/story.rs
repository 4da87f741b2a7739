//! Tells one story through one driver.

use crate::cloud::Cloud;
use crate::driver::Driver;
use crate::expectation::check;
use crate::line::Line;
use crate::names::{Names, Unset, plain};
use crate::opening;
use crate::scenario::{Scenario, Step};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long `until` waits. Nothing passes or fails by how fast it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// Files that stories point a program to.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/fixtures");

/// Stories put this where a secret belongs; nobody may ever say it.
const NEVER_SHOWN: &str = "NEVER-SHOWN";

/// What one step of a program brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Which step.
    pub step: String,
    /// What it brought. A language may leave out what it has no place for: a status without an error has no message.
    pub saw: BTreeMap<String, String>,
}

impl Fact {
    /// What two languages saw differently in the same step.
    pub fn difference(&self, other: &Fact) -> Option<String> {
        if self.step != other.step {
            return Some(format!("{} / {}", self.step, other.step));
        }
        let differ = |(key, value): &(&String, &String)| other.saw.get(*key).is_some_and(|theirs| theirs != *value);
        let (key, value) = self.saw.iter().find(differ)?;
        Some(format!("{}: {key}\n  {value}\n  {}", self.step, other.saw[key]))
    }
}

/// A story that is being told.
struct Story<'a> {
    scenario: &'a Scenario,
    cloud: &'a Cloud,
    driver: Driver,
    names: Names,
    facts: Vec<Fact>,
}

/// A ClientKey of the fixtures: its id, what registers it, its file and its password's.
fn client_key() -> Value {
    let id = "KAAP.00000000-0000-4000-8000-00000000000d";
    let base = format!("{FIXTURES}/clientkey-d/clientKey_{id}");
    let certificate = include_str!("../../vectors/fixtures/clientkey-d/cert.pem");
    let (file, password) = (format!("{base}.json"), format!("{base}_Password.txt"));
    json!({"id": id, "certificate": certificate, "file": file, "password_file": password})
}

/// Tells it. The facts are what must be the same in every language; the error is the first thing that went wrong.
pub fn tell(scenario: &Scenario, driver: &[String]) -> (Vec<Fact>, Result<(), String>) {
    let cloud = match Cloud::start() {
        Ok(cloud) => cloud,
        Err(why) => return (Vec::new(), Err(why)),
    };
    let ready = cloud.ready();
    let mut names = Names::default();
    names.set("dir", json!(cloud.directory()));
    names.set("kms", json!(ready.kms_host));
    names.set("service", json!(ready.services["default"]));
    names.set("sts", json!(ready.sts_plain_host));
    names.set("caller", json!(ready.access_key_id));
    names.set("metadata", json!(ready.metadata));
    names.set("credentials_uri", json!(ready.credentials_uri));
    names.set("dedicated", json!({"host": ready.dedicated_host, "ca": ready.dedicated_ca_path}));
    names.set("ca", json!(ready.ca_path));
    names.set("fixtures", json!(FIXTURES));
    names.set("client_key", client_key());
    let filled = names.fill(&json!(scenario.environment), Unset::Refuse);
    let started = filled.and_then(|environment| {
        let variables = environment.as_object().into_iter().flatten();
        let variables: Vec<_> = variables.map(|(name, value)| (name.clone(), plain(value))).collect();
        Driver::start(driver, cloud.directory(), &variables)
    });
    let driver = match started {
        Ok(driver) => driver,
        Err(why) => return (Vec::new(), Err(why)),
    };
    let mut story = Story { scenario, cloud: &cloud, driver, names, facts: Vec::new() };
    let result = story.tell();
    (story.facts, result)
}

impl Story<'_> {
    fn tell(&mut self) -> Result<(), String> {
        for step in &self.scenario.told {
            self.live(step).map_err(|why| format!("{}: {why}", step.place))?;
        }
        self.driver.quit()?;
        self.keep_secret(&self.driver.complaints())
    }

    fn live(&mut self, step: &Step) -> Result<(), String> {
        if let Some(ms) = step.pause_ms {
            std::thread::sleep(Duration::from_millis(ms));
            return Ok(());
        }
        if let Some(signal) = &step.signal {
            return self.driver.signal(signal);
        }
        let deadline = Instant::now() + PATIENCE;
        let answer = loop {
            let answer = self.act(step)?;
            let seen = self.judge(step, &answer);
            if !step.until || seen.is_ok() || Instant::now() > deadline {
                seen?;
                break answer;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if let Some(name) = &step.remember {
            self.names.set(name, answer);
        }
        Ok(())
    }

    /// Does it; answers what came of it as an object.
    fn act(&mut self, step: &Step) -> Result<Value, String> {
        if let Some(request) = &step.cloud {
            let request = plain(&self.names.fill(&json!(request), Unset::Refuse)?);
            return self.cloud.request(&request, self.names.fill(&step.body, Unset::Refuse)?);
        }
        let verb = step.verb.as_deref().unwrap_or_default();
        let with = self.names.fill(&json!(step.with), Unset::Refuse)?;
        let with = with.as_object().cloned().unwrap_or_default();
        if verb != "open" && verb != "start" {
            return self.ask(verb, &with);
        }
        let opened = self.ask("open", &opening::prepare(self.cloud, &self.scenario.settings, &with)?)?;
        if verb == "open" || opened["answer"] == "error" {
            return Ok(opened);
        }
        let keys = ["secret", "timeout_ms"];
        self.ask("acquire", &with.into_iter().filter(|(key, _)| keys.contains(&key.as_str())).collect())
    }

    /// One command to the driver.
    fn ask(&mut self, verb: &str, with: &Map<String, Value>) -> Result<Value, String> {
        let command = with.iter().fold(Line::new(verb), |line, (key, value)| line.with(key, plain(value)));
        let began = Instant::now();
        let answer = self.driver.ask(&command)?;
        let took = began.elapsed().as_millis();
        self.keep_secret(&answer.to_string())?;
        let mut fields: Map<String, Value> =
            answer.fields.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        if let Some(text) = answer.get("json") {
            let value = serde_json::from_str(text).map_err(|error| format!("`json` is no JSON: {error}: {text}"))?;
            fields.insert("json".to_owned(), value);
        }
        fields.insert("answer".to_owned(), json!(answer.word));
        fields.insert("to".to_owned(), json!(verb));
        fields.insert("took_ms".to_owned(), json!(took.to_string()));
        Ok(Value::Object(fields))
    }

    /// Compares an answer with what the story expects.
    fn judge(&mut self, step: &Step, answer: &Value) -> Result<(), String> {
        let failed = answer["answer"] == "error";
        let said = plain(&answer["message"]);
        match &step.fails {
            Value::Null if failed => return Err(format!("it failed: {} {}: {said}", status(answer), name(answer))),
            Value::Null => {}
            _ if !failed => return Err(format!("it did not fail with {}: {answer}", plain(&step.fails))),
            wanted => {
                let found = format!("{} {}", status(answer), name(answer));
                let allowed: Vec<String> = match wanted {
                    Value::Array(several) => several.iter().map(plain).collect(),
                    one => vec![plain(one)],
                };
                if !allowed.iter().any(|allowed| same_error(allowed, &found)) {
                    return Err(format!("it failed with {found}, not with {}: {said}", allowed.join(" or ")));
                }
            }
        }
        for part in &step.says {
            let part = plain(&self.names.fill(&json!(part), Unset::Refuse)?);
            if !said.contains(&part) {
                return Err(format!("the message does not say {part:?}: {said}"));
            }
        }
        let gives = self.names.fill(&json!(step.gives), Unset::Refuse)?;
        check(answer, gives.as_object().unwrap_or(&Map::new()))?;
        self.note(step, answer);
        Ok(())
    }

    /// What every language must have seen in the same way. What a program can do nothing about, such as how often it
    /// was refused, is left to the bounds in the story.
    fn note(&mut self, step: &Step, answer: &Value) {
        let Some(verb) = &step.verb else { return };
        let mut saw = BTreeMap::from([("answer".to_owned(), plain(&answer["answer"]))]);
        // Where several errors may come, chance decides which one does.
        if !step.fails.is_array() {
            for key in ["status", "advice", "retryable", "code", "http_status", "verdict"] {
                saw.extend(answer.get(key).map(|value| (key.to_owned(), plain(value))));
            }
            // So does chance what a fetch was doing when time was up, or when a key ended.
            if !["302", "600", "601"].contains(&plain(&answer["status"]).as_str()) {
                saw.extend(answer["message"].as_str().map(|text| ("message".to_owned(), self.without_accidents(text))));
            }
        }
        self.facts.push(Fact { step: format!("{}: {verb}", step.place), saw });
    }

    /// A message without what differs from run to run: places, numbers and request ids.
    fn without_accidents(&self, text: &str) -> String {
        let text = text.replace(&self.cloud.directory().to_string_lossy().into_owned(), "DIR");
        let words = text.split(' ').map(|word| {
            let is_id = word.matches('-').count() == 4 && word.len() > 30;
            if is_id { "ID".to_owned() } else { word.replace(|c: char| c.is_ascii_digit(), "#") }
        });
        let mut text = words.collect::<Vec<_>>().join(" ");
        while text.contains("##") {
            text = text.replace("##", "#");
        }
        text
    }

    fn keep_secret(&self, text: &str) -> Result<(), String> {
        for secret in [NEVER_SHOWN, &self.cloud.ready().access_key_secret] {
            if text.contains(secret) {
                return Err(format!("a secret is shown: {}", text.replace(secret, "***")));
            }
        }
        Ok(())
    }
}

fn status(answer: &Value) -> String {
    plain(&answer["status"])
}

fn name(answer: &Value) -> String {
    plain(&answer["name"])
}

/// Numbers are equal everywhere; each language writes names in its own way.
fn same_error(wanted: &str, found: &str) -> bool {
    let bare = |text: &str| text.replace('_', "").to_ascii_lowercase();
    bare(wanted) == bare(found)
}
