//! The default chain: of several sources the first that gives an identity, for good.
//!
//! In go links in their order, some of which were passed over already when the settings were read; out comes the identity
//! of the first that has one. That link is kept for the life of the chain. Where none has one, the error says of each why.
//! Of many callers one searches; the others wait for it, each inside its own deadline, and share what it found or missed.

use super::rounds::{Failure, Rounds};
use super::{Identity, Source};
use crate::clock::{Clock, Deadline};
use crate::error::{Error, ErrorKind};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One link: a source, or why there is none.
pub struct ChainLink {
    /// What `explain` and errors call the link.
    pub name: &'static str,
    /// The source, or why the link was passed over.
    pub source: Result<Arc<dyn Source>, String>,
    /// The longest time for its first identity: the links after it need some as well.
    pub patience: Duration,
}

/// The first source of several that gives an identity.
pub struct Chain {
    links: Vec<ChainLink>,
    clock: Arc<dyn Clock>,
    /// What is known is the link that is used.
    search: Rounds<Option<Arc<dyn Source>>>,
    report: Mutex<ChainReport>,
}

/// Which link of a chain is used and why others are not. Holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// The link that is used; none before the first identity.
    pub used: Option<&'static str>,
    /// The links before it, or all that were asked in vain, each with the reason.
    pub passed_over: Vec<(&'static str, String)>,
}

impl Chain {
    /// A chain that asks nobody yet.
    pub fn new(links: Vec<ChainLink>, clock: Arc<dyn Clock>) -> Chain {
        Chain { links, clock, search: Rounds::default(), report: Mutex::default() }
    }

    fn note(&self, used: Option<&'static str>, passed_over: Vec<(&'static str, String)>) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = ChainReport { used, passed_over };
    }

    /// Asks the links in turn. The failure is a passing one where the deadline cut a link's patience short: somebody with
    /// more time may find what this search did not.
    fn search(
        &self,
        deadline: Deadline,
        stumbled: &dyn Fn(&Error),
    ) -> Result<(Arc<dyn Source>, Arc<Identity>), Failure> {
        let mut passed_over = Vec::new();
        let mut denied = false;
        // Whether a link leads to anything: one whose place has nothing (404) does not.
        let mut leads_anywhere = false;
        let mut cut_short = false;
        let mut throttled = None;
        for link in &self.links {
            let reason = match &link.source {
                Err(reason) => reason.clone(),
                Ok(source) => {
                    let patient = Deadline(self.clock.now() + link.patience);
                    cut_short |= deadline < patient;
                    match source.identity_told(deadline.min(patient), stumbled) {
                        Ok(identity) => {
                            self.note(Some(link.name), passed_over);
                            return Ok((Arc::clone(source), identity));
                        }
                        Err(error) if error.kind() == ErrorKind::Closed => return Err(Failure::settled(error)),
                        Err(error) => {
                            let nothing_there = error.http_status() == Some(404) && error.code().is_none();
                            leads_anywhere |= !nothing_there;
                            denied |= !error.is_retryable() && !nothing_there;
                            let reason = error.message().trim_end_matches('.').to_owned();
                            throttled = Some(error).filter(Error::is_throttled).or(throttled);
                            reason
                        }
                    }
                }
            };
            passed_over.push((link.name, reason));
        }
        let kind = match denied {
            _ if !leads_anywhere => ErrorKind::ConfigMissing,
            true => ErrorKind::SourceDenied,
            false => ErrorKind::SourceUnavailable,
        };
        let reasons: Vec<String> = passed_over.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
        self.note(None, passed_over);
        let message = format!(
            "credentials_type is not set, and no link of the default chain gives an identity: {}.",
            reasons.join("; ")
        );
        let mut error = Error::new(kind, message);
        // Whoever searches again has to know that it had better not be soon.
        if let Some(throttled) = throttled {
            error = throttled.code().map_or(error.clone(), |code| error.with_code(code));
            error = throttled.http_status().map_or(error.clone(), |status| error.with_http_status(status));
        }
        Err(Failure::new(error, cut_short))
    }
}

impl Source for Chain {
    fn name(&self) -> &'static str {
        "default"
    }

    fn identity(&self, deadline: Deadline) -> Result<Arc<Identity>, Error> {
        self.identity_told(deadline, &|_| ())
    }

    fn identity_told(&self, deadline: Deadline, stumbled: &dyn Fn(&Error)) -> Result<Arc<Identity>, Error> {
        let ready = |chosen: &Option<Arc<dyn Source>>, _| chosen.clone().map(|source| (source, None));
        let search = || {
            let (source, identity) = self.search(deadline, stumbled)?;
            self.search.lock().known = Some(Arc::clone(&source));
            Ok((source, Some(identity)))
        };
        let late =
            || Error::new(ErrorKind::SourceUnavailable, "The budget was over before the default chain was searched.");
        let (source, identity) = self.search.answer(&*self.clock, deadline, ready, search, late)?;
        identity.map_or_else(|| source.identity_told(deadline, stumbled), Ok)
    }

    fn report(&self) -> ChainReport {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refused(&self, refused: &Identity) -> bool {
        let chosen = self.search.lock().known.clone();
        chosen.is_some_and(|source| source.refused(refused))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links.iter().map(|link| link.name)).finish()
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
