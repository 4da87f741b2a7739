//! Routes under `/roles`.

use super::{Reply, Shared, order};
use crate::objection::Objection;
use crate::role::{Role, RoleChange};
use crate::stage::World;
use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRole {
    name: String,
    #[serde(default)]
    deny: bool,
    expire_seconds: Option<u32>,
}

pub(super) async fn create(State(stage): Shared, body: Bytes) -> Reply {
    let NewRole { name, deny, expire_seconds } = order(&body)?;
    if name.is_empty() {
        return Err(Objection::invalid("name", &name, "any text but none"));
    }
    let mut world = stage.world();
    if world.roles.contains_key(&name) {
        return Err(Objection::taken("role", &name));
    }
    let role = Role::new(deny, expire_seconds);
    let document = role.document(&name);
    world.roles.insert(name, role);
    Ok(Json(document))
}

pub(super) async fn list(State(stage): Shared) -> Reply {
    let world = stage.world();
    let roles = world.roles.iter().map(|(name, role)| role.document(name)).collect::<Vec<_>>();
    Ok(Json(json!({"roles": roles})))
}

pub(super) async fn change(State(stage): Shared, Path(name): Path<String>, body: Bytes) -> Reply {
    let change: RoleChange = order(&body)?;
    let mut world = stage.world();
    let (role, _) = role_and_account(&mut world, &name)?;
    role.change(&change);
    Ok(Json(role.document(&name)))
}

pub(super) async fn revoke(State(stage): Shared, Path(name): Path<String>) -> Reply {
    let mut world = stage.world();
    let (role, account) = role_and_account(&mut world, &name)?;
    Ok(Json(json!({"revoked": role.revoke(account, stage.now())})))
}

fn role_and_account<'a>(
    world: &'a mut World,
    name: &str,
) -> Result<(&'a mut Role, &'a mut crate::account::Account), Objection> {
    if !world.roles.contains_key(name) {
        return Err(Objection::unknown("role", name, world.roles.keys()));
    }
    Ok((world.roles.get_mut(name).expect("looked up above"), &mut world.account))
}
