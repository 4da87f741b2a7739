//! One named RAM secret of a client.

use crate::cache::{
    Credential, DeadKeys, Entry, Launch, Outcome, Policy, Published, Reason, Refusal, Snapshot, Ticket, Verdict,
};
use crate::client::{Client, Shared, WeakClient};
use crate::clock::{Clock, Deadline, Moment};
use crate::error::{Error, ErrorKind};
use crate::explain;
use crate::fetcher::Progress;
use crate::fork::ForkCell;
use crate::logging::{LogLevel, record};
use crate::secret_value::SecretValue;
use crate::watch::{Watch, WatchEvent, Watchers};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What all handles of one secret share. Its published part outlives a fork; its entry is each process's own.
pub(crate) struct SecretCore {
    pub(crate) name: String,
    published: Arc<Published>,
    entry: ForkCell<Entry>,
    watchers: Watchers,
    shared: Arc<Shared>,
}

impl SecretCore {
    pub(crate) fn new(name: &str, shared: Arc<Shared>) -> SecretCore {
        let published = Arc::new(Published::empty());
        let entry = ForkCell::new(new_entry(name, &published, &shared));
        SecretCore { name: name.to_owned(), published, entry, watchers: Watchers::default(), shared }
    }

    /// This process's entry.
    pub(crate) fn entry(&self) -> Arc<Entry> {
        self.entry.get(|| new_entry(&self.name, &self.published, &self.shared))
    }

    /// The published value, if it may be used right now: no lock, and no clock unless the value has an end.
    fn cached(&self) -> Option<Credential> {
        self.published.current().filter(|credential| !is_over(credential, &*self.shared.clock))
    }

    /// Ends what this process does for the secret. A forked child that never used it has nothing to end.
    pub(crate) fn close(&self) {
        if let Some(entry) = self.entry.peek() {
            entry.close();
        }
    }

    /// Runs one fetch; on a worker.
    fn fetch(&self, entry: &Entry, ticket: &Ticket) {
        let progress = Progress::new(entry, ticket, &self.shared.counters);
        let deadline = Deadline::after(&*self.shared.clock, self.shared.config.timing.fetch_budget);
        let result = caught(|| self.shared.runtime().fetch(&self.name, deadline, &progress));
        self.land(entry, ticket, result);
    }

    /// Lands a flight with what it brought, or with why it could not be started.
    fn land(&self, entry: &Entry, ticket: &Ticket, result: Result<SecretValue, Error>) {
        match &result {
            Ok(_) => self.shared.counters.refreshes_ok.count(),
            Err(_) => self.shared.counters.refreshes_failed.count(),
        }
        let outcome = entry.complete(ticket, result);
        self.tell(entry, ticket.reason.words(), &outcome);
    }

    /// Tells of a held value that was taken into use by the last step.
    fn tell_news(&self, entry: &Entry) {
        if entry.take_news() {
            self.tell(entry, "it had been held back", &Outcome::Adopted);
        }
    }

    /// For the refresher: a fetch to start now, and when to ask again.
    pub(crate) fn tick(&self) -> (Option<Ticket>, Moment) {
        let entry = self.entry();
        let next = entry.tick();
        self.tell_news(&entry);
        next
    }

    fn tell(&self, entry: &Entry, reason: &str, outcome: &Outcome) {
        let current = || entry.look(|state, _| state.current().map(|value| value.shown_id()).unwrap_or_default());
        let (level, what) = match outcome {
            Outcome::Adopted => (LogLevel::Info, format!("new value in use: AccessKey {}", current())),
            Outcome::Held(why) => (LogLevel::Info, format!("new value held back: {why}")),
            Outcome::Confirmed => (LogLevel::Debug, "KMS confirmed the value in use".to_owned()),
            Outcome::TurnedDown(why) => (LogLevel::Warn, format!("value turned down: {why}")),
            Outcome::Failed(error) => (LogLevel::Warn, format!("fetch failed: {error}")),
            Outcome::Closed => return,
        };
        let what = format!("{what} ({reason})");
        record(level, || format!("secret {:?}: {what}", self.name));
        entry.remember(what);
        let error = match outcome {
            Outcome::Failed(error) => Some(error.clone()),
            Outcome::Adopted => None,
            _ => return,
        };
        self.watchers.tell(&WatchEvent { generation: self.published.generation(), error });
    }
}

impl Drop for SecretCore {
    fn drop(&mut self) {
        // Whoever still holds the word's address sees it move: `Published` gives the word back.
        self.close();
    }
}

