//! The control API of the emulator, from the process of a client.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Something that the emulator is told or asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn post(path: &str, body: Value) -> Request {
        Request { method: "POST".to_owned(), path: path.to_owned(), body }
    }
}

/// Where the control API is.
pub(crate) struct Control<'a>(pub(crate) &'a str);

impl Control<'_> {
    pub(crate) fn send(&self, request: &Request) -> Result<Value, String> {
        let Request { method, path, body } = request;
        let told = |why: std::io::Error| format!("{method} {path}: {why}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (host, length) = (self.0, body.len());
        let mut stream = TcpStream::connect(host).map_err(told)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .map_err(told)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(told)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let value: Value = serde_json::from_str(body).map_err(|why| format!("{method} {path}: {why}"))?;
        if value.get("error").is_some() { Err(format!("{method} {path}: {value}")) } else { Ok(value) }
    }

    pub(crate) fn counters(&self) -> Result<Value, String> {
        self.send(&Request { method: "GET".to_owned(), path: "/counters".to_owned(), body: Value::Null })
    }
}
