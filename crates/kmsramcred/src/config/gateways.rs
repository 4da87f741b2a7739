//! Stage 1 of 8: all gateways, shared and dedicated, in the order in which they are tried.
//!
//! In go the chosen settings, out come the gateways: those of `cache_client_dkms_config_info` first, as instances are what the
//! official plug-ins prefer, then those of `cache_client_region_id`. Knows no sockets.

use super::instance;
use super::layers::Settings;
use super::process::Process;
use super::region::{self, GatewaySettings};
use crate::error::{Error, ErrorKind};

/// Reads the gateways; at least one must be set.
pub(super) fn read(
    settings: &Settings,
    process: &Process,
    notices: &mut Vec<String>,
) -> Result<Vec<GatewaySettings>, Error> {
    let mut gateways = instance::read(settings, process, notices)?;
    gateways.extend(region::read(settings, process, notices)?);
    if gateways.is_empty() {
        let message = format!(
            "Neither cache_client_region_id nor cache_client_dkms_config_info is set; allowed for the first: {}.",
            region::LIST
        );
        return Err(Error::new(ErrorKind::ConfigInvalid, message));
    }
    Ok(each_once(gateways, notices))
}

/// Leaves out what names the same place as one before it: asking it twice would look like two gateways.
fn each_once(gateways: Vec<GatewaySettings>, notices: &mut Vec<String>) -> Vec<GatewaySettings> {
    let mut kept: Vec<GatewaySettings> = Vec::new();
    for gateway in gateways {
        let is_same = |known: &GatewaySettings| {
            known.endpoint == gateway.endpoint && known.client_key.is_some() == gateway.client_key.is_some()
        };
        if kept.iter().any(is_same) {
            notices.push(format!("The gateway {} is named twice; it is tried once.", gateway.endpoint));
        } else {
            kept.push(gateway);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;
    use crate::config::layers::Layer;
    use crate::config::origin::Origin;
    use crate::config::setting::Setting;

    fn gateways(regions: &str) -> (Result<Vec<GatewaySettings>, Error>, Vec<String>) {
        let mut layer = Layer::default();
        if let Some(setting) = Setting::new(keys::find("cache_client_region_id").unwrap(), regions, Origin::Program) {
            layer.insert(setting);
        }
        let mut notices = Vec::new();
        let settings = Settings::choose(&layer, &Layer::default(), &Layer::default(), &mut notices);
        (read(&settings, &Process::current(), &mut notices), notices)
    }

    #[test]
    fn regions_keep_their_order_and_each_counts_once() {
        let (read, notices) = gateways(r#"[{"regionId":"cn-b"},{"regionId":"cn-a","vpc":true},{"regionId":"cn-b"}]"#);
        let endpoints: Vec<_> = read.unwrap().iter().map(|gateway| gateway.endpoint.to_string()).collect();
        assert_eq!(endpoints, ["https://kms.cn-b.aliyuncs.com", "https://kms-vpc.cn-a.aliyuncs.com"]);
        assert!(notices[0].contains("https://kms.cn-b.aliyuncs.com is named twice"), "{notices:?}");
    }

    #[test]
    fn there_must_be_one() {
        let error = gateways("").0.unwrap_err();
        assert!(error.message().contains("cache_client_region_id") && error.message().contains("regionId"), "{error}");
    }
}
