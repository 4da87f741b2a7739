//! Reads the signature of a request and checks it. Shares nothing with the library's signer on purpose: an error
//! made on both sides alike would go unnoticed.
//!
//! [`read`] turns a request into a [`Claim`]: who it says it is and what was signed. [`Claim::holds`] compares the
//! claim with a secret. Whether the key behind it works is not decided here.

mod acs3;
mod certificate;
mod dedicated;
mod encode;
mod oss;
mod oss4;
mod request;
mod roa;
mod rpc;

#[cfg(test)]
mod vectors;

pub(crate) use certificate::Certificate;
pub(crate) use oss::resource;
pub(crate) use request::SignedRequest;

use crate::answer::Format;
use crate::refusal::Refusal;
use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::Sha256;

/// How a signature is made from a secret and a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// RPC: the key is the secret followed by `&`, the result Base64.
    RpcSha1,
    RpcSha256,
    /// RSA by the key of a ClientKey, the result Base64.
    Rsa,
    /// ROA: the key is the secret itself, the result Base64.
    RoaSha1,
    RoaSha256,
    /// ACS3: the key is the secret itself, the result lower-case hex.
    Acs3,
    /// OSS: as ROA.
    Oss1,
    /// OSS: the key is derived for a day and a region, the result lower-case hex.
    Oss4,
}

impl Algorithm {
    /// The signature that this secret makes; none where no secret can.
    fn sign(self, secret: &str, text: &str) -> Option<String> {
        Some(match self {
            Self::RpcSha1 => BASE64_STANDARD.encode(hmac_sha1(&format!("{secret}&"), text)),
            Self::RpcSha256 => BASE64_STANDARD.encode(hmac_sha256(format!("{secret}&").as_bytes(), text)),
            Self::RoaSha1 | Self::Oss1 => BASE64_STANDARD.encode(hmac_sha1(secret, text)),
            Self::RoaSha256 => BASE64_STANDARD.encode(hmac_sha256(secret.as_bytes(), text)),
            Self::Acs3 => encode::hex(&hmac_sha256(secret.as_bytes(), text)),
            Self::Oss4 => return oss4::sign(secret, text),
            Self::Rsa => return None,
        })
    }
}

fn hmac_sha1(key: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// What a request says about itself.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) access_key_id: String,
    pub(crate) security_token: Option<String>,
    /// Absent in ROA requests of some clients.
    pub(crate) nonce: Option<String>,
    pub(crate) time: Timestamp,
    /// Of a signed URL: until when it works, in place of the time's tolerance.
    pub(crate) expires: Option<Timestamp>,
    /// The API action; for ROA the method and path.
    pub(crate) action: String,
    pub(crate) version: String,
    pub(crate) parameters: Vec<(String, String)>,
    algorithm: Algorithm,
    signature: String,
    /// The documented string first, then what official clients also send.
    strings_to_sign: Vec<String>,
}

impl Claim {
    /// Whether the signature was made with this secret.
    pub(crate) fn holds(&self, secret: &str) -> bool {
        let made = |text: &String| self.algorithm.sign(secret, text);
        self.strings_to_sign.iter().any(|text| made(text).as_ref() == Some(&self.signature))
    }

    /// Whether the signature was made with the private key behind this certificate.
    pub(crate) fn holds_for(&self, certificate: &Certificate) -> bool {
        self.algorithm == Algorithm::Rsa
            && self.strings_to_sign.iter().any(|text| certificate.signed(text, &self.signature))
    }

    pub(crate) fn string_to_sign(&self) -> &str {
        &self.strings_to_sign[0]
    }

    /// First value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The signing schemes, told apart by their headers.
enum Scheme {
    Dedicated,
    Rpc,
    Roa,
    Acs3,
    Oss1,
    Oss4,
}

fn scheme(request: &SignedRequest) -> Scheme {
    if request.header(dedicated::VERSION).is_some() {
        return Scheme::Dedicated;
    }
    match request.header("authorization") {
        Some(value) if value.starts_with(acs3::NAME) => Scheme::Acs3,
        Some(value) if value.starts_with(roa::PREFIX) => Scheme::Roa,
        Some(value) if value.starts_with(oss4::NAME) => Scheme::Oss4,
        Some(value) if value.starts_with(oss::PREFIX) => Scheme::Oss1,
        None if request.parameter(oss4::URL_CREDENTIAL).is_some() => Scheme::Oss4,
        None if request.parameter(oss::URL_KEY_ID).is_some() => Scheme::Oss1,
        _ => Scheme::Rpc,
    }
}

/// Reads the claim of a request.
pub(crate) fn read(request: &SignedRequest) -> Result<Claim, Refusal> {
    match scheme(request) {
        Scheme::Dedicated => dedicated::read(request),
        Scheme::Rpc => rpc::read(request),
        Scheme::Roa => roa::read(request),
        Scheme::Acs3 => acs3::read(request),
        Scheme::Oss1 => oss::read(request),
        Scheme::Oss4 => oss4::read(request),
    }
}

/// Reads the claim of a request to OSS, which knows no other signatures than its own.
pub(crate) fn read_oss(request: &SignedRequest) -> Result<Claim, Refusal> {
    match scheme(request) {
        Scheme::Oss1 => oss::read(request),
        Scheme::Oss4 => oss4::read(request),
        _ => Err(oss::unsigned()),
    }
}

/// The AccessKey id that a request names, without any check: for counters.
pub(crate) fn claimed_key(request: &SignedRequest) -> Option<&str> {
    match scheme(request) {
        Scheme::Dedicated => request.header(dedicated::KEY_ID),
        Scheme::Rpc => request.parameter("AccessKeyId"),
        Scheme::Roa => roa::claimed_key(request),
        Scheme::Acs3 => acs3::claimed_key(request),
        Scheme::Oss1 => oss::claimed_key(request),
        Scheme::Oss4 => oss4::claimed_key(request),
    }
}

/// The action that a request names, without any check: for counters.
pub(crate) fn claimed_action(request: &SignedRequest) -> Option<&str> {
    let named = match scheme(request) {
        Scheme::Dedicated => request.header(dedicated::ACTION),
        Scheme::Acs3 => request.header("x-acs-action"),
        Scheme::Rpc | Scheme::Roa | Scheme::Oss1 | Scheme::Oss4 => None,
    };
    named.or(request.parameter("Action"))
}

/// The format in which the sender wants its answer: XML when an RPC request names none.
pub(crate) fn format(request: &SignedRequest) -> Format {
    match (request.parameter("Format"), scheme(request)) {
        (_, Scheme::Dedicated) => Format::Protobuf,
        (Some(format), _) if format.eq_ignore_ascii_case("xml") => Format::Xml,
        (None, Scheme::Rpc) if request.parameter("Action").is_some() => Format::Xml,
        (None, Scheme::Roa) if request.header("accept").is_some_and(|accept| accept.contains("xml")) => Format::Xml,
        _ => Format::Json,
    }
}
