//! Refusals in the words of OSS.

use crate::answer::{Answer, Format};
use crate::refusal::Refusal;
use crate::verify::{self, SignedRequest};
use base64::prelude::{BASE64_STANDARD, Engine};
use http::{HeaderName, Method, header};
use serde_json::json;

const EC: HeaderName = HeaderName::from_static("x-oss-ec");
const ERROR: HeaderName = HeaderName::from_static("x-oss-err");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-oss-request-id");

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    status: u16,
    code: String,
    message: String,
    /// The number that OSS gives its causes; empty where it is not known.
    ec: &'static str,
}

impl Failure {
    fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), ec: "" }
    }

    pub(crate) fn no_such_key() -> Self {
        Self::new(404, "NoSuchKey", "The specified key does not exist.")
    }

    pub(super) fn no_such_bucket() -> Self {
        Self::new(404, "NoSuchBucket", "The specified bucket does not exist.")
    }

    pub(super) fn no_such_upload() -> Self {
        Self::new(404, "NoSuchUpload", "The specified upload does not exist: it was completed or aborted.")
    }

    pub(super) fn bucket_not_empty() -> Self {
        Self::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
    }

    pub(super) fn position(expected: usize) -> Self {
        let message = format!("Position is not equal to file length, which is {expected}.");
        Self::new(409, "PositionNotEqualToLength", message)
    }

    pub(super) fn not_appendable() -> Self {
        Self::new(409, "ObjectNotAppendable", "The object is not appendable.")
    }

    pub(super) fn digest() -> Self {
        Self::new(400, "InvalidDigest", "The Content-MD5 is not the MD5 of the body that arrived.")
    }

    pub(super) fn invalid(what: &str) -> Self {
        Self::new(400, "InvalidArgument", format!("The request has an invalid {what}."))
    }

    pub(super) fn part(number: u32) -> Self {
        Self::new(400, "InvalidPart", format!("Part {number} was not uploaded, or has another ETag."))
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("The emulator does not know {what}."))
    }

    /// The answer: XML, or for HEAD, which has no body, the same XML in a header.
    pub(super) fn answer(&self, request: &SignedRequest, request_id: &str) -> Answer {
        let key = verify::claimed_key(request).unwrap_or("");
        let document = json!({"Code": self.code, "Message": self.message, "RequestId": request_id,
            "HostId": request.host(), "OSSAccessKeyId": key, "EC": self.ec});
        let mut answer = Answer::document(self.status, Format::Xml, "Error", &document);
        if request.method == Method::HEAD {
            let packed = BASE64_STANDARD.encode(&answer.body);
            answer = Answer::new(self.status, "application/xml", "").with(ERROR, &packed);
        }
        answer.headers.retain(|(name, _)| name != header::CONTENT_LENGTH);
        if !self.ec.is_empty() {
            answer = answer.with(EC, self.ec);
        }
        answer.with(REQUEST_ID, request_id)
    }
}

/// The codes that OSS has where the API gateway has others.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (code, ec) = match refusal.code.as_str() {
            "InvalidAccessKeyId.NotFound" => ("InvalidAccessKeyId", "0002-00000902"),
            "InvalidAccessKeyId.Inactive" => ("InvalidAccessKeyId", "0002-00000904"),
            "SignatureDoesNotMatch" => ("SignatureDoesNotMatch", ""),
            "InvalidTimeStamp.Expired" => ("RequestTimeTooSkewed", ""),
            "InvalidSecurityToken.Expired" => ("SecurityTokenExpired", ""),
            "MissingSecurityToken" | "InvalidSecurityToken.MismatchWithAccessKey" => ("InvalidSecurityToken", ""),
            _ => return Self::new(refusal.status, &refusal.code, refusal.message),
        };
        Self { ec, ..Self::new(403, code, refusal.message) }
    }
}
