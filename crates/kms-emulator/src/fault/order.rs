//! What somebody asks to go wrong.

use crate::objection::Objection;
use serde::{Deserialize, Serialize};

/// The kind of endpoint that a fault sits at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum At {
    Kms,
    Dedicated,
    Metadata,
    Sts,
    CredentialsUri,
    Oss,
    Service,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Status,
    Throttle,
    Delay,
    Hang,
    Reset,
    Truncate,
    Html,
    Body,
    Clock,
    Redirect,
    Huge,
    SlowBody,
}

/// What `POST /faults` takes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultOrder {
    pub(crate) at: At,
    pub(crate) kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clock_offset_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) for_ms: Option<u32>,
}

impl FaultOrder {
    /// Objects to fields that are missing or make no sense together.
    pub(super) fn check(&self) -> Result<(), Objection> {
        let needs = |field: &str| Objection::new(format!("a fault of this kind needs {field}"));
        match self.kind {
            Kind::Delay if self.delay_ms.is_none() => return Err(needs("delay_ms")),
            Kind::Body if self.body.is_none() => return Err(needs("body")),
            Kind::Clock if self.clock_offset_seconds.is_none() => return Err(needs("clock_offset_seconds")),
            _ => {}
        }
        if self.secret.is_some() && !matches!(self.at, At::Kms | At::Dedicated) {
            return Err(Objection::new("secret picks requests at kms and dedicated only"));
        }
        if self.service.is_some() && self.at != At::Service {
            return Err(Objection::new("service picks requests at service only"));
        }
        match self.status {
            Some(status) if !(200..=599).contains(&status) => {
                Err(Objection::invalid("status", &status.to_string(), "200 to 599"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn hits(&self, target: &Target) -> bool {
        self.at == target.at
            && self.service.as_deref().is_none_or(|name| target.service == Some(name))
            && self.secret.as_deref().is_none_or(|name| target.secret == Some(name))
    }
}

/// Where a request goes, as far as faults care.
pub(crate) struct Target<'a> {
    pub(crate) at: At,
    pub(crate) service: Option<&'a str>,
    pub(crate) secret: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn orders_that_cannot_work_are_refused() {
        for value in [
            json!({"at": "kms", "kind": "delay"}),
            json!({"at": "kms", "kind": "body"}),
            json!({"at": "kms", "kind": "clock"}),
            json!({"at": "kms", "kind": "reset", "service": "s"}),
            json!({"at": "service", "kind": "reset", "secret": "s"}),
            json!({"at": "kms", "kind": "status", "status": 99}),
        ] {
            let order: FaultOrder = serde_json::from_value(value.clone()).unwrap();
            assert!(order.check().is_err(), "{value}");
        }
    }
}
