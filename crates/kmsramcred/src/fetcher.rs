//! One client's way to a secret's value: its sources, its signatures, its gateways, put together from the Config.

mod prepared;
mod sources;

use crate::cache::{Entry, Ticket};
use crate::clock::{Clock, Deadline, Moment};
use crate::config::{Config, Endpoint, GatewaySettings, Proxy, Signature};
use crate::error::Error;
use crate::exchange::{Exchange, Question};
use crate::fork;
use crate::gateway::{Dedicated, FetchParts, Gateway, OpenApi, Patience, Protocol, fetch};
use crate::secret_value::{self, SecretValue};
use crate::sign::{Call, Scheme, openapi_request};
use crate::source::{FixedSource, Source};
use crate::stats::Counters;
use crate::transport::{HttpTransport, Resolver, TransportSettings};
pub(crate) use prepared::Prepared;
use sources::Workshop;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The longest time for a connection to a gateway, TLS handshake included.
const CONNECT: Duration = Duration::from_secs(2);

/// Fetches values. Each process has its own: connections and identities are never shared across a fork.
pub(crate) struct Fetcher {
    gateways: Vec<Gateway>,
    clock: Arc<dyn Clock>,
    transports: Vec<Arc<HttpTransport>>,
    closing: Arc<Closing>,
}

/// Tells a source that pauses that its client was closed.
#[derive(Default)]
struct Closing {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Closing {
    /// Pauses for a random time between these; answers `false` when the client was closed.
    fn pause(&self, least: Duration, most: Duration) -> bool {
        let wait = least + (most - least).mul_f64(fastrand::f64());
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |closed: &mut bool| !*closed;
        !*self.changed.wait_timeout_while(closed, wait, open).unwrap_or_else(PoisonError::into_inner).0
    }

    fn is_open(&self) -> bool {
        !*self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

impl Fetcher {
    /// Opens nothing. Fails when `prepared` has certificates that cannot be used.
    pub(crate) fn new(config: &Config, prepared: &Prepared, clock: Arc<dyn Clock>) -> Result<Fetcher, Error> {
        let resolver = Arc::new(Resolver::new(Arc::clone(&clock), Arc::new(fork::spawn)));
        let closing: Arc<Closing> = Arc::default();
        let mut transports = Vec::new();
        let mut transport =
            |tls, proxy: Option<&Proxy>, connect_timeout, answer_timeout| -> Result<Arc<dyn Exchange>, Error> {
                let (resolver, clock) = (Arc::clone(&resolver), Arc::clone(&clock));
                let proxy = proxy.cloned();
                let settings = TransportSettings { tls, proxy, connect_timeout, answer_timeout, resolver, clock };
                let transport = Arc::new(HttpTransport::new(settings)?);
                transports.push(Arc::clone(&transport));
                Ok(transport)
            };
        let user_agent = user_agent(config);
        let mut workshop = Workshop {
            config,
            clock: &clock,
            closing: &closing,
            user_agent: &user_agent,
            client_key: prepared.source_key.as_ref(),
            exchange: &mut transport,
        };
        let source = workshop.source(config.source.clone())?;
        let mut gateways = Vec::new();
        for ((gateway, trust), own_key) in config.gateways.iter().zip(&prepared.trust).zip(&prepared.gateway_keys) {
            let exchange = transport(trust.clone(), config.proxies.of(&gateway.endpoint), CONNECT, None)?;
            let Endpoint { authority, tls } = gateway.endpoint.clone();
            let (source, protocol): (Arc<dyn Source>, Box<dyn Protocol>) = match own_key {
                Some(key) => (
                    Arc::new(FixedSource::client_key(Arc::clone(key))),
                    Box::new(Dedicated::new(authority.clone(), tls, Arc::clone(key), user_agent.clone())),
                ),
                None => (Arc::clone(&source), Box::new(open_api(config, gateway))),
            };
            gateways.push(Gateway::new(authority, source, protocol, exchange));
        }
        Ok(Fetcher { gateways, clock, transports, closing })
    }

    /// The gateways, in the order of the configuration.
    pub(crate) fn gateways(&self) -> &[Gateway] {
        &self.gateways
    }

    /// Ends what is under way: pauses and exchanges. Nothing further begins.
    pub(crate) fn close(&self) {
        self.closing.close();
        for transport in &self.transports {
            transport.close();
        }
    }

    /// Fetches and reads the value of a secret before `deadline`.
    pub(crate) fn fetch(&self, name: &str, deadline: Deadline, progress: &Progress<'_>) -> Result<SecretValue, Error> {
        self.fetch_from(&self.gateways, name, deadline, progress)
    }

    /// The same from some of the gateways.
    pub(crate) fn fetch_from(
        &self,
        gateways: &[Gateway],
        name: &str,
        deadline: Deadline,
        patience: &dyn Patience,
    ) -> Result<SecretValue, Error> {
        let parts =
            FetchParts { gateways, clock: &*self.clock, nonce: &nonce, jitter: &|most| most.mul_f64(fastrand::f64()) };
        let answer = fetch(&parts, name, deadline, patience).map_err(|error| error.about_secret(name))?;
        secret_value::parse(&answer)
    }
}

fn open_api(config: &Config, gateway: &GatewaySettings) -> OpenApi {
    let scheme = match config.signature {
        Signature::Acs3 => Scheme::Acs3,
        Signature::RpcV1 => Scheme::RpcV1,
    };
    let user_agent = user_agent(config);
    let region_id = gateway.region_id.clone();
    let sign = move |question: &Question<'_>, identity: &_, unix_ms, nonce: &str| {
        let call = Call::of(question, Some(&region_id), &user_agent);
        openapi_request(scheme, &call, identity, unix_ms, nonce)
    };
    OpenApi::new(gateway.endpoint.authority.clone(), gateway.endpoint.tls, Box::new(sign))
}

fn user_agent(config: &Config) -> String {
    let own = concat!("kmsramcred/", env!("CARGO_PKG_VERSION"));
    config.user_agent.as_ref().map_or_else(|| own.to_owned(), |more| format!("{own} {more}"))
}

/// 128 bits that were never given before. Random sources in memory are copied by a fork, so process and moment go into a
/// hash whose key the operating system drew.
pub(crate) fn nonce() -> String {
    let half = |of: &str| RandomState::new().hash_one((of, std::process::id(), std::time::Instant::now()));
    format!("{:016x}{:016x}", half("first"), half("second"))
}

/// Ties a running fetch to those who wait for it.
pub(crate) struct Progress<'a> {
    entry: &'a Entry,
    ticket: &'a Ticket,
    counters: &'a Counters,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(entry: &'a Entry, ticket: &'a Ticket, counters: &'a Counters) -> Progress<'a> {
        Progress { entry, ticket, counters }
    }
}

impl Patience for Progress<'_> {
    fn pause(&self, until: Moment, at_least: Moment) -> bool {
        self.entry.pause(self.ticket, until, at_least)
    }

    fn earliest_waiter(&self) -> Option<Moment> {
        self.entry.earliest_waiter(self.ticket)
    }

    fn begins(&self, what: &str) {
        self.entry.note(self.ticket, Some(what.to_owned()), None);
    }

    fn request_sent(&self) {
        self.counters.kms_requests.count();
    }

    fn stumbled(&self, error: &Error) {
        self.entry.note(self.ticket, None, Some(error.clone().about_secret(self.entry.name())));
    }
}
