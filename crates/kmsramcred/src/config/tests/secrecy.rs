//! Stage 1 of 8, tests: whatever is wrong and wherever a secret was put, nothing that can be printed shows it.

use super::*;
use proptest::prelude::*;

const OIDC: &str = "credentials_role_arn=acs:ram::1:role/r\ncredentials_oidc_provider_arn=acs:ram::1:oidc-provider/p\n";
const SECRET: &str = "Zq8sECRETvalue0123456789abcdef";

/// Everything of a configuration that can be printed.
fn printed(file: &str, environment: &[(&str, &str)]) -> String {
    match builder(file, environment) {
        Err(error) => format!("{error} {error:?}"),
        Ok(builder) => format!(
            "{builder:?} {}",
            match builder.build() {
                Err(error) => format!("{error} {error:?}"),
                Ok(config) => format!("{config:?} {config:#?} {:?}", config.notices),
            }
        ),
    }
}

/// One of the names of the table that pass `filter`.
fn name_of(filter: fn(&keys::Key) -> bool) -> impl Strategy<Value = &'static str> {
    let names: Vec<_> = keys::KEYS.iter().filter(|key| filter(key)).map(|key| key.name).collect();
    prop::sample::select(names)
}

fn holds_a_secret(key: &keys::Key) -> bool {
    key.kind == keys::Kind::Secret
}

/// Whether a value of the key is refused or hidden when it looks like a secret. The others are names and words that a
/// Config may show.
fn refuses_a_secret(key: &keys::Key) -> bool {
    let shown = ["secret_names", "dead_key_codes", "user_agent", "credentials_role_name", "ALIBABA_CLOUD_ECS_METADATA"];
    !shown.contains(&key.name)
}

const BEFORE: [&str; 4] =
    ["", ACCESS_KEY, "credentials_type=ak\ncredentials_access_key_id=i\n", "credentials_type=x\n"];
const SEPARATOR: [&str; 9] = ["=", " = ", ":", " ", "", "=\u{1}", "=a b", "=\\\n", "\\\n="];
const END: [&str; 8] = ["", "==", "\\", "\u{7}", "\"", " x", "=\n", "\\\nnext"];
const AFTER: [&str; 4] = ["", REGION, "\ncache_client_region_id=[{", "\n\n"];
const WRAP: [&str; 5] = ["", "[", "[{\"", "[{\"regionId\":\"", "[{\"endpoint\":\""];

proptest! {
    #[test]
    fn a_secret_is_never_printed(
        before in prop::sample::select(&BEFORE[..]),
        key in name_of(holds_a_secret),
        separator in prop::sample::select(&SEPARATOR[..]),
        end in prop::sample::select(&END[..]),
        after in prop::sample::select(&AFTER[..]),
    ) {
        let file = format!("{before}{key}{separator}{SECRET}{end}\n{after}");
        let shown = printed(&file, &[]);
        prop_assert!(!shown.contains(SECRET), "{}", shown);
        let shown = printed(REGION, &[("credentials_type", "ak"), (key, &format!("{SECRET}{end}"))]);
        prop_assert!(!shown.contains(SECRET), "{}", shown);
    }

    #[test]
    fn no_secret_of_any_letters_is_printed(key in name_of(holds_a_secret), secret in "[!-~]{12,40}") {
        let shown = printed(&format!("{ACCESS_KEY}{REGION}{key}={secret}"), &[(key, &secret)]);
        prop_assert!(!shown.contains(&secret), "{}", shown);
    }

    #[test]
    fn a_secret_in_the_place_of_another_value_is_not_printed(
        key in name_of(refuses_a_secret),
        kind in prop::sample::select(&["", "credentials_type=ecs_ram_role\n", ACCESS_KEY][..]),
        wrap in prop::sample::select(&WRAP[..]),
    ) {
        let shown = printed(&format!("{kind}{REGION}{key}={wrap}{SECRET}"), &[]);
        prop_assert!(!shown.contains(SECRET), "{}", shown);
    }

    #[test]
    fn a_secret_in_the_place_of_a_path_is_not_printed(
        key in name_of(|key| key.kind == keys::Kind::Path),
        member in prop::sample::select(&["clientKeyFile", "passwordFromFilePath", "caFilePath"][..]),
        secret in "[A-Z][a-z][0-9][A-Za-z0-9+/]{20,40}={0,2}|[!-.0-~]{8,40}",
    ) {
        for kind in ["client_key", "oidc_role_arn"] {
            let shown = printed(&format!("{REGION}{OIDC}credentials_type={kind}\n{key}={secret}"), &[]);
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }
        let member = serde_json::json!([{ "regionId": "cn-x", "endpoint": "kst-a.example", member: secret }]);
        let shown = printed(&format!("{ACCESS_KEY}cache_client_dkms_config_info={member}"), &[]);
        prop_assert!(!shown.contains(&secret), "{}", shown);
    }

    #[test]
    fn any_bytes_are_a_config_or_an_error(
        text in "(credentials_type=ak\n|cache_client_region_id=|[\\[\\]{}\":,=\\\\\n #a-z0-9])*",
    ) {
        let _ = config(&text, &[]);
    }
}

#[test]
fn the_access_key_of_the_program_is_never_printed() {
    let mut builder = Config::builder();
    builder.set("cache_client_region_id", "[{\"regionId\":\"cn-x\"}]").unwrap();
    for (id, secret, token) in
        [("i", "", None), ("i\n", SECRET, None), ("i", SECRET, Some("\u{7}")), (SECRET, SECRET, Some(SECRET))]
    {
        let shown = match builder.access_key(id, secret, token) {
            Ok(builder) => format!("{builder:?} {:?}", builder.build()),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains(SECRET), "{shown}");
    }
    assert!(!Config::builder().set(SECRET, SECRET).unwrap_err().to_string().contains(SECRET));
}
