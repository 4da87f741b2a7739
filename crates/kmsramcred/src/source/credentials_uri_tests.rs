//! Against recorded conversations of the official library. Deliberately not imitated: an encoded blank in the address is not
//! written anew as `+`, and `user-agent` names the official library.

use super::*;
use crate::clock::PausedClock;
use crate::source::scripted::{Reply, Scripted, answer, failure};
use crate::source::{SigningKey, Source};
use serde_json::Value;
use std::time::Duration;

fn source(target: &str, replies: Vec<Reply>) -> (Arc<PausedClock>, Arc<Scripted>, CredentialsUri) {
    let clock = Arc::new(PausedClock::new(1_700_000_000_000));
    let script = Scripted::new(&clock, replies);
    let place = UriPlace {
        authority: "127.0.0.1".into(),
        tls: false,
        target: target.into(),
        exchange: script.clone(),
        clock: clock.clone(),
    };
    let pausing = clock.clone();
    let pause = Box::new(move |_, longest| {
        pausing.advance(longest);
        true
    });
    (clock, script, CredentialsUri::new(place, pause))
}

fn ask(clock: &PausedClock, source: &CredentialsUri) -> Result<Arc<Identity>, Error> {
    source.identity(Deadline::after(clock, Duration::from_secs(2)))
}

#[test]
fn vector_credentials_uri() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../../tests/vectors/credentials-uri.json")).unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in &vectors {
        let (name, input, expected) = (&vector["name"], &vector["input"], &vector["expected"]);
        let uri = input["uri"].as_str().unwrap();
        let target = &uri[uri.find("://").unwrap() + 3..];
        let target = &target[target.find('/').unwrap()..];
        let status = input["response_status"].as_u64().unwrap().try_into().unwrap();
        let replies = (0..10).map(|_| answer(status, &input["response"].to_string())).collect();
        let (clock, script, source) = source(target, replies);
        let result = ask(&clock, &source);
        let (request, _) = &script.seen()[0];
        assert_eq!(request.method, expected["request"]["method"].as_str().unwrap(), "{name}");
        assert_eq!(request.target.replace("%20", "+"), expected["request"]["target"].as_str().unwrap(), "{name}");
        match (result, expected.get("credentials")) {
            (Ok(identity), Some(credentials)) => {
                assert_eq!(identity.access_key_id, credentials["access_key_id"].as_str().unwrap(), "{name}");
                let SigningKey::AccessKeySecret(secret) = &identity.key else { panic!("{name}") };
                assert_eq!(secret.expose(), credentials["access_key_secret"].as_str().unwrap(), "{name}");
                let token = identity.security_token.as_ref().unwrap().expose();
                assert_eq!(token, credentials["security_token"].as_str().unwrap(), "{name}");
                assert_eq!(source.name(), credentials["provider_name"].as_str().unwrap(), "{name}");
                assert_eq!(script.count(), 1, "{name}");
            }
            (Err(error), None) => assert!(error.message().contains("the credentials URI at 127.0.0.1"), "{error}"),
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
}

#[test]
fn the_path_is_in_no_error() {
    for (reply, kind) in [
        (answer(404, "hunter2"), ErrorKind::SourceDenied),
        (answer(200, "hunter2"), ErrorKind::SourceUnavailable),
        (failure(ErrorKind::Tls, "unknown issuer"), ErrorKind::Tls),
    ] {
        let (clock, script, source) = source("/hunter2", vec![reply]);
        let error = ask(&clock, &source).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error:?} {source:?}").contains("hunter2"), "{error}");
        assert_eq!(script.count(), 1);
    }
}
