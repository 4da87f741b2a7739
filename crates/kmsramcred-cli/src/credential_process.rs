//! `kmsramcred credential-process`: what the `External` mode of the Alibaba Cloud CLI reads.
//!
//! In goes an order, out comes one JSON object on standard output, nothing else: the CLI lays it over its profile, and
//! the SDKs that read its profiles ask again when `expiration` is near, or for every use where there is none.

use crate::access::Fetched;
use crate::command_line::CredentialProcess;
use crate::failure::Failure;
use kmsramcred::civil_time::format_utc;
use kmsramcred::{Credential, SecretText};
use serde::Serialize;
use std::io::{self, Write};

/// The members are those of the CLI's profile.
#[derive(Serialize)]
struct Profile<'a> {
    mode: &'static str,
    access_key_id: &'a str,
    access_key_secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sts_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

/// Carries the order out.
pub(crate) fn run(order: &CredentialProcess) -> Result<(), Failure> {
    let fetched = Fetched::new(&order.access)?;
    let text = profile(&fetched.credential)?;
    let mut stdout = io::stdout();
    stdout.write_all(text.expose().as_bytes())?;
    Ok(stdout.flush()?)
}

fn profile(credential: &Credential) -> Result<SecretText, Failure> {
    let sts_token = credential.security_token();
    let profile = Profile {
        mode: if sts_token.is_some() { "StsToken" } else { "AK" },
        access_key_id: credential.access_key_id(),
        access_key_secret: credential.access_key_secret(),
        sts_token,
        expiration: sts_token.and(credential.not_after_unix_ms()).map(format_utc),
    };
    let text = serde_json::to_string(&profile).map_err(io::Error::from)?;
    Ok(SecretText::new(text + "\n"))
}
