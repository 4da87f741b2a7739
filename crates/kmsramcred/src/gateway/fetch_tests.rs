use super::*;
use crate::gateway::bench::{Bench, GOOD, START, code};
use crate::source::scripted::{Reply, answer, answer_with, failure, silence};
use crate::source::{Identity, SigningKey, Source};
use std::sync::{Arc, Mutex};

/// Gives numbered identities; `refused` moves on while there are more.
struct Numbered {
    number: Mutex<u32>,
    last: u32,
}

impl Source for Numbered {
    fn name(&self) -> &'static str {
        "numbered"
    }
    fn identity(&self, _: Deadline) -> Result<Arc<Identity>, Error> {
        let id = format!("id{}", self.number.lock().unwrap());
        Ok(Arc::new(Identity {
            access_key_id: id,
            key: SigningKey::AccessKeySecret("s3cr3ts3cr3t".into()),
            security_token: None,
            expires_at: None,
        }))
    }
    fn refused(&self, _: &Identity) -> bool {
        let mut number = self.number.lock().unwrap();
        *number += 1;
        *number <= self.last
    }
}

#[test]
fn an_answer_ends_the_fetch() {
    let bench = Bench::new(vec![answer_with(200, GOOD, &[("date", "Tue, 14 Nov 2023 22:13:21 GMT")])]);
    let answer = bench.fetch(10).unwrap();
    assert_eq!(answer.secret_data.expose(), "v");
    assert_eq!(answer.server_unix_ms, Some(START + 1_000));
    assert_eq!(bench.sent.get(), 1);
    assert_eq!(bench.scripts[0].seen()[0].0.target, "/?SecretName=my-secret");
}

#[test]
fn what_passes_is_tried_again_with_a_new_nonce_and_a_new_time() {
    let bench = Bench::new(vec![
        code(429, "Rejected.Throttling"),
        failure(ErrorKind::Network, "connection reset"),
        answer(502, "<html>Bad Gateway</html>"),
        answer(200, GOOD),
    ]);
    bench.fetch(10).unwrap();
    assert_eq!(*bench.pauses.borrow(), [1_000, 400, 800]);
    assert_eq!(bench.header("x-nonce"), ["n1", "n2", "n3", "n4"]);
    let times: Vec<_> = [0, 1_000, 1_400, 2_200].iter().map(|ms| (START + ms).to_string()).collect();
    assert_eq!(bench.header("x-ms"), times);
    assert_eq!(bench.sent.get(), 4);
}

#[test]
fn while_somebody_waits_no_pause_is_longer_than_a_second() {
    let mut replies: Vec<Reply> = (0..6).map(|_| code(503, "ServiceUnavailable")).collect();
    replies.push(answer(200, GOOD));
    let bench = Bench::new(replies);
    bench.waiter.set(Some(bench.clock.now() + Duration::from_secs(3)));
    bench.fetch(60).unwrap();
    // The waiter is gone after the fifth; from then on only the fetch's own budget counts.
    assert_eq!(*bench.pauses.borrow(), [200, 400, 800, 1_000, 1_000, 5_000]);
}

#[test]
fn no_wait_makes_it_hurry_where_kms_throttles() {
    let mut replies: Vec<Reply> = (0..3).map(|_| code(503, "Throttling.User")).collect();
    replies.push(answer(200, GOOD));
    let bench = Bench::new(replies);
    bench.waiter.set(Some(bench.clock.now() + Duration::from_secs(8)));
    bench.fetch(60).unwrap();
    assert_eq!(*bench.pauses.borrow(), [1_000, 2_000, 4_000]);
    assert_eq!(*bench.pauses.borrow(), *bench.least.borrow(), "nor does a wait that begins during the pause");
}

