//! Stage 1 of 8: `cache_client_region_id` becomes the settings of the shared gateways.
//!
//! In goes a JSON list of regions, out comes where each of them is and how its certificate is checked. A CA file is only
//! looked for here; what it holds is the business of whoever speaks TLS. Knows no sockets.

use super::ca::{self, Ca};
use super::client_key::ClientKeySettings;
use super::element::{self, Element};
use super::endpoint::{self, Endpoint};
use super::layers::Settings;
use super::process::Process;
use crate::error::Error;

/// One gateway.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// The region, such as `cn-hangzhou`; it can be part of a host name.
    pub region_id: String,
    /// Where the gateway is.
    pub endpoint: Endpoint,
    /// The certificates to trust instead of the system's.
    pub ca: Option<Ca>,
    /// Whether its certificate is not checked at all.
    pub ignore_ssl_certs: bool,
    /// The ClientKey of its own with which it is asked in the protocol of KMS instances; without one it is asked as the shared
    /// gateway is, as the identity of the source.
    pub client_key: Option<ClientKeySettings>,
}

const KEY: &str = "cache_client_region_id";
const MEMBERS: [&str; 5] = ["regionId", "endpoint", "vpc", "caFilePath", "ignoreSslCerts"];
pub(super) const LIST: &str = "a list of regions such as [{\"regionId\":\"cn-hangzhou\"}]; \
     a value over several lines needs a `\\` at the end of every line but its last";

/// Reads the gateways; none where the key is not set.
pub(super) fn read(
    settings: &Settings,
    process: &Process,
    notices: &mut Vec<String>,
) -> Result<Vec<GatewaySettings>, Error> {
    let Some(setting) = settings.get(KEY) else { return Ok(Vec::new()) };
    element::each(setting, LIST, |element| gateway(&element, process, notices))
}

fn gateway(element: &Element<'_>, process: &Process, notices: &mut Vec<String>) -> Result<GatewaySettings, Error> {
    let region_id = element.region()?;
    let vpc = element.flag("vpc")?.unwrap_or(false);
    let named = element.text("endpoint", endpoint::GATEWAY)?;
    let host = named.map(str::to_owned).unwrap_or_else(|| {
        let network = if vpc { "kms-vpc" } else { "kms" };
        format!("{network}.{region_id}.aliyuncs.com")
    });
    let endpoint = element.endpoint(&host)?;
    let ca = ca::file(element, process)?;
    let ignore_ssl_certs = element.flag("ignoreSslCerts")?.unwrap_or(false);
    if ignore_ssl_certs {
        element.notice_unchecked("ignoreSslCerts", &endpoint, notices);
    }
    element.notice_members(&MEMBERS, &[], notices);
    Ok(GatewaySettings { region_id: region_id.to_owned(), endpoint, ca, ignore_ssl_certs, client_key: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;
    use crate::config::layers::Layer;
    use crate::config::origin::Origin;
    use crate::config::scratch::Scratch;
    use crate::config::setting::Setting;
    use std::path::Path;

    fn gateways(json: &str) -> (Result<Vec<GatewaySettings>, Error>, Vec<String>) {
        gateways_of(json, &Process::current())
    }

    fn gateways_of(json: &str, process: &Process) -> (Result<Vec<GatewaySettings>, Error>, Vec<String>) {
        let mut layer = Layer::default();
        layer.insert(Setting::new(keys::find(KEY).unwrap(), json, Origin::Program).unwrap());
        let mut notices = Vec::new();
        let settings = Settings::choose(&layer, &Layer::default(), &Layer::default(), &mut notices);
        (read(&settings, process, &mut notices), notices)
    }

    fn endpoint(json: &str) -> String {
        gateways(json).0.unwrap()[0].endpoint.to_string()
    }

    #[test]
    fn the_endpoint_follows_from_the_region_unless_it_is_named() {
        for (json, expected) in [
            (r#"[{"regionId":"cn-hangzhou"}]"#, "https://kms.cn-hangzhou.aliyuncs.com"),
            (r#"[{"regionId":"cn-hangzhou","vpc":true}]"#, "https://kms-vpc.cn-hangzhou.aliyuncs.com"),
            (r#"[{"regionId":"cn-hangzhou","vpc":"True"}]"#, "https://kms-vpc.cn-hangzhou.aliyuncs.com"),
            (r#"[{"regionId":"cn-hangzhou","vpc":"false","endpoint":null}]"#, "https://kms.cn-hangzhou.aliyuncs.com"),
            (r#"[{"regionId":"cn-hangzhou","vpc":true,"endpoint":"https://Own.example/"}]"#, "https://own.example"),
            (r#"[{\"regionId\"\:\"cn-hangzhou\"}]"#, "https://kms.cn-hangzhou.aliyuncs.com"),
        ] {
            assert_eq!(endpoint(json), expected, "{json}");
        }
    }

    #[test]
    fn a_ca_file_must_be_there() {
        let scratch = Scratch::new();
        let path = scratch.file("ca.pem", "");
        let region = |path: &Path| gateways(&format!(r#"[{{"regionId":"cn-x","caFilePath":{path:?}}}]"#)).0;
        assert!(matches!(&region(&path).unwrap()[0].ca, Some(Ca::File { path: found, .. }) if *found == path));
        let error = region(&scratch.path().join("none")).unwrap_err();
        assert!(error.message().starts_with("cache_client_region_id[0].caFilePath (set by the program)"), "{error}");
        assert!(region(scratch.path()).is_err());
        let windows = gateways(r#"[{"regionId":"cn-x","caFilePath":"C:\new\ca.pem"}]"#).0.unwrap_err();
        assert!(windows.message().contains(r"C:\new\ca.pem"), "{windows}");
    }

    #[test]
    fn a_relative_ca_file_is_for_those_who_trust_their_caller() {
        let relative = |process: &Process| gateways_of(r#"[{"regionId":"cn-x","caFilePath":"Cargo.toml"}]"#, process).0;
        let mut process = Process::current();
        assert!(matches!(&relative(&process).unwrap()[0].ca, Some(Ca::File { path, .. }) if path.is_absolute()));
        process.distrust = Some("this is a setuid program");
        let error = relative(&process).unwrap_err();
        assert!(error.message().contains("setuid") && error.message().contains("an absolute path"), "{error}");
        let scratch = Scratch::new();
        let absolute = format!(r#"[{{"regionId":"cn-x","caFilePath":{:?}}}]"#, scratch.file("ca.pem", ""));
        assert!(gateways_of(&absolute, &process).0.is_ok());
    }

    #[test]
    fn an_unchecked_certificate_and_an_unknown_member_are_noticed() {
        let (read, notices) = gateways(r#"[{"regionId":"cn-x","ignoreSslCerts":"true","endPoint":"a"}]"#);
        assert!(read.unwrap()[0].ignore_ssl_certs);
        assert!(notices[0].contains("not checked"), "{notices:?}");
        assert!(notices[1].contains("`endPoint`") && notices[1].contains("did you mean `endpoint`"), "{notices:?}");
    }
}
