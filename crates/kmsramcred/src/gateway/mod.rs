//! Stage 5 of 8: the answer's bytes become a secret's value or a fault.
//!
//! In go a secret's name and the gateways, each with its source of identities; out comes an [`Answer`] or one error that says who
//! refused what. [`fetch()`] is the whole of it: attempts, pauses and corrections inside one deadline. This stage must
//! not know of caching, and not what the value of a secret looks like.

mod answer;
mod answer_body;
#[cfg(test)]
mod bench;
mod confidential;
mod course;
pub mod dedicated;
pub mod dedicated_message;
pub mod fault;
pub mod fault_table;
pub mod fetch;
pub mod health;
pub mod place;
pub mod retry;
pub mod shared;

pub use answer::Answer;
pub use dedicated::Dedicated;
pub use fault::{Fault, FaultClass};
pub use fetch::{FetchParts, Patience, fetch};
pub use place::{Gateway, Protocol};
pub use shared::{OpenApi, Sign};
