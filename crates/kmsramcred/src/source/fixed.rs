//! `ak`, `token` and `client_key`: one identity from the settings, for good.

use super::{ClientKey, Identity, SigningKey, Source};
use crate::clock::Deadline;
use crate::error::Error;
use crate::secret_text::SecretText;
use std::sync::Arc;

/// Always the same identity.
#[derive(Debug)]
pub struct FixedSource {
    name: &'static str,
    identity: Arc<Identity>,
}

impl FixedSource {
    /// A source that gives this AccessKey, with its security token where it is a temporary one.
    pub fn access_key(
        access_key_id: String,
        access_key_secret: SecretText,
        security_token: Option<SecretText>,
    ) -> FixedSource {
        let key = SigningKey::AccessKeySecret(access_key_secret);
        let identity = Identity { access_key_id, key, security_token, expires_at: None };
        FixedSource { name: "ak", identity: Arc::new(identity) }
    }

    /// A source that gives this ClientKey.
    pub fn client_key(key: Arc<ClientKey>) -> FixedSource {
        let access_key_id = key.id().to_owned();
        let key = SigningKey::ClientKey(key);
        let identity = Identity { access_key_id, key, security_token: None, expires_at: None };
        FixedSource { name: "client_key", identity: Arc::new(identity) }
    }
}

impl Source for FixedSource {
    fn name(&self) -> &'static str {
        self.name
    }

    fn identity(&self, _deadline: Deadline) -> Result<Arc<Identity>, Error> {
        Ok(self.identity.clone())
    }

    fn refused(&self, _refused: &Identity) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::PausedClock;
    use std::time::Duration;

    #[test]
    fn it_gives_what_it_was_given_and_knows_no_other() {
        let source = FixedSource::access_key("LTAI5tEXAMPLE".into(), "hunter2".into(), Some("tok".into()));
        let identity = source.identity(Deadline::after(&PausedClock::new(0), Duration::ZERO)).unwrap();
        assert_eq!(identity.access_key_id, "LTAI5tEXAMPLE");
        assert!(matches!(&identity.key, SigningKey::AccessKeySecret(secret) if secret.expose() == "hunter2"));
        assert_eq!(identity.security_token.as_ref().unwrap().expose(), "tok");
        assert!(!source.refused(&identity));
        assert!(!format!("{source:?}").contains("hunter2"));
    }
}
