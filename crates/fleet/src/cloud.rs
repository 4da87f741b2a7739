//! KMS and STS as a fleet sees them: a quota each, one rotation, perhaps an outage. An answer takes no time.

use kmsramcred::error::{Error, ErrorKind};
use kmsramcred::secret_value::SecretValue;
use std::ops::Range;

/// GetSecretValue, a second, for an account in a region.
pub const QUOTA: u32 = 450;
/// Requests to STS, a second, for an account.
pub const STS_QUOTA: u32 = 100;
/// An assumed role serves so long, in milliseconds.
const ROLE_LASTS: u64 = 3_600_000;
/// A key's version before the rotation.
pub const OLD: &str = "1";
/// A key's version after it.
pub const NEW: &str = "2";
/// The calendar when the simulation begins.
pub const EPOCH_MS: i64 = 1_760_000_000_000;

/// What was asked within one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Second {
    /// Requests that KMS got.
    pub asked: u32,
    /// Those refused by the quota.
    pub refused: u32,
}

/// What a service with a quota was asked.
#[derive(Debug, Clone)]
pub struct Desk {
    quota: u32,
    /// What was asked in each second.
    pub seconds: Vec<Second>,
    /// Requests that were answered.
    pub answered: u64,
}

impl Desk {
    /// A service with that quota a second.
    pub fn new(quota: u32) -> Desk {
        Desk { quota, seconds: Vec::new(), answered: 0 }
    }

    fn ask(&mut self, at: u64) -> Result<(), Trouble> {
        let index = usize::try_from(at / 1_000).unwrap_or(usize::MAX);
        if self.seconds.len() <= index {
            self.seconds.resize(index + 1, Second::default());
        }
        let second = &mut self.seconds[index];
        second.asked += 1;
        if second.asked - second.refused > self.quota {
            second.refused += 1;
            return Err(Trouble::Throttled);
        }
        self.answered += 1;
        Ok(())
    }
}

/// KMS and the services that know the key. Times are milliseconds since the simulation began.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// When the key is rotated.
    pub rotates: u64,
    /// When services begin to refuse the old key.
    pub old_dies: u64,
    /// When KMS cannot be reached.
    pub outage: Range<u64>,
    /// KMS.
    pub kms: Desk,
    /// STS, where each process has to assume a role.
    pub sts: Option<Desk>,
    /// Requests that met the outage.
    pub unreached: u64,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The quota is used up.
    Throttled,
    /// KMS cannot be reached.
    Unreached,
}

impl Trouble {
    /// The error that the gateway makes of it.
    pub fn error(self) -> Error {
        match self {
            Trouble::Throttled => Error::new(ErrorKind::KmsThrottled, "KMS asks for fewer requests."),
            Trouble::Unreached => Error::new(ErrorKind::Network, "KMS could not be reached."),
        }
    }
}

impl Cloud {
    /// Asks for the value; answers its version.
    pub fn ask(&mut self, at: u64) -> Result<&'static str, Trouble> {
        if self.outage.contains(&at) {
            self.unreached += 1;
            return Err(Trouble::Unreached);
        }
        self.kms.ask(at)?;
        Ok(if at >= self.rotates { NEW } else { OLD })
    }

    /// Asks for an identity, where one has to be lent, unless the one until then serves; answers until when it does.
    pub fn identity(&mut self, until: u64, at: u64) -> Result<u64, Trouble> {
        match &mut self.sts {
            Some(sts) if at >= until => sts.ask(at).map(|()| at + ROLE_LASTS),
            _ => Ok(until),
        }
    }

    /// Whether services take a key of this version.
    pub fn takes(&self, version: &str, at: u64) -> bool {
        version == NEW || at < self.old_dies
    }

    /// When the next rotation is, as an answer at this time tells.
    pub fn next_rotation(&self, at: u64) -> u64 {
        const MONTH: u64 = 30 * 24 * 3_600_000;
        if at < self.rotates { self.rotates } else { self.rotates + MONTH }
    }

    /// The value of that version as an answer at this time tells it.
    pub fn value(&self, version: &str, at: u64) -> SecretValue {
        let unix = |ms: u64| EPOCH_MS + i64::try_from(ms).unwrap_or(i64::MAX / 2);
        let rotated = (version == NEW).then(|| unix(self.rotates));
        SecretValue {
            access_key_id: format!("LTAI-of-the-fleet-{version}"),
            access_key_secret: "not-a-secret".into(),
            security_token: None,
            version_id: version.to_owned(),
            generated_ms: rotated,
            expires_ms: None,
            created_ms: Some(EPOCH_MS - 86_400_000),
            last_rotation_ms: rotated,
            next_rotation_ms: Some(unix(self.next_rotation(at))),
            user_name: None,
            server_ms: Some(unix(at)),
        }
    }
}
