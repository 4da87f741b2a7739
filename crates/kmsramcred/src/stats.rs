//! Counters of a client.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a client since it was made; a forked child begins with its parent's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Acquires that were not answered by the lock-free path.
    pub slow_acquires: u64,
    /// Fetches that brought a value.
    pub refreshes_ok: u64,
    /// Fetches that failed.
    pub refreshes_failed: u64,
    /// Callers that waited for a fetch, whoever had started it.
    pub waiters_coalesced: u64,
    /// Slow acquires that were answered with a value whose last refresh had failed.
    pub stale_served: u64,
    /// Calls of `report_failure` that were about the key.
    pub failures_reported: u64,
    /// Requests sent to KMS.
    pub kms_requests: u64,
}

/// The counters while they count.
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) slow_acquires: Counter,
    pub(crate) refreshes_ok: Counter,
    pub(crate) refreshes_failed: Counter,
    pub(crate) waiters_coalesced: Counter,
    pub(crate) stale_served: Counter,
    pub(crate) failures_reported: Counter,
    pub(crate) kms_requests: Counter,
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// What they show now.
    pub fn read(&self) -> Stats {
        Stats {
            slow_acquires: self.slow_acquires.get(),
            refreshes_ok: self.refreshes_ok.get(),
            refreshes_failed: self.refreshes_failed.get(),
            waiters_coalesced: self.waiters_coalesced.get(),
            stale_served: self.stale_served.get(),
            failures_reported: self.failures_reported.get(),
            kms_requests: self.kms_requests.get(),
        }
    }
}
