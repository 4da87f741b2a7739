//! Route `/objects`.

use super::{Reply, Shared};
use axum::Json;
use axum::extract::State;
use serde_json::json;

/// What OSS holds.
pub(super) async fn list(State(stage): Shared) -> Reply {
    let world = stage.world();
    let objects = world.oss.buckets.iter().flat_map(|(bucket, objects)| {
        objects.iter().map(move |(key, object)| {
            json!({"bucket": bucket, "key": key, "type": object.kind, "size": object.body.len(), "etag": object.etag,
                "crc64": object.crc64.to_string()})
        })
    });
    Ok(Json(json!({"objects": objects.collect::<Vec<_>>()})))
}
