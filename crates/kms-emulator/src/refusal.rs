//! Why a request is refused: the codes and statuses of the real services, in words of our own.

/// Which of the two JSON shapes an error body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `RequestId`, `HostId`, `Code`, `Message`, `Recommend`: the common gateway.
    Gateway,
    /// `HttpStatus`, `Code`, `Message`, `RequestId`: KMS itself.
    Kms,
}

/// An error answer before it has a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) shape: Shape,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), shape: Shape::Gateway }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(400, "MissingParameter", format!("The request lacks the mandatory parameter {parameter}."))
    }

    pub(crate) fn malformed(what: &str) -> Self {
        Self::new(400, "InvalidParameter", format!("The request has a malformed {what}."))
    }

    pub(crate) fn incomplete_signature(why: impl Into<String>) -> Self {
        Self::new(400, "IncompleteSignature", why)
    }

    pub(crate) fn signature_method(found: &str, allowed: &str) -> Self {
        Self::new(400, "InvalidSignatureMethod", format!("Signature method {found} is unknown; known: {allowed}."))
    }

    pub(crate) fn key_not_found() -> Self {
        Self::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    }

    pub(crate) fn key_inactive() -> Self {
        Self::new(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
    }

    /// The official Python client compares what follows the first colon with its own string to sign.
    pub(crate) fn signature_mismatch(string_to_sign: &str) -> Self {
        let message = format!("The signature differs from the one computed for string to sign:{string_to_sign}");
        Self::new(400, "SignatureDoesNotMatch", message)
    }

    pub(crate) fn body_digest() -> Self {
        let message = "x-acs-content-sha256 is not the SHA-256 of the body that arrived.";
        Self::new(400, "SignatureDoesNotMatch", message)
    }

    pub(crate) fn nonce_used() -> Self {
        Self::new(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
    }

    pub(crate) fn timestamp_format(found: &str) -> Self {
        Self::new(400, "InvalidTimeStamp.Format", format!("{found:?} is not a timestamp of the expected form."))
    }

    pub(crate) fn timestamp_expired(server_time: &str) -> Self {
        let message = format!("Specified time stamp is more than 15 minutes away from {server_time}.");
        Self::new(400, "InvalidTimeStamp.Expired", message)
    }

    pub(crate) fn url_expired() -> Self {
        Self::new(403, "AccessDenied", "Request has expired.")
    }

    pub(crate) fn token_missing() -> Self {
        Self::new(400, "MissingSecurityToken", "This access key is temporary: its security token is mandatory.")
    }

    pub(crate) fn token_mismatch() -> Self {
        let message = "Specified security token does not belong to the access key.";
        Self::new(400, "InvalidSecurityToken.MismatchWithAccessKey", message)
    }

    pub(crate) fn token_expired() -> Self {
        Self::new(400, "InvalidSecurityToken.Expired", "Specified security token is expired.")
    }

    pub(crate) fn no_permission() -> Self {
        let message = "This access key belongs to a managed RAM user, which may call services but not KMS.";
        Self::new(403, "Forbidden.NoPermission", message)
    }

    pub(crate) fn unknown_secret() -> Self {
        Self::new(404, "Forbidden.ResourceNotFound", "Resource not found.")
    }

    pub(crate) fn unknown_action(action: &str, known: &str) -> Self {
        let message = format!("This endpoint of the emulator does not know action {action:?}, only {known}.");
        Self::new(404, "InvalidAction.NotFound", message)
    }

    pub(crate) fn unknown_version(version: &str, expected: &str) -> Self {
        Self::new(400, "InvalidVersion", format!("API version {version:?} does not exist; expected {expected}."))
    }

    /// The answer to too many requests, in the shape of KMS itself.
    pub(crate) fn throttled() -> Self {
        Self {
            status: 429,
            code: "Rejected.Throttling".to_owned(),
            message: "QPS Limit Exceeded".to_owned(),
            shape: Shape::Kms,
        }
    }
}
