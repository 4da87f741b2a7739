//! Stage 1 of 8: `cache_client_dkms_config_info` becomes the settings of the dedicated gateways.
//!
//! In goes a JSON list of KMS instances, out comes where each of them is, with which ClientKey it is asked and how its
//! certificate is checked. The members are those of the official plug-ins. Knows no sockets.

use super::ca;
use super::client_key::{self, ClientKeySettings};
use super::element::{self, Element};
use super::endpoint;
use super::layers::Settings;
use super::process::Process;
use super::region::GatewaySettings;
use super::{json_value, named_file};
use crate::error::Error;
use crate::secret_text::SecretText;
use std::path::Path;

pub(super) const KEY: &str = "cache_client_dkms_config_info";
const MEMBERS: [&str; 12] = [
    "regionId",
    "endpoint",
    "clientKeyFile",
    "clientKeyContent",
    "password",
    "passwordFromFilePath",
    "passwordFromEnvVariable",
    "passwordFromFilePathName",
    "caFilePath",
    "ca",
    "ignoreSslCerts",
    "ignoreSSL",
];
/// What the official clients take from here and this one takes from elsewhere, or not at all.
const WITHOUT_EFFECT: [&str; 12] = [
    "accessKeyId",
    "privateKey",
    "protocol",
    "readTimeout",
    "connectTimeout",
    "httpProxy",
    "httpsProxy",
    "noProxy",
    "socks5Proxy",
    "maxIdleConns",
    "userAgent",
    "type",
];
const FILE_NAME: &str = "passwordFromFilePathName";
const LIST: &str = "a list of KMS instances such as [{\"regionId\":\"cn-hangzhou\",\"endpoint\":\"kst-….cryptoservice.kms.aliyuncs.com\",\
     \"clientKeyFile\":\"…\",\"passwordFromFilePath\":\"…\",\"caFilePath\":\"…\"}]; \
     a value over several lines needs a `\\` at the end of every line but its last";
const FILE: &str = "the path of the clientKey_<KeyId>.json that KMS offered";
const CONTENT: &str = "the content of that file as a text";
const PASSWORD: &str = "passwordFromFilePath, passwordFromEnvVariable, passwordFromFilePathName or password, \
     or the keys of the whole configuration";
const PROPERTY: &str =
    "the name of a key of the same file, or of an environment variable, that holds the path of a password file";

/// The keys of a file in which the instances of its list say that the path of their password file stands.
pub(super) fn password_keys(list: &str) -> Vec<String> {
    let Ok(list) = json_value::read(list) else { return Vec::new() };
    let names = list.as_array().into_iter().flatten().filter_map(|element| element.get(FILE_NAME)?.as_str());
    names.map(|name| name.trim().to_owned()).collect()
}

/// Reads the instances; none where the key is not set.
pub(super) fn read(
    settings: &Settings,
    process: &Process,
    notices: &mut Vec<String>,
) -> Result<Vec<GatewaySettings>, Error> {
    let Some(setting) = settings.get(KEY) else { return Ok(Vec::new()) };
    element::each(setting, LIST, |element| instance(&element, settings, process, notices))
}

fn instance(
    element: &Element<'_>,
    settings: &Settings,
    process: &Process,
    notices: &mut Vec<String>,
) -> Result<GatewaySettings, Error> {
    let region_id = element.region()?;
    let host = element.text("endpoint", endpoint::GATEWAY)?;
    let host = host.ok_or_else(|| element.wrong("endpoint", "nothing", endpoint::GATEWAY))?;
    let endpoint = element.endpoint(host)?;
    let (file, text) = (ca::file(element, process)?, ca::text(element)?);
    if file.is_some() && text.is_some() {
        notices.push(format!("{} has no effect beside caFilePath.", element.whole_place("ca")));
    }
    let flags = [("ignoreSslCerts", element.flag("ignoreSslCerts")?), ("ignoreSSL", element.flag("ignoreSSL")?)];
    let unchecked = flags.iter().find(|(_, flag)| *flag == Some(true));
    if let Some((member, _)) = unchecked {
        element.notice_unchecked(member, &endpoint, notices);
    }
    let client_key = Some(client_key(element, settings, process)?);
    element.notice_members(&MEMBERS, &WITHOUT_EFFECT, notices);
    let ignore_ssl_certs = unchecked.is_some();
    Ok(GatewaySettings { region_id: region_id.to_owned(), endpoint, ca: file.or(text), ignore_ssl_certs, client_key })
}

fn client_key(element: &Element<'_>, settings: &Settings, process: &Process) -> Result<ClientKeySettings, Error> {
    let password = || {
        own_password(element, settings, process)?
            .map_or_else(|| client_key::password(settings, process), |own| Ok(Some(own)))?
            .ok_or_else(|| element.wrong("passwordFromFilePath", "no password", PASSWORD))
    };
    if let Some(path) = element.text("clientKeyFile", FILE)? {
        let (path, file) = element.open("clientKeyFile", path, process)?;
        let place = element.whole_place("clientKeyFile");
        return ClientKeySettings::of_file(file, &path, password()?, &place, |found, allowed| {
            element.wrong("clientKeyFile", found, allowed)
        });
    }
    match element.text("clientKeyContent", CONTENT)? {
        Some(content) => {
            Ok(ClientKeySettings::of_content(content, password()?, element.whole_place("clientKeyContent")))
        }
        None if settings.get("client_key_private_key_path").is_some() => client_key::read(settings, process),
        None => Err(element.wrong("clientKeyFile", "nothing", FILE)),
    }
}

/// The password that the element itself names, in the order of the official clients.
fn own_password(element: &Element<'_>, settings: &Settings, process: &Process) -> Result<Option<SecretText>, Error> {
    let wrong = |member| move |found: String, allowed: &str| element.wrong(member, found, allowed);
    if let Some(path) = element.text("passwordFromFilePath", "the path of a file that holds the password")? {
        let (path, file) = element.open("passwordFromFilePath", path, process)?;
        return client_key::in_file(file, &path, wrong("passwordFromFilePath")).map(Some);
    }
    if let Some(name) = element.text("passwordFromEnvVariable", "the name of an environment variable")? {
        return client_key::in_variable(name, process, wrong("passwordFromEnvVariable")).map(Some);
    }
    if let Some(name) = element.text(FILE_NAME, PROPERTY)? {
        let wrong = |found: String, allowed: &str| element.wrong(FILE_NAME, found, allowed);
        let shown_name = client_key::shown_name(name);
        let path = settings.named(name, process);
        let path = path.ok_or_else(|| wrong(format!("{shown_name}, which is not set"), PROPERTY))?;
        let wrong = |found: String, allowed: &str| wrong(format!("{shown_name}, which says {found}"), allowed);
        let (path, file) = named_file::open(Path::new(path.expose()), process, wrong)?;
        return client_key::in_file(file, &path, wrong).map(Some);
    }
    Ok(element.text("password", "a text")?.map(SecretText::from))
}