fn new_entry(name: &str, published: &Arc<Published>, shared: &Shared) -> Entry {
    let timing = &shared.config.timing;
    let policy = Policy {
        settle: timing.settle,
        rotation_interval: timing.rotation_interval,
        delay_interval: timing.delay_interval,
        max_stale: timing.max_stale,
    };
    let dead_keys = DeadKeys::with(shared.config.dead_key_codes.clone());
    let (clock, counters) = (Arc::clone(&shared.clock), Arc::clone(&shared.counters));
    let seed = fastrand::Rng::new().u64(..) ^ (u64::from(std::process::id()) << 32);
    let entry = Entry::new(name.to_owned(), Arc::clone(published), policy, dead_keys, clock, counters, seed);
    if shared.is_closed() {
        entry.close();
    }
    entry
}

fn is_over(credential: &Snapshot, clock: &dyn Clock) -> bool {
    credential.ends() != Moment::NEVER && clock.now() >= credential.ends()
}

/// What a fetch brings; a panic is an error like any other, so that its flight lands whatever happens.
fn caught(fetch: impl FnOnce() -> Result<SecretValue, Error>) -> Result<SecretValue, Error> {
    catch_unwind(AssertUnwindSafe(fetch))
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "The fetch panicked.")))
}

/// One named RAM secret. Cheap to clone; all handles of one name share one value, and each keeps its client alive.
#[derive(Clone)]
pub struct Secret {
    core: Arc<SecretCore>,
    client: Client,
}

impl Secret {
    pub(crate) fn new(core: Arc<SecretCore>, client: Client) -> Secret {
        Secret { core, client }
    }

    /// The requested name.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// The client that this secret belongs to.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The current credential: without a lock when one is cached, else after a fetch, waited for inside `timeout`.
    /// A `timeout` of zero starts the fetch and answers `NotReady`; one that ends first is `Timeout`, or the error that
    /// the fetch has met so far.
    pub fn credential(&self, timeout: Duration) -> Result<Credential, Error> {
        match self.core.cached() {
            Some(credential) => Ok(credential),
            None => self.acquire_slowly(timeout),
        }
    }

    /// The same, looked at where it is: without a reference to it, threads that look do not slow each other down.
    pub fn look<T>(&self, timeout: Duration, at: impl Fn(&Snapshot) -> T) -> Result<T, Error> {
        let clock = &*self.core.shared.clock;
        match self.core.published.look(|snapshot| (!is_over(snapshot, clock)).then(|| at(snapshot))) {
            Some(seen) => Ok(seen),
            None => self.acquire_slowly(timeout).map(|credential| at(&credential)),
        }
    }

    #[cold]
    fn acquire_slowly(&self, timeout: Duration) -> Result<Credential, Error> {
        let deadline = Deadline::after(&*self.core.shared.clock, timeout);
        let entry = self.core.entry();
        let answer = entry.acquire(deadline, self);
        self.core.tell_news(&entry);
        self.client.ring();
        answer
    }

    /// The generation word, at an address that stays valid for the life of the process.
    pub fn generation(&self) -> &'static AtomicU64 {
        self.core.published.word()
    }

    /// Tells that a service refused a call, and answers what the call should do. `left` is what is left of the call's
    /// budget, counted from its first refusal; the answer may take that long.
    pub fn report_failure(&self, refusal: &Refusal<'_>, left: Duration) -> Verdict {
        let deadline = Deadline::after(&*self.core.shared.clock, left);
        let entry = self.core.entry();
        let verdict = entry.report(refusal, deadline, self);
        self.core.tell_news(&entry);
        if entry.take_sooner() {
            self.client.ring();
        }
        record(LogLevel::Debug, || {
            let Refusal { service, host, code, http_status, round, .. } = refusal;
            format!(
                "secret {:?}: {service:?} at {host:?} refused a call (code {code:?}, HTTP {http_status:?}, round {round}): {verdict:?}",
                self.name()
            )
        });
        verdict
    }

    /// Whether a refusal is about the key at all. If it is not, `report_failure` answers [`Verdict::Unrelated`] at once.
    pub fn is_about_the_key(&self, refusal: &Refusal<'_>) -> bool {
        self.core.entry().is_about_the_key(refusal)
    }

    /// Tells that a service accepted a call made with `serial`. Once per serial is enough:
    /// see [`Snapshot::is_accepted`].
    pub fn report_success(&self, serial: u64) {
        if let Some(snapshot) = self.core.published.latest().filter(|snapshot| snapshot.value.serial == serial) {
            snapshot.value.accept();
        }
    }

    /// Fetches now, because the user says so, and answers the current credential. Joins a running fetch, ignores
    /// cool-downs, at most once a second. A `timeout` of zero only starts it and answers `NotReady`.
    pub fn refresh(&self, timeout: Duration) -> Result<Credential, Error> {
        let deadline = Deadline::after(&*self.core.shared.clock, timeout);
        let entry = self.core.entry();
        let answer = entry.refresh(deadline, self);
        self.core.tell_news(&entry);
        answer
    }

    /// Calls back on a new value and on a failed fetch: on a thread of the library, with no lock of the library held.
    /// The callback may call any function but those that end this client.
    pub fn watch(&self, callback: impl Fn(&WatchEvent) + Send + Sync + 'static) -> Watch {
        self.core.watchers.add(callback)
    }

    /// JSON about this secret: what is in use, its age, the next refresh and why, who refused what. Never a secret.
    pub fn explain(&self) -> String {
        explain::secret(self.name(), &self.core.entry()).to_string()
    }

    /// A reader for one thread or one connection: the cheapest way to a credential that is needed often.
    pub fn reader(&self) -> Reader {
        Reader { secret: self.clone(), word: self.generation(), kept: None }
    }

    /// Starts a fetch that nobody waits for, unless one runs.
    pub(crate) fn prefetch(&self) {
        if let Some(ticket) = self.core.entry().prefetch() {
            self.launch(ticket);
        }
    }
}

