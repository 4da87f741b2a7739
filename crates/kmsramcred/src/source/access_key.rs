//! `ak`: a fixed AccessKey from the settings, with a fixed security token where it has one.

use super::{Identity, SigningKey, Source};
use crate::clock::Deadline;
use crate::error::Error;
use crate::secret_text::SecretText;
use std::sync::Arc;

/// Always the same identity.
#[derive(Debug)]
pub struct AccessKeySource {
    identity: Arc<Identity>,
}

impl AccessKeySource {
    /// A source that gives this AccessKey.
    pub fn new(
        access_key_id: String,
        access_key_secret: SecretText,
        security_token: Option<SecretText>,
    ) -> AccessKeySource {
        let identity = Identity {
            access_key_id,
            key: SigningKey::AccessKeySecret(access_key_secret),
            security_token,
            expires_at: None,
        };
        AccessKeySource { identity: Arc::new(identity) }
    }
}

impl Source for AccessKeySource {
    fn name(&self) -> &'static str {
        "ak"
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
        let source = AccessKeySource::new("LTAI5tEXAMPLE".into(), "hunter2".into(), Some("tok".into()));
        let identity = source.identity(Deadline::after(&PausedClock::new(0), Duration::ZERO)).unwrap();
        assert_eq!(identity.access_key_id, "LTAI5tEXAMPLE");
        assert!(matches!(&identity.key, SigningKey::AccessKeySecret(secret) if secret.expose() == "hunter2"));
        assert_eq!(identity.security_token.as_ref().unwrap().expose(), "tok");
        assert!(!source.refused(&identity));
        assert!(!format!("{source:?}").contains("hunter2"));
    }
}
