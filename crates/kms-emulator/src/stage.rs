//! The emulated cloud: its state, and the endpoints that share it.

use crate::account::Account;
use crate::clock::Clock;
use crate::counter::Counters;
use crate::credentials_uri::CredentialsUri;
use crate::fault::FaultBook;
use crate::gateway::{Gateway, GatewayState, Gateways};
use crate::metadata::Metadata;
use crate::nonce::NonceMemory;
use crate::objection::Objection;
use crate::oidc::Provider;
use crate::oss;
use crate::role::Role;
use crate::secret::Secret;
use crate::service::Service;
use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Which endpoint a request came in at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Kms(Gateway),
    Metadata,
    Sts,
    CredentialsUri,
    Oss,
    Service(Arc<str>),
}

/// Everything that the control API can change.
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) metadata: Metadata,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) oidc_providers: BTreeMap<String, Provider>,
    pub(crate) credentials_uri: CredentialsUri,
    pub(crate) oss: oss::Store,
    pub(crate) faults: FaultBook,
    pub(crate) counters: Counters,
    pub(crate) nonces: NonceMemory,
    pub(crate) gateways: Gateways<GatewayState>,
}

impl World {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            account: Account::default(),
            secrets: BTreeMap::new(),
            services: BTreeMap::new(),
            metadata: Metadata::default(),
            roles: BTreeMap::new(),
            oidc_providers: BTreeMap::new(),
            credentials_uri: CredentialsUri::default(),
            oss: oss::Store::default(),
            faults: FaultBook::default(),
            counters: Counters::default(),
            nonces: NonceMemory::new(now),
            gateways: Gateways::default(),
        }
    }

    /// Whether connections to that place are to be reset.
    pub(crate) fn is_down(&self, place: &Place) -> bool {
        matches!(place, Place::Kms(gateway) if self.gateways[*gateway].down)
    }

    /// The secret of that name, and the account beside it, for changes.
    pub(crate) fn secret_and_account(&mut self, name: &str) -> Result<(&mut Secret, &mut Account), Objection> {
        if !self.secrets.contains_key(name) {
            return Err(Objection::unknown("secret", name, self.secrets.keys()));
        }
        Ok((self.secrets.get_mut(name).expect("looked up above"), &mut self.account))
    }
}

/// State, clock and the means to open endpoints.
pub(crate) struct Stage {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) listen: IpAddr,
    pub(crate) tls: TlsAcceptor,
    /// That of the KMS instance, whose certificates come from elsewhere.
    pub(crate) instance_tls: TlsAcceptor,
    world: Mutex<World>,
}

impl Stage {
    pub(crate) fn new(clock: Arc<dyn Clock>, listen: IpAddr, tls: TlsAcceptor, instance_tls: TlsAcceptor) -> Self {
        let world = Mutex::new(World::new(clock.now()));
        Self { clock, listen, tls, instance_tls, world }
    }

    /// Locks the state; never held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
