//! What went wrong, in the words of the person who has to mend it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What kind of thing went wrong.
///
/// The numbers are the status numbers of the C interface; they are never given to another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument of the call cannot be used.
    InvalidArgument = 2,
    /// The client was closed.
    Closed = 4,
    /// The library itself failed.
    Internal = 5,
    /// No configuration was found where one was looked for.
    ConfigMissing = 100,
    /// A setting has a value that cannot be used.
    ConfigInvalid = 101,
    /// The place that gives the identity for KMS did not answer.
    SourceUnavailable = 200,
    /// The place that gives the identity refused, or KMS refused the identity.
    SourceDenied = 201,
    /// The gateway could not be reached, or the connection broke.
    Network = 300,
    /// The gateway's certificate was not accepted.
    Tls = 301,
    /// The budget of the call ended before there was an answer.
    Timeout = 302,
    /// KMS knows the identity and denies it the secret.
    KmsDenied = 400,
    /// KMS does not know the secret.
    KmsNotFound = 401,
    /// KMS asks for fewer requests.
    KmsThrottled = 402,
    /// KMS failed on its side.
    KmsServer = 403,
    /// KMS refused the request for another reason.
    KmsRejected = 404,
    /// The secret exists but does not hold an AccessKey.
    SecretType = 500,
    /// The secret holds an AccessKey in a form that cannot be read.
    SecretMalformed = 501,
    /// Nothing is cached yet and the caller did not want to wait.
    NotReady = 600,
    /// The cached value is past its hard end of life and no newer one could be had.
    Expired = 601,
}

impl ErrorKind {
    /// Every kind, for tables and tests.
    pub const ALL: [ErrorKind; 19] = [
        ErrorKind::InvalidArgument,
        ErrorKind::Closed,
        ErrorKind::Internal,
        ErrorKind::ConfigMissing,
        ErrorKind::ConfigInvalid,
        ErrorKind::SourceUnavailable,
        ErrorKind::SourceDenied,
        ErrorKind::Network,
        ErrorKind::Tls,
        ErrorKind::Timeout,
        ErrorKind::KmsDenied,
        ErrorKind::KmsNotFound,
        ErrorKind::KmsThrottled,
        ErrorKind::KmsServer,
        ErrorKind::KmsRejected,
        ErrorKind::SecretType,
        ErrorKind::SecretMalformed,
        ErrorKind::NotReady,
        ErrorKind::Expired,
    ];

    /// The number of this kind in the C interface.
    pub fn status(self) -> i32 {
        self as i32
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            ErrorKind::SourceUnavailable
                | ErrorKind::Network
                | ErrorKind::Timeout
                | ErrorKind::KmsThrottled
                | ErrorKind::KmsServer
                | ErrorKind::NotReady
                | ErrorKind::Expired
        )
    }

    /// What the person who reads the error should do.
    pub fn advice(self) -> &'static str {
        match self {
            ErrorKind::InvalidArgument => "Correct the argument named in the message.",
            ErrorKind::Closed => "Open a new client; a closed one stays closed.",
            ErrorKind::Internal => "Report this as a defect of kmsramcred, with the message.",
            ErrorKind::ConfigMissing => {
                "Put an identity and a region into the configuration file (KMSRAMCRED_CONFIG names it) or into the environment."
            }
            ErrorKind::ConfigInvalid => "Correct the setting named in the message.",
            ErrorKind::SourceUnavailable => {
                "Check that what gives the identity (metadata service, STS, token file) is there and can be reached."
            }
            ErrorKind::SourceDenied => "Check the identity that calls KMS: its AccessKey, token, role or ClientKey.",
            ErrorKind::Network => {
                "Check the region or endpoint, and DNS, proxy, routes and security groups on the way to the gateway."
            }
            ErrorKind::Tls => {
                "Check the host's name and certificate; name a gateway's private CA with caFilePath, any other with SSL_CERT_FILE. Do not switch verification off."
            }
            ErrorKind::Timeout => "Check the network to the gateway; raise the budget if it is known to be slow.",
            ErrorKind::KmsDenied => "Allow kms:GetSecretValue on this secret (and kms:Decrypt on its key) in RAM.",
            ErrorKind::KmsNotFound => "Check the secret's name, region and account.",
            ErrorKind::KmsThrottled => "Nothing, if it passes; else spread the load or raise the quota of KMS.",
            ErrorKind::KmsServer => "Nothing, if it passes; else look at the status page of KMS.",
            ErrorKind::KmsRejected => "Look the code up in the documentation of KMS.",
            ErrorKind::SecretType => "Name a RAM secret: its value must hold AccessKeyId and AccessKeySecret.",
            ErrorKind::SecretMalformed => "Look at the secret's value in the KMS console.",
            ErrorKind::NotReady => "Ask again, or allow some time for the first fetch.",
            ErrorKind::Expired => "See the cause: the refresh has been failing.",
        }
    }
}

/// A longer message is cut off here, in bytes.
const MESSAGE_LIMIT: usize = 1024;
/// A longer code or request id is cut off here, in bytes.
const WORD_LIMIT: usize = 256;

