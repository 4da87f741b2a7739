//! Rotation of a managed RAM secret: a new key, and a timeline for it and the old one.

use crate::account::{Account, Key, Owner};
use crate::clock::{api_date, later, later_by_seconds};
use crate::identifier;
use crate::objection::Objection;
use crate::payload::Payload;
use crate::secret::{Secret, Version, seconds};
use jiff::Timestamp;
use serde::Deserialize;

/// What becomes of the key that is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Old {
    Dead,
    Alive,
    Overlap,
}

/// What `POST /secrets/{name}/rotate` takes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RotationOrder {
    /// Until services accept the new key.
    lag_ms: u32,
    /// Until the old key dies.
    overlap_ms: u32,
    old: Option<Old>,
    /// Until KMS serves the new value.
    kms_lag_ms: u32,
    user_name: Option<String>,
}

/// Adds a version with a new key and sets the end of the old one.
pub(crate) fn rotate(
    secret: &mut Secret,
    account: &mut Account,
    order: RotationOrder,
    now: Timestamp,
) -> Result<(), Objection> {
    match order.old {
        Some(Old::Alive) if order.overlap_ms > 0 => {
            return Err(Objection::new("old is alive, so overlap_ms has no meaning: leave one of them out"));
        }
        Some(Old::Overlap) if order.overlap_ms == 0 => {
            return Err(Objection::new("old is overlap, so overlap_ms has to be greater than 0"));
        }
        _ => {}
    }
    let replaced = secret.newest().clone();
    let (id, key_secret) = (identifier::access_key_id(), identifier::access_key_secret());
    let old_key = replaced.access_key_id.as_deref().and_then(|old| account.get_mut(old));
    let token = old_key.as_ref().and_then(|key| key.token.as_ref()).map(|_| identifier::security_token());
    if let Some(key) = old_key.filter(|_| order.old != Some(Old::Alive)) {
        key.dead_from = Some(later(now, order.overlap_ms.into()));
    }
    let usable_from = later(now, order.lag_ms.into());
    account.put(&id, Key::new(&key_secret, token.as_deref(), Owner::Secret(secret.name.clone()), usable_from));
    let generated = secret.stamped.then(|| api_date(now));
    let payload = Payload {
        id: &id,
        secret: &key_secret,
        token: token.as_deref(),
        generated: generated.as_deref(),
        expires: secret.expire_seconds.map(|seconds| later_by_seconds(now, seconds)),
    };
    let data = payload.text();
    if order.user_name.is_some() {
        secret.extended_config = None;
    }
    secret.versions.push(Version {
        id: identifier::uuid(),
        access_key_id: Some(id),
        data,
        user_name: order.user_name.unwrap_or(replaced.user_name),
        served_from: later(now, order.kms_lag_ms.into()),
        last_rotation: now,
        next_rotation: later_by_seconds(now, seconds(&secret.interval)),
    });
    secret.rotations += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Standing;
    use crate::gateway::Gateway;
    use serde_json::{Value, json};

    const START: Timestamp = Timestamp::constant(1_700_000_000, 0);

    struct Drill {
        account: Account,
        secret: Secret,
        first: String,
    }

    impl Drill {
        fn new(order: Value) -> Self {
            let mut account = Account::default();
            let secret = Secret::create(serde_json::from_value(order).unwrap(), &mut account, START).ok().unwrap();
            let first = secret.newest().access_key_id.clone().unwrap();
            Self { account, secret, first }
        }

        fn rotate(&mut self, order: Value, after_ms: i64) -> Result<String, Objection> {
            let order = serde_json::from_value(order).unwrap();
            rotate(&mut self.secret, &mut self.account, order, later(START, after_ms))?;
            Ok(self.secret.newest().access_key_id.clone().unwrap())
        }

        fn standing(&self, id: &str, after_ms: i64) -> Standing {
            self.account.get(id).unwrap().standing(later(START, after_ms))
        }

        fn served(&self, after_ms: i64) -> Value {
            let value = self.secret.value(Gateway::Shared, "ACSCurrent", true, later(START, after_ms)).unwrap();
            serde_json::from_str(value["SecretData"].as_str().unwrap()).unwrap()
        }
    }

    #[test]
    fn by_default_everything_happens_at_once() {
        let mut drill = Drill::new(json!({"name": "n"}));
        let second = drill.rotate(json!({}), 0).ok().unwrap();
        assert_eq!(drill.standing(&drill.first, 0), Standing::Gone);
        assert_eq!(drill.standing(&second, 0), Standing::Alive);
        assert_eq!(drill.served(0)["AccessKeyId"], second.as_str());
        assert_eq!(drill.served(0)["GenerateTimestamp"], api_date(START));
    }

    #[test]
    fn lag_and_overlap_leave_a_gap_or_a_bridge() {
        let mut drill = Drill::new(json!({"name": "n"}));
        let order = json!({"lag_ms": 500, "overlap_ms": 800, "old": "overlap", "kms_lag_ms": 200});
        let second = drill.rotate(order, 1000).ok().unwrap();
        let first = drill.first.clone();
        assert_eq!([drill.standing(&first, 1799), drill.standing(&first, 1800)], [Standing::Alive, Standing::Gone]);
        assert_eq!(
            [drill.standing(&second, 1499), drill.standing(&second, 1500)],
            [Standing::Spreading, Standing::Alive]
        );
        assert_eq!(drill.served(1199)["AccessKeyId"], first.as_str());
        assert_eq!(drill.served(1200)["AccessKeyId"], second.as_str());
    }

    #[test]
    fn a_key_left_alive_outlives_later_rotations() {
        let mut drill = Drill::new(json!({"name": "n"}));
        let second = drill.rotate(json!({"old": "alive"}), 0).ok().unwrap();
        let third = drill.rotate(json!({"old": "dead"}), 1).ok().unwrap();
        let first = drill.first.clone();
        let standings = [&first, &second, &third].map(|id| drill.standing(id, 10));
        assert_eq!(standings, [Standing::Alive, Standing::Gone, Standing::Alive]);
    }

    #[test]
    fn orders_that_contradict_themselves_are_refused() {
        let mut drill = Drill::new(json!({"name": "n"}));
        assert!(drill.rotate(json!({"old": "alive", "overlap_ms": 1}), 0).is_err());
        assert!(drill.rotate(json!({"old": "overlap"}), 0).is_err());
        assert_eq!(drill.secret.rotations, 0);
    }

    #[test]
    fn a_lagging_gateway_serves_the_version_before() {
        let mut drill = Drill::new(json!({"name": "n", "security_token": "t"}));
        drill.rotate(json!({"user_name": "other"}), 0).ok().unwrap();
        assert_ne!(drill.served(0)["SecurityToken"], "t");
        drill.secret.serving[Gateway::Shared] = crate::secret::Serving::Previous;
        assert_eq!(drill.served(0)["AccessKeyId"], drill.first.as_str());
        assert_eq!(drill.served(0)["SecurityToken"], "t");
    }
}
