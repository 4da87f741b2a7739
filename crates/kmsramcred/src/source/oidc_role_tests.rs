use super::*;
use crate::clock::PausedClock;
use crate::config::scratch::Scratch;
use crate::source::Source;
use crate::source::scripted::{Reply, Scripted, answer, answer_with};
use std::path::Path;
use std::time::Duration;

const START: i64 = 1_700_000_000_000;

fn granted(id: &str) -> Reply {
    answer(
        200,
        &format!(
            r#"{{"Credentials":{{"AccessKeyId":"{id}","AccessKeySecret":"sec","SecurityToken":"tok","Expiration":"2023-11-14T23:13:20Z"}}}}"#
        ),
    )
}

fn source(scratch: &Scratch, replies: Vec<Reply>) -> (Arc<PausedClock>, Arc<Scripted>, OidcRole) {
    let clock = Arc::new(PausedClock::new(START));
    let script = Scripted::new(&clock, replies);
    let place = StsPlace { authority: "sts.x".into(), tls: true, exchange: script.clone(), clock: clock.clone() };
    let role = RoleSettings {
        arn: "acs:ram::1:role/web".into(),
        session_name: "s".into(),
        duration_seconds: 3600,
        policy: None,
    };
    let provider = "acs:ram::1:oidc-provider/p".to_owned();
    let path = scratch.path().join("token");
    let file = NamedFile::new(path.clone(), &path);
    (clock.clone(), script, OidcRole::new(place, role, provider, file, "agent".into(), Box::new(|_, _| true)))
}

fn ask(clock: &PausedClock, source: &OidcRole) -> Result<Arc<Identity>, Error> {
    source.identity(Deadline::after(clock, Duration::from_secs(10)))
}

#[test]
fn the_token_file_is_read_again_at_each_renewal() {
    let scratch = Scratch::new();
    let (clock, script, source) = source(&scratch, vec![granted("STS.one"), granted("STS.two")]);
    scratch.file("token", " first+token\n");
    let one = ask(&clock, &source).unwrap();
    scratch.file("token", "second");
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.one");
    source.refused(&one);
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.two");
    let body = |at: usize| String::from_utf8(script.seen()[at].0.body.clone()).unwrap();
    assert!(body(0).contains("&OIDCToken=first%2Btoken&"), "{}", body(0));
    assert!(body(1).contains("&OIDCToken=second&"), "{}", body(1));
    assert!(script.seen().iter().all(|(request, _)| request.method == "POST" && request.target == "/"));
}

#[test]
fn a_file_without_a_token_is_named_and_sts_is_not_asked() {
    let scratch = Scratch::new();
    let (clock, script, source) = source(&scratch, vec![]);
    let failed = |source: &OidcRole| {
        let error = ask(&clock, source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
        assert!(error.message().contains(scratch.path().to_str().unwrap()), "{error}");
        error.to_string()
    };
    assert!(failed(&source).contains("cannot be read"));
    let pasted = NamedFile::new(scratch.path().join("hunter2"), Path::new("hunter2"));
    let error = token(&pasted).unwrap_err();
    assert!(error.message().contains("7 characters") && !error.message().contains("hunter2"), "{error}");
    for wrong in ["", "abc", "hunter2 hunter2", &"x".repeat(20_001)] {
        scratch.file("token", wrong);
        let text = failed(&source);
        assert!(text.contains("does not hold an OIDC token") && !text.contains("hunter2"), "{text}");
    }
    assert_eq!(script.count(), 0);
}

#[test]
fn refusals_say_what_to_do() {
    for (code, advice) in [
        ("AuthenticationFail.OIDCToken.Expired", "expired"),
        ("AuthenticationFail.OIDCToken.AudienceNotMatch", "audience"),
        ("AuthenticationFail.OIDCToken.InvalidSignature", "not accepted"),
        ("AuthenticationFail.NoPermission", "trust"),
    ] {
        let scratch = Scratch::new();
        scratch.file("token", "hunter2.jwt");
        let said = format!(r#"{{"Code":"{code}","Message":"hunter2.jwt"}}"#);
        let (clock, script, source) = source(&scratch, vec![answer(401, &said)]);
        let error = ask(&clock, &source).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::SourceDenied, Some(code)));
        assert!(error.message().contains(advice) && !format!("{error:?}").contains("hunter2"), "{error}");
        assert_eq!(script.count(), 1);
    }
}

#[test]
fn a_wrong_clock_is_corrected() {
    let scratch = Scratch::new();
    scratch.file("token", "a.jwt");
    let wrong =
        answer_with(400, r#"{"Code":"InvalidTimeStamp.Expired"}"#, &[("date", "Tue, 14 Nov 2023 23:13:20 GMT")]);
    let (clock, script, source) = source(&scratch, vec![wrong, granted("STS.one")]);
    ask(&clock, &source).unwrap();
    let body = String::from_utf8(script.seen()[1].0.body.clone()).unwrap();
    assert!(body.contains("&Timestamp=2023-11-14T23%3A13%3A20Z&"), "{body}");
}
