//! `oidc_role_arn`: the temporary identity of a RAM role that trusts an OIDC token (RRSA on Kubernetes).
//!
//! In go the role and the file that holds the token, out comes what STS lends for them (AssumeRoleWithOIDC). The file is
//! read again at each renewal, since Kubernetes writes it anew. The question is not signed, and the token goes into its
//! body: addresses get logged.

use super::Identity;
use super::renewed::{Failure, Lender, Pause, Renewed};
use super::sts::{BODY_LIMIT, Sts, StsPlace, VERSION};
use crate::civil_time::format_utc;
use crate::clock::Deadline;
use crate::config::{NamedFile, RoleSettings, shown};
use crate::error::{Error, ErrorKind};
use crate::exchange::HttpRequest;
use crate::secret_text::SecretText;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;
use std::sync::Arc;

/// STS takes tokens from 4 to 20,000 characters.
const TOKEN_LENGTHS: std::ops::RangeInclusive<usize> = 4..=20_000;
const FILE_LIMIT: usize = 64 * 1024;
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The identity of a role that trusts an OIDC token.
pub type OidcRole = Renewed<OidcLender>;

/// What lends it.
pub struct OidcLender {
    sts: Sts,
    role: RoleSettings,
    provider_arn: String,
    token_file: NamedFile,
    user_agent: String,
}

impl OidcRole {
    /// A source that reads the file and asks STS when it is first needed.
    pub fn new(
        place: StsPlace,
        role: RoleSettings,
        provider_arn: String,
        token_file: NamedFile,
        user_agent: String,
        pause: Box<Pause>,
    ) -> OidcRole {
        let clock = Arc::clone(&place.clock);
        let lender = OidcLender { sts: Sts::new(place), role, provider_arn, token_file, user_agent };
        Renewed::of(lender, clock, pause)
    }
}

/// The token in a file, without the line end that editors leave.
fn token(file: &NamedFile) -> Result<SecretText, Error> {
    let wrong = |what: String| Error::new(ErrorKind::SourceUnavailable, format!("The OIDC token file {what}."));
    let bytes = file.read(FILE_LIMIT).map_err(|what| wrong(format!("cannot be read: {what}")))?;
    let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
    if !TOKEN_LENGTHS.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let path = shown::path(file.path());
        return Err(wrong(format!("{path} does not hold an OIDC token: 4 to 20000 visible ASCII characters")));
    }
    Ok(SecretText::from(text))
}

impl OidcLender {
    fn request(&self, token: &SecretText) -> HttpRequest {
        let duration = self.role.duration_seconds.to_string();
        let date = format_utc(self.sts.unix_ms());
        let mut params = vec![
            ("Action", "AssumeRoleWithOIDC"),
            ("DurationSeconds", &duration),
            ("Format", "JSON"),
            ("OIDCProviderArn", &self.provider_arn),
            ("OIDCToken", token.expose()),
            ("RoleArn", &self.role.arn),
            ("RoleSessionName", &self.role.session_name),
            ("Timestamp", &date),
            ("Version", VERSION),
        ];
        params.extend(self.role.policy.as_deref().map(|policy| ("Policy", policy)));
        let mut body = String::with_capacity(3 * params.iter().map(|(n, v)| n.len() + v.len() + 2).sum::<usize>());
        for (name, value) in params {
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(name);
            body.push('=');
            body.extend(utf8_percent_encode(value, RESERVED));
        }
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        HttpRequest {
            method: "POST",
            tls: self.sts.place.tls,
            authority: self.sts.place.authority.clone(),
            target: "/".to_owned(),
            headers: vec![
                header("accept", "application/json"),
                header("content-type", "application/x-www-form-urlencoded"),
                header("user-agent", &self.user_agent),
            ],
            body: body.into_bytes(),
            body_limit: BODY_LIMIT,
        }
    }
}

impl Lender for OidcLender {
    fn name(&self) -> &'static str {
        "oidc_role_arn"
    }

    fn place(&self) -> String {
        self.sts.name()
    }

    /// One question, and one more where the date can be corrected.
    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure> {
        let token = token(&self.token_file).map_err(Failure::settled)?;
        let mut answer = self.sts.ask(&self.request(&token), deadline);
        if answer.as_ref().is_err_and(|refusal| refusal.about_the_date) {
            answer = self.sts.ask(&self.request(&token), deadline);
        }
        answer.map_err(|refusal| refusal.failure)
    }
}

impl fmt::Debug for OidcLender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcRole").field("role", &self.role.arn).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "oidc_role_tests.rs"]
mod tests;
