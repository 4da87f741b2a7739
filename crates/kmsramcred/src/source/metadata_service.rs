//! The conversation with the ECS metadata service: one round of requests, version 2 with fall-back to version 1.

use super::Identity;
use super::lent_identity::Arrival;
use super::metadata_answer;
use super::renewed::{Failure, Lender};
use crate::clock::{Clock, Deadline};
use crate::error::{Error, ErrorKind};
use crate::exchange::{Exchange, HttpRequest, HttpResponse};
use crate::secret_text::SecretText;
use std::sync::Arc;
use std::time::Duration;

/// One request gets a second to connect and a second to be answered; the transport splits it.
const ATTEMPT: Duration = Duration::from_secs(2);
const BODY_LIMIT: usize = 64 * 1024;
const TOKEN_SECONDS: &str = "21600";
const ROLES: &str = "/latest/meta-data/ram/security-credentials/";

impl Failure {
    fn denied(message: String, status: u16) -> Failure {
        Failure::settled(Error::new(ErrorKind::SourceDenied, message).with_http_status(status))
    }

    /// What a status other than 200 means where nothing better is known.
    fn of_status(authority: &str, what: &str, status: u16) -> Failure {
        let message = format!("The ECS metadata service at {authority} did not give {what}.");
        if status >= 500 || status == 429 {
            let error = Error::new(ErrorKind::SourceUnavailable, message).with_http_status(status);
            Failure { throttled: status == 429, ..Failure::passing(error) }
        } else {
            Failure::denied(message, status)
        }
    }
}

/// The metadata service, and what it is asked for.
pub struct MetadataService {
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) authority: String,
    pub(super) role_name: Option<String>,
    pub(super) imdsv1_disabled: bool,
}

impl Lender for MetadataService {
    fn name(&self) -> &'static str {
        "ecs_ram_role"
    }

    fn place(&self) -> String {
        metadata_answer::PLACE.to_owned()
    }

    /// One round: a token, the role's name where it is not set, the credentials. One token serves both reads.
    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure> {
        let token = self.token(deadline)?;
        let found;
        let role = match &self.role_name {
            Some(role) => role,
            None => {
                found = self.role(token.as_ref(), deadline)?;
                &found
            }
        };
        self.credentials(role, token.as_ref(), deadline)
    }
}

impl MetadataService {
    /// The token of version 2; none where the service has only version 1.
    fn token(&self, deadline: Deadline) -> Result<Option<SecretText>, Failure> {
        let ttl = ("x-aliyun-ecs-metadata-token-ttl-seconds".to_owned(), TOKEN_SECONDS.to_owned());
        let failure = match self.send("PUT", "/latest/api/token", Some(ttl), deadline) {
            Ok(response) if response.status == 200 => match metadata_answer::token(&response) {
                Some(token) => return Ok(Some(token)),
                None => Failure::of_status(&self.authority, "a readable token", response.status),
            },
            Ok(response) => Failure::of_status(&self.authority, "a token", response.status),
            Err(failure) => failure,
        };
        if !self.imdsv1_disabled {
            // With no time left for the way without a token, what was met on this one says more than that.
            let says_more = failure.passing && deadline.is_over(self.clock.now());
            return if says_more { Err(failure) } else { Ok(None) };
        }
        let Failure { error, .. } = &failure;
        let message = format!("{} Version 1 of the service, which needs no token, is disabled.", error.message());
        let status = error.http_status();
        let error = Error::new(error.kind(), message);
        Err(Failure { error: status.map_or(error.clone(), |status| error.with_http_status(status)), ..failure })
    }

    fn role(&self, token: Option<&SecretText>, deadline: Deadline) -> Result<String, Failure> {
        self.read(ROLES, token, deadline, |response| match response.status {
            200 => metadata_answer::role_name(&response).map_err(Failure::settled),
            404 => Err(Failure::denied(
                "The ECS metadata service says that no RAM role is attached: attach one in the ECS console, or use another source."
                    .to_owned(),
                404,
            )),
            status => Err(Failure::of_status(&self.authority, "the name of the RAM role", status)),
        })
    }

    fn credentials(&self, role: &str, token: Option<&SecretText>, deadline: Deadline) -> Result<Identity, Failure> {
        if !metadata_answer::is_word(role) {
            let message = format!("{role:?} cannot be the name of a RAM role.");
            return Err(Failure::settled(Error::new(ErrorKind::ConfigInvalid, message)));
        }
        self.read(&format!("{ROLES}{role}"), token, deadline, |response| match response.status {
            200 => metadata_answer::identity(&response, Arrival::at(&*self.clock)).map_err(Failure::settled),
            404 => Err(Failure::denied(
                format!("The RAM role {role} is not attached to this ECS instance; attach it, or correct its name."),
                404,
            )),
            status => Err(Failure::of_status(&self.authority, &format!("credentials for the role {role}"), status)),
        })
    }

    /// Reads with the token and, where that fails, version 1 is allowed and there is time, once more without.
    fn read<T>(
        &self,
        target: &str,
        token: Option<&SecretText>,
        deadline: Deadline,
        accept: impl Fn(HttpResponse) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(token) = token {
            let header = ("x-aliyun-ecs-metadata-token".to_owned(), token.expose().to_owned());
            let answer = self.send("GET", target, Some(header), deadline).and_then(&accept);
            if answer.is_ok() || self.imdsv1_disabled || deadline.is_over(self.clock.now()) {
                return answer;
            }
        }
        self.send("GET", target, None, deadline).and_then(&accept)
    }

    fn send(
        &self,
        method: &'static str,
        target: &str,
        header: Option<(String, String)>,
        deadline: Deadline,
    ) -> Result<HttpResponse, Failure> {
        let request = HttpRequest {
            method,
            tls: false,
            authority: self.authority.clone(),
            target: target.to_owned(),
            headers: header.into_iter().collect(),
            body: Vec::new(),
            body_limit: BODY_LIMIT,
        };
        let attempt = Deadline(deadline.0.min(self.clock.now() + ATTEMPT));
        self.exchange.exchange(&request, attempt).map_err(|error| {
            let message = format!("The ECS metadata service gave no usable answer: {}", error.message());
            let passing = error.kind() != ErrorKind::KmsServer;
            Failure::new(Error::new(ErrorKind::SourceUnavailable, message), passing)
        })
    }
}
