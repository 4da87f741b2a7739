//! A file of recorded vectors, and the spelling of request targets in it.
#![allow(dead_code, reason = "each test file uses its part of it")]

use kmsramcred::sign::encode::canonical_query;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Names with their values, not encoded.
pub type Owned = Vec<(String, String)>;

/// Runs `check` over every entry of a file, with the entry's name, input and expectation; fails where none was run.
pub fn check_all(file: &str, check: impl Fn(&str, &Value, &Value)) {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut checked = 0;
    for entry in &entries {
        check(text_of(entry, "name"), &entry["input"], &entry["expected"]);
        checked += 1;
    }
    assert!(checked > 0, "{file} holds no vector");
    assert_eq!(checked, entries.len(), "{file}");
}

/// A member that must be a text.
pub fn text_of<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_else(|| panic!("{member} is no text in {object}"))
}

/// A member that must be an object of texts.
pub fn pairs_of(object: &Value, member: &str) -> Owned {
    let members = object[member].as_object().unwrap_or_else(|| panic!("{member} is no object in {object}"));
    members.keys().map(|name| (name.clone(), text_of(&object[member], name).to_owned())).collect()
}

/// The same pairs, borrowed.
pub fn borrowed(pairs: &Owned) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A query or form body in the one spelling that can be signed, however an SDK has spelled and ordered it.
pub fn respelled(query: &str) -> String {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().expect("UTF-8").into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Owned =
        pairs.map(|pair| pair.split_once('=').expect("name=value")).map(|(n, v)| (decode(n), decode(v))).collect();
    canonical_query(&borrowed(&pairs))
}

/// The query of a request target, empty where there is none.
pub fn query_of(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}
