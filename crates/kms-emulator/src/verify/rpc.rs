//! RPC signature, version 1.0: parameters in the query or a form, all of them signed.

use super::{Algorithm, Claim, SignedRequest, encode};
use crate::clock::read_api_date;
use crate::refusal::Refusal;

pub(super) fn read(request: &SignedRequest) -> Result<Claim, Refusal> {
    if !request.readable {
        return Err(Refusal::malformed("query string or form: not percent-encoded UTF-8"));
    }
    let required = |name: &str| {
        request
            .parameter(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::missing(name))
            .map(str::to_owned)
    };
    let action = required("Action")?;
    let access_key_id = required("AccessKeyId")?;
    let signature = required("Signature")?;
    let algorithm = match required("SignatureMethod")?.as_str() {
        "HMAC-SHA1" => Algorithm::RpcSha1,
        "HMAC-SHA256" => Algorithm::RpcSha256,
        "SHA256withRSA" if request.parameter("SignatureType") == Some("PRIVATEKEY") => Algorithm::Rsa,
        "SHA256withRSA" => {
            return Err(Refusal::incomplete_signature("SHA256withRSA needs SignatureType PRIVATEKEY."));
        }
        other => return Err(Refusal::signature_method(other, "HMAC-SHA1, HMAC-SHA256, SHA256withRSA")),
    };
    let signature_version = required("SignatureVersion")?;
    if signature_version != "1.0" {
        return Err(Refusal::incomplete_signature(format!("SignatureVersion is {signature_version}, not 1.0.")));
    }
    let nonce = Some(required("SignatureNonce")?);
    let timestamp = required("Timestamp")?;
    let time = read_api_date(&timestamp).ok_or_else(|| Refusal::timestamp_format(&timestamp))?;
    Ok(Claim {
        access_key_id,
        security_token: request.parameter("SecurityToken").map(str::to_owned),
        nonce,
        time,
        expires: None,
        action,
        version: required("Version")?,
        parameters: request.parameters(),
        algorithm,
        signature,
        strings_to_sign: vec![string_to_sign(request)],
    })
}

fn string_to_sign(request: &SignedRequest) -> String {
    let signed = request.query.iter().chain(&request.form).filter(|(name, _)| name != "Signature");
    format!("{}&%2F&{}", request.method, encode::encode(&encode::canonical_query(signed)))
}
