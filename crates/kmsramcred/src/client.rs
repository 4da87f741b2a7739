//! A configuration in use: its secrets, its threads, its way to KMS.

use crate::cache::prepare_serials;
use crate::clock::{Clock, Deadline, Moment, SystemClock};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::explain;
use crate::fetcher::{Fetcher, Prepared, Progress};
use crate::fork::{self, ForkCell};
use crate::logging::{LogLevel, record};
use crate::refresher::{Refresher, Rounds};
use crate::secret::{Secret, SecretCore};
use crate::secret_value::SecretValue;
use crate::stats::{Counters, Stats};
use crate::workers::Workers;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// KMS allows 64 characters for a name; an ARN carries region and account besides.
const LONGEST_NAME: usize = 512;

/// Refuses what cannot be the name of a secret.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let has_control = name.chars().any(char::is_control);
    if !name.is_empty() && name.len() <= LONGEST_NAME && !has_control {
        return Ok(());
    }
    let message = format!(
        "A secret's name has {} bytes{}; allowed are 1 to {LONGEST_NAME} bytes without control characters.",
        name.len(),
        if has_control { " with control characters" } else { "" }
    );
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

/// What a client and its secrets share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    prepared: Prepared,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counters: Arc<Counters>,
    runtime: ForkCell<Runtime>,
    closed: AtomicBool,
}

