//! Which certificates a transport trusts.

use super::system_store;
use crate::config::{regular_file, shown};
use crate::error::{Error, ErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A longer CA file is an error.
const MOST_BYTES: usize = 1 << 20;

/// Which certificates a transport trusts.
#[derive(Clone, PartialEq, Eq)]
pub enum TlsTrust {
    /// What `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Where neither is set: the system's store, or bundled roots where it
    /// is empty.
    System,
    /// The same, whatever the environment says: for a process that does not trust its caller.
    UsualSystem,
    /// Exactly these certificates (DER), each of them an anchor of its own: a private second CA works without its root.
    Only(Vec<Vec<u8>>),
    /// Any certificate: the connection is encrypted, but nobody knows to whom.
    Unverified,
}

impl TlsTrust {
    /// All the certificates of a PEM file (`caFilePath`) of at most 1 MiB. Never waits for a pipe.
    pub fn from_ca_file(path: &Path) -> Result<TlsTrust, Error> {
        let shown = shown::path(path);
        let read = regular_file::open(path).and_then(|(file, _)| regular_file::read(file, MOST_BYTES));
        let pem = read.map_err(|error| {
            Error::new(ErrorKind::ConfigInvalid, format!("The CA file {shown} cannot be read: {error}."))
        })?;
        TlsTrust::from_pem(&pem, &format!("the CA file {shown}"))
    }

    /// All the certificates of a PEM text; `place` is where it stands, for errors.
    pub fn from_pem(pem: &[u8], place: &str) -> Result<TlsTrust, Error> {
        let mut certificates = Vec::new();
        for item in CertificateDer::pem_slice_iter(pem) {
            let number = certificates.len() + 1;
            let certificate = item.map_err(|error| damaged(&format!("of {place}"), number, &error))?;
            certificates.push(certificate.to_vec());
        }
        if certificates.is_empty() {
            let message = format!("No certificate is in {place}; it must be PEM (-----BEGIN CERTIFICATE-----).");
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        anchors(&certificates, &format!("of {place}"))?;
        Ok(TlsTrust::Only(certificates))
    }

    /// Fails when a certificate that is named one by one cannot be used. Does not touch the system's store.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            TlsTrust::System | TlsTrust::UsualSystem | TlsTrust::Unverified => Ok(()),
            TlsTrust::Only(certificates) if certificates.is_empty() => {
                Err(Error::new(ErrorKind::ConfigInvalid, "The list of trusted certificates is empty."))
            }
            TlsTrust::Only(certificates) => anchors(certificates, "of the trusted list").map(drop),
        }
    }

    /// What rustls is told: reads the system's store, so it is called once a transport, at the first encrypted connection.
    pub(super) fn client_config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(ErrorKind::Internal, format!("TLS cannot be set up: {error}.")))?;
        Ok(match self {
            TlsTrust::System => {
                let variable = |name: &str| std::env::var_os(name);
                builder.with_root_certificates(system_store::anchors(&variable)?).with_no_client_auth()
            }
            TlsTrust::UsualSystem => {
                builder.with_root_certificates(system_store::anchors(&|_| None)?).with_no_client_auth()
            }
            TlsTrust::Only(certificates) => {
                builder.with_root_certificates(anchors(certificates, "of the trusted list")?).with_no_client_auth()
            }
            TlsTrust::Unverified => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
                .with_no_client_auth(),
        })
    }
}

impl fmt::Debug for TlsTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsTrust::System => f.write_str("System"),
            TlsTrust::UsualSystem => f.write_str("UsualSystem"),
            TlsTrust::Only(certificates) => write!(f, "Only({} certificates)", certificates.len()),
            TlsTrust::Unverified => f.write_str("Unverified"),
        }
    }
}

fn anchors(certificates: &[Vec<u8>], whose: &str) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        store
            .add(CertificateDer::from_slice(certificate).into_owned())
            .map_err(|error| damaged(whose, index + 1, &error))?;
    }
    Ok(store)
}

fn damaged(whose: &str, place: usize, cause: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("Certificate {place} {whose} is damaged: {cause}."))
}

/// Accepts whatever a server shows (`ignoreSslCerts`).
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
