//! Routes under `/keys`.

use super::{Reply, Shared};
use crate::account::Switch;
use crate::objection::Objection;
use axum::Json;
use axum::extract::{Path, State};
use serde_json::json;

pub(super) async fn show(State(stage): Shared, Path(id): Path<String>) -> Reply {
    let (world, now) = (stage.world(), stage.now());
    let key = world.account.get(&id).ok_or_else(|| no_key(&id))?;
    Ok(Json(json!({"access_key_id": id, "state": key.standing(now).word()})))
}

/// Disables, enables or deletes any key; a deleted one stays deleted.
pub(super) async fn switch(State(stage): Shared, Path((id, verb)): Path<(String, String)>) -> Reply {
    let switch = match verb.as_str() {
        "disable" => Switch::Disabled,
        "enable" => Switch::Enabled,
        "delete" => Switch::Deleted,
        other => return Err(Objection::invalid("the last part of the path", other, "disable, enable, delete")),
    };
    let (mut world, now) = (stage.world(), stage.now());
    let key = world.account.get_mut(&id).ok_or_else(|| no_key(&id))?;
    if key.switch == Switch::Deleted && switch != Switch::Deleted {
        return Err(Objection::new(format!("key {id:?} is deleted, which cannot be undone")).with_status(409));
    }
    key.switch = switch;
    Ok(Json(json!({"access_key_id": id, "state": key.standing(now).word()})))
}

fn no_key(id: &str) -> Objection {
    Objection::new(format!("there is no key {id:?}: GET /secrets/NAME shows the keys of a secret")).with_status(404)
}
