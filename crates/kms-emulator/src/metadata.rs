//! The ECS metadata service: tokens, the role's name and its temporary identities.

use crate::account::{Account, Key, Owner};
use crate::answer::Answer;
use crate::clock::{api_date, later, later_by_seconds};
use crate::identifier;
use crate::objection::Objection;
use crate::stage::{Stage, World};
use crate::verify::SignedRequest;
use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use std::collections::HashMap;

const TOKEN_PATH: &str = "/latest/api/token";
const ROLE_PATH: &str = "/latest/meta-data/ram/security-credentials";
const TTL_HEADER: &str = "x-aliyun-ecs-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aliyun-ecs-metadata-token";
const LONGEST_TTL: i64 = 21_600;

/// State of the metadata service.
pub(crate) struct Metadata {
    pub(crate) role: Option<String>,
    v2: bool,
    v1: bool,
    expire_seconds: u32,
    code: String,
    raw_body: Option<String>,
    identity: Option<Identity>,
    tokens: HashMap<String, Timestamp>,
}

/// The temporary identity that is given out at present.
struct Identity {
    id: String,
    issued: Timestamp,
    expires: Timestamp,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            role: None,
            v2: true,
            v1: true,
            expire_seconds: 6 * 3600,
            code: "Success".to_owned(),
            raw_body: None,
            identity: None,
            tokens: HashMap::new(),
        }
    }
}

/// What `POST /metadata` takes; what is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetadataChange {
    #[serde(deserialize_with = "present")]
    role: Option<Option<String>>,
    v2: Option<bool>,
    v1: Option<bool>,
    expire_seconds: Option<u32>,
    code: Option<String>,
    #[serde(deserialize_with = "present")]
    raw_body: Option<Option<String>>,
}

/// Tells null from a field that is left out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Metadata {
    pub(crate) fn change(&mut self, change: MetadataChange) {
        if let Some(role) = change.role {
            self.role = role;
            self.identity = None;
        }
        if let Some(seconds) = change.expire_seconds {
            self.expire_seconds = seconds;
            self.identity = None;
        }
        if let Some(body) = change.raw_body {
            self.raw_body = body;
        }
        self.v2 = change.v2.unwrap_or(self.v2);
        self.v1 = change.v1.unwrap_or(self.v1);
        self.code = change.code.unwrap_or_else(|| std::mem::take(&mut self.code));
    }

    /// Issues a new identity and kills the one before.
    pub(crate) fn rotate(&mut self, account: &mut Account, now: Timestamp) -> Result<&str, Objection> {
        if self.role.is_none() {
            return Err(Objection::new("no role is attached: POST /metadata {\"role\":\"NAME\"} first"));
        }
        if let Some(old) = self.identity.take().and_then(|identity| account.get_mut(&identity.id)) {
            old.dead_from = Some(now);
        }
        Ok(&self.identity(account, now).id)
    }

    pub(crate) fn document(&self) -> serde_json::Value {
        json!({"role": self.role, "v1": self.v1, "v2": self.v2, "expire_seconds": self.expire_seconds,
            "code": self.code, "raw_body": self.raw_body,
            "access_key_id": self.identity.as_ref().map(|identity| identity.id.as_str())})
    }

    /// The identity to give out: replaced in the second half of its life, so that clients never run dry.
    fn identity(&mut self, account: &mut Account, now: Timestamp) -> &Identity {
        let life = i64::from(self.expire_seconds) * 1000;
        if self.identity.as_ref().is_some_and(|identity| later(identity.issued, life / 2) <= now) {
            self.identity = None;
        }
        self.identity.get_or_insert_with(|| {
            let (id, token) = (identifier::temporary_key_id(), identifier::security_token());
            let expires = later(now, life);
            let mut key = Key::new(&identifier::access_key_secret(), Some(&token), Owner::Role, now);
            key.expires = Some(expires);
            account.put(&id, key);
            Identity { id, issued: now, expires }
        })
    }

    fn issue_token(&mut self, request: &SignedRequest, now: Timestamp) -> Answer {
        if !self.v2 {
            return Answer::new(404, "text/plain", "not found");
        }
        let ttl = request.header(TTL_HEADER).and_then(|text| text.trim().parse::<i64>().ok());
        let Some(ttl) = ttl.filter(|seconds| (1..=LONGEST_TTL).contains(seconds)) else {
            return Answer::new(400, "text/plain", format!("{TTL_HEADER} has to be 1 to {LONGEST_TTL}"));
        };
        self.tokens.retain(|_, end| now < *end);
        let token = identifier::metadata_token();
        self.tokens.insert(token.clone(), later_by_seconds(now, ttl));
        Answer::new(200, "text/plain", token)
    }

    /// Says no to a wrong token, and to none where version 1 is switched off.
    fn token_refusal(&self, request: &SignedRequest, now: Timestamp) -> Option<Answer> {
        match request.header(TOKEN_HEADER) {
            Some(token) if self.tokens.get(token).is_some_and(|end| now < *end) => None,
            Some(_) => Some(Answer::new(401, "text/plain", "the metadata token is unknown or expired")),
            None if self.v1 => None,
            None => Some(Answer::new(403, "text/plain", "a metadata token is mandatory")),
        }
    }
}

/// Answers one request.
pub(crate) fn answer(stage: &Stage, request: &SignedRequest) -> Answer {
    let now = stage.now();
    let mut world = stage.world();
    if request.method == Method::PUT && request.path == TOKEN_PATH {
        let answer = world.metadata.issue_token(request, now);
        world.counters.metadata.tokens += u64::from(answer.status == 200);
        return answer;
    }
    let Some(rest) = request.path.strip_prefix(ROLE_PATH).filter(|_| request.method == Method::GET) else {
        return Answer::new(404, "text/plain", "not found");
    };
    if let Some(refusal) = world.metadata.token_refusal(request, now) {
        return refusal;
    }
    match (world.metadata.role.clone(), rest.trim_matches('/')) {
        (Some(role), "") => {
            world.counters.metadata.roles += 1;
            Answer::new(200, "text/plain", role)
        }
        (Some(role), asked) if role == asked => credentials(&mut world, now),
        _ => Answer::new(404, "text/plain", "not found"),
    }
}

fn credentials(world: &mut World, now: Timestamp) -> Answer {
    world.counters.metadata.credentials += 1;
    let World { metadata, account, .. } = world;
    if let Some(body) = &metadata.raw_body {
        return Answer::new(200, "application/json", body.clone());
    }
    if metadata.code != "Success" {
        return Answer::new(200, "application/json", json!({"Code": metadata.code}).to_string());
    }
    let identity = metadata.identity(account, now);
    let key = account.get(&identity.id).expect("an identity is a key of the account");
    let value = json!({
        "AccessKeyId": identity.id,
        "AccessKeySecret": &*key.secret,
        "SecurityToken": key.token.as_deref(),
        "Expiration": api_date(identity.expires),
        "LastUpdated": api_date(identity.issued),
        "Code": "Success",
    });
    Answer::new(200, "application/json", value.to_string())
}
