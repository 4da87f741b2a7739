//! Which refusals say that the key is dead, as data.

/// One row: a code (or, where a service sends none, a status) that says "this AccessKey is not usable".
struct DeadKeyRule {
    /// The family of services it holds for; empty for all.
    family: &'static str,
    /// The exact error code; empty for an answer without one.
    code: &'static str,
    /// The HTTP status that must stand beside it; only looked at where there is no code.
    http_status: Option<u16>,
}

const fn code(code: &'static str) -> DeadKeyRule {
    DeadKeyRule { family: "", code, http_status: None }
}

/// Codes as documented for Alibaba Cloud's RPC, ROA and Tea services and for OSS. Not here on purpose: a wrong
/// signature, a wrong clock, a missing permission, throttling, and `Unauthorized`, which some services send for a
/// missing permission.
const TABLE: [DeadKeyRule; 5] = [
    code("InvalidAccessKeyId"),
    code("InvalidAccessKeyId.NotFound"),
    code("InvalidAccessKeyId.Inactive"),
    code("Forbidden.AccessKeyDisabled"),
    // A HEAD request to OSS: no body, and older servers send no `x-oss-err` header either.
    DeadKeyRule { family: "oss", code: "", http_status: Some(403) },
];

/// The table, with the codes that the configuration adds.
#[derive(Debug, Clone, Default)]
pub struct DeadKeys {
    more_codes: Vec<String>,
}

impl DeadKeys {
    /// The built-in table and `more_codes`.
    pub fn with(more_codes: Vec<String>) -> DeadKeys {
        DeadKeys { more_codes }
    }

    /// Whether this answer of `service` says that the key is dead.
    pub fn says_dead(&self, service: &str, code: &str, http_status: Option<u16>) -> bool {
        TABLE.iter().any(|rule| {
            (rule.family.is_empty() || rule.family.eq_ignore_ascii_case(service))
                && rule.code == code
                && (!code.is_empty() || rule.http_status == http_status)
        }) || (!code.is_empty() && self.more_codes.iter().any(|more| more == code))
    }
}

#[cfg(all(test, not(kmsramcred_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_documented_codes_are_dead_keys_everywhere() {
        let table = DeadKeys::default();
        for code in [
            "InvalidAccessKeyId",
            "InvalidAccessKeyId.NotFound",
            "InvalidAccessKeyId.Inactive",
            "Forbidden.AccessKeyDisabled",
        ] {
            for status in [None, Some(400), Some(403), Some(404)] {
                assert!(table.says_dead("Ecs", code, status), "{code}");
                assert!(table.says_dead("oss", code, status), "{code}");
            }
        }
    }

    #[test]
    fn what_is_not_about_the_key_is_not_in_the_table() {
        let table = DeadKeys::default();
        for code in [
            "SignatureDoesNotMatch",
            "InvalidTimeStamp.Expired",
            "NoPermission",
            "Throttling.User",
            "Unauthorized",
            "AccessDenied",
            "RequestTimeTooSkewed",
            "InvalidSecurityToken.Expired",
        ] {
            assert!(!table.says_dead("Ecs", code, Some(403)), "{code}");
        }
    }

    #[test]
    fn a_status_counts_only_where_there_is_no_code() {
        let table = DeadKeys::default();
        assert!(table.says_dead("OSS", "", Some(403)));
        assert!(!table.says_dead("oss", "", Some(404)));
        assert!(!table.says_dead("oss", "AccessDenied", Some(403)));
        assert!(!table.says_dead("Ecs", "", Some(403)));
    }

    #[test]
    fn the_configuration_adds_codes() {
        let table = DeadKeys::with(vec!["Unauthorized".to_owned()]);
        assert!(table.says_dead("Ecs", "Unauthorized", Some(401)));
        assert!(!table.says_dead("Ecs", "", None));
    }

    #[test]
    fn recorded_refusals_of_oss_are_dead_keys_by_their_code_alone() {
        for file in ["oss-errors-oss2.json", "oss-errors-ossv2.json"] {
            let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
            let vectors: Vec<serde_json::Value> =
                serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            assert!(vectors.len() >= 6, "{file}");
            for vector in vectors {
                let code = vector["expected"]["code"].as_str().unwrap();
                let status = u16::try_from(vector["expected"]["status"].as_u64().unwrap()).unwrap();
                let dead = DeadKeys::default().says_dead("oss", code, Some(status));
                assert_eq!(dead, code == "InvalidAccessKeyId", "{}", vector["name"]);
            }
        }
    }
}
