use super::*;
use crate::clock::{Clock, PausedClock};
use crate::error::{Error, ErrorKind};
use crate::source::FixedSource;
use crate::source::scripted::{Reply, Scripted, answer, answer_with, failure};
use std::sync::Mutex;
use std::time::Duration;

/// 2023-11-14T22:13:20Z
const START: i64 = 1_700_000_000_000;

fn granted(id: &str) -> Reply {
    answer(
        200,
        &format!(
            r#"{{"RequestId":"R","AssumedRoleUser":{{}},"Credentials":{{"AccessKeyId":"{id}","AccessKeySecret":"sec","SecurityToken":"tok","Expiration":"2023-11-14T23:13:20Z"}}}}"#
        ),
    )
}

fn refused(status: u16, code: &str) -> Reply {
    let said = format!(
        r#"{{"RequestId":"3E6B","HostId":"sts.aliyuncs.com","Code":"{code}","Message":"server string to sign is:hunter2"}}"#
    );
    answer_with(status, &said, &[("date", "Tue, 14 Nov 2023 23:13:20 GMT")])
}

fn role() -> RoleSettings {
    RoleSettings {
        arn: "acs:ram::1:role/web".into(),
        session_name: "s".into(),
        duration_seconds: 900,
        policy: Some("{}".into()),
    }
}

type Dates = Arc<Mutex<Vec<i64>>>;

/// A role, assumed by `asker`; the dates of its questions are kept.
fn assumed(asker: Arc<dyn Source>, replies: Vec<Reply>) -> (Arc<PausedClock>, Arc<Scripted>, AssumeRole, Dates) {
    let clock = Arc::new(PausedClock::new(START));
    let script = Scripted::new(&clock, replies);
    let place =
        StsPlace { authority: "sts.aliyuncs.com".into(), tls: true, exchange: script.clone(), clock: clock.clone() };
    let dates = Dates::default();
    let kept = dates.clone();
    let sign = move |question: &Question<'_>, identity: &Identity, unix_ms| {
        kept.lock().unwrap().push(unix_ms);
        let params = question.params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        HttpRequest {
            method: "POST",
            tls: question.tls,
            authority: question.authority.to_owned(),
            target: format!("{} {}", question.action, question.version),
            headers: vec![("asker".into(), identity.access_key_id.clone())],
            body: params.join("&").into_bytes(),
            body_limit: question.body_limit,
        }
    };
    let pausing = clock.clone();
    let pause = Box::new(move |_, longest| {
        pausing.advance(longest);
        true
    });
    let source = AssumeRole::new(place, asker, role(), Some("ext".into()), Box::new(sign), pause);
    (clock, script, source, dates)
}

fn fixed(id: &str) -> Arc<dyn Source> {
    Arc::new(FixedSource::access_key(id.into(), "base-secret".into(), None))
}

fn ask(clock: &PausedClock, source: &AssumeRole) -> Result<Arc<Identity>, Error> {
    source.identity(Deadline::after(clock, Duration::from_secs(10)))
}

#[test]
fn the_role_is_asked_for_with_all_that_is_set() {
    let (clock, script, source, _) = assumed(fixed("base"), vec![granted("STS.one")]);
    let identity = ask(&clock, &source).unwrap();
    assert_eq!(identity.access_key_id, "STS.one");
    assert_eq!(identity.security_token.as_ref().unwrap().expose(), "tok");
    assert_eq!(identity.expires_at, Some(clock.now() + Duration::from_secs(3600)));
    let (request, _) = &script.seen()[0];
    assert_eq!((request.authority.as_str(), request.target.as_str()), ("sts.aliyuncs.com", "AssumeRole 2015-04-01"));
    assert_eq!(request.headers[0].1, "base");
    assert_eq!(
        std::str::from_utf8(&request.body).unwrap(),
        "DurationSeconds=900&RoleArn=acs:ram::1:role/web&RoleSessionName=s&Policy={}&ExternalId=ext"
    );
}

#[test]
fn it_is_renewed_before_its_end_and_when_it_was_refused() {
    let (clock, script, source, _) = assumed(fixed("base"), vec![granted("STS.one"), granted("STS.two")]);
    let one = ask(&clock, &source).unwrap();
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.one");
    assert!(source.refused(&one));
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.two");
    clock.advance(Duration::from_secs(2701));
    script.then(failure(ErrorKind::Network, "sts.aliyuncs.com: connection refused."));
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.two", "the old one serves while a renewal fails");
    assert_eq!(script.count(), 3);
}

