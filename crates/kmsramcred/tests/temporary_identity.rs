//! Temporary identities against the emulator's STS: assumed, renewed when they are refused, and refused for good.

mod cloud;

use cloud::{Cloud, LONG};
use kmsramcred::{Client, Config, ErrorKind};
use serde_json::{Value, json};

/// A client with this identity, for this cloud's KMS and STS.
fn client(cloud: &Cloud, identity: &[(&str, &str)]) -> Client {
    let mut builder = Config::builder();
    let settings = cloud.settings();
    let region = &settings.iter().find(|(key, _)| *key == "cache_client_region_id").unwrap().1;
    builder.set("cache_client_region_id", region).unwrap();
    let sts = format!("http://{}", cloud.emulator.ready().sts_plain_host);
    builder.set("credentials_sts_endpoint", &sts).unwrap();
    for (key, value) in identity {
        builder.set(key, value).unwrap();
    }
    Client::new(builder.build().unwrap()).unwrap()
}

fn role(cloud: &Cloud) -> String {
    cloud.post("/roles", json!({ "name": "app" }))["arn"].as_str().unwrap().to_owned()
}

fn issued(cloud: &Cloud) -> Value {
    cloud.emulator.control("GET", "/counters", Value::Null)["sts"].clone()
}

#[test]
fn a_role_is_assumed_once_for_many_secrets_and_again_when_kms_refuses_it() {
    let cloud = Cloud::start();
    let arn = role(&cloud);
    for name in ["a", "b", "c"] {
        cloud.secret(name);
    }
    let ready = cloud.emulator.ready();
    let client = client(
        &cloud,
        &[
            ("credentials_type", "ram_role"),
            ("credentials_access_key_id", &ready.access_key_id),
            ("credentials_access_secret", &ready.access_key_secret),
            ("credentials_role_arn", &arn),
            ("credentials_role_session_name", "test"),
            ("credentials_duration_seconds", "900"),
        ],
    );
    std::thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let secret = client.secret(name).unwrap();
            scope.spawn(move || secret.credential(LONG).unwrap());
        }
    });
    let first = issued(&cloud);
    cloud.post("/roles/app/revoke", json!({}));
    client.secret("a").unwrap().refresh(LONG).unwrap();
    let second = issued(&cloud);
    assert_ne!(first, second, "the refused identity was renewed");
    client.secret("b").unwrap().refresh(LONG).unwrap();
    assert_eq!(issued(&cloud), second, "and the new one serves all");

    cloud.post("/roles/app", json!({ "deny": true }));
    cloud.post("/roles/app/revoke", json!({}));
    let error = client.secret("c").unwrap().refresh(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied, "{error}");
    assert!(!error.to_string().contains(&ready.access_key_secret), "{error}");
    assert!(client.secret("c").unwrap().credential(LONG).is_ok(), "the key at hand serves on");
}

#[test]
fn the_token_file_of_an_oidc_role_is_read_again_at_each_renewal() {
    let cloud = Cloud::start();
    let arn = role(&cloud);
    cloud.secret("s");
    let provider = cloud.post("/oidc-providers", json!({ "name": "cluster" }))["arn"].as_str().unwrap().to_owned();
    let declare = |token: &str, state: &str| {
        cloud.post("/oidc-providers/cluster/tokens", json!({ "token": token, "state": state }));
    };
    let file = std::env::temp_dir().join(format!("kmsramcred-{}-oidc-token", std::process::id()));
    std::fs::write(&file, "first.token.0\n").unwrap();
    declare("first.token.0", "valid");
    let client = client(
        &cloud,
        &[
            ("credentials_type", "oidc_role_arn"),
            ("credentials_role_arn", &arn),
            ("credentials_oidc_provider_arn", &provider),
            ("credentials_oidc_token_file_path", file.to_str().unwrap()),
        ],
    );
    let secret = client.secret("s").unwrap();
    secret.credential(LONG).unwrap();

    declare("first.token.0", "expired");
    declare("second.token.0", "valid");
    std::fs::write(&file, "second.token.0\n").unwrap();
    cloud.post("/roles/app/revoke", json!({}));
    secret.refresh(LONG).unwrap();

    declare("second.token.0", "expired");
    cloud.post("/roles/app/revoke", json!({}));
    let error = secret.refresh(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceDenied, "{error}");
    assert_eq!(error.code(), Some("AuthenticationFail.OIDCToken.Expired"), "{error}");
    assert!(!error.to_string().contains("second.token.0"), "{error}");
    std::fs::remove_file(&file).unwrap();
}
