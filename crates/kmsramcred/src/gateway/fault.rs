//! A refusal or a failure, classified: what the fetch does next depends on the class alone.

use super::confidential::Confidential;
use super::fault_table;
use crate::error::{Error, ErrorKind, is_unprintable};
use crate::exchange::HttpResponse;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// A service's own message is cut off here.
const MESSAGE_LIMIT: usize = 300;
/// A longer wait that a service asks for counts as this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// Too many requests.
    Throttle,
    /// The service failed and may not fail again.
    Transient,
    /// There is no such secret, or no such key behind it.
    NotFound,
    /// The identity is known and may not read the secret.
    Denied,
    /// The account is in debt.
    Account,
    /// The key or secret is disabled or about to be deleted.
    State,
    /// The AccessKey or its token is not, or no longer, valid.
    Identity,
    /// The signature is wrong.
    Signature,
    /// The nonce was seen before.
    Replay,
    /// The clocks differ.
    Clock,
    /// The request itself is wrong.
    Request,
    /// The answer cannot be read.
    Malformed,
    /// There was no answer.
    Unreached,
    /// The certificate was not accepted.
    Untrusted,
}

/// A fault and the error to show for it.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What kind of fault it is.
    pub class: FaultClass,
    /// What the caller is told.
    pub error: Error,
    /// The server's `Date`, in milliseconds since 1970.
    pub server_unix_ms: Option<i64>,
}

impl Fault {
    /// The fault of an exchange that brought no answer.
    pub fn without_answer(error: Error) -> Fault {
        let class = match error.kind() {
            ErrorKind::Network | ErrorKind::Timeout => FaultClass::Unreached,
            ErrorKind::Tls => FaultClass::Untrusted,
            ErrorKind::KmsServer => FaultClass::Malformed,
            _ => FaultClass::Request,
        };
        Fault { class, error, server_unix_ms: None }
    }

    /// The fault in an answer that is not a success.
    pub(super) fn in_answer(gateway: &str, response: &HttpResponse, confidential: &Confidential<'_>) -> Fault {
        Fault::said(gateway, response, Said::in_body(&response.body), confidential)
    }

    /// The same, where the body was read already.
    pub(super) fn said(
        gateway: &str,
        response: &HttpResponse,
        said: Option<Said>,
        confidential: &Confidential<'_>,
    ) -> Fault {
        let code = said.as_ref().and_then(|said| said.code.as_deref());
        let class = code
            .and_then(fault_table::class_of_code)
            .unwrap_or_else(|| fault_table::class_of_status(response.status, code.is_some()));
        let kind = match class {
            FaultClass::Malformed if response.status >= 300 => ErrorKind::KmsRejected,
            class => fault_table::kind(class),
        };
        let message = match &said {
            // The message of a signature fault quotes what was signed: identity, token and all.
            Some(Said { code: Some(_), .. }) if class == FaultClass::Signature => {
                "did not accept the signature: the secret or private key does not belong to the id of the source"
                    .to_owned()
            }
            Some(Said { message: Some(message), .. }) => match confidential.cleared(&visible(message)) {
                Some(message) => format!("refused the request: {}", cut(message)),
                None => {
                    "refused the request; its message is withheld, since it repeats parts of the request".to_owned()
                }
            },
            Some(_) => "refused the request without a message".to_owned(),
            None => format!("sent {} instead of an answer", shape(response)),
        };
        let explained = code.and_then(fault_table::explained).map(|words| format!(" {words}")).unwrap_or_default();
        let message = format!("{gateway} {}.{explained}", message.trim_end_matches('.'));
        let mut error = Error::new(kind, message).with_http_status(response.status);
        if let Some(code) = code.filter(|code| is_word(code) && confidential.allows(code)) {
            error = error.with_code(code);
        }
        let from_body = said.as_ref().and_then(|said| said.request_id.as_deref());
        let request_id = response.header("x-acs-request-id").or(from_body);
        if let Some(id) = request_id.filter(|id| is_word(id) && confidential.allows(id)) {
            error = error.with_request_id(id);
        }
        if let Some(wait) = asked_wait(response) {
            error = error.with_retry_after(wait);
        }
        Fault { class, error, server_unix_ms: server_unix_ms(response) }
    }

