//! Being told of new values and failed fetches.

use crate::error::Error;
use crate::fork;
use arc_swap::ArcSwap;
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a watch is told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WatchEvent {
    /// The generation after the event.
    pub generation: u64,
    /// `None` for a new value, else why the fetch failed.
    pub error: Option<Error>,
}

thread_local! {
    /// Whether this thread runs a callback now.
    static IN_A_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

type Callback = dyn Fn(&WatchEvent) + Send + Sync;

/// One registered callback.
struct Watcher {
    epoch: u64,
    /// Gone once the watch has ended, so that nothing that it holds outlives the watch.
    callback: Mutex<Option<Arc<Callback>>>,
    /// Held while the callback runs, so that ending a watch can wait for it.
    running: Mutex<()>,
}

/// The watchers of one secret. Read without a lock, so a forked child may use the list it inherits.
#[derive(Default)]
pub struct Watchers(Arc<ArcSwap<Vec<Arc<Watcher>>>>);

impl Watchers {
    /// Registers a callback.
    pub fn add(&self, callback: impl Fn(&WatchEvent) + Send + Sync + 'static) -> Watch {
        let watcher = Arc::new(Watcher {
            epoch: fork::epoch(),
            callback: Mutex::new(Some(Arc::new(callback))),
            running: Mutex::default(),
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
    fn callback(&self) -> MutexGuard<'_, Option<Arc<Callback>>> {
        self.callback.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: &WatchEvent) {
        let _turn = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(callback) = self.callback().clone() else { return };
        let outer = IN_A_CALLBACK.replace(true);
        // A panic of the callback is the host's own affair; it must not take the fetch along.
        let _ = catch_unwind(AssertUnwindSafe(|| callback(event)));
        drop(callback);
        IN_A_CALLBACK.set(outer);
    }

    /// No run begins any more; what the callback holds is let go when the last run has ended.
    fn end(&self) {
        drop(self.callback().take());
    }

    /// Waits for a run that has begun.
    fn wait(&self) {
        // Callbacks that end each other's watches must not wait for each other.
        if !IN_A_CALLBACK.get() {
            drop(self.running.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// A registered watch; dropping it ends it.
///
/// When the drop returns, the callback does not run and will not run again. A drop from inside any watch's callback does
/// not wait: a run that has begun ends by itself, and no other begins. A forked child inherits the handle, not the watch.
#[must_use = "dropping a watch ends it"]
pub struct Watch {
    list: Arc<ArcSwap<Vec<Arc<Watcher>>>>,
    watcher: Arc<Watcher>,
}

impl Watch {
    /// Ends the watch without waiting for a run of its callback that has begun: for a host that is about to end, where
    /// that run may never return.
    pub fn end_without_waiting(self) {
        self.end();
        mem::forget(self);
    }

    /// Answers whether there is something to wait for.
    fn end(&self) -> bool {
        if self.watcher.epoch != fork::epoch() {
            // The parent's locks may be held by threads that do not exist here.
            mem::forget(Arc::clone(&self.watcher));
            return false;
        }
        let gone = Arc::as_ptr(&self.watcher);
        self.list.rcu(|list| list.iter().filter(|watcher| Arc::as_ptr(watcher) != gone).cloned().collect::<Vec<_>>());
        self.watcher.end();
        true
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.end() {
            self.watcher.wait();
        }
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
    fn what_a_callback_holds_is_gone_when_the_drop_returns_though_others_still_run() {
        let watchers = Arc::new(Watchers::default());
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let (enter, entered) = std::sync::mpsc::channel();
        let (leave, left) = std::sync::mpsc::channel::<()>();
        let left = Mutex::new(left);
        let _slow = watchers.add(move |_| {
            enter.send(()).unwrap();
            let _ = left.lock().unwrap().recv();
        });
        let watch = watchers.add(move |_| drop(Arc::clone(&holds)));
        let teller = Arc::clone(&watchers);
        let telling = std::thread::spawn(move || teller.tell(&event()));
        entered.recv().unwrap();
        drop(watch);
        assert_eq!(Arc::strong_count(&held), 1);
        leave.send(()).unwrap();
        telling.join().unwrap();
    }

    #[test]
    fn a_watch_ends_without_waiting_where_it_must() {
        let watchers = Arc::new(Watchers::default());
        let (enter, entered) = std::sync::mpsc::channel();
        let (leave, left) = std::sync::mpsc::channel::<()>();
        let left = Mutex::new(left);
        let watch = watchers.add(move |_| {
            enter.send(()).unwrap();
            let _ = left.lock().unwrap().recv();
        });
        let teller = Arc::clone(&watchers);
        let telling = std::thread::spawn(move || teller.tell(&event()));
        entered.recv().unwrap();
        watch.end_without_waiting();
        leave.send(()).unwrap();
        telling.join().unwrap();
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
    fn callbacks_may_end_each_others_watches() {
        let watchers = Arc::new(Watchers::default());
        let other = Arc::new(Watchers::default());
        let places: [Arc<Mutex<Option<Watch>>>; 2] = Default::default();
        let meeting = Arc::new(std::sync::Barrier::new(2));
        let ends = |place: usize| {
            let (place, meeting) = (Arc::clone(&places[place]), Arc::clone(&meeting));
            move |_: &WatchEvent| {
                meeting.wait();
                let watch = place.lock().unwrap().take();
                drop(watch);
            }
        };
        let (one, two) = (watchers.add(ends(1)), other.add(ends(0)));
        *places[0].lock().unwrap() = Some(one);
        *places[1].lock().unwrap() = Some(two);
        let teller = std::thread::spawn(move || other.tell(&event()));
        watchers.tell(&event());
        teller.join().unwrap();
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
