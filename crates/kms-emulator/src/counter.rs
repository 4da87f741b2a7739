//! Who asked for what, and how it ended.

use crate::gateway::Gateway;
use crate::stage::Place;
use serde::Serialize;
use std::collections::BTreeMap;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    /// Answered with an error that the emulator means.
    Refused,
    /// Spoilt by an injected fault or an outage.
    Faulted,
}

/// What is known of a request before its signature was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) action: Option<&'a str>,
    pub(crate) secret: Option<&'a str>,
    pub(crate) access_key_id: Option<&'a str>,
    pub(crate) client: &'a str,
}

#[derive(Debug, Default, Serialize)]
struct SecretCounter {
    requests: u64,
    ok: u64,
    failed: u64,
}

/// Counters of a gateway.
#[derive(Debug, Default, Serialize)]
pub(crate) struct KmsCounters {
    requests: u64,
    get_secret_value: u64,
    ok: u64,
    refused: u64,
    faulted: u64,
    by_secret: BTreeMap<String, SecretCounter>,
    by_caller: BTreeMap<String, u64>,
    by_client: BTreeMap<String, u64>,
}

/// Counters of the metadata endpoint.
#[derive(Debug, Default, Serialize)]
pub(crate) struct MetadataCounters {
    requests: u64,
    ok: u64,
    refused: u64,
    faulted: u64,
    pub(crate) tokens: u64,
    pub(crate) roles: u64,
    pub(crate) credentials: u64,
}

/// Counters of the STS endpoint.
#[derive(Debug, Default, Serialize)]
pub(crate) struct StsCounters {
    requests: u64,
    assume_role: u64,
    assume_role_with_oidc: u64,
    ok: u64,
    refused: u64,
    faulted: u64,
    by_caller: BTreeMap<String, u64>,
}

/// Counters of the credentials URI.
#[derive(Debug, Default, Serialize)]
pub(crate) struct UriCounters {
    requests: u64,
    ok: u64,
    refused: u64,
    faulted: u64,
}

#[derive(Debug, Default, Serialize)]
struct KeyCounter {
    ok: u64,
    refused: u64,
}

/// Counters of one service, or of OSS.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ServiceCounters {
    requests: u64,
    ok: u64,
    refused: u64,
    faulted: u64,
    by_key: BTreeMap<String, KeyCounter>,
    by_client: BTreeMap<String, u64>,
}

/// All counters, as `GET /counters` shows them.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counters {
    pub(crate) kms: KmsCounters,
    pub(crate) dedicated: KmsCounters,
    pub(crate) metadata: MetadataCounters,
    pub(crate) sts: StsCounters,
    pub(crate) credentials_uri: UriCounters,
    pub(crate) oss: ServiceCounters,
    pub(crate) services: BTreeMap<String, ServiceCounters>,
    pub(crate) rotations: u64,
}

/// The entry of `name`; the common case, that it is there, allocates nothing.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("inserted above")
}

fn conclude(outcome: Outcome, ok: &mut u64, refused: &mut u64, faulted: &mut u64) {
    *match outcome {
        Outcome::Ok => ok,
        Outcome::Refused => refused,
        Outcome::Faulted => faulted,
    } += 1;
}

impl KmsCounters {
    fn arrive(&mut self, sight: Sight) {
        self.requests += 1;
        self.get_secret_value += u64::from(sight.action == Some("GetSecretValue"));
        if let Some(secret) = sight.secret {
            entry(&mut self.by_secret, secret).requests += 1;
        }
        if let Some(id) = sight.access_key_id {
            *entry(&mut self.by_caller, id) += 1;
        }
        *entry(&mut self.by_client, sight.client) += 1;
    }

    fn conclude(&mut self, sight: Sight, outcome: Outcome) {
        conclude(outcome, &mut self.ok, &mut self.refused, &mut self.faulted);
        if let Some(secret) = sight.secret {
            let counter = entry(&mut self.by_secret, secret);
            *(if outcome == Outcome::Ok { &mut counter.ok } else { &mut counter.failed }) += 1;
        }
    }
}

