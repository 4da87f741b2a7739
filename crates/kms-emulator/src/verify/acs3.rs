//! ACS3-HMAC-SHA256: the signature lives in the `Authorization` header and covers query, named headers and body.

use super::{Algorithm, Claim, SignedRequest, encode};
use crate::clock::read_api_date;
use crate::refusal::Refusal;
use sha2::{Digest, Sha256};

pub(super) const NAME: &str = "ACS3-HMAC-SHA256";

/// The three fields of the `Authorization` header.
struct Authorization<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

fn authorization(request: &SignedRequest) -> Result<Authorization<'_>, Refusal> {
    let fields = request.header("authorization").and_then(|value| value.strip_prefix(NAME)).unwrap_or("");
    let field = |name: &str| {
        let found = fields.split(',').filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name);
        let missing = || Refusal::incomplete_signature(format!("The Authorization header has no {name}."));
        found.map(|(_, value)| value).filter(|value| !value.is_empty()).ok_or_else(missing)
    };
    Ok(Authorization {
        credential: field("Credential")?,
        signed_headers: field("SignedHeaders")?,
        signature: field("Signature")?,
    })
}

pub(super) fn claimed_key(request: &SignedRequest) -> Option<&str> {
    authorization(request).ok().map(|found| found.credential)
}

pub(super) fn read(request: &SignedRequest) -> Result<Claim, Refusal> {
    if !request.readable {
        return Err(Refusal::malformed("query string or form: not percent-encoded UTF-8"));
    }
    let Authorization { credential, signed_headers, signature } = authorization(request)?;
    let required = |name: &str| request.header(name).ok_or_else(|| Refusal::missing(name)).map(str::to_owned);
    let names = signed_names(request, signed_headers)?;
    let digest = encode::hex(&Sha256::digest(&request.body));
    if required("x-acs-content-sha256")? != digest {
        return Err(Refusal::body_digest());
    }
    let date = required("x-acs-date")?;
    let string_to_sign = string_to_sign(request, &names, signed_headers, &digest);
    Ok(Claim {
        access_key_id: credential.to_owned(),
        security_token: request.header("x-acs-security-token").map(str::to_owned),
        nonce: Some(required("x-acs-signature-nonce")?),
        time: read_api_date(&date).ok_or_else(|| Refusal::timestamp_format(&date))?,
        expires: None,
        action: required("x-acs-action")?,
        version: required("x-acs-version")?,
        parameters: request.parameters(),
        algorithm: Algorithm::Acs3,
        signature: signature.to_owned(),
        strings_to_sign: vec![string_to_sign],
    })
}

/// The names that are signed, after checking that none is absent and none that has to be there was left out.
fn signed_names<'a>(request: &SignedRequest, signed_headers: &'a str) -> Result<Vec<&'a str>, Refusal> {
    let mut names: Vec<_> = signed_headers.split(';').collect();
    names.sort_unstable();
    if let Some(absent) = names.iter().find(|name| request.header(name).is_none()) {
        return Err(Refusal::incomplete_signature(format!("SignedHeaders names {absent}, which was not sent.")));
    }
    // HTTP libraries label a body that is not there (aiohttp does, below the asynchronous Python SDK).
    let typed = !request.body.is_empty();
    let obliged = |name: &str| name == "host" || (name == "content-type" && typed) || name.starts_with("x-acs-");
    let present = request.headers.keys().map(|name| name.as_str()).filter(|name| obliged(name));
    match present.into_iter().find(|name| !names.contains(name)) {
        Some(left_out) => Err(Refusal::incomplete_signature(format!("Header {left_out} was sent but not signed."))),
        None => Ok(names),
    }
}

fn string_to_sign(request: &SignedRequest, names: &[&str], signed_headers: &str, digest: &str) -> String {
    let mut canonical = format!("{}\n{}\n", request.method, request.path);
    canonical.push_str(&encode::canonical_query(request.query.iter()));
    canonical.push('\n');
    for name in names {
        canonical.push_str(&format!("{name}:{}\n", request.header(name).unwrap_or("").trim()));
    }
    canonical.push_str(&format!("\n{signed_headers}\n{digest}"));
    format!("{NAME}\n{}", encode::hex(&Sha256::digest(canonical.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method};

    fn request(body: &'static [u8]) -> SignedRequest {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("h"));
        headers.insert("content-type", HeaderValue::from_static("application/octet-stream"));
        SignedRequest::new(Method::POST, "/", "", headers, Bytes::from_static(body))
    }

    #[test]
    fn the_type_of_a_body_has_to_be_signed_and_that_of_none_need_not() {
        assert!(signed_names(&request(b""), "host").is_ok());
        assert!(signed_names(&request(b"body"), "host").is_err());
        assert!(signed_names(&request(b"body"), "content-type;host").is_ok());
    }
}
