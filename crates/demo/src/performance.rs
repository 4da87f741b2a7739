//! One act as it was performed: the programs at work, the events on time, and what came of it.

use crate::act::{Act, Kind, LENGTH};
use crate::emulator::{Counters, Emulator};
use crate::program::{Program, Report, Run, Stage};
use crate::progress::Progress;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at the programs.
const TICK: Duration = Duration::from_millis(50);
/// A call may take ten seconds, and a program some time to start.
const MOST: Duration = LENGTH.saturating_add(Duration::from_secs(20));

/// What came of an act.
pub(crate) struct Performance {
    pub(crate) parts: Vec<Part>,
}

/// What came of it for one program.
pub(crate) struct Part {
    pub(crate) program: &'static str,
    pub(crate) report: Report,
    pub(crate) rotations: u64,
    pub(crate) kms_requests: u64,
    pub(crate) unanswered: u64,
    /// What went wrong, if anything did.
    pub(crate) objection: Option<String>,
}

/// A program, its secret and its service, which have one name.
struct Role {
    program: &'static str,
    name: String,
    run: Run,
}

impl Performance {
    /// Performs the act; an error only when the stage itself breaks down.
    pub(crate) fn of(
        act: &Act,
        number: usize,
        programs: &[Program],
        emulator: &Emulator,
        stage: &Stage,
        progress: &mut Progress,
    ) -> Result<Performance> {
        let mut roles = Vec::new();
        for program in programs {
            let name = format!("act-{number}-{}", program.name.to_lowercase());
            let mut secret = act.secret.clone();
            secret["name"] = json!(name);
            emulator.post("/secrets", &secret)?;
            let run = program.start(stage, &name, &emulator.open_service(&name)?)?;
            roles.push(Role { program: program.name, name, run });
        }
        let missed = follow(act, &mut roles, emulator, progress)?;
        let counters = emulator.counters()?;
        let parts = roles.iter_mut().map(|role| {
            let secret = emulator.get(&format!("/secrets/{}", role.name))?;
            Ok(part(role, &secret, &counters, missed))
        });
        Ok(Performance { parts: parts.collect::<Result<_>>()? })
    }

    pub(crate) fn most(&self, of: impl Fn(&Part) -> u64) -> u64 {
        self.parts.iter().map(of).max().unwrap_or(0)
    }

    pub(crate) fn sum(&self, of: impl Fn(&Part) -> u64) -> u64 {
        self.parts.iter().map(of).sum()
    }

    /// What went wrong.
    pub(crate) fn objections(&self) -> impl Iterator<Item = String> {
        self.parts.iter().filter_map(|part| Some(format!("{}: {}", part.program, part.objection.as_ref()?)))
    }
}

/// Watches until both programs have ended, and lets the events happen. Returns how many events did not.
fn follow(act: &Act, roles: &mut [Role], emulator: &Emulator, progress: &mut Progress) -> Result<usize> {
    let begin = Instant::now();
    let mut at_work: Option<Instant> = None;
    let mut kms_down_until = begin;
    let mut rotations = 0;
    let mut events = act.events.iter().peekable();
    loop {
        let counters = emulator.counters()?;
        let calls: Vec<_> = roles.iter().map(|role| (role.program, counters.answered(&role.name))).collect();
        if at_work.is_none() && calls.iter().all(|(_, calls)| *calls > 0) {
            at_work = Some(Instant::now());
        }
        let passed = at_work.map(|start| start.elapsed());
        while let Some(event) = events.next_if(|event| passed.is_some_and(|passed| passed >= event.at)) {
            match &event.kind {
                Kind::Rotation(how) => {
                    for role in roles.iter() {
                        emulator.post(&format!("/secrets/{}/rotate", role.name), how)?;
                    }
                    rotations += 1;
                }
                Kind::Outage(length) => {
                    // Not the outage that the emulator offers: that one counts no requests.
                    let order = json!({"at": "kms", "kind": "reset", "for_ms": length.as_millis() as u64});
                    emulator.post("/faults", &order)?;
                    kms_down_until = Instant::now() + *length;
                }
            }
        }
        progress.show(begin.elapsed(), &calls, rotations, kms_down_until > Instant::now());
        let mut ended = true;
        for role in roles.iter_mut() {
            ended &= role.run.has_ended().with_context(|| format!("the {} program is lost", role.program))?;
        }
        if ended || begin.elapsed() > MOST {
            return Ok(events.count());
        }
        thread::sleep(TICK);
    }
}

/// Puts together what the program and the emulator say.
fn part(role: &mut Role, secret: &Value, counters: &Counters, missed: usize) -> Part {
    let reported = role.run.report();
    let objection = match &reported {
        Ok(report) => objection(report, role, secret, counters, missed),
        Err(reason) => Some(reason.clone()),
    };
    Part {
        program: role.program,
        report: reported.unwrap_or_default(),
        rotations: secret["rotations"].as_u64().unwrap_or(0),
        kms_requests: counters.kms_requests(&role.name),
        unanswered: counters.unanswered(&role.name),
        objection,
    }
}

/// What speaks against the report, or against the act.
fn objection(report: &Report, role: &Role, secret: &Value, counters: &Counters, missed: usize) -> Option<String> {
    let Report { calls, failed, .. } = *report;
    if failed > 0 {
        let complaint = role.run.complaint().unwrap_or_default();
        return Some(format!("{failed} of {calls} calls failed, such as: {complaint}"));
    }
    let answered = counters.answered(&role.name);
    if calls != answered {
        return Some(format!("it counted {calls} calls, its service answered {answered}"));
    }
    if missed > 0 {
        return Some(format!("it ended before {missed} of the planned events"));
    }
    let newest = secret["access_key_id"].as_str().unwrap_or_default();
    let followed = counters.answered_to_key(&role.name, newest) > 0;
    (!followed).then(|| "it never called with the newest key".to_owned())
}
