use crate::server::{assert_fails, get, serve, through, within};
use crate::tls::Authority;
use kmsramcred::config::Proxy;
use kmsramcred::exchange::{Exchange, HttpResponse};
use kmsramcred::transport::TlsTrust;
use kmsramcred::{Error, ErrorKind};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

/// What a proxy was asked, one entry a connection.
type Asked = Arc<Mutex<Vec<String>>>;

/// Carries bytes both ways until one side ends.
fn carry(mut client: TcpStream, server: SocketAddr) {
    let mut server = TcpStream::connect(server).unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let _ = std::io::copy(&mut server, &mut client);
}

fn head(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).unwrap()
}

/// A proxy that notes what it is asked for and leads to `server`, whatever the name.
fn http_proxy(server: SocketAddr, answer: &'static str) -> (SocketAddr, Asked) {
    let asked = Asked::default();
    let noted = asked.clone();
    let address = serve(move |mut stream, _| {
        noted.lock().unwrap().push(head(&mut stream));
        stream.write_all(answer.as_bytes()).unwrap();
        if answer.contains(" 200 ") {
            carry(stream, server);
        }
    });
    (address, asked)
}

/// A SOCKS proxy that notes the name it is asked for.
fn socks_proxy(server: SocketAddr) -> (SocketAddr, Asked) {
    let asked = Asked::default();
    let noted = asked.clone();
    let address = serve(move |mut stream, _| {
        let mut exactly = |count: usize| {
            let mut bytes = vec![0; count];
            stream.read_exact(&mut bytes).unwrap();
            bytes
        };
        let methods = exactly(2)[1];
        exactly(methods.into());
        stream.write_all(&[5, 0]).unwrap();
        let mut exactly = |count: usize| {
            let mut bytes = vec![0; count];
            stream.read_exact(&mut bytes).unwrap();
            bytes
        };
        let request = exactly(5);
        assert_eq!(request[..4], [5, 1, 0, 3], "connect, by name");
        let name = exactly(request[4].into());
        exactly(2);
        noted.lock().unwrap().push(String::from_utf8(name).unwrap());
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        carry(stream, server);
    });
    (address, asked)
}

/// Asks `kms.test` through a proxy. Only the proxy can know that name: the look-up finds the proxy and nothing else.
fn ask(proxy: &str, trust: TlsTrust, ms: u64) -> Result<HttpResponse, Error> {
    let lookup = Arc::new(|name: &str| {
        assert_eq!(name, "proxy.test", "the gateway's name is the proxy's business");
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    });
    let proxy = Proxy::from_url(proxy).unwrap();
    through(Some(proxy), trust, lookup).exchange(&get("kms.test".to_owned(), true), within(ms))
}

fn only(authority: &Authority) -> TlsTrust {
    TlsTrust::Only(vec![authority.der.clone()])
}

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

#[test]
fn a_proxy_carries_what_it_cannot_read() {
    let ca = Authority::root();
    let server = ca.server("kms.test", 2020, 2090);
    let (proxy, asked) = http_proxy(server, OPEN);
    let answer = ask(&format!("http://me:p%40ss@proxy.test:{}", proxy.port()), only(&ca), 5_000).unwrap();
    assert_eq!(answer.body, b"secret");
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("CONNECT kms.test:443 HTTP/1.1\r\n"), "{asked:?}");
    // "me:p@ss" in Base64.
    assert!(asked[0].contains("Proxy-Authorization: Basic bWU6cEBzcw=="), "{asked:?}");
    assert!(!asked[0].to_lowercase().contains("user-agent"), "{asked:?}");

    let (proxy, asked) = socks_proxy(server);
    let answer = ask(&format!("socks5://proxy.test:{}", proxy.port()), only(&ca), 5_000).unwrap();
    assert_eq!(answer.body, b"secret");
    assert_eq!(*asked.lock().unwrap(), ["kms.test"]);
}

#[test]
fn a_proxy_that_answers_in_the_gateways_place_is_not_believed() {
    let (ca, other) = (Authority::root(), Authority::root());
    let (proxy, _) = http_proxy(other.server("kms.test", 2020, 2090), OPEN);
    let url = format!("http://proxy.test:{}", proxy.port());
    assert_fails(|| ask(&url, only(&ca), 5_000), ErrorKind::Tls, "not trusted", 5_000);
}

#[test]
fn an_error_on_the_way_names_the_proxy_and_not_its_password() {
    let ca = Authority::root();
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let fails = |proxy: SocketAddr, kind, words: &str| {
        let shown = format!("http://proxy.test:{}", proxy.port());
        let url = shown.replace("://", "://me:hunter2@");
        let error = ask(&url, only(&ca), 1_500).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let told = error.message();
        assert!(told.starts_with(&format!("kms.test (through the proxy {shown})")), "{told}");
        assert!(told.contains(words) && !told.contains("hunter2"), "{told}");
    };
    let (wants_password, _) = http_proxy(nowhere, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    fails(wants_password, ErrorKind::Network, "wants a user and a password");
    let (forbids, _) = http_proxy(nowhere, "HTTP/1.1 403 hunter2\r\n\r\n");
    fails(forbids, ErrorKind::Network, "opened no way to it");
    fails(nowhere, ErrorKind::Network, "connection refused");
    let silent = serve(|mut stream, _| drop(std::io::copy(&mut stream, &mut std::io::sink())));
    fails(silent, ErrorKind::Timeout, "timed out");
}
