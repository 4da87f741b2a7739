//! The STS endpoint: AssumeRole for whoever signs it, AssumeRoleWithOIDC for whoever holds a good token.

use crate::answer::Answer;
use crate::gate::{self, Audience};
use crate::oidc;
use crate::refusal::Refusal;
use crate::role::{self, LONGEST_SECONDS, SHORTEST_SECONDS};
use crate::stage::{Stage, World};
use crate::verify::{self, SignedRequest};
use jiff::Timestamp;
use serde_json::{Value, json};

const VERSION: &str = "2015-04-01";

/// Answers one request; `shown` is the time on the endpoint's clock.
pub(crate) fn answer(stage: &Stage, request: &SignedRequest, request_id: &str, shown: Timestamp) -> Answer {
    let format = verify::format(request);
    let action = request.parameter("Action").unwrap_or("");
    let result = match action {
        "AssumeRole" => assume_role(stage, request, shown),
        "AssumeRoleWithOIDC" => assume_role_with_oidc(stage, request),
        "" => Err(Refusal::missing("Action")),
        other => Err(Refusal::unknown_action(other, "AssumeRole, AssumeRoleWithOIDC")),
    };
    match result {
        Ok(mut value) => {
            value["RequestId"] = request_id.into();
            Answer::document(200, format, &format!("{action}Response"), &value)
        }
        Err(refusal) => Answer::refusal(&refusal, format, request_id, request.host()),
    }
}

fn assume_role(stage: &Stage, request: &SignedRequest, shown: Timestamp) -> Result<Value, Refusal> {
    let claim = verify::read(request)?;
    check_version(&claim.version)?;
    gate::admit(stage, &claim, Audience::Service, shown)?;
    let wish = Wish::read(request)?;
    wish.grant(&mut stage.world(), "NoPermission", stage.now())
}

/// Nothing is signed here: the token alone says who asks.
fn assume_role_with_oidc(stage: &Stage, request: &SignedRequest) -> Result<Value, Refusal> {
    check_version(required(request, "Version")?)?;
    let wish = Wish::read(request)?;
    let (arn, token) = (required(request, "OIDCProviderArn")?, required(request, "OIDCToken")?);
    if !(4..=20_000).contains(&token.len()) {
        return Err(invalid("OIDCToken", "4 to 20000 characters"));
    }
    let mut world = stage.world();
    let name = oidc::name_in(arn).ok_or_else(|| invalid("OIDCProviderArn", "acs:ram::ACCOUNT:oidc-provider/NAME"))?;
    let provider = world.oidc_providers.get(name);
    let provider = provider
        .ok_or_else(|| Refusal::new(404, "EntityNotExist.OIDCProvider", "The OIDC provider does not exist."))?;
    provider.check(token)?;
    wish.grant(&mut world, "AuthenticationFail.NoPermission", stage.now())
}

/// What a caller asks for, checked as far as that goes without looking at the role.
struct Wish<'a> {
    role: &'a str,
    arn: &'a str,
    session: &'a str,
    seconds: u32,
}

impl<'a> Wish<'a> {
    fn read(request: &'a SignedRequest) -> Result<Self, Refusal> {
        let arn = required(request, "RoleArn")?;
        let role = role::name_in(arn).ok_or_else(|| invalid("RoleArn", "acs:ram::ACCOUNT:role/NAME"))?;
        let session = required(request, "RoleSessionName")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".@-_".contains(&byte);
        if !(2..=64).contains(&session.len()) || !session.bytes().all(plain) {
            return Err(invalid("RoleSessionName", "2 to 64 letters, digits and . @ - _"));
        }
        let seconds = match request.parameter("DurationSeconds").filter(|text| !text.is_empty()) {
            Some(text) => text.parse().ok().filter(|asked| (SHORTEST_SECONDS..=LONGEST_SECONDS).contains(asked)),
            None => Some(LONGEST_SECONDS),
        };
        let allowed = || invalid("DurationSeconds", &format!("{SHORTEST_SECONDS} to {LONGEST_SECONDS}"));
        let seconds = seconds.ok_or_else(allowed)?;
        let policy = request.parameter("Policy").filter(|text| !text.is_empty());
        if policy.is_some_and(|text| !serde_json::from_str::<Value>(text).is_ok_and(|policy| policy.is_object())) {
            return Err(Refusal::new(400, "InvalidParameter.PolicyGrammar", "The policy is not a JSON object."));
        }
        Ok(Self { role, arn, session, seconds })
    }

    fn grant(&self, world: &mut World, denied: &str, now: Timestamp) -> Result<Value, Refusal> {
        let World { roles, account, .. } = world;
        let role = roles.get_mut(self.role);
        let role = role.ok_or_else(|| Refusal::new(404, "EntityNotExist.Role", "The role does not exist."))?;
        if role.denies() {
            return Err(Refusal::new(403, denied, "The role does not trust whoever asks for it."));
        }
        let (arn, session) = (self.arn.replacen(":role/", ":assumed-role/", 1), self.session);
        let identity = role.issue(account, self.seconds, now);
        let user = json!({"Arn": format!("{arn}/{session}"), "AssumedRoleId": format!("{}:{session}", role.id())});
        Ok(json!({"AssumedRoleUser": user, "Credentials": identity.document()}))
    }
}

fn required<'a>(request: &'a SignedRequest, name: &str) -> Result<&'a str, Refusal> {
    request.parameter(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::missing(name))
}

fn check_version(found: &str) -> Result<(), Refusal> {
    if found == VERSION { Ok(()) } else { Err(Refusal::unknown_version(found, VERSION)) }
}

fn invalid(parameter: &str, allowed: &str) -> Refusal {
    Refusal::new(400, &format!("InvalidParameter.{parameter}"), format!("{parameter} has to be {allowed}."))
}
