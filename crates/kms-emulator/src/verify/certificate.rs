//! The public half of a ClientKey: in go PEM text, a message and a signature, out comes whether they belong together.

use base64::prelude::{BASE64_STANDARD, Engine};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;
use webpki::EndEntityCert;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

/// A certificate that was found to be readable.
#[derive(Clone)]
pub(crate) struct Certificate(Arc<CertificateDer<'static>>);

impl Certificate {
    /// Reads the first certificate of a PEM text.
    pub(crate) fn from_pem(text: &str) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
        EndEntityCert::try_from(&der).ok()?;
        Some(Self(Arc::new(der)))
    }

    /// Whether `signature`, in Base64, is RSA with SHA-256 over `text` by this certificate's key.
    pub(super) fn signed(&self, text: &str, signature: &str) -> bool {
        let certificate = EndEntityCert::try_from(&*self.0);
        let (Ok(certificate), Ok(signature)) = (certificate, BASE64_STANDARD.decode(signature)) else {
            return false;
        };
        certificate.verify_signature(RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature).is_ok()
    }
}
