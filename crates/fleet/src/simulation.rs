//! The queue of events, and the scenarios.

use crate::cloud::{Cloud, Desk, EPOCH_MS, NEW, OLD, QUOTA, STS_QUOTA, Second};
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
/// A simulation ends after so many events, and says so.
pub const MOST_EVENTS: u64 = 20_000_000;
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
    /// The same, and each has to assume a role first.
    Role,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 5] =
        [Scenario::Dead, Scenario::Overlap, Scenario::Outage, Scenario::Restart, Scenario::Role];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Scenario::Dead => "rotation, the old key dies at once",
            Scenario::Overlap => "rotation, the old key still works",
            Scenario::Outage => "the same, KMS down for an hour",
            Scenario::Restart => "all start within 10 s",
            Scenario::Role => "all start within 10 s, each assumes a role",
        }
    }

    /// The moment that matters, in milliseconds since the beginning.
    pub fn begins(self) -> u64 {
        if self.is_a_start() { 0 } else { HOUR }
    }

    fn is_a_start(self) -> bool {
        matches!(self, Scenario::Restart | Scenario::Role)
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
    /// What STS was asked, where it was.
    pub sts: Vec<Second>,
    /// Requests that KMS answered.
    pub answered: u64,
    /// Requests that met the outage.
    pub unreached: u64,
    /// Calls that showed an error to the application.
    pub failed_calls: u64,
    /// Stopped early, after too many events: when.
    pub stopped: Option<u64>,
}

/// The most requests within a second.
pub fn peak(seconds: &[Second]) -> u32 {
    seconds.iter().map(|second| second.asked).max().unwrap_or_default()
}

/// All requests, and those that the quota refused.
pub fn sums(seconds: &[Second]) -> (u64, u64) {
    seconds
        .iter()
        .fold((0, 0), |(asked, refused), second| (asked + u64::from(second.asked), refused + u64::from(second.refused)))
}

/// Hears now and then how far a simulation is: milliseconds since the moment that matters, and who holds the new key.
pub type Progress<'a> = dyn Fn(u64, usize) + 'a;

/// Runs one scenario with so many clients.
pub fn run<C: Client>(scenario: Scenario, clients: usize, progress: &Progress<'_>) -> Tally {
    let begins = scenario.begins();
    let mut world = World::new(Cloud {
        rotates: begins,
        old_dies: if scenario == Scenario::Dead { begins } else { u64::MAX },
        outage: if scenario == Scenario::Outage { begins..begins + HOUR } else { 0..0 },
        kms: Desk::new(QUOTA),
        sts: (scenario == Scenario::Role).then(|| Desk::new(STS_QUOTA)),
        unreached: 0,
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
        if !scenario.is_a_start() {
            client.fill(&mut world, OLD);
        }
        if scenario.is_a_start() || scenario == Scenario::Dead {
            world.later(begins + draw.u64(0..PERIOD), Kind::Call);
        }
        queue.extend(world.events.drain(..).map(|(at, kind)| Reverse((at, index, kind))));
        fleet.push(client);
    }
    let (mut hold, mut half, mut last, mut stopped) = (0, None, None, None);
    let mut events = 0_u64;
    while let Some(Reverse((at, index, kind))) = queue.pop() {
        events += 1;
        if events.is_multiple_of(1 << 20) {
            progress(at.saturating_sub(begins), hold);
        }
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
        if events == MOST_EVENTS {
            stopped = Some(at.saturating_sub(begins));
            break;
        }
    }
    let kms = &mut world.cloud.kms;
    let skip = usize::try_from(begins / 1_000).unwrap_or_default().min(kms.seconds.len());
    Tally {
        clients,
        hold,
        half,
        last,
        seconds: kms.seconds.split_off(skip),
        answered: kms.answered,
        sts: world.cloud.sts.map(|sts| sts.seconds).unwrap_or_default(),
        unreached: world.cloud.unreached,
        failed_calls: world.failed_calls,
        stopped,
    }
}
