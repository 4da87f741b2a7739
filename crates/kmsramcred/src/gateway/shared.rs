//! The shared gateway (`kms.<region>.aliyuncs.com`), and a KMS instance asked the same way: GetSecretValue as an OpenAPI
//! call, answered in JSON.

use super::confidential::Confidential;
use super::fault::{self, Fault, Said};
use super::place::Protocol;
use super::{Answer, answer_body};
use crate::exchange::{HttpRequest, HttpResponse, Question};
use crate::source::Identity;
use std::fmt;

/// An answer with a longer body is refused.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// Signs a question: identity, time in milliseconds since 1970, nonce.
pub type Sign = dyn Fn(&Question<'_>, &Identity, i64, &str) -> HttpRequest + Send + Sync;

/// GetSecretValue as an OpenAPI call.
pub struct OpenApi {
    authority: String,
    tls: bool,
    sign: Box<Sign>,
}

impl OpenApi {
    /// The call at `authority`; `tls` is off for loopback only.
    pub fn new(authority: String, tls: bool, sign: Box<Sign>) -> OpenApi {
        OpenApi { authority, tls, sign }
    }
}

impl Protocol for OpenApi {
    fn request(&self, secret_name: &str, identity: &Identity, unix_ms: i64, nonce: &str) -> HttpRequest {
        let params = [("SecretName", secret_name), ("VersionStage", "ACSCurrent"), ("FetchExtendedConfig", "true")];
        let question = Question {
            authority: &self.authority,
            tls: self.tls,
            action: "GetSecretValue",
            version: "2016-01-20",
            params: &params,
            body_limit: BODY_LIMIT,
        };
        (self.sign)(&question, identity, unix_ms, nonce)
    }

    fn read(
        &self,
        secret_name: &str,
        request: &HttpRequest,
        identity: &Identity,
        response: &HttpResponse,
    ) -> Result<Answer, Fault> {
        let confidential = Confidential::of(identity, request);
        match response.status {
            200..=299 => match answer_body::read(&response.body, fault::server_unix_ms(response)) {
                None if Said::in_body(&response.body).is_some() => {
                    Err(Fault::in_answer(&self.authority, response, &confidential))
                }
                read => Answer::accepted(read, secret_name, &self.authority, response, &confidential),
            },
            _ => Err(Fault::in_answer(&self.authority, response, &confidential)),
        }
    }
}

impl fmt::Debug for OpenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApi").field("authority", &self.authority).finish_non_exhaustive()
    }
}
