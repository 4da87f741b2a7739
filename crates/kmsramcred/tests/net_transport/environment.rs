//! What the environment may and may not change. Each test runs itself again in a process with that environment.

use crate::server::{ok, plain, serve_bytes};
use crate::tls::{Authority, ask, file};
use kmsramcred::ErrorKind;
use kmsramcred::transport::TlsTrust;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

const PORT: &str = "KMSRAMCRED_TEST_PORT";

/// The address of the parent's server, in the child; nothing in the parent.
fn server_of_parent() -> Option<SocketAddr> {
    std::env::var(PORT).ok().map(|port| SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}

fn run_again(test: &str, address: SocketAddr, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(PORT, address.port().to_string());
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("kmsramcred-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
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
fn ssl_cert_file_means_nothing_to_a_process_that_distrusts_its_caller() {
    if let Some(address) = server_of_parent() {
        let error = ask(TlsTrust::UsualSystem, "kms.test", address).unwrap_err();
        assert!(error.message().contains("is not trusted"), "{error}");
        return;
    }
    let ca = Authority::root();
    let path = file("callers.pem", &ca.pem);
    let address = ca.server("kms.test", 2020, 2090);
    let environment = [("SSL_CERT_FILE", path.to_str().unwrap())];
    let test = "environment::ssl_cert_file_means_nothing_to_a_process_that_distrusts_its_caller";
    run_again(test, address, &environment);
}

#[test]
fn ssl_cert_dir_names_the_systems_store() {
    if let Some(address) = server_of_parent() {
        assert_eq!(ask(TlsTrust::System, "kms.test", address).unwrap().status, 200);
        return;
    }
    let (ca, directory) = (Authority::root(), directory("store"));
    std::fs::write(directory.join("ca.pem"), &ca.pem).unwrap();
    let address = ca.server("kms.test", 2020, 2090);
    let both = format!("/nowhere:{}", directory.display());
    run_again("environment::ssl_cert_dir_names_the_systems_store", address, &[("SSL_CERT_DIR", &both)]);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn an_empty_directory_beside_a_file_is_no_error() {
    if let Some(address) = server_of_parent() {
        assert_eq!(ask(TlsTrust::System, "kms.test", address).unwrap().status, 200);
        return;
    }
    let (ca, directory) = (Authority::root(), directory("empty"));
    let path = file("beside.pem", &ca.pem);
    let address = ca.server("kms.test", 2020, 2090);
    let environment = [("SSL_CERT_FILE", path.to_str().unwrap()), ("SSL_CERT_DIR", directory.to_str().unwrap())];
    run_again("environment::an_empty_directory_beside_a_file_is_no_error", address, &environment);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_named_store_that_gives_nothing_is_an_error_and_never_the_bundled_roots() {
    if let Some(address) = server_of_parent() {
        let error = ask(TlsTrust::System, "kms.test", address).unwrap_err();
        let path = std::env::var("SSL_CERT_FILE").unwrap();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        assert!(error.message().contains(&format!("SSL_CERT_FILE names {path}")), "{error}");
        return;
    }
    let pipe = std::env::temp_dir().join(format!("kmsramcred-{}-store.pipe", std::process::id()));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (ca, directory) = (Authority::root(), directory("other"));
    std::fs::write(directory.join("ca.pem"), &ca.pem).unwrap();
    let address = ca.server("kms.test", 2020, 2090);
    for path in [file("none.pem", ""), file("noise.store", "noise"), "/nowhere".into(), pipe.clone()] {
        // The server's authority is in the directory: what it holds must not stand in for the file.
        let environment = [("SSL_CERT_FILE", path.to_str().unwrap()), ("SSL_CERT_DIR", directory.to_str().unwrap())];
        let test = "environment::a_named_store_that_gives_nothing_is_an_error_and_never_the_bundled_roots";
        run_again(test, address, &environment);
    }
    std::fs::remove_file(&pipe).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
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
