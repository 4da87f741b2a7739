//! `sts` and `ram_role`: the temporary identity of a RAM role that another identity may assume.
//!
//! In go the identity that asks, the role and a way to sign, out comes what STS lends for them (AssumeRole).

use super::renewed::{Failure, Lender, Pause, Renewed};
use super::sts::{BODY_LIMIT, Refusal, Sts, StsPlace, VERSION};
use super::{Identity, Source};
use crate::clock::Deadline;
use crate::config::RoleSettings;
use crate::error::Error;
use crate::exchange::{HttpRequest, Question};
use std::fmt;
use std::sync::Arc;

/// Signs a question, with a nonce that was never used: who asks, time in milliseconds since 1970.
pub type StsSign = dyn Fn(&Question<'_>, &Identity, i64) -> HttpRequest + Send + Sync;

/// The identity of an assumed role.
pub type AssumeRole = Renewed<RoleLender>;

/// What lends it.
pub struct RoleLender {
    sts: Sts,
    asker: Arc<dyn Source>,
    role: RoleSettings,
    external_id: Option<String>,
    sign: Box<StsSign>,
}

impl AssumeRole {
    /// A source that asks STS when it is first needed, as the identity that `asker` gives.
    pub fn new(
        place: StsPlace,
        asker: Arc<dyn Source>,
        role: RoleSettings,
        external_id: Option<String>,
        sign: Box<StsSign>,
        pause: Box<Pause>,
    ) -> AssumeRole {
        let clock = Arc::clone(&place.clock);
        let lender = RoleLender { sts: Sts::new(place), asker, role, external_id, sign };
        Renewed::of(lender, clock, pause)
    }
}

impl RoleLender {
    fn ask(&self, identity: &Identity, deadline: Deadline) -> Result<Identity, Refusal> {
        let duration = self.role.duration_seconds.to_string();
        let mut params = vec![
            ("DurationSeconds", duration.as_str()),
            ("RoleArn", self.role.arn.as_str()),
            ("RoleSessionName", self.role.session_name.as_str()),
        ];
        params.extend(self.role.policy.as_deref().map(|policy| ("Policy", policy)));
        params.extend(self.external_id.as_deref().map(|id| ("ExternalId", id)));
        let question = Question {
            authority: &self.sts.place.authority,
            tls: self.sts.place.tls,
            action: "AssumeRole",
            version: VERSION,
            params: &params,
            body_limit: BODY_LIMIT,
        };
        self.sts.ask(&(self.sign)(&question, identity, self.sts.unix_ms()), deadline)
    }
}

impl Lender for RoleLender {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn place(&self) -> String {
        self.sts.name()
    }

    /// One question, and one more where the asker's identity or the date can be corrected.
    fn lend(&self, deadline: Deadline) -> Result<Identity, Failure> {
        // Where the time was over for it, whoever has more of it may do better.
        let failed = |error: Error| match error.is_retryable() && deadline.is_over(self.sts.place.clock.now()) {
            true => Failure::passing(error),
            false => Failure::settled(error),
        };
        let asker = || self.asker.identity(deadline).map_err(failed);
        let first = asker()?;
        let refusal = match self.ask(&first, deadline) {
            Ok(identity) => return Ok(identity),
            Err(refusal) => refusal,
        };
        if refusal.about_the_date || refusal.about_the_asker && self.asker.refused(&first) {
            return self.ask(&*asker()?, deadline).map_err(|refusal| refusal.failure);
        }
        Err(refusal.failure)
    }
}

impl fmt::Debug for RoleLender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumeRole").field("role", &self.role.arn).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "assume_role_tests.rs"]
mod tests;
