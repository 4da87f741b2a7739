//! Threads that call a service, and what they saw.

use super::application::Order;
use super::robot::Robot;
use crate::line::Line;
use kmsramcred::{Error, Secret};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two calls of a thread.
const PAUSE: Duration = Duration::from_millis(5);

/// What callers saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub calls: AtomicU64,
    pub failed: AtomicU64,
    pub refused: AtomicU64,
    pub slowest_ms: AtomicU64,
    /// The first failure.
    complaint: Mutex<String>,
}

impl Seen {
    /// Notes why a call failed, unless one is noted already.
    pub fn complain(&self, why: String) {
        let mut complaint = self.complaint();
        if complaint.is_empty() {
            *complaint = why;
        }
    }

    fn complaint(&self) -> MutexGuard<'_, String> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Callers at work.
pub struct Load {
    seen: Arc<Seen>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(secret: &Secret, order: &Order<'_>) -> Result<Load, Error> {
        let (seen, stop) = (Arc::<Seen>::default(), Arc::<AtomicBool>::default());
        let (host, budget) = (order.text("host")?.to_owned(), order.time("budget_ms", 10_000)?);
        let caller = || {
            let (secret, seen, stop, host) = (secret.clone(), Arc::clone(&seen), Arc::clone(&stop), host.clone());
            std::thread::spawn(move || {
                let robot = Robot::new(&host, budget);
                while !stop.load(Ordering::Relaxed) {
                    robot.call(&secret, &seen);
                    std::thread::sleep(PAUSE);
                }
            })
        };
        let threads = (0..order.number("threads")?).map(|_: u32| caller()).collect();
        Ok(Load { seen, stop, threads })
    }

    /// What the callers saw; `anew` begins the slowest call and the complaint anew.
    pub fn seen(&self, anew: bool) -> Line {
        let read = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let (slowest, complaint) = match anew {
            true => (self.seen.slowest_ms.swap(0, Ordering::SeqCst), std::mem::take(&mut *self.seen.complaint())),
            false => (read(&self.seen.slowest_ms), self.seen.complaint().clone()),
        };
        Line::new("ok")
            .with("calls", read(&self.seen.calls))
            .with("failed", read(&self.seen.failed))
            .with("refused", read(&self.seen.refused))
            .with("slowest_ms", slowest)
            .with("complaint", complaint)
    }

    pub fn stop(mut self) -> Line {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.seen.failed.fetch_add(1, Ordering::SeqCst);
                self.seen.complain("a caller panicked".to_owned());
            }
        }
        self.seen(false)
    }
}
