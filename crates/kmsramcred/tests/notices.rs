//! What a program is told when it makes a client.

use kmsramcred::{Client, Config, LogLevel, set_log_callback};
use std::sync::{Arc, Mutex};

#[test]
fn a_gateway_whose_certificate_is_not_checked_is_warned_of_each_time_a_client_is_made() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let records = Arc::clone(&said);
    let keep = move |level: LogLevel, text: &str| records.lock().unwrap().push((level, text.to_owned()));
    set_log_callback(LogLevel::Debug, Some(Box::new(keep)));
    let mut builder = Config::builder();
    builder.access_key("id", "secret", None).unwrap();
    let region = r#"[{"regionId":"cn-x","endpoint":"https://kms.test:8443","ignoreSslCerts":true}]"#;
    builder.set("cache_client_region_id", region).unwrap();
    let config = builder.build().unwrap();
    for times in 1..=2 {
        let client = Client::new(config.clone()).unwrap();
        let said = said.lock().unwrap();
        let warns = |(level, text): &&(LogLevel, String)| {
            *level == LogLevel::Warn && text.contains("the certificate of kms.test:8443 is not checked")
        };
        assert_eq!(said.iter().filter(warns).count(), times, "{said:?}");
        assert!(client.explain().contains("the certificate of kms.test:8443 is not checked"));
    }
}
