//! The answers of gateways, of both protocols, and the AccessKey in them.

use super::unsaid::{assert_line, assert_unsaid, said};
use crate::exchange::Question;
use crate::exchange::{HttpRequest, HttpResponse};
use crate::gateway::dedicated_message::GetSecretValueResponse;
use crate::gateway::{Answer, Dedicated, OpenApi, Protocol};
use crate::secret_value;
use crate::sign::{Call, Scheme, openapi_request};
use crate::source::{ClientKey, Identity, SigningKey};
use prost::Message;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

const NAME: &str = "prod/robot";
const TIME: i64 = 1_740_091_234_000;
const SECRET: &str = "Sq7vXk2PzR9mWd4LbT6yHc8NfG3jQa5E";
const TOKEN: &str = "Tx9bKw4VnZ7pLr2MsY6hDf8QcJ3gUe5A+/==";
/// Success, refusals, and failures that may pass.
const STATUSES: [u16; 5] = [200, 400, 403, 404, 503];

const KEY: &[u8] = include_bytes!(
    "../../../../tests/vectors/fixtures/clientkey-d/clientKey_KAAP.00000000-0000-4000-8000-00000000000d.json"
);
const PASSWORD: &str = include_str!(
    "../../../../tests/vectors/fixtures/clientkey-d/clientKey_KAAP.00000000-0000-4000-8000-00000000000d_Password.txt"
);

/// A question that was sent, and who sent it.
struct Sent {
    protocol: Box<dyn Protocol>,
    identity: Identity,
    request: HttpRequest,
}

impl Sent {
    fn new(protocol: Box<dyn Protocol>, access_key_id: &str, key: SigningKey, token: Option<&str>) -> Sent {
        let identity = Identity {
            access_key_id: access_key_id.to_owned(),
            key,
            security_token: token.map(Into::into),
            expires_at: None,
        };
        let request = protocol.request(NAME, &identity, TIME, "nonce");
        Sent { protocol, identity, request }
    }

    /// Reads the body as the answer of every status.
    fn answered(&self, body: &[u8]) -> bool {
        let mut accepted = false;
        for status in STATUSES {
            let response = HttpResponse { status, headers: Vec::new(), body: body.to_vec() };
            match self.protocol.read(NAME, &self.request, &self.identity, &response) {
                Ok(answer) => {
                    assert_eq!((status, answer.secret_name.as_str()), (200, NAME));
                    let words = [&answer.secret_type, &answer.version_id, &answer.request_id];
                    assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_graphic())));
                    let config = answer.extended_config.as_deref().unwrap_or_default();
                    self.gives_nothing_away(&format!("{words:?} {config}"));
                    accepted |= payload(&answer, body);
                }
                Err(fault) => self.gives_nothing_away(&said(&fault.error)),
            }
        }
        accepted
    }

    /// No eight characters of what the request carried, whoever repeated them.
    fn gives_nothing_away(&self, said: &str) {
        let header = |wanted: &str| self.request.headers.iter().find(|(name, _)| name == wanted);
        let authorization = header("authorization").map(|(_, value)| value.as_str()).unwrap_or_default();
        let signature = authorization.rsplit(['=', ' ']).find(|part| part.len() > 8).unwrap_or_default();
        assert!(!signature.is_empty());
        let secret = match &self.identity.key {
            SigningKey::AccessKeySecret(secret) => Some(secret.expose()),
            SigningKey::ClientKey(_) => None,
        };
        let token = self.identity.security_token.as_ref().map(|token| token.expose());
        for secret in [secret, token, Some(signature)].into_iter().flatten() {
            let parts = secret.as_bytes().windows(8).filter_map(|part| std::str::from_utf8(part).ok());
            for part in parts {
                assert!(!said.contains(part), "{part:?} is in {said:?}");
            }
        }
    }
}

