//! `credentials_uri`: a temporary identity from an address that somebody serves for this program.
//!
//! In go an address and an exchange, out comes the identity that its answer holds, written like that of the ECS metadata
//! service.

use super::Identity;
use super::lent_identity::{self, Arrival};
use super::renewed::{Failure, Lender, Pause, Renewed};
use crate::clock::{Clock, Deadline};
use crate::error::{Error, ErrorKind};
use crate::exchange::{Exchange, HttpRequest};
use crate::secret_text::SecretText;
use std::fmt;
use std::sync::Arc;

const BODY_LIMIT: usize = 64 * 1024;

/// The identity that an address serves.
pub type CredentialsUri = Renewed<UriLender>;

/// What is asked, and how.
pub struct UriPlace {
    /// Host and, where it is not the usual one, port.
    pub authority: String,
    /// Whether the connection is encrypted; off for loopback only.
    pub tls: bool,
    /// Path and query, which may hold a secret.
    pub target: SecretText,
    /// What reaches it.
    pub exchange: Arc<dyn Exchange>,
    /// When answers arrive.
    pub clock: Arc<dyn Clock>,
}

/// What lends it.
pub struct UriLender(UriPlace);

impl CredentialsUri {
    /// A source that asks when it is first needed.
    pub fn new(place: UriPlace, pause: Box<Pause>) -> CredentialsUri {
        let clock = Arc::clone(&place.clock);
        Renewed::of(UriLender(place), clock, pause)
    }
}

impl Lender for UriLender {
    fn name(&self) -> &'static str {
        "credential_uri"
    }

    /// Without the path, which may hold a secret.
    fn place(&self) -> String {
        format!("the credentials URI at {}", self.0.authority)
    }

    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure> {
        let request = HttpRequest {
            method: "GET",
            tls: self.0.tls,
            authority: self.0.authority.clone(),
            target: self.0.target.expose().to_owned(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
            body_limit: BODY_LIMIT,
        };
        let response = self.0.exchange.exchange(&request, deadline).map_err(|error| {
            let message = format!("No usable answer from {}: {}", self.place(), error.message());
            let passing = !matches!(error.kind(), ErrorKind::Tls | ErrorKind::KmsServer);
            let kind = if error.kind() == ErrorKind::Tls { ErrorKind::Tls } else { ErrorKind::SourceUnavailable };
            Failure::new(Error::new(kind, message), passing)
        })?;
        match response.status {
            200 => {
                lent_identity::of_role(&response, Arrival::at(&*self.0.clock), &self.place()).map_err(Failure::settled)
            }
            status => {
                let passing = status >= 500 || status == 429;
                let kind = if passing { ErrorKind::SourceUnavailable } else { ErrorKind::SourceDenied };
                let message = format!("No identity from {}: its status is {status}.", self.place());
                let error = Error::new(kind, message).with_http_status(status);
                Err(Failure { error, passing, throttled: status == 429 })
            }
        }
    }
}

impl fmt::Debug for UriLender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsUri").field("authority", &self.0.authority).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "credentials_uri_tests.rs"]
mod tests;