/// Whether a character has no place in one line of plain text: it controls a terminal, breaks the line, reverses what
/// follows or is not seen at all.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The text as one line of at most `limit` bytes.
fn line(text: String, limit: usize) -> String {
    if text.len() <= limit && !text.contains(is_unprintable) {
        return text;
    }
    let mut line = String::with_capacity(text.len().min(limit));
    for c in text.chars() {
        if line.len() + c.len_utf8() + '…'.len_utf8() > limit {
            line.push('…');
            break;
        }
        line.push(if is_unprintable(c) { ' ' } else { c });
    }
    line
}

/// An error: immutable, cheap to clone, safe to show. It never holds a secret.
///
/// Its texts are single lines, and cut where they are too long, whoever wrote what they quote.
#[derive(Clone)]
pub struct Error(Arc<Details>);

#[derive(Clone, Debug)]
struct Details {
    kind: ErrorKind,
    message: String,
    code: Option<String>,
    request_id: Option<String>,
    http_status: Option<u16>,
    retry_after: Option<Duration>,
    cause: Option<Error>,
}

impl Error {
    /// An error of `kind` whose message says what was found, where, and what is allowed.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Arc::new(Details {
            kind,
            message: line(message.into(), MESSAGE_LIMIT),
            code: None,
            request_id: None,
            http_status: None,
            retry_after: None,
            cause: None,
        }))
    }

    /// The answer of a closed client.
    pub(crate) fn closed() -> Error {
        Error::new(ErrorKind::Closed, "The client was closed.")
    }

    /// The same error with the service's own error code.
    pub fn with_code(self, code: impl Into<String>) -> Error {
        self.change(|details| details.code = Some(line(code.into(), WORD_LIMIT)))
    }

    /// The same error with the service's request id.
    pub fn with_request_id(self, request_id: impl Into<String>) -> Error {
        self.change(|details| details.request_id = Some(line(request_id.into(), WORD_LIMIT)))
    }

    /// The same error with the HTTP status of the answer.
    pub fn with_http_status(self, status: u16) -> Error {
        self.change(|details| details.http_status = Some(status))
    }

    /// The same error with the time the service asked to wait.
    pub fn with_retry_after(self, wait: Duration) -> Error {
        self.change(|details| details.retry_after = Some(wait))
    }

    /// The same error with the error that led to it.
    pub fn with_cause(self, cause: Error) -> Error {
        self.change(|details| details.cause = Some(cause))
    }

    /// The same error, said of one secret.
    pub(crate) fn about_secret(self, name: &str) -> Error {
        self.about(&format!("Secret {name:?}"))
    }

    /// The same error, said of something that its own words do not name.
    pub(crate) fn about(self, what: &str) -> Error {
        self.change(|details| details.message = line(format!("{what}: {}", details.message), MESSAGE_LIMIT))
    }

    fn change(self, with: impl FnOnce(&mut Details)) -> Error {
        let mut details = Arc::unwrap_or_clone(self.0);
        with(&mut details);
        Error(Arc::new(details))
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was found and where, without the advice and the cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The service's own error code, such as `Forbidden.NoPermission`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's request id.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The HTTP status of the service's answer.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// How long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The error that led to this one.
    pub fn cause(&self) -> Option<&Error> {
        self.0.cause.as_ref()
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// Whether KMS, or the place that lends the identity, had too many requests.
    pub(crate) fn is_throttled(&self) -> bool {
        let code = self.code().unwrap_or_default();
        self.kind() == ErrorKind::KmsThrottled || self.http_status() == Some(429) || code.starts_with("Throttling")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut parts = Vec::new();
        if let Some(code) = self.code() {
            parts.push(format!("code {code}"));
        }
        if let Some(status) = self.http_status() {
            parts.push(format!("HTTP {status}"));
        }
        if let Some(id) = self.request_id() {
            parts.push(format!("request id {id}"));
        }
        if !parts.is_empty() {
            write!(f, " ({})", parts.join(", "))?;
        }
        write!(f, " {}", self.kind().advice())?;
        if let Some(cause) = self.cause() {
            write!(f, " Cause: {cause}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_error_quotes_it_stays_one_short_line() {
        let odd = "a\r\n\u{1b}[31m\u{0}b\u{202e}c\u{2028}d\u{200b}e\u{feff}f\u{e0041}";
        for text in [odd.to_owned(), "ä".repeat(100_000), odd.repeat(10_000)] {
            let error = Error::new(ErrorKind::KmsServer, text.as_str())
                .with_code(text.as_str())
                .with_request_id(text.as_str())
                .about_secret(&text);
            assert!(error.message().len() <= 1024, "{}", error.message().len());
            assert!(error.code().unwrap().len() <= 256 && error.request_id().unwrap().len() <= 256);
            let shown = error.to_string();
            assert!(!shown.contains(is_unprintable), "{shown:?}");
            assert!(shown.contains("a ") || shown.contains("ä"), "{shown:?}");
        }
        assert_eq!(Error::new(ErrorKind::Internal, "x".repeat(1024)).message().len(), 1024);
        assert_eq!(Error::new(ErrorKind::Internal, "naïve – 密钥").message(), "naïve – 密钥");
    }
}