impl Launch for Secret {
    fn launch(&self, ticket: Ticket) {
        let (core, entry, client) = (Arc::clone(&self.core), self.core.entry(), self.client.downgrade());
        let (flight, reason) = (ticket.flight, ticket.reason.clone());
        let urgent = !matches!(reason, Reason::Background { .. });
        let ring = RingAtTheEnd(client);
        let job = move || {
            let _ring = ring;
            core.fetch(&entry, &ticket);
        };
        if let Err(error) = self.client.shared().runtime().workers().submit(urgent, Box::new(job)) {
            self.core.land(&self.core.entry(), &Ticket { flight, reason }, Err(error));
        }
    }
}

/// Wakes the refresher whatever becomes of a job: it runs, it panics, it is never begun.
struct RingAtTheEnd(WeakClient);

impl Drop for RingAtTheEnd {
    fn drop(&mut self) {
        if let Some(client) = self.0.upgrade() {
            client.ring();
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Credential {
    /// Whether it may still be used without asking `secret` again: one load, and a look at the clock only where the
    /// credential has an end.
    pub fn is_current(&self, secret: &Secret) -> bool {
        self.generation() == secret.generation().load(Ordering::Acquire) && !is_over(self, &*secret.core.shared.clock)
    }
}

/// Keeps a credential and hands it out again for as long as the secret's generation has not moved: one load and one
/// compare per use.
#[derive(Debug)]
pub struct Reader {
    secret: Secret,
    word: &'static AtomicU64,
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    generation: u64,
    ends: Moment,
    credential: Credential,
}

impl Reader {
    /// The current credential; see [`Secret::credential`].
    #[inline]
    pub fn credential(&mut self, timeout: Duration) -> Result<&Credential, Error> {
        let generation = self.word.load(Ordering::Acquire);
        let is_current = self.kept.as_ref().is_some_and(|kept| {
            kept.generation == generation
                && (kept.ends == Moment::NEVER || self.secret.core.shared.clock.now() < kept.ends)
        });
        if !is_current {
            self.read_again(timeout)?;
        }
        Ok(&self.kept.as_ref().expect("read just now or before").credential)
    }

    #[cold]
    fn read_again(&mut self, timeout: Duration) -> Result<(), Error> {
        let credential = self.secret.credential(timeout)?;
        self.kept = Some(Kept { generation: credential.generation(), ends: credential.ends(), credential });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::PausedClock;

    #[test]
    fn a_fetch_that_panics_lands_with_an_error() {
        let published = Arc::new(Published::empty());
        let clock = Arc::new(PausedClock::new(0));
        let (policy, dead_keys, counters) = (Policy::default(), DeadKeys::default(), Arc::default());
        let entry = Entry::new("s".to_owned(), published, policy, dead_keys, clock, counters, 1);
        let ticket = entry.prefetch().expect("no flight yet");
        entry.complete(&ticket, caught(|| panic!("for the test")));
        let kind = entry.look(|state, _| state.failures().error().map(Error::kind));
        assert_eq!(kind, Some(ErrorKind::Internal));
        assert!(entry.look(|state, _| state.flight().is_none()));
    }
}
