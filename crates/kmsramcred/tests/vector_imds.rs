//! The ECS metadata source against recorded conversations of the official library.
//!
//! Deliberately not imitated, and taken out of the vectors before comparing:
//! - the second `PUT` of the discovery (`PUT, GET list, PUT, GET role`): one token serves both reads, and one request less
//!   can fail;
//! - `user-agent`, which names the official library;
//! - the upper case in header names, which HTTP does not tell apart;
//! - `host` and `content-length`, which the transport writes (its own tests look at them).

use kmsramcred::clock::{Clock, Deadline, PausedClock};
use kmsramcred::exchange::{Exchange, HttpRequest, HttpResponse};
use kmsramcred::source::{EcsRamRole, EcsRamRoleSettings, SigningKey, Source};
use kmsramcred::{Error, ErrorKind};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct Recorded {
    replies: Mutex<VecDeque<(u16, Vec<u8>)>>,
    requests: Mutex<Vec<HttpRequest>>,
}

impl Exchange for Recorded {
    fn exchange(&self, request: &HttpRequest, _: Deadline) -> Result<HttpResponse, Error> {
        self.requests.lock().unwrap().push(request.clone());
        let (status, body) = self.replies.lock().unwrap().pop_front().expect("no further request was recorded");
        Ok(HttpResponse { status, headers: vec![], body })
    }
}

/// Requests and replies as they are expected of us.
fn adapted(vector: &Value) -> (Vec<Value>, Vec<Value>) {
    let mut requests = vector["expected"]["requests"].as_array().unwrap().clone();
    let mut replies = vector["input"]["replies"].as_array().unwrap().clone();
    if vector["kind"] == "v2-discover-role" {
        assert_eq!((requests[2]["method"].as_str(), requests.len()), (Some("PUT"), 4));
        requests.remove(2);
        replies.remove(2);
        let first_token = requests[1]["headers"]["X-aliyun-ecs-metadata-token"].clone();
        requests[2]["headers"]["X-aliyun-ecs-metadata-token"] = first_token;
    }
    (requests, replies)
}

fn headers(expected: &Value) -> Vec<(String, String)> {
    let all = expected["headers"].as_object().unwrap().iter();
    let lower = all.map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()));
    lower.filter(|(name, _)| !["user-agent", "host", "content-length"].contains(&name.as_str())).collect()
}

#[test]
fn vector_imds_conversations() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../../tests/vectors/imds.json")).unwrap();
    assert_eq!(vectors.len(), 14);
    for vector in &vectors {
        let name = &vector["name"];
        let (requests, replies) = adapted(vector);
        let bytes = |reply: &Value| match &reply[1] {
            Value::String(text) => text.clone().into_bytes(),
            json => json.to_string().into_bytes(),
        };
        let replies = replies.iter().map(|reply| (u16::try_from(reply[0].as_u64().unwrap()).unwrap(), bytes(reply)));
        let recorded = Arc::new(Recorded { replies: Mutex::new(replies.collect()), requests: Mutex::default() });
        let clock = Arc::new(PausedClock::new(1_700_000_000_000));
        let settings = EcsRamRoleSettings {
            role_name: vector["input"]["role_name"].as_str().map(str::to_owned),
            imdsv1_disabled: vector["input"]["disable_imds_v1"] == true,
            ..EcsRamRoleSettings::default()
        };
        let pause = Box::new(|_, _| panic!("a pause means that a round was repeated"));
        let source = EcsRamRole::new(recorded.clone(), clock.clone(), settings, pause);
        let result = source.identity(Deadline::after(&*clock, Duration::from_secs(10)));

        let sent = recorded.requests.lock().unwrap();
        assert_eq!(sent.len(), requests.len(), "{name}");
        for (sent, expected) in sent.iter().zip(&requests) {
            assert_eq!(
                (sent.method, sent.target.as_str()),
                (expected["method"].as_str().unwrap(), expected["target"].as_str().unwrap()),
                "{name}"
            );
            assert_eq!(
                (sent.tls, sent.authority.as_str(), sent.body.as_slice()),
                (false, "100.100.100.200", b"".as_slice()),
                "{name}"
            );
            assert_eq!(sent.headers, headers(expected), "{name}");
        }
        match (result, vector["expected"].get("credentials")) {
            (Ok(identity), Some(expected)) => {
                assert_eq!(identity.access_key_id, expected["access_key_id"].as_str().unwrap(), "{name}");
                let SigningKey::AccessKeySecret(secret) = &identity.key else { panic!("{name}: {:?}", identity) };
                assert_eq!(secret.expose(), expected["access_key_secret"].as_str().unwrap(), "{name}");
                let token = identity.security_token.as_ref().unwrap().expose();
                assert_eq!(token, expected["security_token"].as_str().unwrap(), "{name}");
                assert_eq!(source.name(), expected["provider_name"].as_str().unwrap(), "{name}");
                assert!(identity.expires_at.unwrap() > clock.now());
            }
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::SourceDenied, "{name}: {error}");
                let message = vector["expected"]["error"]["message"].as_str().unwrap();
                let status = message.split_once("HttpCode=").map(|(_, status)| status.parse::<u16>().unwrap());
                assert_eq!(error.http_status(), status, "{name}: {error}");
                if vector["kind"] == "role-not-attached" {
                    assert!(error.message().contains("attach one"), "{error}");
                }
            }
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
}
