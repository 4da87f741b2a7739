//! What the ECS metadata service says, read and checked.

use super::Identity;
use super::lent_identity::{self, Arrival, unreadable};
use crate::error::Error;
use crate::exchange::HttpResponse;
use crate::secret_text::SecretText;

pub(super) use super::lent_identity::is_word;

/// Who answered, in a sentence.
pub(super) const PLACE: &str = "the ECS metadata service";

/// The identity in an answer with status 200.
pub(super) fn identity(response: &HttpResponse, arrival: Arrival) -> Result<Identity, Error> {
    lent_identity::of_role(response, arrival, PLACE)
}

/// The role's name in the answer of the list: one word.
pub(super) fn role_name(response: &HttpResponse) -> Result<String, Error> {
    match std::str::from_utf8(&response.body).map(str::trim) {
        Ok(name) if is_word(name) => Ok(name.to_owned()),
        _ => Err(unreadable(PLACE, "is not a role's name")),
    }
}

/// The token in the answer to the request for one: visible characters, as a header must be.
pub(super) fn token(response: &HttpResponse) -> Option<SecretText> {
    let text = std::str::from_utf8(&response.body).ok()?.trim();
    let fits = !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| SecretText::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::error::ErrorKind;
    use proptest::prelude::*;
    use std::time::Duration;

    const SECRET: &str = "isk-7f3a9c";
    const TOKEN: &str = "CAIS-tok-55e1";

    fn answer(body: impl Into<Vec<u8>>, date: Option<&str>) -> HttpResponse {
        let headers = date.map(|date| ("date".to_owned(), date.to_owned())).into_iter().collect();
        HttpResponse { status: 200, headers, body: body.into() }
    }

    fn good(expiration: &str) -> String {
        format!(
            r#"{{"AccessKeyId":"STS.x","AccessKeySecret":"{SECRET}","SecurityToken":"{TOKEN}","Expiration":"{expiration}","LastUpdated":"2023-01-01T00:00:00Z","Code":"Success","More":[1]}}"#
        )
    }

    const ARRIVAL: Arrival = Arrival { now: Moment(5_000), unix_ms: 1_700_000_000_000 };

    #[test]
    fn the_end_is_counted_from_the_servers_date() {
        // 2023-11-14T22:13:20Z is 1_700_000_000.
        let ends = |date| identity(&answer(good("2023-11-14T23:13:20Z"), date), ARRIVAL).unwrap().expires_at;
        assert_eq!(ends(None), Some(Moment(5_000 + 3_600_000)));
        assert_eq!(ends(Some("Tue, 14 Nov 2023 23:03:20 GMT")), Some(Moment(5_000 + 600_000)));
        assert_eq!(ends(Some("not a date")), Some(Moment(5_000 + 3_600_000)));
    }

    #[test]
    fn an_identity_that_was_over_when_it_was_sent_is_none() {
        for end in ["2001-01-01T00:00:00Z", "2023-11-14T23:03:20Z"] {
            let answer = answer(good(end), Some("Tue, 14 Nov 2023 23:03:20 GMT"));
            let error = identity(&answer, ARRIVAL).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
            assert!(error.message().contains("Expiration") && error.message().contains("renew it in time"), "{error}");
        }
    }

    #[test]
    fn what_only_this_machines_calendar_calls_over_lives_for_a_minute() {
        for date in [None, Some("not a date")] {
            let identity = identity(&answer(good("2001-01-01T00:00:00Z"), date), ARRIVAL).unwrap();
            assert_eq!(identity.expires_at, Some(ARRIVAL.now + Duration::from_secs(60)));
        }
    }

    #[test]
    fn each_missing_field_is_named() {
        for field in ["AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"] {
            let body = good("2099-01-02T03:04:05Z").replace(&format!("\"{field}\""), "\"Other\"");
            let error = identity(&answer(body, None), ARRIVAL).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
            assert!(error.message().contains(field), "{error}");
        }
    }

    #[test]
    fn a_member_that_cannot_be_sent_is_named_and_not_shown() {
        let body = |field: &str, text: &str| {
            let mut body: serde_json::Value = serde_json::from_str(&good("2099-01-02T03:04:05Z")).unwrap();
            body[field] = text.into();
            body.to_string()
        };
        for (field, text) in [
            ("AccessKeyId", "STS.a\r\nX-Evil: 1"),
            ("AccessKeyId", "STS.a,SignedHeaders=host"),
            ("AccessKeyId", "STS.ä"),
            ("AccessKeyId", &"a".repeat(129)),
            ("AccessKeySecret", "sec\u{0}ret"),
            ("AccessKeySecret", "sec ret"),
            ("AccessKeySecret", &"s".repeat(4097)),
            ("SecurityToken", "tok\r\nX-Evil: 1"),
            ("SecurityToken", "tok\u{200b}en"),
            ("SecurityToken", &"t".repeat(16385)),
        ] {
            let error = identity(&answer(body(field, text), None), ARRIVAL).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
            assert!(error.message().contains(&format!("has an {field} ")), "{error}");
            assert!(!error.to_string().contains(text) && !error.to_string().contains("Evil"), "{error}");
        }
        for (field, text) in
            [("AccessKeyId", "STS.NT-a_B9"), ("AccessKeySecret", "a+/="), ("SecurityToken", "CAIS+/~=")]
        {
            assert!(identity(&answer(body(field, text), None), ARRIVAL).is_ok(), "{field}");
        }
    }

    #[test]
    fn no_identity_is_kept_for_longer_than_half_a_day() {
        for end in ["9999-01-01T00:00:00Z", "2023-11-15T10:13:21Z"] {
            let identity = identity(&answer(good(end), None), ARRIVAL).unwrap();
            assert_eq!(identity.expires_at, Some(ARRIVAL.now + Duration::from_secs(12 * 3_600)), "{end}");
        }
    }

    #[test]
    fn a_role_name_is_trimmed_and_checked() {
        assert_eq!(role_name(&answer(" my-role\r\n", None)).unwrap(), "my-role");
        for bad in ["", "<html>", "a/../b", "two words", ".", "..", &"a".repeat(65)] {
            assert!(role_name(&answer(bad, None)).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn damaged_answers_neither_panic_nor_leak(cut in 0usize..200, at in 0usize..200, byte: u8) {
            let mut body = good("2099-01-02T03:04:05Z").into_bytes();
            let length = body.len();
            body[at % length] = byte;
            body.truncate(length - cut % length);
            if let Err(error) = identity(&answer(body, None), ARRIVAL) {
                let text = format!("{error} {error:?}");
                prop_assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_survived(body: Vec<u8>) {
            let _ = identity(&answer(body.clone(), None), ARRIVAL);
            let _ = role_name(&answer(body.clone(), None));
            let _ = token(&answer(body, None));
        }
    }
}
