//! Records for the host program: to its callback and to the `log` facade. Never a secret.

use arc_swap::ArcSwapOption;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

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

thread_local! {
    /// Whether this thread runs the callback now.
    static IN_THE_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

struct Sink {
    max_level: LogLevel,
    /// Written when the sink is removed, so that the removal waits for calls under way. `None` once it is.
    callback: RwLock<Option<Box<Callback>>>,
    /// A forked child must not wait for its parent's threads.
    process: u32,
}

static SINK: ArcSwapOption<Sink> = ArcSwapOption::const_empty();

/// Sets (or with `None` removes) the process-wide callback for records up to `max_level`.
///
/// The callback may run on any thread, with no lock of the library held but one that the next change of the callback
/// waits for; it must not block for long. When this returns, the callback before has been dropped and does not run any
/// more, unless this was called from inside a callback.
pub fn set_log_callback(max_level: LogLevel, callback: Option<Box<Callback>>) {
    let process = std::process::id();
    let next = callback.map(|callback| Arc::new(Sink { max_level, callback: RwLock::new(Some(callback)), process }));
    let Some(before) = SINK.swap(next) else { return };
    if before.process != process {
        // The parent's lock may be held by a thread that does not exist here.
        std::mem::forget(before);
    } else if !IN_THE_CALLBACK.get() {
        let callback = before.callback.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(callback);
    }
}

impl Sink {
    fn call(&self, level: LogLevel, text: &str) {
        // A removal that waits goes first; the record is not for this callback any more then.
        let Ok(callback) = self.callback.try_read() else { return };
        let Some(callback) = &*callback else { return };
        let outer = IN_THE_CALLBACK.replace(true);
        // A panic of the callback is the host's own affair; it must not take a fetch along.
        let _ = catch_unwind(AssertUnwindSafe(|| callback(level, text)));
        IN_THE_CALLBACK.set(outer);
    }
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
        sink.call(level, &text);
    }
    if to_facade {
        log::log!(target: "kmsramcred", facade, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_removed_callback_is_gone_and_runs_no_more() {
        let held = Arc::new(AtomicBool::new(false));
        let stop = Arc::new(AtomicBool::new(false));
        let records: Vec<_> = (0..4)
            .map(|_| {
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        record(LogLevel::Error, || "for the test".to_owned());
                    }
                })
            })
            .collect();
        for _ in 0..200 {
            let late = Arc::clone(&held);
            let callback =
                move |_: LogLevel, _: &str| assert!(!late.load(Ordering::SeqCst), "called after its removal");
            set_log_callback(LogLevel::Error, Some(Box::new(callback)));
            std::thread::yield_now();
            set_log_callback(LogLevel::Error, None);
            assert_eq!(Arc::strong_count(&held), 1, "what it held is gone");
        }
        stop.store(true, Ordering::SeqCst);
        for thread in records {
            thread.join().unwrap();
        }
        // A callback may panic and may replace itself.
        set_log_callback(
            LogLevel::Error,
            Some(Box::new(|_, _| {
                set_log_callback(LogLevel::Error, None);
                panic!("for the test");
            })),
        );
        record(LogLevel::Error, || "for the test".to_owned());
        assert!(SINK.load().is_none());
    }
}
