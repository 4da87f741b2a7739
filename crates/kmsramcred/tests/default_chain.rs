//! The default chain in a process of its own, with an environment and a home that hold what the test says.

mod cloud;

use cloud::{Cloud, LONG, our_threads, until};
use kmsramcred::{Client, Config};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const REGION: &str = "TEST_REGION";

/// What the other process does: fetches with what it finds, and says what `explain` says. No test where nobody started it.
#[test]
fn in_a_process_of_its_own() {
    let Ok(region) = std::env::var(REGION) else { return };
    let wait = std::env::var("TEST_WAIT_MS").unwrap().parse().map(Duration::from_millis).unwrap();
    let mut builder = Config::builder();
    builder.environment().unwrap().set("cache_client_region_id", &region).unwrap();
    let client = Client::new(builder.build().unwrap()).unwrap();
    let error = client.secret("s").and_then(|secret| secret.credential(wait)).err().map(|error| error.to_string());
    let explained: Value = serde_json::from_str(&client.explain()).unwrap();
    let failed = client.stats().refreshes_failed;
    let (source, chain) = (&explained["source"], &explained["source_chain"]);
    let out = json!({ "error": error, "failed_fetches": failed, "source": source, "chain": chain });
    std::fs::write(std::env::var("TEST_OUT").unwrap(), out.to_string()).unwrap();
}

/// Closes a client while the program of a profile runs. No test where nobody started it.
#[test]
fn closing_in_a_process_of_its_own() {
    let Ok(id) = std::env::var("TEST_PROGRAM_ID").map(PathBuf::from) else { return };
    let mut builder = Config::builder();
    builder.environment().unwrap();
    let client = Client::new(builder.build().unwrap()).unwrap();
    let secret = client.secret("s").unwrap();
    assert!(secret.credential(Duration::ZERO).is_err());
    let id = || std::fs::read_to_string(&id).unwrap_or_default();
    until("the program runs", || id().ends_with('\n'));
    client.close(LONG).unwrap();
    until("closing ends every thread", || our_threads().is_empty());
    assert!(!PathBuf::from(format!("/proc/{}", id().trim())).exists(), "it is killed and collected");
}

struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Home {
        let path = std::env::temp_dir().join(format!("kmsramcred-home-{}-{name}", std::process::id()));
        std::fs::create_dir_all(path.join(".alibabacloud")).unwrap();
        Home(path)
    }

    /// Makes a profile of mode `External` the one in use.
    fn profile(&self, command: &str) {
        let profile = json!({ "name": "p", "mode": "External", "process_command": command });
        std::fs::create_dir_all(self.0.join(".aliyun")).unwrap();
        let file = json!({ "current": "p", "profiles": [profile] });
        std::fs::write(self.0.join(".aliyun/config.json"), file.to_string()).unwrap();
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(cloud: &Cloud, home: &Home, wait: Duration, variables: &[(&str, &str)]) -> Value {
    let settings = cloud.settings();
    let region = &settings.iter().find(|(key, _)| *key == "cache_client_region_id").unwrap().1;
    let out = home.0.join("out.json");
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_a_process_of_its_own"])
        .env_clear()
        .envs(variables.iter().copied())
        .env("HOME", &home.0)
        .env("TEST_WAIT_MS", wait.as_millis().to_string())
        .env("TEST_OUT", &out)
        .env(REGION, region)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap()
}

#[test]
fn a_client_is_served_by_the_first_link_and_explain_tells_which() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let ready = cloud.emulator.ready();
    let (id, secret) = (ready.access_key_id.as_str(), ready.access_key_secret.as_str());
    let home = Home::new("links");

    let keys = [("ALIBABA_CLOUD_ACCESS_KEY_ID", id), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)];
    let said = run(&cloud, &home, LONG, &keys);
    assert_eq!((&said["error"], &said["source"]), (&Value::Null, &json!("default")));
    assert_eq!(said["chain"], json!({ "used": "env", "passed_over": [] }));

    let ini = format!("[default]\ntype=access_key\naccess_key_id={id}\naccess_key_secret={secret}\n");
    std::fs::write(home.0.join(".alibabacloud/credentials.ini"), ini).unwrap();
    let said = run(&cloud, &home, LONG, &keys[..1]);
    assert_eq!((&said["error"], &said["chain"]["used"]), (&Value::Null, &json!("profile")), "{said}");
    let passed_over = said["chain"]["passed_over"].as_array().unwrap();
    let links: Vec<&str> = passed_over.iter().map(|link| link["link"].as_str().unwrap()).collect();
    assert_eq!(links, ["env", "oidc_role_arn", "cli_profile"]);
    let why = |at: usize| passed_over[at]["why"].as_str().unwrap();
    assert_eq!(why(0), "ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set");
    assert!(why(2).contains(".aliyun/config.json cannot be read"), "{}", why(2));
    assert!(!said.to_string().contains(secret));
}

