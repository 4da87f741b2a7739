//! What is known, asked and awaited about names: the rules of the [`Resolver`](super::Resolver), without its threads.

use crate::clock::Moment;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a result is used again.
const MEMORY: Duration = Duration::from_secs(30);
/// A look-up that takes longer than this may be left behind for the sake of another name.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// One thread that works and one that may hang: never more.
const THREADS: usize = 2;

/// What a look-up brought: addresses, or the cause of the failure.
pub(super) type Outcome = Result<Arc<[IpAddr]>, String>;

/// A look-up that somebody waits for.
pub(super) type Pending = Arc<OnceLock<Outcome>>;

/// Where somebody who needs a name stands.
pub(super) enum Step {
    /// The addresses are known.
    Known(Arc<[IpAddr]>),
    /// A look-up is queued or running.
    Wait(Pending),
}

#[derive(Default)]
pub(super) struct LookupTable {
    known: HashMap<String, (Arc<[IpAddr]>, Moment)>,
    pending: HashMap<String, Pending>,
    queue: VecDeque<String>,
    running: Vec<(String, Moment)>,
    /// Threads that were started and have not ended.
    pub(super) threads: usize,
    /// Threads that wait for work.
    pub(super) idle: usize,
    /// The resolver is gone: threads end as soon as they can.
    pub(super) closed: bool,
}

impl LookupTable {
    /// Answers from memory, joins a running look-up of the same name, or queues one.
    pub(super) fn step(&mut self, name: &str, now: Moment) -> Step {
        if let Some((addresses, at)) = self.known.get(name)
            && now.since(*at) < MEMORY
        {
            return Step::Known(addresses.clone());
        }
        if let Some(pending) = self.pending.get(name) {
            return Step::Wait(pending.clone());
        }
        let pending = Pending::default();
        self.pending.insert(name.to_owned(), pending.clone());
        self.queue.push_back(name.to_owned());
        Step::Wait(pending)
    }

    /// Whether a thread must be started: none is there, or the only one hangs while a name waits.
    pub(super) fn wants_thread(&self, now: Moment) -> bool {
        let hanging =
            self.running.len() == self.threads && self.running.iter().all(|(_, since)| now.since(*since) >= PATIENCE);
        !self.queue.is_empty() && self.idle == 0 && self.threads < THREADS && hanging
    }

    /// The next name to look up.
    pub(super) fn take(&mut self, now: Moment) -> Option<String> {
        let name = self.queue.pop_front()?;
        self.running.push((name.clone(), now));
        Some(name)
    }

    /// Whether nothing waits to be looked up.
    pub(super) fn is_quiet(&self) -> bool {
        self.queue.is_empty()
    }

    /// Hands a result to all who wait and remembers it; failures are not remembered.
    pub(super) fn finish(&mut self, name: &str, result: io::Result<Vec<IpAddr>>, now: Moment) {
        self.running.retain(|(running, _)| running != name);
        let outcome: Outcome = match result {
            Ok(addresses) if addresses.is_empty() => Err("it has no address".to_owned()),
            Ok(addresses) => Ok(Arc::from(addresses)),
            Err(error) => Err(plain(&error)),
        };
        self.known.retain(|_, (_, at)| now.since(*at) < MEMORY);
        if let Ok(addresses) = &outcome {
            self.known.insert(name.to_owned(), (addresses.clone(), now));
        }
        if let Some(pending) = self.pending.remove(name) {
            // Nobody else sets it: a name has one pending entry, and it is out of the map now.
            let _ = pending.set(outcome);
        }
    }

    /// Gives up all queued names, since no thread can be had.
    pub(super) fn fail_queue(&mut self, cause: &str, now: Moment) {
        while let Some(name) = self.queue.pop_front() {
            self.finish(&name, Err(io::Error::other(cause.to_owned())), now);
        }
    }
}

/// The cause without the standard library's preamble.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment(1_000_000 + ms)
    }

    fn ip() -> IpAddr {
        IpAddr::from([192, 0, 2, 1])
    }

    fn waits(step: &Step) -> Pending {
        match step {
            Step::Wait(pending) => pending.clone(),
            Step::Known(_) => panic!("known"),
        }
    }

    #[test]
    fn a_result_is_remembered_for_30_seconds() {
        let mut table = LookupTable::default();
        let pending = waits(&table.step("kms.example", at(0)));
        assert_eq!(table.take(at(0)).as_deref(), Some("kms.example"));
        table.finish("kms.example", Ok(vec![ip()]), at(10));
        assert_eq!(pending.get().unwrap().as_deref().unwrap(), [ip()]);
        assert!(matches!(table.step("kms.example", at(30_009)), Step::Known(_)));
        assert!(matches!(table.step("kms.example", at(30_010)), Step::Wait(_)));
    }

    #[test]
    fn a_second_asker_joins_the_first_look_up() {
        let mut table = LookupTable::default();
        let first = waits(&table.step("a", at(0)));
        table.take(at(0));
        let second = waits(&table.step("a", at(500)));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(table.take(at(500)), None);
    }

    #[test]
    fn a_failure_reaches_those_who_wait_and_nobody_later() {
        let mut table = LookupTable::default();
        let pending = waits(&table.step("a", at(0)));
        table.take(at(0));
        let error = io::Error::other("failed to lookup address information: Name or service not known");
        table.finish("a", Err(error), at(1));
        assert_eq!(pending.get(), Some(&Err("Name or service not known".to_owned())));
        assert!(waits(&table.step("a", at(2))).get().is_none());
    }

    #[test]
    fn a_hanging_look_up_is_left_behind_once() {
        let mut table = LookupTable::default();
        table.step("a", at(0));
        assert!(table.wants_thread(at(0)), "the first thread");
        table.threads = 1;
        table.take(at(0));
        table.step("b", at(100));
        assert!(!table.wants_thread(at(999)), "a slow look-up is not yet a hanging one");
        assert!(table.wants_thread(at(1_000)), "b must not wait for a any longer");
        table.threads = 2;
        table.take(at(1_000));
        table.step("c", at(2_500));
        for later in 2..60 {
            assert!(!table.wants_thread(at(later * 1_000)), "never a third thread");
        }
    }
}
