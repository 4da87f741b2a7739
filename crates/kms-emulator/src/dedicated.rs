//! The endpoint of a KMS instance: its own protocol for ClientKeys, and the ordinary OpenAPI for everybody else.

use crate::answer::{Answer, Format};
use crate::gate::{self, Audience};
use crate::gateway::Gateway;
use crate::kms;
use crate::refusal::Refusal;
use crate::stage::Stage;
use crate::verify::{self, SignedRequest};
use jiff::Timestamp;
use serde_json::Value;

const VERSION: &str = "dkms-gcs-0.2";

/// Answers one request; `shown` is the time on the endpoint's clock.
pub(crate) fn answer(stage: &Stage, request: &SignedRequest, request_id: &str, shown: Timestamp) -> Answer {
    if verify::format(request) != Format::Protobuf {
        return kms::answer(stage, Gateway::Dedicated, request, request_id, shown);
    }
    match value(stage, request, shown) {
        Ok(mut value) => {
            value["RequestId"] = request_id.into();
            Answer::document(200, Format::Protobuf, "GetSecretValueResponse", &value)
        }
        Err(refusal) => Answer::refusal(&in_own_words(refusal), Format::Protobuf, request_id, request.host()),
    }
}

fn value(stage: &Stage, request: &SignedRequest, shown: Timestamp) -> Result<Value, Refusal> {
    let claim = verify::read(request)?;
    if claim.version != VERSION {
        let message = format!("The Param x-kms-apiversion is invalid: expected {VERSION}.");
        return Err(Refusal::new(400, "InvalidApiVersion", message));
    }
    if claim.action != "GetSecretValue" {
        return Err(Refusal::new(400, "InvalidApiName", "This endpoint of the emulator knows GetSecretValue only."));
    }
    gate::admit(stage, &claim, Audience::Instance, shown)?;
    kms::secret_value(stage, Gateway::Dedicated, &claim)
}

/// The codes that instances have where OpenAPI has others.
fn in_own_words(refusal: Refusal) -> Refusal {
    let (status, code) = match refusal.code.as_str() {
        "InvalidAccessKeyId.NotFound" | "InvalidAccessKeyId.Inactive" => (404, "Unauthorized"),
        "InvalidTimeStamp.Expired" => (400, "RequestTimeTooSkewed"),
        "SignatureDoesNotMatch" => (401, "SignatureNotMatch"),
        _ => return refusal,
    };
    Refusal { status, code: code.to_owned(), ..refusal }
}
