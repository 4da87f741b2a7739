//! Routes under `/faults`.

use super::{Reply, Shared, order};
use crate::fault::FaultOrder;
use crate::objection::Objection;
use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use serde_json::json;

pub(super) async fn add(State(stage): Shared, body: Bytes) -> Reply {
    let order: FaultOrder = order(&body)?;
    let (mut world, now) = (stage.world(), stage.now());
    if let Some(service) = order.service.as_deref().filter(|name| !world.services.contains_key(*name)) {
        return Err(Objection::unknown("service", service, world.services.keys()));
    }
    Ok(Json(json!({"id": world.faults.add(order, now)?})))
}

pub(super) async fn list(State(stage): Shared) -> Reply {
    Ok(Json(json!({"faults": stage.world().faults.list(stage.now())})))
}

pub(super) async fn clear(State(stage): Shared, Path(id): Path<String>) -> Reply {
    let number =
        id.parse().map_err(|_| Objection::invalid("the fault's id", &id, "the number that POST /faults gave"))?;
    match stage.world().faults.clear(number) {
        true => Ok(Json(json!({"cleared": 1}))),
        false => Err(Objection::new(format!("there is no fault {number}: it may be over")).with_status(404)),
    }
}

pub(super) async fn clear_all(State(stage): Shared) -> Reply {
    Ok(Json(json!({"cleared": stage.world().faults.clear_all()})))
}
