//! Certificate authorities that live as long as the emulator, and the server certificates that they sign. No
//! private key is ever written to a file.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::io;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// What an instance is called in its region's private network.
const INSTANCE_NAMES: [&str; 4] = ["*.cryptoservice.kms.aliyuncs.com", "localhost", "127.0.0.1", "::1"];

/// What clients have to trust, and an acceptor for the server side.
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Authority {
    /// One authority, and a server that speaks TLS 1.2 and 1.3.
    pub(crate) fn generate(now: Timestamp) -> io::Result<Self> {
        let today = today(now);
        let root = Signer::root("kms-emulator CA", 0, today)?;
        let acceptor = root.acceptor("kms-emulator", &NAMES, today, rustls::DEFAULT_VERSIONS)?;
        Ok(Self { pem: root.certificate.pem(), acceptor })
    }

    /// A root and the authority below it, as KMS instances have them, and a server that speaks TLS 1.2 only. It
    /// sends no certificate but its own, so a client has to read both from the file.
    pub(crate) fn of_instances(now: Timestamp) -> io::Result<Self> {
        let today = today(now);
        let root = Signer::root("kms-emulator instance root CA", 1, today)?;
        let second = root.below("kms-emulator instance second CA", today)?;
        let acceptor = second.acceptor("kms-emulator instance", &INSTANCE_NAMES, today, &[&rustls::version::TLS12])?;
        Ok(Self { pem: root.certificate.pem() + &second.certificate.pem(), acceptor })
    }
}

/// An authority with its key.
struct Signer {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Signer {
    fn root(name: &str, authorities_below: u8, today: Date) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let parameters = authority(name, authorities_below, today)?;
        let certificate = parameters.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self { certificate, issuer: Issuer::new(parameters, key) })
    }

    fn below(&self, name: &str, today: Date) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let parameters = authority(name, 0, today)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok(Self { certificate, issuer: Issuer::new(parameters, key) })
    }

    fn acceptor(
        &self,
        name: &str,
        names: &[&str],
        today: Date,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<TlsAcceptor> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = server(name, names, today)?.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate.der().to_vec())], private)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn authority(name: &str, authorities_below: u8, today: Date) -> io::Result<CertificateParams> {
    let mut parameters = named(name, &[], today)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(authorities_below));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

fn server(name: &str, names: &[&str], today: Date) -> io::Result<CertificateParams> {
    let mut parameters = named(name, names, today)?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}

/// Valid from yesterday for a year: strict clients refuse longer lives.
fn named(name: &str, names: &[&str], today: Date) -> io::Result<CertificateParams> {
    let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let mut parameters = CertificateParams::new(names).map_err(io::Error::other)?;
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.use_authority_key_identifier_extension = true;
    let date = |date: Date| rcgen::date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8);
    parameters.not_before = date(today.yesterday().unwrap_or(today));
    parameters.not_after = date(today.saturating_add(jiff::Span::new().days(365)));
    Ok(parameters)
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}