#[test]
fn a_refusal_is_told_with_its_code_and_never_with_its_words() {
    for (status, code, advice) in [
        (403, "NoPermission", "trust"),
        (404, "EntityNotExist.Role", "correct the role's ARN"),
        (400, "SignatureDoesNotMatch", "does not belong"),
        (404, "InvalidAccessKeyId.NotFound", "AccessKey"),
        (400, "InvalidParameter.PolicyGrammar", "setting"),
        (418, "Other", "see the code"),
    ] {
        let (clock, script, source, _) = assumed(fixed("base"), vec![refused(status, code)]);
        let error = ask(&clock, &source).unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::SourceDenied, Some(status)), "{code}");
        assert_eq!((error.code(), error.request_id()), (Some(code), Some("3E6B")));
        assert!(error.message().contains(advice) && error.message().contains("sts.aliyuncs.com"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert_eq!(script.count(), 1, "{code}");
    }
}

#[test]
fn silence_and_throttling_are_asked_again() {
    let replies = vec![refused(400, "Throttling.User"), refused(503, "ServiceUnavailable"), granted("STS.one")];
    let (clock, _, source, dates) = assumed(fixed("base"), replies);
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.one");
    let dates: Vec<_> = dates.lock().unwrap().iter().map(|date| date - START).collect();
    assert_eq!(dates, [0, 1_000, 1_400], "after throttling the pause is longer");
}

#[test]
fn a_certificate_problem_is_final_and_says_so() {
    let (clock, script, source, _) = assumed(fixed("base"), vec![failure(ErrorKind::Tls, "unknown issuer")]);
    assert_eq!(ask(&clock, &source).unwrap_err().kind(), ErrorKind::Tls);
    assert_eq!(script.count(), 1);
}

#[test]
fn a_wrong_clock_is_corrected_once() {
    let (clock, _, source, dates) =
        assumed(fixed("base"), vec![refused(400, "InvalidTimeStamp.Expired"), granted("STS.one")]);
    ask(&clock, &source).unwrap();
    assert_eq!(*dates.lock().unwrap(), [START, START + 3_600_000]);

    let twice = vec![refused(400, "InvalidTimeStamp.Expired"), refused(400, "InvalidTimeStamp.Expired")];
    let (clock, script, source, _) = assumed(fixed("base"), twice);
    assert!(ask(&clock, &source).unwrap_err().message().contains("clock"));
    assert_eq!(script.count(), 2);
}

#[test]
fn an_asker_that_is_refused_is_renewed_once() {
    let (_, base_script, base, _) = assumed(fixed("base"), vec![granted("STS.a"), granted("STS.b")]);
    let (clock, script, source, _) =
        assumed(Arc::new(base), vec![refused(403, "InvalidSecurityToken.Expired"), granted("STS.end")]);
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.end");
    let askers: Vec<String> = script.seen().iter().map(|(request, _)| request.headers[0].1.clone()).collect();
    assert_eq!(askers, ["STS.a", "STS.b"]);
    assert_eq!(base_script.count(), 2);
}

#[test]
fn an_answer_that_lacks_something_is_no_identity() {
    for body in ["{}", "<html>", r#"{"Credentials":{"AccessKeyId":"STS.x","AccessKeySecret":"hunter2"}}"#] {
        let (clock, _, source, _) = assumed(fixed("base"), vec![answer(200, body)]);
        let error = ask(&clock, &source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
        assert!(error.message().contains("STS at sts.aliyuncs.com"), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

/// An asker that takes all the time there is and has nothing in the end.
struct Slow(Arc<PausedClock>);

impl Source for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        self.0.advance(deadline.rest(self.0.now()).min(Duration::from_secs(20)));
        Err(Error::new(ErrorKind::SourceUnavailable, "slow."))
    }

    fn refused(&self, _: &Identity) -> bool {
        false
    }
}

#[test]
fn an_asker_that_had_too_little_time_settles_nothing_for_whoever_has_more() {
    let clock = Arc::new(PausedClock::new(START));
    let exchange = Scripted::new(&clock, vec![]);
    let place = StsPlace { authority: "sts.test".into(), tls: true, exchange, clock: clock.clone() };
    let asker = Arc::new(Slow(clock.clone()));
    let sign: Box<StsSign> = Box::new(|_, _, _| unreachable!("nobody asks without an identity"));
    let lender = RoleLender { sts: Sts::new(place), asker, role: role(), external_id: None, sign };
    let passing = |seconds| {
        lender.lend(Deadline::after(&*clock, Duration::from_secs(seconds))).expect_err("nothing is lent").passing
    };
    assert!(passing(1));
    assert!(!passing(60));
}
