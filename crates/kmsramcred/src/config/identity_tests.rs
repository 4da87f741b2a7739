use super::*;
use crate::config::keys;
use crate::config::layers::Layer;
use crate::config::origin::Origin;

fn identity(pairs: &[(&str, &str)]) -> (Result<SourceSettings, Error>, Vec<String>) {
    let mut layer = Layer::default();
    for (key, value) in pairs {
        layer.insert(Setting::new(keys::find(key).unwrap(), value, Origin::Program).unwrap());
    }
    let mut notices = Vec::new();
    let settings = Settings::choose(&layer, &Layer::default(), &Layer::default(), &mut notices);
    (read(&settings, &Process::current(), &mut notices), notices)
}

#[test]
fn an_access_key_is_read_and_not_shown() {
    let pairs = [
        ("credentials_type", "ak"),
        ("credentials_access_key_id", "LTAI5tExampleIdWXYZ"),
        ("credentials_access_secret", "hunter2"),
        ("credentials_security_token", "tok/en=="),
        ("credentials_role_arn", "acs:ram::1:role/x"),
    ];
    let (source, notices) = identity(&pairs);
    let source = source.unwrap();
    let SourceSettings::AccessKey { id, secret, token } = &source else { panic!("{source:?}") };
    assert_eq!((id.as_str(), secret.expose()), ("LTAI5tExampleIdWXYZ", "hunter2"));
    assert_eq!(token.as_ref().unwrap().expose(), "tok/en==");
    let shown = format!("{source:?}{notices:?}");
    for hidden in ["hunter2", "tok/en", "LTAI"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(notices[0].starts_with("credentials_role_arn"));
}

#[test]
fn an_ecs_role_may_come_from_its_standard_variable() {
    let (source, _) = identity(&[("credentials_type", "ecs_ram_role"), ("ALIBABA_CLOUD_ECS_METADATA", "role-1")]);
    let Ok(SourceSettings::EcsRamRole { role_name, metadata_endpoint, imdsv1_disabled }) = source else { panic!() };
    assert_eq!(role_name.as_deref(), Some("role-1"));
    assert_eq!(metadata_endpoint.to_string(), "http://100.100.100.200");
    assert!(!imdsv1_disabled);
}

#[test]
fn a_type_that_is_none_is_told_those_that_are() {
    for kind in ["AK", "x"] {
        let error = identity(&[("credentials_type", kind)]).0.unwrap_err();
        assert!(error.message().contains(TYPES_ALLOWED) && error.message().contains(kind), "{error}");
    }
    let error = identity(&[("credentials_access_key_id", "id")]).0.unwrap_err();
    assert!(error.message().contains("although credentials_access_key_id (set by the program) is"), "{error}");
}

#[test]
fn half_an_access_key_is_refused() {
    let error = identity(&[("credentials_type", "ak"), ("credentials_access_key_id", "id")]).0.unwrap_err();
    assert!(error.message().contains("credentials_access_secret is not set"), "{error}");
}

const BASE: [(&str, &str); 4] = [
    ("credentials_type", "sts"),
    ("credentials_access_key_id", "id"),
    ("credentials_access_secret", "hunter2"),
    ("credentials_role_arn", "acs:ram::1:role/web"),
];

#[test]
fn a_role_is_read_with_its_defaults_and_shown_without_secrets() {
    for kind in ["sts", "ram_role"] {
        let mut pairs = BASE.to_vec();
        pairs[0].1 = kind;
        let (source, notices) = identity(&pairs);
        let source = source.unwrap();
        assert!(notices.is_empty() && !format!("{source:?}").contains("hunter2"), "{source:?}");
        let SourceSettings::AssumeRole { role, external_id, sts_endpoint, .. } = source else { panic!() };
        assert_eq!((role.session_name.as_str(), role.duration_seconds), ("kmsramcred", 3600));
        assert_eq!((role.policy, external_id), (None, None));
        assert_eq!(sts_endpoint.to_string(), "https://sts.aliyuncs.com");
    }
}

#[test]
fn sts_is_where_it_is_set_or_in_the_region() {
    for (more, expected) in [
        (vec![("credentials_sts_endpoint", "sts.example:8443")], "https://sts.example:8443"),
        (vec![("ALIBABA_CLOUD_STS_REGION", "cn-shanghai")], "https://sts.cn-shanghai.aliyuncs.com"),
        (
            vec![("ALIBABA_CLOUD_STS_REGION", "cn-x"), ("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "TRUE")],
            "https://sts-vpc.cn-x.aliyuncs.com",
        ),
        (vec![("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true")], "https://sts.aliyuncs.com"),
    ] {
        let Ok(SourceSettings::AssumeRole { sts_endpoint, .. }) = identity(&[&BASE[..], &more].concat()).0 else {
            panic!("{more:?}")
        };
        assert_eq!(sts_endpoint.to_string(), expected);
    }
}

#[test]
fn each_wrong_part_of_a_role_is_named() {
    for (key, wrong) in [
        ("credentials_role_arn", "web"),
        ("credentials_role_session_name", "a b"),
        ("credentials_duration_seconds", "60"),
        ("credentials_policy", "[]"),
        ("credentials_sts_endpoint", "http://sts.example"),
        ("ALIBABA_CLOUD_STS_REGION", "a/b"),
        ("credentials_external_id", "a b"),
    ] {
        let error = identity(&[&BASE[..], &[(key, wrong)]].concat()).0.unwrap_err();
        assert!(error.message().starts_with(&format!("{key} (")) && error.message().contains("allowed"), "{error}");
    }
}

#[test]
fn an_oidc_role_may_come_from_the_standard_variables() {
    let standard = [
        ("credentials_type", "oidc_role_arn"),
        ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/web"),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/ack"),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/var/run/token"),
        ("ALIBABA_CLOUD_ROLE_SESSION_NAME", "pod"),
    ];
    let Ok(SourceSettings::OidcRole { role, token_file, .. }) = identity(&standard).0 else { panic!() };
    assert_eq!((role.session_name.as_str(), token_file.path().to_str()), ("pod", Some("/var/run/token")));
    let error = identity(&standard[..3]).0.unwrap_err();
    assert!(error.message().contains("credentials_oidc_token_file_path is not set"), "{error}");
    let own = [&standard[..], &[("credentials_role_session_name", "own")]].concat();
    let Ok(SourceSettings::OidcRole { role, .. }) = identity(&own).0 else { panic!() };
    assert_eq!(role.session_name, "own");
}

#[test]
fn a_token_is_a_pair_that_signs_like_an_access_key() {
    let pairs =
        [("credentials_type", "token"), ("credentials_access_token_id", "id"), ("credentials_access_token", "hunter2")];
    let Ok(SourceSettings::AccessKey { id, secret, token: None }) = identity(&pairs).0 else { panic!() };
    assert_eq!((id.as_str(), secret.expose()), ("id", "hunter2"));
    assert!(identity(&pairs[..2]).0.unwrap_err().message().contains("credentials_access_token is not set"));
}
