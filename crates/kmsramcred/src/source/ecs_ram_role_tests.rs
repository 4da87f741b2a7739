use super::*;
use crate::clock::{Deadline, PausedClock};
use crate::error::{Error, ErrorKind};
use crate::source::Source;
use crate::source::scripted::{Reply, Scripted, answer, failure, silence};
use std::time::Duration;

/// 2023-11-14T22:13:20Z
const START: i64 = 1_700_000_000_000;
const HOUR: Duration = Duration::from_secs(3600);

/// An identity that ends one hour after the start.
fn role(id: &str) -> Reply {
    role_until(id, "2023-11-14T23:13:20Z")
}

fn role_until(id: &str, end: &str) -> Reply {
    let body = format!(
        r#"{{"Code":"Success","AccessKeyId":"{id}","AccessKeySecret":"sec","SecurityToken":"tok","Expiration":"{end}"}}"#
    );
    answer(200, &body)
}

fn no_answer() -> Reply {
    failure(ErrorKind::Network, "100.100.100.200: connection refused.")
}

fn source(replies: Vec<Reply>) -> (Arc<PausedClock>, Arc<Scripted>, Arc<EcsRamRole>) {
    let clock = Arc::new(PausedClock::new(START));
    let script = Scripted::new(&clock, replies);
    let settings = EcsRamRoleSettings { role_name: Some("web".into()), ..EcsRamRoleSettings::default() };
    let pausing = clock.clone();
    let pause = Box::new(move |_, longest| {
        pausing.advance(longest);
        true
    });
    let source = EcsRamRole::new(script.clone(), clock.clone(), settings, pause);
    (clock, script, Arc::new(source))
}

fn id(source: &EcsRamRole, clock: &PausedClock) -> String {
    source.identity(Deadline::after(clock, Duration::from_secs(10))).unwrap().access_key_id.clone()
}

#[test]
fn an_identity_serves_until_a_quarter_of_an_hour_before_its_end() {
    let (clock, script, source) =
        source(vec![answer(200, "T"), role("one"), answer(200, "T"), role_until("two", "2023-11-15T00:13:20Z")]);
    assert_eq!(id(&source, &clock), "one");
    clock.advance(HOUR - Duration::from_secs(901));
    assert_eq!(id(&source, &clock), "one");
    assert_eq!(script.count(), 2);
    clock.advance(Duration::from_secs(1));
    assert_eq!(id(&source, &clock), "two");
    assert_eq!(script.count(), 4);
}

#[test]
fn the_old_identity_serves_while_a_renewal_fails() {
    let (clock, script, source) = source(vec![answer(200, "T"), role("one")]);
    assert_eq!(id(&source, &clock), "one");
    clock.advance(HOUR - Duration::from_secs(900));
    for _ in 0..3 {
        script.then(no_answer());
    }
    assert_eq!(id(&source, &clock), "one");
    let asked = script.count();
    assert_eq!(asked, 4, "one round: a token, then the credentials without one");
    clock.advance(Duration::from_secs(59));
    assert_eq!(id(&source, &clock), "one");
    assert_eq!(script.count(), asked, "a failed renewal rests for a minute");
}

#[test]
fn an_identity_past_its_end_is_not_served() {
    let (clock, script, source) = source(vec![answer(200, "T"), role("one")]);
    id(&source, &clock);
    clock.advance(HOUR);
    script.then(answer(200, "T"));
    script.then(answer(403, ""));
    script.then(answer(403, ""));
    let error = source.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::SourceDenied, Some(403)));
}

#[test]
fn silence_is_asked_again_until_the_budget_is_over() {
    let (clock, script, source) = source(vec![no_answer(), no_answer(), answer(200, "T"), role("one")]);
    assert_eq!(id(&source, &clock), "one");
    assert_eq!(script.count(), 4);

    let (clock, script, source) = self::source((0..40).map(|_| silence()).collect());
    let start = clock.now();
    let error = source.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
    assert!(clock.now() <= start + Duration::from_secs(10));
    assert!(script.seen().iter().all(|(_, end)| end.0 <= start + Duration::from_secs(10)));
    assert!(script.count() <= 6, "{} requests", script.count());
}

