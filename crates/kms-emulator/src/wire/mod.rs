//! Sockets: listening, TLS, HTTP and the ways in which an answer can go wrong on its way.

mod body;
mod connection;
mod endpoint;
mod listener;
mod spoilt;
mod tls;

pub(crate) use listener::{bind, open};
pub(crate) use tls::Authority;
