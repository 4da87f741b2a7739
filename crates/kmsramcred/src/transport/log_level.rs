//! Keeps requests and answers out of the host program's log.
//!
//! At level `trace` ureq writes every byte that it sends and receives, tokens and secrets included, into the log. In the
//! shared library that log is ours and drops it; a Rust program has its own.

use crate::logging::{LogLevel, record};

/// Lowers the level to `debug` if ureq's bytes would be logged, and says so. A logger that leaves `ureq` and
/// `ureq_proto` out keeps its `trace`.
pub(super) fn keep_bytes_out() {
    let bytes = log::log_enabled!(target: "ureq_proto::util", log::Level::Trace);
    let queries = log::log_enabled!(target: "ureq::run", log::Level::Trace);
    if bytes || queries {
        log::set_max_level(log::LevelFilter::Debug);
        record(LogLevel::Warn, || {
            "The log level was lowered from trace to debug: at trace, ureq would log the secrets it carries. \
             To keep trace, leave out the targets ureq and ureq_proto (RUST_LOG=trace,ureq=debug,ureq_proto=debug)."
                .to_owned()
        });
    }
}
