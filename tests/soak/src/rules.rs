//! What must hold, and what is said when it does not.

use crate::program::THREADS;
use crate::reading::Reading;
use crate::record::{Look, Record};
use crate::schedule::{BUDGET_MS, Trouble};
use std::time::Duration;

/// No call takes longer: ten seconds for a credential, ten of the budget, and a moment for what is sent.
pub const LONGEST_CALL_MS: u64 = 25_000;
/// What memory may grow by, from the second to the last quarter: so much, and this part of it.
pub const GROWTH_KIB: u64 = 2_048;
/// A divisor: a twentieth.
pub const GROWTH_PART: u64 = 20;

/// The runner, which sleeps for a tenth of this at a time, does not notice a shorter standstill of the machine.
pub const STANDSTILL_MS: u64 = 1_000;

/// What follows from a turn of the runner that took so long: calls that waited through it have lost that time, and what
/// happens next may meet them.
pub fn standstill_of_the_machine(from_ms: u64, until_ms: u64) -> Option<Trouble> {
    (until_ms - from_ms > STANDSTILL_MS).then_some(Trouble {
        from_ms,
        until_ms: until_ms + BUDGET_MS,
        excuse: Some("the machine stood still"),
    })
}

/// Why calls of a look may have failed: each of them took place between the look before, less the slowest of them, and
/// this look. `late_ms` is how much later than planned things happened.
pub fn excuse(look: &Look, troubles: &[Trouble], late_ms: u64) -> Option<&'static str> {
    let from = look.from_ms.saturating_sub(look.slowest_ms);
    let inside = |trouble: &&Trouble| trouble.from_ms <= look.until_ms && from <= trouble.until_ms + late_ms;
    troubles.iter().filter(inside).find_map(|trouble| trouble.excuse)
}

/// Everything that is wrong with a program.
pub fn objections(record: &Record, troubles: &[Trouble], late_ms: u64) -> Vec<String> {
    let mut found: Vec<String> = record.trouble.iter().cloned().collect();
    for look in record.looks.iter().filter(|look| look.failed > 0 && excuse(look, troubles, late_ms).is_none()) {
        found.push(format!(
            "{} of {} calls failed at {:.1} s, when none may: {}",
            look.failed,
            look.calls,
            seconds(look.until_ms),
            look.complaint
        ));
    }
    if let Some(slowest) = record.looks.iter().max_by_key(|look| look.slowest_ms)
        && slowest.slowest_ms > LONGEST_CALL_MS
    {
        let at = seconds(slowest.until_ms);
        found.push(format!(
            "a call took {} ms, until {at:.1} s; at most {LONGEST_CALL_MS} are allowed",
            slowest.slowest_ms
        ));
    }
    found.extend(standstill(&record.looks));
    if let (Some(start), Some(end)) = (&record.start, &record.end) {
        found.extend(left_behind(start, end, spare_threads(&record.language)));
    }
    if let Some((second, last)) = quarters(&record.looks)
        && last > allowed(second)
    {
        found.push(format!(
            "memory grew from {second} KiB (median of the second quarter) to {last} KiB (of the last); at most {} KiB are \
             allowed",
            allowed(second)
        ));
    }
    found
}

fn seconds(ms: u64) -> f64 {
    Duration::from_millis(ms).as_secs_f64()
}

/// A time in which no call ended.
fn standstill(looks: &[Look]) -> Option<String> {
    let mut since = looks.first()?.from_ms;
    for look in looks {
        if look.calls > 0 {
            since = look.from_ms;
        } else if look.until_ms - since > LONGEST_CALL_MS {
            return Some(format!("no call ended from {:.1} s to {:.1} s", seconds(since), seconds(look.until_ms)));
        }
    }
    None
}

/// Threads that the language itself may have started meanwhile. Go keeps every thread that it ever needed: one for each
/// goroutine that is in a call to C at the same time, which are the callers and the one that takes orders.
pub fn spare_threads(language: &str) -> u64 {
    if language == "go" { u64::from(THREADS) + 1 } else { 0 }
}

fn left_behind(start: &Reading, end: &Reading, spare: u64) -> Vec<String> {
    let compare = |what: &str, start: u64, end: u64, spare: u64| {
        (end > start + spare).then(|| format!("{end} {what} are there at the end, {start} were there at the start"))
    };
    let threads = compare("threads", start.threads, end.threads, spare);
    threads.into_iter().chain(compare("descriptors", start.descriptors, end.descriptors, 0)).collect()
}

