//! One place that answers GetSecretValue: who asks there, in which protocol, and what was learned about it.

use super::Answer;
use super::fault::Fault;
use super::health::{Findings, Health};
use crate::clock::{Deadline, Moment};
use crate::error::Error;
use crate::exchange::{Exchange, HttpRequest, HttpResponse};
use crate::source::{Identity, Source};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How a gateway is spoken to: a question as a signed request, and the answer read.
pub trait Protocol: Send + Sync {
    /// The signed request for a secret, dated `unix_ms` in milliseconds since 1970.
    fn request(&self, secret_name: &str, identity: &Identity, unix_ms: i64, nonce: &str) -> HttpRequest;

    /// Reads the answer to `request`. No text of it that repeats something confidential comes out.
    fn read(
        &self,
        secret_name: &str,
        request: &HttpRequest,
        identity: &Identity,
        response: &HttpResponse,
    ) -> Result<Answer, Fault>;
}

/// One gateway. Safe to use from many threads; never shared across a fork.
pub struct Gateway {
    name: String,
    source: Arc<dyn Source>,
    protocol: Box<dyn Protocol>,
    exchange: Arc<dyn Exchange>,
    /// What has to be added to this machine's calendar to get the gateway's.
    clock_offset_ms: AtomicI64,
    health: Health,
}

impl Gateway {
    /// A gateway that errors and `explain` call `name`: its host, with the port where it is not the usual one. `source`
    /// gives the identity that it knows, and `exchange` trusts what it may show.
    pub fn new(
        name: String,
        source: Arc<dyn Source>,
        protocol: Box<dyn Protocol>,
        exchange: Arc<dyn Exchange>,
    ) -> Gateway {
        Gateway { name, source, protocol, exchange, clock_offset_ms: AtomicI64::new(0), health: Health::default() }
    }

    /// What errors and `explain` call this gateway.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the identity that asks here comes from.
    pub fn source(&self) -> &Arc<dyn Source> {
        &self.source
    }

    pub(super) fn health(&self) -> &Health {
        &self.health
    }

    /// What is known of its health.
    pub fn findings(&self, now: Moment) -> Findings {
        self.health.findings(now)
    }

    /// What is added to this machine's calendar when a request to this gateway is signed.
    pub fn clock_offset_ms(&self) -> i64 {
        self.clock_offset_ms.load(Ordering::Relaxed)
    }

    pub(super) fn set_clock_offset_ms(&self, offset: i64) {
        self.clock_offset_ms.store(offset, Ordering::Relaxed);
    }

    /// The signed request for a secret.
    pub(super) fn request(&self, secret_name: &str, identity: &Identity, unix_ms: i64, nonce: &str) -> HttpRequest {
        self.protocol.request(secret_name, identity, unix_ms.saturating_add(self.clock_offset_ms()), nonce)
    }

    /// Whether anything answers here, and with which HTTP status: an empty request goes the way of every other, with no
    /// name, no signature and nothing of `identity` in it.
    pub fn reach(&self, identity: &Identity, deadline: Deadline) -> Result<u16, Error> {
        let question = self.protocol.request("", identity, 0, "");
        let request = HttpRequest {
            method: "GET",
            tls: question.tls,
            authority: question.authority.clone(),
            target: "/".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            body_limit: question.body_limit,
        };
        self.exchange.exchange(&request, deadline).map(|response| response.status)
    }

    /// Sends a request and reads what comes back.
    pub(super) fn ask(
        &self,
        secret_name: &str,
        request: &HttpRequest,
        identity: &Identity,
        deadline: Deadline,
    ) -> Result<Answer, Fault> {
        let response = self.exchange.exchange(request, deadline).map_err(Fault::without_answer)?;
        self.protocol.read(secret_name, request, identity, &response)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("name", &self.name).field("source", &self.source.name()).finish_non_exhaustive()
    }
}