#[test]
fn definite_answers_end_at_once() {
    for (status, said, kind) in [
        (404, "Forbidden.ResourceNotFound", ErrorKind::KmsNotFound),
        (403, "Forbidden.NoPermission", ErrorKind::KmsDenied),
        (403, "Forbidden.InDebt", ErrorKind::KmsRejected),
        (409, "Rejected.Disabled", ErrorKind::KmsRejected),
        (400, "SignatureDoesNotMatch", ErrorKind::SourceDenied),
        (404, "InvalidAccessKeyId.NotFound", ErrorKind::SourceDenied),
        (400, "InvalidParameter", ErrorKind::KmsRejected),
    ] {
        let bench = Bench::new(vec![code(status, said)]);
        let error = bench.fetch(10).unwrap_err();
        assert_eq!((error.kind(), error.code(), error.http_status()), (kind, Some(said), Some(status)));
        assert_eq!(error.request_id(), Some("r-1"));
        assert!(error.message().starts_with("kms.test "), "{error}");
    }
}

#[test]
fn a_certificate_problem_is_never_tried_again() {
    let bench = Bench::new(vec![failure(ErrorKind::Tls, "not trusted")]);
    assert_eq!(bench.fetch(10).unwrap_err().kind(), ErrorKind::Tls);
    assert_eq!(bench.sent.get(), 1);
}

#[test]
fn an_answer_beyond_its_limits_is_not_asked_for_again() {
    let bench = Bench::new(vec![failure(ErrorKind::KmsServer, "kms.test: its answer is longer than 1048576 bytes.")]);
    let error = bench.fetch(10).unwrap_err();
    assert_eq!(error.message(), "kms.test: its answer is longer than 1048576 bytes.");
    assert_eq!((error.kind(), bench.sent.get()), (ErrorKind::KmsServer, 1));
}

#[test]
fn an_unreadable_success_is_a_fault_that_names_the_gateway() {
    let bench = Bench::new(vec![answer(200, "<html>login</html>")]);
    let error = bench.fetch(10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KmsServer);
    assert_eq!(error.message(), "kms.test sent an HTML page instead of an answer.");
}

