//! The rotation contract, rule by rule, on a clock that stands still.

use crate::cache::flight::{Reason, Ticket};
use crate::cache::judge::{Complaint, Refusal, Step, Verdict};
use crate::cache::policy::Policy;
use crate::cache::published::Published;
use crate::cache::state::{Now, Outcome, State};
use crate::clock::Moment;
use crate::error::{Error, ErrorKind};
use crate::secret_value::SecretValue;
use std::time::Duration;

mod values;
mod verdicts;

const START_UNIX_MS: i64 = 1_790_000_000_000;
const BUDGET: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(86_400);

/// A secret on a paused clock, with KMS played by the test.
struct Story {
    state: State,
    published: Published,
    at: Moment,
}

impl Story {
    fn new() -> Story {
        Story::with(Policy::default())
    }

    fn with(policy: Policy) -> Story {
        let published = Published::empty();
        let at = Moment(1_000_000);
        let state = State::new(policy, 42, &published, Now { at, unix_ms: START_UNIX_MS });
        Story { state, published, at }
    }

    fn now(&self) -> Now {
        let unix_ms = START_UNIX_MS + i64::try_from(self.at.0).unwrap() - 1_000_000;
        Now { at: self.at, unix_ms }
    }

    fn wait(&mut self, wait: Duration) {
        self.at = self.at + wait;
    }

    fn ms(&mut self, ms: u64) {
        self.wait(Duration::from_millis(ms));
    }

    /// What KMS answers: key `id`, generated `age` ago.
    fn value(&self, id: &str, age: Duration) -> SecretValue {
        let server = self.now().unix_ms;
        SecretValue {
            access_key_id: id.to_owned(),
            access_key_secret: format!("secret of {id}").as_str().into(),
            security_token: None,
            version_id: format!("version of {id}"),
            generated_ms: Some(server - i64::try_from(age.as_millis()).unwrap()),
            expires_ms: None,
            created_ms: None,
            last_rotation_ms: None,
            next_rotation_ms: None,
            user_name: Some("robot".to_owned()),
            server_ms: Some(server),
        }
    }

    fn first(&mut self, id: &str, age: Duration) -> u64 {
        let ticket = self.state.launch(Reason::Need, self.now());
        let value = self.value(id, age);
        assert!(matches!(self.land(&ticket, Ok(value)), Outcome::Adopted));
        self.serial()
    }

    fn land(&mut self, ticket: &Ticket, result: Result<SecretValue, Error>) -> Outcome {
        let now = self.now();
        self.state.complete(ticket, result, &self.published, now)
    }

    fn serial(&self) -> u64 {
        self.published.current().expect("a value is published").serial()
    }

    fn id(&self) -> String {
        self.published.current().expect("a value is published").access_key_id().to_owned()
    }

    fn accept(&self) {
        self.published.latest().unwrap().value.accept();
    }

    fn complain(&mut self, serial: u64, host: &str, round: u32) -> Complaint {
        self.state.complain(&refusal(serial, host, round))
    }

    fn judge(&mut self, complaint: &mut Complaint, left: Duration) -> Step {
        let now = self.now();
        self.state.judge(complaint, left, &self.published, now)
    }

    /// Reports a refusal and judges it once.
    fn report(&mut self, serial: u64, host: &str) -> (Complaint, Step) {
        let mut complaint = self.complain(serial, host, 1);
        let step = self.judge(&mut complaint, BUDGET);
        (complaint, step)
    }

    /// Reports a refusal that must launch a fetch, lands it with `result`, and judges again.
    fn report_and_land(&mut self, serial: u64, host: &str, result: Result<SecretValue, Error>) -> Step {
        let (mut complaint, step) = self.report(serial, host);
        let Step::Launch(ticket) = step else { panic!("no fetch was launched: {step:?}") };
        self.land(&ticket, result);
        self.judge(&mut complaint, BUDGET)
    }

    fn tick(&mut self) -> (Option<Ticket>, Moment) {
        let now = self.now();
        self.state.tick(&self.published, now)
    }

    /// Lets the refresher's next fetch come and land with `result`.
    fn background(&mut self, result: impl FnOnce(&Story) -> Result<SecretValue, Error>) -> Outcome {
        loop {
            match self.tick() {
                (Some(ticket), _) => {
                    let result = result(self);
                    return self.land(&ticket, result);
                }
                (None, Moment::NEVER) => panic!("the refresher has nothing to do"),
                (None, next) => self.at = next,
            }
        }
    }
}

fn refusal(serial: u64, host: &str, round: u32) -> Refusal<'_> {
    Refusal { serial, service: "Ecs", host, code: Some("InvalidAccessKeyId.NotFound"), http_status: Some(404), round }
}

fn down() -> Error {
    Error::new(ErrorKind::Network, "connection refused")
}

fn verdict(step: Step) -> Verdict {
    match step {
        Step::Done(verdict, _) => verdict,
        other => panic!("no verdict yet: {other:?}"),
    }
}

fn is_retry(step: Step) -> bool {
    matches!(verdict(step), Verdict::Retry)
}

fn waits(step: Step) -> Duration {
    match verdict(step) {
        Verdict::RetryLater(wait) => wait,
        other => panic!("no wait: {other:?}"),
    }
}

fn gives_up(step: Step) -> Option<Error> {
    match verdict(step) {
        Verdict::GiveUp(cause) => cause,
        other => panic!("did not give up: {other:?}"),
    }
}
