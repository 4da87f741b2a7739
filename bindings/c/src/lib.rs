//! The C interface: every function of `kmsramcred.h`, and nothing that thinks.
//!
//! `boundary` defines the exports, `handle`, `slice`, `out` and `userdata` say how values cross, `status` numbers the
//! outcomes; the other files hold one C type each.

#![deny(clippy::undocumented_unsafe_blocks)]
#![deny(unsafe_op_in_unsafe_fn)]

#[macro_use]
mod boundary;
mod handle;
mod out;
mod slice;
mod userdata;

pub mod client;
pub mod config;
pub mod copy;
pub mod credential;
pub mod error;
pub mod log;
pub mod request;
pub mod secret;
pub mod signed;
pub mod status;
pub mod version;
pub mod watch;

#[cfg(feature = "testing")]
pub mod testing;

pub use boundary::{Failure, Unchecked};
pub use handle::{Handle, In, Owned, Unique};
pub use out::{Buffer, ErrorOut, HandleOut, LengthOut, Out, TextAnswer};
pub use request::Shown;
pub use slice::Text;
pub use userdata::DropFn;
