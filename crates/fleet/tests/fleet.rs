//! A small fleet: what the page says is what comes out, and the promises hold.

use kmsramcred_fleet::report::{Rules, row};
use kmsramcred_fleet::simulation::{Scenario, sums};

const CLIENTS: usize = 1_000;
const PAGE: &str = include_str!("../../../docs/fleet.md");

#[test]
fn the_page_shows_what_the_simulation_gives() {
    for scenario in Scenario::ALL {
        for rules in Rules::ALL {
            let line = row(scenario, rules, &rules.run(scenario, CLIENTS, &|_, _| ()));
            assert!(PAGE.contains(&line), "docs/fleet.md lacks this line; run `make fleet`:\n{line}");
        }
    }
}

#[test]
fn all_clients_of_ours_end_with_the_new_key_and_one_answer_each() {
    for scenario in Scenario::ALL {
        let tally = Rules::Ours.run(scenario, CLIENTS, &|_, _| ());
        assert_eq!(tally.hold, CLIENTS, "{scenario:?}");
        assert!(tally.last.is_some(), "{scenario:?}");
        // Single flight, and no request once the value is there.
        assert_eq!(tally.answered, CLIENTS as u64, "{scenario:?}");
    }
}

#[test]
fn nobody_asks_before_the_schedule_or_more_often_than_it_says() {
    let tally = Rules::Ours.run(Scenario::Overlap, CLIENTS, &|_, _| ());
    let asked: Vec<usize> =
        tally.seconds.iter().enumerate().filter(|(_, second)| second.asked > 0).map(|(at, _)| at).collect();
    assert!(asked.first().is_some_and(|first| *first >= 300), "not before the delay after a rotation");
    assert!(asked.last().is_some_and(|last| *last <= 900), "not after the delay and the random part");
    assert_eq!(sums(&tally.seconds), (CLIENTS as u64, 0));
}

#[test]
fn an_outage_is_not_asked_about_without_pauses() {
    let tally = Rules::Ours.run(Scenario::Outage, CLIENTS, &|_, _| ());
    // Within an hour at least 12 fetches, as a wait is of five minutes at most, and of few attempts each.
    let each = tally.unreached / CLIENTS as u64;
    assert!((12..1_000).contains(&each), "{each}");
    assert_eq!(tally.failed_calls, 0, "the key in use goes on to work");
}
