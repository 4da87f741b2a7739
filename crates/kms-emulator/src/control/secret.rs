//! Routes under `/secrets`.

use super::{Reply, Shared, order};
use crate::gateway::Gateway;
use crate::objection::Objection;
use crate::rotation::{self, RotationOrder};
use crate::secret::{NewSecret, Secret, Serving};
use crate::stage::World;
use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) async fn create(State(stage): Shared, body: Bytes) -> Reply {
    let order: NewSecret = order(&body)?;
    if order.name.is_empty() {
        return Err(Objection::invalid("name", "", "any text that is not empty"));
    }
    let (mut world, now) = (stage.world(), stage.now());
    if world.secrets.contains_key(&order.name) {
        return Err(Objection::taken("secret", &order.name));
    }
    let secret = Secret::create(order, &mut world.account, now)?;
    let name = secret.name.clone();
    world.secrets.insert(name.clone(), secret);
    state(&world, &name, now)
}

pub(super) async fn list(State(stage): Shared) -> Reply {
    Ok(Json(json!({"secrets": stage.world().secrets.keys().collect::<Vec<_>>()})))
}

pub(super) async fn show(State(stage): Shared, Path(name): Path<String>) -> Reply {
    state(&stage.world(), &name, stage.now())
}

/// KMS forgets the secret; its keys go on working, as a service would see it.
pub(super) async fn remove(State(stage): Shared, Path(name): Path<String>) -> Reply {
    let mut world = stage.world();
    match world.secrets.remove(&name) {
        Some(_) => Ok(Json(json!({"deleted": name}))),
        None => Err(Objection::unknown("secret", &name, world.secrets.keys())),
    }
}

pub(super) async fn rotate(State(stage): Shared, Path(name): Path<String>, body: Bytes) -> Reply {
    let order: RotationOrder = order(&body)?;
    let (mut world, now) = (stage.world(), stage.now());
    let (secret, account) = world.secret_and_account(&name)?;
    rotation::rotate(secret, account, order, now)?;
    let newest = secret.newest();
    let value = json!({"access_key_id": newest.access_key_id, "version_id": newest.id, "rotation": secret.rotations});
    world.counters.rotations += 1;
    Ok(Json(value))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServeOrder {
    version: Serving,
    at: Option<Gateway>,
}

pub(super) async fn serve(State(stage): Shared, Path(name): Path<String>, body: Bytes) -> Reply {
    let ServeOrder { version, at } = order(&body)?;
    let (mut world, now) = (stage.world(), stage.now());
    let (secret, _) = world.secret_and_account(&name)?;
    if version == Serving::Previous && secret.versions.len() < 2 {
        return Err(Objection::new(format!("secret {name:?} has no previous version: rotate it first")));
    }
    match at {
        Some(gateway) => secret.serving[gateway] = version,
        None => secret.serving.iter_mut().for_each(|serving| *serving = version),
    }
    state(&world, &name, now)
}

fn state(world: &World, name: &str, now: Timestamp) -> Reply {
    let secret = world.secrets.get(name).ok_or_else(|| Objection::unknown("secret", name, world.secrets.keys()))?;
    let newest = secret.newest();
    let served = |gateway| {
        let version = &secret.versions[secret.current(gateway, now)];
        json!({"access_key_id": version.access_key_id, "version_id": version.id})
    };
    let keys: serde_json::Map<String, Value> = world
        .account
        .of_secret(name, now)
        .into_iter()
        .map(|(id, standing)| (id.into(), standing.word().into()))
        .collect();
    let live: Vec<_> = keys.iter().filter(|(_, word)| *word == "alive").map(|(id, _)| id).collect();
    Ok(Json(json!({
        "name": secret.name,
        "type": secret.kind,
        "arn": secret.arn(),
        "access_key_id": newest.access_key_id,
        "version_id": newest.id,
        "user_name": newest.user_name,
        "served": served(Gateway::Shared),
        "served_by_dedicated": served(Gateway::Dedicated),
        "live_keys": live,
        "keys": keys,
        "versions": secret.versions.len(),
        "rotations": secret.rotations,
    })))
}
