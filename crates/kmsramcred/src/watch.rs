//! Being told of new values and failed fetches.

use crate::error::Error;
use crate::fork;
use arc_swap::ArcSwap;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// What a watch is told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WatchEvent {
    /// The generation after the event.
    pub generation: u64,
    /// `None` for a new value, else why the fetch failed.
    pub error: Option<Error>,
}

type Callback = dyn Fn(&WatchEvent) + Send + Sync;

/// One registered callback.
struct Watcher {
    epoch: u64,
    callback: Arc<Callback>,
    /// Which thread runs the callback now. Held while it runs, so that ending a watch can wait for it.
    running: Mutex<()>,
    runner: Mutex<Option<ThreadId>>,
    ended: std::sync::atomic::AtomicBool,
}

/// The watchers of one secret. Read without a lock, so a forked child may use the list it inherits.
#[derive(Default)]
pub struct Watchers(Arc<ArcSwap<Vec<Arc<Watcher>>>>);

impl Watchers {
    /// Registers a callback.
    pub fn add(&self, callback: impl Fn(&WatchEvent) + Send + Sync + 'static) -> Watch {
        let watcher = Arc::new(Watcher {
            epoch: fork::epoch(),
            callback: Arc::new(callback),
            running: Mutex::default(),
            runner: Mutex::default(),
            ended: std::sync::atomic::AtomicBool::new(false),
        });
        self.0.rcu(|list| list.iter().cloned().chain([Arc::clone(&watcher)]).collect::<Vec<_>>());
        Watch { list: Arc::clone(&self.0), watcher }
    }

    /// Tells everybody. Call it without a lock.
    pub fn tell(&self, event: &WatchEvent) {
        let epoch = fork::epoch();
        for watcher in self.0.load_full().iter().filter(|watcher| watcher.epoch == epoch) {
            watcher.tell(event);
        }
    }
}

impl Watcher {
    fn tell(&self, event: &WatchEvent) {
        let _turn = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ended.load(std::sync::atomic::Ordering::Acquire) {
            return;
        }
        *self.runner.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
        // A panic of the callback is the host's own affair; it must not take the fetch along.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.callback)(event)));
        *self.runner.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn end(&self) {
        self.ended.store(true, std::sync::atomic::Ordering::Release);
        let runner = *self.runner.lock().unwrap_or_else(PoisonError::into_inner);
        if runner != Some(thread::current().id()) {
            drop(self.running.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// A registered watch; dropping it ends it.
///
/// When the drop returns, the callback does not run and will not run again, unless it was dropped from inside the
/// callback itself. A forked child inherits the handle, not the watch.
#[must_use = "dropping a watch ends it"]
pub struct Watch {
    list: Arc<ArcSwap<Vec<Arc<Watcher>>>>,
    watcher: Arc<Watcher>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.watcher.epoch != fork::epoch() {
            // The parent's locks may be held by threads that do not exist here.
            mem::forget(Arc::clone(&self.watcher));
            return;
        }
        let gone = Arc::as_ptr(&self.watcher);
        self.list.rcu(|list| list.iter().filter(|watcher| Arc::as_ptr(watcher) != gone).cloned().collect::<Vec<_>>());
        self.watcher.end();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} watchers", self.0.load().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn event() -> WatchEvent {
        WatchEvent { generation: 1, error: None }
    }

    #[test]
    fn each_watch_is_told_until_it_is_dropped() {
        let watchers = Watchers::default();
        let told = Arc::new(AtomicUsize::new(0));
        let count = |by: usize| {
            let told = Arc::clone(&told);
            watchers.add(move |_| {
                told.fetch_add(by, Ordering::SeqCst);
            })
        };
        let (one, ten) = (count(1), count(10));
        watchers.tell(&event());
        drop(one);
        watchers.tell(&event());
        drop(ten);
        watchers.tell(&event());
        assert_eq!(told.load(Ordering::SeqCst), 21);
        assert_eq!(Arc::strong_count(&told), 1, "the callbacks are gone");
    }

    #[test]
    fn a_watch_may_be_dropped_from_inside_its_callback() {
        let watchers = Arc::new(Watchers::default());
        let place: Arc<Mutex<Option<Watch>>> = Arc::default();
        let inner = Arc::clone(&place);
        let watch = watchers.add(move |_| drop(inner.lock().unwrap().take()));
        *place.lock().unwrap() = Some(watch);
        watchers.tell(&event());
        assert!(place.lock().unwrap().is_none());
    }

    #[test]
    fn a_panic_in_a_callback_stops_nobody_else() {
        let watchers = Watchers::default();
        let told = Arc::new(AtomicUsize::new(0));
        let also = Arc::clone(&told);
        let _bad = watchers.add(|_| panic!("for the test"));
        let _good = watchers.add(move |_| {
            also.fetch_add(1, Ordering::SeqCst);
        });
        watchers.tell(&event());
        watchers.tell(&event());
        assert_eq!(told.load(Ordering::SeqCst), 2);
    }
}
