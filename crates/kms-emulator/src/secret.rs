//! Secrets that KMS serves: their versions, and the JSON that GetSecretValue answers with.

use crate::account::{Account, Key, Owner};
use crate::clock::{api_date, later_by_seconds};
use crate::gateway::{Gateway, Gateways};
use crate::identifier;
use crate::objection::Objection;
use crate::payload::{Payload, pair_in};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// The region and account that made-up ARNs carry.
const ARN_PREFIX: &str = "acs:kms:cn-hangzhou:1000000000000001:secret/";
const THIRTY_DAYS: i64 = 30 * 24 * 3600;
const DEFAULT_INTERVAL: &str = "604800s";

/// What `POST /secrets` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    pub(crate) name: String,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
    user_name: Option<String>,
    #[serde(default = "auto")]
    generate_timestamp: String,
    created_seconds_ago: Option<i64>,
    rotation_interval: Option<String>,
    next_rotation_seconds: Option<i64>,
    last_rotation_seconds_ago: Option<i64>,
    expire_seconds: Option<i64>,
    #[serde(default)]
    arn: bool,
    #[serde(rename = "type", default = "ram_credentials")]
    kind: String,
    secret_data: Option<String>,
    extended_config: Option<String>,
}

fn auto() -> String {
    "auto".to_owned()
}

fn ram_credentials() -> String {
    "RAMCredentials".to_owned()
}

/// One value of a secret.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) id: String,
    /// Absent when the payload is raw text that holds no AccessKey.
    pub(crate) access_key_id: Option<String>,
    pub(crate) data: String,
    pub(crate) user_name: String,
    pub(crate) served_from: Timestamp,
    pub(crate) last_rotation: Timestamp,
    pub(crate) next_rotation: Timestamp,
}

/// Whether a gateway is up to date.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Serving {
    #[default]
    Current,
    Previous,
}

/// A named secret with all its versions, oldest first.
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) versions: Vec<Version>,
    pub(crate) serving: Gateways<Serving>,
    pub(crate) rotations: u64,
    pub(crate) arn: bool,
    pub(crate) interval: String,
    pub(crate) stamped: bool,
    pub(crate) expire_seconds: Option<i64>,
    /// Raw override; dropped when a rotation names a new user.
    pub(crate) extended_config: Option<String>,
    created: Timestamp,
}

impl Secret {
    /// Makes the secret and its first key, which services know from the start.
    pub(crate) fn create(order: NewSecret, account: &mut Account, now: Timestamp) -> Result<Self, Objection> {
        let ago = |seconds: i64| later_by_seconds(now, seconds.saturating_neg());
        let created = ago(order.created_seconds_ago.unwrap_or(THIRTY_DAYS));
        let generated = match order.generate_timestamp.as_str() {
            "auto" => Some(api_date(created)),
            "none" => None,
            other if other.parse::<Timestamp>().is_ok() => Some(other.to_owned()),
            other => {
                return Err(Objection::invalid(
                    "generate_timestamp",
                    other,
                    "auto, none, or a date such as 2024-02-21T15:39:26Z",
                ));
            }
        };
        let interval = order.rotation_interval.unwrap_or_else(|| DEFAULT_INTERVAL.to_owned());
        let id = order.access_key_id.unwrap_or_else(identifier::access_key_id);
        let secret = order.access_key_secret.unwrap_or_else(identifier::access_key_secret);
        let token = order.security_token;
        let payload = Payload {
            id: &id,
            secret: &secret,
            token: token.as_deref(),
            generated: generated.as_deref(),
            expires: order.expire_seconds.map(|seconds| later_by_seconds(now, seconds)),
        };
        let pair = match &order.secret_data {
            None => Some((id.clone(), secret.clone(), token.clone())),
            Some(raw) => pair_in(raw),
        };
        let owner = Owner::Secret(order.name.clone());
        if let Some((id, secret, token)) = &pair {
            account.put(id, Key::new(secret, token.as_deref(), owner, created.min(now)));
        }
        let version = Version {
            id: identifier::uuid(),
            access_key_id: pair.map(|(id, _, _)| id),
            data: order.secret_data.unwrap_or_else(|| payload.text()),
            user_name: order.user_name.unwrap_or_else(|| format!("{}-user", order.name)),
            served_from: created.min(now),
            last_rotation: order.last_rotation_seconds_ago.map_or(created, ago),
            next_rotation: later_by_seconds(now, order.next_rotation_seconds.unwrap_or_else(|| seconds(&interval))),
        };
        Ok(Self {
            name: order.name,
            kind: order.kind,
            versions: vec![version],
            serving: Gateways::default(),
            rotations: 0,
            arn: order.arn,
            interval,
            stamped: generated.is_some(),
            expire_seconds: order.expire_seconds,
            extended_config: order.extended_config,
            created,
        })
    }

    /// The ARN under which another account would ask for it.
    pub(crate) fn arn(&self) -> Option<String> {
        self.arn.then(|| format!("{ARN_PREFIX}{}", self.name))
    }

    /// The newest version, whether KMS serves it yet or not.
    pub(crate) fn newest(&self) -> &Version {
        self.versions.last().expect("a secret has a version from the start")
    }

