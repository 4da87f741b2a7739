//! One value of a secret, and the snapshots of it that callers hold.

use super::serial::serial_of;
use crate::clock::Moment;
use crate::error::{Error, ErrorKind};
use crate::secret_text::{SecretText, shown_access_key_id};
use crate::secret_value::SecretValue;
use std::ffi::{CStr, CString};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zeroize::Zeroizing;

/// A text of a credential, ready for Rust and, with its final NUL, for C.
struct Text {
    text: SecretText,
    c_text: Zeroizing<CString>,
}

impl Text {
    fn new(text: &str, what: &str) -> Result<Text, Error> {
        let c_text = CString::new(text)
            .map_err(|_| Error::new(ErrorKind::SecretMalformed, format!("{what} holds a NUL character.")))?;
        Ok(Text { text: SecretText::from(text), c_text: Zeroizing::new(c_text) })
    }
}

/// One value of a secret: id, secret and token as one immutable object, with what is known of its life.
pub struct Value {
    access_key_id: Text,
    access_key_secret: Text,
    security_token: Option<Text>,
    version_id: Text,
    /// The number of this value.
    pub serial: u64,
    /// When the key came to be, as far as the answer told; else when it was first seen.
    pub born: Moment,
    /// When it was first fetched.
    pub fetched: Moment,
    /// The same by this machine's calendar clock.
    pub fetched_unix_ms: i64,
    /// The end of a temporary key.
    pub ends: Option<Moment>,
    /// `GenerateTimestamp`, in the server's milliseconds since 1970.
    pub generated_ms: Option<i64>,
    /// The RAM user behind it.
    pub user_name: Option<String>,
    accepted: AtomicBool,
}

impl Value {
    /// Takes over what a fetch brought at `now`.
    pub fn new(fetched: &SecretValue, now: Moment, unix_ms: i64) -> Result<Value, Error> {
        let security_token = match &fetched.security_token {
            Some(token) => Some(Text::new(token.expose(), "SecurityToken")?),
            None => None,
        };
        let until_end = match (&security_token, fetched.expires_ms) {
            (Some(_), Some(end)) => {
                Some(end.saturating_sub(fetched.server_ms.unwrap_or(unix_ms)).max(0).unsigned_abs())
            }
            _ => None,
        };
        Ok(Value {
            access_key_id: Text::new(&fetched.access_key_id, "AccessKeyId")?,
            access_key_secret: Text::new(fetched.access_key_secret.expose(), "AccessKeySecret")?,
            version_id: Text::new(&fetched.version_id, "VersionId")?,
            serial: serial_of(
                &fetched.access_key_id,
                fetched.access_key_secret.expose(),
                fetched.security_token.as_ref().map(SecretText::expose),
            ),
            security_token,
            born: now - known_age(fetched).unwrap_or_default(),
            fetched: now,
            fetched_unix_ms: unix_ms,
            ends: until_end.map(|ms| now + Duration::from_millis(ms)),
            generated_ms: fetched.generated_ms,
            user_name: fetched.user_name.clone(),
            accepted: AtomicBool::new(false),
        })
    }

    /// How old the key is.
    pub fn age(&self, now: Moment) -> Duration {
        now.since(self.born)
    }

    /// Whether a service has accepted it.
    pub fn is_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Notes that a service has accepted it.
    pub fn accept(&self) {
        if !self.is_accepted() {
            self.accepted.store(true, Ordering::Relaxed);
        }
    }

    /// The id as it may be shown.
    pub fn shown_id(&self) -> String {
        shown_access_key_id(self.access_key_id.text.expose())
    }

    /// The version of the secret's value; may be empty.
    pub fn version_id(&self) -> &str {
        self.version_id.text.expose()
    }
}

