//! The queue of events, and the scenarios.

use crate::cloud::{Cloud, EPOCH_MS, NEW, OLD, Second};
use kmsramcred::cache::{Now, Published};
use kmsramcred::clock::{Clock, Moment, PausedClock};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// An application calls a service so often, in milliseconds, until a call succeeds.
pub const PERIOD: u64 = 10_000;
/// The secrets of each process.
pub const SECRETS: usize = 2;
/// A simulation ends after so many requests that the quota refused, and says so.
pub const MOST_REFUSED: u64 = 50_000_000;
const HOUR: u64 = 3_600_000;

/// What happens to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The application begins a call.
    Call,
    /// The call's wait is over.
    Again,
    /// A fetch's pause is over.
    Attempt,
    /// The schedule.
    Tick,
}

/// A client by one set of rules.
pub trait Client {
    /// One secret of a process; `process_random` from 0 to 1 is the same for all secrets of the process.
    fn new(seed: u64, process_random: f64, world: &World) -> Self;
    /// Gives it a value that was fetched just now.
    fn fill(&mut self, world: &mut World, version: &'static str);
    /// Something happens now.
    fn happens(&mut self, kind: Kind, world: &mut World);
    /// The version of the key in use.
    fn version(&self) -> Option<&str>;
}

/// What is around a client.
#[derive(Debug)]
pub struct World {
    clock: PausedClock,
    start: Moment,
    /// One for all: the state only writes to it, and the keys that it bars are the same for all.
    pub published: Published,
    /// KMS.
    pub cloud: Cloud,
    /// For the jitter.
    pub rng: RefCell<fastrand::Rng>,
    failed_calls: u64,
    events: Vec<(u64, Kind)>,
}

impl World {
    fn new(cloud: Cloud) -> World {
        let clock = PausedClock::new(EPOCH_MS);
        World {
            start: clock.now(),
            clock,
            published: Published::empty(),
            cloud,
            rng: RefCell::new(fastrand::Rng::with_seed(1)),
            failed_calls: 0,
            events: Vec::new(),
        }
    }

    /// Now, on both lines.
    pub fn now(&self) -> Now {
        Now { at: self.clock.now(), unix_ms: self.clock.unix_ms() }
    }

    /// Milliseconds since the simulation began.
    pub fn at(&self) -> u64 {
        self.since_start(self.clock.now())
    }

    /// The same of a moment.
    pub fn since_start(&self, moment: Moment) -> u64 {
        moment.0.saturating_sub(self.start.0)
    }

    /// Lets something happen to this client.
    pub fn later(&mut self, at: u64, kind: Kind) {
        self.events.push((at, kind));
    }

    /// The application sees an error; it calls again after its period.
    pub fn failed_call(&mut self) {
        self.failed_calls += 1;
        self.later(self.at() + PERIOD, Kind::Call);
    }
}

/// What happens to the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// A rotation, and the old key dies at once.
    Dead,
    /// A rotation, and the old key goes on to work.
    Overlap,
    /// The same, and KMS cannot be reached for an hour from then on.
    Outage,
    /// All processes start within ten seconds.
    Restart,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 4] = [Scenario::Dead, Scenario::Overlap, Scenario::Outage, Scenario::Restart];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Scenario::Dead => "rotation, the old key dies at once",
            Scenario::Overlap => "rotation, the old key still works",
            Scenario::Outage => "the same, KMS down for an hour",
            Scenario::Restart => "all start within 10 s",
        }
    }

    /// The moment that matters, in milliseconds since the beginning.
    pub fn begins(self) -> u64 {
        if self == Scenario::Restart { 0 } else { HOUR }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Clients: processes times secrets.
    pub clients: usize,
    /// Those that hold the new key.
    pub hold: usize,
    /// When half of them held it, and when the last did, in milliseconds after the moment that matters.
    pub half: Option<u64>,
    /// See above.
    pub last: Option<u64>,
    /// What KMS was asked, second by second, from the moment that matters on.
    pub seconds: Vec<Second>,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that met the outage.
    pub unreached: u64,
    /// Calls that showed an error to the application.
    pub failed_calls: u64,
    /// Stopped early, after too many requests.
    pub stopped: bool,
}

impl Tally {
    /// The most requests within a second.
    pub fn peak(&self) -> u32 {
        self.seconds.iter().map(|second| second.asked).max().unwrap_or_default()
    }

    /// All requests that KMS got, and those that the quota refused.
    pub fn sums(&self) -> (u64, u64) {
        self.seconds.iter().fold((0, 0), |(asked, refused), second| {
            (asked + u64::from(second.asked), refused + u64::from(second.refused))
        })
    }
}

/// Runs one scenario with so many clients.
pub fn run<C: Client>(scenario: Scenario, clients: usize) -> Tally {
    let begins = scenario.begins();
    let mut world = World::new(Cloud {
        rotates: begins,
        old_dies: if scenario == Scenario::Dead { begins } else { u64::MAX },
        outage: if scenario == Scenario::Outage { begins..begins + HOUR } else { 0..0 },
        seconds: Vec::new(),
        unreached: 0,
        answered: 0,
        refused: 0,
    });
    let mut draw = fastrand::Rng::with_seed(20_250_101);
    let mut queue = BinaryHeap::new();
    let mut fleet: Vec<C> = Vec::with_capacity(clients);
    let mut process_random = 0.0;
    for index in 0..clients {
        if index % SECRETS == 0 {
            process_random = draw.f64();
        }
        let mut client = C::new(draw.u64(..), process_random, &world);
        if scenario != Scenario::Restart {
            client.fill(&mut world, OLD);
        }
        if matches!(scenario, Scenario::Restart | Scenario::Dead) {
            world.later(begins + draw.u64(0..PERIOD), Kind::Call);
        }
        queue.extend(world.events.drain(..).map(|(at, kind)| Reverse((at, index, kind))));
        fleet.push(client);
    }
    let (mut hold, mut half, mut last, mut stopped) = (0, None, None, false);
    while let Some(Reverse((at, index, kind))) = queue.pop() {
        if at > begins + 24 * HOUR {
            break;
        }
        world.clock.advance(Duration::from_millis(at - world.at()));
        let had = fleet[index].version() == Some(NEW);
        fleet[index].happens(kind, &mut world);
        queue.extend(world.events.drain(..).map(|(at, kind)| Reverse((at, index, kind))));
        if !had && fleet[index].version() == Some(NEW) {
            hold += 1;
            if hold * 2 >= clients && half.is_none() {
                half = Some(at - begins);
            }
            if hold == clients {
                last = Some(at - begins);
                break;
            }
        }
        stopped = world.cloud.refused > MOST_REFUSED;
        if stopped {
            break;
        }
    }
    let skip = usize::try_from(begins / 1_000).unwrap_or_default().min(world.cloud.seconds.len());
    Tally {
        clients,
        hold,
        half,
        last,
        seconds: world.cloud.seconds.split_off(skip),
        answered: world.cloud.answered,
        unreached: world.cloud.unreached,
        failed_calls: world.failed_calls,
        stopped,
    }
}
