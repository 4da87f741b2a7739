//! What a user writes: properties files and the profiles of other tools.

use super::unsaid::{assert_line, assert_unsaid, said};
use crate::config::fuzzing as read;
use crate::config::{Config, Proxy, SourceSettings};
use serde_json::Value;
use std::time::Duration;

/// A properties file: its keys, and the Config that it makes.
pub(super) fn properties(bytes: &[u8]) -> bool {
    let mut secrets = Vec::new();
    match read::entries(bytes) {
        Ok(entries) => {
            let mut last = 0;
            for (key, value, line) in entries {
                assert!(!key.is_empty() && key.trim() == key && line > last, "{key:?} in line {line}");
                last = line;
                secrets.extend(read::secrets_in(&key, &value));
            }
        }
        Err(error) => drop(said(&error)),
    }
    match read::config(bytes) {
        Ok(config) => {
            is_usable(&config);
            assert_unsaid(&format!("{config:?}"), &secrets, bytes);
            true
        }
        Err(error) => {
            assert_unsaid(&said(&error), &secrets, bytes);
            false
        }
    }
}

/// A Config that was accepted names gateways and proxies as it would read them, and keeps its times within bounds.
fn is_usable(config: &Config) {
    assert!(!config.gateways.is_empty());
    for gateway in &config.gateways {
        assert_eq!(read::endpoint(&gateway.endpoint.to_string()).as_ref(), Some(&gateway.endpoint));
        if let Some(proxy) = config.proxies.of(&gateway.endpoint) {
            assert!(Proxy::from_url(proxy.url()).is_some_and(|again| again == *proxy), "{proxy:?}");
        }
    }
    let hour = Duration::from_secs(3600);
    assert!(!config.timing.fetch_budget.is_zero() && config.timing.fetch_budget <= hour);
    assert!(config.timing.call_budget <= hour && config.timing.settle <= hour);
    source_is_usable(&config.source);
}

fn source_is_usable(source: &SourceSettings) {
    match source {
        SourceSettings::AccessKey { id, secret, .. } => {
            assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?}");
            assert!(!secret.is_empty() && secret.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        }
        SourceSettings::AssumeRole { asker, role, .. } => {
            assert!(role.arn.starts_with("acs:ram:") && !role.session_name.is_empty());
            source_is_usable(asker);
        }
        SourceSettings::Chain { links } => {
            for link in links {
                match &link.source {
                    Ok(source) => source_is_usable(source),
                    Err(reason) => assert_line(reason),
                }
            }
        }
        _ => {}
    }
}

/// The `config.json` of the command line tool.
pub(super) fn cli_profile(bytes: &[u8]) -> bool {
    let file: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let profiles = file["profiles"].as_array().into_iter().flatten();
    let secret = |profile: &Value| {
        ["access_key_secret", "sts_token"].map(|name| profile[name].as_str().unwrap_or_default().to_owned())
    };
    profile(read::cli_profile(bytes), &profiles.flat_map(secret).collect::<Vec<_>>(), bytes)
}

/// An ini file.
pub(super) fn ini_profile(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let secrets = text.lines().filter_map(|line| line.split_once('='));
    let secrets = secrets.filter(|(key, _)| key.trim() == "access_key_secret");
    let secrets: Vec<String> = secrets.map(|(_, value)| value.trim().to_owned()).collect();
    profile(read::ini_profile(bytes), &secrets, bytes)
}

fn profile(read: Result<SourceSettings, String>, secrets: &[String], input: &[u8]) -> bool {
    match read {
        Ok(source) => {
            source_is_usable(&source);
            assert_unsaid(&format!("{source:?}"), secrets, input);
            true
        }
        Err(reason) => {
            assert_line(&reason);
            assert_unsaid(&reason, secrets, input);
            false
        }
    }
}
