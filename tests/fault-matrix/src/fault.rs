//! What is broken: every kind of fault that the emulator has, as orders to it.

use crate::control::Request;
use kms_emulator::{FaultAt, FaultKind};
use serde::Serialize;
use serde_json::{Value, json};

/// A fault, and how to have it and to be rid of it.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The row in the table.
    pub(crate) name: String,
    pub(crate) order: Request,
    pub(crate) lift: Request,
}

impl Fault {
    /// Every fault that can be ordered at a place.
    pub(crate) fn all(at: FaultAt) -> Vec<Fault> {
        let outage = at.outage_route().map(|route| Fault {
            name: "connections are reset".to_owned(),
            order: Request::post(route, json!({"down": true})),
            lift: Request::post(route, json!({"down": false})),
        });
        let ordered = FaultKind::ALL.iter().flat_map(|kind| {
            shapes(*kind).into_iter().map(move |(name, mut order)| {
                order["at"] = json!(at);
                order["kind"] = json!(kind);
                let lift = Request { method: "DELETE".to_owned(), path: "/faults".to_owned(), body: Value::Null };
                Fault { name: name.to_owned(), order: Request::post("/faults", order), lift }
            })
        });
        outage.into_iter().chain(ordered).collect()
    }
}

/// What a kind of fault can look like, where its look makes a difference. A kind that the emulator learns needs its line here.
fn shapes(kind: FaultKind) -> Vec<(&'static str, Value)> {
    match kind {
        FaultKind::Status => vec![
            ("503", json!({"status": 503})),
            ("500", json!({"status": 500, "code": "InternalFailure"})),
            ("403 `Forbidden.NoPermission`", json!({"status": 403, "code": "Forbidden.NoPermission"})),
            ("404 `InvalidAccessKeyId.NotFound`", json!({"status": 404, "code": "InvalidAccessKeyId.NotFound"})),
            ("400 with a code that nobody knows", json!({"status": 400, "code": "SomethingNew"})),
        ],
        FaultKind::Throttle => vec![
            ("429", json!({})),
            ("429, asks for a second", json!({"retry_after_s": 1})),
            ("429, asks for a minute", json!({"retry_after_s": 60})),
        ],
        FaultKind::Delay => vec![
            ("the answer is 300 ms late", json!({"delay_ms": 300})),
            ("the answer is a minute late", json!({"delay_ms": 60_000})),
        ],
        FaultKind::Hang => vec![("no answer", json!({}))],
        FaultKind::Reset => vec![("reset after the request", json!({}))],
        FaultKind::Truncate => vec![("half an answer", json!({}))],
        FaultKind::Html => {
            vec![("502 with a page of a proxy", json!({})), ("200 with a page of a proxy", json!({"status": 200}))]
        }
        FaultKind::Body => vec![
            ("200 without a body", json!({"body": ""})),
            ("200 with an empty object", json!({"body": "{}"})),
            ("200 with other text", json!({"body": "hello"})),
        ],
        FaultKind::Clock => vec![
            ("a clock that is half an hour off", json!({"clock_offset_seconds": 1_800})),
            ("a clock that is two days off", json!({"clock_offset_seconds": -172_800})),
        ],
        FaultKind::Redirect => vec![("a redirect", json!({}))],
        FaultKind::Huge => vec![("64 MiB", json!({}))],
        FaultKind::SlowBody => vec![("a byte each 100 ms", json!({"delay_ms": 100}))],
    }
}

/// The word that stands for something on the wire and in counters.
pub(crate) fn word(of: impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
