//! GetSecretValue by OpenAPI, at either gateway, for whoever signs it properly.

use crate::answer::Answer;
use crate::gate::{self, Audience};
use crate::gateway::Gateway;
use crate::refusal::Refusal;
use crate::secret::plain_name;
use crate::stage::Stage;
use crate::verify::{self, Claim, SignedRequest};
use jiff::Timestamp;
use serde_json::Value;

const VERSION: &str = "2016-01-20";

/// Answers one request; `shown` is the time on the endpoint's clock.
pub(crate) fn answer(
    stage: &Stage,
    gateway: Gateway,
    request: &SignedRequest,
    request_id: &str,
    shown: Timestamp,
) -> Answer {
    let format = verify::format(request);
    match value(stage, gateway, request, shown) {
        Ok(mut value) => {
            value["RequestId"] = request_id.into();
            Answer::document(200, format, "KMS", &value)
        }
        Err(refusal) => Answer::refusal(&refusal, format, request_id, request.host()),
    }
}

fn value(stage: &Stage, gateway: Gateway, request: &SignedRequest, shown: Timestamp) -> Result<Value, Refusal> {
    let claim = verify::read(request)?;
    if claim.action != "GetSecretValue" {
        return Err(Refusal::unknown_action(&claim.action, "GetSecretValue"));
    }
    if claim.version != VERSION {
        return Err(Refusal::unknown_version(&claim.version, VERSION));
    }
    gate::admit(stage, &claim, Audience::Kms, shown)?;
    secret_value(stage, gateway, &claim)
}

/// What the gateway has for an admitted claim.
pub(crate) fn secret_value(stage: &Stage, gateway: Gateway, claim: &Claim) -> Result<Value, Refusal> {
    let asked = claim.parameter("SecretName").filter(|name| !name.is_empty());
    let asked = asked.ok_or_else(|| Refusal::missing("SecretName"))?;
    let name = plain_name(asked);
    let stage_name = claim.parameter("VersionStage").filter(|stage| !stage.is_empty()).unwrap_or("ACSCurrent");
    let extended = claim.parameter("FetchExtendedConfig").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let world = stage.world();
    let secret = world.secrets.get(name).filter(|secret| secret.arn || name == asked);
    let secret = secret.ok_or_else(Refusal::unknown_secret)?;
    secret.value(gateway, stage_name, extended, stage.now()).ok_or_else(Refusal::unknown_secret)
}
