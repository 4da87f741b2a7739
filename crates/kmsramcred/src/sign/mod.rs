//! Stage 3 of 8: a request and an identity become a signed request.
//!
//! Goes in: what is asked for, who asks, the time and a nonce. Comes out: an [`HttpRequest`](crate::exchange::HttpRequest)
//! that is ready to be sent, or the signature alone. Nothing here knows a clock, a random number or a socket: time and
//! nonce are arguments, and each attempt needs new ones.
//!
//! [`rpc_v1`] and [`acs3`] are the two schemes of the OpenAPI gateways, [`oss`] has the two of OSS, all usable for any request,
//! and [`client_key`] signs what [`rpc_v1`] would; [`openapi_request`] and [`dedicated_request`] build the two kinds of request
//! that this crate sends, and [`request`] signs those of programs.

pub mod acs3;
pub mod client_key;
pub mod dedicated;
pub mod encode;
mod mac;
mod openapi;
pub mod oss;
pub mod request;
mod request_check;
pub mod rpc_v1;

pub use dedicated::{DedicatedCall, dedicated_request};
pub use encode::Pairs;
pub use openapi::{Call, Scheme, openapi_request};
