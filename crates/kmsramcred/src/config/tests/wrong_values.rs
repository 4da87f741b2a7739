//! Stage 1 of 8, tests: what every wrong value is answered with.

use super::*;

#[test]
fn every_wrong_value_gives_an_error_naming_file_line_and_key() {
    let region = |members: &str| format!("cache_client_region_id=[{{\"regionId\":\"cn-x\",{members}}}]");
    let ecs = "credentials_type=ecs_ram_role\n";
    let ak = "credentials_type=ak\ncredentials_access_secret=s\n";
    let cases: Vec<(String, &str, usize)> = vec![
        ("credentials_type=AK".into(), "credentials_type", 1),
        ("credentials_type=client_key".into(), "client_key_private_key_path", 1),
        ("credentials_type: ak".into(), "credentials_type", 1),
        (format!("{ak}credentials_access_key_id=\"quoted\""), "credentials_access_key_id", 3),
        (format!("{ak}credentials_access_key_id=a,b"), "credentials_access_key_id", 3),
        (
            "credentials_type=ak\ncredentials_access_key_id=i\ncredentials_access_secret=a\u{1}b".into(),
            "credentials_access_secret",
            3,
        ),
        (
            "credentials_type=ak\ncredentials_access_key_id=i\ncredentials_access_secret=a b".into(),
            "credentials_access_secret",
            3,
        ),
        (
            format!("{ak}credentials_access_key_id=i\ncredentials_security_token=a\u{7f}"),
            "credentials_security_token",
            4,
        ),
        ("credentials_type=ak\ncredentials_access_key_id=i".into(), "credentials_access_secret", 1),
        (format!("{ecs}credentials_role_name=a/b"), "credentials_role_name", 2),
        (format!("{ecs}credentials_role_name=.."), "credentials_role_name", 2),
        (format!("{ecs}ALIBABA_CLOUD_ECS_METADATA=a b"), "ALIBABA_CLOUD_ECS_METADATA", 2),
        (format!("{ecs}ALIBABA_CLOUD_IMDSV1_DISABLED=yes"), "ALIBABA_CLOUD_IMDSV1_DISABLED", 2),
        (format!("{ecs}ecs_metadata_endpoint=http://metadata.example"), "ecs_metadata_endpoint", 2),
        ("cache_client_dkms_config_info=[{}]".into(), "cache_client_dkms_config_info", 1),
        (format!("{ACCESS_KEY}{REGION}https_proxy=https://proxy"), "https_proxy", 5),
        (format!("{ACCESS_KEY}{REGION}socks5_proxy=http://proxy"), "socks5_proxy", 5),
        (format!("{ACCESS_KEY}{REGION}no_proxy=a..b"), "no_proxy", 5),
        (format!("{ACCESS_KEY}cache_client_region_id=cn-hangzhou"), "cache_client_region_id", 4),
        (format!("{ACCESS_KEY}cache_client_region_id={{}}"), "cache_client_region_id", 4),
        (format!("{ACCESS_KEY}cache_client_region_id=[]"), "cache_client_region_id", 4),
        (format!("{ACCESS_KEY}cache_client_region_id=[\"cn-x\"]"), "cache_client_region_id[0]", 4),
        (format!("{ACCESS_KEY}cache_client_region_id=[{{}}]"), "cache_client_region_id[0].regionId", 4),
        (format!("{ACCESS_KEY}cache_client_region_id=[{{\"regionId\":1}}]"), "cache_client_region_id[0].regionId", 4),
        (
            format!("{ACCESS_KEY}cache_client_region_id=[{{\"regionId\":\"a.b\"}}]"),
            "cache_client_region_id[0].regionId",
            4,
        ),
        (
            format!("{ACCESS_KEY}cache_client_region_id=[{{\"regionId\":\"a\\r\\nb\"}}]"),
            "cache_client_region_id[0].regionId",
            4,
        ),
        (format!("{ACCESS_KEY}cache_client_region_id=[{{}},{{}}]"), "cache_client_region_id", 4),
        (format!("{ACCESS_KEY}{}", region("\"vpc\":\"maybe\"")), "cache_client_region_id[0].vpc", 4),
        (format!("{ACCESS_KEY}{}", region("\"vpc\":1")), "cache_client_region_id[0].vpc", 4),
        (
            format!("{ACCESS_KEY}{}", region("\"endpoint\":\"http://kms.example\"")),
            "cache_client_region_id[0].endpoint",
            4,
        ),
        (format!("{ACCESS_KEY}{}", region("\"endpoint\":\"a/b\"")), "cache_client_region_id[0].endpoint", 4),
        (
            format!("{ACCESS_KEY}{}", region("\"caFilePath\":\"/none/ca.pem\"")),
            "cache_client_region_id[0].caFilePath",
            4,
        ),
        (format!("{ACCESS_KEY}{}", region("\"ignoreSslCerts\":[]")), "cache_client_region_id[0].ignoreSslCerts", 4),
        (format!("{ACCESS_KEY}{REGION}signature=hmac"), "signature", 5),
        (format!("{ACCESS_KEY}{REGION}call_budget_milliseconds=-1"), "call_budget_milliseconds", 5),
        (format!("{ACCESS_KEY}{REGION}fetch_budget_milliseconds=0"), "fetch_budget_milliseconds", 5),
        (format!("{ACCESS_KEY}{REGION}settle_milliseconds=10s"), "settle_milliseconds", 5),
        (format!("{ACCESS_KEY}{REGION}max_stale_milliseconds=0"), "max_stale_milliseconds", 5),
        (format!("{ACCESS_KEY}{REGION}rotation_interval=daily"), "rotation_interval", 5),
        (format!("{ACCESS_KEY}{REGION}delay_interval=1.5"), "delay_interval", 5),
        (format!("{ACCESS_KEY}{REGION}secret_names=a\u{1b}"), "secret_names[0]", 5),
        (format!("{ACCESS_KEY}{REGION}dead_key_codes=A B"), "dead_key_codes[0]", 5),
        (format!("{ACCESS_KEY}{REGION}user_agent=a\u{b}b"), "user_agent", 5),
    ];
    for (text, key, line) in cases {
        // The identity is read first, the regions second.
        let error = config(&text, &[]).expect_err(&text);
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{text}: {error}");
        let message = error.message();
        assert!(message.starts_with(key), "{text}: {message}");
        assert!(message.contains(&format!("line {line} of ")) && message.contains("x.properties"), "{text}: {message}");
        assert!(message.contains("allowed: ") || message.contains("needs it"), "{text}: {message}");
        assert!(message.ends_with('.') && !message.chars().any(char::is_control), "{text}: {message:?}");
    }
}
