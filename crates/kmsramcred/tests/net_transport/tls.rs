use crate::server::{assert_fails, get, local, ok, read_request, serve, transport, within};
use kmsramcred::ErrorKind;
use kmsramcred::exchange::{Exchange, HttpResponse};
use kmsramcred::transport::TlsTrust;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const HOST: &str = "kms.test";

/// An authority: its certificate, and what it signs with.
pub struct Authority {
    pub der: Vec<u8>,
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority_params() -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, format!("CA {}", fastrand::u32(..)));
    (params, KeyPair::generate().unwrap())
}

impl Authority {
    pub fn root() -> Authority {
        let (params, key) = authority_params();
        let certificate = params.self_signed(&key).unwrap();
        Authority { der: certificate.der().to_vec(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    fn below(&self) -> Authority {
        let (params, key) = authority_params();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Authority { der: certificate.der().to_vec(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// A server that shows a certificate for `name`, valid between these years.
    pub fn server(&self, name: &str, from: i32, to: i32) -> SocketAddr {
        let config = self.server_config(name, from, to);
        serve(move |stream, _| {
            let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            while read_request(&mut tls).is_some() {
                tls.write_all(ok("secret").as_bytes()).unwrap();
            }
        })
    }

    fn server_config(&self, name: &str, from: i32, to: i32) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate.der().to_vec())], key)
            .unwrap();
        Arc::new(config)
    }
}

pub fn ask(trust: TlsTrust, host: &str, address: SocketAddr) -> Result<HttpResponse, kmsramcred::Error> {
    transport(trust, local()).exchange(&get(format!("{host}:{}", address.port()), true), within(5_000))
}

fn only(authorities: &[&Authority]) -> TlsTrust {
    TlsTrust::Only(authorities.iter().map(|authority| authority.der.clone()).collect())
}

pub fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("kmsramcred-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_certificate_of_the_named_authority_is_accepted() {
    let ca = Authority::root();
    let address = ca.server(HOST, 2020, 2090);
    assert_eq!(ask(only(&[&ca]), HOST, address).unwrap().body, b"secret");
}

/// Answers the first request with `answer` and sends, in the same breath, the first bytes of `unasked`, one more record;
/// the rest of it is the answer to the second request.
fn talkative(ca: &Authority, kept_back: fn(usize) -> usize) -> SocketAddr {
    let config = ca.server_config(HOST, 2020, 2090);
    serve(move |stream, _| {
        let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        if read_request(&mut tls).is_none() {
            return;
        }
        let mut bytes = Vec::new();
        tls.conn.writer().write_all(ok("asked").as_bytes()).unwrap();
        while tls.conn.wants_write() {
            tls.conn.write_tls(&mut bytes).unwrap();
        }
        tls.conn.writer().write_all(ok("unasked").as_bytes()).unwrap();
        while tls.conn.wants_write() {
            tls.conn.write_tls(&mut bytes).unwrap();
        }
        let record = ok("unasked").len();
        let rest = bytes.split_off(bytes.len() - kept_back(record));
        tls.sock.write_all(&bytes).unwrap();
        let mut byte = [0];
        // Whatever comes now is another request; the end of the connection is what should come.
        if matches!(tls.sock.read(&mut byte), Ok(1)) {
            let _ = tls.sock.write_all(&rest);
            std::thread::sleep(Duration::from_millis(200));
        }
    })
}

#[test]
fn an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one() {
    let ca = Authority::root();
    // A record is longer than what it carries, so this leaves some of it on the way, or all of it arrived.
    for kept_back in [|record: usize| record, |_| 1, |_| 0] {
        let address = talkative(&ca, kept_back);
        let transport = transport(only(&[&ca]), local());
        let request = get(format!("{HOST}:{}", address.port()), true);
        for _ in 0..4 {
            assert_eq!(transport.exchange(&request, within(5_000)).unwrap().body, b"asked");
        }
    }
}

#[test]
fn an_encrypted_connection_is_used_again() {
    let ca = Authority::root();
    let config = ca.server_config(HOST, 2020, 2090);
    let address = serve(move |stream, number| {
        let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        while read_request(&mut tls).is_some() {
            tls.write_all(ok(&format!("{number}{}", "x".repeat(40_000))).as_bytes()).unwrap();
        }
    });
    let transport = transport(only(&[&ca]), local());
    for _ in 0..4 {
        let answer = transport.exchange(&get(format!("{HOST}:{}", address.port()), true), within(5_000)).unwrap();
        assert_eq!(answer.body[..2], *b"0x");
    }
}

#[test]
fn certificate_problems_are_tls_errors_that_say_which() {
    let (ca, other) = (Authority::root(), Authority::root());
    let good = ca.server(HOST, 2020, 2090);
    assert_fails(|| ask(only(&[&other]), HOST, good), ErrorKind::Tls, "is not trusted", 5_000);
    assert_fails(|| ask(TlsTrust::System, HOST, good), ErrorKind::Tls, "is not trusted", 5_000);
    assert_fails(|| ask(only(&[&ca]), "other.test", good), ErrorKind::Tls, "for another name", 5_000);
    let expired = ca.server(HOST, 2020, 2021);
    assert_fails(|| ask(only(&[&ca]), HOST, expired), ErrorKind::Tls, "has expired", 5_000);
    let early = ca.server(HOST, 2090, 2091);
    assert_fails(|| ask(only(&[&ca]), HOST, early), ErrorKind::Tls, "not valid yet", 5_000);
    let error = ask(only(&[&other]), HOST, good).unwrap_err();
    assert!(error.message().starts_with("kms.test:") && !error.is_retryable(), "{error}");
}

#[test]
fn unverified_accepts_anything() {
    let address = Authority::root().server("other.test", 2020, 2021);
    assert_eq!(ask(TlsTrust::Unverified, HOST, address).unwrap().status, 200);
}

#[test]
fn all_certificates_of_a_ca_file_count() {
    let (first, root) = (Authority::root(), Authority::root());
    let second = root.below();
    let address = second.server(HOST, 2020, 2090);
    // The server shows no chain: only the second CA, last in the file, leads to its certificate.
    let path = file("bundle.pem", &format!("# a comment\n{}{}{}", first.pem, root.pem, second.pem));
    let trust = TlsTrust::from_ca_file(&path).unwrap();
    assert_eq!(format!("{trust:?}"), "Only(3 certificates)");
    assert_eq!(ask(trust, HOST, address).unwrap().status, 200);
    assert_fails(|| ask(only(&[&first, &root]), HOST, address), ErrorKind::Tls, "is not trusted", 5_000);
}

#[test]
fn a_ca_file_that_cannot_be_used_is_named() {
    let good = Authority::root().pem;
    let damaged = good.replace("MII", "MIX");
    let cut = &good[..good.len() / 2];
    for (name, text, words) in [
        ("empty.pem", "", "No certificate is in"),
        ("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "No certificate is in"),
        ("damaged.pem", &format!("{good}{damaged}"), "Certificate 2"),
        ("cut.pem", cut, "damaged"),
        ("noise.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "Certificate 1"),
    ] {
        let path = file(name, text);
        let error = TlsTrust::from_ca_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains(words) && error.message().contains(path.to_str().unwrap()), "{error}");
    }
    let error = TlsTrust::from_ca_file(&PathBuf::from("/nowhere/ca.pem")).unwrap_err();
    assert!(error.message().contains("/nowhere/ca.pem cannot be read"), "{error}");
    let error = TlsTrust::from_ca_file(&file("endless.pem", &"#".repeat((1 << 20) + 1))).unwrap_err();
    assert!(error.message().contains("more than 1048576 bytes"), "{error}");
    let pipe = std::env::temp_dir().join(format!("kmsramcred-{}-pipe.pem", std::process::id()));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = TlsTrust::from_ca_file(&pipe).unwrap_err();
    std::fs::remove_file(&pipe).unwrap();
    assert!(error.message().contains("not a regular file"), "{error}");
}

#[test]
fn a_server_without_tls_is_named() {
    let plain = serve(|mut stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        std::thread::sleep(Duration::from_secs(3));
    });
    assert_fails(|| ask(TlsTrust::System, HOST, plain), ErrorKind::Tls, "does not speak TLS", 5_000);
    let hung = serve(|stream, _| {
        std::thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    assert_fails(|| ask(TlsTrust::System, HOST, hung), ErrorKind::Timeout, "connecting timed out after 2000 ms", 2_000);
}