/// The medians of memory in the second and in the last quarter.
pub fn quarters(looks: &[Look]) -> Option<(u64, u64)> {
    let quarter = looks.len() / 4;
    let median = |looks: &[Look]| {
        let mut memory: Vec<u64> = looks.iter().map(|look| look.reading.rss_kib).collect();
        memory.sort_unstable();
        memory.get(memory.len() / 2).copied()
    };
    Some((median(looks.get(quarter..2 * quarter)?)?, median(looks.get(looks.len() - quarter..)?)?))
}

/// The most that the last quarter may have.
pub fn allowed(second: u64) -> u64 {
    second + second / GROWTH_PART + GROWTH_KIB
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Trouble;

    fn look(number: u64) -> Look {
        let reading = Reading { rss_kib: 10_000, threads: 5, descriptors: 7, fetchers: 0 };
        Look {
            from_ms: number * 1_000,
            until_ms: (number + 1) * 1_000,
            calls: 100,
            failed: 0,
            refused: 0,
            slowest_ms: 20,
            complaint: String::new(),
            reading,
        }
    }

    fn record() -> Record {
        let looks: Vec<Look> = (0..40).map(look).collect();
        let reading = looks[0].reading;
        Record { looks, start: Some(reading), end: Some(reading), ..Record::default() }
    }

    #[test]
    fn nothing_is_said_of_a_run_that_went_well() {
        assert_eq!(objections(&record(), &[], 0), [""; 0]);
    }

    #[test]
    fn a_failed_call_is_excused_by_what_was_wrong_while_it_ran_and_by_nothing_else() {
        let mut record = record();
        record.looks[20].failed = 2;
        record.looks[20].complaint = "404 NotFound".to_owned();
        let trouble = |from_ms, until_ms, excuse| Trouble { from_ms, until_ms, excuse };
        let said = |record: &Record, troubles: &[Trouble], late| objections(record, troubles, late);
        assert_eq!(said(&record, &[], 0), ["2 of 100 calls failed at 21.0 s, when none may: 404 NotFound"]);
        assert_eq!(said(&record, &[trouble(20_100, 20_500, None)], 0).len(), 1);
        assert_eq!(said(&record, &[trouble(20_100, 20_500, Some("it failed"))], 0), [""; 0]);
        let before = [trouble(15_000, 19_000, Some("it failed"))];
        assert_eq!(said(&record, &before, 0).len(), 1);
        assert_eq!(said(&record, &before, 1_000), [""; 0]);
        record.looks[20].slowest_ms = 1_500;
        assert_eq!(said(&record, &before, 0), [""; 0]);
        assert_eq!(said(&record, &[trouble(21_001, 22_000, Some("it failed"))], 0).len(), 1);
    }

    #[test]
    fn calls_that_a_standstill_of_the_machine_delayed_are_excused() {
        assert_eq!(standstill_of_the_machine(5_000, 6_000), None);
        let stood = standstill_of_the_machine(17_000, 19_000).unwrap();
        let mut record = record();
        record.looks[20].failed = 2;
        assert_eq!(objections(&record, &[stood], 0), [""; 0]);
        record.looks[30].failed = 2;
        assert_eq!(objections(&record, &[standstill_of_the_machine(17_000, 19_000).unwrap()], 0).len(), 1);
    }

    #[test]
    fn calls_that_hang_are_found() {
        let mut record = record();
        record.looks[5].slowest_ms = LONGEST_CALL_MS + 1;
        assert_eq!(objections(&record, &[], 0), ["a call took 25001 ms, until 6.0 s; at most 25000 are allowed"]);
        record.looks[5].slowest_ms = 20;
        record.looks.iter_mut().skip(10).for_each(|look| look.calls = 0);
        assert_eq!(objections(&record, &[], 0), ["no call ended from 9.0 s to 35.0 s"]);
    }

    #[test]
    fn what_is_left_behind_is_found() {
        let mut record = record();
        record.end = record.end.map(|end| Reading { threads: 6, descriptors: 9, ..end });
        let said = [
            "6 threads are there at the end, 5 were there at the start",
            "9 descriptors are there at the end, 7 were there at the start",
        ];
        assert_eq!(objections(&record, &[], 0), said);
        record.language = "go".to_owned();
        assert_eq!(objections(&record, &[], 0), said[1..]);
    }

    #[test]
    fn memory_that_grows_is_found_and_noise_is_not() {
        let mut record = record();
        record.looks.iter_mut().skip(30).for_each(|look| look.reading.rss_kib = allowed(10_000));
        assert_eq!(objections(&record, &[], 0), [""; 0]);
        record.looks.iter_mut().skip(30).for_each(|look| look.reading.rss_kib += 1);
        assert!(objections(&record, &[], 0)[0].starts_with("memory grew from 10000 KiB"));
    }
}
