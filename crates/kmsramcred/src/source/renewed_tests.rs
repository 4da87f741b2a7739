use super::*;
use crate::clock::PausedClock;
use crate::secret_text::SecretText;
use crate::source::SigningKey;
use std::collections::VecDeque;
use std::sync::{Mutex, Weak};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// One answer of the lender: how long it takes, whether the identity at hand is refused meanwhile, and what it is.
struct Step {
    takes: Duration,
    refuses: bool,
    result: Result<Identity, Failure>,
}

struct Steps {
    clock: Arc<PausedClock>,
    steps: Mutex<VecDeque<Step>>,
    /// How much time each question had.
    times: Mutex<Vec<Duration>>,
    source: Weak<Renewed<Steps>>,
}

impl Lender for Steps {
    fn name(&self) -> &'static str {
        "steps"
    }

    fn place(&self) -> String {
        "the lender".to_owned()
    }

    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure> {
        let rest = deadline.rest(self.clock.now());
        self.times.lock().unwrap().push(rest);
        let step = self.steps.lock().unwrap().pop_front().expect("a step for every question");
        if step.refuses {
            let source = self.source.upgrade().unwrap();
            let current = source.rounds.lock().known.current.clone();
            source.refused(&current.expect("an identity to be refused"));
        }
        self.clock.advance(step.takes.min(rest));
        if step.takes > rest { silence().result } else { step.result }
    }
}

/// An identity that ends after so long from now.
fn lends(clock: &PausedClock, id: &str, life: Duration) -> Step {
    let identity = Identity {
        access_key_id: id.to_owned(),
        key: SigningKey::AccessKeySecret(SecretText::from("s")),
        security_token: None,
        expires_at: Some(clock.now() + life),
    };
    Step { takes: Duration::ZERO, refuses: false, result: Ok(identity) }
}

fn silence() -> Step {
    let failure = Failure::passing(Error::new(ErrorKind::SourceUnavailable, "silence"));
    Step { takes: HOUR, refuses: false, result: Err(failure) }
}

fn denied() -> Step {
    let failure = Failure::settled(Error::new(ErrorKind::SourceDenied, "no role is attached"));
    Step { takes: Duration::ZERO, refuses: false, result: Err(failure) }
}

struct Table {
    clock: Arc<PausedClock>,
    source: Arc<Renewed<Steps>>,
}

impl Table {
    /// With the identity `one`, which is due for its renewal and ends after `left`.
    fn due(left: Duration) -> Table {
        let clock = Arc::new(PausedClock::new(0));
        let source = Arc::new_cyclic(|source: &Weak<_>| {
            let lender = Steps {
                clock: clock.clone(),
                steps: Mutex::default(),
                times: Mutex::default(),
                source: source.clone(),
            };
            let pausing = clock.clone();
            let pause = Box::new(move |_, longest| {
                pausing.advance(longest);
                true
            });
            Renewed::of(lender, clock.clone(), pause)
        });
        let table = Table { clock, source };
        table.then(lends(&table.clock, "one", HOUR));
        assert_eq!(table.ask(MINUTE).unwrap(), "one");
        table.clock.advance(HOUR - left);
        table.source.lender.times.lock().unwrap().clear();
        table
    }

    fn then(&self, step: Step) {
        self.source.lender.steps.lock().unwrap().push_back(step);
    }

    fn ask(&self, budget: Duration) -> Result<String, Error> {
        let deadline = Deadline::after(&*self.clock, budget);
        self.source.identity(deadline).map(|identity| identity.access_key_id.clone())
    }

    /// How much time each question since the identity was due had, in milliseconds.
    fn times(&self) -> Vec<u128> {
        self.source.lender.times.lock().unwrap().iter().map(Duration::as_millis).collect()
    }
}

