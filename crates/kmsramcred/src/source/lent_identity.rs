//! A temporary identity as services write it down.
//!
//! In go the members of an answer and when it arrived, out comes an identity whose parts can be sent on, or an error that
//! names the member and shows nothing of it.

use super::{Identity, SigningKey, secret_field};
use crate::civil_time;
use crate::clock::{Clock, Moment};
use crate::error::{Error, ErrorKind};
use crate::exchange::HttpResponse;
use crate::secret_text::SecretText;
use serde::Deserialize;
use std::time::Duration;

/// The longest id that is believed, in bytes; real ones have some thirty.
pub(super) const ID_LIMIT: usize = 128;
/// The longest secret that is believed, in bytes; real ones have some forty.
pub(super) const SECRET_LIMIT: usize = 4 << 10;
/// The longest token that is believed, in bytes; real ones have some hundred to a few thousand.
pub(super) const TOKEN_LIMIT: usize = 16 << 10;
/// An identity is asked for again after this, whatever it says of its end; real ones last six hours.
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(12 * 3_600);
/// The life of an identity that is over by nothing but this machine's calendar, which may be wrong: whoever accepts it or
/// not will tell.
pub(super) const DOUBTFUL_LIFE: Duration = Duration::from_secs(60);

const OVER: &str = "has an Expiration that is not after its own Date; whoever serves it must renew it in time";

/// The members. Unknown ones are left alone.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LentIdentity {
    #[serde(default)]
    pub(super) code: String,
    access_key_id: Option<String>,
    #[serde(default = "nothing", deserialize_with = "secret_field::deserialize")]
    access_key_secret: SecretText,
    #[serde(default = "nothing", deserialize_with = "secret_field::deserialize")]
    security_token: SecretText,
    expiration: Option<String>,
}

fn nothing() -> SecretText {
    SecretText::from("")
}

/// When an answer arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) now: Moment,
    /// This machine's calendar; the answer's own `Date` goes before it.
    pub(super) unix_ms: i64,
}

impl Arrival {
    pub(super) fn at(clock: &dyn Clock) -> Arrival {
        Arrival { now: clock.now(), unix_ms: clock.unix_ms() }
    }
}

/// The identity in an answer with status 200 that says `"Code":"Success"` beside it; `place` is who answered. Errors quote
/// nothing of the body but a code that looks like one.
pub(super) fn of_role(response: &HttpResponse, arrival: Arrival, place: &str) -> Result<Identity, Error> {
    let lent = serde_json::from_slice::<LentIdentity>(&response.body);
    let lent = lent.map_err(|_| unreadable(place, "is not the JSON text that was expected"))?;
    if lent.code != "Success" {
        let said = if is_word(&lent.code) { lent.code.as_str() } else { "no readable code" };
        let message = format!("No credentials for the role from {place}: its Code is {said}.");
        return Err(Error::new(ErrorKind::SourceDenied, message));
    }
    lent.checked(response, arrival, place)
}

impl LentIdentity {
    /// The identity, once each part can be what it claims to be.
    pub(super) fn checked(self, response: &HttpResponse, arrival: Arrival, place: &str) -> Result<Identity, Error> {
        let access_key_id = self.access_key_id.unwrap_or_default();
        // The id stands unquoted in a header between commas and equals signs.
        let of_an_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        check(place, "AccessKeyId", &access_key_id, ID_LIMIT, of_an_id)?;
        let visible = |byte: u8| byte.is_ascii_graphic();
        check(place, "AccessKeySecret", self.access_key_secret.expose(), SECRET_LIMIT, visible)?;
        check(place, "SecurityToken", self.security_token.expose(), TOKEN_LIMIT, visible)?;
        let ends = self.expiration.ok_or_else(|| lacks(place, "Expiration"))?;
        let ends: jiff::Timestamp =
            ends.parse().map_err(|_| unreadable(place, "has an Expiration that is not a date"))?;
        let left = |unix_ms: i64| {
            let left = u64::try_from(ends.as_millisecond().saturating_sub(unix_ms)).unwrap_or(0);
            Some(Duration::from_millis(left)).filter(|left| !left.is_zero())
        };
        let left = match response.header("date").and_then(civil_time::parse_http_date) {
            Some(sent) => left(sent).ok_or_else(|| unreadable(place, OVER))?,
            None => left(arrival.unix_ms).unwrap_or(DOUBTFUL_LIFE),
        };
        Ok(Identity {
            access_key_id,
            key: SigningKey::AccessKeySecret(self.access_key_secret),
            security_token: Some(self.security_token),
            expires_at: Some(arrival.now + left.min(LONGEST_LIFE)),
        })
    }
}

/// Whether a text can be a role's name or an error code: safe in a path and in a message.
pub(super) fn is_word(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b))
}

/// Fails unless a member can be the part of an identity that it claims to be.
pub(super) fn check(
    place: &str,
    field: &str,
    text: &str,
    limit: usize,
    fits: impl Fn(u8) -> bool,
) -> Result<(), Error> {
    match text {
        "" => Err(lacks(place, field)),
        long if long.len() > limit => {
            Err(unreadable(place, &format!("has an {field} that is longer than {limit} bytes")))
        }
        odd if !odd.bytes().all(fits) => {
            Err(unreadable(place, &format!("has an {field} with a character that does not belong there")))
        }
        _ => Ok(()),
    }
}

pub(super) fn lacks(place: &str, field: &str) -> Error {
    unreadable(place, &format!("lacks {field}"))
}

pub(super) fn unreadable(place: &str, what: &str) -> Error {
    Error::new(ErrorKind::SourceUnavailable, format!("The answer of {place} {what}."))
}
