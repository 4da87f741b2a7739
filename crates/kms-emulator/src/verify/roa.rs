//! ROA signature, version 1.0: `Authorization: acs <id>:<signature>` over headers, path and query.
//!
//! Official clients disagree about the resource line where the path holds escapes or a query value is empty, so the
//! variants that they send are accepted beside the canonical one.

use super::{Algorithm, Claim, SignedRequest, encode};
use crate::clock::read_http_date;
use crate::refusal::Refusal;

pub(super) const PREFIX: &str = "acs ";

fn authorization(request: &SignedRequest) -> Option<(&str, &str)> {
    request.header("authorization")?.strip_prefix(PREFIX)?.split_once(':')
}

pub(super) fn claimed_key(request: &SignedRequest) -> Option<&str> {
    authorization(request).map(|(id, _)| id)
}

pub(super) fn read(request: &SignedRequest) -> Result<Claim, Refusal> {
    if !request.readable {
        return Err(Refusal::malformed("query string or form: not percent-encoded UTF-8"));
    }
    let (id, signature) = authorization(request)
        .ok_or_else(|| Refusal::incomplete_signature("Authorization is not of the form acs <id>:<signature>."))?;
    let algorithm = match request.header("x-acs-signature-method") {
        None | Some("HMAC-SHA1") => Algorithm::RoaSha1,
        Some("HMAC-SHA256") => Algorithm::RoaSha256,
        Some(other) => return Err(Refusal::signature_method(other, "HMAC-SHA1, HMAC-SHA256")),
    };
    let date = request.header("date").ok_or_else(|| Refusal::missing("Date"))?;
    Ok(Claim {
        access_key_id: id.to_owned(),
        security_token: request.header("x-acs-security-token").map(str::to_owned),
        nonce: request.header("x-acs-signature-nonce").map(str::to_owned),
        time: read_http_date(date).ok_or_else(|| Refusal::timestamp_format(date))?,
        expires: None,
        action: format!("{} {}", request.method, request.path),
        version: request.header("x-acs-version").unwrap_or("").to_owned(),
        parameters: request.parameters(),
        algorithm,
        signature: signature.to_owned(),
        strings_to_sign: strings_to_sign(request),
    })
}

fn strings_to_sign(request: &SignedRequest) -> Vec<String> {
    let mut head = format!("{}\n", request.method);
    for name in ["accept", "content-md5", "content-type", "date"] {
        head.push_str(request.header(name).unwrap_or(""));
        head.push('\n');
    }
    let mut own: Vec<_> =
        request.headers.keys().map(|name| name.as_str()).filter(|n| n.starts_with("x-acs-")).collect();
    own.sort_unstable();
    for name in own {
        head.push_str(&format!("{name}:{}\n", request.header(name).unwrap_or("")));
    }
    let decoded = encode::decode_path(&request.path).unwrap_or_default();
    let mut variants = Vec::new();
    for path in [request.path.as_str(), decoded.as_str()] {
        for equals_after_empty in [true, false] {
            let text = format!("{head}{path}{}", resource_query(request, equals_after_empty));
            if !variants.contains(&text) {
                variants.push(text);
            }
        }
    }
    variants
}

fn resource_query(request: &SignedRequest, equals_after_empty: bool) -> String {
    let mut sorted: Vec<_> = request.query.iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    let parts = sorted.into_iter().map(|(name, value)| match value.is_empty() && !equals_after_empty {
        true => name.clone(),
        false => format!("{name}={value}"),
    });
    let joined = parts.collect::<Vec<_>>().join("&");
    if joined.is_empty() { joined } else { format!("?{joined}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    fn request(authorization: &str, query: &str) -> SignedRequest {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("accept", "application/json"),
            ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
            ("content-type", "application/json"),
            ("date", "Wed, 16 Dec 2015 11:18:47 GMT"),
            ("x-acs-version", "2015-12-15"),
            ("x-acs-signature-method", "HMAC-SHA1"),
            ("x-acs-signature-version", "1.0"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers.insert("authorization", authorization.parse().unwrap());
        SignedRequest::new(Method::GET, "/clusters/a%20b", query, headers, Bytes::new())
    }

    #[test]
    fn both_official_forms_of_the_resource_are_accepted() {
        for resource in ["/clusters/a%20b?a=1&z=", "/clusters/a b?a=1&z"] {
            let text = format!(
                "GET\napplication/json\n1B2M2Y8AsgTpgAmY7PhCfg==\napplication/json\nWed, 16 Dec 2015 11:18:47 GMT\n\
                 x-acs-signature-method:HMAC-SHA1\nx-acs-signature-version:1.0\nx-acs-version:2015-12-15\n{resource}"
            );
            let signature = Algorithm::RoaSha1.sign("testsecret", &text).unwrap();
            let claim = read(&request(&format!("acs testid:{signature}"), "z=&a=1")).unwrap();
            assert!(claim.holds("testsecret") && !claim.holds("other"), "{resource}");
            assert_eq!(claim.access_key_id, "testid");
        }
    }

    #[test]
    fn a_header_without_colon_is_incomplete() {
        assert_eq!(read(&request("acs testid", "")).unwrap_err().code, "IncompleteSignature");
    }
}
