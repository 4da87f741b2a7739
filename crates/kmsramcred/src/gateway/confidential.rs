//! Keeps what a request carried out of the messages about it: a service may quote anything it was sent.

use crate::exchange::HttpRequest;
use crate::secret_text::shown_access_key_id;
use crate::source::{Identity, SigningKey};

/// So many characters in a row of something confidential are too many.
const WINDOW: usize = 8;

/// The confidential texts of one request.
pub(super) struct Confidential<'a> {
    identity: &'a Identity,
    request: &'a HttpRequest,
}

impl<'a> Confidential<'a> {
    pub(super) fn of(identity: &'a Identity, request: &'a HttpRequest) -> Confidential<'a> {
        Confidential { identity, request }
    }

    /// Whether a text may be shown as it is.
    pub(super) fn allows(&self, text: &str) -> bool {
        self.cleared(text).as_deref() == Some(text)
    }

    /// The text without the AccessKey id; nothing when it repeats a part of a secret, a token or a signature.
    pub(super) fn cleared(&self, text: &str) -> Option<String> {
        if self.secrets().iter().any(|secret| repeats(text, secret)) {
            return None;
        }
        let id = &self.identity.access_key_id;
        Some(if id.is_empty() { text.to_owned() } else { text.replace(id.as_str(), &shown_access_key_id(id)) })
    }

    fn secrets(&self) -> Vec<&str> {
        let mut secrets = Vec::new();
        if let SigningKey::AccessKeySecret(secret) = &self.identity.key {
            secrets.push(secret.expose());
        }
        secrets.extend(self.identity.security_token.as_ref().map(|token| token.expose()));
        for (name, value) in &self.request.headers {
            match name.as_str() {
                "authorization" => secrets.extend(
                    value
                        .rsplit_once("Signature=")
                        .map(|(_, signature)| signature)
                        .or_else(|| value.strip_prefix("Bearer ")),
                ),
                "x-acs-security-token" => secrets.push(value),
                _ => {}
            }
        }
        let body = std::str::from_utf8(&self.request.body).unwrap_or_default();
        for pair in self.request.target.split(['?', '&']).chain(body.split('&')) {
            if let Some((name, value)) = pair.split_once('=')
                && matches!(name, "Signature" | "SecurityToken")
            {
                secrets.push(value);
            }
        }
        secrets
    }
}

/// Whether `text` holds `secret`, or as much of it in a row as the window is long.
fn repeats(text: &str, secret: &str) -> bool {
    let secret: Vec<char> = secret.chars().collect();
    let length = secret.len().min(WINDOW);
    length > 0 && secret.windows(length).any(|part| text.contains(&String::from_iter(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> HttpRequest {
        HttpRequest {
            method: "POST",
            tls: true,
            authority: "kms.example".into(),
            target: "/?Signature=c2lnbmF0dXJlLTE%3D".into(),
            headers: vec![("authorization".into(), "ACS3 Credential=LTAI,Signature=0123456789abcdef".into())],
            body: Vec::new(),
            body_limit: 1,
        }
    }

    fn identity() -> Identity {
        Identity {
            access_key_id: "LTAI5tEXAMPLE".into(),
            key: SigningKey::AccessKeySecret("s3cr3t-s3cr3t".into()),
            security_token: Some("CAIStoken/with+signs==".into()),
            expires_at: None,
        }
    }

    #[test]
    fn what_repeats_the_request_is_withheld() {
        let (identity, request) = (identity(), request());
        let confidential = Confidential::of(&identity, &request);
        for bad in [
            "your secret is s3cr3t-s3cr3t",
            "token CAIStoken%2Fwith%2Bsigns is bad",
            "cut off: 89abcdef",
            "signature c2lnbmF0dXJlLTE=",
        ] {
            assert_eq!(confidential.cleared(bad), None, "{bad}");
        }
        assert_eq!(confidential.cleared("LTAI5tEXAMPLE may not").as_deref(), Some("…MPLE may not"));
    }
}
