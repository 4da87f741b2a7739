//! Stage 1 of 8, tests of the whole: what a file, an environment and a program together become.

mod client_keys;
mod secrecy;
mod wrong_values;

use super::process::Process;
use super::scratch::Scratch;
use super::*;
use crate::error::ErrorKind;
use std::ffi::OsString;

const REGION: &str = "cache_client_region_id=[{\"regionId\":\"cn-hangzhou\"}]\n";
const ACCESS_KEY: &str =
    "credentials_type=ak\ncredentials_access_key_id=LTAIfile\ncredentials_access_secret=fileSecret0\n";

fn builder(file: &str, environment: &[(&str, &str)]) -> Result<ConfigBuilder, Error> {
    let scratch = Scratch::new();
    let path = scratch.file("x.properties", file);
    let variable =
        |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
    let process = Process { variable: &variable, ..Process::current() };
    let mut builder = Config::builder();
    if !file.is_empty() {
        builder.file_of(Some(&path), &process)?;
    }
    builder.environment_of(&process)?;
    Ok(builder)
}

fn config(file: &str, environment: &[(&str, &str)]) -> Result<Config, Error> {
    builder(file, environment)?.build()
}

fn access_key_of(config: &Config) -> (&str, &str) {
    match &config.source {
        SourceSettings::AccessKey { id, secret, .. } => (id, secret.expose()),
        other => panic!("{other:?}"),
    }
}

fn origin<'a>(config: &'a Config, key: &str) -> &'a Origin {
    &config.origins.iter().find(|(name, _)| name == key).unwrap().1
}

#[test]
fn a_plain_file_becomes_a_config() {
    let text = format!("{ACCESS_KEY}{REGION}secret_names = a, b\nsignature=v1\ndead_key_codes=Unauthorized\n");
    let config = config(&text, &[]).unwrap();
    assert_eq!(access_key_of(&config), ("LTAIfile", "fileSecret0"));
    assert_eq!(config.gateways.len(), 1);
    assert_eq!(config.gateways[0].endpoint.to_string(), "https://kms.cn-hangzhou.aliyuncs.com");
    assert_eq!(config.signature, Signature::RpcV1);
    assert_eq!(config.prefetch, ["a", "b"]);
    assert_eq!(config.dead_key_codes, ["Unauthorized"]);
    assert_eq!(config.user_agent, None);
    assert!(config.notices.is_empty(), "{:?}", config.notices);
    assert!(matches!(origin(&config, "credentials_access_secret"), Origin::File { line: 3, .. }));
    assert_eq!(origin(&config, "settle_milliseconds"), &Origin::Default);
}

#[test]
fn the_public_ways_in_lead_to_the_same_config() {
    fn goes_anywhere<T: Send + Sync + Clone>(_: &T) {}
    let scratch = Scratch::new();
    let path = scratch.file("x.properties", format!("{ACCESS_KEY}{REGION}"));
    let config = Config::from_file(Some(&path)).unwrap();
    goes_anywhere(&config);
    assert_eq!(access_key_of(&config), ("LTAIfile", "fileSecret0"));
    assert_eq!(Config::from_env().unwrap_err().kind(), ErrorKind::ConfigMissing);
}

#[test]
fn the_program_goes_before_the_file_and_the_file_before_the_environment() {
    let environment = [
        ("credentials_type", "ak"),
        ("credentials_access_key_id", "LTAIenv"),
        ("credentials_access_secret", "envSecret0"),
        ("credentials_security_token", "envToken0"),
        ("KMSRAMCRED_USER_AGENT", "env"),
    ];
    let mut builder = builder(&format!("{ACCESS_KEY}{REGION}signature=v1"), &environment).unwrap();
    let both = builder.build().unwrap();
    assert_eq!(access_key_of(&both).0, "LTAIfile");
    assert!(matches!(both.source, SourceSettings::AccessKey { token: None, .. }));
    assert_eq!(both.user_agent.as_deref(), Some("env"));
    assert!(both.notices.iter().any(|notice| notice.contains("official")), "{:?}", both.notices);

    builder.set("signature", "acs3").unwrap().access_key("LTAIprogram", "programSecret0", None).unwrap();
    let all = builder.build().unwrap();
    assert_eq!(access_key_of(&all), ("LTAIprogram", "programSecret0"));
    assert_eq!(all.signature, Signature::Acs3);
    assert_eq!(origin(&all, "signature"), &Origin::Program);
    assert!(all.notices.is_empty(), "{:?}", all.notices);

    let environment_only = config(REGION, &environment).unwrap();
    assert_eq!(access_key_of(&environment_only).0, "LTAIenv");
}

#[test]
fn an_access_key_of_the_program_replaces_its_earlier_identity() {
    let mut builder = builder(REGION, &[]).unwrap();
    builder.set("credentials_type", "ecs_ram_role").unwrap().set("credentials_role_name", "r").unwrap();
    builder.access_key("id", "secret", Some("token")).unwrap();
    let config = builder.build().unwrap();
    assert_eq!(access_key_of(&config), ("id", "secret"));
    assert!(config.notices.is_empty());
}

