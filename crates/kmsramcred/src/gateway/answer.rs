//! What GetSecretValue answered, in whichever protocol, and what of it may go on.

use super::confidential::Confidential;
use super::fault::{self, Fault, is_word};
use crate::exchange::HttpResponse;
use crate::secret_text::SecretText;

/// A longer extended config is left out; real ones have a few hundred bytes.
const EXTENDED_CONFIG_LIMIT: usize = 16 * 1024;

/// What GetSecretValue answered, before anybody looked into the value.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The name that was asked for: a name or an ARN.
    pub secret_name: String,
    /// `RAMCredentials`, `Generic`, …: a word; may be empty.
    pub secret_type: String,
    /// `text` or `binary`; may be empty.
    pub secret_data_type: String,
    /// The value.
    pub secret_data: SecretText,
    /// The version of the value: a word; may be empty.
    pub version_id: String,
    /// `CreateTime` as sent.
    pub create_time: Option<String>,
    /// `LastRotationDate` as sent.
    pub last_rotation_date: Option<String>,
    /// `NextRotationDate` as sent.
    pub next_rotation_date: Option<String>,
    /// `ExtendedConfig` as sent: JSON text.
    pub extended_config: Option<String>,
    /// The request id of the answer: a word; may be empty.
    pub request_id: String,
    /// The server's `Date`, in milliseconds since 1970.
    pub server_unix_ms: Option<i64>,
}

impl Answer {
    /// What was read of a success of `gateway`, if it is an answer for `asked`.
    pub(super) fn accepted(
        read: Option<Answer>,
        asked: &str,
        gateway: &str,
        response: &HttpResponse,
        confidential: &Confidential<'_>,
    ) -> Result<Answer, Fault> {
        match read {
            Some(answer) if answer.is_about(asked) => Ok(answer.examined(asked, confidential)),
            Some(_) => Err(Fault::about_another_secret(gateway, response)),
            None => {
                let what = format!("{} instead of an answer", fault::shape(response));
                Err(Fault::unusable(gateway, response, &what))
            }
        }
    }

    /// Whether it is the answer for `asked`, which is a name or an ARN.
    fn is_about(&self, asked: &str) -> bool {
        let answered = self.secret_name.as_str();
        let name = asked.strip_prefix("acs:").and_then(|arn| arn.split_once(":secret/")).map(|(_, name)| name);
        answered == asked || name.is_some_and(|name| answered == name)
    }

    /// The answer without texts that could bring something confidential, or anything but a word, into a message.
    fn examined(self, secret_name: &str, confidential: &Confidential<'_>) -> Answer {
        let word = |text: String| if is_word(&text) && confidential.allows(&text) { text } else { String::new() };
        Answer {
            secret_name: secret_name.to_owned(),
            secret_type: word(self.secret_type),
            version_id: word(self.version_id),
            request_id: word(self.request_id),
            extended_config: self
                .extended_config
                .filter(|text| text.len() <= EXTENDED_CONFIG_LIMIT && confidential.cleared(text).is_some()),
            ..self
        }
    }
}
