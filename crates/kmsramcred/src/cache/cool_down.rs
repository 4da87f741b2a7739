//! Who refused what: keeps one wrong or hostile endpoint from spoiling the others.

use super::policy::{BARREN_WINDOW, COOL_DOWN, MOST_BARREN, MOST_COOLING};
use crate::clock::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// Where a refusal came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Family or product of the service.
    pub service: String,
    /// The endpoint.
    pub host: String,
}

/// Longer names are cut: they are the service's words, and many are kept.
const LONGEST_NAME: usize = 256;

impl Pair {
    /// The pair of these names.
    pub fn new(service: &str, host: &str) -> Pair {
        let cut = |name: &str| name.chars().take(LONGEST_NAME).collect();
        Pair { service: cut(service), host: cut(host) }
    }
}

/// A pair that was refused with a serial that KMS still confirms.
#[derive(Debug, Clone)]
pub struct Cooling {
    /// The refused serial.
    pub serial: u64,
    /// Where.
    pub pair: Pair,
    /// Since when KMS has been confirming the serial to this pair.
    pub since: Moment,
    /// Until when this pair's refusals of this serial start no fetch.
    pub until: Moment,
}

/// What is remembered of refusals that a fetch did not explain.
#[derive(Debug, Clone, Default)]
pub struct CoolDowns {
    cooling: VecDeque<Cooling>,
    /// Fetches after refusals that brought nothing new, the newest last, with the pair that asked; a look of the
    /// refresher was asked for by nobody.
    barren: VecDeque<(Moment, Option<Pair>)>,
}

impl CoolDowns {
    /// A fetch confirmed the serial that this pair refuses: start cooling.
    pub fn start(&mut self, serial: u64, pair: &Pair, now: Moment) {
        let since = self.since(serial, pair, now).unwrap_or(now);
        self.cooling.retain(|entry| !(entry.serial == serial && entry.pair == *pair));
        if self.cooling.len() == MOST_COOLING {
            self.cooling.pop_front();
        }
        self.cooling.push_back(Cooling { serial, pair: pair.clone(), since, until: now + COOL_DOWN });
    }

    /// What is left of the cool-down of this pair and serial.
    pub fn rest(&self, serial: u64, pair: &Pair, now: Moment) -> Option<Duration> {
        Some(self.entry(serial, pair)?.until.since(now)).filter(|rest| !rest.is_zero())
    }

    /// Since when KMS has been confirming this serial to this pair, its cool-downs just before this one included.
    pub fn since(&self, serial: u64, pair: &Pair, now: Moment) -> Option<Moment> {
        self.entry(serial, pair).filter(|entry| now < entry.until + COOL_DOWN).map(|entry| entry.since)
    }

    fn entry(&self, serial: u64, pair: &Pair) -> Option<&Cooling> {
        self.cooling.iter().find(|entry| entry.serial == serial && entry.pair == *pair)
    }

    /// A fetch after a refusal brought nothing new.
    pub fn was_barren(&mut self, pair: Option<&Pair>, now: Moment) {
        self.forget_old(now);
        self.barren.push_back((now, pair.cloned()));
        if self.barren.len() > MOST_COOLING {
            self.barren.pop_front();
        }
    }

    /// How long a refusal by this pair has to wait before it may start a fetch; `None` when it may at once. A pair that
    /// asked for no barren fetch lately may, as long as not too many pairs do; all others share [`MOST_BARREN`] in
    /// [`BARREN_WINDOW`]. Without a pair it is about a look of the refresher: then the first fetches of all pairs count as
    /// one, or many hosts that begin to refuse a key at once would leave no look.
    pub fn fetch_wait(&mut self, pair: Option<&Pair>, now: Moment) -> Option<Duration> {
        self.forget_old(now);
        let clean = self.barren.len() < MOST_COOLING;
        if clean && pair.is_some() && !self.barren.iter().any(|(_, barren)| barren.as_ref() == pair) {
            return None;
        }
        let counted = self.barren.len() - if pair.is_some() { 0 } else { self.pairs().saturating_sub(1) };
        if counted < MOST_BARREN {
            return None;
        }
        let frees = self.barren[self.barren.len() - MOST_BARREN].0 + BARREN_WINDOW;
        Some(frees.since(now))
    }

