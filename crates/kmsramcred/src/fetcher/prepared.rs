//! What is made of files once a client, so that a forked child needs none of them: they may be gone by then, or be others.

use crate::config::{Ca, ClientKeySettings, Config, GatewaySettings, SourceSettings};
use crate::error::{Error, ErrorKind};
use crate::source::ClientKey;
use crate::transport::TlsTrust;
use std::sync::Arc;

/// Certificates and ClientKeys.
pub(crate) struct Prepared {
    /// What each gateway's certificate must follow from, in their order.
    pub(super) trust: Vec<TlsTrust>,
    /// The ClientKey of each gateway that has its own, in their order.
    pub(super) gateway_keys: Vec<Option<Arc<ClientKey>>>,
    /// The ClientKey of the source.
    pub(super) source_key: Option<Arc<ClientKey>>,
}

impl Prepared {
    /// Reads what the configuration names. `unix_ms` is now: a ClientKey that is over is an error.
    pub(crate) fn of(config: &Config, unix_ms: i64) -> Result<Prepared, Error> {
        let trust = |gateway: &GatewaySettings| match &gateway.ca {
            _ if gateway.ignore_ssl_certs => Ok(TlsTrust::Unverified),
            Some(Ca::File { path, place }) => TlsTrust::from_ca_file(path)
                .map_err(|error| Error::new(error.kind(), format!("{place}: {}", error.message()))),
            Some(Ca::Text { pem, place }) => TlsTrust::from_pem(pem.as_bytes(), place),
            None if config.trusts_its_caller => Ok(TlsTrust::System),
            None => Ok(TlsTrust::UsualSystem),
        };
        let own_key = |gateway: &GatewaySettings| gateway.client_key.as_ref().map(|key| read(key, unix_ms)).transpose();
        let source_key = match &config.source {
            SourceSettings::ClientKey(key) => Some(read(key, unix_ms)?),
            _ => None,
        };
        Ok(Prepared {
            trust: config.gateways.iter().map(trust).collect::<Result<_, _>>()?,
            gateway_keys: config.gateways.iter().map(own_key).collect::<Result<_, _>>()?,
            source_key,
        })
    }
}

fn read(settings: &ClientKeySettings, unix_ms: i64) -> Result<Arc<ClientKey>, Error> {
    let wrong = |found: String| {
        Error::new(ErrorKind::ConfigInvalid, format!("The ClientKey of {}: found {found}.", settings.place))
    };
    let key = ClientKey::read(&settings.file, &settings.password).map_err(wrong)?;
    match key.over_at(unix_ms) {
        Some(over) => Err(wrong(over)),
        None => Ok(Arc::new(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_ca(ca: &str) -> Result<Prepared, Error> {
        let mut builder = Config::builder();
        builder.access_key("id", "secret", None).unwrap();
        builder.set("cache_client_region_id", r#"[{"regionId":"cn-x"}]"#).unwrap();
        let mut config = builder.build().unwrap();
        config.gateways[0].ca = Some(Ca::Text { pem: ca.to_owned(), place: "here[0].ca".to_owned() });
        Prepared::of(&config, 0)
    }

    #[test]
    fn certificates_in_the_settings_are_trusted_and_no_others() {
        let one = include_str!("../../../../tests/vectors/fixtures/clientkey-d/cert.pem");
        let prepared = with_ca(&format!("{one}{one}")).unwrap();
        assert!(matches!(&prepared.trust[..], [TlsTrust::Only(certificates)] if certificates.len() == 2));
        let error = with_ca("-----BEGIN CERTIFICATE-----\naGk=\n-----END CERTIFICATE-----\n").err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains("Certificate 1 of here[0].ca is damaged"), "{error}");
        assert!(with_ca("-----BEGIN").err().unwrap().message().contains("No certificate is in here[0].ca"));
    }

    #[test]
    fn a_process_that_distrusts_its_caller_keeps_to_the_usual_store() {
        let mut builder = Config::builder();
        builder.access_key("id", "secret", None).unwrap();
        builder.set("cache_client_region_id", r#"[{"regionId":"cn-x"}]"#).unwrap();
        let mut config = builder.build().unwrap();
        assert!(Prepared::of(&config, 0).unwrap().trust == [TlsTrust::System]);
        config.trusts_its_caller = false;
        assert!(Prepared::of(&config, 0).unwrap().trust == [TlsTrust::UsualSystem]);
    }

    #[test]
    fn a_ca_file_that_holds_no_certificate_is_told_with_the_setting_that_names_it() {
        let mut builder = Config::builder();
        builder.access_key("id", "secret", None).unwrap();
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let region = format!(r#"[{{"regionId":"cn-x","caFilePath":"{manifest}"}}]"#);
        builder.set("cache_client_region_id", &region).unwrap();
        let error = Prepared::of(&builder.build().unwrap(), 0).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(
            error
                .message()
                .starts_with("cache_client_region_id[0].caFilePath (set by the program): No certificate is in ")
        );
        assert!(error.message().contains(manifest), "{error}");
    }
}
