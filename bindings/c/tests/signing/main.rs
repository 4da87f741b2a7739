//! Requests signed through the C interface: as the official SDKs sign them, and what is said of those that cannot be signed.

#[path = "../c/mod.rs"]
mod c;
mod call;
mod vectors;
mod wrong;
