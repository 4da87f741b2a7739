//! A client of kmsramcred: the cache's state machine and the gateway's rule of pauses, without their locks and threads.

use crate::cloud::Trouble;
use crate::simulation::{Client, Kind, World};
use kmsramcred::cache::{Complaint, Policy, Refusal, State, Step, Ticket, Verdict};
use kmsramcred::clock::{Deadline, Moment};
use kmsramcred::pace::{self, Pace};
use std::time::Duration;

/// The default of both budgets: a call's and a fetch's.
const BUDGET: Duration = Duration::from_secs(10);

/// A fetch under way.
#[derive(Debug)]
struct Fetch {
    ticket: Ticket,
    deadline: Deadline,
    failures: u32,
    /// The source counts its failures by itself.
    refused_by_sts: u32,
    /// KMS had too many requests at the last attempt.
    throttled: bool,
    /// Events of other times are of no meaning any more.
    attempt_at: u64,
}

/// A call of the application that needs a key.
#[derive(Debug)]
struct Call {
    deadline: Deadline,
    round: u32,
    complaint: Option<Complaint>,
}

/// One secret in one process.
#[derive(Debug)]
pub struct Ours {
    state: State,
    fetch: Option<Box<Fetch>>,
    call: Option<Box<Call>>,
    tick_at: u64,
    /// Until when the assumed role serves.
    identity_until: u64,
}

impl Client for Ours {
    fn new(seed: u64, _process_random: f64, world: &World) -> Ours {
        let state = State::new(Policy::default(), seed, &world.published, world.now());
        Ours { state, fetch: None, call: None, tick_at: u64::MAX, identity_until: 0 }
    }

    fn fill(&mut self, world: &mut World, version: &'static str) {
        let value = world.cloud.value(version, world.at());
        if let Some(ticket) = self.state.prefetch(world.now()) {
            self.state.complete(&ticket, Ok(value), &world.published, world.now());
        }
        self.tick(world);
    }

    fn happens(&mut self, kind: Kind, world: &mut World) {
        match kind {
            Kind::Call => {
                let deadline = Deadline(world.now().at + BUDGET);
                self.call = Some(Box::new(Call { deadline, round: 1, complaint: None }));
                self.go_on(world);
            }
            Kind::Again => self.go_on(world),
            Kind::Attempt if self.fetch.as_ref().is_some_and(|fetch| fetch.attempt_at == world.at()) => {
                self.attempt(world);
            }
            Kind::Tick if self.tick_at == world.at() => self.tick(world),
            Kind::Attempt | Kind::Tick => {}
        }
    }

    fn version(&self) -> Option<&str> {
        self.state.current().map(|value| value.version_id())
    }
}

impl Ours {
    fn tick(&mut self, world: &mut World) {
        let (ticket, next) = self.state.tick(&world.published, world.now());
        self.tick_at = u64::MAX;
        if let Some(ticket) = ticket {
            self.begin(ticket, world);
        } else if next != Moment::NEVER {
            self.tick_at = world.since_start(next);
            world.later(self.tick_at, Kind::Tick);
        }
    }

    fn begin(&mut self, ticket: Ticket, world: &mut World) {
        let deadline = Deadline(world.now().at + BUDGET);
        self.fetch = Some(Box::new(Fetch {
            ticket,
            deadline,
            failures: 0,
            refused_by_sts: 0,
            throttled: false,
            attempt_at: world.at(),
        }));
        self.attempt(world);
    }

    fn attempt(&mut self, world: &mut World) {
        let Some(mut fetch) = self.fetch.take() else { return };
        let (at, now) = (world.at(), world.now());
        let identity = world.cloud.identity(self.identity_until, at);
        let by_sts = identity.is_err();
        let answer = identity.and_then(|until| {
            self.identity_until = until;
            world.cloud.ask(at)
        });
        let result = match answer {
            Ok(version) => Ok(world.cloud.value(version, at)),
            Err(trouble) => {
                let failures = if by_sts { &mut fetch.refused_by_sts } else { &mut fetch.failures };
                *failures += 1;
                let failures = *failures;
                let waits = self.call.as_ref().is_some_and(|call| !call.deadline.is_over(now.at));
                fetch.throttled = trouble == Trouble::Throttled;
                let pace = match trouble {
                    Trouble::Throttled => Pace::Throttled,
                    Trouble::Unreached if waits => Pace::Awaited,
                    Trouble::Unreached => Pace::Unhurried,
                };
                match pace::pause(failures, None, fetch.deadline.rest(now.at), pace) {
                    Some((least, most)) => {
                        let pause = least + (most - least).mul_f64(world.rng.borrow_mut().f64());
                        // An attempt of no time at all must not meet its own event.
                        fetch.attempt_at = world.since_start(now.at + pause).max(at + 1);
                        world.later(fetch.attempt_at, Kind::Attempt);
                        self.fetch = Some(fetch);
                        return;
                    }
                    None => Err(trouble.error()),
                }
            }
        };
        self.state.complete(&fetch.ticket, result, &world.published, now);
        self.tick(world);
        self.go_on(world);
    }

    /// The call's next step: after it began, after a wait, after a fetch ended.
    fn go_on(&mut self, world: &mut World) {
        let Some(mut call) = self.call.take() else { return };
        loop {
            let (at, now) = (world.at(), world.now());
            let Some(value) = self.state.usable(now.at) else { return self.need(call, world) };
            if world.cloud.takes(value.version_id(), at) {
                value.accept();
                return;
            }
            let refusal = Refusal {
                serial: value.serial,
                service: "Ecs",
                host: "ecs",
                code: Some("InvalidAccessKeyId.NotFound"),
                http_status: Some(404),
                round: call.round,
            };
            let mut complaint = call.complaint.take().unwrap_or_else(|| self.state.complain(&refusal));
            match self.state.judge(&mut complaint, call.deadline.rest(now.at), &world.published, now) {
                Step::Done(verdict, look) => {
                    call.round += 1;
                    if let Some(ticket) = look {
                        self.begin(ticket, world);
                    }
                    match verdict {
                        Verdict::Retry => {}
                        Verdict::RetryLater(wait) => {
                            self.call = Some(call);
                            return world.later(world.since_start(now.at + wait).max(at + 1), Kind::Again);
                        }
                        _ => return world.failed_call(),
                    }
                }
                step => {
                    call.complaint = Some(complaint);
                    self.call = Some(call);
                    match step {
                        Step::Launch(ticket) => self.begin(ticket, world),
                        _ => self.hurry(world),
                    }
                    return;
                }
            }
        }
    }

    /// What [`Entry`](kmsramcred::cache::Entry) does for a caller without a value.
    fn need(&mut self, call: Box<Call>, world: &mut World) {
        let now = world.now();
        if call.deadline.is_over(now.at) {
            return world.failed_call();
        }
        let rest = self.state.failures().need_rest(now.at);
        let until = call.deadline.0;
        self.call = Some(call);
        if self.fetch.is_some() {
            return self.hurry(world);
        }
        match rest {
            Some(rest) => world.later(world.since_start((now.at + rest).min(until)), Kind::Again),
            None => {
                if let Some(ticket) = self.state.prefetch(now) {
                    self.begin(ticket, world);
                }
            }
        }
    }

    /// A fetch that pauses does so for a second at most once somebody waits, unless KMS throttles.
    fn hurry(&mut self, world: &mut World) {
        let soon = world.at() + 1_000;
        if let Some(fetch) = self.fetch.as_mut().filter(|fetch| !fetch.throttled && fetch.attempt_at > soon) {
            fetch.attempt_at = soon;
            world.later(soon, Kind::Attempt);
        }
    }
}