    /// Index of what a gateway takes for the current version at `now`.
    pub(crate) fn current(&self, gateway: Gateway, now: Timestamp) -> usize {
        let newest = self.versions.iter().rposition(|version| version.served_from <= now).unwrap_or(0);
        if self.serving[gateway] == Serving::Previous { newest.saturating_sub(1) } else { newest }
    }

    /// The answer of GetSecretValue for a stage; none when the stage does not exist.
    pub(crate) fn value(&self, gateway: Gateway, stage: &str, extended: bool, now: Timestamp) -> Option<Value> {
        let current = self.current(gateway, now);
        let index = match stage {
            "ACSCurrent" => Some(current),
            "ACSPrevious" => current.checked_sub(1),
            _ => None,
        }?;
        let version = &self.versions[index];
        let mut value = json!({
            "SecretName": self.name,
            "SecretType": self.kind,
            "SecretData": version.data,
            "SecretDataType": "text",
            "VersionId": version.id,
            "VersionStages": {"VersionStage": [stage]},
            "CreateTime": api_date(self.created),
        });
        if self.kind != "Generic" {
            value["AutomaticRotation"] = "Enabled".into();
            value["RotationInterval"] = self.interval.as_str().into();
            value["NextRotationDate"] = api_date(version.next_rotation).into();
            value["LastRotationDate"] = api_date(version.last_rotation).into();
            if extended {
                value["ExtendedConfig"] = self.extended_config(version).into();
            }
        }
        Some(value)
    }

    fn extended_config(&self, version: &Version) -> String {
        let made = || json!({"SecretSubType": "RamUserAccessKey", "UserName": version.user_name}).to_string();
        self.extended_config.clone().unwrap_or_else(made)
    }
}

/// Seconds in an interval such as `604800s`; seven days when it is anything else.
pub(crate) fn seconds(interval: &str) -> i64 {
    interval.strip_suffix('s').and_then(|number| number.parse().ok()).unwrap_or(7 * 24 * 3600)
}

/// The plain name behind a name or ARN.
pub(crate) fn plain_name(name: &str) -> &str {
    if !name.starts_with("acs:kms:") {
        return name;
    }
    name.splitn(5, ':').nth(4).and_then(|rest| rest.strip_prefix("secret/")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(order: Value) -> Secret {
        let order = serde_json::from_value(order).unwrap();
        Secret::create(order, &mut Account::default(), "2024-03-01T00:00:00Z".parse().unwrap()).ok().unwrap()
    }

    #[test]
    fn a_plain_secret_looks_thirty_days_old() {
        let secret = secret(json!({"name": "n"}));
        let value = secret.value(Gateway::Shared, "ACSCurrent", true, "2024-03-01T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(value["LastRotationDate"], "2024-01-31T00:00:00Z");
        assert_eq!(value["NextRotationDate"], "2024-03-08T00:00:00Z");
        assert_eq!(value["VersionStages"]["VersionStage"][0], "ACSCurrent");
        let data: Value = serde_json::from_str(value["SecretData"].as_str().unwrap()).unwrap();
        assert_eq!(data["GenerateTimestamp"], "2024-01-31T00:00:00Z");
        let config: Value = serde_json::from_str(value["ExtendedConfig"].as_str().unwrap()).unwrap();
        assert_eq!(config["SecretSubType"], "RamUserAccessKey");
        assert!(secret.value(Gateway::Shared, "ACSPrevious", false, Timestamp::MAX).is_none());
    }

    #[test]
    fn dates_and_payload_can_be_chosen() {
        let order = json!({"name": "n", "created_seconds_ago": 5, "generate_timestamp": "none", "expire_seconds": 60,
            "next_rotation_seconds": -1, "last_rotation_seconds_ago": 10, "rotation_interval": "86400s"});
        let value =
            secret(order).value(Gateway::Shared, "ACSCurrent", false, "2024-03-01T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(value["LastRotationDate"], "2024-02-29T23:59:50Z");
        assert_eq!(value["NextRotationDate"], "2024-02-29T23:59:59Z");
        let data: Value = serde_json::from_str(value["SecretData"].as_str().unwrap()).unwrap();
        assert_eq!(data.get("GenerateTimestamp"), None);
        assert_eq!(data["ExpireTimestamp"], "2024-03-01T00:01:00Z");
        assert_eq!(value.get("ExtendedConfig"), None);
    }

    #[test]
    fn raw_text_that_holds_a_pair_makes_that_key_live() {
        let mut account = Account::default();
        let raw = r#"{"AccessKeyId":"id","AccessKeySecret":"s","Extra":[1]}"#;
        let order = serde_json::from_value(json!({"name": "n", "secret_data": raw})).unwrap();
        let secret = Secret::create(order, &mut account, Timestamp::UNIX_EPOCH).ok().unwrap();
        assert_eq!(secret.newest().access_key_id.as_deref(), Some("id"));
        assert!(account.get("id").is_some());
    }

    #[test]
    fn names_and_arns_lead_to_the_same_secret() {
        assert_eq!(plain_name("acs:kms:r:1:secret/a/b"), "a/b");
        assert_eq!(plain_name("a:b"), "a:b");
        assert_eq!(plain_name("acs:kms:r:1:key/a"), "acs:kms:r:1:key/a");
    }
}
