//! Who asks, and whom: a source of the identity and the gateways, as settings of a client.

use kms_emulator::{Caller, Emulator, Options, Ready};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Parts of every secret text: none may be seen.
pub(crate) const NEVER_SHOWN: &str = "NEVER-SHOWN";
const CALLER: (&str, &str) = ("LTAI5tEXAMPLECALLER", "NEVER-SHOWN-caller");
/// The OIDC token that every emulator accepts.
pub(crate) const TOKEN: &str = "header.NEVER-SHOWN.signature";
const CLIENT_KEY: &str = "KAAP.00000000-0000-4000-8000-00000000000d";

/// One source with its gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// An AccessKey at the shared gateway.
    AccessKey,
    /// The same at a KMS instance.
    AccessKeyAtInstance,
    /// A ClientKey at the shared gateway.
    ClientKey,
    /// The same at a KMS instance, in its own protocol.
    ClientKeyAtInstance,
    /// The same, and the shared gateway behind it.
    InstanceThenRegion,
    /// The role of an ECS instance.
    EcsRamRole,
    /// The same with version 2 of the metadata service alone.
    EcsRamRoleWithToken,
    /// A role that an AccessKey assumes.
    RamRole,
    /// A role that an OIDC token stands for.
    OidcRole,
    /// The credentials URI, by the default chain.
    CredentialsUri,
}

/// A client's world.
pub(crate) struct Setup {
    pub(crate) emulator: Emulator,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) environment: Vec<(String, String)>,
    /// Ends the identity that was lent, so that the next fetch asks for another one.
    pub(crate) revoke: Option<&'static str>,
}

impl Group {
    /// All, in the order of the page.
    pub(crate) const ALL: [Group; 10] = [
        Group::AccessKey,
        Group::AccessKeyAtInstance,
        Group::ClientKey,
        Group::ClientKeyAtInstance,
        Group::InstanceThenRegion,
        Group::EcsRamRole,
        Group::EcsRamRoleWithToken,
        Group::RamRole,
        Group::OidcRole,
        Group::CredentialsUri,
    ];

