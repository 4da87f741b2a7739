//! The run: warms up, lets the schedule happen, and waits until everybody has settled.

use crate::command::Command;
use crate::program::{Order, Plan, Program, SECRET};
use crate::record::Record;
use crate::rules;
use crate::schedule::{Event, Schedule, Trouble, What};
use kmsramcred_conformance::{Cloud, Language};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(5);

/// How often each program opens its client anew before anything is measured.
const CLIENTS: usize = 3;

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Run {
    /// What happened.
    pub schedule: Schedule,
    /// How much later than planned the latest event was.
    pub late_ms: u64,
    /// GetSecretValue, counted by the emulator.
    pub kms_requests: u64,
    /// What each program saw.
    pub records: Vec<Record>,
}

impl Run {
    /// Everything that went wrong.
    pub fn objections(&self) -> Vec<String> {
        let of = |record: &Record| {
            let language = record.language.clone();
            let found = rules::objections(record, &self.schedule.troubles, self.late_ms);
            found.into_iter().map(move |what| format!("{language}: {what}"))
        };
        self.records.iter().flat_map(of).collect()
    }
}

/// An error only when the stage itself breaks down.
pub fn perform(command: &Command, mut schedule: Schedule) -> Result<Run, String> {
    let cloud = Cloud::start()?;
    cloud.request("POST /secrets", json!({"name": SECRET}))?;
    let lines = cloud.configuration(&BTreeMap::new(), &Map::new());
    let config = cloud.write("app.properties", &(lines.join("\n") + "\n"), None)?;
    let rust = std::env::current_exe().map_err(|error| error.to_string())?;
    let plan = Arc::new(Plan { began: RwLock::default(), troubles: schedule.troubles.clone() });
    let host = &cloud.ready().services["default"];
    let mut programs = Vec::new();
    for language in Language::ALL {
        let (driver, directory) = (language.driver(&rust)?, cloud.directory().join(language.to_string()));
        programs.push(Program::start(language, &driver, directory, config.clone(), host, &plan)?);
    }
    let mut stage = Stage { cloud: &cloud, programs, late_ms: 0, standstills: Vec::new() };
    // An order to a program that was given up is obeyed by nobody; its record says why.
    if stage.warm_up()? {
        let began = Instant::now();
        *plan.began.write().unwrap_or_else(PoisonError::into_inner) = Some(began);
        stage.all(&Order::Work);
        stage.follow(&schedule, began, command.length_ms())?;
        stage.settle()?;
    }
    let counters = cloud.request("GET /counters", Value::Null)?;
    let kms_requests = counters["kms"]["get_secret_value"].as_u64().unwrap_or(0);
    schedule.troubles.append(&mut stage.standstills);
    let records = stage.programs.into_iter().map(Program::record).collect();
    Ok(Run { schedule, late_ms: stage.late_ms, kms_requests, records })
}

struct Stage<'a> {
    cloud: &'a Cloud,
    programs: Vec<Program>,
    late_ms: u64,
    standstills: Vec<Trouble>,
}

impl Stage<'_> {
    /// Tells all and waits for all; whether all of them went well.
    fn all(&self, order: &Order) -> bool {
        let answers: Vec<_> = self.programs.iter().map(|program| program.tell(order.clone())).collect();
        let results: Vec<_> = answers.into_iter().map(|answer| answer.recv()).collect();
        results.iter().all(|result| matches!(result, Ok(Ok(()))))
    }

    /// A rotation that all callers have to wait for, so that every thread is there that will ever be, and a few new
    /// clients, after which an allocator has what it keeps.
    fn warm_up(&self) -> Result<bool, String> {
        say("warming up");
        if !self.all(&Order::Work) {
            return Ok(false);
        }
        let how = json!({"old": "dead", "lag_ms": 1_000});
        let new = self.cloud.request(&format!("POST /secrets/{SECRET}/rotate"), how)?;
        let key = new["access_key_id"].as_str().unwrap_or_default().to_owned();
        let well = self.all(&Order::Follow(key)) && (0..CLIENTS).all(|_| self.all(&Order::Reopen));
        Ok(well && self.all(&Order::Rest(false)))
    }

    /// Lets everything happen in its time.
    fn follow(&mut self, schedule: &Schedule, began: Instant, length_ms: u64) -> Result<(), String> {
        let (mut shown, mut turn) = (Instant::now(), Instant::now());
        let ms = |at: Instant| u64::try_from(at.saturating_duration_since(began).as_millis()).unwrap_or(u64::MAX);
        let end = Event { at_ms: length_ms, what: What::Fork };
        for (number, event) in schedule.events.iter().chain([&end]).enumerate() {
            let due = began + Duration::from_millis(event.at_ms);
            loop {
                let before = std::mem::replace(&mut turn, Instant::now());
                self.standstills.extend(rules::standstill_of_the_machine(ms(before), ms(turn)));
                if self.programs.iter().any(Program::is_lost) {
                    return Ok(());
                }
                if shown.elapsed() >= PROGRESS {
                    shown = Instant::now();
                    self.show(began, length_ms, number);
                }
                let Some(rest) = due.checked_duration_since(Instant::now()) else { break };
                std::thread::sleep(rest.min(Duration::from_millis(100)));
            }
            if number < schedule.events.len() {
                self.happen(&event.what)?;
                let late = Instant::now().saturating_duration_since(due).as_millis();
                self.late_ms = self.late_ms.max(u64::try_from(late).unwrap_or(u64::MAX));
            }
        }
        Ok(())
    }

    fn happen(&self, what: &What) -> Result<(), String> {
        let order = |order: Order| self.programs.iter().for_each(|program| drop(program.tell(order.clone())));
        match what {
            What::Rotate(how) => drop(self.cloud.request(&format!("POST /secrets/{SECRET}/rotate"), how.clone())?),
            What::Fault(fault) => drop(self.cloud.request("POST /faults", fault.clone())?),
            What::Down(down) => drop(self.cloud.request("POST /kms", json!({"down": down}))?),
            What::Refresh { must } => order(Order::Refresh(*must)),
            What::Reopen => order(Order::Reopen),
            What::Fork => order(Order::Fork),
        }
        Ok(())
    }

    /// Nothing is wrong any more: everybody uses the newest key, and then rests.
    fn settle(&self) -> Result<(), String> {
        say("settling");
        self.cloud.request("DELETE /faults", Value::Null)?;
        self.cloud.request("POST /kms", json!({"down": false}))?;
        let secret = self.cloud.request(&format!("GET /secrets/{SECRET}"), Value::Null)?;
        let key = secret["access_key_id"].as_str().unwrap_or_default().to_owned();
        let _ = self.all(&Order::Follow(key)) && self.all(&Order::Rest(true)) && self.all(&Order::End);
        Ok(())
    }

    fn show(&self, began: Instant, length_ms: u64, events: usize) {
        let sum = |of: fn(&Program) -> u64| self.programs.iter().map(of).sum::<u64>();
        let calls: Vec<String> = self
            .programs
            .iter()
            .map(|program| format!("{} {}", program.language, program.calls.load(Ordering::Relaxed)))
            .collect();
        let failed = sum(|program| program.failed.load(Ordering::Relaxed));
        let (now, all) = (began.elapsed().as_secs(), length_ms / 1_000);
        say(&format!(
            "{now:>5} s of {all} s   {events} events   calls: {}   failed without an excuse: {failed}",
            calls.join("  ")
        ));
    }
}

fn say(line: &str) {
    let mut out = stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
