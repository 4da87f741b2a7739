//! RAM roles that can be assumed, and the temporary identities they give out.
//!
//! In go orders of the control API and a role's name, out comes an identity that works until its end.

use crate::account::{Account, Key, Owner};
use crate::clock::{api_date, later_by_seconds};
use crate::identifier;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

const ARN_PREFIX: &str = "acs:ram::1000000000000001:role/";

/// Lives that a caller can ask for.
pub(crate) const SHORTEST_SECONDS: u32 = 900;
pub(crate) const LONGEST_SECONDS: u32 = 3600;

/// The name inside a role's ARN.
pub(crate) fn name_in(arn: &str) -> Option<&str> {
    arn.strip_prefix("acs:ram::")?.split_once(":role/").map(|(_, name)| name).filter(|name| !name.is_empty())
}

/// A role.
#[derive(Debug)]
pub(crate) struct Role {
    deny: bool,
    expire_seconds: Option<u32>,
    id: String,
    issued: Vec<String>,
}

/// What `POST /roles/{name}` takes; what is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RoleChange {
    deny: Option<bool>,
    expire_seconds: Option<u32>,
}

/// A temporary identity as it is handed to its user, once.
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
}

impl Identity {
    /// The four fields that every source of temporary identities answers with.
    pub(crate) fn document(&self) -> Value {
        json!({"AccessKeyId": self.id, "AccessKeySecret": self.secret, "SecurityToken": self.token,
            "Expiration": api_date(self.expires)})
    }
}

impl Role {
    pub(crate) fn new(deny: bool, expire_seconds: Option<u32>) -> Self {
        Self { deny, expire_seconds, id: identifier::role_id(), issued: Vec::new() }
    }

    pub(crate) fn change(&mut self, change: &RoleChange) {
        self.deny = change.deny.unwrap_or(self.deny);
        self.expire_seconds = change.expire_seconds.or(self.expire_seconds);
    }

    /// Whether nobody may assume it.
    pub(crate) fn denies(&self) -> bool {
        self.deny
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Issues an identity for as long as was asked for, unless the operator set another life.
    pub(crate) fn issue(&mut self, account: &mut Account, asked_seconds: u32, now: Timestamp) -> Identity {
        let (id, secret) = (identifier::temporary_key_id(), identifier::access_key_secret());
        let token = identifier::security_token();
        let expires = later_by_seconds(now, self.expire_seconds.unwrap_or(asked_seconds).into());
        let mut key = Key::new(&secret, Some(&token), Owner::Role, now);
        key.expires = Some(expires);
        account.put(&id, key);
        self.issued.push(id.clone());
        Identity { id, secret, token, expires }
    }

    /// Kills every identity issued so far and returns how many were alive.
    pub(crate) fn revoke(&mut self, account: &mut Account, now: Timestamp) -> usize {
        let mut revoked = 0;
        for id in std::mem::take(&mut self.issued) {
            if let Some(key) = account.get_mut(&id).filter(|key| key.expires.is_none_or(|end| now < end)) {
                key.dead_from = Some(now);
                revoked += 1;
            }
        }
        revoked
    }

    pub(crate) fn document(&self, name: &str) -> Value {
        json!({"name": name, "arn": format!("{ARN_PREFIX}{name}"), "deny": self.deny,
            "expire_seconds": self.expire_seconds, "issued": self.issued.len()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Standing;

    #[test]
    fn names_are_read_from_role_arns_only() {
        assert_eq!(name_in("acs:ram::1:role/app/x"), Some("app/x"));
        assert_eq!([name_in("acs:ram::1:role/"), name_in("acs:ram::1:user/a"), name_in("app")], [None; 3]);
    }

    #[test]
    fn the_operator_overrules_the_life_asked_for_and_ends_it() {
        let (mut account, start) = (Account::default(), Timestamp::UNIX_EPOCH);
        let mut role = Role::new(false, None);
        let asked = role.issue(&mut account, 900, start);
        role.change(&RoleChange { expire_seconds: Some(2), ..RoleChange::default() });
        let short = role.issue(&mut account, 900, start);
        let after = later_by_seconds(start, 2);
        let standing = |account: &Account, id: &str| account.get(id).unwrap().standing(after);
        assert_eq!(standing(&account, &asked.id), Standing::Alive);
        assert_eq!(standing(&account, &short.id), Standing::Expired);
        assert_eq!(role.revoke(&mut account, after), 1);
        assert_eq!(standing(&account, &asked.id), Standing::Gone);
    }
}
