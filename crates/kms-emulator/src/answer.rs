//! Answers before they meet a socket: JSON, XML or Protocol Buffers.

use crate::dedicated_message;
use crate::refusal::{Refusal, Shape};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use serde_json::{Map, Value, json};

/// The formats that a caller can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
    /// GetSecretValue at a KMS instance, and every refusal there.
    Protobuf,
}

/// Status, headers and whole body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(content_type))];
        Self { status, headers, body: body.into() }
    }

    /// `value` as a document; XML needs a name for its root.
    pub(crate) fn document(status: u16, format: Format, root: &str, value: &Value) -> Self {
        match format {
            Format::Json => Self::new(status, "application/json;charset=utf-8", value.to_string()),
            Format::Xml => Self::new(status, "text/xml;charset=utf-8", xml(root, value)),
            Format::Protobuf => Self::new(status, dedicated_message::CONTENT_TYPE, dedicated_message::value(value)),
        }
    }

    /// A refusal in the shape that the real service uses.
    pub(crate) fn refusal(refusal: &Refusal, format: Format, request_id: &str, host: &str) -> Self {
        let Refusal { status, code, message, shape } = refusal;
        if format == Format::Protobuf {
            let body = dedicated_message::error(refusal, request_id);
            return Self::new(*status, dedicated_message::CONTENT_TYPE, body);
        }
        let (root, value) = match shape {
            Shape::Kms => {
                ("KMS", json!({"HttpStatus": status, "Code": code, "Message": message, "RequestId": request_id}))
            }
            Shape::Gateway => {
                let recommend = format!("https://api.aliyun.com/troubleshoot?q={code}&requestId={request_id}");
                let value = json!({
                    "RequestId": request_id, "HostId": host, "Code": code, "Message": message, "Recommend": recommend
                });
                ("Error", value)
            }
        };
        Self::document(*status, format, root, &value)
    }

    /// Adds a header; one whose value cannot travel in a header is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

fn xml(root: &str, value: &Value) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    element(&mut text, root, value);
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    if let Value::Array(items) = value {
        return items.iter().for_each(|item| element(text, name, item));
    }
    text.push_str(&format!("<{name}>"));
    match value {
        Value::Object(fields) => children(text, fields),
        Value::String(string) => escape(text, string),
        Value::Null => {}
        other => text.push_str(&other.to_string()),
    }
    text.push_str(&format!("</{name}>"));
}

fn children(text: &mut String, fields: &Map<String, Value>) {
    fields.iter().for_each(|(name, value)| element(text, name, value));
}

fn escape(text: &mut String, raw: &str) {
    for character in raw.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: &Answer) -> String {
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    #[test]
    fn xml_repeats_array_elements_and_escapes_text() {
        let value = json!({"A": "x<&>y", "B": {"C": ["1", "2"]}, "D": 3});
        let answer = Answer::document(200, Format::Xml, "Root", &value);
        assert!(text(&answer).ends_with("<Root><A>x&lt;&amp;&gt;y</A><B><C>1</C><C>2</C></B><D>3</D></Root>"));
    }

    #[test]
    fn refusals_of_kms_and_of_the_gateway_have_different_fields() {
        let throttled = Answer::refusal(&Refusal::throttled(), Format::Json, "R", "h");
        assert_eq!(serde_json::from_str::<Value>(&text(&throttled)).unwrap()["HttpStatus"], 429);
        let dead = Answer::refusal(&Refusal::key_not_found(), Format::Xml, "R", "h");
        assert_eq!(dead.status, 404);
        assert!(text(&dead).contains("<Error>") && text(&dead).contains("<Code>InvalidAccessKeyId.NotFound</Code>"));
    }
}
