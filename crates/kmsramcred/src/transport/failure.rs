//! Why there was no answer, in plain words.

use super::resolver::LookupFailure;
use crate::error::{Error, ErrorKind};
use rustls::CertificateError;
use std::io;
use std::time::Duration;
use ureq::Timeout;

/// What an error message needs to know about the attempt that failed.
pub(super) struct Attempt<'a> {
    pub(super) authority: &'a str,
    /// The proxy on the way, as it may be shown.
    pub(super) proxy: Option<&'a str>,
    pub(super) budget: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) answer_timeout: Duration,
}

impl Attempt<'_> {
    /// The error for the caller. ureq's own texts are not passed on where they could quote the request.
    pub(super) fn explain(&self, error: ureq::Error) -> Error {
        match error {
            ureq::Error::Timeout(phase) => self.timed_out(phase),
            ureq::Error::HostNotFound => self.network("its name has no address"),
            ureq::Error::Io(error) => self.broken(&error),
            ureq::Error::Other(cause) => match cause.downcast::<Error>() {
                Ok(own) => *own,
                Err(cause) => match (cause.downcast_ref::<LookupFailure>(), cause.downcast_ref::<rustls::Error>()) {
                    (Some(LookupFailure::TimedOut), _) => self.timed_out(Timeout::Resolve),
                    (Some(failure), _) => self.network(&failure.to_string()),
                    (_, Some(error)) => self.untrusted(error),
                    _ => self.network("the connection could not be made"),
                },
            },
            ureq::Error::Tls(cause) => self.tls(cause),
            ureq::Error::TlsRequired => self.tls("the connection is not encrypted"),
            // What the proxy said stands in front of what it may have been told, in digits.
            ureq::Error::ConnectProxyFailed(said) if said.contains(" 407/") => self
                .network("the proxy wants a user and a password, or others; they stand before the host in https_proxy"),
            ureq::Error::ConnectProxyFailed(_) => self.network("the proxy opened no way to it"),
            ureq::Error::ConnectionFailed => self.network("the connection could not be made"),
            ureq::Error::BodyExceedsLimit(limit) => self.too_long(&format!("its answer is longer than {limit} bytes")),
            ureq::Error::LargeResponseHeader(_, limit) => {
                self.too_long(&format!("the headers of its answer are longer than {limit} bytes"))
            }
            // The type of the inner error cannot be named here; a test holds the words.
            ureq::Error::Protocol(error) if error.to_string().contains("too many headers") => {
                self.too_long("its answer has too many headers")
            }
            ureq::Error::Protocol(_) => self.network("it answered something that is not HTTP"),
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
                Error::new(ErrorKind::Internal, format!("The request to {} cannot be written as HTTP.", self.authority))
            }
            _ => self.network("the exchange failed"),
        }
    }

    /// Who was asked, and through which proxy.
    fn asked(&self) -> String {
        let through = self.proxy.map(|proxy| format!(" (through the proxy {proxy})")).unwrap_or_default();
        format!("{}{through}", self.authority)
    }

    fn network(&self, cause: &str) -> Error {
        Error::new(ErrorKind::Network, format!("{}: {cause}.", self.asked()))
    }

    /// An answer that came and cannot be used: the next one would be no shorter.
    fn too_long(&self, cause: &str) -> Error {
        Error::new(ErrorKind::KmsServer, format!("{}: {cause}.", self.asked()))
    }

    fn tls(&self, cause: &str) -> Error {
        Error::new(ErrorKind::Tls, format!("{}: {cause}.", self.asked()))
    }

    fn timed_out(&self, phase: Timeout) -> Error {
        let (what, limit) = match phase {
            Timeout::Resolve => ("looking its name up", self.budget),
            Timeout::Connect => ("connecting", self.connect_timeout),
            Timeout::RecvResponse => ("waiting for its answer", self.answer_timeout),
            _ => ("the exchange", self.budget),
        };
        let message = format!("{}: {what} timed out after {} ms.", self.asked(), limit.as_millis());
        Error::new(ErrorKind::Timeout, message)
    }

    fn broken(&self, error: &io::Error) -> Error {
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return self.untrusted(tls);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => self.network("connection refused"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                self.network("connection reset")
            }
            io::ErrorKind::UnexpectedEof => self.network("the connection was closed before the answer was complete"),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => self.network("no route to it"),
            io::ErrorKind::TimedOut => self.timed_out(Timeout::Global),
            _ => self.network(&format!("input/output error ({error})")),
        }
    }

    fn untrusted(&self, error: &rustls::Error) -> Error {
        match error {
            rustls::Error::InvalidCertificate(error) => self.tls(&certificate(error)),
            rustls::Error::NoCertificatesPresented => self.tls("it showed no certificate"),
            rustls::Error::AlertReceived(alert) => self.tls(&format!("it refused the TLS handshake ({alert:?})")),
            rustls::Error::InvalidMessage(_) => self.tls("it does not speak TLS on this port"),
            other => self.tls(&format!("the TLS handshake failed ({other})")),
        }
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "its certificate is not trusted: no trusted authority signed it".to_owned(),
        CertificateError::NotValidForName => "its certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: String = presented.join(", ").chars().filter(|c| !c.is_control()).take(200).collect();
            format!("its certificate is for another name ({names})")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or this machine's clock is wrong".to_owned()
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        CertificateError::BadSignature => "its certificate is not trusted: its signature is wrong".to_owned(),
        CertificateError::BadEncoding => "its certificate cannot be read".to_owned(),
        other => format!("its certificate is not trusted ({other})"),
    }
}
