//! The security token service: one question to it, and the identity or the refusal that comes back.
//!
//! In goes a request that is ready to be sent, out comes a temporary identity. How it is signed, and for which role it asks,
//! is not known here. What a refusal says in words is never repeated: STS quotes what was signed.

use super::Identity;
use super::lent_identity::{self, Arrival, LentIdentity};
use super::renewed::Failure;
use crate::civil_time;
use crate::clock::{Clock, Deadline, GREATEST_OFFSET_MS};
use crate::error::{Error, ErrorKind};
use crate::exchange::{Exchange, HttpRequest, HttpResponse};
use crate::logging::{LogLevel, record};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub(super) const VERSION: &str = "2015-04-01";
pub(super) const BODY_LIMIT: usize = 64 * 1024;

/// Where STS is and how it is reached.
#[derive(Clone)]
pub struct StsPlace {
    /// Host and, where it is not the usual one, port.
    pub authority: String,
    /// Whether the connection is encrypted; off for loopback only.
    pub tls: bool,
    /// What reaches it.
    pub exchange: Arc<dyn Exchange>,
    /// When answers arrive.
    pub clock: Arc<dyn Clock>,
}

pub(super) struct Sts {
    pub(super) place: StsPlace,
    /// What has to be added to this machine's calendar to get that of STS.
    clock_offset_ms: AtomicI64,
}

/// A refusal, or no answer.
pub(super) struct Refusal {
    pub(super) failure: Failure,
    /// Whether the identity that asked is no good, so that another one may be.
    pub(super) about_the_asker: bool,
    /// Whether the request was dated wrong and the next one will not be.
    pub(super) about_the_date: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    credentials: LentIdentity,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Refused {
    #[serde(default)]
    code: String,
    #[serde(default)]
    request_id: String,
}

impl Sts {
    pub(super) fn new(place: StsPlace) -> Sts {
        Sts { place, clock_offset_ms: AtomicI64::new(0) }
    }

    pub(super) fn name(&self) -> String {
        format!("STS at {}", self.place.authority)
    }

    /// The time there, as far as it is known.
    pub(super) fn unix_ms(&self) -> i64 {
        self.place.clock.unix_ms().saturating_add(self.clock_offset_ms.load(Ordering::Relaxed))
    }

    pub(super) fn ask(&self, request: &HttpRequest, deadline: Deadline) -> Result<Identity, Refusal> {
        let response = self.place.exchange.exchange(request, deadline).map_err(|error| {
            let message = format!("{} gave no usable answer: {}", self.name(), error.message());
            let kind = if error.kind() == ErrorKind::Tls { ErrorKind::Tls } else { ErrorKind::SourceUnavailable };
            let passing = !matches!(error.kind(), ErrorKind::Tls | ErrorKind::KmsServer);
            let failure = Failure::new(Error::new(kind, message), passing);
            Refusal { failure, about_the_asker: false, about_the_date: false }
        })?;
        if response.status == 200 {
            let settled =
                |error| Refusal { failure: Failure::settled(error), about_the_asker: false, about_the_date: false };
            let unreadable =
                |_| settled(lent_identity::unreadable(&self.name(), "is not the JSON text that was expected"));
            let granted: Granted = serde_json::from_slice(&response.body).map_err(unreadable)?;
            let arrival = Arrival::at(&*self.place.clock);
            return granted.credentials.checked(&response, arrival, &self.name()).map_err(settled);
        }
        Err(self.refusal(&response))
    }

    fn refusal(&self, response: &HttpResponse) -> Refusal {
        let said: Refused = serde_json::from_slice(&response.body).unwrap_or_default();
        let word = |text: String| Some(text).filter(|text| lent_identity::is_word(text));
        let (code, request_id) = (word(said.code), word(said.request_id));
        let known = code.as_deref().unwrap_or_default();
        let throttled = known.starts_with("Throttling") || response.status == 429;
        let passing = throttled || response.status >= 500;
        let kind = if passing { ErrorKind::SourceUnavailable } else { ErrorKind::SourceDenied };
        let mut error = Error::new(kind, format!("{} gave no identity: {}", self.name(), meaning(known)));
        error = error.with_http_status(response.status);
        if let Some(request_id) = request_id {
            error = error.with_request_id(request_id);
        }
        let about_the_date = self.learn_the_time(known, response);
        let about_the_asker =
            ["InvalidAccessKeyId", "InvalidSecurityToken", "Forbidden.AccessKeyDisabled", "MissingSecurityToken"]
                .iter()
                .any(|code| known.starts_with(code));
        if let Some(code) = code {
            error = error.with_code(code);
        }
        Refusal { failure: Failure { error, passing, throttled }, about_the_asker, about_the_date }
    }

    /// Whether a request was refused for its date, and the clock of STS is known now.
    fn learn_the_time(&self, code: &str, response: &HttpResponse) -> bool {
        if !code.starts_with("InvalidTimeStamp") && code != "IllegalTimestamp" {
            return false;
        }
        let Some(theirs) = response.header("date").and_then(civil_time::parse_http_date) else { return false };
        let offset = theirs.saturating_sub(self.place.clock.unix_ms());
        if offset.unsigned_abs() > GREATEST_OFFSET_MS || self.clock_offset_ms.swap(offset, Ordering::Relaxed) == offset
        {
            return false;
        }
        record(LogLevel::Warn, || {
            format!(
                "This machine's clock is {} s {} the clock of {}; requests are signed with the corrected time. Set the clock.",
                offset.unsigned_abs() / 1_000,
                if offset < 0 { "ahead of" } else { "behind" },
                self.place.authority
            )
        });
        true
    }
}

/// What a code of STS means, and what to do.
fn meaning(code: &str) -> &'static str {
    match code {
        "NoPermission" | "AuthenticationFail.NoPermission" => {
            "the role must trust who asks for it, and who asks needs sts:AssumeRole on it."
        }
        "EntityNotExist.Role" => "there is no such role; correct the role's ARN.",
        "AuthenticationFail.OIDCToken.Expired" => "the OIDC token in the file has expired; have it written anew.",
        "AuthenticationFail.OIDCToken.AudienceNotMatch" => {
            "the OIDC token is meant for another audience; correct the audience or the OIDC provider."
        }
        code if code.starts_with("AuthenticationFail.OIDCToken") => {
            "the OIDC token in the file is not accepted; check the file and the OIDC provider."
        }
        code if code.starts_with("InvalidAccessKeyId") || code.starts_with("InvalidSecurityToken") => {
            "it does not accept the AccessKey or token that asks for the role."
        }
        "SignatureDoesNotMatch" => "the AccessKey secret does not belong to the AccessKey id.",
        code if code.starts_with("InvalidParameter") => "it does not accept a setting of the role.",
        code if code.starts_with("InvalidTimeStamp") => "the clock of this machine is off.",
        code if code.starts_with("Throttling") => "it asks for fewer requests.",
        _ => "see the code and the status.",
    }
}
