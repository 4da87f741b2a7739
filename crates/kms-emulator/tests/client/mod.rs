//! A small HTTP client and RPC signer for the tests: raw enough to see what really happens on the socket.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use kms_emulator::{Emulator, Ready};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An answer as it arrived.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// Whether the body is as long as its headers say.
    pub complete: bool,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The API's error code, or `OK`.
    pub fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap_or("OK").to_owned()
    }
}

/// An AccessKey in the hands of a client.
#[derive(Clone)]
pub struct Pair {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Pair {
    pub fn caller(ready: &Ready) -> Self {
        Self { id: ready.access_key_id.clone(), secret: ready.access_key_secret.clone(), token: None }
    }

    /// The pair inside an answer of GetSecretValue or of the metadata service.
    pub fn from_json(value: &Value) -> Self {
        let field = |name: &str| value[name].as_str().map(str::to_owned);
        Self {
            id: field("AccessKeyId").unwrap(),
            secret: field("AccessKeySecret").unwrap(),
            token: field("SecurityToken"),
        }
    }
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let _ = if plain { write!(out, "{}", byte as char) } else { write!(out, "%{byte:02X}") };
        out
    })
}

/// The request target of an RPC call, signed for GET at `time`.
pub fn signed_target_at(time: jiff::Timestamp, pair: &Pair, action: &str, parameters: &[(&str, &str)]) -> String {
    static NONCE: AtomicU64 = AtomicU64::new(0);
    let nonce = format!("{}-{}", std::process::id(), NONCE.fetch_add(1, Ordering::Relaxed));
    let time = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let version = match action {
        "GetSecretValue" => "2016-01-20",
        "AssumeRole" => "2015-04-01",
        _ => "2014-05-26",
    };
    let mut all = vec![
        ("Action", action),
        ("Version", version),
        ("Format", "JSON"),
        ("AccessKeyId", &pair.id),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", &nonce),
        ("Timestamp", &time),
    ];
    all.extend(pair.token.as_deref().map(|token| ("SecurityToken", token)));
    all.extend(parameters);
    all.sort();
    let query = all.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    let query = query.collect::<Vec<_>>().join("&");
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(format!("{}&", pair.secret).as_bytes()).unwrap();
    mac.update(format!("GET&%2F&{}", encode(&query)).as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    format!("/?{query}&Signature={}", encode(&signature))
}

pub fn signed_target(pair: &Pair, action: &str, parameters: &[(&str, &str)]) -> String {
    signed_target_at(jiff::Timestamp::now(), pair, action, parameters)
}

/// GetSecretValue over plain HTTP.
pub fn get_secret(emulator: &Emulator, name: &str) -> io::Result<Reply> {
    let target = signed_target(&Pair::caller(emulator.ready()), "GetSecretValue", &[("SecretName", name)]);
    get(&emulator.ready().kms_plain_host, &target)
}

/// The pair that KMS serves for a secret.
pub fn served_pair(emulator: &Emulator, name: &str) -> Pair {
    let reply = get_secret(emulator, name).unwrap();
    let data = reply.json()["SecretData"].as_str().unwrap_or_else(|| panic!("{}", reply.text())).to_owned();
    Pair::from_json(&serde_json::from_str(&data).unwrap())
}

/// A call of the default service.
pub fn call_service(emulator: &Emulator, pair: &Pair) -> Reply {
    get(&emulator.ready().services["default"], &signed_target(pair, "DescribeRegions", &[])).unwrap()
}

pub fn get(host: &str, target: &str) -> io::Result<Reply> {
    send(host, "GET", target, &[], "")
}

/// One request on a connection of its own over plain HTTP.
pub fn send(host: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Reply> {
    exchange(connect(host)?, host, method, target, headers, body)
}

pub fn connect(host: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// GET over TLS, trusting the emulator's authority only.
pub fn get_over_tls(ready: &Ready, host: &str, name: &'static str, target: &str) -> io::Result<Reply> {
    let stream = tls(&ready.ca_path, rustls::DEFAULT_VERSIONS, host, name)?;
    exchange(stream, host, "GET", target, &[], "")
}

/// The bytes of a whole request to the KMS instance, over TLS 1.2, trusting its authorities only.
pub fn send_to_instance(ready: &Ready, request: &[u8]) -> io::Result<Reply> {
    let versions = &[&rustls::version::TLS12];
    deliver(tls(&ready.dedicated_ca_path, versions, &ready.dedicated_host, "127.0.0.1")?, request)
}

/// A TLS connection that has shaken hands, trusting every certificate in a file.
pub fn tls(
    authorities: &Path,
    versions: &[&'static rustls::SupportedProtocolVersion],
    host: &str,
    name: &'static str,
) -> io::Result<impl Read + Write + use<>> {
    use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authorities).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let mut connection = rustls::ClientConnection::new(config, ServerName::try_from(name).unwrap()).unwrap();
    let mut stream = connect(host)?;
    connection.complete_io(&mut stream)?;
    Ok(rustls::StreamOwned::new(connection, stream))
}

fn exchange(
    stream: impl Read + Write,
    host: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Reply> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    deliver(stream, request.as_bytes())
}

/// Writes a request and reads until the server hangs up.
fn deliver(mut stream: impl Read + Write, request: &[u8]) -> io::Result<Reply> {
    stream.write_all(request)?;
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {}
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no head"))?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut reply = Reply { status, head, body: bytes[end + 4..].to_vec(), complete: true };
    if let Some(length) = reply.header("content-length") {
        reply.complete = reply.body.len() == length.parse::<usize>().unwrap();
    }
    Ok(reply)
}

/// One OSS request in signature version 1 on a connection of its own: verb, `/bucket/key`, headers, body.
pub fn oss(
    emulator: &Emulator,
    pair: &Pair,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Reply> {
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let of = |name: &str| headers.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value);
    let mut own: Vec<_> = headers.iter().filter(|(name, _)| name.starts_with("x-oss-")).collect();
    own.sort();
    let own = own.iter().map(|(name, value)| format!("{name}:{value}\n")).collect::<String>();
    let text = format!("{method}\n{}\n{}\n{date}\n{own}{target}", of("content-md5"), of("content-type"));
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(pair.secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let authorization = format!("OSS {}:{}", pair.id, BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    let mut all = vec![("date", date.as_str()), ("authorization", &authorization)];
    all.extend(headers);
    send(&emulator.ready().oss_host, method, target, &all, body)
}