#[test]
fn a_renewal_has_three_seconds_or_half_of_what_is_left() {
    for (budget, time) in [(10_000, 3_000), (4_000, 2_000), (300, 150)] {
        let table = Table::due(MINUTE * 10);
        table.then(silence());
        assert_eq!(table.ask(Duration::from_millis(budget)).unwrap(), "one");
        assert_eq!(table.times(), [time]);
    }
}

#[test]
fn whoever_has_no_time_left_renews_nothing_and_delays_nothing() {
    let table = Table::due(MINUTE * 10);
    assert_eq!(table.ask(Duration::ZERO).unwrap(), "one");
    assert!(table.times().is_empty());
    table.then(lends(&table.clock, "two", HOUR));
    assert_eq!(table.ask(MINUTE).unwrap(), "two");
}

#[test]
fn a_renewal_with_too_little_time_delays_the_next_one_no_more_than_it_is_worth() {
    let table = Table::due(MINUTE * 10);
    table.then(silence());
    assert_eq!(table.ask(Duration::from_millis(300)).unwrap(), "one");
    table.clock.advance(Duration::from_millis(2_999));
    assert_eq!(table.ask(MINUTE).unwrap(), "one");
    assert_eq!(table.times().len(), 1, "a twentieth of a minute is not over");
    table.clock.advance(Duration::from_millis(1));
    table.then(lends(&table.clock, "two", HOUR));
    assert_eq!(table.ask(MINUTE).unwrap(), "two");

    // What fails in time says something of the lender, however little time there was.
    let table = Table::due(MINUTE * 10);
    table.then(denied());
    assert_eq!(table.ask(Duration::from_millis(300)).unwrap(), "one");
    table.clock.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(table.ask(MINUTE).unwrap(), "one");
    assert_eq!(table.times().len(), 1);
}

#[test]
fn an_identity_that_is_refused_while_its_renewal_fails_is_asked_for_with_all_the_time_left() {
    let table = Table::due(MINUTE * 10);
    table.then(Step { refuses: true, ..silence() });
    table.then(lends(&table.clock, "two", HOUR));
    assert_eq!(table.ask(Duration::from_secs(10)).unwrap(), "two");
    assert_eq!(table.times(), [3_000, 7_000]);
}

#[test]
fn an_identity_that_ends_while_its_renewal_fails_is_not_served() {
    let table = Table::due(Duration::from_secs(2));
    table.then(silence());
    table.then(lends(&table.clock, "two", HOUR));
    assert_eq!(table.ask(Duration::from_secs(10)).unwrap(), "two");
    assert_eq!(table.times(), [3_000, 7_000]);
}

#[test]
fn a_settled_failure_ends_it_where_the_old_identity_is_lost() {
    let table = Table::due(MINUTE * 10);
    table.then(Step { refuses: true, ..denied() });
    assert_eq!(table.ask(MINUTE).unwrap_err().kind(), ErrorKind::SourceDenied);
    assert_eq!(table.times().len(), 1);
}

#[test]
fn an_identity_is_not_replaced_by_another_one_that_ends_sooner() {
    let table = Table::due(MINUTE * 10);
    table.then(lends(&table.clock, "two", MINUTE));
    assert_eq!(table.ask(MINUTE).unwrap(), "one");
    table.clock.advance(MINUTE);
    table.then(lends(&table.clock, "one", MINUTE * 9 - Duration::from_millis(5)));
    assert_eq!(table.ask(MINUTE).unwrap(), "one");
    table.clock.advance(MINUTE * 4);
    assert_eq!(table.ask(MINUTE).unwrap(), "one");
    assert_eq!(table.times().len(), 2, "the same again is no failure, after which there would be a third question");
    table.clock.advance(MINUTE);
    table.then(lends(&table.clock, "three", HOUR));
    assert_eq!(table.ask(MINUTE).unwrap(), "three");

    let table = Table::due(MINUTE * 10);
    table.then(Step { refuses: true, ..lends(&table.clock, "two", MINUTE) });
    assert_eq!(table.ask(MINUTE).unwrap(), "two", "better than one that was refused");
}
