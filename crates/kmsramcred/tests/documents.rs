//! The page about the configuration names what the code reads.

use kmsramcred::config::keys::{KEYS, Status};

#[test]
fn every_key_that_works_is_documented_with_its_variable() {
    let page = include_str!("../../../docs/configuration.md");
    for key in KEYS.iter().filter(|key| key.status == Status::Works) {
        assert!(page.contains(&format!("`{}`", key.name)), "docs/configuration.md does not name {}", key.name);
        if let Some(variable) = key.variable() {
            assert!(page.contains(&format!("`{variable}`")), "docs/configuration.md does not name {variable}");
        }
    }
}
