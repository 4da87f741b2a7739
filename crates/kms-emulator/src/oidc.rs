//! OIDC providers and the tokens that they are said to have issued.
//!
//! In goes a token as a client sends it, out comes whether STS accepts it. Tokens are declared, not parsed: what is
//! under test is the client that carries them.

use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const ARN_PREFIX: &str = "acs:ram::1000000000000001:oidc-provider/";

/// The name inside a provider's ARN.
pub(crate) fn name_in(arn: &str) -> Option<&str> {
    arn.strip_prefix("acs:ram::")?.split_once(":oidc-provider/").map(|(_, name)| name).filter(|name| !name.is_empty())
}

/// The ARN of a provider.
pub(crate) fn arn(name: &str) -> String {
    format!("{ARN_PREFIX}{name}")
}

/// What STS finds when it looks at a token.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenState {
    #[default]
    Valid,
    Expired,
    InvalidSignature,
    AudienceNotMatch,
}

/// A provider and its tokens; a token that it does not know is invalid.
#[derive(Default)]
pub(crate) struct Provider {
    tokens: BTreeMap<String, TokenState>,
}

impl Provider {
    /// Declares a token, or changes what is found about it.
    pub(crate) fn declare(&mut self, token: &str, state: TokenState) {
        self.tokens.insert(token.to_owned(), state);
    }

    pub(crate) fn token_count(&self) -> usize {
        self.tokens.len()
    }

    /// Refuses every token that is not valid.
    pub(crate) fn check(&self, token: &str) -> Result<(), Refusal> {
        let (code, message) = match self.tokens.get(token) {
            Some(TokenState::Valid) => return Ok(()),
            Some(TokenState::Expired) => ("Expired", "The OIDC token is expired."),
            Some(TokenState::InvalidSignature) => ("InvalidSignature", "The OIDC token is not signed by its issuer."),
            Some(TokenState::AudienceNotMatch) => ("AudienceNotMatch", "The OIDC token is for another audience."),
            None => ("Invalid", "The OIDC token is none that this provider issued."),
        };
        Err(Refusal::new(401, &format!("AuthenticationFail.OIDCToken.{code}"), message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_of_a_token_has_its_own_code() {
        let mut provider = Provider::default();
        let code = |provider: &Provider| provider.check("t").err().map(|refusal| refusal.code);
        assert_eq!(code(&provider).as_deref(), Some("AuthenticationFail.OIDCToken.Invalid"));
        provider.declare("t", TokenState::Valid);
        assert_eq!(code(&provider), None);
        provider.declare("t", TokenState::AudienceNotMatch);
        assert_eq!(code(&provider).as_deref(), Some("AuthenticationFail.OIDCToken.AudienceNotMatch"));
    }
}
