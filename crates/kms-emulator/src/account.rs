//! The AccessKeys of the emulated account and whether they work at a given time.

use crate::verify::Certificate;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who an AccessKey belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// An identity that may call KMS.
    Caller,
    /// A temporary identity of a role; may call KMS.
    Role,
    /// The RAM user behind the secret of this name; may call services only.
    Secret(String),
}

/// What an operator did to an AccessKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    Enabled,
    Disabled,
    Deleted,
}

/// One AccessKey.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) secret: Arc<str>,
    pub(crate) token: Option<Arc<str>>,
    /// In place of the secret: this is a ClientKey, which signs with RSA.
    pub(crate) certificate: Option<Certificate>,
    pub(crate) owner: Owner,
    pub(crate) usable_from: Timestamp,
    pub(crate) dead_from: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) switch: Switch,
}

impl Key {
    /// A key that works from `usable_from` until something is done to it.
    pub(crate) fn new(secret: &str, token: Option<&str>, owner: Owner, usable_from: Timestamp) -> Self {
        Self {
            secret: secret.into(),
            token: token.map(Into::into),
            certificate: None,
            owner,
            usable_from,
            dead_from: None,
            expires: None,
            switch: Switch::Enabled,
        }
    }

    /// How the key stands at `now`.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        match self.switch {
            Switch::Deleted => Standing::Gone,
            Switch::Disabled => Standing::Inactive,
            Switch::Enabled if self.dead_from.is_some_and(|end| end <= now) => Standing::Gone,
            Switch::Enabled if now < self.usable_from => Standing::Spreading,
            Switch::Enabled if self.expires.is_some_and(|end| end <= now) => Standing::Expired,
            Switch::Enabled => Standing::Alive,
        }
    }
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Alive,
    /// Made, but services do not know it yet.
    Spreading,
    Inactive,
    Expired,
    Gone,
}

impl Standing {
    /// The word for it in control answers.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Spreading => "spreading",
            Self::Inactive => "disabled",
            Self::Expired => "expired",
            Self::Gone => "dead",
        }
    }
}

/// All AccessKeys, dead ones included.
#[derive(Default)]
pub(crate) struct Account {
    keys: BTreeMap<String, Key>,
}

impl Account {
    /// Adds a key or replaces the one with the same id.
    pub(crate) fn put(&mut self, id: &str, key: Key) {
        self.keys.insert(id.to_owned(), key);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Key> {
        self.keys.get_mut(id)
    }

    /// Keys of the RAM user behind a secret, with their standing.
    pub(crate) fn of_secret(&self, name: &str, now: Timestamp) -> Vec<(&str, Standing)> {
        let owned = self.keys.iter().filter(|(_, key)| matches!(&key.owner, Owner::Secret(owner) if owner == name));
        owned.map(|(id, key)| (id.as_str(), key.standing(now))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::later;

    #[test]
    fn a_key_spreads_lives_and_dies() {
        let start = Timestamp::UNIX_EPOCH;
        let mut key = Key::new("s", None, Owner::Caller, later(start, 100));
        key.dead_from = Some(later(start, 200));
        let at = |millis| key.standing(later(start, millis));
        assert_eq!([at(99), at(100), at(199)], [Standing::Spreading, Standing::Alive, Standing::Alive]);
        assert_eq!(at(200), Standing::Gone);
    }

    #[test]
    fn an_operator_overrules_the_timeline() {
        let mut key = Key::new("s", None, Owner::Caller, Timestamp::UNIX_EPOCH);
        key.expires = Some(later(Timestamp::UNIX_EPOCH, 10));
        assert_eq!(key.standing(later(Timestamp::UNIX_EPOCH, 10)), Standing::Expired);
        key.switch = Switch::Disabled;
        assert_eq!(key.standing(later(Timestamp::UNIX_EPOCH, 10)), Standing::Inactive);
        key.switch = Switch::Deleted;
        assert_eq!(key.standing(Timestamp::UNIX_EPOCH), Standing::Gone);
    }
}
