//! ClientKeys against the emulator: the whole way on the shared gateway, and each thing that can be wrong with a file.

mod cloud;

use cloud::{Cloud, LONG};
use kmsramcred::{Client, Config, Error, ErrorKind};
use serde_json::{Value, json};
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
