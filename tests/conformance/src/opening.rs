//! The files that a program finds when it makes its client.

use crate::cloud::{Cloud, FILE_NAME};
use crate::names::plain;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Writes what `open` or `start` describes with `with`; answers what is left for the driver: a path, or nothing.
pub fn prepare(
    cloud: &Cloud,
    settings: &BTreeMap<String, String>,
    with: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    for (name, text) in with.get("files").and_then(Value::as_object).into_iter().flatten() {
        cloud.write(name, &plain(text), None)?;
    }
    if let Some(path) = with.get("path") {
        // `null`: no path, and nothing to be found without one.
        return Ok(if path.is_null() { Map::new() } else { Map::from_iter([("path".to_owned(), path.clone())]) });
    }
    let more = with.get("settings").and_then(Value::as_object).cloned().unwrap_or_default();
    let lines: Vec<String> = match with.get("lines").and_then(Value::as_array) {
        Some(lines) => lines.iter().map(plain).collect(),
        None => cloud.configuration(settings, &more),
    };
    let looked_up = with.get("look_up").is_some_and(|value| value.as_bool() == Some(true));
    let name = if looked_up { FILE_NAME } else { "app.properties" };
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let path = cloud.write(name, &text, with.get("mode").and_then(Value::as_str))?;
    Ok(if looked_up { Map::new() } else { Map::from_iter([("path".to_owned(), json!(path))]) })
}