/// The age that an answer tells: the server's clock minus the newest date that the value carries.
fn known_age(fetched: &SecretValue) -> Option<Duration> {
    let newest = [fetched.generated_ms, fetched.last_rotation_ms, fetched.created_ms].into_iter().flatten().max()?;
    let age = fetched.server_ms?.saturating_sub(newest);
    Some(Duration::from_millis(age.max(0).unsigned_abs()))
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("access_key_id", &self.shown_id())
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

/// A value as it was found right at one generation.
#[derive(Debug)]
pub struct Snapshot {
    /// The value.
    pub value: Arc<Value>,
    /// The generation at which this was the right answer.
    pub generation: u64,
    /// When KMS last confirmed it.
    pub confirmed: Moment,
    /// The hard end of its use: the token's, or `max_stale` after it was last confirmed.
    pub ends: Moment,
    /// The same by this machine's calendar clock; `None` for no end.
    pub ends_unix_ms: Option<i64>,
}

impl Snapshot {
    /// The AccessKey id.
    pub fn access_key_id(&self) -> &str {
        self.value.access_key_id.text.expose()
    }

    /// The AccessKey secret. Never put it into a message.
    pub fn access_key_secret(&self) -> &str {
        self.value.access_key_secret.text.expose()
    }

    /// The security token of a temporary key.
    pub fn security_token(&self) -> Option<&str> {
        self.value.security_token.as_ref().map(|token| token.text.expose())
    }

    /// The version of the secret's value; may be empty.
    pub fn version_id(&self) -> &str {
        self.value.version_id.text.expose()
    }

    /// The AccessKey id for C.
    pub fn access_key_id_c(&self) -> &CStr {
        self.value.access_key_id.c_text.as_c_str()
    }

    /// The AccessKey secret for C.
    pub fn access_key_secret_c(&self) -> &CStr {
        self.value.access_key_secret.c_text.as_c_str()
    }

    /// The security token for C.
    pub fn security_token_c(&self) -> Option<&CStr> {
        self.value.security_token.as_ref().map(|token| token.c_text.as_c_str())
    }

    /// The version for C.
    pub fn version_id_c(&self) -> &CStr {
        self.value.version_id.c_text.as_c_str()
    }

    /// The number of this value: equal values have equal serials. Never 0, at most 2^53 - 1.
    pub fn serial(&self) -> u64 {
        self.value.serial
    }

    /// The generation that this snapshot was validated at.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When the value was first fetched, in milliseconds since 1970 by this machine's clock.
    pub fn fetched_at_unix_ms(&self) -> i64 {
        self.value.fetched_unix_ms
    }

    /// The hard end of its use, in milliseconds since 1970 by this machine's clock; `None` where there is no end.
    pub fn not_after_unix_ms(&self) -> Option<i64> {
        self.ends_unix_ms
    }

    /// The hard end of its use on the machine's own time line.
    pub fn ends(&self) -> Moment {
        self.ends
    }

    /// Whether a service has accepted it: one relaxed load. When it has, `report_success` has nothing to add.
    pub fn is_accepted(&self) -> bool {
        self.value.is_accepted()
    }
}

/// An immutable snapshot of a secret's credential: AccessKey id, AccessKey secret and security token that belong
/// together, as the methods of [`Snapshot`] give them. Cheap to clone; the texts are wiped when the last holder lets go.
#[derive(Clone)]
pub struct Credential(Arc<Snapshot>);

impl Credential {
    /// The counted reference behind it, for a binding that must hand out a pointer.
    pub fn into_snapshot(self) -> Arc<Snapshot> {
        self.0
    }
}

impl Deref for Credential {
    type Target = Snapshot;
    fn deref(&self) -> &Snapshot {
        &self.0
    }
}

impl From<Arc<Snapshot>> for Credential {
    fn from(snapshot: Arc<Snapshot>) -> Credential {
        Credential(snapshot)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("access_key_id", &self.value.shown_id())
            .field("version_id", &self.version_id())
            .field("serial", &self.serial())
            .finish_non_exhaustive()
    }
}
