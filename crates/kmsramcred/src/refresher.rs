//! The one thread that looks after schedules, retries and settling values.

use crate::clock::{Clock, Deadline, Moment};
use crate::fork;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest sleep: a machine that was suspended finds out within this time that something is due.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The pause after a round that panicked.
const AFTER_A_PANIC: Duration = Duration::from_secs(10);

/// What the refresher looks after.
pub trait Rounds: Send + Sync {
    /// Starts what is due and says when the next thing is; `None` when there is nothing left to look after.
    fn make(&self) -> Option<Moment>;
}

/// The refresher of a client. It has no thread until it is first woken.
pub struct Refresher {
    bell: Mutex<Bell>,
    rung: Condvar,
    ended: Condvar,
}

#[derive(Default)]
struct Bell {
    rung: bool,
    running: bool,
    closed: bool,
}

impl Refresher {
    /// A refresher that sleeps.
    pub fn new() -> Refresher {
        Refresher { bell: Mutex::default(), rung: Condvar::new(), ended: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Bell> {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something changed: go round now. Starts the thread if there is none.
    pub fn ring(self: &Arc<Self>, clock: &Arc<dyn Clock>, rounds: impl FnOnce() -> Box<dyn Rounds>) {
        let mut bell = self.lock();
        if bell.closed {
            return;
        }
        bell.rung = true;
        if bell.running {
            self.rung.notify_one();
            return;
        }
        let (refresher, clock, rounds) = (Arc::clone(self), Arc::clone(clock), rounds());
        // Without a thread (none could be had) the next ring tries again.
        bell.running = fork::spawn("kmsramcred-refresh", Box::new(move || refresher.run(&*clock, &*rounds))).is_ok();
    }

    fn run(&self, clock: &dyn Clock, rounds: &dyn Rounds) {
        loop {
            self.lock().rung = false;
            // A panic must not end the rounds: after a while the next one is tried.
            let made = catch_unwind(AssertUnwindSafe(|| rounds.make()));
            let Some(next) = made.unwrap_or_else(|_| Some(clock.now() + AFTER_A_PANIC)) else { break };
            let mut bell = self.lock();
            while !bell.rung && !bell.closed {
                let now = clock.now();
                if now >= next {
                    break;
                }
                let sleep = next.since(now).min(LONGEST_SLEEP);
                bell = self.rung.wait_timeout(bell, sleep).unwrap_or_else(PoisonError::into_inner).0;
            }
            if bell.closed {
                break;
            }
        }
        self.lock().running = false;
        self.ended.notify_all();
    }

    /// Lets the thread end.
    pub fn close(&self) {
        self.lock().closed = true;
        self.rung.notify_all();
    }

    /// Waits until the thread has ended; answers whether that was before `deadline`.
    pub fn wait_for_end(&self, clock: &dyn Clock, deadline: Deadline) -> bool {
        let mut bell = self.lock();
        while bell.running {
            let rest = deadline.rest(clock.now());
            if rest.is_zero() {
                return false;
            }
            bell = self.ended.wait_timeout(bell, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
