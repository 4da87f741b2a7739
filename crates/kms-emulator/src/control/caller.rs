//! Route `/callers`.

use super::{Reply, Shared, order};
use crate::account::{Key, Owner};
use crate::clock::later_by_seconds;
use crate::options::Caller;
use crate::stage::Stage;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde_json::json;

pub(super) async fn add(State(stage): Shared, body: Bytes) -> Reply {
    let caller: Caller = order(&body)?;
    admit(&stage, &caller);
    Ok(Json(json!({"access_key_id": caller.access_key_id})))
}

/// Adds an identity that may call KMS and every service.
pub(crate) fn admit(stage: &Stage, caller: &Caller) {
    let token = caller.security_token.as_deref();
    let now = stage.now();
    let mut key = Key::new(&caller.access_key_secret, token, Owner::Caller, now);
    key.expires = caller.expire_seconds.map(|seconds| later_by_seconds(now, seconds.into()));
    stage.world().account.put(&caller.access_key_id, key);
}
