use super::*;
use crate::gateway::bench::{Bench, GOOD, code, fixed};
use crate::gateway::health::{FIRST_SKIP, PROBE};
use crate::source::scripted::{Reply, answer, answer_with, failure, silence};
use crate::source::{Identity, Source};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// Three gateways with one source.
fn three(first: Vec<Reply>, second: Vec<Reply>, third: Vec<Reply>) -> Bench {
    let source = fixed("LTAI5tEXAMPLE");
    Bench::several(vec![
        ("a.test", source.clone(), first),
        ("b.test", source.clone(), second),
        ("c.test", source, third),
    ])
}

fn good(count: usize) -> Vec<Reply> {
    (0..count).map(|_| answer(200, GOOD)).collect()
}

fn refused() -> Reply {
    failure(ErrorKind::Network, "connection refused")
}

#[test]
fn every_way_of_being_down_leads_to_the_next_gateway_at_once() {
    let ways: [fn() -> Reply; 6] = [
        refused,
        silence,
        || code(503, "ServiceUnavailable"),
        || code(429, "Rejected.Throttling"),
        || failure(ErrorKind::Tls, "not trusted"),
        || answer(200, "<html>login</html>"),
    ];
    for down in ways {
        let bench = three(vec![down()], good(1), vec![]);
        let start = bench.clock.now();
        bench.waiter.set(Some(start + Duration::from_secs(5)));
        assert_eq!(bench.fetch(10).unwrap().secret_data.expose(), "v");
        assert_eq!(bench.counts(), [1, 1, 0]);
        assert!(bench.pauses.borrow().is_empty());
        assert!(bench.clock.now().since(start) < Duration::from_secs(2), "a third of the waiter's five seconds");
    }
}

#[test]
fn later_fetches_do_not_ask_the_dead_one() {
    let bench = three(vec![silence()], good(4), vec![]);
    bench.fetch(10).unwrap();
    let start = bench.clock.now();
    for _ in 0..3 {
        bench.fetch(10).unwrap();
    }
    assert_eq!(bench.counts(), [1, 4, 0]);
    assert_eq!(bench.clock.now(), start, "nobody paid for it");
}

#[test]
fn a_dead_gateway_is_probed_shortly_and_used_again_when_it_is_back() {
    let bench = three(vec![refused(), silence()], good(4), vec![]);
    bench.fetch(10).unwrap();
    bench.clock.advance(FIRST_SKIP);
    let start = bench.clock.now();
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [2, 2, 0], "probed, still dead");
    assert_eq!(bench.clock.now().since(start), PROBE, "a probe is short");
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [2, 3, 0], "skipped for longer");
    bench.clock.advance(FIRST_SKIP * 2);
    bench.scripts[0].then(answer(200, GOOD));
    bench.scripts[0].then(answer(200, GOOD));
    bench.fetch(10).unwrap();
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [4, 3, 0], "back, and first again");
}

#[test]
fn when_all_are_down_each_is_asked_again_after_a_pause_that_grows() {
    let down = || (0..2).map(|_| refused()).collect::<Vec<_>>();
    let bench = three(down(), down(), down());
    bench.scripts[2].then(answer(200, GOOD));
    bench.scripts[0].then(refused());
    bench.scripts[1].then(refused());
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [3, 3, 3]);
    assert_eq!(*bench.pauses.borrow(), [200, 400]);
}

#[test]
fn a_skipped_gateway_is_still_asked_when_the_others_fail() {
    let bench = three(vec![refused(), answer(200, GOOD)], vec![answer(200, GOOD), refused()], vec![refused()]);
    bench.fetch(10).unwrap();
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [2, 2, 1]);
    assert!(bench.pauses.borrow().is_empty());
}

