//! A business service: checks the signature of any action and answers the least that official clients can decode.

use crate::answer::Answer;
use crate::gate::{self, Audience};
use crate::identifier::tail;
use crate::refusal::Refusal;
use crate::stage::Stage;
use crate::verify::{self, SignedRequest};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// One service with ports of its own.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) plain: SocketAddr,
    pub(crate) secure: SocketAddr,
    pub(crate) mood: Mood,
}

/// What an operator can change about a service.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mood {
    pub(crate) refuse_all: bool,
    pub(crate) delay_ms: u32,
}

/// What `POST /services/{name}` takes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MoodChange {
    refuse_all: Option<bool>,
    delay_ms: Option<u32>,
}

impl Mood {
    pub(crate) fn change(&mut self, change: &MoodChange) {
        self.refuse_all = change.refuse_all.unwrap_or(self.refuse_all);
        self.delay_ms = change.delay_ms.unwrap_or(self.delay_ms);
    }
}

/// Answers one request; `shown` is the time on the endpoint's clock.
pub(crate) fn answer(stage: &Stage, mood: Mood, request: &SignedRequest, request_id: &str, shown: Timestamp) -> Answer {
    let format = verify::format(request);
    match result(stage, mood, request, request_id, shown) {
        Ok((root, value)) => Answer::document(200, format, &root, &value),
        Err(refusal) => Answer::refusal(&refusal, format, request_id, request.host()),
    }
}

fn result(
    stage: &Stage,
    mood: Mood,
    request: &SignedRequest,
    request_id: &str,
    shown: Timestamp,
) -> Result<(String, Value), Refusal> {
    let claim = verify::read(request)?;
    if mood.refuse_all {
        return Err(Refusal::key_not_found());
    }
    gate::admit(stage, &claim, Audience::Service, shown)?;
    let mut value = shape(&claim.action);
    value["RequestId"] = request_id.into();
    value["Action"] = claim.action.as_str().into();
    value["AccessKeyId"] = tail(&claim.access_key_id).into();
    let root = claim.action.chars().filter(char::is_ascii_alphanumeric).collect::<String>() + "Response";
    Ok((root, value))
}

/// Fields without which the official client of the action fails to decode the answer.
fn shape(action: &str) -> Value {
    match action {
        "DescribeRegions" => json!({"Regions": {"Region": []}}),
        "DescribeInstances" => {
            json!({"Instances": {"Instance": []}, "TotalCount": 0, "PageNumber": 1, "PageSize": 10})
        }
        _ => json!({}),
    }
}