    /// The heading on the page.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Group::AccessKey => "AccessKey (`ak`), shared gateway",
            Group::AccessKeyAtInstance => "AccessKey (`ak`), KMS instance as `cache_client_region_id`",
            Group::ClientKey => "ClientKey (`client_key`), shared gateway",
            Group::ClientKeyAtInstance => "ClientKey, KMS instance (`cache_client_dkms_config_info`)",
            Group::InstanceThenRegion => "KMS instance with a ClientKey, then the shared gateway with an AccessKey",
            Group::EcsRamRole => "Role of the ECS instance (`ecs_ram_role`), shared gateway",
            Group::EcsRamRoleWithToken => "The same with `ALIBABA_CLOUD_IMDSV1_DISABLED=true`",
            Group::RamRole => "Assumed role (`sts`), shared gateway",
            Group::OidcRole => "OIDC role (`oidc_role_arn`), shared gateway",
            Group::CredentialsUri => "Credentials URI (default chain), shared gateway",
        }
    }

    /// Makes the world of a client. `token_file` holds [`TOKEN`].
    pub(crate) fn set_up(self, token_file: &Path) -> Result<Setup, String> {
        let callers = vec![Caller::new(CALLER.0, CALLER.1)];
        let options = Options { callers, role: Some("robot".to_owned()), ..Options::default() };
        let emulator = Emulator::try_start(options).map_err(|why| format!("no emulator: {why}"))?;
        let post = |path: &str, body: Value| {
            let answer = emulator.control("POST", path, body);
            if answer.get("error").is_some() { Err(format!("{path}: {answer}")) } else { Ok(answer) }
        };
        post("/secrets", json!({"name": "s", "access_key_id": "LTAI5tEXAMPLE", "access_key_secret": NEVER_SHOWN}))?;
        let certificate = fixture("cert.pem");
        let certificate = std::fs::read_to_string(&certificate).map_err(|why| format!("{certificate:?}: {why}"))?;
        post("/client-keys", json!({"key_id": CLIENT_KEY, "certificate": certificate}))?;
        let role = post("/roles", json!({"name": "app"}))?["arn"].as_str().unwrap_or_default().to_owned();
        let provider =
            post("/oidc-providers", json!({"name": "cluster"}))?["arn"].as_str().unwrap_or_default().to_owned();
        post("/oidc-providers/cluster/tokens", json!({"token": TOKEN}))?;
        post("/credentials-uri", json!({"role": "app"}))?;

        let ready = emulator.ready().clone();
        let (settings, revoke) = self.settings(&ready, &role, &provider, token_file);
        let mut environment = vec![("SSL_CERT_FILE".to_owned(), ready.ca_path.display().to_string())];
        if self == Group::CredentialsUri {
            environment.push(("ALIBABA_CLOUD_CREDENTIALS_URI".to_owned(), ready.credentials_uri));
            environment.push(("ALIBABA_CLOUD_ECS_METADATA_DISABLED".to_owned(), "true".to_owned()));
        }
        let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Ok(Setup { emulator, settings, environment, revoke })
    }

    fn settings(
        self,
        ready: &Ready,
        role: &str,
        provider: &str,
        token_file: &Path,
    ) -> (Vec<(&'static str, String)>, Option<&'static str>) {
        let of = |kind: &str| ("credentials_type", kind.to_owned());
        let region = |host: &str, ca: &Path| {
            let list = json!([{"regionId": "cn-hangzhou", "endpoint": host, "caFilePath": ca}]);
            ("cache_client_region_id", list.to_string())
        };
        let shared = || region(&ready.kms_host, &ready.ca_path);
        let access_key = || {
            let (id, secret) = CALLER;
            [("credentials_access_key_id", id.to_owned()), ("credentials_access_secret", secret.to_owned())]
        };
        let instance = || {
            let list = json!([{
                "regionId": "cn-hangzhou", "endpoint": ready.dedicated_host, "caFilePath": ready.dedicated_ca_path,
                "clientKeyFile": key_file(), "passwordFromFilePath": password_file(),
            }]);
            ("cache_client_dkms_config_info", list.to_string())
        };
        let sts = || ("credentials_sts_endpoint", ready.sts_host.clone());
        let arn = || ("credentials_role_arn", role.to_owned());
        let metadata = || vec![shared(), of("ecs_ram_role"), ("ecs_metadata_endpoint", ready.metadata.clone())];
        let with = |mut some: Vec<(&'static str, String)>, more: [(&'static str, String); 2]| {
            some.extend(more);
            some
        };
        match self {
            Group::AccessKey => (with(vec![shared(), of("ak")], access_key()), None),
            Group::AccessKeyAtInstance => {
                let dedicated = region(&ready.dedicated_host, &ready.dedicated_ca_path);
                (with(vec![dedicated, of("ak")], access_key()), None)
            }
            Group::ClientKey => {
                let file = ("client_key_private_key_path", key_file().display().to_string());
                let password = ("client_key_password_from_file_path", password_file().display().to_string());
                (vec![shared(), of("client_key"), file, password], None)
            }
            Group::ClientKeyAtInstance => (vec![instance()], None),
            Group::InstanceThenRegion => (with(vec![instance(), shared(), of("ak")], access_key()), None),
            Group::EcsRamRole => (metadata(), Some("/metadata/rotate")),
            Group::EcsRamRoleWithToken => {
                let mut settings = metadata();
                settings.push(("ALIBABA_CLOUD_IMDSV1_DISABLED", "true".to_owned()));
                (settings, Some("/metadata/rotate"))
            }
            Group::RamRole => (with(vec![shared(), of("sts"), sts(), arn()], access_key()), Some("/roles/app/revoke")),
            Group::OidcRole => {
                let provider = ("credentials_oidc_provider_arn", provider.to_owned());
                let file = ("credentials_oidc_token_file_path", token_file.display().to_string());
                (vec![shared(), of("oidc_role_arn"), sts(), arn(), provider, file], Some("/roles/app/revoke"))
            }
            Group::CredentialsUri => (vec![shared()], Some("/roles/app/revoke")),
        }
    }
}

fn fixture(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/fixtures/clientkey-d").join(file)
}

fn key_file() -> PathBuf {
    fixture(&format!("clientKey_{CLIENT_KEY}.json"))
}

fn password_file() -> PathBuf {
    fixture(&format!("clientKey_{CLIENT_KEY}_Password.txt"))
}
