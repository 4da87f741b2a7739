//! The signature of a KMS instance's own protocol: RSA by a ClientKey over the body's digest and the `x-kms-*` headers.

use super::{Algorithm, Claim, SignedRequest, encode};
use crate::clock::read_http_date;
use crate::dedicated_message::CONTENT_TYPE;
use crate::refusal::Refusal;
use http::Method;
use sha2::{Digest, Sha256};

/// What tells such a request from one for OpenAPI.
pub(super) const VERSION: &str = "x-kms-apiversion";
/// Three times c: that is its name.
pub(super) const KEY_ID: &str = "x-kms-acccesskeyid";
pub(super) const ACTION: &str = "x-kms-apiname";
const METHOD: &str = "x-kms-signaturemethod";
const BEARER: &str = "Bearer ";

pub(super) fn read(request: &SignedRequest) -> Result<Claim, Refusal> {
    if request.method != Method::POST || request.path != "/" || !request.query.is_empty() {
        let message = "The Param Request-Line is invalid: nothing but POST / is signed.";
        return Err(Refusal::new(400, "InvalidParam", message));
    }
    let header = |name: &str| request.header(name).map(str::trim).filter(|value| !value.is_empty());
    let required = |name: &str| header(name).map(str::to_owned).ok_or_else(|| invalid(name));
    if header("content-type") != Some(CONTENT_TYPE) {
        return Err(Refusal::new(415, "InvalidContentType", "The content type is not application/x-protobuf."));
    }
    if header(METHOD) != Some("RSA_PKCS1_SHA_256") {
        return Err(invalid(METHOD));
    }
    let time = header("date").and_then(read_http_date).ok_or_else(|| invalid("Date"))?;
    let signature = required("authorization")?;
    let signature = signature.strip_prefix(BEARER).ok_or_else(|| invalid("Authorization"))?;
    let digest = encode::hex(&Sha256::digest(&request.body)).to_ascii_uppercase();
    if header("content-sha256") != Some(&digest) {
        return Err(invalid("Content-SHA256"));
    }
    if !request.readable {
        return Err(Refusal::malformed("body: no message of the API that x-kms-apiname names"));
    }
    Ok(Claim {
        access_key_id: required(KEY_ID)?,
        security_token: None,
        nonce: None,
        time,
        expires: None,
        action: required(ACTION)?,
        version: required(VERSION)?,
        parameters: request.form.clone(),
        algorithm: Algorithm::Rsa,
        signature: signature.to_owned(),
        strings_to_sign: vec![string_to_sign(request, &digest)],
    })
}

fn string_to_sign(request: &SignedRequest, digest: &str) -> String {
    let mut own: Vec<_> =
        request.headers.keys().map(|name| name.as_str()).filter(|n| n.starts_with("x-kms-")).collect();
    own.sort_unstable();
    let date = request.header("date").unwrap_or("");
    let mut text = format!("{}\n{digest}\n{CONTENT_TYPE}\n{date}\n", request.method);
    for name in own {
        text.push_str(&format!("{name}:{}\n", request.header(name).unwrap_or("").trim()));
    }
    text + "/"
}

fn invalid(header: &str) -> Refusal {
    Refusal::new(400, "InvalidParam", format!("The Param {header} is invalid."))
}