#[test]
fn the_answer_for_another_secret_is_refused_and_asked_again() {
    for name in ["other", "", "my-secre", "my-secret2", "MY-SECRET", "acs:kms:r:1:secret/my-secret"] {
        let other = format!(r#"{{"SecretName":"{name}","SecretData":"poison"}}"#);
        let bench = Bench::new(vec![answer(200, &other), answer(200, GOOD)]);
        assert_eq!(bench.fetch(10).unwrap().secret_data.expose(), "v", "{name}");
        assert_eq!(*bench.pauses.borrow(), [200]);

        let bench = Bench::new((0..40).map(|_| answer(200, &other)).collect());
        let error = bench.fetch(2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KmsServer);
        assert_eq!(error.message(), "kms.test sent the answer for another secret.");
        assert!(bench.sent.get() < 10, "{} requests", bench.sent.get());
    }
}

#[test]
fn an_arn_is_answered_under_its_name() {
    const ARN: &str = "acs:kms:cn-hangzhou:1000000000000001:secret/acs/ram/secret/app";
    let bench = Bench::new(vec![]);
    let fetched = |asked: &str, answered: &str| {
        bench.scripts[0].then(answer(200, &format!(r#"{{"SecretName":"{answered}","SecretData":"v"}}"#)));
        bench.fetch_named(asked).map(|answer| answer.secret_name)
    };
    assert_eq!(fetched(ARN, "acs/ram/secret/app").unwrap(), ARN);
    assert_eq!(fetched(ARN, ARN).unwrap(), ARN);
    assert_eq!(fetched("a:secret/b", "a:secret/b").unwrap(), "a:secret/b");
    for (asked, answered) in [(ARN, "app"), (ARN, "ram/secret/app"), (ARN, ""), ("a:secret/b", "b"), ("acs:x", "x")] {
        assert!(fetched(asked, answered).is_err(), "{asked} {answered}");
    }
}

#[test]
fn a_refused_identity_is_renewed_once() {
    let numbered = |last| Arc::new(Numbered { number: Mutex::new(1), last });
    let bench = Bench::of(numbered(2), vec![code(400, "InvalidSecurityToken.Expired"), answer(200, GOOD)]);
    bench.fetch(10).unwrap();
    assert_eq!(bench.header("x-id"), ["id1", "id2"]);
    assert!(bench.pauses.borrow().is_empty());

    let bench = Bench::of(numbered(9), (0..2).map(|_| code(404, "InvalidAccessKeyId.NotFound")).collect());
    assert_eq!(bench.fetch(10).unwrap_err().kind(), ErrorKind::SourceDenied);
    assert_eq!(bench.header("x-id"), ["id1", "id2"]);
}

#[test]
fn a_replay_is_sent_again_at_once_and_from_then_on_with_pauses() {
    let bench = Bench::new(vec![
        code(400, "SignatureNonceUsed"),
        code(400, "SignatureNonceUsed"),
        code(400, "SignatureNonceUsed"),
        answer(200, GOOD),
    ]);
    bench.fetch(10).unwrap();
    assert_eq!(bench.header("x-nonce"), ["n1", "n2", "n3", "n4"]);
    assert_eq!(*bench.pauses.borrow(), [200, 400]);
}

#[test]
fn a_clock_that_is_off_by_more_than_a_day_is_not_corrected_but_named() {
    let refused = |date| answer_with(400, r#"{"Code":"InvalidTimeStamp.Expired","Message":"m"}"#, &[("date", date)]);
    for (date, said) in [
        ("Wed, 15 Nov 2023 22:13:21 GMT", "86401 s behind"),
        ("Mon, 13 Nov 2023 22:13:19 GMT", "86401 s ahead of"),
        ("Thu, 31 Dec 9998 23:59:59 GMT", "s behind"),
    ] {
        let bench = Bench::new(vec![refused(date)]);
        let error = bench.fetch(10).unwrap_err();
        assert!(error.message().contains(said) && error.message().contains("Set this machine's clock"), "{error}");
        assert_eq!(error.kind(), ErrorKind::KmsRejected);
        assert_eq!(error.cause().and_then(Error::code), Some("InvalidTimeStamp.Expired"));
        assert_eq!(bench.gateways[0].clock_offset_ms(), 0);
    }
    let bench = Bench::new(vec![refused("Wed, 15 Nov 2023 22:13:20 GMT"), answer(200, GOOD)]);
    bench.fetch(10).unwrap();
    assert_eq!(bench.gateways[0].clock_offset_ms(), 86_400_000);
}

#[test]
fn a_wrong_clock_is_corrected_once_and_stays_corrected() {
    let late = [("date", "Tue, 14 Nov 2023 23:13:20 GMT")];
    let refusal = r#"{"Code":"InvalidTimeStamp.Expired","Message":"m"}"#;
    let bench = Bench::new(vec![answer_with(400, refusal, &late), answer(200, GOOD), answer(200, GOOD)]);
    bench.fetch(10).unwrap();
    bench.fetch(10).unwrap();
    let corrected = (START + 3_600_000).to_string();
    assert_eq!(bench.header("x-ms"), [START.to_string(), corrected.clone(), corrected]);
    assert_eq!(bench.gateways[0].clock_offset_ms(), 3_600_000);

    let bench = Bench::new(vec![answer_with(400, refusal, &late), answer_with(400, refusal, &late)]);
    assert_eq!(bench.fetch(10).unwrap_err().code(), Some("InvalidTimeStamp.Expired"));
    let later = [("date", "Wed, 15 Nov 2023 22:13:20 GMT")];
    let bench = Bench::new(vec![answer_with(400, refusal, &late), answer_with(400, refusal, &later)]);
    assert_eq!(bench.fetch(10).unwrap_err().code(), Some("InvalidTimeStamp.Expired"));
    assert_eq!(bench.gateways[0].clock_offset_ms(), 3_600_000, "one correction a fetch");
    let bench = Bench::new(vec![answer(400, refusal)]);
    assert_eq!(bench.fetch(10).unwrap_err().code(), Some("InvalidTimeStamp.Expired"), "no Date, no correction");
}

#[test]
fn an_asked_wait_is_kept_and_one_beyond_the_budget_ends_the_fetch() {
    let busy = |headers: &[(&str, &str)]| answer_with(503, r#"{"Code":"Throttling"}"#, headers);
    let bench = Bench::new(vec![
        busy(&[("retry-after", "3")]),
        busy(&[("x-acs-retry-after", "1500"), ("retry-after", "9")]),
        answer(200, GOOD),
    ]);
    bench.fetch(10).unwrap();
    assert_eq!(*bench.pauses.borrow(), [3_000, 2_000], "the second is more than it asked for");

    let bench = Bench::new(vec![busy(&[("retry-after", "99999999")])]);
    let error = bench.fetch(10).unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::KmsThrottled, Some(Duration::from_secs(300))));
}

#[test]
fn an_attempt_gets_five_seconds_at_most() {
    let bench = Bench::new(vec![silence(), silence()]);
    let start = bench.clock.now();
    let error = bench.fetch(10).unwrap_err();
    let ends: Vec<_> = bench.scripts[0].seen().iter().map(|(_, end)| end.0.since(start).as_millis()).collect();
    assert_eq!(ends, [5_000, 10_000]);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let message = error.message();
    assert!(
        message.contains("GetSecretValue") && message.contains("my-secret") && message.contains("kms.test"),
        "{message}"
    );
    assert!(bench.clock.now() <= start + Duration::from_secs(10));
}

#[test]
fn a_time_out_does_not_hide_a_better_error() {
    let bench = Bench::new(vec![code(503, "ServiceUnavailable"), silence(), silence()]);
    let error = bench.fetch(10).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::KmsServer, Some("ServiceUnavailable")));
    assert_eq!(error.request_id(), Some("r-1"));
}

#[test]
fn without_a_budget_nothing_is_sent() {
    let bench = Bench::new(vec![]);
    assert_eq!(bench.fetch(0).unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(bench.sent.get(), 0);
}

#[test]
fn a_closed_client_stops_pausing() {
    let bench = Bench::new(vec![code(503, "ServiceUnavailable")]);
    bench.close_after.set(1);
    assert_eq!(bench.fetch(10).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_fetch_against_a_dead_gateway_ends_within_its_budget() {
    let bench = Bench::new((0..200).map(|_| failure(ErrorKind::Network, "connection refused")).collect());
    let start = bench.clock.now();
    assert_eq!(bench.fetch(10).unwrap_err().kind(), ErrorKind::Network);
    assert!(bench.clock.now() <= start + Duration::from_secs(10));
    assert!(bench.sent.get() < 12, "{} requests", bench.sent.get());
}

proptest::proptest! {
    #[test]
    fn damaged_answers_neither_panic_nor_leak(cut in 0usize..200, at in 0usize..200, byte: u8) {
        const VALUE: &str = "AKSECRET-6a5b4c3d";
        let mut body = format!(r#"{{"RequestId":"r","SecretName":"my-secret","SecretData":"{VALUE}","VersionId":"1","CreateTime":"x"}}"#)
            .into_bytes();
        let length = body.len();
        body[at % length] = byte;
        body.truncate(length - cut % length);
        let bench = Bench::new(vec![]);
        let mut reply = answer(200, "");
        reply.result.as_mut().unwrap().body = body;
        bench.scripts[0].then(reply);
        bench.close_after.set(1);
        if let Err(error) = bench.fetch(1) {
            let text = format!("{error} {error:?}");
            proptest::prop_assert!(!text.contains(VALUE), "{}", text);
        }
    }
}
