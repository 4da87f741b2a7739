//! The dedicated gateway of a KMS instance (`<instance>.cryptoservice.kms.aliyuncs.com`), asked with a ClientKey in its own
//! protocol. With an AccessKey an instance is asked as the shared gateway is: see [`OpenApi`](super::OpenApi).

use super::Answer;
use super::confidential::Confidential;
use super::dedicated_message::{self, GetSecretValueRequest, Refusal};
use super::fault::{self, Fault, FaultClass, Said};
use super::place::Protocol;
use super::shared::BODY_LIMIT;
use crate::exchange::{HttpRequest, HttpResponse};
use crate::sign::{DedicatedCall, dedicated_request};
use crate::source::{ClientKey, Identity};
use prost::Message;
use std::fmt;
use std::sync::Arc;

/// GetSecretValue in the protocol of a KMS instance.
pub struct Dedicated {
    authority: String,
    tls: bool,
    key: Arc<ClientKey>,
    user_agent: String,
}

impl Dedicated {
    /// The call at `authority` with `key`; `tls` is off for loopback only.
    pub fn new(authority: String, tls: bool, key: Arc<ClientKey>, user_agent: String) -> Dedicated {
        Dedicated { authority, tls, key, user_agent }
    }

    fn refusal(&self, response: &HttpResponse, confidential: &Confidential<'_>) -> Fault {
        let said = Refusal::decode(&*response.body).ok().filter(|refusal| fault::is_word(&refusal.error_code));
        // A wrong date has a code that other parameters share; only the words tell.
        let is_about_the_date = said.as_ref().is_some_and(|refusal| {
            refusal.error_code == "InvalidParam" && refusal.error_message.contains("Param Date ")
        });
        let set = |text: String| (!text.is_empty()).then_some(text);
        let said = said.map(|refusal| Said {
            code: Some(refusal.error_code),
            message: set(refusal.error_message),
            request_id: set(refusal.request_id),
        });
        let mut fault = Fault::said(&self.authority, response, said, confidential);
        if is_about_the_date {
            fault.class = FaultClass::Clock;
        }
        fault
    }
}

impl Protocol for Dedicated {
    fn request(&self, secret_name: &str, _identity: &Identity, unix_ms: i64, _nonce: &str) -> HttpRequest {
        let question = GetSecretValueRequest {
            secret_name: secret_name.to_owned(),
            version_stage: "ACSCurrent".to_owned(),
            version_id: String::new(),
            fetch_extended_config: true,
        };
        let call = DedicatedCall {
            authority: &self.authority,
            tls: self.tls,
            api: "GetSecretValue",
            body: question.encode_to_vec(),
            user_agent: &self.user_agent,
            body_limit: BODY_LIMIT,
        };
        dedicated_request(call, &self.key, unix_ms)
    }

    fn read(
        &self,
        secret_name: &str,
        request: &HttpRequest,
        identity: &Identity,
        response: &HttpResponse,
    ) -> Result<Answer, Fault> {
        let confidential = Confidential::of(identity, request);
        if !(200..300).contains(&response.status) {
            return Err(self.refusal(response, &confidential));
        }
        let read = dedicated_message::read(&response.body, fault::server_unix_ms(response));
        Answer::accepted(read, secret_name, &self.authority, response, &confidential)
    }
}

impl fmt::Debug for Dedicated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedicated").field("authority", &self.authority).field("key", &self.key).finish_non_exhaustive()
    }
}
