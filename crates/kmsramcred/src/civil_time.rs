//! Calendar time as text: the forms that requests carry and answers bring, to and from milliseconds since 1970.
//!
//! Goes in: a number or a text. Comes out: the other one. Nothing here reads a clock; a text that is no date, or a date
//! no calendar can hold, is `None` and never a panic.

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::Offset;

/// Parses the dates of RFC 5322, of which the preferred form of RFC 9110 is one. Servers get the weekday wrong now and
/// then, which says nothing about the date.
static IMF_FIXDATE: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);

/// The two forms that RFC 9110 calls obsolete and still wants read: those of RFC 850 and of C's `asctime`.
const OBSOLETE_FORMS: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// 0000-01-01T00:00:00Z and 9999-12-30T00:00:00Z, in seconds since 1970: what four digits of year can say.
const FOUR_DIGIT_YEARS: (i64, i64) = (-62_167_219_200, 253_402_128_000);

/// `YYYY-MM-DDThh:mm:ssZ`, whole seconds rounded down: the form in which requests are dated. A time outside the years
/// 0000 to 9999 gives the nearest date that the form can hold.
pub fn format_utc(unix_ms: i64) -> String {
    let (first, last) = FOUR_DIGIT_YEARS;
    let seconds = unix_ms.div_euclid(1_000).clamp(first, last);
    Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Tue, 14 Nov 2023 22:13:20 GMT`, the form of a `Date` header; the same limits as [`format_utc`].
pub fn format_http_date(unix_ms: i64) -> String {
    let (first, last) = FOUR_DIGIT_YEARS;
    let seconds = unix_ms.div_euclid(1_000).clamp(first, last);
    Timestamp::from_second(seconds).unwrap_or_default().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads RFC 3339, which is also the pattern of KMS: with or without a fraction, with `Z` or an offset.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// Reads the value of a `Date` header in any of the three forms of RFC 9110.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let preferred = || IMF_FIXDATE.parse_timestamp(text).ok();
    let obsolete = |form: &&str| {
        let civil = strtime::parse(form, text).ok()?.to_datetime().ok()?;
        Offset::UTC.to_timestamp(civil).ok()
    };
    preferred().or_else(|| OBSOLETE_FORMS.iter().find_map(obsolete)).map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_are_dated_in_whole_seconds_of_utc() {
        assert_eq!(format_utc(1_700_086_407_000), "2023-11-15T22:13:27Z");
        assert_eq!(format_utc(1_700_086_407_999), "2023-11-15T22:13:27Z");
        assert_eq!(format_utc(-1), "1969-12-31T23:59:59Z");
        assert_eq!(format_utc(i64::MIN), "0000-01-01T00:00:00Z");
        assert_eq!(format_utc(i64::MAX), "9999-12-30T00:00:00Z");
    }

    #[test]
    fn headers_are_dated_in_english() {
        assert_eq!(format_http_date(1_700_000_000_999), "Tue, 14 Nov 2023 22:13:20 GMT");
        assert_eq!(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(parse_http_date(&format_http_date(1_741_642_212_000)), Some(1_741_642_212_000));
    }

    #[test]
    fn rfc_3339_is_read_with_fractions_and_offsets() {
        let whole = Some(1_708_529_966_000);
        assert_eq!(parse_rfc3339("2024-02-21T15:39:26Z"), whole);
        assert_eq!(parse_rfc3339("2024-02-21T23:39:26+08:00"), whole);
        assert_eq!(parse_rfc3339("2024-02-21T15:39:26.125Z"), Some(1_708_529_966_125));
        assert_eq!(parse_rfc3339("2024-02-21T15:39:26.125999999Z"), Some(1_708_529_966_125));
        for no_date in [
            "",
            "null",
            "2024-02-21",
            "2024-02-21T15:39:26",
            "2024-02-30T00:00:00Z",
            "99999-01-01T00:00:00Z",
            "1708529966",
        ] {
            assert_eq!(parse_rfc3339(no_date), None, "{no_date}");
        }
    }

    #[test]
    fn a_date_header_is_read_in_its_three_forms() {
        let moment = Some(784_111_777_000);
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), moment);
        assert_eq!(parse_http_date("Mon, 06 Nov 1994 08:49:37 GMT"), moment);
        assert_eq!(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), moment);
        assert_eq!(parse_http_date("Sun Nov  6 08:49:37 1994"), moment);
        for no_date in
            ["", "now", "Sun, 06 Nov 1994", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 99994 08:49:37 GMT"]
        {
            assert_eq!(parse_http_date(no_date), None, "{no_date}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_time_reads_back(unix_ms in -62_167_219_200_000_i64..253_402_128_000_000) {
            prop_assert_eq!(parse_rfc3339(&format_utc(unix_ms)), Some(unix_ms.div_euclid(1_000) * 1_000));
        }

        #[test]
        fn any_number_and_any_text_are_survived(unix_ms in any::<i64>(), text in ".{0,60}", digits in "[-+:.0-9TZ ]{0,40}") {
            prop_assert_eq!(format_utc(unix_ms).len(), 20);
            for text in [text, digits] {
                let _ = (parse_rfc3339(&text), parse_http_date(&text));
            }
        }
    }
}
