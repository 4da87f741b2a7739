//! ClientKeys: the whole way on the emulator's shared gateway and at an instance, and each thing that can be wrong with a
//! file.

mod cloud;

use cloud::{Cloud, LONG, Robot, Seen, until};
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

/// The element of `cache_client_dkms_config_info` for the cloud's instance; what `more` names is put over it.
fn instance(cloud: &Cloud, more: Value) -> String {
    let ready = cloud.emulator.ready();
    let mut element = json!({
        "regionId": "cn-hangzhou",
        "endpoint": ready.dedicated_host,
        "caFilePath": ready.dedicated_ca_path,
        "clientKeyFile": key_file(),
        "passwordFromFilePath": password_file(),
    });
    element.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([element]).to_string()
}

/// A client that knows the instance and nothing else.
fn client_of_the_instance(cloud: &Cloud, more: Value) -> Client {
    let mut builder = Config::builder();
    builder.set("cache_client_dkms_config_info", &instance(cloud, more)).unwrap();
    Client::new(builder.build().unwrap()).unwrap()
}

fn asked(cloud: &Cloud, gateway: &str) -> u64 {
    cloud.emulator.control("GET", "/counters", Value::Null)[gateway]["get_secret_value"].as_u64().unwrap()
}

/// A member of what `explain` tells of the gateway at that place.
fn told(client: &Client, at: usize, member: &str) -> Value {
    let explained: Value = serde_json::from_str(&client.explain()).unwrap();
    explained["gateways"][at][member].clone()
}

#[test]
fn an_instance_is_asked_with_its_own_key_until_that_is_revoked() {
    let cloud = Cloud::start();
    cloud.secret("prod/é");
    register(&cloud);
    let client = client_of_the_instance(&cloud, json!({}));
    let secret = client.secret("prod/é").unwrap();
    let first = secret.credential(LONG).unwrap();
    let (protocol, source) = (told(&client, 0, "protocol"), told(&client, 0, "source"));
    assert_eq!((protocol, source), (json!("dkms-gcs-0.2"), json!("client_key")));
    assert_eq!((asked(&cloud, "dedicated"), asked(&cloud, "kms")), (1, 0));

    cloud.rotate("prod%2F%C3%A9", json!({}));
    secret.refresh(LONG).unwrap();
    assert_ne!(secret.credential(LONG).unwrap().serial(), first.serial());

    cloud.post(&format!("/keys/{ID}/disable"), json!({}));
    let error = secret.refresh(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied, "{error}");
    assert!(error.message().contains(&cloud.emulator.ready().dedicated_host), "{error}");
    assert!(secret.credential(LONG).is_ok(), "the key at hand is as good as ever");
}

#[test]
fn an_instance_takes_an_access_key_by_openapi() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let ready = cloud.emulator.ready();
    let region = json!([{
        "regionId": "cn-hangzhou", "endpoint": ready.dedicated_host, "caFilePath": ready.dedicated_ca_path
    }]);
    let client = cloud.client(&[("cache_client_region_id", &region.to_string())]);
    client.secret("s").unwrap().credential(LONG).unwrap();
    assert_eq!((told(&client, 0, "protocol"), asked(&cloud, "dedicated")), (json!("OpenAPI"), 1));
}

#[test]
fn an_instance_under_unknown_authorities_is_refused_unless_the_configuration_says_otherwise() {
    let cloud = Cloud::start();
    cloud.secret("s");
    register(&cloud);
    let foreign = json!({ "caFilePath": cloud.emulator.ready().ca_path });
    let client = client_of_the_instance(&cloud, foreign.clone());
    let refused = client.secret("s").unwrap().credential(LONG).unwrap_err();
    assert!(refused.message().contains("certificate"), "{refused}");
    assert_eq!(asked(&cloud, "dedicated"), 0);

    let mut blind = foreign;
    blind["ignoreSslCerts"] = json!(true);
    let client = client_of_the_instance(&cloud, blind);
    assert!(client.secret("s").unwrap().credential(LONG).is_ok());
}

#[test]
fn an_instance_that_is_away_is_stood_in_for_and_comes_back() {
    let cloud = Cloud::start();
    cloud.secret("s");
    register(&cloud);
    let client = cloud.client(&[("cache_client_dkms_config_info", &instance(&cloud, json!({})))]);
    let secret = client.secret("s").unwrap();
    secret.credential(LONG).unwrap();
    assert_eq!((asked(&cloud, "dedicated"), asked(&cloud, "kms")), (1, 0));
    assert_eq!((told(&client, 1, "protocol"), told(&client, 1, "source")), (json!("OpenAPI"), json!("ak")));

    cloud.post("/dedicated", json!({ "down": true }));
    secret.refresh(LONG).unwrap();
    assert!(told(&client, 0, "state").as_str().unwrap().starts_with("failing"), "{}", client.explain());
    assert_eq!(asked(&cloud, "kms"), 1);
    cloud.post("/dedicated", json!({ "down": false }));
    until("the instance is probed and answers", || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        secret.refresh(LONG).unwrap();
        told(&client, 0, "state") == "answering"
    });
}

#[test]
fn an_instance_that_lags_behind_the_region_displaces_nothing() {
    let cloud = Cloud::start();
    cloud.secret("s");
    register(&cloud);
    let client = cloud.client(&[("cache_client_dkms_config_info", &instance(&cloud, json!({})))]);
    let secret = client.secret("s").unwrap();
    cloud.rotate("s", json!({ "old": "alive" }));
    let newest = secret.credential(LONG).unwrap().serial();
    Robot::calling(&cloud.service("default")).call(&secret, &Seen::default()).unwrap();
    cloud.post("/secrets/s/serve", json!({ "version": "previous", "at": "dedicated" }));
    let before = asked(&cloud, "dedicated");
    // Whether that is an error is not the point here.
    drop(secret.refresh(LONG));
    assert!(asked(&cloud, "dedicated") > before);
    assert_eq!(secret.credential(LONG).unwrap().serial(), newest);
}

#[test]
fn what_goes_wrong_at_an_instance_is_understood_in_its_own_messages() {
    let cloud = Cloud::start();
    cloud.secret("s");
    register(&cloud);
    let client = client_of_the_instance(&cloud, json!({}));
    let secret = client.secret("s").unwrap();
    for kind in ["throttle", "status", "html", "truncate", "reset"] {
        cloud.fault(json!({ "at": "dedicated", "kind": kind, "times": 2 }));
        secret.refresh(LONG).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
    let missing = client.secret("nobody").unwrap().credential(LONG).unwrap_err();
    assert_eq!((missing.kind(), missing.code()), (ErrorKind::KmsNotFound, Some("Forbidden.ResourceNotFound")));
    let offset = || told(&client, 0, "clock_offset_seconds").as_f64().unwrap();
    assert_eq!(offset(), 0.0);
    cloud.fault(json!({ "at": "dedicated", "kind": "clock", "clock_offset_seconds": 3600 }));
    secret.refresh(LONG).unwrap();
    // The header has whole seconds.
    assert!((3590.0..3610.0).contains(&offset()), "{}", offset());
}
