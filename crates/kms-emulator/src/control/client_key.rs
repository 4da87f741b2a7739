//! Route `/client-keys`.

use super::{Reply, Shared, order};
use crate::account::{Key, Owner};
use crate::clock::later_by_seconds;
use crate::objection::Objection;
use crate::verify::Certificate;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClientKey {
    key_id: String,
    certificate: String,
    expire_seconds: Option<u32>,
}

/// Registers the public half of a ClientKey; the private half stays with whoever made it.
pub(super) async fn register(State(stage): Shared, body: Bytes) -> Reply {
    let NewClientKey { key_id, certificate, expire_seconds } = order(&body)?;
    if !key_id.starts_with("KAAP.") {
        return Err(Objection::invalid("key_id", &key_id, "KAAP. and an id"));
    }
    let certificate = Certificate::from_pem(&certificate)
        .ok_or_else(|| Objection::new("certificate is not PEM text with one X.509 version 3 certificate"))?;
    let (mut world, now) = (stage.world(), stage.now());
    if world.account.get(&key_id).is_some() {
        return Err(Objection::taken("key", &key_id));
    }
    let mut key = Key::new("", None, Owner::Caller, now);
    key.certificate = Some(certificate);
    key.expires = expire_seconds.map(|seconds| later_by_seconds(now, seconds.into()));
    world.account.put(&key_id, key);
    Ok(Json(json!({"key_id": key_id})))
}
