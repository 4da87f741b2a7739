//! Route `/credentials-uri`.

use super::{Reply, Shared, order};
use crate::credentials_uri::CredentialsUriChange;
use crate::objection::Objection;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;

pub(super) async fn change(State(stage): Shared, body: Bytes) -> Reply {
    let change: CredentialsUriChange = order(&body)?;
    let mut world = stage.world();
    if let Some(role) = change.role.as_ref().filter(|name| !world.roles.contains_key(*name)) {
        return Err(Objection::unknown("role", role, world.roles.keys()));
    }
    world.credentials_uri.change(change);
    Ok(Json(world.credentials_uri.document()))
}

pub(super) async fn show(State(stage): Shared) -> Reply {
    Ok(Json(stage.world().credentials_uri.document()))
}
