//! `ecs_ram_role`: the temporary identity of the RAM role that is attached to this ECS instance.
//!
//! In go settings and an exchange, out comes the identity that the metadata service lends.

use super::metadata_service::MetadataService;
use super::renewed::{Pause, Renewed};
use crate::clock::Clock;
use crate::exchange::Exchange;
use std::fmt;
use std::sync::Arc;

/// Where the metadata service is and what to ask it for.
#[derive(Debug, Clone)]
pub struct EcsRamRoleSettings {
    /// The role; absent = the one that is attached.
    pub role_name: Option<String>,
    /// Host and, where it is not 80, port: `100.100.100.200`.
    pub authority: String,
    /// Never read without a token.
    pub imdsv1_disabled: bool,
}

impl Default for EcsRamRoleSettings {
    fn default() -> EcsRamRoleSettings {
        EcsRamRoleSettings { role_name: None, authority: "100.100.100.200".to_owned(), imdsv1_disabled: false }
    }
}

/// The identity of an ECS instance.
pub type EcsRamRole = Renewed<MetadataService>;

impl EcsRamRole {
    /// A source that asks the metadata service when it is first needed. `exchange` must not go through a proxy.
    pub fn new(
        exchange: Arc<dyn Exchange>,
        clock: Arc<dyn Clock>,
        settings: EcsRamRoleSettings,
        pause: Box<Pause>,
    ) -> EcsRamRole {
        let EcsRamRoleSettings { role_name, authority, imdsv1_disabled } = settings;
        let service = MetadataService { exchange, clock: Arc::clone(&clock), authority, role_name, imdsv1_disabled };
        Renewed::of(service, clock, pause)
    }
}

impl fmt::Debug for MetadataService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcsRamRole").field("role_name", &self.role_name).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "ecs_ram_role_tests.rs"]
mod tests;
