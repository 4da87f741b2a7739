//! A request as the verifier wants to see it: read completely, parameters decoded, raw parts kept.

use super::encode;
use crate::dedicated_message;
use bytes::Bytes;
use http::{HeaderMap, Method};

/// A whole request.
#[derive(Debug)]
pub(crate) struct SignedRequest {
    pub(crate) method: Method,
    /// The path as it was sent.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// False when parameters or a message do not decode; such a request has no parameters.
    pub(super) readable: bool,
    /// The same of the query alone.
    pub(super) query_readable: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(super) form: Vec<(String, String)>,
}

impl SignedRequest {
    pub(crate) fn new(method: Method, path: &str, query: &str, headers: HeaderMap, body: Bytes) -> Self {
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let content_type = content_type.to_ascii_lowercase();
        let form = if content_type.starts_with("application/x-www-form-urlencoded") {
            std::str::from_utf8(&body).ok().and_then(encode::pairs)
        } else if content_type == dedicated_message::CONTENT_TYPE {
            dedicated_message::parameters(&body)
        } else {
            Some(Vec::new())
        };
        let query = encode::pairs(query);
        let query_readable = query.is_some();
        let readable = query_readable && form.is_some();
        let (query, form) = (query.unwrap_or_default(), form.unwrap_or_default());
        Self { method, path: path.to_owned(), headers, body, readable, query_readable, query, form }
    }

    /// A header's first value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    }

    /// First value of a parameter in the query alone: where the body is somebody's object.
    pub(crate) fn query_parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// First value of a parameter in the query, else in the form or message.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().chain(&self.form).find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Query and form or message together.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        self.query.iter().chain(&self.form).cloned().collect()
    }

    /// The `Host` header, which error bodies repeat.
    pub(crate) fn host(&self) -> &str {
        self.header("host").unwrap_or("")
    }

    /// The name of the client for the counters: a test's own tag, else the user agent.
    pub(crate) fn client(&self) -> &str {
        self.header("x-kmsramcred-test-client").or(self.header("user-agent")).unwrap_or("")
    }
}