impl Shared {
    /// This process's threads and connections; a forked child makes its own.
    pub(crate) fn runtime(&self) -> Arc<Runtime> {
        self.runtime.get(|| Runtime::new(&self.config, &self.prepared, &self.clock))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// What must never be shared across a fork: threads, connections, the source's cached identity.
pub(crate) struct Runtime {
    workers: Arc<Workers>,
    refresher: Arc<Refresher>,
    fetcher: Result<Fetcher, Error>,
}

impl Runtime {
    fn new(config: &Config, prepared: &Prepared, clock: &Arc<dyn Clock>) -> Runtime {
        Runtime {
            workers: Arc::new(Workers::new()),
            refresher: Arc::new(Refresher::new()),
            fetcher: Fetcher::new(config, prepared, Arc::clone(clock)),
        }
    }

    pub(crate) fn workers(&self) -> &Arc<Workers> {
        &self.workers
    }

    pub(crate) fn fetch(&self, name: &str, deadline: Deadline, progress: &Progress<'_>) -> Result<SecretValue, Error> {
        self.fetcher.as_ref().map_err(Error::clone)?.fetch(name, deadline, progress)
    }

    fn close(&self) {
        self.workers.close();
        self.refresher.close();
        if let Ok(fetcher) = &self.fetcher {
            fetcher.close();
        }
    }
}

/// A configuration in use. Cheap to clone; all clones are the same client.
///
/// Safe to use from any thread, and after a `fork` in parent and child. It has no thread before its first fetch; when
/// idle it has one, which looks after the schedule.
#[derive(Clone)]
pub struct Client(Arc<ClientInner>);

pub(crate) struct ClientInner {
    shared: Arc<Shared>,
    secrets: ArcSwap<HashMap<String, Arc<SecretCore>>>,
}

impl Client {
    /// A client from a configuration file (found by the documented look-up when `path` is `None`), completed by the
    /// environment.
    pub fn from_file(path: Option<&Path>) -> Result<Client, Error> {
        Client::new(Config::from_file(path)?)
    }

    /// A client from the environment alone.
    pub fn from_env() -> Result<Client, Error> {
        Client::new(Config::from_env()?)
    }

    /// A client. No network and no thread, unless `secret_names` asks for a prefetch.
    pub fn new(config: Config) -> Result<Client, Error> {
        Client::with_clock(config, Arc::new(SystemClock))
    }

    fn with_clock(config: Config, clock: Arc<dyn Clock>) -> Result<Client, Error> {
        fork::watch();
        prepare_serials();
        let prepared = Prepared::of(&config, clock.unix_ms())?;
        let runtime = Runtime::new(&config, &prepared, &clock);
        if let Err(error) = &runtime.fetcher {
            return Err(error.clone());
        }
        for notice in &config.notices {
            record(LogLevel::Warn, || format!("configuration: {notice}"));
        }
        let prefetch = config.prefetch.clone();
        let shared = Shared {
            config,
            prepared,
            clock,
            counters: Arc::default(),
            runtime: ForkCell::new(runtime),
            closed: AtomicBool::new(false),
        };
        let client = Client(Arc::new(ClientInner { shared: Arc::new(shared), secrets: ArcSwap::default() }));
        for name in prefetch {
            client.secret(&name)?.prefetch();
        }
        Ok(client)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(crate) fn downgrade(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }

    /// The secret of this name or ARN. No network; the same name gives the same secret.
    pub fn secret(&self, name: &str) -> Result<Secret, Error> {
        if self.is_closed() {
            return Err(Error::closed());
        }
        check_name(name)?;
        loop {
            let secrets = self.0.secrets.load_full();
            if let Some(core) = secrets.get(name) {
                return Ok(Secret::new(Arc::clone(core), self.clone()));
            }
            let core = Arc::new(SecretCore::new(name, Arc::clone(&self.0.shared)));
            let mut more = HashMap::clone(&secrets);
            more.insert(name.to_owned(), core);
            let before = self.0.secrets.compare_and_swap(&secrets, Arc::new(more));
            if Arc::ptr_eq(&before, &secrets) && self.is_closed() {
                // `close` may have passed before this secret was in its list.
                self.close_secrets();
            }
        }
    }

    /// Wakes the refresher: something changed.
    pub(crate) fn ring(&self) {
        if !self.is_closed() {
            let rounds = || Box::new(self.downgrade()) as Box<dyn Rounds>;
            self.0.shared.runtime().refresher.ring(&self.0.shared.clock, rounds);
        }
    }

    /// Stops all work: whoever waits is answered `Closed`, and so is every later call. `Timeout` when a fetch is still
    /// running at the end of `timeout`; it ends by itself soon after. Closing again is harmless. Not to be called from
    /// a callback of this client.
    pub fn close(&self, timeout: Duration) -> Result<(), Error> {
        let shared = &self.0.shared;
        shared.closed.store(true, Ordering::SeqCst);
        self.close_secrets();
        let Some(runtime) = shared.runtime.peek() else { return Ok(()) };
        runtime.close();
        let deadline = Deadline::after(&*shared.clock, timeout);
        let ended = runtime.refresher.wait_for_end(&*shared.clock, deadline)
            & runtime.workers.wait_for_end(&*shared.clock, deadline);
        if ended {
            return Ok(());
        }
        let message =
            format!("The client is closed, but a fetch was still running after {:.1} s.", timeout.as_secs_f32());
        Err(Error::new(ErrorKind::Timeout, message))
    }

    fn close_secrets(&self) {
        for core in self.0.secrets.load_full().values() {
            core.entry().close();
        }
    }

    /// Whether `close` was called.
    pub fn is_closed(&self) -> bool {
        self.0.shared.is_closed()
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        self.0.shared.counters.read()
    }

    /// JSON about the configuration in use (and where each value came from), the counters and every secret. Never a
    /// secret.
    pub fn explain(&self) -> String {
        let secrets = self.0.secrets.load_full();
        let mut names: Vec<&String> = secrets.keys().collect();
        names.sort();
        let entries = names.into_iter().map(|name| explain::secret(name, &secrets[name].entry())).collect();
        let shared = &self.0.shared;
        let runtime = shared.runtime.peek();
        let fetcher = runtime.as_ref().and_then(|runtime| runtime.fetcher.as_ref().ok());
        let gateways = fetcher.map_or(&[][..], Fetcher::gateways);
        let closed = self.is_closed();
        explain::client(&shared.config, gateways, shared.clock.now(), &self.stats(), closed, entries).to_string()
    }

    /// The budget of a call from its first refusal: `call_budget_milliseconds`, 10 s by default.
    pub fn call_budget(&self) -> Duration {
        self.0.shared.config.timing.call_budget
    }

    /// The budget of a first fetch where the caller names none: `fetch_budget_milliseconds`, 10 s by default.
    pub fn fetch_budget(&self) -> Duration {
        self.0.shared.config.timing.fetch_budget
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.0.shared.config).finish_non_exhaustive()
    }
}

impl Drop for ClientInner {
    fn drop(&mut self) {
        // A fetch that runs keeps its secret alive; unless told, it would be tried again to the end of its budget.
        self.secrets.load().values().for_each(|core| core.close());
        if let Some(runtime) = self.shared.runtime.peek() {
            runtime.close();
        }
    }
}

/// A client that may be gone: what its threads hold, so that they keep nothing alive.
pub(crate) struct WeakClient(Weak<ClientInner>);

impl WeakClient {
    pub(crate) fn upgrade(&self) -> Option<Client> {
        self.0.upgrade().map(Client)
    }
}

impl Rounds for WeakClient {
    fn make(&self) -> Option<Moment> {
        let client = self.upgrade().filter(|client| !client.is_closed())?;
        let mut next = Moment::NEVER;
        for core in client.0.secrets.load_full().values() {
            let (ticket, at) = core.tick();
            next = next.min(at);
            if let Some(ticket) = ticket {
                crate::cache::Launch::launch(&Secret::new(Arc::clone(core), client.clone()), ticket);
            }
        }
        Some(next)
    }
}
