//! The two gateways that answer GetSecretValue from the same secrets, and what can differ between them.

use serde::{Deserialize, Serialize};
use std::ops::{Index, IndexMut};

/// One of the ways into KMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gateway {
    /// The region's endpoint: OpenAPI.
    #[serde(rename = "kms")]
    Shared,
    /// The endpoint of a KMS instance: Protocol Buffers, and OpenAPI too.
    Dedicated,
}

/// Something that each gateway has for itself.
#[derive(Debug, Default, Clone)]
pub(crate) struct Gateways<T> {
    shared: T,
    dedicated: T,
}

/// Whether a gateway can be reached.
#[derive(Debug, Default)]
pub(crate) struct GatewayState {
    /// Every connection is reset.
    pub(crate) down: bool,
}

impl<T> Gateways<T> {
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        [&mut self.shared, &mut self.dedicated].into_iter()
    }
}

impl<T> Index<Gateway> for Gateways<T> {
    type Output = T;

    fn index(&self, gateway: Gateway) -> &T {
        match gateway {
            Gateway::Shared => &self.shared,
            Gateway::Dedicated => &self.dedicated,
        }
    }
}

impl<T> IndexMut<Gateway> for Gateways<T> {
    fn index_mut(&mut self, gateway: Gateway) -> &mut T {
        match gateway {
            Gateway::Shared => &mut self.shared,
            Gateway::Dedicated => &mut self.dedicated,
        }
    }
}
