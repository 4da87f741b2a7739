//! Every fault of the emulator at every stage of a fetch, for clients with and without a cached credential, from every
//! source and at every kind of gateway.
//!
//! `group` is who asks, `fault` what is broken; `cell` brings the two together, `client` is what lives through it, `matrix`
//! runs them all and `page` shows what came out.

#![forbid(unsafe_code)]

mod cell;
pub mod client;
mod control;
mod fault;
mod group;
mod matrix;
mod page;

pub use cell::Outcome;
pub use matrix::{broken, run};
pub use page::{page, path as page_path};
