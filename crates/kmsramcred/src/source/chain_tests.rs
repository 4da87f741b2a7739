use super::*;
use crate::clock::PausedClock;
use crate::secret_text::SecretText;
use crate::source::SigningKey;
use std::collections::VecDeque;
use std::sync::mpsc;

/// A source that plays back results and takes its time for each.
struct Played {
    clock: Arc<PausedClock>,
    takes: Duration,
    results: Mutex<VecDeque<Result<&'static str, Error>>>,
    asked: Mutex<u32>,
}

impl Source for Played {
    fn name(&self) -> &'static str {
        "played"
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        *self.asked.lock().unwrap() += 1;
        let rest = deadline.rest(self.clock.now());
        self.clock.advance(self.takes.min(rest));
        if self.takes > rest {
            return Err(Error::new(ErrorKind::SourceUnavailable, "silence."));
        }
        let id = self.results.lock().unwrap().pop_front().expect("a result for every question")?;
        Ok(Arc::new(Identity {
            access_key_id: id.to_owned(),
            key: SigningKey::AccessKeySecret(SecretText::from("s")),
            security_token: None,
            expires_at: None,
        }))
    }

    fn refused(&self, _: &Identity) -> bool {
        true
    }
}

type Results = Vec<Result<&'static str, Error>>;

fn played(clock: &Arc<PausedClock>, takes: Duration, results: Results) -> Arc<Played> {
    Arc::new(Played { clock: clock.clone(), takes, results: Mutex::new(results.into()), asked: Mutex::default() })
}

fn link(name: &'static str, source: Result<Arc<dyn Source>, String>) -> ChainLink {
    ChainLink { name, source, patience: Duration::from_secs(1) }
}

fn denied() -> Error {
    Error::new(ErrorKind::SourceDenied, "no role is attached.")
}

#[test]
fn the_first_link_that_answers_stays() {
    let clock = Arc::new(PausedClock::new(0));
    let silent = played(&clock, Duration::from_secs(3600), vec![]);
    let refusing = played(&clock, Duration::ZERO, vec![Err(denied())]);
    let good = played(&clock, Duration::ZERO, vec![Ok("one"), Ok("two")]);
    let last = played(&clock, Duration::ZERO, vec![]);
    let links = vec![
        link("env", Err("X is not set".into())),
        link("a", Ok(silent.clone())),
        link("b", Ok(refusing.clone())),
        link("c", Ok(good.clone())),
        link("d", Ok(last.clone())),
    ];
    let chain = Chain::new(links, clock.clone());
    let start = clock.now();
    let ask = || chain.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap();
    let one = ask();
    assert_eq!(one.access_key_id, "one");
    assert_eq!(clock.now(), start + Duration::from_secs(1), "a silent link costs its patience and no more");
    assert!(chain.refused(&one), "the chosen link is asked");
    assert_eq!(ask().access_key_id, "two");
    let asked = |source: &Played| *source.asked.lock().unwrap();
    assert_eq!((asked(&silent), asked(&refusing), asked(&good), asked(&last)), (1, 1, 2, 0));
    let report = chain.report();
    assert_eq!(report.used, Some("c"));
    assert_eq!(
        report.passed_over,
        [("env", "X is not set".to_owned()), ("a", "silence".to_owned()), ("b", "no role is attached".to_owned())]
    );
}

#[test]
fn where_none_answers_the_error_says_of_each_why() {
    let clock = Arc::new(PausedClock::new(0));
    let refusing = played(&clock, Duration::ZERO, vec![Err(denied()), Ok("late")]);
    let links = vec![link("env", Err("X is not set".into())), link("a", Ok(refusing))];
    let chain = Chain::new(links, clock.clone());
    let deadline = Deadline::after(&*clock, Duration::from_secs(10));
    let error = chain.identity(deadline).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied);
    assert!(error.message().contains("env: X is not set; a: no role is attached."), "{error}");
    assert_eq!(chain.report().used, None);
    assert_eq!(chain.identity(deadline).unwrap().access_key_id, "late", "the links are asked anew");
}

#[test]
fn where_nothing_is_set_nobody_waits() {
    let clock = Arc::new(PausedClock::new(0));
    let chain = Chain::new(vec![link("env", Err("X is not set".into()))], clock.clone());
    let error = chain.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigMissing);
    assert!(!error.is_retryable());
}

