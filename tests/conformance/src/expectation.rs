//! What an answer must hold: `"gives": {"verdict": "retry", "refused": {"at_least": 1}}`.

use crate::names::{inside, plain};
use serde_json::{Map, Value};

/// Checks every bound; the first that does not hold is the error.
pub fn check(answer: &Value, gives: &Map<String, Value>) -> Result<(), String> {
    for (path, bound) in gives {
        let found = inside(answer, path).unwrap_or(&Value::Null);
        holds(found, bound).map_err(|wanted| format!("{path} is {}, not {wanted}", plain(found)))?;
    }
    Ok(())
}

/// The names of bounds; anything else is a value to be equal to.
const BOUNDS: [&str; 6] = ["at_least", "at_most", "like", "more_than", "not", "one_of"];

fn holds(found: &Value, bound: &Value) -> Result<(), String> {
    let bounds =
        bound.as_object().filter(|map| !map.is_empty() && map.keys().all(|key| BOUNDS.contains(&key.as_str())));
    let Some(bounds) = bounds else {
        return if plain(found) == plain(bound) { Ok(()) } else { Err(plain(bound)) };
    };
    for (name, limit) in bounds {
        let numbers = number(found).zip(number(limit));
        let fine = match name.as_str() {
            "at_least" => numbers.is_some_and(|(found, limit)| found >= limit),
            "at_most" => numbers.is_some_and(|(found, limit)| found <= limit),
            "more_than" => numbers.is_some_and(|(found, limit)| found > limit),
            "like" => is_like(&plain(found), &plain(limit)),
            "one_of" => limit.as_array().is_some_and(|list| list.iter().any(|one| plain(one) == plain(found))),
            _ => plain(found) != plain(limit),
        };
        if !fine {
            return Err(format!("{} {}", name.replace('_', " "), plain(limit)));
        }
    }
    Ok(())
}

/// Whether a text is as the pattern, in which `#` stands for any digit.
fn is_like(text: &str, pattern: &str) -> bool {
    let same = |(c, wanted): (char, char)| c == wanted || (wanted == '#' && c.is_ascii_digit());
    text.chars().count() == pattern.chars().count() && text.chars().zip(pattern.chars()).all(same)
}

/// Drivers answer in texts.
fn number(value: &Value) -> Option<f64> {
    plain(value).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bounds_hold_or_say_why() {
        let answer = json!({ "calls": "12", "kms": { "asked": 2 }, "list": [], "fetch": null });
        let verdict = |gives: Value| check(&answer, gives.as_object().unwrap());
        for gives in [
            json!({ "calls": 12, "kms.asked": "2", "fetch": null }),
            json!({ "calls": { "at_least": 12, "at_most": "12", "more_than": 11, "not": 3 } }),
            json!({ "kms.asked": { "one_of": [1, 2] }, "list": [] }),
            json!({ "calls": { "like": "1#" } }),
        ] {
            assert_eq!(verdict(gives), Ok(()));
        }
        assert_eq!(verdict(json!({ "calls": { "more_than": 12 } })), Err("calls is 12, not more than 12".to_owned()));
        assert_eq!(verdict(json!({ "calls": { "like": "1##" } })), Err("calls is 12, not like 1##".to_owned()));
        assert_eq!(verdict(json!({ "none": 1 })), Err("none is null, not 1".to_owned()));
    }
}
