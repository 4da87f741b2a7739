//! One HTTP request and its answer, as the stages hand them to one another.
//!
//! The stages that know what bytes mean build an [`HttpRequest`] and read an [`HttpResponse`]; only `transport` moves
//! them. [`Exchange`] is the seam between the two.

use crate::clock::Deadline;
use crate::error::Error;
use std::fmt;
use zeroize::Zeroize;

/// A call of an OpenAPI action, before it is signed.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Host and, where it is not the usual one, port.
    pub authority: &'a str,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The API's name.
    pub action: &'a str,
    /// The API's version.
    pub version: &'a str,
    /// The parameters, by name; only those that are set.
    pub params: &'a [(&'a str, &'a str)],
    /// The longest body of an answer.
    pub body_limit: usize,
}

impl fmt::Debug for Question<'_> {
    /// Shows what is asked and where. Parameters can hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.action, self.version, self.authority)
    }
}

/// A request that is ready to be sent, byte for byte. What it carries is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST` or `PUT`.
    pub method: &'static str,
    /// Whether the connection is encrypted. `false` is for loopback addresses and the ECS metadata service only.
    pub tls: bool,
    /// Host, with the port where it is not the scheme's own: what the `Host` header says.
    pub authority: String,
    /// Path and query as they stand on the request line.
    pub target: String,
    /// Names in lower case. Never holds `host` or `content-length`: the transport writes those itself.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// An answer with a longer body is an error.
    pub body_limit: usize,
}

impl HttpRequest {
    fn wipe(&mut self) {
        self.target.zeroize();
        self.headers.iter_mut().for_each(|(_, value)| value.zeroize());
        self.body.zeroize();
    }
}

impl Drop for HttpRequest {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for HttpRequest {
    /// Shows where the request goes, never what it carries: targets, headers and bodies hold signatures and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.authority)
    }
}

/// An answer, whatever its status. Its body is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status of the answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

impl Drop for HttpResponse {
    fn drop(&mut self) {
        self.body.zeroize();
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} with {} bytes", self.status, self.body.len())
    }
}

/// Something that can send a request and bring back the answer inside a deadline.
pub trait Exchange: Send + Sync {
    /// Sends `request` and reads the whole answer. Any status is an answer; an error means that there was none:
    /// `Network`, `Tls`, `Timeout`, or `KmsServer` for one beyond its limits, with a message that names the host and the
    /// cause.
    fn exchange(&self, request: &HttpRequest, deadline: Deadline) -> Result<HttpResponse, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_request_carried_is_left_of_it() {
        let mut request = HttpRequest {
            method: "POST",
            tls: true,
            authority: "kms.example".into(),
            target: "/?Signature=s3cr3t".into(),
            headers: vec![("x-acs-security-token".into(), "s3cr3t".into())],
            body: b"s3cr3t".to_vec(),
            body_limit: 1,
        };
        request.wipe();
        assert_eq!(
            (request.target.as_str(), request.headers[0].1.as_str(), request.body.as_slice()),
            ("", "", &b""[..])
        );
    }
}
