//! The TLS layer under HTTP: one rustls configuration a transport, made at the first encrypted connection.
//!
//! ureq has a connector of its own, but builds its configuration, with all the system's certificates, anew for every
//! connection of a request that has its own deadline. All of ours do.

use super::tls::TlsTrust;
use once_cell::sync::OnceCell;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};
use zeroize::Zeroize;

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
        let mut socket =
            Records { socket: TransportAdapter::new(plain, details.current_time.clone()), place: Place::default() };
        socket.socket.set_timeout(rest_of(details));
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
    stream: StreamOwned<ClientConnection, Records<In>>,
}

impl<In: Transport> TlsStream<In> {
    /// Whether nothing has come that is still unread: the next bytes must be the answer to the next request. A part of a
    /// record waits inside rustls, which does not tell of it.
    fn is_drained(&mut self) -> bool {
        let decrypted = self.stream.conn.process_new_packets().map(|state| state.plaintext_bytes_to_read());
        self.buffers.input().is_empty() && decrypted == Ok(0) && self.stream.sock.place.is_between_records()
    }
}

/// A socket that knows where in the stream of TLS records its reader is.
struct Records<In: Transport> {
    socket: TransportAdapter<In>,
    place: Place,
}

impl<In: Transport> Read for Records<In> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let amount = self.socket.read(bytes)?;
        self.place.pass(&bytes[..amount]);
        Ok(amount)
    }
}

impl<In: Transport> Write for Records<In> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// The bytes of a record's header: its type, two of version, two of length.
const RECORD_HEADER: u8 = 5;

/// A place in a stream of records.
#[derive(Debug, Default)]
struct Place {
    /// How much of a header was read.
    header: u8,
    /// How much of the record is still to come after the header.
    rest: u16,
}

impl Place {
    fn is_between_records(&self) -> bool {
        self.header == 0
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((byte, after)) = bytes.split_first() {
            if self.header < RECORD_HEADER {
                // The length is what the last two bytes of the header say.
                self.rest = self.rest << 8 | u16::from(*byte);
                self.header += 1;
                bytes = after;
            } else {
                let passed = bytes.len().min(usize::from(self.rest));
                self.rest -= u16::try_from(passed).unwrap_or(self.rest);
                bytes = &bytes[passed..];
            }
            if self.header == RECORD_HEADER && self.rest == 0 {
                self.header = 0;
            }
        }
    }
}

impl<In: Transport> Drop for TlsStream<In> {
    fn drop(&mut self) {
        wipe(&mut self.buffers);
    }
}

/// Overwrites what was sent and received, read or not.
fn wipe(buffers: &mut LazyBuffers) {
    let unread = buffers.input().len();
    buffers.input_consume(unread);
    buffers.input_append_buf().zeroize();
    buffers.output().zeroize();
}

impl<In: Transport> Transport for TlsStream<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.socket.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.socket.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // Asked after each answer, before the connection rests in the pool for a while.
        let drained = self.is_drained();
        if drained {
            wipe(&mut self.buffers);
        }
        drained && self.stream.sock.socket.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl<In: Transport> fmt::Debug for TlsStream<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("over", self.stream.sock.socket.inner()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiped_buffers_hold_nothing_of_what_was_sent_or_received() {
        let mut buffers = LazyBuffers::new(64, 32);
        buffers.output().fill(b'r');
        for _ in 0..2 {
            buffers.input_append_buf()[..20].fill(b's');
            buffers.input_appended(20);
            buffers.input_consume(15);
        }
        wipe(&mut buffers);
        assert!(buffers.input().is_empty());
        assert_eq!((buffers.input_append_buf(), &[0; 64][..]), (&mut [0; 64][..], &[0; 64][..]));
        assert_eq!(buffers.output(), [0; 32]);
    }

    #[test]
    fn the_place_between_records_is_known_however_the_bytes_come() {
        let records = [&[23, 3, 3, 1, 2][..], &[7; 258], &[21, 3, 3, 0, 2, 1, 0], &[22, 3, 3, 0, 0]].concat();
        let ends = [263, 270, 275];
        for piece in 1..=records.len() {
            let (mut place, mut passed) = (Place::default(), 0);
            for bytes in records.chunks(piece) {
                place.pass(bytes);
                passed += bytes.len();
                assert_eq!(place.is_between_records(), ends.contains(&passed), "{passed} in pieces of {piece}");
            }
        }
    }
}
