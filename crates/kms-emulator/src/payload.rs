//! What is inside a RAM secret: an AccessKey pair and its dates, as JSON text.

use crate::clock::api_date;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A payload: the AccessKey pair and its dates.
pub(crate) struct Payload<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) generated: Option<&'a str>,
    pub(crate) expires: Option<Timestamp>,
}

impl Payload<'_> {
    pub(crate) fn text(&self) -> String {
        let mut value = json!({"AccessKeyId": self.id, "AccessKeySecret": self.secret});
        for (name, field) in [("SecurityToken", self.token), ("GenerateTimestamp", self.generated)] {
            if let Some(text) = field {
                value[name] = text.into();
            }
        }
        if let Some(time) = self.expires {
            value["ExpireTimestamp"] = api_date(time).into();
        }
        value.to_string()
    }
}

/// The AccessKey pair inside raw text, if there is one.
pub(crate) fn pair_in(raw: &str) -> Option<(String, String, Option<String>)> {
    let value: Value = serde_json::from_str(raw).ok()?;
    let field = |name: &str| value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some((field("AccessKeyId")?, field("AccessKeySecret")?, field("SecurityToken")))
}
