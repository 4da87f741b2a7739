//! Looks names up without ever starting a thread a look-up.
//!
//! The system's look-up cannot be interrupted, so it runs on a thread, and whoever needs a name waits only inside its own
//! deadline. A client has **one** such thread, started at the first look-up and gone after ten idle seconds. Look-ups of
//! the same name join; results serve for 30 seconds; addresses, `localhost` and remembered names never touch the thread.
//! When a look-up has hung for a second while another name waits, the thread is left behind with it and a second one takes
//! the queue; while both hang there is never a third, and names wait in the queue inside their deadlines. A thread that
//! was left behind ends when its look-up does, if the other one is idle by then.

use super::lookup_table::{LookupTable, PATIENCE, Step};
use crate::clock::Clock;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::NextTimeout;

/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(10);
/// What `localhost` means. It is never asked for: plain HTTP may go there, and DNS could say that it is elsewhere.
const THIS_MACHINE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
/// More addresses of one name are not tried.
const MAX_ADDRESSES: usize = 16;

/// Starts a thread of this name; the caller decides how (with all signals blocked, counted, …).
pub type Spawn = dyn Fn(&str, Box<dyn FnOnce() + Send>) -> io::Result<()> + Send + Sync;

/// Looks one name up; may take as long as it likes.
pub type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The names of one client.
pub struct Resolver {
    shared: Arc<Shared>,
    spawn: Arc<Spawn>,
}

struct Shared {
    table: Mutex<LookupTable>,
    /// A look-up ended.
    ended: Condvar,
    /// There is something to look up.
    work: Condvar,
    lookup: Arc<Lookup>,
    clock: Arc<dyn Clock>,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupFailure {
    /// The look-up failed, with this cause.
    Failed(String),
    /// The budget was over first.
    TimedOut,
}

impl fmt::Display for LookupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupFailure::Failed(cause) => write!(f, "its name could not be looked up in DNS ({cause})"),
            LookupFailure::TimedOut => f.write_str("looking its name up timed out"),
        }
    }
}

impl std::error::Error for LookupFailure {}

impl Resolver {
    /// A resolver that asks the system; starts nothing yet.
    pub fn new(clock: Arc<dyn Clock>, spawn: Arc<Spawn>) -> Resolver {
        let system = |name: &str| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect());
        Resolver::with_lookup(clock, spawn, Arc::new(system))
    }

    /// A resolver that asks `lookup`.
    pub fn with_lookup(clock: Arc<dyn Clock>, spawn: Arc<Spawn>, lookup: Arc<Lookup>) -> Resolver {
        let shared = Shared { table: Mutex::default(), ended: Condvar::new(), work: Condvar::new(), lookup, clock };
        Resolver { shared: Arc::new(shared), spawn }
    }

    /// The addresses of a name, within `limit`.
    pub fn addresses(&self, name: &str, limit: Duration) -> Result<Arc<[IpAddr]>, LookupFailure> {
        if let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Arc::from([address]));
        }
        if name.eq_ignore_ascii_case("localhost") {
            return Ok(Arc::from(THIS_MACHINE));
        }
        let started = Instant::now();
        let mut table = self.shared.lock();
        let pending = match table.step(name, self.shared.clock.now()) {
            Step::Known(addresses) => return Ok(addresses),
            Step::Wait(pending) => pending,
        };
        self.shared.work.notify_one();
        loop {
            if let Some(outcome) = pending.get() {
                return outcome.clone().map_err(LookupFailure::Failed);
            }
            let now = self.shared.clock.now();
            if table.wants_thread(now) {
                table.threads += 1;
                let shared = self.shared.clone();
                if let Err(error) = (self.spawn)("kmsramcred-dns", Box::new(move || shared.serve())) {
                    table.threads -= 1;
                    if table.threads == 0 {
                        table.fail_queue(&format!("no thread could be started: {error}"), now);
                        self.shared.ended.notify_all();
                        continue;
                    }
                }
            }
            let left = limit.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(LookupFailure::TimedOut);
            }
            // Looks again after a while, for the sake of a name that is queued behind a look-up that hangs.
            let woken = self.shared.ended.wait_timeout(table, left.min(PATIENCE));
            table = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, LookupTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a look-up thread.
    fn serve(&self) {
        let mut table = self.lock();
        loop {
            if let Some(name) = table.take(self.clock.now()) {
                drop(table);
                let ask = std::panic::AssertUnwindSafe(|| (self.lookup)(&name));
                let result = std::panic::catch_unwind(ask).unwrap_or_else(|_| Err(io::Error::other("it panicked")));
                table = self.lock();
                table.finish(&name, result, self.clock.now());
                self.ended.notify_all();
                continue;
            }
            if table.closed || table.idle > 0 {
                break;
            }
            table.idle += 1;
            let woken = self.work.wait_timeout(table, IDLE).unwrap_or_else(PoisonError::into_inner);
            table = woken.0;
            table.idle -= 1;
            if woken.1.timed_out() && table.is_quiet() {
                break;
            }
        }
        table.threads -= 1;
    }
}

/// The resolver as ureq wants it.
#[derive(Debug)]
pub(super) struct ForUreq(pub(super) Arc<Resolver>);

impl ureq::unversioned::resolver::Resolver for ForUreq {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let addresses =
            self.0.addresses(host, *timeout.after).map_err(|failure| ureq::Error::Other(Box::new(failure)))?;
        let mut resolved = self.empty();
        for address in addresses.iter().take(MAX_ADDRESSES) {
            resolved.push(SocketAddr::new(*address, port));
        }
        Ok(resolved)
    }
}