#[test]
fn a_closed_client_ends_the_search() {
    let clock = Arc::new(PausedClock::new(0));
    let closed = played(&clock, Duration::ZERO, vec![Err(Error::new(ErrorKind::Closed, "closed."))]);
    let next = played(&clock, Duration::ZERO, vec![]);
    let chain = Chain::new(vec![link("a", Ok(closed)), link("b", Ok(next.clone()))], clock.clone());
    let error = chain.identity(Deadline::after(&*clock, Duration::from_secs(1))).unwrap_err();
    assert_eq!((error.kind(), *next.asked.lock().unwrap()), (ErrorKind::Closed, 0));
}

/// A source whose first question is held until somebody lets it fail; later ones are answered.
struct Held {
    first: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
    later: Arc<Played>,
}

impl Source for Held {
    fn name(&self) -> &'static str {
        "held"
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        let first = self.first.lock().unwrap().take();
        let Some((asked, told)) = first else { return self.later.identity(deadline) };
        asked.send(()).unwrap();
        told.recv().unwrap();
        Err(Error::new(ErrorKind::SourceUnavailable, "silence."))
    }

    fn refused(&self, _: &Identity) -> bool {
        false
    }
}

/// What callers get who come while another one, with `budget`, searches in vain. Who searches again would find something.
fn beside_a_search_in_vain(budget: Duration) -> Vec<Result<String, Error>> {
    let clock = Arc::new(PausedClock::new(0));
    let ((asked, is_asked), (tell, told)) = (mpsc::channel(), mpsc::channel());
    let later = played(&clock, Duration::ZERO, (0..4).map(|_| Ok("one")).collect());
    let held = Held { first: Mutex::new(Some((asked, told))), later };
    let chain = Arc::new(Chain::new(vec![link("a", Ok(Arc::new(held)))], clock.clone()));
    let caller = |budget| {
        let (chain, clock) = (chain.clone(), clock.clone());
        std::thread::spawn(move || {
            chain.identity(Deadline::after(&*clock, budget)).map(|identity| identity.access_key_id.clone())
        })
    };
    let first = caller(budget);
    is_asked.recv().unwrap();
    let error = chain.identity(Deadline::after(&*clock, Duration::from_millis(20))).unwrap_err();
    assert!(error.message().contains("before the default chain was searched"), "nobody waits longer: {error}");
    let others: Vec<_> = (0..4).map(|_| caller(Duration::from_secs(60))).collect();
    while chain.search.lock().waited < 5 {
        std::thread::yield_now();
    }
    tell.send(()).unwrap();
    first.join().unwrap().unwrap_err();
    others.into_iter().map(|other| other.join().unwrap()).collect()
}

#[test]
fn a_search_in_vain_is_that_of_all_who_waited_for_it() {
    let answers = beside_a_search_in_vain(Duration::from_secs(60));
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.message().contains("a: silence"))));
}

#[test]
fn a_search_that_had_too_little_time_is_only_that_of_its_caller() {
    let answers = beside_a_search_in_vain(Duration::from_millis(500));
    assert!(answers.iter().all(|answer| answer.as_deref().is_ok_and(|id| id == "one")), "{answers:?}");
}

#[test]
fn a_place_that_has_nothing_is_no_identity_that_was_refused() {
    let clock = Arc::new(PausedClock::new(0));
    let kind = |error: Error| {
        let asked = played(&clock, Duration::ZERO, vec![Err(error)]);
        let chain = Chain::new(vec![link("env", Err("X is not set".into())), link("a", Ok(asked))], clock.clone());
        chain.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap_err().kind()
    };
    assert_eq!(kind(denied().with_http_status(404)), ErrorKind::ConfigMissing);
    assert_eq!(kind(denied().with_http_status(404).with_code("EntityNotExist.Role")), ErrorKind::SourceDenied);
    assert_eq!(kind(denied().with_http_status(403)), ErrorKind::SourceDenied);
}

#[test]
fn a_link_that_had_too_many_requests_is_seen_in_the_error_of_the_chain() {
    let clock = Arc::new(PausedClock::new(0));
    let busy = || Error::new(ErrorKind::SourceUnavailable, "not now.");
    for (throttled, status, code) in [
        (busy().with_http_status(429), Some(429), None),
        (busy().with_http_status(400).with_code("Throttling.User"), Some(400), Some("Throttling.User")),
        (busy().with_http_status(503), None, None),
    ] {
        let links = [throttled, Error::new(ErrorKind::SourceUnavailable, "silence.")];
        let link = |error| link("a", Ok(played(&clock, Duration::ZERO, vec![Err(error)])));
        let chain = Chain::new(links.map(link).into(), clock.clone());
        let error = chain.identity(Deadline::after(&*clock, Duration::from_secs(5))).unwrap_err();
        assert_eq!((error.kind(), error.http_status(), error.code()), (ErrorKind::SourceUnavailable, status, code));
    }
}
