//! `client_key`: the ClientKey of an application access point (AAP), an RSA key that KMS gives out as a file.
//!
//! In go the bytes of `clientKey_<KeyId>.json` and its password, out comes a key that can sign, or what is wrong with them.
//! The file holds `{"KeyId": "KAAP.…", "PrivateKeyData": "<Base64 of PKCS#12>"}`. What KMS issues is encrypted with RC2-40
//! and 3DES under a SHA-1 MAC; keys that were wrapped again with PBES2 are read too.

use super::{derivations, secret_field};
use crate::civil_time::format_utc;
use crate::config::CLIENT_KEY_FILE_LIMIT as FILE_LIMIT;
use crate::secret_text::{SecretText, shown_access_key_id};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p12_keystore::Pkcs12Archive;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use serde::Deserialize;
use std::fmt;
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

/// The longest id that is believed, in bytes; real ones have some forty.
const ID_LIMIT: usize = 128;

/// A ClientKey that can sign.
pub struct ClientKey {
    id: String,
    pair: KeyPair,
    ends_unix_ms: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    key_id: String,
    #[serde(deserialize_with = "secret_field::deserialize")]
    private_key_data: SecretText,
}

impl ClientKey {
    /// Reads the content of a ClientKey file. The error says what was found and what to do, and quotes nothing of the file
    /// but the key's id.
    pub fn read(file: &[u8], password: &SecretText) -> Result<ClientKey, String> {
        if file.len() > FILE_LIMIT {
            return Err(format!(
                "more than {FILE_LIMIT} bytes; a ClientKey file has some four thousand; take it as KMS offered it"
            ));
        }
        let file: File = serde_json::from_slice(file).map_err(|error| {
            let what = if error.is_data() {
                "JSON without the members KeyId and PrivateKeyData"
            } else {
                "something that is not JSON"
            };
            format!("{what}; a ClientKey file is the clientKey_<KeyId>.json that KMS offers when an AAP is made")
        })?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if file.key_id.is_empty() || file.key_id.len() > ID_LIMIT || !file.key_id.bytes().all(fits) {
            return Err("a KeyId that is none: an id such as KAAP.1b2c… is expected".to_owned());
        }
        // Whoever prints a file may have broken its lines.
        let base64: Zeroizing<String> =
            Zeroizing::new(file.private_key_data.expose().chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let archive = STANDARD.decode(base64.as_bytes()).map(Zeroizing::new);
        let archive =
            archive.map_err(|_| "PrivateKeyData that is not Base64; take the file as KMS offered it".to_owned())?;
        if let Some(objection) = derivations::objection(&archive) {
            return Err(objection);
        }
        let archive = Pkcs12Archive::from_pkcs12(&archive, password.expose()).map_err(|error| undecodable(&error))?;
        let [key] = archive.keys.as_slice() else {
            return Err(format!("a PKCS#12 archive with {} private keys; a ClientKey has one", archive.keys.len()));
        };
        let no_key = || "a private key that is no RSA key of 2048 to 4096 bits; make a new ClientKey".to_owned();
        let pair = KeyPair::from_pkcs8(key.key.as_der()).map_err(|_| no_key())?;
        // Whether the parts of the key fit together shows only when it signs.
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"", &mut signature).map_err(|_| no_key())?;
        let ends = |der: &[u8]| {
            let (_, certificate) = parse_x509_certificate(der).ok()?;
            certificate.validity().not_after.timestamp().checked_mul(1_000)
        };
        let ends_unix_ms = archive.certs.iter().filter_map(|bag| ends(bag.cert.as_der())).min();
        Ok(ClientKey { id: file.key_id, pair, ends_unix_ms })
    }

    /// The key's id, such as `KAAP.1b2c…`: no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself.
    pub fn pair(&self) -> &KeyPair {
        &self.pair
    }

    /// What is wrong with it at that time, in milliseconds since 1970: its certificate may be over.
    pub fn over_at(&self, unix_ms: i64) -> Option<String> {
        let ended = self.ends_unix_ms.filter(|end| *end <= unix_ms)?;
        Some(format!(
            "the ClientKey {}, whose certificate ended at {}; make a new ClientKey for the AAP, or correct this machine's clock",
            self.id,
            format_utc(ended)
        ))
    }
}

