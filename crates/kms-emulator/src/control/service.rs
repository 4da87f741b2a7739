//! Routes under `/services`.

use super::{Reply, Shared, order};
use crate::objection::Objection;
use crate::service::{Mood, MoodChange, Service};
use crate::stage::{Place, Stage};
use crate::wire;
use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewService {
    name: String,
    #[serde(default)]
    refuse_all: bool,
    #[serde(default)]
    delay_ms: u32,
}

pub(super) async fn open(State(stage): Shared, body: Bytes) -> Reply {
    let NewService { name, refuse_all, delay_ms } = order(&body)?;
    if stage.world().services.contains_key(&name) {
        return Err(Objection::taken("service", &name));
    }
    let mood = Mood { refuse_all, delay_ms };
    let service = start(&stage, &name, mood).await;
    let service =
        service.map_err(|error| Objection::new(format!("no port for the service: {error}")).with_status(500))?;
    Ok(Json(document(&name, &service)))
}

/// Opens both ports of a service and makes it known.
pub(crate) async fn start(stage: &Arc<Stage>, name: &str, mood: Mood) -> std::io::Result<Service> {
    let place = Place::Service(name.into());
    let plain = wire::open(stage, place.clone(), false).await?;
    let secure = wire::open(stage, place, true).await?;
    let service = Service { plain, secure, mood };
    stage.world().services.insert(name.to_owned(), service.clone());
    Ok(service)
}

pub(super) async fn list(State(stage): Shared) -> Reply {
    let world = stage.world();
    let services = world.services.iter().map(|(name, service)| document(name, service)).collect::<Vec<_>>();
    Ok(Json(json!({"services": services})))
}

pub(super) async fn change(State(stage): Shared, Path(name): Path<String>, body: Bytes) -> Reply {
    let change: MoodChange = order(&body)?;
    let mut world = stage.world();
    if !world.services.contains_key(&name) {
        return Err(Objection::unknown("service", &name, world.services.keys()));
    }
    let service = world.services.get_mut(&name).expect("looked up above");
    service.mood.change(&change);
    Ok(Json(document(&name, service)))
}

fn document(name: &str, service: &Service) -> Value {
    let Mood { refuse_all, delay_ms } = service.mood;
    json!({"name": name, "host": service.plain.to_string(), "tls_host": service.secure.to_string(),
        "refuse_all": refuse_all, "delay_ms": delay_ms})
}
