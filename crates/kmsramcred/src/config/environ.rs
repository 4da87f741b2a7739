//! Stage 1 of 8: the environment as a place that sets keys.
//!
//! In goes a process, out come the keys of the table that its environment sets, under their variables' names. A
//! setuid program reads nothing. Knows no meaning of any value and no sockets.

use super::keys::KEYS;
use super::layers::Layer;
use super::origin::Origin;
use super::process::Process;
use super::setting::Setting;
use crate::error::{Error, ErrorKind};
use crate::secret_text::SecretText;

/// What the environment sets.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    /// The keys.
    pub layer: Layer,
    /// What the program should know about it.
    pub notice: Option<String>,
}

/// Reads every key of the table.
pub(super) fn read(process: &Process) -> Result<Environment, Error> {
    if let Some(reason) = process.distrust {
        let notice = Some(format!("The environment is not read, since {reason}."));
        return Ok(Environment { layer: Layer::default(), notice });
    }
    let mut layer = Layer::default();
    for key in KEYS {
        let variables = key.variable().into_iter().chain(key.other_variable());
        let set = |name| (process.variable)(name).filter(|value| !value.is_empty()).map(|value| (name, value));
        let Some((variable, value)) = variables.filter_map(set).next() else { continue };
        let origin = Origin::Environment(variable);
        let value = value.into_string().map(SecretText::new).map_err(|_| {
            let message = format!("{} ({origin}): found bytes that are not UTF-8; allowed: UTF-8.", key.name);
            Error::new(ErrorKind::ConfigInvalid, message)
        })?;
        if let Some(setting) = Setting::new(key, value.expose(), origin) {
            layer.insert(setting);
        }
    }
    Ok(Environment { layer, notice: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::Settings;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    fn environment(pairs: &[(&str, &[u8])], distrust: Option<&'static str>) -> Result<Environment, Error> {
        let variable = |name: &str| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| OsString::from_vec(value.to_vec()))
        };
        read(&Process { variable: &variable, working_directory: None, user: Some(0), distrust })
    }

    fn settings(environment: Environment) -> Settings {
        Settings::choose(&Layer::default(), &Layer::default(), &environment.layer, &mut Vec::new())
    }

    #[test]
    fn official_keys_have_the_names_of_the_file_and_ours_a_prefix() {
        let pairs: [(&str, &[u8]); 9] = [
            ("credentials_type", b" ak\n"),
            ("KMSRAMCRED_SIGNATURE", b""),
            ("user_agent", b"of another program"),
            ("KMSRAMCRED_SETTLE_MILLISECONDS", b"5"),
            ("HTTPS_PROXY", b""),
            ("https_proxy", b"http://proxy"),
            ("http_proxy", b"http://other"),
            ("NO_PROXY", b"a"),
            ("PATH", b"/bin"),
        ];
        let settings = settings(environment(&pairs, None).unwrap());
        assert_eq!(settings.get("credentials_type").unwrap().raw(), "ak");
        assert_eq!(settings.get("settle_milliseconds").unwrap().raw(), "5");
        assert!(settings.get("user_agent").is_none());
        assert_eq!(settings.get("signature").unwrap().origin, Origin::Default);
        assert_eq!(settings.get("https_proxy").unwrap().origin, Origin::Environment("https_proxy"));
        assert_eq!(settings.get("no_proxy").unwrap().origin, Origin::Environment("NO_PROXY"));
        assert!(settings.get("http_proxy").is_none());
    }

    #[test]
    fn a_value_that_is_not_utf8_names_its_variable_only() {
        let error = environment(&[("credentials_access_secret", b"hunter2\xff")], None).unwrap_err();
        assert!(error.message().contains("environment variable credentials_access_secret"), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_setuid_program_reads_none_and_says_so() {
        let environment = environment(&[("credentials_type", b"ak")], Some("this is a setuid program")).unwrap();
        assert!(environment.notice.as_ref().unwrap().contains("setuid"));
        assert!(settings(environment).all_default());
    }
}
