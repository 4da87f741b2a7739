//! Routes under `/metadata`.

use super::{Reply, Shared, order};
use crate::stage::World;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde_json::json;

pub(super) async fn change(State(stage): Shared, body: Bytes) -> Reply {
    let change = order(&body)?;
    let mut world = stage.world();
    world.metadata.change(change);
    Ok(Json(world.metadata.document()))
}

pub(super) async fn show(State(stage): Shared) -> Reply {
    Ok(Json(stage.world().metadata.document()))
}

pub(super) async fn rotate(State(stage): Shared) -> Reply {
    let mut world = stage.world();
    let World { metadata, account, .. } = &mut *world;
    Ok(Json(json!({"access_key_id": metadata.rotate(account, stage.now())?})))
}
