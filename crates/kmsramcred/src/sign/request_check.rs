//! What can be wrong with a request before it is signed. A signature over a request that is not what the program meant is
//! refused by the service in words that help nobody, or worse, accepted.

use super::request::{Family, Request};
use crate::error::{Error, ErrorKind};

/// Parameters that the signature of RPC-style APIs brings.
const RPC_ADDS: [&str; 7] =
    ["AccessKeyId", "SecurityToken", "Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp"];
const ACS3_ADDS: [&str; 6] = [
    "authorization",
    "x-acs-accesskey-id",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-security-token",
    "x-acs-signature-nonce",
];
/// With those that would be taken in the place of an added one.
const OSS_V1_ADDS: [&str; 5] = ["authorization", "date", "security-token", "x-oss-date", "x-oss-security-token"];
const OSS_V4_ADDS: [&str; 4] = ["authorization", "x-oss-content-sha256", "x-oss-date", "x-oss-security-token"];

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, what)
}

impl Family {
    fn spoken(self) -> &'static str {
        match self {
            Family::RpcV1 => "RPC version 1.0",
            Family::Acs3 => "ACS3",
            Family::OssV1 => "OSS version 1",
            Family::OssV4 => "OSS version 4",
        }
    }
}

impl Request<'_> {
    /// Says what is wrong with the request, if something is.
    pub fn check(&self) -> Result<(), Error> {
        if self.method.is_empty() || !self.method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(wrong(format!("The method is {:?}; upper-case letters are needed, such as GET.", self.method)));
        }
        self.check_parameters()?;
        self.check_headers()?;
        match self.family {
            Family::RpcV1 => {
                self.stays_empty(&[
                    ("path", self.path.is_empty()),
                    ("headers", self.headers.is_empty()),
                    ("body", self.body.is_empty()),
                ])?;
                self.needs_parameter("Action")?;
                self.needs_parameter("Version")?;
                self.is_not_of_oss()
            }
            Family::Acs3 => {
                let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'?' && byte != b'#';
                let is_path = self.path.starts_with('/') && self.path.bytes().all(is_plain);
                if !is_path && !self.path.is_empty() {
                    let allowed = "an encoded path is needed that begins with / and has no query";
                    return Err(wrong(format!("The path is {:?}; {allowed}.", self.path)));
                }
                self.needs_header("host")?;
                self.needs_header("x-acs-action")?;
                self.needs_header("x-acs-version")?;
                self.is_not_of_oss()
            }
            Family::OssV1 | Family::OssV4 => self.check_oss(),
        }
    }

    fn check_parameters(&self) -> Result<(), Error> {
        let mut sorted = self.parameters.to_vec();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(wrong(format!("The parameter {:?} stands there twice.", twice[0].0)));
        }
        if sorted.first().is_some_and(|(name, _)| name.is_empty()) {
            return Err(wrong("A parameter has no name.".to_owned()));
        }
        match sorted.iter().find(|(name, _)| self.family == Family::RpcV1 && RPC_ADDS.contains(name)) {
            Some((added, _)) => Err(wrong(format!("The parameter {added} is added by the signature; leave it out."))),
            None => Ok(()),
        }
    }

    fn check_headers(&self) -> Result<(), Error> {
        let added: &[&str] = match self.family {
            Family::RpcV1 => &[],
            Family::Acs3 => &ACS3_ADDS,
            Family::OssV1 => &OSS_V1_ADDS,
            Family::OssV4 => &OSS_V4_ADDS,
        };
        let mut names = Vec::with_capacity(self.headers.len());
        for (name, value) in self.headers {
            let lower = name.to_ascii_lowercase();
            if lower.is_empty() || !lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
                return Err(wrong(format!("A header has the name {name:?}; letters, digits, -, _ and . are allowed.")));
            }
            if value.chars().any(char::is_control) {
                return Err(wrong(format!("The value of the header {lower} holds a control character.")));
            }
            if added.contains(&lower.as_str()) {
                return Err(wrong(format!("The header {lower} is added by the signature; leave it out.")));
            }
            if names.contains(&lower) {
                return Err(wrong(format!("The header {lower} stands there twice.")));
            }
            names.push(lower);
        }
        Ok(())
    }

    fn check_oss(&self) -> Result<(), Error> {
        self.stays_empty(&[("path", self.path.is_empty()), ("body", self.body.is_empty())])?;
        let is_label = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_label(self.bucket) {
            let allowed = "lower-case letters, digits and - are allowed";
            return Err(wrong(format!("The bucket is {:?}; {allowed}.", self.bucket)));
        }
        if self.bucket.is_empty() && !self.key.is_empty() {
            return Err(wrong("There is a key but no bucket.".to_owned()));
        }
        if self.family == Family::OssV1 {
            return self.stays_empty(&[("region", self.region.is_empty())]);
        }
        if self.region.is_empty() || !is_label(self.region) || self.region.starts_with("oss-") {
            let needed = "one such as \"cn-hangzhou\" is needed, without \"oss-\"";
            return Err(wrong(format!("The region is {:?}; {needed}.", self.region)));
        }
        Ok(())
    }

    fn is_not_of_oss(&self) -> Result<(), Error> {
        self.stays_empty(&[
            ("bucket", self.bucket.is_empty()),
            ("key", self.key.is_empty()),
            ("region", self.region.is_empty()),
        ])
    }

    /// Refuses what the family would not sign, lest a program believe that it is signed.
    fn stays_empty(&self, parts: &[(&str, bool)]) -> Result<(), Error> {
        match parts.iter().find(|(_, is_empty)| !is_empty) {
            Some((part, _)) => Err(wrong(format!("{} signs no {part}; leave that out.", self.family.spoken()))),
            None => Ok(()),
        }
    }

    fn needs_parameter(&self, name: &str) -> Result<(), Error> {
        match self.parameters.iter().any(|(have, value)| *have == name && !value.is_empty()) {
            true => Ok(()),
            false => Err(wrong(format!("The parameter {name} is missing; {} needs it.", self.family.spoken()))),
        }
    }

    fn needs_header(&self, name: &str) -> Result<(), Error> {
        match self.headers.iter().any(|(have, value)| have.eq_ignore_ascii_case(name) && !value.trim().is_empty()) {
            true => Ok(()),
            false => Err(wrong(format!("The header {name} is missing; {} needs it.", self.family.spoken()))),
        }
    }
}