    /// How many pairs asked for the fetches that brought nothing new.
    fn pairs(&self) -> usize {
        let first = |(index, (_, pair)): &(usize, &(Moment, Option<Pair>))| {
            pair.is_some() && !self.barren.iter().take(*index).any(|(_, earlier)| earlier == pair)
        };
        self.barren.iter().enumerate().filter(first).count()
    }

    fn forget_old(&mut self, now: Moment) {
        while self.barren.front().is_some_and(|(at, _)| now.since(*at) >= BARREN_WINDOW) {
            self.barren.pop_front();
        }
    }

    /// The pairs that are remembered, for `explain`.
    pub fn list(&self) -> impl Iterator<Item = &Cooling> {
        self.cooling.iter()
    }
}

#[cfg(all(test, not(kmsramcred_loom)))]
mod tests {
    use super::*;

    fn pair(host: &str) -> Pair {
        Pair { service: "Ecs".to_owned(), host: host.to_owned() }
    }

    #[test]
    fn a_cool_down_is_of_one_serial_and_one_pair() {
        let mut cool = CoolDowns::default();
        cool.start(1, &pair("a"), Moment(0));
        assert_eq!(cool.rest(1, &pair("a"), Moment(1_000)), Some(Duration::from_secs(59)));
        assert_eq!(cool.rest(2, &pair("a"), Moment(0)), None);
        assert_eq!(cool.rest(1, &pair("b"), Moment(0)), None);
        assert_eq!(cool.rest(1, &pair("a"), Moment(60_000)), None);
        cool.start(1, &pair("a"), Moment(60_000));
        let since = |pair, now| cool.since(1, &pair, Moment(now));
        assert_eq!(since(pair("a"), 60_000), Some(Moment(0)), "a cool-down just after another goes on with it");
        assert_eq!(since(pair("b"), 60_000), None);
        assert_eq!(since(pair("a"), 180_000), None, "a refusal of long ago is forgotten");
    }

    #[test]
    fn sixty_four_are_remembered_and_the_oldest_goes() {
        let mut cool = CoolDowns::default();
        for n in 0..65 {
            cool.start(n, &pair("a"), Moment(0));
        }
        assert_eq!(cool.list().count(), 64);
        assert_eq!(cool.rest(0, &pair("a"), Moment(0)), None);
        assert!(cool.rest(64, &pair("a"), Moment(0)).is_some());
    }

    #[test]
    fn endless_new_hosts_are_bounded_too() {
        let mut cool = CoolDowns::default();
        let fetches = (0..1_000)
            .map(|n| pair(&n.to_string()))
            .filter(|host| {
                let may = cool.fetch_wait(Some(host), Moment(0)).is_none();
                if may {
                    cool.was_barren(Some(host), Moment(0));
                }
                may
            })
            .count();
        assert_eq!(fetches, MOST_COOLING);
        assert_eq!(Pair::new("s", &"h".repeat(1 << 20)).host.len(), 256);
    }

    #[test]
    fn many_pairs_that_ask_once_each_leave_looks_to_be_made() {
        let mut cool = CoolDowns::default();
        for n in 0..12 {
            cool.was_barren(Some(&pair(&n.to_string())), Moment(n));
        }
        assert_eq!(cool.fetch_wait(None, Moment(100)), None);
        for n in 0..9 {
            cool.was_barren(None, Moment(200 + n));
        }
        assert!(cool.fetch_wait(None, Moment(300)).is_some());
    }

    #[test]
    fn barren_fetches_are_bounded_together_but_a_clean_pair_may_always_ask() {
        let mut cool = CoolDowns::default();
        for second in 0..10 {
            assert_eq!(cool.fetch_wait(Some(&pair("bad")), Moment(second * 1_000)), None);
            cool.was_barren(Some(&pair("bad")), Moment(second * 1_000));
        }
        assert_eq!(cool.fetch_wait(Some(&pair("bad")), Moment(10_000)), Some(Duration::from_secs(50)));
        assert_eq!(cool.fetch_wait(None, Moment(10_000)), Some(Duration::from_secs(50)));
        assert_eq!(cool.fetch_wait(Some(&pair("good")), Moment(10_000)), None);
        assert_eq!(cool.fetch_wait(Some(&pair("bad")), Moment(60_000)), None);
    }
}
