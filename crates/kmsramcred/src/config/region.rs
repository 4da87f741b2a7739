//! Stage 1 of 8: `cache_client_region_id` becomes the settings of the shared gateways.
//!
//! In goes a JSON list of regions, out comes where each of them is and how its certificate is checked. A CA file is only
//! looked for here; what it holds is the business of whoever speaks TLS. Knows no sockets.

use super::endpoint::{self, Endpoint, is_label};
use super::layers::Settings;
use super::process::Process;
use super::setting::{self, Setting};
use super::{json_value, regular_file, shown, spelling};
use crate::error::{Error, ErrorKind};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// One gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewaySettings {
    /// The region, such as `cn-hangzhou`; it can be part of a host name.
    pub region_id: String,
    /// Where the gateway is.
    pub endpoint: Endpoint,
    /// The certificates to trust instead of the system's: an absolute path of a file that can be read.
    pub ca_file: Option<PathBuf>,
    /// Whether its certificate is not checked at all.
    pub ignore_ssl_certs: bool,
}

const KEY: &str = "cache_client_region_id";
const MEMBERS: [&str; 5] = ["regionId", "endpoint", "vpc", "caFilePath", "ignoreSslCerts"];
const LIST: &str = "a list of regions such as [{\"regionId\":\"cn-hangzhou\"}]; \
     a value over several lines needs a `\\` at the end of every line but its last";

/// Reads the gateways.
pub(super) fn read(
    settings: &Settings,
    process: &Process,
    notices: &mut Vec<String>,
) -> Result<Vec<GatewaySettings>, Error> {
    let Some(setting) = settings.get(KEY) else {
        return Err(Error::new(ErrorKind::ConfigInvalid, format!("{KEY} is not set; allowed: {LIST}.")));
    };
    let value = json_value::read(setting.raw()).map_err(|error| setting.wrong(format!("no JSON ({error})"), LIST))?;
    let Value::Array(elements) = value else {
        return Err(setting.wrong(json_value::kind_of(&value), LIST));
    };
    if elements.is_empty() {
        return Err(setting.wrong("an empty list", LIST));
    }
    let gateways = elements.iter().enumerate().map(|(index, element)| match element {
        Value::Object(members) => Element { setting, index, members }.gateway(process, notices),
        other => Err(setting.wrong_member(&format!("[{index}]"), json_value::kind_of(other), "an object")),
    });
    let read: Vec<GatewaySettings> = gateways.collect::<Result<_, _>>()?;
    Ok(each_once(read, setting, notices))
}

/// Leaves out what names the same place as an element before it: asking it twice would look like two gateways.
fn each_once(read: Vec<GatewaySettings>, setting: &Setting, notices: &mut Vec<String>) -> Vec<GatewaySettings> {
    let mut kept: Vec<(usize, GatewaySettings)> = Vec::new();
    for (index, gateway) in read.into_iter().enumerate() {
        match kept.iter().find(|(_, known)| known.endpoint == gateway.endpoint) {
            Some((first, _)) => notices.push(format!(
                "{KEY}[{index}] ({}): names the same gateway as {KEY}[{first}], {}, and is ignored.",
                setting.origin, gateway.endpoint
            )),
            None => kept.push((index, gateway)),
        }
    }
    kept.into_iter().map(|(_, gateway)| gateway).collect()
}

/// One element of the list.
struct Element<'a> {
    setting: &'a Setting,
    index: usize,
    members: &'a Map<String, Value>,
}