    /// The fault of a success that cannot be used.
    pub(super) fn unusable(gateway: &str, response: &HttpResponse, what: &str) -> Fault {
        let message = format!("{gateway} sent {what}.");
        let error = Error::new(ErrorKind::KmsServer, message).with_http_status(response.status);
        Fault { class: FaultClass::Malformed, error, server_unix_ms: server_unix_ms(response) }
    }

    /// The fault of a success about a secret that nobody asked for. A mix-up on the way may not happen again.
    pub(super) fn about_another_secret(gateway: &str, response: &HttpResponse) -> Fault {
        Fault { class: FaultClass::Transient, ..Fault::unusable(gateway, response, "the answer for another secret") }
    }
}

/// The server's `Date`, in milliseconds since 1970.
pub(super) fn server_unix_ms(response: &HttpResponse) -> Option<i64> {
    let date = jiff::fmt::rfc2822::parse(response.header("date")?).ok()?;
    Some(date.timestamp().as_millisecond())
}

/// `x-acs-retry-after` counts milliseconds, `Retry-After` seconds.
fn asked_wait(response: &HttpResponse) -> Option<Duration> {
    let number = |name: &str| response.header(name).and_then(|text| text.trim().parse::<u64>().ok());
    let wait = number("x-acs-retry-after")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs))?;
    (!wait.is_zero()).then(|| wait.min(LONGEST_WAIT))
}

/// What a service says in an error's body, in any of its shapes.
#[derive(Default)]
pub(super) struct Said {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) request_id: Option<String>,
}

impl Said {
    /// Reads the JSON shapes, with names in either case, and the XML ones; nothing when the body is something else.
    pub(super) fn in_body(body: &[u8]) -> Option<Said> {
        let said = match serde_json::from_slice::<Members>(body) {
            Ok(Members(members)) => {
                let [code, message, request_id] =
                    members.map(|[upper, lower]| upper.or(lower).and_then(|v| as_text(&v)));
                Said { code, message, request_id }
            }
            Err(_) => {
                let xml = std::str::from_utf8(body).ok().filter(|text| text.trim_start().starts_with('<'))?;
                let element = |name: &str| {
                    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
                    rest.split_once(&format!("</{name}>")).map(|(text, _)| unescaped(text.trim()))
                };
                Said { code: element("Code"), message: element("Message"), request_id: element("RequestId") }
            }
        };
        said.code.is_some().then_some(said)
    }
}

/// The members of an error's body that are read, each under its two names. No other is copied out of the body, which may
/// be a damaged answer with a secret in it.
#[derive(Default)]
struct Members([[Option<Value>; 2]; 3]);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some(name) = object.next_key::<String>()? {
                    match NAMES.iter().flatten().position(|known| *known == name) {
                        Some(place) => members.0[place / 2][place % 2] = Some(object.next_value()?),
                        None => drop(object.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// The names of the members: of the code, the message and the request id.
const NAMES: [[&str; 2]; 3] = [["Code", "code"], ["Message", "message"], ["RequestId", "requestId"]];

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (escape, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
        text = text.replace(escape, sign);
    }
    text
}

/// What is visible of a service's message. First of all, since a text that is taken apart by invisible characters would
/// pass for harmless; and no more than twice of what can be shown, so that nothing is left of an id at the cut.
fn visible(message: &str) -> String {
    message.chars().filter(|c| !is_unprintable(*c)).take(2 * MESSAGE_LIMIT).collect()
}

/// A service's message as it may stand in ours: not too long.
fn cut(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MESSAGE_LIMIT) {
        message.truncate(end);
        message.push('…');
    }
    message
}

/// What a body that nobody can read looks like.
pub(super) fn shape(response: &HttpResponse) -> &'static str {
    let start = String::from_utf8_lossy(&response.body[..response.body.len().min(256)]).trim_start().to_lowercase();
    match start {
        _ if (300..400).contains(&response.status) => "a redirect",
        _ if response.body.is_empty() => "an empty body",
        start if start.starts_with("<!doctype html") || start.starts_with("<html") => "an HTML page",
        start if start.starts_with('<') => "an XML text of another kind",
        start if start.starts_with('{') || start.starts_with('[') => "a JSON text of another kind",
        _ => "something unreadable",
    }
}

/// Whether a text can be a code, a request id or a type of secret.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
