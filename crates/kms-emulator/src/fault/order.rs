//! What somebody asks to go wrong.

use crate::objection::Objection;
use serde::{Deserialize, Serialize};

/// Words that an order may hold, and the list of all of them, which whoever walks through them reads.
macro_rules! words {
    ($(#[$of:meta])* $name:ident { $($(#[$what:meta])* $word:ident,)+ }) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$what])* $word,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$word,)+];
        }
    };
}

words! {
    /// The kind of endpoint that a fault sits at. Serialized, it is the word of the control API.
    At {
        /// The shared gateway.
        Kms,
        /// The KMS instance.
        Dedicated,
        /// The ECS metadata service.
        Metadata,
        /// STS.
        Sts,
        /// The credentials URI.
        CredentialsUri,
        /// OSS.
        Oss,
        /// An RPC or ROA service.
        Service,
    }
}

impl At {
    /// The route that takes a place of this kind down as a whole, for those that have one.
    pub fn outage_route(self) -> Option<&'static str> {
        match self {
            At::Kms => Some("/kms"),
            At::Dedicated => Some("/dedicated"),
            At::Metadata | At::Sts | At::CredentialsUri | At::Oss | At::Service => None,
        }
    }
}

words! {
    /// What goes wrong. Serialized, it is the word of the control API, whose help describes each.
    Kind {
        /// An error answer.
        Status,
        /// Too many requests.
        Throttle,
        /// The right answer, late.
        Delay,
        /// No answer.
        Hang,
        /// A TCP reset.
        Reset,
        /// Half of the right answer.
        Truncate,
        /// A page of a proxy.
        Html,
        /// A body on order.
        Body,
        /// A clock that is off.
        Clock,
        /// A redirect.
        Redirect,
        /// An answer without end.
        Huge,
        /// The right answer one byte at a time.
        SlowBody,
    }
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