impl Element<'_> {
    fn gateway(&self, process: &Process, notices: &mut Vec<String>) -> Result<GatewaySettings, Error> {
        const REGION: &str = "a region such as cn-hangzhou: letters in lower case, digits and `-`";
        let region_id = self.text("regionId", REGION)?.ok_or_else(|| self.wrong("regionId", "nothing", REGION))?;
        if !is_label(region_id) {
            return Err(self.wrong("regionId", shown::value(region_id), REGION));
        }
        let vpc = self.flag("vpc")?;
        let named = self.text("endpoint", endpoint::GATEWAY)?;
        let host = named.map(str::to_owned).unwrap_or_else(|| {
            let network = if vpc { "kms-vpc" } else { "kms" };
            format!("{network}.{region_id}.aliyuncs.com")
        });
        let endpoint =
            Endpoint::gateway(&host).ok_or_else(|| self.wrong("endpoint", shown::value(&host), endpoint::GATEWAY))?;
        let ca_file = self.text("caFilePath", PATH)?.map(|path| self.readable(path, process)).transpose()?;
        let ignore_ssl_certs = self.flag("ignoreSslCerts")?;
        if ignore_ssl_certs {
            let place = self.place("ignoreSslCerts");
            notices.push(format!(
                "{KEY}{place} ({}): the certificate of {} is not checked; whoever sits on the network can read \
                 and change what it says.",
                self.setting.origin, endpoint.authority
            ));
        }
        self.notice_unknown_members(notices);
        Ok(GatewaySettings { region_id: region_id.to_owned(), endpoint, ca_file, ignore_ssl_certs })
    }

    fn place(&self, member: &str) -> String {
        format!("[{}].{member}", self.index)
    }

    fn wrong(&self, member: &str, found: impl std::fmt::Display, allowed: &str) -> Error {
        self.setting.wrong_member(&self.place(member), found, allowed)
    }

    /// A text; an empty one and `null` count as not set.
    fn text(&self, member: &str, allowed: &str) -> Result<Option<&str>, Error> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(other) => Err(self.wrong(member, json_value::kind_of(other), allowed)),
        }
    }

    /// `true` or `false`, or a text that says so; `false` where it is not set.
    fn flag(&self, member: &str) -> Result<bool, Error> {
        if let Some(Value::Bool(flag)) = self.members.get(member) {
            return Ok(*flag);
        }
        let text = self.text(member, "true or false")?;
        text.map_or(Ok(false), |text| {
            setting::flag(text).ok_or_else(|| self.wrong(member, shown::value(text), "true or false"))
        })
    }

    /// The absolute form of a path, relative to the working directory, that can be read. Whoever starts a setuid program
    /// chooses its working directory, but must not choose whom it trusts.
    fn readable(&self, text: &str, process: &Process) -> Result<PathBuf, Error> {
        let path = Path::new(text);
        if let Some(reason) = process.distrust.filter(|_| path.is_relative()) {
            let found = format!("{}, which is relative, and {reason}", shown::path(path));
            return Err(self.wrong("caFilePath", found, "an absolute path"));
        }
        let opened = std::path::absolute(path).and_then(|path| regular_file::open(&path).map(|_| path));
        opened.map_err(|error| self.wrong("caFilePath", format!("{} ({error})", shown::path(path)), PATH))
    }

    fn notice_unknown_members(&self, notices: &mut Vec<String>) {
        for member in self.members.keys().filter(|member| !MEMBERS.contains(&member.as_str())) {
            let place = format!("{KEY}[{}] ({})", self.index, self.setting.origin);
            let name = shown::name(member).map(|name| format!(" `{name}`")).unwrap_or_default();
            let meant = spelling::nearest(member, MEMBERS.into_iter());
            let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_else(|| ".".to_owned());
            notices.push(format!("{place}: unknown member{name}, ignored{hint}"));
        }
    }
}

const PATH: &str = "the path of a file that exists and can be read";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;
    use crate::config::layers::Layer;
    use crate::config::origin::Origin;
    use crate::config::scratch::Scratch;

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
        assert_eq!(region(&path).unwrap()[0].ca_file.as_deref(), Some(path.as_path()));
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
        assert!(relative(&process).unwrap()[0].ca_file.as_ref().unwrap().is_absolute());
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

    #[test]
    fn regions_keep_their_order_and_each_counts_once() {
        let json = r#"[{"regionId":"cn-b"},{"regionId":"cn-a","vpc":true},{"regionId":"cn-b"}]"#;
        let (read, notices) = gateways(json);
        let endpoints: Vec<_> = read.unwrap().iter().map(|gateway| gateway.endpoint.to_string()).collect();
        assert_eq!(endpoints, ["https://kms.cn-b.aliyuncs.com", "https://kms-vpc.cn-a.aliyuncs.com"]);
        assert!(notices[0].contains("cache_client_region_id[2]") && notices[0].contains("[0]"), "{notices:?}");
    }
}
