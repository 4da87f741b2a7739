use super::*;
use crate::clock::PausedClock;
use crate::source::Source;
use proptest::prelude::*;
use std::sync::Mutex;

const PLACE: &str = "the program of profile \"p\" in /home/u/.aliyun/config.json";
const AK: &str = r#"{"mode":"AK","access_key_id":"LTAI5tX","access_key_secret":"hunter2","region_id":"cn-x"}"#;
const TOKEN: &str =
    r#"{"mode":"StsToken","access_key_id":"STS.x","access_key_secret":"hunter2","sts_token":"CAIS+/="}"#;
const LONG: Duration = Duration::from_secs(60);

/// What the program does next, and how long its runs might have taken.
type Script = Arc<Mutex<(Vec<Result<Ended, RunFailure>>, Vec<Duration>)>>;

fn source(runs: Vec<Result<Ended, RunFailure>>) -> (Arc<PausedClock>, Script, External) {
    let clock = Arc::new(PausedClock::new(1_700_000_000_000));
    let script: Script = Arc::new(Mutex::new((runs.into_iter().rev().collect(), Vec::new())));
    let (runs, passing) = (Arc::clone(&script), Arc::clone(&clock));
    let run = Box::new(move |run: &Run<'_>| {
        assert_eq!((run.words[0].expose(), run.most), ("tool", 65_536));
        let mut script = runs.lock().unwrap();
        script.1.push(run.longest);
        let ended = script.0.pop().expect("the script has an end for every run");
        if matches!(ended, Err(RunFailure::TimedOut)) {
            passing.advance(run.longest);
        }
        ended
    });
    let source = External::new(vec!["tool".into()], PLACE.to_owned(), run, clock.clone(), Box::new(|_, _| true));
    (clock, script, source)
}

fn ended(status: i32, output: &str) -> Result<Ended, RunFailure> {
    Ok(Ended { status: Some(ExitStatus::from_raw(status)), output: output.as_bytes().to_vec().into() })
}

fn prints(output: &str) -> Result<Ended, RunFailure> {
    ended(0, output)
}

fn ask(clock: &PausedClock, source: &External) -> Result<Arc<Identity>, Error> {
    source.identity(Deadline::after(clock, LONG))
}

