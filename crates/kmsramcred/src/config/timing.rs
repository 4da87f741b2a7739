//! Stage 1 of 8: the times a Client keeps.
//!
//! In go the chosen settings, out come durations within bounds: no budget is so long that a call seems to hang. Reads no
//! clock and knows no sockets.

use super::keys;
use super::layers::Settings;
use super::origin::Origin;
use super::setting::Setting;
use crate::error::Error;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The times a Client keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// How long a refused call may wait for a new key; zero: not at all.
    pub call_budget: Duration,
    /// How long one fetch from KMS may take.
    pub fetch_budget: Duration,
    /// How long a new key needs to be known everywhere.
    pub settle: Duration,
    /// The time between two scheduled looks.
    pub rotation_interval: Duration,
    /// The wait after a planned rotation.
    pub delay_interval: Duration,
    /// The age at which a key that could not be refreshed is refused; `None`: never.
    pub max_stale: Option<Duration>,
}

/// The longest budget: a call that waits longer seems to hang.
pub(super) const LONGEST_BUDGET: Duration = Duration::from_secs(3_600);
const HOUR: i64 = LONGEST_BUDGET.as_millis() as i64;
const YEAR: i64 = 365 * 24 * HOUR;

/// Reads the times.
pub(super) fn read(settings: &Settings) -> Result<Timing, Error> {
    // Every key but `max_stale_milliseconds` has a default in the table.
    let millis = |key: &str, range: RangeInclusive<i64>| {
        settings.read(key, |setting| setting.millis(range)).map(Option::unwrap_or_default)
    };
    Ok(Timing {
        call_budget: millis("call_budget_milliseconds", 0..=HOUR)?,
        fetch_budget: millis("fetch_budget_milliseconds", 1..=HOUR)?,
        settle: millis("settle_milliseconds", 0..=HOUR)?,
        rotation_interval: interval(settings, "rotation_interval")?,
        delay_interval: interval(settings, "delay_interval")?,
        max_stale: settings.read("max_stale_milliseconds", |setting| setting.millis(1..=YEAR))?,
    })
}

/// An interval of the official plug-ins: zero and less mean the default.
fn interval(settings: &Settings, key: &str) -> Result<Duration, Error> {
    let read = |setting: &Setting| {
        let asks_for_default = setting.raw().parse::<i64>().is_ok_and(|number| number <= 0);
        let default = keys::find(key).and_then(|key| Setting::new(key, key.default?, Origin::Default));
        default.filter(|_| asks_for_default).as_ref().unwrap_or(setting).millis(1..=YEAR)
    };
    settings.read(key, read).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::Layer;

    fn timing(pairs: &[(&str, &str)]) -> Result<Timing, Error> {
        let mut layer = Layer::default();
        for (key, value) in pairs {
            layer.insert(Setting::new(keys::find(key).unwrap(), value, Origin::Program).unwrap());
        }
        read(&Settings::choose(&layer, &Layer::default(), &Layer::default(), &mut Vec::new()))
    }

    #[test]
    fn every_time_has_its_default() {
        let expected = Timing {
            call_budget: Duration::from_secs(10),
            fetch_budget: Duration::from_secs(10),
            settle: Duration::from_secs(10),
            rotation_interval: Duration::from_secs(6 * 3600),
            delay_interval: Duration::from_secs(300),
            max_stale: None,
        };
        assert_eq!(timing(&[]).unwrap(), expected);
    }

    #[test]
    fn an_interval_of_zero_or_less_is_the_default() {
        let read = |value| timing(&[("rotation_interval", value)]).map(|timing| timing.rotation_interval);
        assert_eq!(read("0").unwrap(), Duration::from_secs(6 * 3600));
        assert_eq!(read("-5").unwrap(), Duration::from_secs(6 * 3600));
        assert_eq!(read("60000").unwrap(), Duration::from_secs(60));
        assert!(read("soon").is_err());
    }

    #[test]
    fn a_fetch_needs_time_and_a_call_need_not_wait() {
        assert_eq!(timing(&[("call_budget_milliseconds", "0")]).unwrap().call_budget, Duration::ZERO);
        assert!(timing(&[("fetch_budget_milliseconds", "0")]).is_err());
        assert!(timing(&[("max_stale_milliseconds", "0")]).is_err());
        assert!(timing(&[("settle_milliseconds", "3600001")]).is_err());
    }
}
