//! `kmsramcred doctor` against the emulator.

mod cloud;

use cloud::{Cloud, ID, Run, SECRET, tool};
use serde_json::{Value, json};

/// The steps of a report, as subject, name and outcome.
fn steps(run: &Run) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    let text = |step: &Value, member: &str| step[member].as_str().unwrap_or_default().to_owned();
    let steps = report["steps"].as_array().unwrap().iter();
    steps.map(|step| (text(step, "subject"), text(step, "name"), text(step, "outcome"))).collect()
}

fn step(subject: &str, name: &str, outcome: &str) -> (String, String, String) {
    (subject.to_owned(), name.to_owned(), outcome.to_owned())
}

#[test]
fn a_good_configuration_is_told_with_the_origin_of_each_value_and_no_secret() {
    let cloud = Cloud::with("robot");
    let host = cloud.emulator.ready().kms_host.clone();
    let mut command = cloud.tool(&["doctor", "robot", "--json"]);
    let run = Run::of(command.env("KMSRAMCRED_SIGNATURE", "v1"));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        steps(&run),
        [step("source", "ak", "fine"), step("gateway", &host, "fine"), step("secret", "robot", "fine")]
    );
    let settings = run.json()["settings"].clone();
    let from = |key: &str| {
        let setting = settings.as_array().unwrap().iter().find(|setting| setting["key"] == key);
        setting.unwrap_or_else(|| panic!("{key}: {settings}"))["from"].as_str().unwrap().to_owned()
    };
    assert_eq!(from("credentials_type"), format!("line 2 of {}", cloud.config_path().display()));
    assert_eq!(from("signature"), "environment variable KMSRAMCRED_SIGNATURE");
    assert_eq!(from("settle_milliseconds"), "default");

    let table = Run::of(&mut cloud.tool(&["doctor", "robot"]));
    assert_eq!(table.code, Some(0), "{table:?}");
    assert!(table.out.contains(&format!("ok      secret \"robot\" at {host}: AccessKey …WXYZ")), "{table:?}");
    let ready = cloud.emulator.ready();
    for hidden in [ID, SECRET, &ready.access_key_id, &ready.access_key_secret] {
        assert!(!table.out.contains(hidden) && !run.out.contains(hidden), "{table:?} {run:?}");
    }
}

#[test]
fn without_a_name_those_of_the_configuration_are_tried_or_else_what_can_be() {
    let cloud = Cloud::with("robot");
    let host = cloud.emulator.ready().kms_host.clone();
    let ways = [step("source", "ak", "fine"), step("gateway", &host, "fine")];
    assert_eq!(steps(&Run::of(&mut cloud.tool(&["doctor", "--json"]))), ways);
    assert_eq!(cloud.kms_requests(), 0, "no secret was asked for");
    cloud.configure_also(&[("secret_names", "robot,nobody")]);
    let run = Run::of(&mut cloud.tool(&["doctor", "--json"]));
    let secrets = [step("secret", "robot", "fine"), step("secret", "nobody", "failed")];
    assert_eq!(steps(&run), [&ways[..], &secrets].concat());
    assert_eq!(run.code, Some(8), "{run:?}");
}

#[test]
fn every_gateway_is_tried_for_itself() {
    let cloud = Cloud::with("robot");
    let ready = cloud.emulator.ready();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let regions = json!([
        { "regionId": "cn-hangzhou", "endpoint": free, "caFilePath": ready.ca_path },
        { "regionId": "cn-beijing", "endpoint": ready.kms_host, "caFilePath": ready.ca_path },
    ]);
    cloud.configure_also(&[("cache_client_region_id", &regions.to_string())]);
    let run = Run::of(&mut cloud.tool(&["doctor", "robot", "--json"]));
    assert_eq!(
        steps(&run),
        [
            step("source", "ak", "fine"),
            step("gateway", &free, "failed"),
            step("secret", "robot", "not tried"),
            step("gateway", &ready.kms_host, "fine"),
            step("secret", "robot", "fine"),
        ]
    );
    assert_eq!(run.code, Some(5), "{run:?}");
    assert!(run.err.contains("1 of the steps failed"), "{run:?}");
}

#[test]
fn what_failed_says_what_to_do() {
    let cloud = Cloud::with("robot");
    let throttle = json!({ "at": "kms", "kind": "throttle", "secret": "robot" });
    cloud.post("/faults", throttle);
    let run = Run::of(&mut cloud.tool(&["doctor", "robot", "--json"]));
    assert_eq!(run.code, Some(9), "{run:?}");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let error = &report["steps"][2]["error"];
    assert_eq!((&error["kind"], &error["code"]), (&json!("KmsThrottled"), &json!("Rejected.Throttling")), "{report}");
    assert!(error["advice"].as_str().unwrap().contains("raise the quota"), "{report}");
    assert_eq!(cloud.kms_requests(), 1, "a failure is told, not waited out");

    let run = Run::of(&mut cloud.tool(&["doctor", ""]));
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.out.contains("FAILED  secret \"\"") && run.out.contains("A secret's name has 0 bytes"), "{run:?}");
}

#[test]
fn an_identity_that_cannot_be_had_is_where_it_ends() {
    let cloud = Cloud::with("robot");
    let metadata = cloud.emulator.ready().metadata.clone();
    cloud.configure(&[("credentials_type", "ecs_ram_role"), ("ecs_metadata_endpoint", &metadata)]);
    let run = Run::of(&mut cloud.tool(&["doctor", "robot", "--json"]));
    let host = &cloud.emulator.ready().kms_host;
    let expected = [
        step("source", "ecs_ram_role", "failed"),
        step("gateway", host, "not tried"),
        step("secret", "robot", "not tried"),
    ];
    assert_eq!(steps(&run), expected, "{run:?}");
    assert_eq!(run.code, Some(4), "{run:?}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_the_only_step() {
    let run = Run::of(&mut tool(&["doctor", "x", "--json"]));
    assert_eq!(steps(&run), [step("configuration", "", "failed")]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let run = Run::of(&mut tool(&["doctor", "x"]));
    assert!(run.out.contains("FAILED  configuration: ") && run.out.contains("KMSRAMCRED_CONFIG"), "{run:?}");
}