#[test]
fn a_definite_answer_is_the_answer_of_all() {
    for (status, said, kind) in [
        (404, "Forbidden.ResourceNotFound", ErrorKind::KmsNotFound),
        (403, "Forbidden.NoPermission", ErrorKind::KmsDenied),
    ] {
        let bench = three(vec![code(status, said)], vec![], vec![]);
        assert_eq!(bench.fetch(10).unwrap_err().kind(), kind);
        assert_eq!(bench.counts(), [1, 0, 0]);
        assert_eq!(bench.gateways[0].findings(bench.clock.now()).failures_in_a_row, 0, "it does answer");
    }
}

#[test]
fn a_certificate_problem_everywhere_ends_the_fetch_and_names_each() {
    let tls = |host: &str| vec![failure(ErrorKind::Tls, &format!("{host} is not trusted"))];
    let bench = three(tls("a.test"), tls("b.test"), tls("c.test"));
    let error = bench.fetch(10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert_eq!(bench.counts(), [1, 1, 1]);
    let told = std::iter::successors(Some(&error), |error| error.cause()).map(|error| error.message().to_owned());
    assert_eq!(told.collect::<Vec<_>>(), ["c.test is not trusted", "a.test is not trusted", "b.test is not trusted"]);
}

#[test]
fn a_refused_identity_is_not_shown_to_gateways_with_the_same_source() {
    let bench = three(vec![code(404, "InvalidAccessKeyId.NotFound")], vec![], vec![]);
    assert_eq!(bench.fetch(10).unwrap_err().kind(), ErrorKind::SourceDenied);
    assert_eq!(bench.counts(), [1, 0, 0]);

    let one = fixed("LTAI5tONE");
    let bench = Bench::several(vec![
        ("a.test", one.clone(), vec![code(404, "InvalidAccessKeyId.NotFound")]),
        ("b.test", one, vec![]),
        ("c.test", fixed("LTAI5tTWO"), good(1)),
    ]);
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [1, 0, 1]);
}

#[test]
fn a_wait_that_one_gateway_asks_for_is_its_own() {
    let busy = || answer_with(429, r#"{"Code":"Throttling"}"#, &[("retry-after", "60")]);
    let bench = three(vec![busy()], vec![refused(), answer(200, GOOD)], vec![refused()]);
    bench.fetch(10).unwrap();
    assert_eq!((bench.counts(), &*bench.pauses.borrow()), (vec![1, 2, 1], &vec![200]));

    let bench = Bench::new(vec![busy()]);
    assert!(bench.fetch(10).is_err(), "with nobody else left, there is no time for it");
}

#[test]
fn a_gateway_alone_is_not_hurried_when_it_is_probed() {
    let bench = Bench::new(vec![refused()]);
    bench.close_after.set(0);
    bench.fetch(10).unwrap_err();
    bench.close_after.set(usize::MAX);
    bench.clock.advance(FIRST_SKIP);
    bench.scripts[0].then(Reply { takes: PROBE * 2, ..answer(200, GOOD) });
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [2]);
}

#[test]
fn a_gateway_whose_clock_explains_nothing_leaves_the_others() {
    let bench = three(vec![code(400, "InvalidTimeStamp.Expired")], good(1), vec![]);
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [1, 1, 0]);
}

