//! Requests of the program, signed with a credential that the program need not see.

use crate::cache::Snapshot;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind};
use crate::fetcher::nonce;
use crate::secret::Secret;
use crate::secret_text::SecretText;
use crate::sign::request::{Family, Request, Signed, Signer, sign};
use std::time::Duration;

/// When a signature is made and with which nonce. The default is what programs want: now, and a new one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attempt<'a> {
    /// Milliseconds since 1970; `None` for now, by this machine's clock.
    pub unix_ms: Option<i64>,
    /// A text that no other request has; `None` for a random one. OSS has none.
    pub nonce: Option<&'a str>,
}

impl Attempt<'_> {
    fn check(&self, family: Family) -> Result<(), Error> {
        let wrong = |what: String| Err(Error::new(ErrorKind::InvalidArgument, what));
        match self.nonce {
            Some(_) if matches!(family, Family::OssV1 | Family::OssV4) => {
                wrong("OSS signs no nonce; leave it away.".to_owned())
            }
            Some(nonce) if nonce.is_empty() || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) => {
                wrong(format!("The nonce is {nonce:?}; printable ASCII characters are needed."))
            }
            _ => Ok(()),
        }
    }
}

impl Snapshot {
    /// Signs a request of the program with this credential. Nothing is sent.
    pub fn sign(&self, request: &Request<'_>, attempt: &Attempt<'_>) -> Result<Signed, Error> {
        attempt.check(request.family)?;
        let (secret, token) = (SecretText::from(self.access_key_secret()), self.security_token().map(SecretText::from));
        let signer =
            Signer { access_key_id: self.access_key_id(), access_key_secret: &secret, security_token: token.as_ref() };
        let unix_ms = attempt.unix_ms.unwrap_or_else(|| SystemClock.unix_ms());
        match attempt.nonce {
            Some(given) => sign(request, &signer, unix_ms, given),
            None => sign(request, &signer, unix_ms, &nonce()),
        }
    }
}

impl Secret {
    /// Signs a request of the program with the current credential, for which it waits inside `timeout` if it must; answers
    /// the serial to report, too. What is wrong with the request is said without a wait.
    pub fn sign(
        &self,
        request: &Request<'_>,
        attempt: &Attempt<'_>,
        timeout: Duration,
    ) -> Result<(Signed, u64), Error> {
        attempt.check(request.family)?;
        request.check()?;
        let credential = self.credential(timeout)?;
        Ok((credential.sign(request, attempt)?, credential.serial()))
    }
}