/// The errors of the reader, in words. A wrong password shows as a wrong MAC or, where there is none, as bytes that cannot be
/// decrypted.
fn undecodable(error: &p12_keystore::error::Error) -> String {
    use p12_keystore::error::Error as Wrong;
    match error {
        Wrong::MacError(_) | Wrong::UnpadError | Wrong::Pkcs5Error(_) => {
            "a password that does not open it; the right one is in clientKey_<KeyId>_Password.txt, which KMS offered beside the file"
        }
        Wrong::UnsupportedEncryptionScheme | Wrong::UnsupportedMacAlgorithm => {
            "a PKCS#12 archive with an encryption that is not supported; RC2-40, 3DES and PBES2 are"
        }
        Wrong::InvalidParameters => {
            "a PKCS#12 archive with an encryption that asks for more than a million rounds, or lacks its parameters; take the file as KMS offered it"
        }
        _ => "PrivateKeyData that is no PKCS#12 archive; take the file as KMS offered it",
    }
    .to_owned()
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("id", &shown_access_key_id(&self.id)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &[u8] = include_bytes!(
        "../../../../tests/vectors/fixtures/clientkey-d/clientKey_KAAP.00000000-0000-4000-8000-00000000000d.json"
    );
    const PASSWORD: &str = include_str!(
        "../../../../tests/vectors/fixtures/clientkey-d/clientKey_KAAP.00000000-0000-4000-8000-00000000000d_Password.txt"
    );

    fn password() -> SecretText {
        PASSWORD.trim().into()
    }

    #[test]
    fn the_issued_shape_is_read() {
        let key = ClientKey::read(FILE, &password()).unwrap();
        assert_eq!(key.id(), "KAAP.00000000-0000-4000-8000-00000000000d");
        assert_eq!(key.pair().public().modulus_len(), 256);
        assert_eq!(format!("{key:?}"), format!("ClientKey {{ id: {:?}, .. }}", shown_access_key_id(key.id())));
    }

    #[test]
    fn line_breaks_in_the_base64_are_no_harm() {
        let mut file: serde_json::Value = serde_json::from_slice(FILE).unwrap();
        let text = file["PrivateKeyData"].as_str().unwrap();
        let broken: Vec<String> =
            text.as_bytes().chunks(64).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
        file["PrivateKeyData"] = broken.join("\r\n").into();
        assert!(ClientKey::read(file.to_string().as_bytes(), &password()).is_ok());
    }

    #[test]
    fn each_thing_that_can_be_wrong_has_its_own_words() {
        let with = |member: &str, value: &str| {
            let mut file: serde_json::Value = serde_json::from_slice(FILE).unwrap();
            file[member] = value.into();
            file.to_string().into_bytes()
        };
        let wrong = |file: &[u8], password: &str| ClientKey::read(file, &password.into()).unwrap_err();
        let good = PASSWORD.trim();
        for (error, words) in [
            (wrong(FILE, "not the password"), "a password that does not open it"),
            (wrong(FILE, ""), "a password that does not open it"),
            (wrong(b"-----BEGIN", good), "not JSON"),
            (wrong(&vec![b' '; 65_537], good), "more than 65536 bytes"),
            (wrong(br#"{"current":"default"}"#, good), "without the members KeyId and PrivateKeyData"),
            (wrong(&with("KeyId", "KAAP.a\r\nb"), good), "a KeyId that is none"),
            (wrong(&with("PrivateKeyData", "!"), good), "not Base64"),
            (wrong(&with("PrivateKeyData", "aGVsbG8="), good), "no PKCS#12 archive"),
        ] {
            assert!(error.contains(words), "{error}");
            assert!(!error.contains(good), "{error}");
        }
    }

    #[test]
    fn an_ended_certificate_is_told_with_its_date() {
        let key = ClientKey::read(FILE, &password()).unwrap();
        // 2027 and 2037; the certificate ends in November 2036.
        assert_eq!(key.over_at(1_800_000_000_000), None);
        let told = key.over_at(2_120_000_000_000).unwrap();
        assert!(told.contains("ended at 2036-11-18T") && told.contains(key.id()), "{told}");
    }

    proptest! {
        #[test]
        fn damaged_files_are_survived(at in 0usize..4_000, byte: u8, cut in 0usize..4_000) {
            let mut file = FILE.to_vec();
            let length = file.len();
            file[at % length] = byte;
            if cut % 3 == 0 {
                file.truncate(cut % length);
            }
            let _ = ClientKey::read(&file, &password());
        }
    }
}
