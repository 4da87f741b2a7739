//! The line that tells a test where everything is.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Addresses and identity of a running emulator. Serialized, it is the one line that the command prints.
#[derive(Clone, Serialize)]
pub struct Ready {
    /// URL of the control API.
    pub control: String,
    /// URL of KMS over TLS.
    pub kms: String,
    /// Host and port of KMS over TLS.
    pub kms_host: String,
    /// Host and port of the same KMS over plain HTTP.
    pub kms_plain_host: String,
    /// Host and port of a KMS instance over TLS 1.2.
    pub dedicated_host: String,
    /// URL of the ECS metadata service.
    pub metadata: String,
    /// Host and port of STS over TLS.
    pub sts_host: String,
    /// Host and port of the same STS over plain HTTP.
    pub sts_plain_host: String,
    /// URL of the document with temporary identities.
    pub credentials_uri: String,
    /// Host and port of OSS over plain HTTP.
    pub oss_host: String,
    /// Host and port of the same OSS over TLS.
    pub oss_tls_host: String,
    /// Host and port of each service over plain HTTP.
    pub services: BTreeMap<String, String>,
    /// Host and port of each service over TLS.
    pub services_tls: BTreeMap<String, String>,
    /// Certificate of the authority behind every TLS endpoint but the instance's.
    pub ca_path: PathBuf,
    /// Certificates of the two authorities behind the instance: the root, then the one that it signed.
    pub dedicated_ca_path: PathBuf,
    /// AccessKey id of the first caller.
    pub access_key_id: String,
    /// AccessKey secret of the first caller.
    pub access_key_secret: String,
    /// Process that runs the emulator.
    pub pid: u32,
}

impl fmt::Debug for Ready {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ready")
            .field("control", &self.control)
            .field("kms", &self.kms)
            .field("metadata", &self.metadata)
            .field("services", &self.services)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}