#[test]
fn two_fetches_that_meet_a_wrong_clock_at_once_both_go_on() {
    let late = [("date", "Tue, 14 Nov 2023 23:13:20 GMT")];
    let bench = Bench::new(vec![answer_with(400, r#"{"Code":"InvalidTimeStamp.Expired"}"#, &late), answer(200, GOOD)]);
    // Another fetch corrects the clock while this one's request is under way.
    bench.while_asked.set(Some(|bench| bench.gateways[0].set_clock_offset_ms(3_600_000)));
    bench.fetch(10).unwrap();
    assert_eq!(bench.counts(), [2]);
}

/// A source that has nothing to give, so many times.
struct Dry {
    kind: ErrorKind,
    times: AtomicU32,
    then: Arc<dyn Source>,
}

impl Source for Dry {
    fn name(&self) -> &'static str {
        "dry"
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        match self.times.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Err(Error::new(self.kind, "nothing to give")),
            Err(_) => self.then.identity(deadline),
        }
    }

    fn refused(&self, _: &Identity) -> bool {
        false
    }
}

fn dry(kind: ErrorKind, times: u32) -> Arc<dyn Source> {
    Arc::new(Dry { kind, times: times.into(), then: fixed("LTAI5tONE") })
}

#[test]
fn a_source_that_fails_leaves_the_gateways_of_other_sources() {
    for kind in [ErrorKind::SourceUnavailable, ErrorKind::SourceDenied] {
        let bench = Bench::several(vec![("a.test", dry(kind, 9), vec![]), ("b.test", fixed("LTAI5tTWO"), good(1))]);
        bench.fetch(10).unwrap();
        assert_eq!(bench.counts(), [0, 1]);
        assert_eq!(bench.gateways[0].findings(bench.clock.now()).failures_in_a_row, 0, "the gateway is not to blame");

        let bench = Bench::several(vec![("a.test", dry(kind, 9), vec![])]);
        let error = bench.fetch(10).unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, "nothing to give"));
        assert!(bench.pauses.borrow().is_empty(), "the source has taken its time already");
    }
}

#[test]
fn a_source_that_fails_for_a_moment_is_asked_again_in_the_next_round() {
    let with = |kind| {
        let source = dry(kind, 1);
        let bench = Bench::several(vec![
            ("a.test", source.clone(), vec![]),
            ("b.test", source, good(1)),
            ("c.test", fixed("LTAI5tTWO"), vec![refused(), refused()]),
        ]);
        bench.scripts[0].then(code(503, "ServiceUnavailable"));
        bench
    };
    let bench = with(ErrorKind::SourceUnavailable);
    bench.fetch(10).unwrap();
    assert_eq!((bench.counts(), &*bench.pauses.borrow()), (vec![1, 1, 1], &vec![200]), "b is not asked in vain before");

    let bench = with(ErrorKind::SourceDenied);
    bench.close_after.set(2);
    assert!(bench.fetch(10).is_err());
    assert_eq!(bench.counts(), [0, 0, 2], "a refusal is final");
}

#[test]
fn a_gateway_that_had_no_time_is_not_to_blame() {
    let bench = three(vec![silence()], vec![silence()], vec![silence()]);
    bench.waiter.set(Some(bench.clock.now() + Duration::from_millis(300)));
    bench.close_after.set(0);
    assert!(bench.fetch(1).is_err());
    assert_eq!(bench.gateways[0].findings(bench.clock.now()).failures_in_a_row, 0);
}

#[test]
fn an_attempt_that_fails_after_another_one_was_answered_beside_it_is_no_news() {
    let bench = three(vec![silence()], good(1), vec![]);
    bench.while_asked.set(Some(|bench| {
        bench.clock.advance(Duration::from_millis(1));
        bench.gateways[0].health().answered(bench.clock.now());
    }));
    bench.fetch(10).unwrap();
    let findings = bench.gateways[0].findings(bench.clock.now());
    assert_eq!((findings.answered, findings.failures_in_a_row), (true, 0));
}

#[test]
fn a_gateway_without_an_identity_is_named_beside_one_that_is_away() {
    let bench = Bench::several(vec![
        ("a.test", fixed("LTAI5tONE"), vec![failure(ErrorKind::Tls, "a.test is not trusted")]),
        ("b.test", dry(ErrorKind::SourceDenied, u32::MAX), vec![]),
    ]);
    let error = bench.fetch(10).unwrap_err();
    let told: Vec<String> =
        std::iter::successors(Some(&error), |error| error.cause()).map(|error| error.message().to_owned()).collect();
    assert_eq!(told, ["b.test: nothing to give", "a.test is not trusted"]);
}
