//! What a story may refer to: `{dir}`, `{kms}`, `{first.serial}` … in any of its texts.

use serde_json::{Map, Value};

/// Values by name; a dot goes one level down.
#[derive(Debug, Default)]
pub struct Names(Map<String, Value>);

/// What becomes of a `{name}` that nobody has set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// It stays: it is set later.
    Keep,
    /// It is a mistake in the story.
    Refuse,
}

impl Names {
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// `value` with every `{name}` in its texts replaced. A text that is nothing but one name becomes the value itself.
    pub fn fill(&self, value: &Value, unset: Unset) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill_text(text, unset)?,
            Value::Array(list) => {
                Value::Array(list.iter().map(|item| self.fill(item, unset)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let filled = map.iter().map(|(key, item)| Ok((key.clone(), self.fill(item, unset)?)));
                Value::Object(filled.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    fn fill_text(&self, text: &str, unset: Unset) -> Result<Value, String> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some(start) = rest.find('{') {
            filled.push_str(&rest[..start]);
            rest = &rest[start + 1..];
            // Braces around anything else, such as JSON inside a text, mean nothing here.
            let Some(name) = rest.split_once('}').map(|(name, _)| name).filter(|name| is_name(name)) else {
                filled.push('{');
                continue;
            };
            match self.get(name) {
                Some(value) if name.len() + 2 == text.len() => return Ok(value.clone()),
                Some(value) => filled.push_str(&plain(value)),
                None if unset == Unset::Keep => filled.push_str(&format!("{{{name}}}")),
                None => return Err(format!("the story says {{{name}}}, which nobody has set")),
            }
            rest = &rest[name.len() + 1..];
        }
        filled.push_str(rest);
        Ok(Value::String(filled))
    }

    fn get(&self, name: &str) -> Option<&Value> {
        match name.split_once('.') {
            None => self.0.get(name),
            Some((first, rest)) => self.0.get(first).and_then(|value| inside(value, rest)),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c))
}

/// The part of `value` at a dotted path.
pub fn inside<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        value => value.get(part),
    })
}

/// A value as a person would write it.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_replaced_and_json_is_left_alone() {
        let mut names = Names::default();
        names.set("dir", json!("/d"));
        names.set("first", json!({ "serial": 7, "list": ["a"] }));
        let filled = |value: Value| names.fill(&value, Unset::Refuse);
        assert_eq!(filled(json!({ "a": ["{dir}/x {first.serial}"] })), Ok(json!({ "a": ["/d/x 7"] })));
        assert_eq!(filled(json!("{first.list}")), Ok(json!(["a"])));
        assert_eq!(filled(json!("{first.list.0}{dir}")), Ok(json!("a/d")));
        assert_eq!(filled(json!("[{\"regionId\":\"{dir}\"},{}]")), Ok(json!("[{\"regionId\":\"/d\"},{}]")));
        assert!(filled(json!("{second}")).is_err());
        assert_eq!(names.fill(&json!("{second}{dir}"), Unset::Keep), Ok(json!("{second}/d")));
    }
}
