//! What is in use and why, as JSON for people and tools. Never a secret.

use crate::cache::{Entry, Now, State};
use crate::civil_time::format_utc;
use crate::clock::Moment;
use crate::config::{Config, GatewaySettings, SourceSettings};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::stats::Stats;
use serde_json::{Value, json};

/// One secret.
pub fn secret(name: &str, entry: &Entry) -> Value {
    entry.look(|state, now| {
        let seconds_until = |at: Moment| at.since(now.at).as_millis() as f64 / 1_000.0;
        let value = |value: &crate::cache::Value| {
            json!({
                "access_key_id": value.shown_id(),
                "version_id": value.version_id(),
                "serial": value.serial,
                "fetched_at": format_utc(value.fetched_unix_ms),
                "age_seconds": value.age(now.at).as_secs(),
                "accepted_by_a_service": value.is_accepted(),
                "user_name": value.user_name,
            })
        };
        json!({
            "name": name,
            "state": words(state, now),
            "current": state.current().map(|current| value(current)),
            "held_back": state.held().map(|held| json!({
                "value": value(&held.value),
                "in_use_in_seconds": held.adopt_at.map(seconds_until),
            })),
            "fetch": state.flight().map(|flight| json!({
                "why": flight.reason.words(),
                "running_seconds": now.at.since(flight.since).as_secs_f64(),
                "doing": flight.doing,
                "waiting_callers": flight.waiters.len(),
            })),
            "next_refresh": state.due().map(|due| json!({
                "in_seconds": seconds_until(due.at),
                "why": due.why,
                "rotation_expected": due.expects_rotation(),
            })),
            "last_error": state.failures().error().map(error),
            "failures_in_a_row": state.failures().in_a_row(),
            "refused_by": state.cool_downs().list().map(|cooling| json!({
                "service": cooling.pair.service,
                "host": cooling.pair.host,
                "serial": cooling.serial,
                "asks_again_in_seconds": seconds_until(cooling.until),
            })).collect::<Vec<_>>(),
            "events": state.events().map(|event| json!({
                "at": format_utc(event.unix_ms),
                "what": event.what,
            })).collect::<Vec<_>>(),
        })
    })
}

fn words(state: &State, now: Now) -> &'static str {
    match state.current() {
        None => "empty",
        Some(_) if state.usable(now.at).is_none() => "expired",
        Some(_) if state.is_refused() => "refused by a service",
        Some(_) if state.is_stale() => "stale but serving",
        Some(_) => "fresh",
    }
}

fn error(error: &Error) -> Value {
    json!({
        "status": error.kind().status(),
        "message": error.message(),
        "code": error.code(),
        "request_id": error.request_id(),
        "http_status": error.http_status(),
        "advice": error.kind().advice(),
        "cause": error.cause().map(self::error),
    })
}

/// One gateway: its settings, and what was learned about it in this process.
fn gateway(settings: &GatewaySettings, known: Option<&Gateway>, now: Moment) -> Value {
    let findings = known.map(|gateway| gateway.findings(now));
    let state = match &findings {
        Some(findings) if findings.skipped_for.is_some() => "failing; skipped while others answer",
        Some(findings) if findings.failures_in_a_row > 0 => "failing; the next fetch looks whether it is back",
        Some(findings) if findings.answered => "answering",
        _ => "not asked yet",
    };
    let findings = findings.as_ref();
    json!({
        "region": settings.region_id,
        "endpoint": settings.endpoint.authority,
        "protocol": if settings.client_key.is_some() { "dkms-gcs-0.2" } else { "OpenAPI" },
        "source": known.map(|gateway| gateway.source().name()),
        "certificates_verified": settings.endpoint.tls && !settings.ignore_ssl_certs,
        "state": state,
        "failures_in_a_row": findings.map_or(0, |findings| findings.failures_in_a_row),
        "skipped_seconds": findings.and_then(|findings| findings.skipped_for).map(|left| left.as_secs_f64()),
        "last_error": findings.and_then(|findings| findings.last_error.as_ref()).map(error),
        "clock_offset_seconds": known.map_or(0.0, |gateway| gateway.clock_offset_ms() as f64 / 1_000.0),
    })
}

/// The default chain: which link gave the identity in this process, and why those before it did not; null where the
/// configuration names a source.
fn chain(settings: &SourceSettings, asking: Option<&Gateway>) -> Value {
    if !matches!(settings, SourceSettings::Chain { .. }) {
        return Value::Null;
    }
    let report = asking.map(|gateway| gateway.source().report()).unwrap_or_default();
    let passed_over = report.passed_over.iter();
    json!({
        "used": report.used,
        "passed_over": passed_over.map(|(link, why)| json!({ "link": link, "why": why })).collect::<Vec<_>>(),
    })
}

/// The whole client. `gateways` are those in use, in the order of the configuration; none before a forked child used it.
pub fn client(
    config: &Config,
    gateways: &[Gateway],
    now: Moment,
    stats: &Stats,
    closed: bool,
    secrets: Vec<Value>,
) -> Value {
    let known = gateways.iter().map(Some).chain(std::iter::repeat(None));
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "closed": closed,
        "source": config.source.name(),
        "source_chain": chain(&config.source, gateways.first()),
        "gateways": config.gateways.iter().zip(known).map(|(settings, known)| gateway(settings, known, now))
            .collect::<Vec<_>>(),
        "settings": config.origins.iter().map(|(key, origin)| json!({
            "key": key,
            "from": origin.to_string(),
        })).collect::<Vec<_>>(),
        "notices": config.notices,
        "counters": {
            "slow_acquires": stats.slow_acquires,
            "refreshes_ok": stats.refreshes_ok,
            "refreshes_failed": stats.refreshes_failed,
            "waiters_coalesced": stats.waiters_coalesced,
            "stale_served": stats.stale_served,
            "failures_reported": stats.failures_reported,
            "kms_requests": stats.kms_requests,
        },
        "secrets": secrets,
    })
}
