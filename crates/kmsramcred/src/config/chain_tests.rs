//! The recorded vectors are compared link by link: what the sources then send is compared in `tests/vector_sts.rs` and
//! `tests/vector_imds.rs`. Deliberately not imitated: the library asks the metadata service twice for a token.

use super::*;
use crate::config::scratch::Scratch;
use crate::config::{Config, ConfigBuilder};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;

type Variables = BTreeMap<String, String>;

fn vectors(text: &str, count: usize) -> Vec<Value> {
    let vectors: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(vectors.len(), count);
    vectors
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The default chain of a process with these variables, at home in the scratch directory.
fn chain_of(scratch: &Scratch, variables: &Variables, distrust: Option<&'static str>) -> (Vec<ChainLink>, Config) {
    let home = scratch.path().to_str().unwrap().to_owned();
    let variable = |name: &str| match name {
        "HOME" => Some(OsString::from(&home)),
        _ => variables.get(name).map(|value| OsString::from(value.replace("$HOME", &home))),
    };
    let process = Process { variable: &variable, working_directory: None, user: Some(0), distrust };
    let mut builder = ConfigBuilder::default();
    builder.environment_of(&process).unwrap();
    builder.set("cache_client_region_id", r#"[{"regionId":"cn-x"}]"#).unwrap();
    let config = builder.build_of(&process).unwrap();
    let SourceSettings::Chain { links } = config.source.clone() else { panic!("{:?}", config.source) };
    (links, config)
}

fn home_file(scratch: &Scratch, name: &str, content: &str) {
    if let Some(folder) = std::path::Path::new(name).parent() {
        std::fs::create_dir_all(scratch.path().join(folder)).unwrap();
    }
    scratch.file(name, content);
}

fn first(links: &[ChainLink]) -> Option<(&'static str, &SourceSettings)> {
    links.iter().find_map(|link| link.source.as_ref().ok().map(|source| (link.name, &**source)))
}

#[test]
fn vector_default_chain() {
    for vector in vectors(include_str!("../../../../tests/vectors/default-chain.json"), 14) {
        let (name, input, expected) = (text(&vector["name"]), &vector["input"], &vector["expected"]);
        let scratch = Scratch::new();
        for (file, content) in input["home_files"].as_object().unwrap() {
            home_file(&scratch, file, text(content));
        }
        let variables = input["env"].as_object().unwrap();
        let variables = variables.iter().map(|(name, value)| (name.clone(), text(value).to_owned())).collect();
        let (links, _) = chain_of(&scratch, &variables, None);
        let wire = expected["wire"].as_array().unwrap();
        let Some((link, source)) = first(&links) else {
            assert!(expected["error"].is_string() && wire.is_empty(), "{name}");
            continue;
        };
        if let Some(provider) = expected["provider_name"].as_str() {
            assert_eq!(provider.split('/').nth(1), Some(link), "{name}");
        }
        match source {
            SourceSettings::AccessKey { id, token, .. } => {
                assert_eq!(id, text(&expected["access_key_id"]), "{name}");
                assert_eq!(token.as_ref().map(SecretText::expose), expected["security_token"].as_str(), "{name}");
                assert!(wire.is_empty());
            }
            SourceSettings::OidcRole { sts_endpoint, token_file, .. } => {
                assert_eq!(sts_endpoint.authority, text(&wire[0][2]), "{name}");
                assert_eq!(std::fs::read(token_file.path()).unwrap(), b"jwt", "{name}");
            }
            SourceSettings::EcsRamRole { role_name, metadata_endpoint, imdsv1_disabled } => {
                assert_eq!(metadata_endpoint.authority, text(&wire[0][2]), "{name}");
                let known = input["env"].get("ALIBABA_CLOUD_ECS_METADATA").and_then(Value::as_str);
                assert_eq!(role_name.as_deref(), known, "{name}");
                assert_eq!(*imdsv1_disabled, expected["error"].is_string(), "{name}");
            }
            SourceSettings::CredentialsUri { endpoint, target } => {
                assert_eq!(endpoint.authority, text(&wire[0][2]), "{name}");
                assert_eq!(target.expose(), text(&wire[0][3]), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn vector_profiles() {
    for vector in vectors(include_str!("../../../../tests/vectors/profiles.json"), 16) {
        let (name, input, expected) = (text(&vector["name"]), &vector["input"], &vector["expected"]);
        let scratch = Scratch::new();
        let (link, file, content) = match text(&input["format"]) {
            "config.json" => ("cli_profile", ".aliyun/config.json", input["json"].to_string()),
            _ => ("profile", ".alibabacloud/credentials.ini", text(&input["text"]).to_owned()),
        };
        home_file(&scratch, file, &content);
        let profile = input["profile"].as_str().map(|profile| ("ALIBABA_CLOUD_PROFILE".to_owned(), profile.to_owned()));
        let (links, _) = chain_of(&scratch, &profile.into_iter().collect(), None);
        let read = &links.iter().find(|candidate| candidate.name == link).unwrap().source;
        let Some(credentials) = expected.get("credentials") else {
            let reason = read.as_ref().unwrap_err();
            assert!(reason.contains(scratch.path().to_str().unwrap()), "{name}: {reason}");
            continue;
        };
        match &**read.as_ref().unwrap() {
            SourceSettings::AccessKey { id, secret, token } => {
                assert_eq!(id, text(&credentials["access_key_id"]), "{name}");
                assert_eq!(secret.expose(), text(&credentials["access_key_secret"]), "{name}");
                assert_eq!(token.as_ref().map(SecretText::expose), credentials["security_token"].as_str(), "{name}");
            }
            SourceSettings::AssumeRole { asker, role, sts_endpoint, .. } => {
                let request = &expected["requests"][0];
                let target = percent_encoding::percent_decode_str(text(&request["target"])).decode_utf8().unwrap();
                let SourceSettings::AccessKey { id, .. } = &**asker else { panic!("{name}: {asker:?}") };
                for said in [
                    format!("&AccessKeyId={id}&"),
                    format!("&RoleArn={}&", role.arn),
                    format!("&RoleSessionName={}&", role.session_name),
                    format!("&DurationSeconds={}&", role.duration_seconds),
                ] {
                    assert!(target.contains(&said), "{name}: {said} in {target}");
                }
                assert_eq!(sts_endpoint.authority, text(&request["headers"]["host"]), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn vector_credentials_uri_addresses() {
    for vector in vectors(include_str!("../../../../tests/vectors/credentials-uri.json"), 6) {
        let (name, uri) = (text(&vector["name"]), text(&vector["input"]["uri"]));
        let variables = [("ALIBABA_CLOUD_CREDENTIALS_URI".to_owned(), uri.to_owned())].into();
        let (links, _) = chain_of(&Scratch::new(), &variables, None);
        let Ok(source) = &links[5].source else { panic!("{name}") };
        let SourceSettings::CredentialsUri { endpoint, target } = &**source else { panic!("{name}") };
        // The library writes an encoded blank anew, as `+`: the address goes out as it was given.
        let written = text(&vector["expected"]["request"]["target"]).replace('+', "%20");
        assert_eq!((target.expose(), endpoint.tls), (written.as_str(), false), "{name}");
        assert_eq!(endpoint.authority, text(&vector["expected"]["request"]["headers"]["host"]), "{name}");
    }
}

fn uri(uri: &str) -> Result<Box<SourceSettings>, String> {
    let variables = [("ALIBABA_CLOUD_CREDENTIALS_URI".to_owned(), uri.to_owned())].into();
    chain_of(&Scratch::new(), &variables, None).0.remove(5).source
}

#[test]
fn an_address_is_plain_only_on_this_machine_and_never_shown() {
    for good in ["https://vault.example:8443/c?x=1", "https://vault.example", "http://[::1]:80/c", "http://localhost?a"]
    {
        let source = uri(good).unwrap();
        assert!(!format!("{source:?}").contains("x=1"));
    }
    for bad in
        ["http://vault.example/c?hunter2", "ftp://h/hunter2", "h/hunter2", "https://u:hunter2@h/", "https://h/#hunter2"]
    {
        let reason = uri(bad).unwrap_err();
        assert!(reason.contains("https://host/path") && !reason.contains("hunter2"), "{reason}");
    }
}

#[test]
fn a_setuid_program_reads_neither_environment_nor_home() {
    let scratch = Scratch::new();
    home_file(
        &scratch,
        ".alibabacloud/credentials.ini",
        "[default]\ntype=access_key\naccess_key_id=i\naccess_key_secret=s",
    );
    let variables: Variables = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s"),
        ("ALIBABA_CLOUD_ECS_METADATA", "of-the-caller"),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let (links, _) = chain_of(&scratch, &variables, Some("this is a setuid program"));
    let (link, source) = first(&links).unwrap();
    assert_eq!(link, "ecs_ram_role");
    assert!(matches!(source, SourceSettings::EcsRamRole { role_name: None, .. }), "{source:?}");
    for link in links.iter().filter(|link| link.name != "ecs_ram_role") {
        assert!(link.source.as_ref().unwrap_err().contains("setuid"), "{link:?}");
    }
}

fn cli(json: &str) -> Result<Box<SourceSettings>, String> {
    let scratch = Scratch::new();
    home_file(&scratch, ".aliyun/config.json", json);
    chain_of(&scratch, &Variables::new(), None).0.remove(2).source
}

#[test]
fn profiles_that_assume_one_another_in_a_circle_are_refused() {
    let chained = |name: &str, source: &str| {
        format!(
            r#"{{"name":"{name}","mode":"ChainableRamRoleArn","source_profile":"{source}","ram_role_arn":"acs:ram::1:role/r"}}"#
        )
    };
    let circle = format!(r#"{{"current":"a","profiles":[{},{}]}}"#, chained("a", "b"), chained("b", "a"));
    let reason = cli(&circle).unwrap_err();
    assert!(reason.contains(r#""a", "b" assume one another in a circle"#), "{reason}");
    let names: Vec<String> = (0..20).map(|at| format!("p{at}")).collect();
    let row: Vec<String> = names.windows(2).map(|pair| chained(&pair[0], &pair[1])).collect();
    let reason = cli(&format!(r#"{{"current":"p0","profiles":[{}]}}"#, row.join(","))).unwrap_err();
    assert!(reason.contains("more than 8 profiles"), "{reason}");
}

#[test]
fn the_name_of_a_profile_is_shown_in_one_short_line() {
    for (name, shown) in [(r"a\nb\u3164", r#""a\nb\u{3164}""#), (&"x".repeat(100_000), "a text of 100000 characters")] {
        let missing = cli(&format!(r#"{{"current":"{name}"}}"#)).unwrap_err();
        let circle = r#""mode":"ChainableRamRoleArn","source_profile""#;
        let circle = cli(&format!(r#"{{"current":"{name}","profiles":[{{"name":"{name}",{circle}:"{name}"}}]}}"#));
        for reason in [missing, circle.unwrap_err()] {
            assert!(reason.contains(shown) && reason.len() < 400, "{reason}");
        }
    }
}

#[test]
fn the_other_modes_of_the_tool_are_read() {
    let of = |profile: &str| cli(&format!(r#"{{"current":"p","profiles":[{{"name":"p",{profile}}}]}}"#));
    let ecs = of(r#""mode":"EcsRamRole","ram_role_name":"web""#).unwrap();
    assert!(matches!(&*ecs, SourceSettings::EcsRamRole { role_name: Some(name), .. } if name == "web"), "{ecs:?}");
    let oidc = of(
        r#""mode":"OIDC","ram_role_arn":"acs:ram::1:role/r","oidc_provider_arn":"acs:ram::1:oidc-provider/p","oidc_token_file":"/t","sts_region":"cn-x","enable_vpc":true"#,
    )
    .unwrap();
    let SourceSettings::OidcRole { sts_endpoint, .. } = &*oidc else { panic!("{oidc:?}") };
    assert_eq!(sts_endpoint.authority, "sts-vpc.cn-x.aliyuncs.com");
    for (wrong, said) in [
        (r#""mode":"AK","access_key_id":"i""#, "access_key_secret"),
        (r#""mode":"AK","access_key_id":"a b","access_key_secret":"hunter2""#, "AccessKey id"),
        (r#""mode":"StsToken","access_key_id":"i","access_key_secret":"hunter2""#, "sts_token"),
        (r#""mode":"RamRoleArn","access_key_id":"i","access_key_secret":"hunter2","ram_role_arn":"x""#, "acs:ram"),
        (r#""mode":"EcsRamRole","ram_role_name":"../x""#, "RAM role"),
        (r#""mode":"CloudSSO","access_token":"hunter2""#, "none of AK"),
    ] {
        let reason = of(wrong).unwrap_err();
        assert!(reason.contains(said) && !reason.contains("hunter2"), "{reason}");
    }
    let reason = cli(r#"{"profiles": hunter2}"#).unwrap_err();
    assert!(reason.contains("line 1") && !reason.contains("hunter2"), "{reason}");
}

/// A profile of mode `External` in a process with these variables.
fn external(
    command: &str,
    variables: &[(&str, &str)],
    distrust: Option<&'static str>,
) -> Result<SourceSettings, String> {
    let scratch = Scratch::new();
    let profile = serde_json::json!({ "name": "p", "mode": "External", "process_command": command });
    let file = serde_json::json!({ "current": "p", "profiles": [profile] });
    home_file(&scratch, ".aliyun/config.json", &file.to_string());
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    chain_of(&scratch, &variables, distrust).0.remove(2).source.map(|source| *source)
}

const ALLOWED: (&str, &str) = ("KMSRAMCRED_ALLOW_EXTERNAL_PROCESS", "true");

#[test]
fn a_program_is_run_only_where_the_settings_allow_it() {
    let source = external("tool 'hunter 2'", &[ALLOWED], None).unwrap();
    assert!(source.runs_a_program() && !format!("{source:?}").contains("hunter"), "{source:?}");
    let SourceSettings::External { words, place } = source else { panic!("{source:?}") };
    assert_eq!(words.iter().map(SecretText::expose).collect::<Vec<_>>(), ["tool", "hunter 2"]);
    assert!(
        place.starts_with("the program of profile \"p\" in /") && place.ends_with(".aliyun/config.json"),
        "{place}"
    );
    for refused in [&[][..], &[("KMSRAMCRED_ALLOW_EXTERNAL_PROCESS", "false")], &[("allow_external_process", "true")]] {
        let reason = external("hunter2", refused, None).unwrap_err();
        for said in ["\"p\"", "External", "allow_external_process", "KMSRAMCRED_ALLOW_EXTERNAL_PROCESS", "is true"] {
            assert!(reason.contains(said) && !reason.contains("hunter2"), "{said} in {reason}");
        }
    }
    for (command, said) in [("", "has no process_command"), ("'hunter2", "process_command has a quote")] {
        let reason = external(command, &[ALLOWED], None).unwrap_err();
        assert!(reason.contains(said) && !reason.contains("hunter2"), "{reason}");
    }
}

#[test]
fn a_program_that_such_a_profile_runs_does_not_run_another() {
    for marker in ["1", ""] {
        let reason = external("tool", &[ALLOWED, ("KMSRAMCRED_IN_EXTERNAL", marker)], None).unwrap_err();
        assert!(reason.contains("KMSRAMCRED_IN_EXTERNAL is set"), "{reason}");
    }
}

#[test]
fn a_setuid_program_runs_nothing_even_where_its_own_settings_allow_it() {
    let scratch = Scratch::new();
    let file = r#"{"current":"p","profiles":[{"name":"p","mode":"External","process_command":"tool"}]}"#;
    home_file(&scratch, ".aliyun/config.json", file);
    let home = scratch.path().as_os_str().to_owned();
    let variable = |name: &str| (name == "HOME").then(|| home.clone());
    for (distrust, runs) in [(Some("this is a setuid program"), false), (None, true)] {
        let process = Process { variable: &variable, working_directory: None, user: Some(0), distrust };
        let mut builder = ConfigBuilder::default();
        builder.set("allow_external_process", "true").unwrap();
        builder.set("cache_client_region_id", r#"[{"regionId":"cn-x"}]"#).unwrap();
        let SourceSettings::Chain { links } = builder.build_of(&process).unwrap().source else { panic!() };
        assert_eq!(links.iter().any(|link| link.source.as_ref().is_ok_and(|source| source.runs_a_program())), runs);
    }
}

#[test]
fn a_role_may_be_asked_for_with_the_identity_that_a_program_prints() {
    let scratch = Scratch::new();
    let file = r#"{"current":"r","profiles":[
        {"name":"r","mode":"ChainableRamRoleArn","source_profile":"p","ram_role_arn":"acs:ram::1:role/r"},
        {"name":"p","mode":"External","process_command":"tool"}]}"#;
    home_file(&scratch, ".aliyun/config.json", file);
    let variables = [(ALLOWED.0.to_owned(), ALLOWED.1.to_owned())].into();
    let source = chain_of(&scratch, &variables, None).0.remove(2).source.unwrap();
    assert!(matches!(&*source, SourceSettings::AssumeRole { .. }) && source.runs_a_program(), "{source:?}");
}

#[test]
fn the_ini_file_may_lack_its_suffix_and_its_types_are_read() {
    let of = |section: &str| {
        let scratch = Scratch::new();
        home_file(&scratch, ".alibabacloud/credentials", &format!("; c\n[default]\n{section}\n[other]\ntype=x\n"));
        chain_of(&scratch, &Variables::new(), None).0.remove(3).source
    };
    let key =
        of("type = access_key\naccess_key_id = one\naccess_key_id = two # last\naccess_key_secret = a=b").unwrap();
    let SourceSettings::AccessKey { id, secret, .. } = &*key else { panic!("{key:?}") };
    assert_eq!((id.as_str(), secret.expose()), ("two", "a=b"));
    let ecs = of("type=ecs_ram_role\nrole_name=web").unwrap();
    assert!(matches!(*ecs, SourceSettings::EcsRamRole { .. }));
    let oidc = "type=oidc_role_arn\nrole_arn=acs:ram::1:role/r\noidc_provider_arn=acs:ram::1:oidc-provider/p\n";
    assert!(matches!(*of(&format!("{oidc}oidc_token_file_path=/t")).unwrap(), SourceSettings::OidcRole { .. }));
    assert!(of(oidc).unwrap_err().contains("oidc_token_file_path"));
    assert!(of("type=rsa_key_pair\nprivate_key_file=hunter2").unwrap_err().contains("none of access_key"));
}

#[test]
fn what_is_no_path_is_not_shown_in_the_place_of_one() {
    let scratch = Scratch::new();
    let set = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let variables: Variables = set(&[
        ("ALIBABA_CLOUD_CONFIG_FILE", "Zq8sECRET/value0123456"),
        ("ALIBABA_CLOUD_CREDENTIALS_FILE", "hunter2"),
        ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/p"),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "hunter2"),
    ]);
    let (links, config) = chain_of(&scratch, &variables, None);
    assert!(links[1].source.is_ok(), "the file may come later");
    let shown = format!("{config:?}");
    assert!(shown.contains("a value of 7 characters that names no file cannot be read"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("sECRET"), "{shown}");

    home_file(
        &scratch,
        ".aliyun/config.json",
        r#"{"profiles":[{"name":"","mode":"OIDC","ram_role_arn":"acs:ram::1:role/r","oidc_provider_arn":"acs:ram::1:oidc-provider/p","oidc_token_file":"/a\nb"}]}"#,
    );
    home_file(&scratch, ".alibabacloud/credentials", "[default]");
    let (links, _) = chain_of(&scratch, &Variables::new(), None);
    let reason = links[2].source.as_ref().unwrap_err();
    assert!(reason.contains("its OIDC token file is not the path of a file"), "{reason}");

    let (links, _) = chain_of(&scratch, &set(&[("ALIBABA_CLOUD_PROFILE", "Zq8sECRETvalue0123456")]), None);
    for (link, named) in [(2, "no profile a text of 21 characters"), (3, "no section a text of 21 characters")] {
        let reason = links[link].source.as_ref().unwrap_err();
        assert!(reason.ends_with(named), "{reason}");
    }
}

#[test]
fn no_program_is_run_for_a_file_that_others_may_write() {
    let scratch = Scratch::new();
    let file = r#"{"current":"p","profiles":[{"name":"p","mode":"External","process_command":"tool"}]}"#;
    home_file(&scratch, ".aliyun/config.json", file);
    let path = scratch.path().join(".aliyun/config.json");
    let variables = [(ALLOWED.0.to_owned(), ALLOWED.1.to_owned())].into_iter().collect();
    let profile = |mode| {
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        chain_of(&scratch, &variables, None).0.remove(2).source
    };
    assert!(profile(0o600).is_ok());
    let reason = profile(0o666).unwrap_err();
    assert!(reason.contains("no program is run for this file") && reason.contains("config.json"), "{reason}");
}
