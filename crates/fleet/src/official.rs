//! A client with the rules of the official plug-ins, by their constants.

use crate::cloud::{Cloud, Trouble};
use crate::simulation::{Client, Kind, World};

const INTERVAL: u64 = 6 * 3_600_000;
const DELAY: u64 = 300_000;
const WAIT_FIRST: u64 = 2_000;
const WAIT_MOST: u64 = 10_000;
const WINDOW: u64 = 600_000;
const TOKENS: u64 = 5;
const TOKEN_EVERY: u64 = 600_000;

/// One secret in one process. `JAVA` retries when it is throttled and draws its random part from 5 minutes; without it (the
/// Python plug-in) the part is of 10 minutes, and an error that the server answers ends a refresh, and the schedule, for good.
#[derive(Debug)]
pub struct Official<const JAVA: bool> {
    version: Option<&'static str>,
    random: u64,
    due: u64,
    /// A fetch under way: since when, how many failed, and the next attempt.
    fetch: Option<(u64, u32, u64)>,
    scheduled: bool,
    waiting: bool,
    tokens: u64,
    filled: u64,
    /// Until when the assumed role serves.
    identity_until: u64,
}

impl<const JAVA: bool> Client for Official<JAVA> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 600,000")]
    fn new(_seed: u64, process_random: f64, _world: &World) -> Self {
        let range = if JAVA { 300_000.0 } else { 600_000.0 };
        let random = (process_random * range) as u64;
        Official {
            version: None,
            random,
            due: u64::MAX,
            fetch: None,
            scheduled: false,
            waiting: false,
            tokens: TOKENS,
            filled: 0,
            identity_until: 0,
        }
    }

    fn fill(&mut self, world: &mut World, version: &'static str) {
        self.version = Some(version);
        self.plan(world);
    }

    fn happens(&mut self, kind: Kind, world: &mut World) {
        let at = world.at();
        match kind {
            Kind::Tick if self.due == at => {
                self.due = u64::MAX;
                self.scheduled = true;
                self.begin(world);
            }
            Kind::Attempt if self.fetch.is_some_and(|fetch| fetch.2 == at) => self.attempt(world),
            Kind::Call => self.call(world),
            // The pause of 200 ms after a refresh is over: the call is sent once more.
            Kind::Again if !self.works(&world.cloud, at) => world.failed_call(),
            _ => {}
        }
    }

    fn version(&self) -> Option<&str> {
        self.version
    }
}

impl<const JAVA: bool> Official<JAVA> {
    fn works(&self, cloud: &Cloud, at: u64) -> bool {
        self.version.is_some_and(|version| cloud.takes(version, at))
    }

    fn plan(&mut self, world: &mut World) {
        let (at, next) = (world.at(), world.cloud.next_rotation(world.at()));
        let regular = at + INTERVAL + self.random;
        self.due = if next >= regular || next <= at { regular } else { next + DELAY + self.random };
        world.later(self.due, Kind::Tick);
    }

    fn call(&mut self, world: &mut World) {
        let at = world.at();
        if self.works(&world.cloud, at) {
            return;
        }
        if self.version.is_some() {
            let more = (at - self.filled) / TOKEN_EVERY;
            if more > 0 {
                self.tokens = TOKENS.min(self.tokens + more);
                self.filled = at;
            }
            if self.tokens == 0 {
                return world.failed_call();
            }
            self.tokens -= 1;
        }
        self.waiting = true;
        if self.fetch.is_none() {
            self.begin(world);
        }
    }

    fn begin(&mut self, world: &mut World) {
        self.fetch = Some((world.at(), 0, world.at()));
        self.attempt(world);
    }

    fn attempt(&mut self, world: &mut World) {
        let Some((since, failures, _)) = self.fetch.take() else { return };
        let at = world.at();
        let identity = world.cloud.identity(self.identity_until, at);
        let answer = identity.and_then(|until| {
            self.identity_until = until;
            world.cloud.ask(at)
        });
        match answer {
            Ok(version) => {
                self.version = Some(version);
                self.plan(world);
            }
            Err(trouble) => {
                let wait = (WAIT_FIRST << failures.min(8)).min(WAIT_MOST);
                let retries = JAVA || trouble == Trouble::Unreached;
                if retries && at + wait < since + WINDOW {
                    self.fetch = Some((since, failures + 1, at + wait));
                    return world.later(at + wait, Kind::Attempt);
                }
                if self.scheduled && retries {
                    self.due = at + INTERVAL + self.random;
                    world.later(self.due, Kind::Tick);
                }
            }
        }
        self.scheduled = false;
        if std::mem::take(&mut self.waiting) {
            world.later(at + 200, Kind::Again);
        }
    }
}
