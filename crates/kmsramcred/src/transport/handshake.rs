//! The TLS layer under HTTP: one rustls configuration a transport, made at the first encrypted connection.
//!
//! ureq has a connector of its own, but builds its configuration, with all the system's certificates, anew for every
//! connection of a request that has its own deadline. All of ours do.

use super::tls::TlsTrust;
use once_cell::sync::OnceCell;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

/// Wraps connections to `https` addresses in TLS.
pub(super) struct TlsConnector {
    trust: TlsTrust,
    config: OnceCell<Arc<ClientConfig>>,
}

impl TlsConnector {
    pub(super) fn new(trust: TlsTrust) -> TlsConnector {
        TlsConnector { trust, config: OnceCell::new() }
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").field("trust", &self.trust).finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsStream<In>>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(plain) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || plain.is_tls() {
            return Ok(Some(Either::A(plain)));
        }
        let config = self
            .config
            .get_or_try_init(|| self.trust.client_config().map(Arc::new))
            .map_err(|error| Error::Other(Box::new(error)))?;
        let host = details.uri.host().unwrap_or_default();
        let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned())
            .map_err(|_| Error::Tls("its name cannot stand in a certificate"))?;
        let mut connection = ClientConnection::new(config.clone(), name).map_err(|error| Error::Other(error.into()))?;
        let mut socket = TransportAdapter::new(plain, details.current_time.clone());
        socket.set_timeout(rest_of(details));
        connection.complete_io(&mut socket)?;
        Ok(Some(Either::B(TlsStream {
            buffers: LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size()),
            stream: StreamOwned { conn: connection, sock: socket },
        })))
    }
}

/// What the TCP connection left of the time for connecting.
fn rest_of(details: &ConnectionDetails) -> NextTimeout {
    let mut timeout = details.timeout;
    if let (Duration::Exact(limit), Instant::Exact(start), Instant::Exact(now)) =
        (timeout.after, details.now, (details.current_time)())
    {
        timeout.after = Duration::Exact(limit.saturating_sub(now.saturating_duration_since(start)));
    }
    timeout
}

/// An encrypted connection.
pub(super) struct TlsStream<In: Transport> {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter<In>>,
}

impl<In: Transport> Transport for TlsStream<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl<In: Transport> fmt::Debug for TlsStream<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("over", self.stream.sock.inner()).finish_non_exhaustive()
    }
}
