//! The threads that fetch: at most four a client, gone after ten idle seconds.

use crate::clock::{Clock, Deadline};
use crate::error::{Error, ErrorKind};
use crate::fork;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const MOST_THREADS: usize = 4;
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// A pool of threads that exist only while there is work.
pub struct Workers {
    pool: Mutex<Pool>,
    work: Condvar,
    ended: Condvar,
}

#[derive(Default)]
struct Pool {
    /// Somebody waits for these.
    urgent: VecDeque<Job>,
    /// Nobody waits for these.
    others: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Pool {
    fn queue(&mut self, urgent: bool) -> &mut VecDeque<Job> {
        if urgent { &mut self.urgent } else { &mut self.others }
    }

    fn next(&mut self) -> Option<Job> {
        self.urgent.pop_front().or_else(|| self.others.pop_front())
    }

    fn waiting(&self) -> usize {
        self.urgent.len() + self.others.len()
    }
}

impl Workers {
    /// A pool without threads.
    pub fn new() -> Workers {
        Workers { pool: Mutex::default(), work: Condvar::new(), ended: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands in a job; an urgent one goes before all others. An error means that it will never run.
    pub fn submit(self: &Arc<Self>, urgent: bool, job: Job) -> Result<(), Error> {
        let mut pool = self.lock();
        if pool.closed {
            return Err(Error::closed());
        }
        pool.queue(urgent).push_back(job);
        if pool.idle >= pool.waiting() || pool.threads == MOST_THREADS {
            self.work.notify_one();
            return Ok(());
        }
        let workers = Arc::clone(self);
        match fork::spawn("kmsramcred-fetch", Box::new(move || workers.serve())) {
            Ok(()) => pool.threads += 1,
            Err(_) if pool.threads > 0 => self.work.notify_one(),
            Err(error) => {
                pool.queue(urgent).pop_back();
                return Err(Error::new(ErrorKind::Internal, format!("No thread could be started to fetch: {error}.")));
            }
        }
        Ok(())
    }

    fn serve(&self) {
        let mut pool = self.lock();
        loop {
            if let Some(job) = pool.next() {
                drop(pool);
                // A job reports a panic of its own; this keeps the thread and the count of threads right.
                let _ = catch_unwind(AssertUnwindSafe(job));
                pool = self.lock();
                continue;
            }
            if pool.closed {
                break;
            }
            pool.idle += 1;
            let (after, wait) = self.work.wait_timeout(pool, IDLE).unwrap_or_else(PoisonError::into_inner);
            pool = after;
            pool.idle -= 1;
            if wait.timed_out() && pool.waiting() == 0 {
                break;
            }
        }
        pool.threads -= 1;
        drop(pool);
        self.ended.notify_all();
    }

    /// Takes no more jobs, forgets those that have not begun, and lets the threads end.
    pub fn close(&self) {
        let mut pool = self.lock();
        pool.closed = true;
        let forgotten = [std::mem::take(&mut pool.urgent), std::mem::take(&mut pool.others)];
        drop(pool);
        self.work.notify_all();
        // What a job holds may end a client: without the lock.
        drop(forgotten);
    }

    /// Waits until every thread has ended; answers whether that was before `deadline`.
    pub fn wait_for_end(&self, clock: &dyn Clock, deadline: Deadline) -> bool {
        let mut pool = self.lock();
        while pool.threads > 0 {
            let rest = deadline.rest(clock.now());
            if rest.is_zero() {
                return false;
            }
            pool = self.ended.wait_timeout(pool, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use std::sync::mpsc;

    #[test]
    fn at_most_four_threads_run_and_the_rest_waits_its_turn() {
        let workers = Arc::new(Workers::new());
        let (started, starts) = mpsc::channel();
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        for n in 0..6 {
            let (started, gate) = (started.clone(), Arc::clone(&gate));
            let job = move || {
                started.send(n).unwrap();
                let open = gate.0.lock().unwrap();
                drop(gate.1.wait_while(open, |open| !*open).unwrap());
            };
            workers.submit(true, Box::new(job)).unwrap();
        }
        for _ in 0..4 {
            starts.recv().unwrap();
        }
        assert_eq!(workers.lock().threads, 4);
        assert!(starts.try_recv().is_err());
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        for _ in 0..2 {
            starts.recv().unwrap();
        }
        workers.close();
        assert!(workers.wait_for_end(&SystemClock, Deadline::after(&SystemClock, Duration::from_secs(60))));
    }

    #[test]
    fn an_urgent_job_goes_before_the_others() {
        let workers = Arc::new(Workers::new());
        let (order, ran) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        for n in 0..MOST_THREADS {
            let gate = Arc::clone(&gate);
            let hold = move || {
                let _ = gate.lock().unwrap().recv();
            };
            workers.submit(n == 0, Box::new(hold)).unwrap();
        }
        for (name, urgent) in [("first", false), ("second", false), ("urgent", true)] {
            let order = order.clone();
            workers.submit(urgent, Box::new(move || order.send(name).unwrap())).unwrap();
        }
        open.send(()).unwrap();
        let seen: Vec<&str> = (0..3).map(|_| ran.recv().unwrap()).collect();
        assert_eq!(seen, ["urgent", "first", "second"]);
        drop(open);
        workers.close();
        assert!(workers.wait_for_end(&SystemClock, Deadline::after(&SystemClock, Duration::from_secs(60))));
    }

    #[test]
    fn closing_forgets_what_has_not_begun() {
        let workers = Arc::new(Workers::new());
        let (started, starts) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        for _ in 0..20 {
            let (started, gate) = (started.clone(), Arc::clone(&gate));
            let job = move || {
                started.send(()).unwrap();
                let _ = gate.lock().unwrap().recv();
            };
            workers.submit(false, Box::new(job)).unwrap();
        }
        for _ in 0..MOST_THREADS {
            starts.recv().unwrap();
        }
        workers.close();
        drop((open, started));
        assert!(workers.wait_for_end(&SystemClock, Deadline::after(&SystemClock, Duration::from_secs(60))));
        assert!(starts.recv().is_err(), "nothing else has begun");
    }

    #[test]
    fn a_panic_in_a_job_costs_no_thread() {
        let workers = Arc::new(Workers::new());
        let (done, wait) = mpsc::channel();
        workers.submit(true, Box::new(|| panic!("for the test"))).unwrap();
        workers.submit(true, Box::new(move || done.send(()).unwrap())).unwrap();
        wait.recv().unwrap();
        workers.close();
        assert!(workers.wait_for_end(&SystemClock, Deadline::after(&SystemClock, Duration::from_secs(60))));
        assert_eq!(workers.submit(true, Box::new(|| {})).unwrap_err().kind(), ErrorKind::Closed);
    }
}
