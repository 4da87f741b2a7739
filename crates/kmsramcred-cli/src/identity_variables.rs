//! Environment variables that name an identity of Alibaba Cloud.
//!
//! In goes the name of a variable, out comes whether a program might take an identity, or a part of one, from it. A
//! program that is given an AccessKey must not join it with half of another one.

use std::ffi::OsStr;

/// The prefixes that Alibaba Cloud's SDKs and tools use, and the keys of a configuration of ours.
const PREFIXES: [&str; 5] = ["ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_", "credentials_", "client_key_"];

/// What is no identity behind the first three prefixes.
const OTHER: [&str; 13] = [
    "REGION",
    "REGION_ID",
    "ENDPOINT",
    "ENDPOINT_TYPE",
    "VPC_ENDPOINT_ENABLED",
    "LANGUAGE",
    "CONNECT_TIMEOUT",
    "READ_TIMEOUT",
    "RETRY_COUNT",
    "IMDSV1_DISABLED",
    "IMDSV1_DISABLE",
    "ECS_METADATA_DISABLED",
    "ECS_IMDSV2_ENABLE",
];

/// What the Alibaba Cloud CLI and the OSS tools read without a prefix, and the instances of ours, which bring ClientKeys.
const ALONE: [&str; 7] = [
    "cache_client_dkms_config_info",
    "ACCESS_KEY_ID",
    "ACCESS_KEY_SECRET",
    "SECURITY_TOKEN",
    "OSS_ACCESS_KEY_ID",
    "OSS_ACCESS_KEY_SECRET",
    "OSS_SESSION_TOKEN",
];

/// Whether a program might take an identity, or a part of one, from this variable.
pub(crate) fn names_an_identity(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let is_one_of = |names: &[&str], name: &[u8]| names.iter().any(|other| other.as_bytes() == name);
    if is_one_of(&ALONE, name) {
        return true;
    }
    let rest = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix.as_bytes()));
    rest.is_some_and(|rest| !is_one_of(&OTHER, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmsramcred::config::keys::{Group, KEYS};

    #[test]
    fn every_key_of_an_identity_is_told_by_its_variable() {
        for key in KEYS.iter().filter(|key| matches!(key.group, Group::Identity | Group::Instances)) {
            assert!(names_an_identity(key.variable().unwrap().as_ref()), "{}", key.name);
        }
        assert!(names_an_identity("client_key_password".as_ref()));
        assert!(names_an_identity("ALIBABA_CLOUD_ECS_METADATA".as_ref()));
    }

    #[test]
    fn what_official_programs_read_is_told_from_what_is_no_identity() {
        for name in [
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_CREDENTIALS_URI",
            "ALIBABA_CLOUD_ROLE_ARN",
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
            "ALIBABA_CLOUD_PROFILE",
            "ALIBABACLOUD_SECURITY_TOKEN",
            "ALICLOUD_SECRET_KEY",
            "SECURITY_TOKEN",
            "OSS_ACCESS_KEY_SECRET",
        ] {
            assert!(names_an_identity(name.as_ref()), "{name}");
        }
        for name in ["ALIBABA_CLOUD_REGION_ID", "ALICLOUD_REGION", "PATH", "MY_ACCESS_KEY_ID", "KMSRAMCRED_CONFIG", ""]
        {
            assert!(!names_an_identity(name.as_ref()), "{name}");
        }
    }
}
