//! Stage 7 of 8: a value becomes the current, the stale or the dead credential.
//!
//! In: values that a fetch brought, refusals that services gave, the time. Out: the credential to use, verdicts about
//! refusals, and when to fetch next. This stage knows nothing of HTTP and owns no thread: a fetch is *launched* through
//! a [`Launch`] that the wiring gives, and its result comes back through [`Entry::complete`].
//!
//! [`State`] is the rotation contract as a pure state machine: time is an argument, so every rule is tested on a paused
//! clock. [`Entry`] puts a lock, waiting and the lock-free read path around it. [`Published`] is the part that outlives
//! a fork.

mod backoff;
#[cfg(all(test, not(kmsramcred_loom)))]
mod contract_tests;
mod cool_down;
mod credential;
mod dead_key;
mod entry;
mod flight;
#[cfg_attr(kmsramcred_loom, expect(dead_code, reason = "a model cannot hold statics; it has a word of its own"))]
mod generation;
mod judge;
mod policy;
mod published;
mod schedule;
mod serial;
mod state;
mod sync;

pub use credential::{Credential, Snapshot, Value};
pub use dead_key::DeadKeys;
pub use entry::{Entry, Launch};
pub use flight::{Reason, Ticket};
pub use generation::move_all_words;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub use judge::{Complaint, Step};
pub use judge::{Refusal, Verdict};
pub use policy::Policy;
pub use published::Published;
pub use serial::prepare_serials;
pub use state::{Now, Outcome, State};
