//! What happens and when: drawn from a seed, the same each time.

use fastrand::Rng;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;

/// What a refused call may take to come back.
pub const BUDGET_MS: u64 = 10_000;
/// The longest pause between two looks for a new key while calls wait for it.
pub const LOOK_MS: u64 = 5_000;
/// For how long the old key may be dead without a new one to be had, while no call fails: what is left is one pause
/// between two looks, and a second for a busy machine.
pub const DARK_MS: u64 = BUDGET_MS - LOOK_MS - 1_000;
/// The library makes ten fetches a minute that bring nothing; a key that KMS serves late takes up to four.
const LATE_KMS_APART_MS: u64 = 40_000;
/// Outages that outlast the budget.
const LONG_OUTAGE_MS: u64 = 13_000;
const LONG_OUTAGES_APART_MS: u64 = 100_000;

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Milliseconds since the beginning.
    pub at_ms: u64,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The secret is rotated in this way.
    Rotate(Value),
    /// The cloud has this fault, which ends by itself.
    Fault(Value),
    /// KMS resets every connection, or does so no more.
    Down(bool),
    /// Every program fetches because its user says so, which must go well where the cloud is well.
    Refresh {
        /// Whether it is.
        must: bool,
    },
    /// Every program closes its client and opens another one.
    Reopen,
    /// Every program that can forks children that make calls.
    Fork,
}

/// A time in which something is wrong with the cloud.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trouble {
    /// Milliseconds since the beginning.
    pub from_ms: u64,
    /// When it is over.
    pub until_ms: u64,
    /// Why a call may fail that takes place in it, at least in part; nothing where none may.
    pub excuse: Option<&'static str>,
}

/// All of it, in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Schedule {
    /// What happens.
    pub events: Vec<Event>,
    /// When something is wrong.
    pub troubles: Vec<Trouble>,
}

/// Draws what happens in so much time.
pub fn draw(seed: u64, length_ms: u64) -> Schedule {
    let mut pen = Pen { rng: Rng::with_seed(seed), schedule: Schedule::default(), late_kms: None, long_outage: None };
    let mut at = 1_000;
    loop {
        let before = pen.schedule.clone();
        let over = pen.act(at, length_ms);
        if over > length_ms {
            pen.schedule = before;
            break;
        }
        at = over + pen.rng.u64(300..2_000);
    }
    pen.schedule.events.sort_by_key(|event| event.at_ms);
    pen.schedule
}

struct Pen {
    rng: Rng,
    schedule: Schedule,
    late_kms: Option<u64>,
    long_outage: Option<u64>,
}

impl Pen {
    fn add(&mut self, at_ms: u64, what: What) {
        self.schedule.events.push(Event { at_ms, what });
    }

    fn trouble(&mut self, from_ms: u64, until_ms: u64, excuse: Option<&'static str>) {
        self.schedule.troubles.push(Trouble { from_ms, until_ms, excuse });
    }

    /// One thing and what belongs to it; answers when everybody has recovered from it.
    fn act(&mut self, at: u64, length: u64) -> u64 {
        match self.rng.u32(0..24) {
            0..4 => {
                self.add(at, What::Rotate(json!({"old": "dead"})));
                at + 1_500
            }
            4..7 => {
                let lag = self.rng.u64(200..3_000);
                self.add(at, What::Rotate(json!({"old": "dead", "lag_ms": lag})));
                self.trouble(at, at + lag, None);
                at + lag + 1_500
            }
            7..9 => {
                let (overlap, lag) = (self.rng.u64(1_000..3_000), self.rng.u64(0..1_000));
                self.add(at, What::Rotate(json!({"old": "overlap", "overlap_ms": overlap, "lag_ms": lag})));
                at + overlap + 1_500
            }
            9..11 => self.late_kms(at),
            11..16 => {
                let until = self.kms_fault(at);
                let after = self.rng.u64(0..(until - at).min(1_000));
                self.add(at + after, What::Rotate(json!({"old": "dead"})));
                until + LOOK_MS + 1_000
            }
            16..18 => {
                let until = self.kms_fault(at);
                self.add(at + 200, What::Refresh { must: false });
                until + LOOK_MS + 1_000
            }
            18 => {
                let (delay, length) = (self.rng.u64(50..300), self.rng.u64(500..3_000));
                let order = json!({"at": "service", "kind": "delay", "delay_ms": delay, "for_ms": length});
                self.add(at, What::Fault(order));
                self.add(at + length / 2, What::Rotate(json!({"old": "dead"})));
                self.trouble(at, at + length, None);
                at + length + 1_500
            }
            19 => {
                let (kind, length) = (*self.choose(&["status", "reset"]), self.rng.u64(300..1_500));
                self.add(at, What::Fault(json!({"at": "service", "kind": kind, "for_ms": length})));
                self.trouble(at, at + length, Some("the service itself failed"));
                at + length + 500
            }
            20 => {
                self.add(at, What::Refresh { must: true });
                at + 1_500
            }
            21 => {
                self.add(at, What::Reopen);
                at + 2_500
            }
            22 => {
                self.add(at, What::Fork);
                at + 2_500
            }
            _ => self.long_outage(at, length),
        }
    }

