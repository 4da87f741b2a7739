//! Admission: is the key alive, the clock right, the signature good and the nonce new.

use crate::account::{Owner, Standing};
use crate::clock::{api_date, later_by_seconds};
use crate::refusal::Refusal;
use crate::stage::Stage;
use crate::verify::{Certificate, Claim};
use jiff::Timestamp;
use std::sync::Arc;

/// How far a timestamp may be from the endpoint's clock.
const TOLERANCE_SECONDS: i64 = 15 * 60;

/// Who may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Callers, temporary identities and ClientKeys.
    Kms,
    /// ClientKeys alone.
    Instance,
    /// Every live key but ClientKeys.
    Service,
}

/// Checks a claim. `shown` is the time on the endpoint's own clock, which a fault may have put off.
pub(crate) fn admit(stage: &Stage, claim: &Claim, audience: Audience, shown: Timestamp) -> Result<(), Refusal> {
    let tolerated = later_by_seconds(shown, -TOLERANCE_SECONDS)..=later_by_seconds(shown, TOLERANCE_SECONDS);
    if claim.expires.is_some_and(|end| end < shown) {
        return Err(Refusal::url_expired());
    }
    if claim.expires.is_none() && !tolerated.contains(&claim.time) {
        return Err(Refusal::timestamp_expired(&api_date(shown)));
    }
    let now = stage.now();
    let Found { secret, token, certificate, managed } = find(stage, &claim.access_key_id, audience, now)?;
    match (token.as_deref(), claim.security_token.as_deref().filter(|sent| !sent.is_empty())) {
        (Some(_), None) => return Err(Refusal::token_missing()),
        (own, sent) if own != sent => return Err(Refusal::token_mismatch()),
        _ => {}
    }
    let holds = match &certificate {
        Some(certificate) => claim.holds_for(certificate),
        None => claim.holds(&secret),
    };
    if !holds {
        return Err(Refusal::signature_mismatch(claim.string_to_sign()));
    }
    if let Some(nonce) = &claim.nonce
        && !stage.world().nonces.note(&claim.access_key_id, nonce, now)
    {
        return Err(Refusal::nonce_used());
    }
    if managed && audience == Audience::Kms { Err(Refusal::no_permission()) } else { Ok(()) }
}

struct Found {
    secret: Arc<str>,
    token: Option<Arc<str>>,
    certificate: Option<Certificate>,
    managed: bool,
}

fn find(stage: &Stage, access_key_id: &str, audience: Audience, now: Timestamp) -> Result<Found, Refusal> {
    let world = stage.world();
    let key = world.account.get(access_key_id).ok_or_else(Refusal::key_not_found)?;
    let known = match audience {
        Audience::Kms => true,
        Audience::Instance => key.certificate.is_some(),
        Audience::Service => key.certificate.is_none(),
    };
    if !known {
        return Err(Refusal::key_not_found());
    }
    match key.standing(now) {
        Standing::Alive => Ok(Found {
            secret: key.secret.clone(),
            token: key.token.clone(),
            certificate: key.certificate.clone(),
            managed: matches!(key.owner, Owner::Secret(_)),
        }),
        Standing::Spreading | Standing::Gone => Err(Refusal::key_not_found()),
        Standing::Inactive => Err(Refusal::key_inactive()),
        Standing::Expired if key.certificate.is_some() => Err(Refusal::key_not_found()),
        Standing::Expired => Err(Refusal::token_expired()),
    }
}