/// The AccessKey of an accepted answer is what its JSON says, and an error about it quotes no value.
fn payload(answer: &Answer, input: &[u8]) -> bool {
    let value: Value = serde_json::from_str(answer.secret_data.expose()).unwrap_or_default();
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    let secrets = ["AccessKeySecret", "SecurityToken"].map(|name| member(name).unwrap_or_default().to_owned());
    match secret_value::parse(answer) {
        Ok(key) => {
            assert_eq!(Some(key.access_key_id.as_str()), member("AccessKeyId"));
            assert_eq!(Some(key.access_key_secret.expose()), member("AccessKeySecret"));
            let texts = [Some(key.access_key_id.as_str()), Some(key.access_key_secret.expose())];
            let token = key.security_token.as_ref().map(|token| token.expose());
            assert!(token.is_none() || token == member("SecurityToken"));
            for text in texts.into_iter().chain([token]).flatten() {
                assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
            }
            if let Some(name) = &key.user_name {
                assert_line(name);
            }
            assert_unsaid(&format!("{key:?}"), &secrets, input);
            true
        }
        Err(error) => {
            assert_unsaid(&said(&error), &secrets, input);
            assert_unsaid(&said(&error), &[answer.secret_data.expose().to_owned()], input);
            false
        }
    }
}

/// A body of the dedicated gateway: Protocol Buffers.
pub(super) fn dedicated(body: &[u8]) -> bool {
    static SENT: LazyLock<Sent> = LazyLock::new(|| {
        let key = Arc::new(ClientKey::read(KEY, &PASSWORD.trim().into()).expect("the key of the vectors"));
        let protocol = Dedicated::new("kst-fuzz.example".to_owned(), true, key.clone(), "fuzz".to_owned());
        Sent::new(Box::new(protocol), key.id(), SigningKey::ClientKey(key.clone()), None)
    });
    if let Ok(message) = GetSecretValueResponse::decode(body) {
        let again = GetSecretValueResponse::decode(&*message.encode_to_vec());
        assert!(again.is_ok_and(|again| again == message), "a message that is another one when it is written");
    }
    SENT.answered(body)
}

/// A body of the shared gateway: JSON, or XML where it refuses. The same bytes are taken for the value of a secret, too.
pub(super) fn shared(body: &[u8]) -> bool {
    static SENT: LazyLock<Sent> = LazyLock::new(|| {
        let sign = |question: &Question<'_>, identity: &Identity, unix_ms: i64, nonce: &str| {
            let call = Call {
                authority: question.authority,
                tls: question.tls,
                action: question.action,
                version: question.version,
                params: question.params,
                region_id: None,
                user_agent: "fuzz",
                body_limit: question.body_limit,
            };
            openapi_request(Scheme::Acs3, &call, identity, unix_ms, nonce)
        };
        let protocol = OpenApi::new("kms.fuzz.example".to_owned(), true, Box::new(sign));
        let key = SigningKey::AccessKeySecret(SECRET.into());
        Sent::new(Box::new(protocol), "LTAI5tFuzzTarget0123", key, Some(TOKEN))
    });
    if let Ok(text) = std::str::from_utf8(body) {
        for secret_type in ["RAMCredentials", "Generic"] {
            payload(&value(secret_type, text), body);
        }
    }
    SENT.answered(body)
}

fn value(secret_type: &str, text: &str) -> Answer {
    Answer {
        secret_name: NAME.to_owned(),
        secret_type: secret_type.to_owned(),
        secret_data_type: "text".to_owned(),
        secret_data: text.into(),
        version_id: "1".to_owned(),
        create_time: None,
        last_rotation_date: None,
        next_rotation_date: None,
        extended_config: Some(text.to_owned()),
        request_id: String::new(),
        server_unix_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_what_the_request_carried() {
        let echo = include_str!("../../../../fuzz/seeds/shared_answer/echo");
        assert!(echo.contains(SECRET) && echo.contains(TOKEN), "{echo}");
    }
}
