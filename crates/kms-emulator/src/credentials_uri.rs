//! The credentials URI: temporary identities of one role for whoever can reach it.
//!
//! In goes a GET without any signature, out comes JSON with a fresh identity.

use crate::answer::Answer;
use crate::clock::api_date;
use crate::stage::{Stage, World};
use crate::verify::SignedRequest;
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// Where the document is.
pub(crate) const PATH: &str = "/credentials";
const LIFE_SECONDS: u32 = 3600;

/// State of the endpoint.
#[derive(Debug)]
pub(crate) struct CredentialsUri {
    role: Option<String>,
    code: String,
}

impl Default for CredentialsUri {
    fn default() -> Self {
        Self { role: None, code: "Success".to_owned() }
    }
}

/// What `POST /credentials-uri` takes; what is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CredentialsUriChange {
    pub(crate) role: Option<String>,
    code: Option<String>,
}

impl CredentialsUri {
    pub(crate) fn change(&mut self, change: CredentialsUriChange) {
        self.role = change.role.or_else(|| self.role.take());
        self.code = change.code.unwrap_or_else(|| std::mem::take(&mut self.code));
    }

    pub(crate) fn document(&self) -> serde_json::Value {
        json!({"role": self.role, "code": self.code})
    }
}

/// Answers one request.
pub(crate) fn answer(stage: &Stage, request: &SignedRequest) -> Answer {
    let now = stage.now();
    let mut world = stage.world();
    let World { credentials_uri, roles, account, .. } = &mut *world;
    let role = credentials_uri.role.as_ref().and_then(|name| roles.get_mut(name));
    let Some(role) = role.filter(|_| request.method == Method::GET && request.path == PATH) else {
        return Answer::new(404, "text/plain", "not found");
    };
    if credentials_uri.code != "Success" {
        return Answer::new(200, "application/json", json!({"Code": credentials_uri.code}).to_string());
    }
    let mut value = role.issue(account, LIFE_SECONDS, now).document();
    value["LastUpdated"] = api_date(now).into();
    value["Code"] = "Success".into();
    Answer::new(200, "application/json", value.to_string())
}
