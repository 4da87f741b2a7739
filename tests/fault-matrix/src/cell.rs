//! One cell: a world of its own, a client in a process of its own, and a fault between the two.

use crate::client::{Seen, Task};
use crate::control::Request;
use crate::fault::{Fault, word};
use crate::group::{Group, NEVER_SHOWN, Setup};
use kms_emulator::{FaultAt, Ready};
use serde::Serialize;
use serde_json::Value;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A client that has not ended by then hangs.
const HANGS: Duration = Duration::from_secs(120);

/// Where a fault strikes, and whom.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) group: Group,
    pub(crate) at: FaultAt,
    pub(crate) fault: Fault,
    pub(crate) warm: bool,
}

impl Cell {
    /// The row of the page.
    pub(crate) fn row(&self) -> String {
        format!("{}: {} at {}", self.group.title(), self.fault.name, word(self.at))
    }
}

/// A cell with what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The heading of its group.
    pub group: &'static str,
    /// The place of the fault.
    pub at: String,
    /// The row.
    pub fault: String,
    /// Whether the client had a credential.
    pub warm: bool,
    /// What it saw.
    pub seen: Seen,
}

/// What all cells have in common: who plays a client, and the file with its OIDC token.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) program: &'a Path,
    pub(crate) token_file: &'a Path,
}

impl Cell {
    pub(crate) fn play(&self, ground: Ground) -> Result<Outcome, String> {
        let Cell { group, at, fault, warm } = self;
        let setup = group.set_up(ground.token_file)?;
        // An identity that was lent is at hand: only where it is gone the source is asked.
        let revoked = !matches!(at, FaultAt::Kms | FaultAt::Dedicated);
        let task = task(&setup, *warm, revoked, Some(fault));
        let mut seen = run(ground.program, &setup, &task)?;
        if let Some(error) = seen.error.as_mut().filter(|_| *warm && revoked) {
            // That the old identity was refused is the doing of this test.
            error.text.truncate(error.text.find(" Cause: ").unwrap_or(error.text.len()));
        }
        for text in seen.error.iter_mut().map(|error| &mut error.text).chain(&mut seen.broken) {
            *text = placeless(text, setup.emulator.ready());
        }
        Ok(Outcome { group: group.title(), at: word(at), fault: fault.name.clone(), warm: *warm, seen })
    }
}

/// The places that a healthy fetch of this group asks: the stages of its fetch.
pub(crate) fn stages(group: Group, ground: Ground) -> Result<Vec<FaultAt>, String> {
    let setup = group.set_up(ground.token_file)?;
    let seen = run(ground.program, &setup, &task(&setup, false, false, None))?;
    if let Some(error) = seen.error {
        return Err(format!("{}: without any fault: {}", group.title(), error.text));
    }
    Ok(FaultAt::ALL.iter().copied().filter(|at| seen.requests.contains_key(&word(at))).collect())
}

fn task(setup: &Setup, warm: bool, revoked: bool, fault: Option<&Fault>) -> Task {
    Task {
        control: setup.emulator.ready().control.trim_start_matches("http://").to_owned(),
        settings: setup.settings.clone(),
        warm,
        revoke: setup.revoke.filter(|_| revoked).map(|path| Request::post(path, Value::Null)),
        fault: fault.map(|fault| (fault.order.clone(), fault.lift.clone())),
        names: names(setup.emulator.ready()),
        secrets: vec![NEVER_SHOWN.to_owned()],
    }
}

/// Lets a process of its own do the task; what surrounds it is what the setup says and nothing else.
fn run(program: &Path, setup: &Setup, task: &Task) -> Result<Seen, String> {
    let told = |why: std::io::Error| format!("{}: {why}", program.display());
    let mut child = Command::new(program)
        .arg("client")
        .env_clear()
        .envs(setup.environment.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(told)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(serde_json::to_string(task).map_err(|why| why.to_string())?.as_bytes()).map_err(told)?;
    }
    let ended = wait(&mut child);
    let mut said = [String::new(), String::new()];
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut said[0]).map_err(told)?;
    }
    if let Some(mut output) = child.stderr.take() {
        output.read_to_string(&mut said[1]).map_err(told)?;
    }
    ended.and_then(|()| serde_json::from_str(&said[0]).map_err(|why| why.to_string())).map_err(|why| {
        let [output, complaint] = said;
        format!("the client: {why} {output}{complaint}")
    })
}

/// What a client says fits into a pipe, so it can be read after its end.
fn wait(child: &mut Child) -> Result<(), String> {
    let began = Instant::now();
    while child.try_wait().map_err(|why| why.to_string())?.is_none() {
        if began.elapsed() > HANGS {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it hung for {HANGS:?}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// An error has to name one of these: a gateway, or what gives the identity.
fn names(ready: &Ready) -> Vec<String> {
    let places = [&ready.kms_host, &ready.dedicated_host, &ready.metadata, &ready.sts_host, &ready.credentials_uri];
    let host = |place: &&String| host(place).to_owned();
    let mut names: Vec<String> = places.iter().map(host).collect();
    names.extend(["ECS metadata service".to_owned(), "asking the source".to_owned()]);
    names
}

/// Host and port of an address that may be an URL.
fn host(place: &str) -> &str {
    place.trim_start_matches("http://").split('/').next().unwrap_or_default()
}

/// The text with names in place of addresses, and without figures and dates that are of one run.
fn placeless(text: &str, ready: &Ready) -> String {
    let mut text = text.to_owned();
    for (place, name) in [
        (&ready.kms_host, "GATEWAY"),
        (&ready.dedicated_host, "GATEWAY"),
        (&ready.sts_host, "STS-HOST"),
        (&ready.metadata, "METADATA"),
        (&ready.credentials_uri, "URI-HOST"),
    ] {
        text = text.replace(host(place), name);
    }
    let bare = |word: &str| word.trim_matches(['.', ';', ':', ',', '(', ')']).to_owned();
    let words: Vec<&str> = text.split(' ').collect();
    let figure = |index: usize| {
        let word = bare(words[index]);
        let unit = words.get(index + 1).is_some_and(|next| ["s", "ms"].contains(&bare(next).as_str()));
        let attempt = index > 0 && words[index - 1] == "attempt";
        let date = word.ends_with('Z') && word.starts_with("20") && word.contains('T');
        (date || word.parse::<f64>().is_ok() && (unit || attempt)).then_some(word)
    };
    let shown = |(index, word): (usize, &&str)| figure(index).map_or(word.to_string(), |it| word.replace(&it, "N"));
    words.iter().enumerate().map(shown).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_one_run_is_left_out_of_a_text_and_nothing_else() {
        let setup = Group::AccessKey.set_up(Path::new("")).unwrap();
        let ready = setup.emulator.ready();
        let text = format!(
            "{}: 3 of 4 after 1.5 s: attempt 7, 2499 ms. HTTP 503, {} (until 2026-11-24T15:12:19Z).",
            ready.kms_host, ready.credentials_uri
        );
        let expected = "GATEWAY: 3 of 4 after N s: attempt N, N ms. HTTP 503, http://URI-HOST/credentials (until N).";
        assert_eq!(placeless(&text, ready), expected);
    }
}