    /// A fault of KMS that is shorter than [`DARK_MS`]; answers when it is over.
    fn kms_fault(&mut self, at: u64) -> u64 {
        let length = self.rng.u64(500..DARK_MS - 500);
        let kinds =
            ["down", "hang", "throttle", "status", "truncate", "html", "redirect", "huge", "delay", "slow_body"];
        let kind = *self.choose(&kinds);
        let mut order = json!({"at": "kms", "kind": kind, "for_ms": length});
        let mut until = at + length;
        match kind {
            "down" => {
                self.add(at, What::Down(true));
                self.add(until, What::Down(false));
            }
            // Here pauses are longer: the fourth request of a fetch comes 3.5 s after the first at the earliest and finds
            // this over, and 7 s after it at the latest.
            "throttle" => order["retry_after_ms"] = json!(200),
            "delay" => order["delay_ms"] = json!(self.rng.u64(100..1_000)),
            // A body of less than a thousand bytes.
            "slow_body" => order["delay_ms"] = json!(1),
            _ => {}
        }
        if kind == "delay" || kind == "slow_body" {
            until += 1_000;
        }
        if kind != "down" {
            self.add(at, What::Fault(order));
        }
        self.trouble(at, until, None);
        until
    }

    fn late_kms(&mut self, at: u64) -> u64 {
        if self.late_kms.is_some_and(|last| at < last + LATE_KMS_APART_MS) {
            return at;
        }
        self.late_kms = Some(at);
        let lag = self.rng.u64(200..2_500);
        self.add(at, What::Rotate(json!({"old": "dead", "kms_lag_ms": lag})));
        self.trouble(at, at + lag, None);
        at + lag + LOOK_MS
    }

    fn long_outage(&mut self, at: u64, length: u64) -> u64 {
        let over = at + LONG_OUTAGE_MS + LOOK_MS + 1_000;
        if over > length || self.long_outage.is_some_and(|last| at < last + LONG_OUTAGES_APART_MS) {
            return at;
        }
        self.long_outage = Some(at);
        self.add(at, What::Down(true));
        self.add(at + 200, What::Rotate(json!({"old": "dead"})));
        self.add(at + LONG_OUTAGE_MS, What::Down(false));
        self.trouble(at, over, Some("KMS was down for longer than a call's budget, and the old key dead"));
        over
    }

    fn choose<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.rng.usize(0..of.len())]
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at_ms / 1_000;
        write!(f, "{seconds:>5}.{:03} s  ", self.at_ms % 1_000)?;
        match &self.what {
            What::Rotate(how) => write!(f, "rotate {how}"),
            What::Fault(order) => write!(f, "fault {order}"),
            What::Down(true) => f.write_str("KMS goes down"),
            What::Down(false) => f.write_str("KMS is back"),
            What::Refresh { must: true } => f.write_str("every program refreshes"),
            What::Refresh { must: false } => f.write_str("every program refreshes, in vain perhaps"),
            What::Reopen => f.write_str("every program opens its client anew"),
            What::Fork => f.write_str("every program forks"),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn a_seed_gives_the_same_schedule_and_another_seed_another() {
        assert_eq!(draw(7, HOUR), draw(7, HOUR));
        assert_ne!(draw(7, HOUR), draw(8, HOUR));
        assert!(draw(7, 30_000).events.len() >= 3);
    }

    #[test]
    fn everything_is_drawn_and_ends_in_time() {
        let drawn = draw(1, HOUR);
        let text = drawn.to_string();
        let words = [
            "lag_ms",
            "kms_lag_ms",
            "overlap",
            "goes down",
            "is back",
            "hang",
            "throttle",
            "truncate",
            "html",
            "redirect",
            "huge",
            "delay",
            "slow_body",
            "\"at\":\"service\"",
            "refreshes",
            "anew",
            "forks",
        ];
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert!(drawn.events.is_sorted_by_key(|event| event.at_ms));
        assert!(
            drawn.events.iter().all(|event| event.at_ms < HOUR)
                && drawn.troubles.iter().all(|one| one.until_ms <= HOUR)
        );
    }

    #[test]
    fn nothing_dark_outlasts_the_budget_without_an_excuse() {
        for seed in 0..20 {
            let drawn = draw(seed, HOUR);
            for trouble in drawn.troubles.iter().filter(|trouble| trouble.excuse.is_none()) {
                assert!(trouble.until_ms - trouble.from_ms <= DARK_MS + 1_000, "{trouble:?}");
            }
            assert!(drawn.troubles.windows(2).all(|pair| pair[0].until_ms < pair[1].from_ms), "seed {seed}");
        }
    }
}