impl StsCounters {
    fn arrive(&mut self, sight: Sight) {
        self.requests += 1;
        self.assume_role += u64::from(sight.action == Some("AssumeRole"));
        self.assume_role_with_oidc += u64::from(sight.action == Some("AssumeRoleWithOIDC"));
        if let Some(id) = sight.access_key_id {
            *entry(&mut self.by_caller, id) += 1;
        }
    }
}

impl ServiceCounters {
    fn arrive(&mut self, sight: Sight) {
        self.requests += 1;
        *entry(&mut self.by_client, sight.client) += 1;
    }

    fn conclude(&mut self, sight: Sight, outcome: Outcome) {
        conclude(outcome, &mut self.ok, &mut self.refused, &mut self.faulted);
        if let Some(id) = sight.access_key_id {
            let counter = entry(&mut self.by_key, id);
            counter.ok += u64::from(outcome == Outcome::Ok);
            counter.refused += u64::from(outcome == Outcome::Refused);
        }
    }
}

impl Counters {
    /// All zero, with an entry for each service.
    pub(crate) fn with_services<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        Self { services: names.map(|name| (name.clone(), ServiceCounters::default())).collect(), ..Self::default() }
    }

    fn gateway(&mut self, gateway: Gateway) -> &mut KmsCounters {
        match gateway {
            Gateway::Shared => &mut self.kms,
            Gateway::Dedicated => &mut self.dedicated,
        }
    }

    /// A request was read.
    pub(crate) fn arrive(&mut self, place: &Place, sight: Sight) {
        match place {
            Place::Kms(gateway) => self.gateway(*gateway).arrive(sight),
            Place::Metadata => self.metadata.requests += 1,
            Place::Sts => self.sts.arrive(sight),
            Place::CredentialsUri => self.credentials_uri.requests += 1,
            Place::Oss => self.oss.arrive(sight),
            Place::Service(name) => entry(&mut self.services, name).arrive(sight),
        }
    }

    /// A request was answered, or given up.
    pub(crate) fn conclude(&mut self, place: &Place, sight: Sight, outcome: Outcome) {
        match place {
            Place::Kms(gateway) => self.gateway(*gateway).conclude(sight, outcome),
            Place::Metadata => {
                let metadata = &mut self.metadata;
                conclude(outcome, &mut metadata.ok, &mut metadata.refused, &mut metadata.faulted);
            }
            Place::Sts => conclude(outcome, &mut self.sts.ok, &mut self.sts.refused, &mut self.sts.faulted),
            Place::CredentialsUri => {
                let uri = &mut self.credentials_uri;
                conclude(outcome, &mut uri.ok, &mut uri.refused, &mut uri.faulted);
            }
            Place::Oss => self.oss.conclude(sight, outcome),
            Place::Service(name) => entry(&mut self.services, name).conclude(sight, outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_counts_when_it_arrives_and_again_when_it_ends() {
        let sight =
            Sight { action: Some("GetSecretValue"), secret: Some("n"), access_key_id: Some("id"), client: "test" };
        let mut counters = Counters::default();
        counters.arrive(&Place::Kms(Gateway::Shared), sight);
        counters.conclude(&Place::Kms(Gateway::Shared), sight, Outcome::Ok);
        counters.arrive(&Place::Kms(Gateway::Shared), sight);
        counters.conclude(&Place::Kms(Gateway::Shared), sight, Outcome::Faulted);
        let shown = serde_json::to_value(&counters).unwrap();
        assert_eq!(shown["kms"]["get_secret_value"], 2);
        assert_eq!(shown["kms"]["by_secret"]["n"], json!({"requests": 2, "ok": 1, "failed": 1}));
        assert_eq!(shown["kms"]["by_caller"]["id"], 2);
        assert_eq!(shown["kms"]["by_client"]["test"], 2);
        counters.arrive(&Place::Kms(Gateway::Dedicated), sight);
        let shown = serde_json::to_value(&counters).unwrap();
        assert_eq!((&shown["kms"]["requests"], &shown["dedicated"]["requests"]), (&json!(2), &json!(1)));
    }
}