#[test]
fn a_profile_may_leave_it_to_a_program() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let ready = cloud.emulator.ready();
    let home = Home::new("external");
    let printed = json!({
        "mode": "AK", "access_key_id": ready.access_key_id, "access_key_secret": ready.access_key_secret,
    });
    home.profile(&format!("printf %s '{printed}'"));
    let no_metadata = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    let said = run(&cloud, &home, LONG, &[("KMSRAMCRED_ALLOW_EXTERNAL_PROCESS", "true"), no_metadata]);
    assert_eq!((&said["error"], &said["chain"]["used"]), (&Value::Null, &json!("cli_profile")), "{said}");
    let said = run(&cloud, &home, LONG, &[no_metadata]);
    let error = said["error"].as_str().unwrap();
    assert!(error.contains("allow_external_process") && !error.contains(&ready.access_key_secret), "{error}");
}

#[test]
fn the_last_link_is_an_address_that_serves_an_identity() {
    let cloud = Cloud::start();
    cloud.secret("s");
    cloud.post("/roles", json!({ "name": "app" }));
    cloud.post("/credentials-uri", json!({ "role": "app" }));
    let uri = cloud.emulator.ready().credentials_uri.as_str();
    let variables = [("ALIBABA_CLOUD_CREDENTIALS_URI", uri), ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")];
    let said = run(&cloud, &Home::new("uri"), LONG, &variables);
    assert_eq!((&said["error"], &said["chain"]["used"]), (&Value::Null, &json!("credential_uri")), "{said}");
}

#[test]
fn closing_ends_the_program_that_runs_for_an_identity() {
    let home = Home::new("program");
    let id = home.0.join("id");
    home.profile(&format!("sh -c 'echo $$ >\"$1\"; exec sleep 600' sh '{}'", id.display()));
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "closing_in_a_process_of_its_own"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &home.0)
        .env("TEST_PROGRAM_ID", &id)
        .env("KMSRAMCRED_ALLOW_EXTERNAL_PROCESS", "true")
        .env("cache_client_region_id", r#"[{"regionId":"cn-x","endpoint":"http://127.0.0.1:9"}]"#)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn where_there_is_nothing_the_error_names_every_link() {
    let cloud = Cloud::start();
    cloud.secret("s");
    let said = run(&cloud, &Home::new("nothing"), LONG, &[("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")]);
    assert_eq!(said["failed_fetches"], 1, "what is set nowhere is not looked for again and again");
    let error = said["error"].as_str().unwrap();
    for link in ["env: ", "oidc_role_arn: ", "cli_profile: ", "profile: ", "ecs_ram_role: ", "credential_uri: "] {
        assert!(error.contains(link), "{link} in {error}");
    }
    assert_eq!(said["chain"]["used"], Value::Null);
    assert_eq!(said["chain"]["passed_over"].as_array().unwrap().len(), 6);
}
