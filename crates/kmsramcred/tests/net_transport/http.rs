use crate::server::{ask, assert_fails, get, ok, plain, read_request, serve, serve_bytes, within};
use kmsramcred::ErrorKind;
use kmsramcred::exchange::Exchange;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn a_request_goes_out_as_it_is() {
    let (sender, requests) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        while let Some(request) = read_request(&mut stream) {
            sender.send(request).unwrap();
            stream.write_all(ok("").as_bytes()).unwrap();
        }
    });
    let transport = plain();
    let mut post = get(address.to_string(), false);
    post.method = "POST";
    post.target = "/?a=%2F~&b=".into();
    post.headers = vec![("x-acs-action".into(), "GetSecretValue".into()), ("user-agent".into(), "me/1".into())];
    post.body = b"k=v".to_vec();
    transport.exchange(&post, within(5_000)).unwrap();
    let sent = requests.recv().unwrap();
    assert!(sent.starts_with("POST /?a=%2F~&b= HTTP/1.1\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\nk=v"), "{sent}");
    let mut lines: Vec<_> = sent.lines().skip(1).take_while(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    let host = format!("host: {address}");
    let expected =
        ["accept-encoding: identity", "content-length: 3", &host, "user-agent: me/1", "x-acs-action: GetSecretValue"];
    assert_eq!(lines, expected);

    let mut put = get(address.to_string(), false);
    put.method = "PUT";
    transport.exchange(&put, within(5_000)).unwrap();
    assert!(requests.recv().unwrap().contains("content-length: 0\r\n"));
    transport.exchange(&get(address.to_string(), false), within(5_000)).unwrap();
    assert!(!requests.recv().unwrap().contains("content-length"));
}

#[test]
fn the_host_header_is_the_authority_byte_for_byte() {
    let (sender, requests) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        sender.send(read_request(&mut stream).unwrap()).unwrap();
        stream.write_all(ok("").as_bytes()).unwrap();
    });
    let authority = format!("KMS.Test:{}", address.port());
    plain().exchange(&get(authority.clone(), false), within(5_000)).unwrap();
    assert!(requests.recv().unwrap().contains(&format!("host: {authority}\r\n")));
}

#[test]
fn every_status_is_an_answer_and_no_redirect_is_followed() {
    let followed = Arc::new(AtomicUsize::new(0));
    let counter = followed.clone();
    let elsewhere = serve(move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    for status in [204, 301, 302, 307, 308, 400, 404, 429, 500, 503] {
        let head = format!("HTTP/1.1 {status} X\r\nLocation: http://{elsewhere}/\r\nX-Acs-Request-Id: r-1\r\n");
        let body = if status == 204 { "\r\n" } else { "Content-Length: 2\r\n\r\nno" };
        let answer = ask(&plain(), serve_bytes(head + body), 5_000).unwrap();
        assert_eq!((answer.status, answer.header("x-acs-request-id")), (status, Some("r-1")));
        assert_eq!(answer.body, if status == 204 { b"".as_slice() } else { b"no" });
    }
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[test]
fn connections_are_used_again_and_dead_ones_replaced() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let address = serve(move |mut stream, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        for _ in 0..2 {
            read_request(&mut stream);
            let _ = stream.write_all(ok("x").as_bytes());
        }
    });
    let transport = plain();
    for _ in 0..4 {
        ask(&transport, address, 5_000).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[test]
fn a_server_that_hangs_costs_the_budget_and_no_more() {
    let hang = serve(|stream, _| {
        std::thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    assert_fails(|| ask(&plain(), hang, 300), ErrorKind::Timeout, "timed out after", 300);
}

#[test]
fn dribbling_does_not_stretch_the_budget() {
    fn dribble(start: &'static str) -> std::net::SocketAddr {
        serve(move |mut stream, _| {
            read_request(&mut stream);
            let _ = stream.write_all(start.as_bytes());
            while stream.write_all(b"a").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    }
    for start in ["HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", "HTTP/1.1 200 OK\r\nX: "] {
        let address = dribble(start);
        assert_fails(|| ask(&plain(), address, 300), ErrorKind::Timeout, "timed out after", 300);
    }
}

#[test]
fn a_budget_that_is_over_sends_nothing() {
    assert_fails(|| ask(&plain(), serve(|_, _| ()), 0), ErrorKind::Timeout, "budget was over", 0);
}

#[test]
fn bodies_are_capped() {
    let limit = 64 * 1024;
    let of = |length: usize| ok(&"x".repeat(length));
    assert_eq!(ask(&plain(), serve_bytes(of(limit)), 5_000).unwrap().body.len(), limit);
    assert_fails(|| ask(&plain(), serve_bytes(of(limit + 1)), 5_000), ErrorKind::KmsServer, "longer than 65536", 5_000);

    let endless = serve(|mut stream, _| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while stream.write_all(b"400\r\n").and_then(|()| stream.write_all(&[b'x'; 1024])).is_ok() {
            if stream.write_all(b"\r\n").is_err() {
                return;
            }
        }
    });
    assert_fails(|| ask(&plain(), endless, 5_000), ErrorKind::KmsServer, "longer than 65536", 5_000);
    let until_close = |length: usize| {
        serve(move |mut stream, _| {
            read_request(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            let _ = stream.write_all(&vec![b'x'; length]);
        })
    };
    assert_eq!(ask(&plain(), until_close(limit), 5_000).unwrap().body.len(), limit);
    let beyond = until_close(limit + 1);
    assert_fails(|| ask(&plain(), beyond, 5_000), ErrorKind::KmsServer, "longer than 65536", 5_000);
}

#[test]
fn headers_are_capped() {
    let large = format!("HTTP/1.1 200 OK\r\nX-Large: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(70_000));
    assert_fails(|| ask(&plain(), serve_bytes(large), 5_000), ErrorKind::KmsServer, "headers", 5_000);
    let endless = serve(|mut stream, _| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n").is_ok() {}
    });
    assert_fails(|| ask(&plain(), endless, 5_000), ErrorKind::KmsServer, "too many headers", 5_000);
}

#[test]
fn broken_answers_are_network_errors() {
    let truncated = serve(|mut stream, _| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    });
    assert_fails(|| ask(&plain(), truncated, 5_000), ErrorKind::Network, "before the answer was complete", 5_000);
    let silent_close = serve(|mut stream, _| drop(read_request(&mut stream)));
    assert_fails(|| ask(&plain(), silent_close, 5_000), ErrorKind::Network, "before the answer was complete", 5_000);
    let foreign = serve_bytes("220 mail.example ESMTP\r\n\r\n");
    assert_fails(|| ask(&plain(), foreign, 5_000), ErrorKind::Network, "not HTTP", 5_000);
    // Closing with unread bytes resets the connection.
    let reset = serve(|stream, _| {
        let mut byte = [0];
        let _ = stream.peek(&mut byte);
    });
    assert_fails(|| ask(&plain(), reset, 5_000), ErrorKind::Network, "connection reset", 5_000);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_fails(|| ask(&plain(), nobody, 5_000), ErrorKind::Network, "connection refused", 5_000);
}

#[test]
fn close_ends_what_is_under_way() {
    let hang = serve(|stream, _| {
        std::thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    let transport = Arc::new(plain());
    let other = transport.clone();
    let closer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        other.close();
    });
    assert_fails(|| ask(&transport, hang, 10_000), ErrorKind::Network, "closed", 0);
    closer.join().unwrap();
    assert!(ask(&transport, hang, 1_000).is_err());
}
