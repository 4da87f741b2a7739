//! Records for the host program: to its callback and to the `log` facade. Never a secret.

use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// How urgent a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// Something is broken and somebody should look.
    Error = 1,
    /// Something is degraded or insecure.
    Warn = 2,
    /// Something happened: a new value, a recovery.
    Info = 3,
    /// Why something was decided.
    Debug = 4,
}

type Callback = dyn Fn(LogLevel, &str) + Send + Sync;

struct Sink {
    max_level: LogLevel,
    callback: Box<Callback>,
}

static SINK: ArcSwapOption<Sink> = ArcSwapOption::const_empty();

/// Sets (or with `None` removes) the process-wide callback for records up to `max_level`.
///
/// The callback may run on any thread, with no lock of the library held; it must not block for long. The one before is
/// dropped after its last call has returned.
pub fn set_log_callback(max_level: LogLevel, callback: Option<Box<Callback>>) {
    SINK.store(callback.map(|callback| Arc::new(Sink { max_level, callback })));
}

/// Hands a record to the callback and to the `log` facade (target `kmsramcred`). The text is made only if somebody
/// listens.
pub(crate) fn record(level: LogLevel, text: impl FnOnce() -> String) {
    let facade = match level {
        LogLevel::Error => log::Level::Error,
        LogLevel::Warn => log::Level::Warn,
        LogLevel::Info => log::Level::Info,
        LogLevel::Debug => log::Level::Debug,
    };
    let sink = SINK.load_full().filter(|sink| level <= sink.max_level);
    let to_facade = log::log_enabled!(target: "kmsramcred", facade);
    if sink.is_none() && !to_facade {
        return;
    }
    let text = text();
    if let Some(sink) = sink {
        (sink.callback)(level, &text);
    }
    if to_facade {
        log::log!(target: "kmsramcred", facade, "{text}");
    }
}
