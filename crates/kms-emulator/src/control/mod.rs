//! The control API: JSON in, JSON out, one module for each noun.

pub(crate) mod caller;
mod client_key;
mod counter;
mod credentials_uri;
mod fault;
mod key;
mod metadata;
mod object;
mod oidc;
mod role;
mod secret;
pub(crate) mod service;

use crate::gateway::Gateway;
use crate::objection::Objection;
use crate::stage::Stage;
use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// What every handler returns.
type Reply = Result<Json<Value>, Objection>;
type Shared = State<Arc<Stage>>;

/// Payloads may be larger than what a client accepts: that is a test too.
const LARGEST_ORDER: usize = 64 << 20;

/// Every route: the answer to a request that fits none, and the list that the help text is checked against.
pub(crate) const ROUTES: &[&str] = &[
    "GET /healthz",
    "POST /secrets",
    "GET /secrets",
    "GET /secrets/{name}",
    "DELETE /secrets/{name}",
    "POST /secrets/{name}/rotate",
    "POST /secrets/{name}/serve",
    "POST /keys/{access_key_id}/disable",
    "POST /keys/{access_key_id}/enable",
    "POST /keys/{access_key_id}/delete",
    "GET /keys/{access_key_id}",
    "POST /callers",
    "POST /client-keys",
    "POST /services",
    "GET /services",
    "POST /services/{name}",
    "PATCH /services/{name}",
    "GET /objects",
    "POST /faults",
    "GET /faults",
    "DELETE /faults",
    "DELETE /faults/{id}",
    "POST /kms",
    "POST /dedicated",
    "POST /metadata",
    "GET /metadata",
    "POST /metadata/rotate",
    "POST /roles",
    "GET /roles",
    "POST /roles/{name}",
    "POST /roles/{name}/revoke",
    "POST /oidc-providers",
    "GET /oidc-providers",
    "POST /oidc-providers/{name}/tokens",
    "POST /credentials-uri",
    "GET /credentials-uri",
    "GET /counters",
    "POST /counters/reset",
];

/// The whole API over one stage.
pub(crate) fn router(stage: Arc<Stage>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/secrets", post(secret::create).get(secret::list))
        .route("/secrets/{name}", get(secret::show).delete(secret::remove))
        .route("/secrets/{name}/rotate", post(secret::rotate))
        .route("/secrets/{name}/serve", post(secret::serve))
        .route("/keys/{id}", get(key::show))
        .route("/keys/{id}/{verb}", post(key::switch))
        .route("/callers", post(caller::add))
        .route("/client-keys", post(client_key::register))
        .route("/services", post(service::open).get(service::list))
        .route("/services/{name}", post(service::change).patch(service::change))
        .route("/objects", get(object::list))
        .route("/faults", post(fault::add).get(fault::list).delete(fault::clear_all))
        .route("/faults/{id}", delete(fault::clear))
        .route("/kms", post(async |stage, body| outage(Gateway::Shared, stage, body)))
        .route("/dedicated", post(async |stage, body| outage(Gateway::Dedicated, stage, body)))
        .route("/metadata", post(metadata::change).get(metadata::show))
        .route("/metadata/rotate", post(metadata::rotate))
        .route("/roles", post(role::create).get(role::list))
        .route("/roles/{name}", post(role::change))
        .route("/roles/{name}/revoke", post(role::revoke))
        .route("/oidc-providers", post(oidc::create).get(oidc::list))
        .route("/oidc-providers/{name}/tokens", post(oidc::declare))
        .route("/credentials-uri", post(credentials_uri::change).get(credentials_uri::show))
        .route("/counters", get(counter::show))
        .route("/counters/reset", post(counter::reset))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
        .layer(DefaultBodyLimit::max(LARGEST_ORDER))
        .with_state(stage)
}

impl IntoResponse for Objection {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(self.document())).into_response()
    }
}

/// Reads an order; nothing at all counts as an empty one.
fn order<T: DeserializeOwned>(body: &Bytes) -> Result<T, Objection> {
    let body: &[u8] = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Objection::new(format!("the JSON body cannot be used: {error}")))
}

async fn no_route(method: Method, uri: Uri) -> Objection {
    Objection::new(format!("there is no route {method} {}", uri.path())).with_status(404).allowing(json!(ROUTES))
}

async fn healthz() -> Reply {
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outage {
    down: bool,
}

/// Takes all connections to a gateway down, or up again.
fn outage(gateway: Gateway, State(stage): Shared, body: Bytes) -> Reply {
    let Outage { down } = order(&body)?;
    stage.world().gateways[gateway].down = down;
    Ok(Json(json!({"down": down})))
}

#[cfg(test)]
mod tests {
    use super::ROUTES;
    use crate::CONTROL_HELP;

    #[test]
    fn the_help_text_describes_every_route() {
        for route in ROUTES {
            assert!(CONTROL_HELP.contains(&format!("  {route} ")), "no help for {route}");
        }
    }

    #[test]
    fn the_guide_lists_every_route() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/emulator.md");
        let guide = std::fs::read_to_string(path).unwrap();
        for route in ROUTES {
            assert!(guide.contains(&format!("| `{route}` |")), "docs/emulator.md lacks {route}");
        }
    }
}
