//! TLS of KMS instances: what the official client accepted of a private authority, compared over real sockets. The
//! servers speak TLS 1.2 only, as instances do.

use crate::server::{ok, read_request, serve};
use crate::tls::ask;
use crate::vector_file::{check_all, text_of};
use kmsramcred::ErrorKind;
use kmsramcred::transport::TlsTrust;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// OpenSSL without partial chains wants a root; here each certificate of the file is an anchor, as in the Go client,
/// whose built-in authorities are second CAs alone.
const ACCEPTED_BY_US: &str = "dkms-tls-instance-second-ca-only";

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(format!("{}/../../tests/vectors/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR")))
}

/// A server that speaks TLS 1.2 only, and how many connections it was offered.
fn tls12_server(chain: &str, key: &str) -> (SocketAddr, Arc<AtomicUsize>) {
    let chain = CertificateDer::pem_file_iter(fixture(chain)).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(fixture(key)).unwrap())
        .unwrap();
    let (config, offered) = (Arc::new(config), Arc::new(AtomicUsize::new(0)));
    let counter = offered.clone();
    let address = serve(move |stream, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        while read_request(&mut tls).is_some() {
            tls.write_all(ok("secret").as_bytes()).unwrap();
        }
    });
    (address, offered)
}

/// The trust of an entry. The official client has two places for each setting and the configuration wins; a gateway
/// here has one place, so that what wins is what is set.
fn trust(input: &Value, folder: &str) -> TlsTrust {
    let (config, runtime) = (&input["config"], &input["runtime"]);
    let ignored = config["ignore_ssl"].as_bool().or(runtime["ignore_ssl"].as_bool()).unwrap_or(false);
    let ca = config["ca_file_path"].as_str().or(runtime["verify"].as_str());
    match ca {
        _ if ignored => TlsTrust::Unverified,
        Some(ca) => TlsTrust::from_ca_file(&fixture(&format!("{folder}{ca}"))).unwrap(),
        None => TlsTrust::System,
    }
}

#[test]
fn every_vector_of_the_dedicated_gateways_tls_is_judged_alike() {
    check_all("dkms-tls.json", |name, input, expected| {
        let instance = text_of(input, "server_chain").starts_with("instance/");
        let (folder, chain, key) = match instance {
            true => ("instance/", "instance/leaf.pem", "instance/leaf.key"),
            false => ("", "chain.pem", "server.key"),
        };
        let (address, offered) = tls12_server(chain, key);
        let answer = ask(trust(input, folder), text_of(input, "host"), address);
        if text_of(expected, "result") == "ok" || name == ACCEPTED_BY_US {
            assert_eq!(answer.unwrap_or_else(|error| panic!("{name}: {error}")).body, b"secret", "{name}");
        } else {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Tls, "{name}");
        }
        // The official client tries a refused certificate four times; here it is final.
        assert_eq!(offered.load(Ordering::SeqCst), 1, "{name}");
    });
}

#[test]
fn a_ca_file_with_the_root_first_and_the_second_ca_after_it_counts_whole() {
    let trust = TlsTrust::from_ca_file(&fixture("instance/bundle.pem")).unwrap();
    assert_eq!(format!("{trust:?}"), "Only(2 certificates)");
    let (address, _) = tls12_server("instance/leaf.pem", "instance/leaf.key");
    assert_eq!(ask(trust, "kst-x.cryptoservice.kms.aliyuncs.com", address).unwrap().status, 200);
}
