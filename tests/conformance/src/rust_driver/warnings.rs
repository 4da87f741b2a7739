//! What the library warned of since the client was made.

use kmsramcred::{LogLevel, set_log_callback};
use std::io::{Write, stderr};
use std::sync::{Arc, Mutex, PoisonError};

/// Collected on whatever thread the library warns from.
pub struct Warnings(Arc<Mutex<Vec<String>>>);

impl Default for Warnings {
    fn default() -> Warnings {
        let said = Arc::new(Mutex::new(Vec::new()));
        let (to, process) = (Arc::clone(&said), std::process::id());
        let callback = move |_: LogLevel, text: &str| {
            // A forked child must not wait for a lock that a thread of its parent holds.
            if std::process::id() == process {
                let _ = writeln!(stderr(), "{text}");
                to.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
            }
        };
        set_log_callback(LogLevel::Warn, Some(Box::new(callback)));
        Warnings(said)
    }
}

impl Warnings {
    /// Forgets them.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many there are, and all of them, one a line.
    pub fn told(&self) -> (usize, String) {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (said.len(), said.join("\n"))
    }
}
