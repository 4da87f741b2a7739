//! Stage 4 of 8: a signed request becomes the bytes of an answer.
//!
//! In goes an [`HttpRequest`] that is ready byte for byte and the deadline that bounds everything: looking the name up,
//! connecting, the TLS handshake, sending, and reading to the last byte. Out comes an [`HttpResponse`] of any status, or
//! an error that names the host and the cause. This stage must not know what the bytes mean: no signature, no KMS, no
//! retry.
//!
//! All state (connections, trusted certificates, looked-up names, the look-up thread) lives inside these objects, so that
//! a forked child can leave the parent's behind and build its own.

mod body;
mod failure;
mod handshake;
mod log_level;
mod lookup_table;
pub mod resolver;
mod system_store;
pub mod tls;

pub use resolver::{Lookup, Resolver, Spawn};
pub use tls::TlsTrust;

use crate::clock::{Clock, Deadline};
use crate::config::Proxy;
use crate::error::{Error, ErrorKind};
use crate::exchange::{Exchange, HttpRequest, HttpResponse};
use failure::Attempt;
use handshake::TlsConnector;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use ureq::config::AutoHeaderValue;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector, TcpConnector};
use ureq::{Agent, http};

/// An answer with more header bytes than this is an error.
const HEADER_LIMIT: usize = 64 * 1024;

/// What one transport is made of. Gateways that trust different certificates need different transports.
pub struct TransportSettings {
    /// Which certificates are trusted.
    pub tls: TlsTrust,
    /// The proxy to go through.
    pub proxy: Option<Proxy>,
    /// The longest time for connecting, TLS handshake included.
    pub connect_timeout: Duration,
    /// The longest time from the last byte of the request to the end of the answer's headers, where it is shorter than
    /// the deadline.
    pub answer_timeout: Option<Duration>,
    /// Looks names up; shared by all transports of one client.
    pub resolver: Arc<Resolver>,
    /// The clock of the deadlines.
    pub clock: Arc<dyn Clock>,
}

/// Sends requests over HTTP/1.1 and keeps connections for the next ones.
///
/// It never follows a redirect, goes through no proxy but the one it is given, asks for no compression, and starts no thread.
pub struct HttpTransport {
    agent: Agent,
    /// The proxy, as it may be shown.
    proxy: Option<String>,
    connect_timeout: Duration,
    answer_timeout: Option<Duration>,
    clock: Arc<dyn Clock>,
}

impl HttpTransport {
    /// A transport; opens nothing yet. Fails when `tls` names certificates that cannot be used.
    pub fn new(settings: TransportSettings) -> Result<HttpTransport, Error> {
        settings.tls.check()?;
        let proxy = settings.proxy.as_ref().map(|proxy| ureq::Proxy::new(proxy.url())).transpose().map_err(|_| {
            let shown = settings.proxy.as_ref().map_or("", Proxy::shown);
            Error::new(ErrorKind::ConfigInvalid, format!("The proxy {shown} cannot be used: it is no URL of a proxy."))
        })?;
        let config = Agent::config_builder()
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEADER_LIMIT)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding("identity")
            .timeout_connect(Some(settings.connect_timeout))
            .timeout_recv_response(settings.answer_timeout)
            .build();
        let connector =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(TlsConnector::new(settings.tls));
        Ok(HttpTransport {
            agent: Agent::with_parts(config, connector, resolver::ForUreq(settings.resolver)),
            proxy: settings.proxy.map(|proxy| proxy.shown().to_owned()),
            connect_timeout: settings.connect_timeout,
            answer_timeout: settings.answer_timeout,
            clock: settings.clock,
        })
    }

    /// Ends the exchanges that are under way on other threads, and lets no further ones begin.
    pub fn close(&self) {
        self.agent.clone().shutdown();
    }

    fn send(&self, request: &HttpRequest, budget: Duration) -> Result<HttpResponse, ureq::Error> {
        let scheme = if request.tls { "https" } else { "http" };
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(format!("{scheme}://{}{}", request.authority, request.target))
            .header("host", &request.authority);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let response = if request.method == "GET" && request.body.is_empty() {
            self.run(builder.body(())?, budget)?
        } else {
            self.run(builder.body(request.body.as_slice())?, budget)?
        };
        let (head, body) = response.into_parts();
        Ok(HttpResponse {
            status: head.status.as_u16(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            body: body::read(body, request.body_limit)?,
        })
    }

    fn run<B: ureq::AsSendBody>(
        &self,
        request: http::Request<B>,
        budget: Duration,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let request = self.agent.configure_request(request).timeout_global(Some(budget)).build();
        self.agent.run(request)
    }
}

impl Exchange for HttpTransport {
    fn exchange(&self, request: &HttpRequest, deadline: Deadline) -> Result<HttpResponse, Error> {
        let budget = deadline.rest(self.clock.now());
        let attempt = Attempt {
            authority: &request.authority,
            proxy: self.proxy.as_deref(),
            budget,
            connect_timeout: self.connect_timeout.min(budget),
            answer_timeout: self.answer_timeout.map_or(budget, |limit| limit.min(budget)),
        };
        if budget.is_zero() {
            let message = format!("The budget was over before {} could be asked.", request.authority);
            return Err(Error::new(ErrorKind::Timeout, message));
        }
        log_level::keep_bytes_out();
        self.send(request, budget).map_err(|error| attempt.explain(error))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").field("connect_timeout", &self.connect_timeout).finish_non_exhaustive()
    }
}
