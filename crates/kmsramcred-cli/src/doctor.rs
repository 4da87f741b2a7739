//! `kmsramcred doctor`: tries a configuration step by step, and says for each step what happened and what to do.
//!
//! In go a configuration and names of secrets, out comes a report on standard output, as a table or as JSON; the exit code
//! is that of the first step that failed. No value of a setting and no secret is in it.

use crate::command_line::Doctor;
use crate::exit_code;
use crate::failure::Failure;
use kmsramcred::config::Origin;
use kmsramcred::examination::{Examination, Outcome, Step, Subject};
use kmsramcred::{Config, Error, ErrorKind, examine};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Carries the order out.
pub(crate) fn run(order: &Doctor) -> Result<(), Failure> {
    let names: Vec<&str> = order.names.iter().map(String::as_str).collect();
    let examined =
        Config::from_file(order.way.config.as_deref()).map(|config| examine(&config, &names, order.way.timeout));
    let text = match (&examined, order.json) {
        (Ok(examination), false) => table(examination),
        (Ok(examination), true) => pretty(&report(examination)),
        (Err(error), false) => format!("FAILED  configuration: {error}\n"),
        (Err(error), true) => pretty(&json!({ "steps": [
            { "subject": "configuration", "outcome": "failed", "error": told(error) },
        ] })),
    };
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    let failed: Vec<ErrorKind> = match &examined {
        Err(error) => vec![error.kind()],
        Ok(examination) => examination.steps.iter().filter_map(|step| Some(error_of(step)?.kind())).collect(),
    };
    match failed.first() {
        None => Ok(()),
        Some(kind) => Err(Failure::new(exit_code::of(*kind), format!("{} of the steps failed.", failed.len()))),
    }
}

fn error_of(step: &Step) -> Option<&Error> {
    match &step.outcome {
        Outcome::Failed(error) => Some(error),
        Outcome::Fine(_) | Outcome::NotTried(_) => None,
    }
}

fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Certificates => "certificates",
        Subject::Source => "source",
        Subject::Gateway => "gateway",
        Subject::Secret => "secret",
    }
}

fn table(examination: &Examination) -> String {
    let mut text = String::from("Settings\n");
    let (defaults, set): (Vec<_>, Vec<_>) =
        examination.settings.iter().partition(|(_, origin)| *origin == Origin::Default);
    for (key, origin) in set {
        text.push_str(&format!("  {key:<34} {origin}\n"));
    }
    text.push_str(&format!("  {} others have their defaults\n", defaults.len()));
    if !examination.notices.is_empty() {
        text.push_str("Notices\n");
    }
    for notice in &examination.notices {
        text.push_str(&format!("  {notice}\n"));
    }
    text.push_str("Steps\n");
    for step in &examination.steps {
        let place = step.gateway.as_ref().map(|gateway| format!(" at {gateway}")).unwrap_or_default();
        let name = if step.subject == Subject::Secret { format!("{:?}", step.name) } else { step.name.clone() };
        let (mark, what) = match &step.outcome {
            Outcome::Fine(seen) => ("ok", seen.clone()),
            Outcome::Failed(error) => ("FAILED", error.to_string()),
            Outcome::NotTried(why) => ("-", format!("not tried: {why}")),
        };
        text.push_str(&format!("  {mark:<6}  {} {name}{place}: {what}\n", subject(step.subject)));
    }
    text
}

fn report(examination: &Examination) -> Value {
    let steps = examination.steps.iter().map(|step| {
        let (outcome, seen) = match &step.outcome {
            Outcome::Fine(seen) => ("fine", Some(seen.as_str())),
            Outcome::Failed(_) => ("failed", None),
            Outcome::NotTried(why) => ("not tried", Some(*why)),
        };
        json!({
            "subject": subject(step.subject),
            "name": step.name,
            "gateway": step.gateway,
            "outcome": outcome,
            "what": seen,
            "error": error_of(step).map(told),
        })
    });
    json!({
        "settings": examination.settings.iter().map(|(key, origin)| json!({
            "key": key,
            "from": origin.to_string(),
        })).collect::<Vec<_>>(),
        "notices": examination.notices,
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn told(error: &Error) -> Value {
    json!({
        "kind": format!("{:?}", error.kind()),
        "status": error.kind().status(),
        "message": error.message(),
        "code": error.code(),
        "http_status": error.http_status(),
        "request_id": error.request_id(),
        "advice": error.kind().advice(),
        "cause": error.cause().map(told),
    })
}

fn pretty(report: &Value) -> String {
    format!("{report:#}\n")
}
