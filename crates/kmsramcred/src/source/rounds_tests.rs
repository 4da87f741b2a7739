use super::*;
use crate::clock::PausedClock;
use crate::error::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

type Known = Option<&'static str>;

fn failure(passing: bool) -> Failure {
    Failure::new(Error::new(ErrorKind::SourceUnavailable, "nobody is at home"), passing)
}

fn late() -> Error {
    Error::new(ErrorKind::SourceUnavailable, "late")
}

struct House {
    rounds: Rounds<Known>,
    clock: PausedClock,
    asked: AtomicUsize,
}

impl House {
    fn new() -> Arc<House> {
        Arc::new(House { rounds: Rounds::default(), clock: PausedClock::new(0), asked: AtomicUsize::new(0) })
    }

    fn answer(&self, budget: Duration, ask: impl FnOnce() -> Result<&'static str, Failure>) -> Result<&str, Error> {
        let counted = || {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let found = ask()?;
            self.rounds.lock().known = Some(found);
            Ok(found)
        };
        self.rounds.answer(&self.clock, Deadline::after(&self.clock, budget), |known, _| *known, counted, late)
    }

    /// One who asks and is kept waiting until `end` sends what comes of it.
    fn asker(self: &Arc<House>) -> (mpsc::Sender<Result<&'static str, Failure>>, std::thread::JoinHandle<bool>) {
        let (end, told) = mpsc::channel();
        let (begins, begun) = mpsc::channel();
        let house = self.clone();
        let thread = std::thread::spawn(move || {
            let ask = || {
                begins.send(()).unwrap();
                told.recv().unwrap()
            };
            house.answer(Duration::from_secs(60), ask).is_ok()
        });
        begun.recv().unwrap();
        (end, thread)
    }

    /// Those who wait while another one asks; `then` is what comes of it when they have to ask themselves.
    fn waiters(
        self: &Arc<House>,
        then: fn() -> Result<&'static str, Failure>,
    ) -> Vec<std::thread::JoinHandle<Result<String, Error>>> {
        let waiter = |_| {
            let house = self.clone();
            std::thread::spawn(move || house.answer(Duration::from_secs(60), then).map(str::to_owned))
        };
        (0..8).map(waiter).collect()
    }
}

#[test]
fn of_many_one_asks_and_all_have_the_answer() {
    let house = House::new();
    let (end, asker) = house.asker();
    let waiters = house.waiters(|| panic!("another one asks"));
    end.send(Ok("here")).unwrap();
    assert!(asker.join().unwrap());
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap().unwrap(), "here");
    }
    assert_eq!(house.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn nobody_waits_beyond_their_own_deadline() {
    let house = House::new();
    let (end, asker) = house.asker();
    for budget in [Duration::from_millis(20), Duration::ZERO] {
        let error = house.answer(budget, || panic!("another one asks")).unwrap_err();
        assert_eq!(error.message(), "late");
    }
    end.send(Err(failure(true))).unwrap();
    assert!(!asker.join().unwrap());
    let error = house.answer(Duration::ZERO, || panic!("there is no time left")).unwrap_err();
    assert_eq!(error.message(), "nobody is at home", "what was said last is better than nothing");
}

/// What `waiters` makes of a round that fails, once all of them wait.
fn after(passing: bool) -> (usize, Vec<Result<String, Error>>) {
    let house = House::new();
    let (end, asker) = house.asker();
    let waiters = house.waiters(|| Ok("here"));
    // Whoever waits gives the lock away, and whoever comes later would not share the failure.
    while house.rounds.lock().waited < waiters.len() {
        std::thread::yield_now();
    }
    end.send(Err(failure(passing))).unwrap();
    assert!(!asker.join().unwrap());
    let answers = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
    (house.asked.load(Ordering::SeqCst), answers)
}

#[test]
fn a_settled_failure_is_that_of_all_who_waited() {
    let (asked, answers) = after(false);
    assert_eq!(asked, 1);
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.message() == "nobody is at home")));
}

#[test]
fn after_a_passing_failure_one_of_those_who_waited_asks_on() {
    let (asked, answers) = after(true);
    assert_eq!(asked, 2);
    assert!(answers.iter().all(|answer| answer.as_deref().is_ok_and(|found| found == "here")));
}

#[test]
fn whoever_panics_while_asking_leaves_the_turn_to_the_next() {
    let house = House::new();
    let asker = house.clone();
    std::thread::spawn(move || asker.answer(Duration::from_secs(60), || panic!("on purpose")).is_ok())
        .join()
        .unwrap_err();
    assert_eq!(house.answer(Duration::from_secs(60), || Ok("here")).unwrap(), "here");
}
