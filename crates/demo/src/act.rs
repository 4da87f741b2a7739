//! The acts: what happens to each secret and to KMS, and when.

use crate::performance::Performance;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the programs of one act call their service.
pub(crate) const LENGTH: Duration = Duration::from_secs(15);

/// One act.
pub(crate) struct Act {
    pub(crate) title: &'static str,
    /// How the secrets are made, beside their names.
    pub(crate) secret: Value,
    /// In the order of their times.
    pub(crate) events: Vec<Event>,
    /// What it showed, in one sentence, if nothing went wrong.
    pub(crate) moral: fn(&Performance) -> String,
}

/// Something that happens when so much time has passed since both programs were at work.
pub(crate) struct Event {
    pub(crate) at: Duration,
    pub(crate) kind: Kind,
}

/// What happens.
pub(crate) enum Kind {
    /// Each secret is rotated in this way.
    Rotation(Value),
    /// Every request to KMS is reset for so long.
    Outage(Duration),
}

fn rotation(at_ms: u64, how: Value) -> Event {
    Event { at: Duration::from_millis(at_ms), kind: Kind::Rotation(how) }
}

fn outage(at_ms: u64, length_ms: u64) -> Event {
    Event { at: Duration::from_millis(at_ms), kind: Kind::Outage(Duration::from_millis(length_ms)) }
}

/// The acts in their order.
pub(crate) fn all() -> [Act; 4] {
    [rotation_every_second(), propagation_lag(), outage_beside_a_living_key(), outage_and_a_dead_key()]
}

fn rotation_every_second() -> Act {
    Act {
        title: "a rotation every second, the old key dead at once",
        secret: json!({}),
        events: (1..=12).map(|second| rotation(1000 * second, json!({"old": "dead"}))).collect(),
        moral: |seen| {
            let slowest = seen.most(|part| part.report.slowest_at_rotation_ms);
            format!("Calls that met a dead key went through with the new one; the slowest took {slowest} ms.")
        },
    }
}

/// For two seconds after each rotation no key works at all.
fn propagation_lag() -> Act {
    let how = || json!({"old": "dead", "lag_ms": 2000});
    Act {
        title: "services accept a new key 2 s late, the old key dead at once",
        secret: json!({}),
        events: vec![rotation(1000, how()), rotation(5000, how()), rotation(9000, how())],
        moral: |seen| {
            let slowest = seen.most(|part| part.report.slowest_at_rotation_ms);
            format!("While no key worked for 2 s, calls waited instead of failing, {slowest} ms at most.")
        },
    }
}

/// The key announces its end, which makes the programs look for a new one while KMS is down.
fn outage_beside_a_living_key() -> Act {
    Act {
        title: "KMS down for 5 s, the old key lives on for 7 s",
        secret: json!({"expire_seconds": 6}),
        events: vec![
            outage(1000, 5000),
            rotation(2000, json!({"old": "overlap", "overlap_ms": 7000})),
            rotation(11_500, json!({"old": "dead"})),
        ],
        moral: |seen| {
            let unanswered = seen.sum(|part| part.unanswered);
            let slowest = seen.most(|part| part.report.slowest_ms);
            format!("KMS was asked {unanswered} times in vain; the slowest call of the whole act took {slowest} ms.")
        },
    }
}

fn outage_and_a_dead_key() -> Act {
    Act {
        title: "KMS down for 4 s, the old key dead",
        secret: json!({}),
        events: vec![
            outage(1000, 4000),
            rotation(1000, json!({"old": "dead"})),
            rotation(11_000, json!({"old": "dead"})),
        ],
        moral: |seen| {
            let slowest = seen.most(|part| part.report.slowest_at_rotation_ms);
            format!("Without a key, calls waited for KMS and went through; the slowest took {slowest} ms.")
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_in_order_and_leave_time_to_recover() {
        for act in all() {
            let times: Vec<_> = act.events.iter().map(|event| event.at).collect();
            assert!(times.is_sorted(), "{}", act.title);
            assert!(times.last().is_some_and(|last| *last + Duration::from_secs(2) < LENGTH), "{}", act.title);
        }
    }
}