fn with_end(date: &str) -> String {
    TOKEN.replace('}', &format!(r#","expiration":"{date}"}}"#))
}

#[test]
fn what_has_no_end_serves_until_it_is_refused() {
    for printed in [AK, TOKEN] {
        let (clock, script, source) = source(vec![prints(printed), prints(printed)]);
        let identity = ask(&clock, &source).unwrap();
        assert!(matches!(&identity.key, SigningKey::AccessKeySecret(secret) if secret.expose() == "hunter2"));
        assert_eq!(identity.security_token.as_ref().map(SecretText::expose), (printed == TOKEN).then_some("CAIS+/="));
        clock.advance(Duration::from_secs(1_000_000));
        assert!(Arc::ptr_eq(&ask(&clock, &source).unwrap(), &identity));
        assert_eq!(script.lock().unwrap().1.len(), 1);
        assert!(source.refused(&identity));
        ask(&clock, &source).unwrap();
        assert_eq!(script.lock().unwrap().1.len(), 2);
    }
}

#[test]
fn a_temporary_identity_is_renewed_before_its_end() {
    // 2023-11-14T22:13:20Z is 1_700_000_000.
    let (first, second) =
        (with_end("2023-11-14T23:13:20Z"), with_end("2023-11-15T00:13:20Z").replace("STS.x", "STS.y"));
    let (clock, script, source) = source(vec![prints(&first), ended(1 << 8, ""), prints(&second)]);
    let identity = ask(&clock, &source).unwrap();
    assert_eq!(identity.expires_at.unwrap().since(clock.now()), Duration::from_secs(3_600));
    clock.advance(Duration::from_secs(45 * 60));
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.x", "a failed renewal takes nothing away");
    clock.advance(Duration::from_secs(60));
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "STS.y");
    let longest: Vec<u64> = script.lock().unwrap().1.iter().map(Duration::as_secs).collect();
    assert_eq!(longest, [10, 5, 5], "while an identity serves nobody waits for long");
}

#[test]
fn it_never_runs_past_the_callers_deadline() {
    let (clock, script, source) = source(vec![Err(RunFailure::TimedOut)]);
    let error = source.identity(Deadline::after(&*clock, Duration::from_millis(2_500))).unwrap_err();
    assert_eq!(script.lock().unwrap().1, [Duration::from_millis(2_500)]);
    assert!(error.message().contains("2.5 s"), "{error}");
}

#[test]
fn each_way_to_fail_has_its_words_and_is_tried_once() {
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    for (run, said) in [
        (Err(RunFailure::NotFound), "was not found"),
        (Err(RunFailure::Start(denied)), "cannot be run: permission denied"),
        (Err(RunFailure::TimedOut), "did not end within 10.0 s and was killed"),
        (Err(RunFailure::TooMuch), "printed more than 65536 bytes and was killed"),
        (ended(3 << 8, AK), "ended with exit status 3; what it wrote to standard error"),
        (ended(15, AK), "was ended by signal 15; what it wrote to standard error"),
        (prints(" \n"), "printed nothing; what it wrote to standard error"),
    ] {
        let (clock, script, source) = source(vec![run]);
        let error = ask(&clock, &source).unwrap_err();
        let kind = if said.contains("did not end") { ErrorKind::SourceUnavailable } else { ErrorKind::SourceDenied };
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(PLACE) && error.message().contains(said), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert_eq!(script.lock().unwrap().1.len(), 1);
    }
    let (clock, _, source) = source(vec![Err(RunFailure::Closed)]);
    assert_eq!(ask(&clock, &source).unwrap_err().kind(), ErrorKind::Closed);
    assert!(!format!("{source:?}").contains("tool"));
}

#[test]
fn a_program_whose_end_nobody_saw_is_judged_by_what_it_printed() {
    let (clock, _, source) = source(vec![Ok(Ended { status: None, output: AK.as_bytes().to_vec().into() })]);
    assert_eq!(ask(&clock, &source).unwrap().access_key_id, "LTAI5tX");
}

#[test]
fn each_thing_that_is_wrong_with_what_it_prints_is_named_and_not_shown() {
    let without = |json: &str, field: &str| json.replace(&format!("\"{field}\""), "\"other\"");
    for (printed, said) in [
        ("hunter2".to_owned(), "is not the JSON object"),
        ("[\"hunter2\"]".to_owned(), "is not the JSON object"),
        (format!("{AK} hunter2"), "is not the JSON object"),
        (AK.replace("\"AK\"", "1"), "is not the JSON object"),
        (without(AK, "mode"), "lacks mode"),
        (AK.replace("\"AK\"", "\"RamRoleArn-hunter2\""), "neither AK nor StsToken"),
        (without(AK, "access_key_id"), "lacks access_key_id"),
        (AK.replace("LTAI5tX", "hunter2\\r\\nX-Evil: 1"), "has an access_key_id with a character"),
        (without(AK, "access_key_secret"), "lacks access_key_secret"),
        (AK.replace("\"hunter2\"", "null"), "lacks access_key_secret"),
        (AK.replace("hunter2", "hunter2 \u{200b}"), "has an access_key_secret with a character"),
        (without(TOKEN, "sts_token"), "lacks sts_token"),
        (TOKEN.replace("CAIS", &"hunter2".repeat(4_000)), "has an sts_token that is longer than"),
        (with_end("hunter2"), "has an expiration that is no date"),
    ] {
        let (clock, _, source) = source(vec![prints(&printed)]);
        let error = ask(&clock, &source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
        assert!(error.message().contains(said) && error.message().contains(PLACE), "{said} in {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let (clock, _, source) = source(vec![prints(&with_end(""))]);
    assert_eq!(ask(&clock, &source).unwrap().expires_at, None);
}

proptest! {
    #[test]
    fn damaged_output_neither_panics_nor_leaks(cut in 0usize..200, at in 0usize..200, byte: u8) {
        let mut output = with_end("2099-01-02T03:04:05Z").into_bytes();
        let length = output.len();
        output[at % length] = byte;
        output.truncate(length - cut % length);
        let (clock, _, source) = source(vec![Ok(Ended { status: None, output: output.into() })]);
        if let Err(error) = ask(&clock, &source) {
            let text = format!("{error} {error:?}");
            prop_assert!(!text.contains("hunter2") && !text.contains("CAIS"), "{}", text);
        }
    }
}

#[test]
fn a_run_that_its_caller_had_no_time_for_settles_nothing_for_whoever_has_more() {
    let clock = Arc::new(PausedClock::new(1_700_000_000_000));
    let lender = ProgramLender {
        words: vec!["tool".into()],
        place: PLACE.to_owned(),
        run: Box::new(|_| Err(RunFailure::TimedOut)),
        clock: clock.clone(),
    };
    let passing = |seconds| {
        lender.lend(Deadline::after(&*clock, Duration::from_secs(seconds))).expect_err("it was killed").passing
    };
    assert!(passing(1));
    assert!(!passing(60));
}

#[test]
fn what_only_this_machines_calendar_calls_over_serves_for_a_minute() {
    let over = with_end("2023-11-14T21:13:20Z");
    let (clock, script, source) = source(vec![prints(&over), prints(&over)]);
    ask(&clock, &source).unwrap();
    ask(&clock, &source).unwrap();
    assert_eq!(script.lock().unwrap().1.len(), 1);
    clock.advance(Duration::from_secs(60));
    ask(&clock, &source).unwrap();
    assert_eq!(script.lock().unwrap().1.len(), 2);
}
