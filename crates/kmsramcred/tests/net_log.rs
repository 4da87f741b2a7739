//! No byte of a request or an answer reaches the host program's log, whatever level it has.

use kmsramcred::clock::{Clock, Deadline, SystemClock};
use kmsramcred::exchange::{Exchange, HttpRequest};
use kmsramcred::transport::{HttpTransport, Resolver, TlsTrust, TransportSettings};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct Everything(Mutex<Vec<(String, String)>>);

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push((record.target().to_owned(), record.args().to_string()));
    }
    fn flush(&self) {}
}

static LOG: Everything = Everything(Mutex::new(Vec::new()));

#[test]
fn trace_shows_neither_token_nor_answer() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nANSWER!").unwrap();
    });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let spawn = |_: &str, _: Box<dyn FnOnce() + Send>| panic!("an address needs no look-up");
    let transport = HttpTransport::new(TransportSettings {
        tls: TlsTrust::System,
        proxy: None,
        connect_timeout: Duration::from_secs(2),
        answer_timeout: None,
        resolver: Arc::new(Resolver::new(clock.clone(), Arc::new(spawn))),
        clock,
    })
    .unwrap();
    let request = HttpRequest {
        method: "POST",
        tls: false,
        authority,
        target: "/?Signature=QUERY!".into(),
        headers: vec![("x-acs-security-token".into(), "TOKEN!".into())],
        body: b"BODY!".to_vec(),
        body_limit: 100,
    };
    let answer = transport.exchange(&request, Deadline::after(&SystemClock, Duration::from_secs(5))).unwrap();
    assert_eq!(answer.body, b"ANSWER!");
    let log = LOG.0.lock().unwrap();
    assert!(log.iter().any(|(target, text)| target == "kmsramcred" && text.contains("lowered")), "{log:?}");
    for (target, text) in log.iter() {
        // ureq's dump of bytes comes in rows of sixteen, so what it logs cannot be searched as text: it must not be there.
        assert_ne!(target, "ureq_proto::util");
        for secret in ["QUERY!", "TOKEN!", "BODY!", "ANSWER!"] {
            assert!(!text.contains(secret), "{target}: {text}");
        }
    }
}