#[test]
fn what_a_file_says_in_vain_is_noticed_once() {
    let text = format!(
        "{ACCESS_KEY}{REGION}credential_typ=x\nmonitor_period_milliseconds=1\nsignature=\nuser_agent=a\nuser_agent=b\nnonsense"
    );
    let config = config(&text, &[]).unwrap();
    assert_eq!(config.user_agent.as_deref(), Some("b"));
    // A later empty value takes the earlier one back.
    assert_eq!(self::config(&format!("{ACCESS_KEY}{REGION}user_agent=a\nuser_agent="), &[]).unwrap().user_agent, None);
    for (line, words) in [(5, "credentials_type"), (6, "no effect"), (7, "no value"), (9, "replaces"), (10, "no `=`")] {
        let said = |notice: &&String| notice.contains(&format!("line {line} of")) && notice.contains(words);
        assert_eq!(config.notices.iter().filter(said).count(), 1, "{line} {words}: {:?}", config.notices);
    }
    let many = format!("{ACCESS_KEY}{REGION}{}", "x=1\n".repeat(1000));
    assert_eq!(self::config(&many, &[]).unwrap().notices.len(), 21);
}

#[test]
fn unknown_keys_of_the_program_are_refused_with_the_nearest_known_one() {
    let mut builder = Config::builder();
    let error = builder.set("credential_type", "ak").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.message().contains("`credentials_type`"), "{error}");
    assert!(builder.set("signature", " ").is_err());
}

#[test]
fn nothing_is_a_missing_config() {
    for (file, environment) in
        [("", [].as_slice()), ("# only this\n", &[]), ("strange=1", &[]), ("", &[("signature", "")])]
    {
        assert_eq!(config(file, environment).unwrap_err().kind(), ErrorKind::ConfigMissing, "{file}");
    }
}

#[test]
fn a_config_remembers_whether_its_caller_is_trusted() {
    let builder = builder(&format!("{ACCESS_KEY}{REGION}"), &[]).unwrap();
    assert!(builder.build().unwrap().trusts_its_caller);
    let process = Process { distrust: Some("this is a setuid program"), ..Process::current() };
    assert!(!builder.build_of(&process).unwrap().trusts_its_caller);
}

#[test]
fn files_are_not_merged() {
    let mut builder = builder(REGION, &[]).unwrap();
    let error = builder.file_of(Some(Path::new("other")), &Process::current()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn the_environment_does_alone_only_where_nobody_named_a_file() {
    let scratch = Scratch::new();
    let identity = [
        ("credentials_type", "ak"),
        ("credentials_access_key_id", "LTAIenv"),
        ("credentials_access_secret", "envSecret0"),
        ("cache_client_region_id", "[{\"regionId\":\"cn-hangzhou\"}]"),
    ];
    let read = |environment: &[(&str, &str)], path: Option<&Path>| {
        let variable =
            |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        let directory = scratch.path().to_owned();
        let process = Process { variable: &variable, working_directory: Some(directory), ..Process::current() };
        Config::builder().file_if_any(path, &process)?.build_of(&process)
    };
    assert_eq!(access_key_of(&read(&identity, None).unwrap()).0, "LTAIenv");
    let elsewhere = [&identity[..], &[("KMSRAMCRED_CONFIG", "/nowhere/x.properties")]].concat();
    assert_eq!(read(&elsewhere, None).unwrap_err().kind(), ErrorKind::ConfigMissing);
    assert_eq!(read(&identity, Some(Path::new("/nowhere/x"))).unwrap_err().kind(), ErrorKind::ConfigMissing);
    assert_eq!(read(&[], None).unwrap_err().kind(), ErrorKind::ConfigMissing);
}

#[test]
fn an_error_tells_of_the_misspelt_key_that_may_have_been_meant() {
    let error = config("credential_type=ak\ncredentials_access_key_id=LTAIfile\n", &[]).unwrap_err();
    let text = error.message();
    assert!(text.contains("credentials_type is not set") && text.contains("found `credential_type`"), "{text}");
    let error = config("credentials_type=ak\ncredentials_access_key_id=LTAIfile\ncredentials_access_secret=\n", &[]);
    let text = error.unwrap_err().message().to_owned();
    assert!(text.contains("line 3") && text.contains("counts as not set"), "{text}");
}

#[test]
fn a_program_that_fetches_one_value_fetches_nothing_beforehand_and_names_its_budget() {
    let config =
        config(&format!("{ACCESS_KEY}{REGION}secret_names = a, b\nfetch_budget_milliseconds=7\n"), &[]).unwrap();
    assert_eq!(config.prefetch, ["a", "b"]);
    let kept = config.clone().for_one_fetch(None);
    assert!(kept.prefetch.is_empty());
    assert_eq!(kept.timing.fetch_budget, Duration::from_millis(7));
    let budget = |budget| config.clone().for_one_fetch(Some(budget)).timing.fetch_budget;
    assert_eq!(budget(Duration::from_secs(60)), Duration::from_secs(60));
    assert_eq!(budget(Duration::MAX), Duration::from_secs(3_600));
}
