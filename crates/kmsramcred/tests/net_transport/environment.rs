//! What the environment may and may not change. Each test runs itself again in a process with that environment.

use crate::server::{ok, plain, serve_bytes};
use crate::tls::{Authority, ask, file};
use kmsramcred::transport::TlsTrust;
use std::net::SocketAddr;
use std::process::Command;

const PORT: &str = "KMSRAMCRED_TEST_PORT";

/// The address of the parent's server, in the child; nothing in the parent.
fn server_of_parent() -> Option<SocketAddr> {
    std::env::var(PORT).ok().map(|port| SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}

fn run_again(test: &str, address: SocketAddr, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(PORT, address.port().to_string());
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn ssl_cert_file_names_the_systems_store() {
    if let Some(address) = server_of_parent() {
        assert_eq!(ask(TlsTrust::System, "kms.test", address).unwrap().status, 200);
        return;
    }
    let ca = Authority::root();
    let path = file("store.pem", &ca.pem);
    let address = ca.server("kms.test", 2020, 2090);
    let environment = [("SSL_CERT_FILE", path.to_str().unwrap())];
    run_again("environment::ssl_cert_file_names_the_systems_store", address, &environment);
}

#[test]
fn an_empty_store_leaves_the_bundled_roots() {
    if let Some(address) = server_of_parent() {
        let error = ask(TlsTrust::System, "kms.test", address).unwrap_err();
        assert!(error.message().contains("is not trusted"), "{error}");
        return;
    }
    let path = file("none.pem", "");
    let address = Authority::root().server("kms.test", 2020, 2090);
    let environment = [("SSL_CERT_FILE", path.to_str().unwrap())];
    run_again("environment::an_empty_store_leaves_the_bundled_roots", address, &environment);
}

#[test]
fn no_proxy_is_taken_from_the_environment() {
    if let Some(address) = server_of_parent() {
        assert_eq!(crate::server::ask(&plain(), address, 5_000).unwrap().body, b"direct");
        return;
    }
    let dead = "http://127.0.0.1:1";
    let environment = [("HTTP_PROXY", dead), ("http_proxy", dead), ("ALL_PROXY", dead), ("all_proxy", dead)];
    run_again("environment::no_proxy_is_taken_from_the_environment", serve_bytes(ok("direct")), &environment);
}
