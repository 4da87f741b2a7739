//! What opening a PKCS#12 archive costs, seen before it is opened.
//!
//! In go the bytes of an archive, out comes why it is not worth opening, if so. Each encryption in it asks for a key made of
//! the password, and each key may cost a million rounds, where the reader stops; an archive of many would keep a program busy
//! for minutes. The encryptions that stand in the clear are all that somebody without the password can add.

/// The encryptions of PKCS#12 itself, 1.2.840.113549.1.12.1.x, and the key derivation of PBES2, 1.2.840.113549.1.5.12.
const COUNTED: [&[u8]; 2] =
    [b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01", b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"];
/// scrypt, 1.3.6.1.4.1.11591.4.11, which may ask for a gigabyte. Nobody issues ClientKeys with it.
const SCRYPT: &[u8] = b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";

/// A ClientKey needs two: for its certificate and for its key.
const MOST: usize = 4;

/// Why an archive is not opened.
pub(super) fn objection(archive: &[u8]) -> Option<String> {
    let count = |sought: &[u8]| archive.windows(sought.len()).filter(|bytes| *bytes == sought).count();
    if count(SCRYPT) > 0 {
        return Some(
            "a PKCS#12 archive with scrypt, which is not supported; RC2-40, 3DES and PBES2 with PBKDF2 are".to_owned(),
        );
    }
    let keys = COUNTED.into_iter().map(count).sum::<usize>();
    (keys > MOST).then(|| {
        format!("a PKCS#12 archive with {keys} encryptions, where a ClientKey has two; take the file as KMS offered it")
    })
}

#[cfg(test)]
mod tests {
    use crate::source::ClientKey;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    const SHROUDED_KEY: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
    const WITH_3DES: &[u8] = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
    const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    const PBKDF2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
    const AES_256: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    const SHA_1: &[u8] = b"\x06\x05\x2b\x0e\x03\x02\x1a";

    const FEW: &[u8] = &[1];
    /// 1,000,001.
    const TOO_MANY: &[u8] = &[0x0f, 0x42, 0x41];

    /// An element of DER.
    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let length = match u16::try_from(content.len()).unwrap().to_be_bytes() {
            [0, short @ ..=0x7f] => vec![short],
            [0, longer] => vec![0x81, longer],
            [high, low] => vec![0x82, high, low],
        };
        [vec![tag], length, content].concat()
    }

    fn sequence(parts: &[&[u8]]) -> Vec<u8> {
        element(0x30, parts)
    }

    /// Salt and rounds, as every derivation but scrypt has them.
    fn costs(rounds: &[u8]) -> Vec<u8> {
        sequence(&[&element(4, &[b"salt"]), &element(2, &[rounds])])
    }

    fn pbes1(rounds: &[u8]) -> Vec<u8> {
        sequence(&[WITH_3DES, &costs(rounds)])
    }

    fn pbes2(derivation: &[&[u8]]) -> Vec<u8> {
        let cipher = sequence(&[AES_256, &element(4, &[&[0; 16]])]);
        sequence(&[PBES2, &sequence(&[&sequence(derivation), &cipher])])
    }

    /// An archive with one key for each of the encryptions, and what stands behind its content.
    fn archive(encryptions: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
        let key = |encryption: &Vec<u8>| {
            let key = sequence(&[encryption, &element(4, &[&[0; 16]])]);
            sequence(&[SHROUDED_KEY, &element(0xa0, &[&key])])
        };
        let keys: Vec<Vec<u8>> = encryptions.iter().map(key).collect();
        let content = |inner: &[u8]| sequence(&[DATA, &element(0xa0, &[&element(4, &[inner])])]);
        let safe = content(&sequence(&[&keys.concat()]));
        sequence(&[&element(2, &[&[3]]), &content(&sequence(&[&safe])), behind])
    }

    fn wrong(archive: &[u8]) -> String {
        let data = STANDARD.encode(archive);
        let file = serde_json::json!({ "KeyId": "KAAP.1", "PrivateKeyData": data }).to_string();
        ClientKey::read(file.as_bytes(), &"pw".into()).unwrap_err()
    }

    #[test]
    fn an_archive_of_many_encryptions_is_not_opened() {
        let few = wrong(&archive(&vec![pbes1(FEW); 4], b""));
        assert!(few.contains("a password that does not open it"), "{few}");
        let many = wrong(&archive(&[vec![pbes1(FEW); 4], vec![pbes2(&[PBKDF2, &costs(FEW)])]].concat(), b""));
        assert!(many.contains("archive with 5 encryptions"), "{many}");
    }

    #[test]
    fn scrypt_is_not_supported() {
        let costs = sequence(&[&element(4, &[b"salt"]), b"\x02\x01\x02", b"\x02\x01\x01", b"\x02\x01\x01"]);
        let told = wrong(&archive(&[pbes2(&[super::SCRYPT, &costs])], b""));
        assert!(told.contains("with scrypt, which is not supported"), "{told}");
    }

    #[test]
    fn nothing_takes_more_than_a_million_rounds() {
        let digest = sequence(&[&sequence(&[SHA_1]), &element(4, &[&[0; 20]])]);
        let mac = |rounds: &[u8]| sequence(&[&digest, &element(4, &[b"salt"]), &element(2, &[rounds])]);
        for too_much in [
            archive(&[pbes1(TOO_MANY)], b""),
            archive(&[pbes2(&[PBKDF2, &costs(TOO_MANY)])], b""),
            archive(&[], &mac(TOO_MANY)),
        ] {
            let told = wrong(&too_much);
            assert!(told.contains("more than a million rounds"), "{told}");
        }
    }
}
