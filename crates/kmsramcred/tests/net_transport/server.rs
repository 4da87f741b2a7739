//! Servers that behave, or do not, on loopback; and a transport that finds them.

use kmsramcred::clock::{Clock, Deadline, SystemClock};
use kmsramcred::config::Proxy;
use kmsramcred::exchange::{Exchange, HttpRequest, HttpResponse};
use kmsramcred::transport::{HttpTransport, Lookup, Resolver, Spawn, TlsTrust, TransportSettings};
use kmsramcred::{Error, ErrorKind};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Serves each connection on a thread of its own, numbered from 0.
pub fn serve(handler: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handler = Arc::new(handler);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let handler = handler.clone();
            std::thread::spawn(move || handler(stream.unwrap(), number));
        }
    });
    address
}

/// Sends these bytes after each request, on every connection.
pub fn serve_bytes(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    serve(move |mut stream, _| {
        while read_request(&mut stream).is_some() {
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    })
}

/// One request with its body, as text; nothing when the connection ended.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(head + std::str::from_utf8(&body).unwrap())
}

pub fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

pub fn spawn() -> Arc<Spawn> {
    Arc::new(|name, work| std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop))
}

/// Every name is this machine.
pub fn local() -> Arc<Lookup> {
    Arc::new(|_| Ok(vec![IpAddr::from([127, 0, 0, 1])]))
}

pub fn transport(tls: TlsTrust, lookup: Arc<Lookup>) -> HttpTransport {
    through(None, tls, lookup)
}

pub fn through(proxy: Option<Proxy>, tls: TlsTrust, lookup: Arc<Lookup>) -> HttpTransport {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    HttpTransport::new(TransportSettings {
        tls,
        proxy,
        connect_timeout: Duration::from_secs(2),
        answer_timeout: None,
        resolver: Arc::new(Resolver::with_lookup(clock.clone(), spawn(), lookup)),
        clock,
    })
    .unwrap()
}

pub fn plain() -> HttpTransport {
    transport(TlsTrust::System, local())
}

pub fn get(authority: String, tls: bool) -> HttpRequest {
    HttpRequest {
        method: "GET",
        tls,
        authority,
        target: "/".to_owned(),
        headers: vec![],
        body: vec![],
        body_limit: 64 * 1024,
    }
}

pub fn within(ms: u64) -> Deadline {
    Deadline::after(&SystemClock, Duration::from_millis(ms))
}

pub fn ask(transport: &HttpTransport, address: SocketAddr, ms: u64) -> Result<HttpResponse, Error> {
    transport.exchange(&get(address.to_string(), false), within(ms))
}

/// Fails with this kind and words, and not much later than after `ms`.
pub fn assert_fails(result: impl FnOnce() -> Result<HttpResponse, Error>, kind: ErrorKind, words: &str, ms: u64) {
    let start = Instant::now();
    let error = result().unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().contains(words), "{error}");
    assert!(start.elapsed() < Duration::from_millis(ms + 1_500), "took {:?}", start.elapsed());
}
