//! ClientKeys: the whole way on the emulator's shared gateway and at an instance, and each thing that can be wrong with a
//! file.

mod cloud;

use cloud::{Cloud, LONG};
use kmsramcred::gateway::dedicated_message::{GetSecretValueRequest, GetSecretValueResponse};
use kmsramcred::{Client, Config, Error, ErrorKind};
use prost::Message;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;

fn fixture(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/fixtures/clientkey-d").join(file)
}

const ID: &str = "KAAP.00000000-0000-4000-8000-00000000000d";

fn key_file() -> PathBuf {
    fixture(&format!("clientKey_{ID}.json"))
}

fn password_file() -> PathBuf {
    fixture(&format!("clientKey_{ID}_Password.txt"))
}

/// A client of the shared gateway that calls KMS with a ClientKey.
fn client(cloud: &Cloud, file: &std::path::Path, password: &std::path::Path) -> Result<Client, Error> {
    let ready = cloud.emulator.ready();
    let region = json!([{ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path }]);
    let mut builder = Config::builder();
    for (key, value) in [
        ("credentials_type", "client_key"),
        ("client_key_private_key_path", file.to_str().unwrap()),
        ("client_key_password_from_file_path", password.to_str().unwrap()),
        ("cache_client_region_id", &region.to_string()),
    ] {
        builder.set(key, value)?;
    }
    Client::new(builder.build()?)
}

fn register(cloud: &Cloud) {
    let certificate = std::fs::read_to_string(fixture("cert.pem")).unwrap();
    cloud.post("/client-keys", json!({ "key_id": ID, "certificate": certificate }));
}

#[test]
fn a_client_key_reads_secrets_on_the_shared_gateway_until_it_is_revoked() {
    let cloud = Cloud::start();
    cloud.secret("s");
    register(&cloud);
    let client = client(&cloud, &key_file(), &password_file()).unwrap();
    let secret = client.secret("s").unwrap();
    assert!(secret.credential(LONG).is_ok());
    let explained: Value = serde_json::from_str(&client.explain()).unwrap();
    assert_eq!(
        (&explained["source"], &explained["gateways"][0]["source"]),
        (&json!("client_key"), &json!("client_key"))
    );
    cloud.rotate("s", json!({}));
    secret.refresh(LONG).unwrap();

    cloud.post(&format!("/keys/{ID}/disable"), json!({}));
    let error = secret.refresh(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied, "{error}");
    assert!(secret.credential(LONG).is_ok(), "the key at hand is as good as ever");
}

#[test]
fn an_unknown_client_key_is_one_clear_error() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let error =
        client(&cloud, &key_file(), &password_file()).unwrap().secret("s").unwrap().credential(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied, "{error}");
    assert!(error.message().contains(&cloud.emulator.ready().kms_host), "{error}");
}

#[test]
fn each_wrong_file_is_told_when_the_client_is_made() {
    let cloud = Cloud::start();
    let scratch = std::env::temp_dir().join(format!("kmsramcred-{}-client-key", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    let write = |name: &str, text: &str| {
        let path = scratch.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (wrong_password, no_json) = (write("password.txt", "wrong"), write("key.json", "KAAP"));
    for (file, password, words) in [
        (key_file(), wrong_password, "found a password that does not open it"),
        (no_json.clone(), password_file(), "found something that is not JSON"),
    ] {
        let error = client(&cloud, &file, &password).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
        let text = error.message();
        assert!(text.contains("The ClientKey of client_key_private_key_path (set by the program)"), "{text}");
        assert!(text.contains(file.file_name().unwrap().to_str().unwrap()) && text.contains(words), "{text}");
    }
    std::fs::remove_dir_all(&scratch).unwrap();
}

/// A KMS instance that answers one secret, and hands on the head of each request.
fn instance(name: &'static str) -> (std::net::SocketAddr, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let question = GetSecretValueRequest::decode(&*body).unwrap();
            assert_eq!((question.secret_name.as_str(), question.fetch_extended_config), (name, true));
            let answer = GetSecretValueResponse {
                secret_name: name.to_owned(),
                secret_type: "RAMCredentials".to_owned(),
                secret_data: r#"{"AccessKeyId":"LTAI5tINSTANCE","AccessKeySecret":"of-the-instance"}"#.to_owned(),
                version_id: "v1".to_owned(),
                ..GetSecretValueResponse::default()
            }
            .encode_to_vec();
            let status = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
            stream.write_all(status.as_bytes()).and_then(|()| stream.write_all(&answer)).unwrap();
            if sender.send(head).is_err() {
                return;
            }
        }
    });
    (address, requests)
}

#[test]
fn an_instance_is_asked_with_its_own_key_and_a_region_stands_in_for_it() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let (address, requests) = instance("s");
    let client = |address: std::net::SocketAddr| {
        let instance = json!([{
            "regionId": "cn-hangzhou",
            "endpoint": format!("http://{address}"),
            "clientKeyFile": key_file(),
            "passwordFromFilePath": password_file(),
        }]);
        cloud.client(&[("cache_client_dkms_config_info", &instance.to_string())])
    };
    let with_instance = client(address);
    let credential = with_instance.secret("s").unwrap().credential(LONG).unwrap();
    assert_eq!(credential.access_key_id(), "LTAI5tINSTANCE");
    let asked = requests.recv_timeout(LONG).unwrap();
    assert!(asked.contains(&format!("x-kms-acccesskeyid: {}", ID.to_lowercase())), "{asked}");
    assert!(asked.contains("authorization: bearer ") && asked.contains("x-kms-apiversion: dkms-gcs-0.2"), "{asked}");
    let explained: Value = serde_json::from_str(&with_instance.explain()).unwrap();
    let told = |at: usize, member: &str| explained["gateways"][at][member].clone();
    assert_eq!((told(0, "protocol"), told(0, "source")), (json!("dkms-gcs-0.2"), json!("client_key")));
    assert_eq!((told(1, "protocol"), told(1, "source")), (json!("OpenAPI"), json!("ak")));

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let without = client(nobody);
    let credential = without.secret("s").unwrap().credential(LONG).unwrap();
    assert_ne!(credential.access_key_id(), "LTAI5tINSTANCE", "the region answered");
}
