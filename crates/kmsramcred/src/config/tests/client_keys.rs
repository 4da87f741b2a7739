//! ClientKeys: where their files and passwords may stand, for the source and for each instance.

use super::*;
use std::path::PathBuf;

/// What a process with these variables makes of a file.
fn config(file: &str, environment: &[(&str, &str)]) -> Result<Config, Error> {
    let variable =
        |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
    let process = Process { variable: &variable, ..Process::current() };
    builder(file, environment)?.build_of(&process)
}

fn files() -> (Scratch, PathBuf, PathBuf) {
    let scratch = Scratch::new();
    let key = scratch.file("clientKey_KAAP.json", r#"{"KeyId":"KAAP.x","PrivateKeyData":""}"#);
    let password = scratch.file("password.txt", "from the file\r\n");
    (scratch, key, password)
}

fn of_the_source(file: &str, environment: &[(&str, &str)]) -> Result<(String, String), Error> {
    let config = config(&format!("credentials_type=client_key\n{REGION}{file}"), environment)?;
    let SourceSettings::ClientKey(key) = &config.source else { panic!("{:?}", config.source) };
    Ok((key.password.expose().to_owned(), key.place.clone()))
}

#[test]
fn the_password_stands_in_a_file_a_variable_or_the_environment_itself() {
    let (_scratch, key, password) = files();
    let path = format!("client_key_private_key_path={}\n", key.display());
    let in_file = format!("client_key_password_from_file_path={}\n", password.display());
    let variables = [("APP_PASSWORD", "from the variable"), ("client_key_password", "itself")];
    for (more, expected) in [
        (format!("{in_file}client_key_password_from_env_variable=APP_PASSWORD"), "from the file"),
        ("client_key_password_from_env_variable=APP_PASSWORD".into(), "from the variable"),
        (String::new(), "itself"),
    ] {
        let (password, place) = of_the_source(&format!("{path}{more}"), &variables).unwrap();
        assert_eq!(password, expected);
        assert!(
            place.starts_with("client_key_private_key_path (line 3 of ") && place.contains("clientKey_KAAP"),
            "{place}"
        );
    }
}

#[test]
fn what_is_missing_or_unreadable_is_named() {
    let (scratch, key, _) = files();
    let path = format!("client_key_private_key_path={}\n", key.display());
    let empty = scratch.file("empty.txt", "\n");
    for (file, words) in [
        (String::new(), "client_key_private_key_path is not set"),
        (path.clone(), "found a file without a password"),
        (
            format!("{path}client_key_password_from_env_variable=NOT_THERE"),
            "`NOT_THERE`, which is not set in the environment",
        ),
        (
            format!("{path}client_key_password_from_file_path=/none/pw.txt"),
            "client_key_password_from_file_path (line 4",
        ),
        (format!("{path}client_key_password_from_file_path={}", empty.display()), "which is empty"),
        (
            "client_key_private_key_path=/none/key.json\nclient_key_password_from_env_variable=PW".into(),
            "/none/key.json",
        ),
    ] {
        let error = of_the_source(&file, &[("PW", "p")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn a_password_in_the_place_of_a_variables_name_is_not_shown() {
    let (_scratch, key, _) = files();
    for password in ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", "kQwErTyAbCdEfGhUiOpAsDfGhJkLzXcV", "hunter=2", "pass word"] {
        let file =
            format!("client_key_private_key_path={}\nclient_key_password_from_env_variable={password}", key.display());
        let error = of_the_source(&file, &[]).unwrap_err();
        assert!(!error.to_string().contains(password), "{error}");
    }
}

fn instances(members: &str, more: &str) -> Result<Config, Error> {
    config(
        &format!(
            "cache_client_dkms_config_info=[{{\"regionId\":\"cn-x\",\"endpoint\":\"https://kst-a.example/\",{members}}}]\n{more}"
        ),
        &[("APP_PASSWORD", "from the variable")],
    )
}

#[test]
fn an_instance_has_its_own_key_and_its_own_certificates() {
    let (scratch, key, password) = files();
    let ca = scratch.file("ca.pem", "");
    let members = format!(
        "\"clientKeyFile\":{key:?},\"passwordFromFilePath\":{password:?},\"caFilePath\":{ca:?},\"readTimeout\":5,\"x\":1"
    );
    let config = instances(&members, "").unwrap();
    let gateway = &config.gateways[0];
    assert_eq!(gateway.endpoint.to_string(), "https://kst-a.example");
    assert!(matches!(&gateway.ca, Some(Ca::File { path, .. }) if *path == ca));
    assert_eq!(gateway.client_key.as_ref().unwrap().password.expose(), "from the file");
    assert!(
        config.notices[0].contains("[0].readTimeout") && config.notices[0].contains("no effect"),
        "{:?}",
        config.notices
    );
    assert!(config.notices[1].contains("unknown member `x`"), "{:?}", config.notices);
    assert!(!format!("{config:?}").contains("from the file"));
}

#[test]
fn an_instances_password_stands_in_its_own_members_first() {
    let (_scratch, key, password) = files();
    let file = format!("\"clientKeyFile\":{key:?}");
    let whole = format!("client_key_password_from_file_path={}\n", password.display());
    for (members, more, expected) in [
        (format!("{file},\"passwordFromEnvVariable\":\"APP_PASSWORD\""), whole.as_str(), "from the variable"),
        (format!("{file},\"password\":\"in place\""), whole.as_str(), "in place"),
        (file.clone(), whole.as_str(), "from the file"),
        (r#""clientKeyContent":"{}","password":"p","ignoreSSL":true"#.to_owned(), "", "p"),
    ] {
        let config = instances(&members, more).unwrap();
        assert_eq!(config.gateways[0].client_key.as_ref().unwrap().password.expose(), expected);
        assert_eq!(config.gateways[0].ignore_ssl_certs, members.contains("ignoreSSL"));
    }
}

#[test]
fn a_password_file_may_be_named_by_another_key() {
    let (scratch, key, password) = files();
    let with = |name: &str, more: &str| {
        instances(&format!("\"clientKeyFile\":{key:?},\"passwordFromFilePathName\":\"{name}\""), more)
    };
    let named = |name: &str| format!("{name} = {}\nother_key=1\n", password.display());
    for name in ["my.password.path", "client_key_password_from_file_path"] {
        let config = with(name, &named(name)).unwrap();
        assert_eq!(config.gateways[0].client_key.as_ref().unwrap().password.expose(), "from the file", "{name}");
        let notices = config.notices.join(" ");
        assert!(notices.contains("other_key") && !notices.contains(name), "only the other one is unknown: {notices}");
    }
    let more = format!("my.path={}/none.txt", scratch.path().display());
    let error = with("my.path", &more).unwrap_err();
    assert!(error.message().contains("`my.path`, which says /") && error.message().contains("none.txt ("), "{error}");
    let error = with("Zq8sECRETvalue0123456", "").unwrap_err();
    assert!(error.message().contains("a text of 21 characters, which is not set"), "{error}");

    // Where the list is a variable the other key is one too, but not in a program that distrusts its caller.
    let list = format!(
        "[{{\"regionId\":\"cn-x\",\"endpoint\":\"kst-a.example\",\
         \"clientKeyFile\":{key:?},\"passwordFromFilePathName\":\"MY_PATH\"}}]"
    );
    let path = password.to_str().unwrap();
    let config = config("", &[("cache_client_dkms_config_info", &list), ("MY_PATH", path)]).unwrap();
    assert_eq!(config.gateways[0].client_key.as_ref().unwrap().password.expose(), "from the file");
    let variable = |name: &str| (name == "MY_PATH").then(|| OsString::from(path));
    let process = Process { variable: &variable, distrust: Some("this is a setuid program"), ..Process::current() };
    let mut builder = Config::builder();
    builder.set("cache_client_dkms_config_info", &list).unwrap();
    let error = builder.build_of(&process).unwrap_err();
    assert!(error.message().contains("`MY_PATH`, which is not set"), "{error}");
}

#[test]
fn certificates_may_stand_in_the_list() {
    let (scratch, key, _) = files();
    let with = |more: &str| instances(&format!("\"clientKeyFile\":{key:?},\"password\":\"p\",{more}"), "");
    let begin = "-----BEGIN CERTIFICATE-----";
    for end in [r"\n", r"\r\n", r"\\n"] {
        let config = with(&format!(r#""ca":"{begin}{end}aGk={end}""#)).unwrap();
        let Some(Ca::Text { pem, place }) = &config.gateways[0].ca else { panic!("{config:?}") };
        assert_eq!(pem.lines().collect::<Vec<_>>(), [begin, "aGk="], "{end}");
        assert!(place.starts_with("cache_client_dkms_config_info[0].ca (line 1 of "), "{place}");
        assert!(!format!("{config:?}").contains("aGk="));
    }
    let file = scratch.file("ca.pem", "");
    let config = with(&format!("\"ca\":\"{begin}\",\"caFilePath\":{file:?}")).unwrap();
    assert!(matches!(&config.gateways[0].ca, Some(Ca::File { path, .. }) if *path == file));
    assert!(config.notices[0].contains("[0].ca (") && config.notices[0].contains("beside caFilePath"));
}

#[test]
fn instances_are_tried_before_regions_and_need_no_other_identity() {
    let (_scratch, key, _) = files();
    let config = instances(&format!("\"clientKeyFile\":{key:?},\"password\":\"p\""), REGION).unwrap();
    let endpoints: Vec<_> = config.gateways.iter().map(|gateway| gateway.endpoint.authority.as_str()).collect();
    assert_eq!(endpoints, ["kst-a.example", "kms.cn-hangzhou.aliyuncs.com"]);
    assert!(config.gateways[1].client_key.is_none());
}

#[test]
fn a_wrong_instance_is_one_error_that_names_the_member() {
    let (_scratch, key, _) = files();
    for (members, place) in [
        ("\"ignoreSslCerts\":true".to_owned(), "[0].clientKeyFile"),
        (format!("\"clientKeyFile\":{key:?}"), "[0].passwordFromFilePath"),
        ("\"clientKeyFile\":\"/none/key.json\",\"password\":\"p\"".to_owned(), "[0].clientKeyFile"),
        (format!("\"clientKeyFile\":{key:?},\"passwordFromEnvVariable\":\"NO\""), "[0].passwordFromEnvVariable"),
        (format!("\"clientKeyFile\":{key:?},\"ca\":\"/etc/ca.pem\""), "[0].ca"),
        (format!("\"clientKeyFile\":{key:?},\"passwordFromFilePathName\":\"no\""), "[0].passwordFromFilePathName"),
        (format!("\"clientKeyFile\":{key:?},\"endpoint\":1"), "[0].endpoint"),
    ] {
        let error = instances(&members, "").unwrap_err();
        assert!(error.message().contains(&format!("cache_client_dkms_config_info{place} (line 1 of ")), "{error}");
    }
}
