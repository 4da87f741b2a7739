//! Routes under `/counters`.

use super::{Reply, Shared};
use crate::counter::Counters;
use axum::Json;
use axum::extract::State;
use serde_json::json;

pub(super) async fn show(State(stage): Shared) -> Reply {
    Ok(Json(json!(stage.world().counters)))
}

/// Sets everything to zero; services stay listed.
pub(super) async fn reset(State(stage): Shared) -> Reply {
    let mut world = stage.world();
    world.counters = Counters::with_services(world.services.keys());
    Ok(Json(json!({"reset": true})))
}