#[test]
fn an_answer_beyond_its_limits_is_not_asked_for_again() {
    let long = || failure(ErrorKind::KmsServer, "100.100.100.200: its answer is longer than 65536 bytes.");
    let (clock, script, source) = source(vec![answer(200, "T"), long(), long()]);
    let error = source.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
    assert!(error.message().contains("longer than 65536 bytes"), "{error}");
    assert_eq!(script.count(), 3, "a token, the credentials with it and without");
}

#[test]
fn a_refusal_is_not_asked_again() {
    let (clock, script, source) = source(vec![answer(200, "T"), answer(404, ""), answer(404, "")]);
    let error = source.identity(Deadline::after(&*clock, Duration::from_secs(10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied);
    assert!(error.message().contains("web") && error.message().contains("attach"), "{error}");
    assert_eq!(script.count(), 3);
}

#[test]
fn only_the_refused_identity_is_forgotten() {
    let (clock, script, source) = source(vec![answer(200, "T"), role("one"), answer(200, "T"), role("two")]);
    let deadline = Deadline::after(&*clock, Duration::from_secs(10));
    let one = source.identity(deadline).unwrap();
    assert!(source.refused(&one));
    assert_eq!(source.identity(deadline).unwrap().access_key_id, "two");
    assert!(source.refused(&one), "the next identity is another one already");
    assert_eq!(source.identity(deadline).unwrap().access_key_id, "two");
    assert_eq!(script.count(), 4);
}

#[test]
fn of_many_callers_one_asks() {
    let (clock, script, source) = source(vec![answer(200, "T"), role("one")]);
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let (clock, source) = (clock.clone(), source.clone());
            std::thread::spawn(move || id(&source, &clock))
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.join().unwrap(), "one");
    }
    assert_eq!(script.count(), 2);
}

#[test]
fn a_short_lived_identity_is_renewed_at_half_its_life() {
    let (clock, script, source) = source(vec![answer(200, "T"), role_until("one", "2023-11-14T22:23:20Z")]);
    id(&source, &clock);
    clock.advance(Duration::from_secs(299));
    id(&source, &clock);
    assert_eq!(script.count(), 2);
}

#[test]
fn a_closed_client_ends_the_pauses() {
    let clock = Arc::new(PausedClock::new(START));
    let script = Scripted::new(&clock, vec![no_answer(), no_answer()]);
    let pause = Box::new(|_, _| false);
    let source = EcsRamRole::new(script, clock.clone(), EcsRamRoleSettings::default(), pause);
    let error = source.identity(Deadline::after(&*clock, Duration::from_secs(3600))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
}

#[test]
fn who_waits_hears_why_it_is_asked_again() {
    let (clock, _script, source) =
        source(vec![no_answer(), no_answer(), no_answer(), answer(503, ""), answer(200, "T"), role("one")]);
    let heard = std::cell::RefCell::new(Vec::new());
    let note = |error: &Error| heard.borrow_mut().push(error.to_string());
    let identity = source.identity_told(Deadline::after(&*clock, Duration::from_secs(10)), &note).unwrap();
    assert_eq!(identity.access_key_id, "one");
    let heard = heard.into_inner();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].contains("100.100.100.200: connection refused.") && heard[1].contains("HTTP 503"), "{heard:?}");
}

#[test]
fn a_service_that_took_all_the_time_is_not_said_to_have_been_asked_too_late() {
    for replies in [vec![silence()], vec![answer(200, "T"), silence()]] {
        let questions = replies.len();
        let (clock, script, source) = source(replies);
        let error = source.identity(Deadline::after(&*clock, Duration::from_millis(900))).unwrap_err();
        assert!(error.message().contains("timed out"), "{error}");
        assert_eq!(script.count(), questions, "no question without time for an answer");
    }
}
