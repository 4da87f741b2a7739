//! The synchronisation that this stage uses, so that a model checker can stand in for it.
//!
//! With `--cfg kmsramcred_loom` the same code runs under loom, which tries every order of the threads' steps.

#[cfg(kmsramcred_loom)]
pub use model::*;
#[cfg(not(kmsramcred_loom))]
pub use real::*;

#[cfg(not(kmsramcred_loom))]
mod real {
    pub use crate::cache::generation::Word;
    use std::sync::PoisonError;
    pub use std::sync::{Arc, MutexGuard};
    use std::time::Duration;

    /// A lock that goes on after a panic of its holder: the state machine is changed by whole steps only.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(std::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub fn new(value: T) -> Mutex<T> {
            Mutex(std::sync::Mutex::new(value))
        }

        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[derive(Debug, Default)]
    pub struct Condvar(std::sync::Condvar);

    impl Condvar {
        pub fn new() -> Condvar {
            Condvar(std::sync::Condvar::new())
        }

        pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>, at_most: Duration) -> MutexGuard<'a, T> {
            self.0.wait_timeout(guard, at_most).unwrap_or_else(PoisonError::into_inner).0
        }

        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// A place for one shared value, read without a lock.
    #[derive(Debug)]
    pub struct Slot<T>(arc_swap::ArcSwapOption<T>);

    impl<T> Slot<T> {
        pub fn empty() -> Slot<T> {
            Slot(arc_swap::ArcSwapOption::empty())
        }

        pub fn load(&self) -> Option<Arc<T>> {
            self.0.load_full()
        }

        /// Looks at the value where it is: no count moves that another thread could want too.
        pub fn look<R>(&self, at: impl FnOnce(&T) -> Option<R>) -> Option<R> {
            self.0.load().as_deref().and_then(at)
        }

        pub fn store(&self, value: Arc<T>) {
            self.0.store(Some(value));
        }
    }
}

#[cfg(kmsramcred_loom)]
mod model {
    pub use loom::sync::MutexGuard;
    pub use std::sync::Arc;
    use std::time::Duration;

    /// A word that no other secret shares, modelled with its memory order.
    pub struct Word(loom::sync::atomic::AtomicU64);

    impl Word {
        pub fn borrow() -> Word {
            Word(loom::sync::atomic::AtomicU64::new(1))
        }

        /// For the wiring only, which no model runs.
        pub fn counter(&self) -> &'static std::sync::atomic::AtomicU64 {
            unreachable!("a model reads the word through `load`")
        }

        pub fn load(&self) -> u64 {
            self.0.load(loom::sync::atomic::Ordering::Acquire)
        }

        pub fn advance(&self) {
            self.0.fetch_add(1, loom::sync::atomic::Ordering::AcqRel);
        }
    }

    pub struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub fn new(value: T) -> Mutex<T> {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("no holder panics in a model")
        }
    }

    pub struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub fn new() -> Condvar {
            Condvar(loom::sync::Condvar::new())
        }

        /// Models a wait that only a notification ends: a lost one shows as a deadlock.
        pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>, _at_most: Duration) -> MutexGuard<'a, T> {
            self.0.wait(guard).expect("no holder panics in a model")
        }

        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// A lock in the place of the lock-free slot: the slot itself is arc-swap's to prove.
    pub struct Slot<T>(loom::sync::Mutex<Option<Arc<T>>>);

    impl<T> Slot<T> {
        pub fn empty() -> Slot<T> {
            Slot(loom::sync::Mutex::new(None))
        }

        pub fn load(&self) -> Option<Arc<T>> {
            self.0.lock().expect("no holder panics in a model").clone()
        }

        pub fn look<R>(&self, at: impl FnOnce(&T) -> Option<R>) -> Option<R> {
            self.load().as_deref().and_then(at)
        }

        pub fn store(&self, value: Arc<T>) {
            *self.0.lock().expect("no holder panics in a model") = Some(value);
        }
    }
}
