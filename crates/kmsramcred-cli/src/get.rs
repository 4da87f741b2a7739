//! `kmsramcred get`: what is known of a secret's AccessKey.
//!
//! In goes an order, out comes a table or JSON on standard output. The AccessKey id is cut to its last characters, and
//! secret and token are left out, unless the order asks to see them.

use crate::access::{Fetched, NextRefresh};
use crate::command_line::Get;
use crate::failure::Failure;
use kmsramcred::SecretText;
use kmsramcred::civil_time::format_utc;
use serde::Serialize;
use std::io::{self, Write};

/// What is printed.
#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    access_key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_token: Option<&'a str>,
    /// Whether the key has a security token.
    temporary: bool,
    version_id: &'a str,
    serial: u64,
    user_name: Option<&'a str>,
    fetched_at: String,
    not_after: Option<String>,
    next_refresh: Option<Next<'a>>,
}

#[derive(Serialize)]
struct Next<'a> {
    in_seconds: u64,
    why: &'a str,
    rotation_expected: bool,
}

/// Carries the order out.
pub(crate) fn run(order: &Get) -> Result<(), Failure> {
    let fetched = Fetched::new(&order.access)?;
    let about = fetched.about()?;
    let (credential, current) = (&fetched.credential, about.current.as_ref());
    let shown_id = current.map_or("…", |current| current.access_key_id.as_str());
    let metadata = Metadata {
        name: fetched.secret.name(),
        access_key_id: if order.show_secret { credential.access_key_id() } else { shown_id },
        access_key_secret: order.show_secret.then(|| credential.access_key_secret()),
        security_token: credential.security_token().filter(|_| order.show_secret),
        temporary: credential.security_token().is_some(),
        version_id: credential.version_id(),
        serial: credential.serial(),
        user_name: current.and_then(|current| current.user_name.as_deref()),
        fetched_at: format_utc(credential.fetched_at_unix_ms()),
        not_after: credential.not_after_unix_ms().map(format_utc),
        next_refresh: about.next_refresh.as_ref().map(next),
    };
    let text = if order.json { metadata.json()? } else { metadata.table() };
    let mut stdout = io::stdout();
    stdout.write_all(text.expose().as_bytes())?;
    Ok(stdout.flush()?)
}

fn next(next: &NextRefresh) -> Next<'_> {
    let in_seconds = next.in_seconds.max(0.0).round() as u64;
    Next { in_seconds, why: &next.why, rotation_expected: next.rotation_expected }
}

impl Metadata<'_> {
    fn json(&self) -> Result<SecretText, Failure> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        Ok(SecretText::new(text + "\n"))
    }

    fn table(&self) -> SecretText {
        let next = self.next_refresh.as_ref().map(|next| format!("in {} s ({})", next.in_seconds, next.why));
        let rows = [
            ("name", Some(self.name)),
            ("access key id", Some(self.access_key_id)),
            ("access key secret", self.access_key_secret),
            ("security token", self.security_token),
            ("kind", Some(if self.temporary { "temporary" } else { "permanent" })),
            ("version", Some(self.version_id)),
            ("serial", Some(&*self.serial.to_string())),
            ("RAM user", self.user_name),
            ("fetched at", Some(&self.fetched_at)),
            ("not after", Some(self.not_after.as_deref().unwrap_or("no end is known"))),
            ("next refresh", next.as_deref()),
        ];
        let rows = rows.iter().filter_map(|(label, value)| Some(format!("{label:<18} {}\n", (*value)?)));
        SecretText::new(rows.collect())
    }
}
