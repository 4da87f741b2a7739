//! Routes under `/oidc-providers`.

use super::{Reply, Shared, order};
use crate::objection::Objection;
use crate::oidc::{Provider, TokenState, arn};
use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProvider {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    token: String,
    #[serde(default)]
    state: TokenState,
}

pub(super) async fn create(State(stage): Shared, body: Bytes) -> Reply {
    let NewProvider { name } = order(&body)?;
    if name.is_empty() {
        return Err(Objection::invalid("name", &name, "any text but none"));
    }
    let mut world = stage.world();
    if world.oidc_providers.contains_key(&name) {
        return Err(Objection::taken("OIDC provider", &name));
    }
    let answer = json!({"name": name, "arn": arn(&name)});
    world.oidc_providers.insert(name, Provider::default());
    Ok(Json(answer))
}

pub(super) async fn list(State(stage): Shared) -> Reply {
    let world = stage.world();
    let providers = world.oidc_providers.iter();
    let providers =
        providers.map(|(name, found)| json!({"name": name, "arn": arn(name), "tokens": found.token_count()}));
    Ok(Json(json!({"oidc_providers": providers.collect::<Vec<_>>()})))
}

/// Declares a token; the answer does not repeat it.
pub(super) async fn declare(State(stage): Shared, Path(name): Path<String>, body: Bytes) -> Reply {
    let NewToken { token, state } = order(&body)?;
    let mut world = stage.world();
    if !world.oidc_providers.contains_key(&name) {
        return Err(Objection::unknown("OIDC provider", &name, world.oidc_providers.keys()));
    }
    world.oidc_providers.get_mut(&name).expect("looked up above").declare(&token, state);
    Ok(Json(json!({"name": name, "state": state})))
}
