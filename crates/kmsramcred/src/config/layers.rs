//! Stage 1 of 8: of the program, the file and the environment, who decides which key.
//!
//! In go the keys each of them sets, out comes one setting for each key. The program goes before the file and the file
//! before the environment, whatever was read first. Keys of one group are taken together from the first place that sets
//! any of them, so that half an identity of one place is never joined to half of another. Knows no sockets.

use super::keys::{self, Group, KEYS, Key, Status};
use super::origin::Origin;
use super::process::Process;
use super::setting::Setting;
use crate::error::Error;
use crate::secret_text::SecretText;
use std::collections::BTreeMap;

/// What one place sets.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    settings: BTreeMap<&'static str, Setting>,
    /// Keys of the file's own that one of its settings names.
    own: BTreeMap<String, SecretText>,
}

impl Layer {
    /// Whether it says where the identity comes from.
    pub fn names_a_source(&self) -> bool {
        self.settings.contains_key("credentials_type")
    }

    /// Sets a key; answers what was set before.
    pub fn insert(&mut self, setting: Setting) -> Option<Setting> {
        self.settings.insert(setting.key.name, setting)
    }

    /// Keeps a key that is none of the table's.
    pub fn insert_own(&mut self, key: String, value: SecretText) {
        self.own.insert(key, value);
    }

    /// Forgets a key.
    pub fn remove(&mut self, key: &Key) {
        self.settings.remove(key.name);
    }

    /// Forgets every key of a group.
    pub fn clear(&mut self, group: Group) {
        self.settings.retain(|_, setting| setting.key.group != group);
    }

    fn sets(&self, group: Group) -> bool {
        self.settings.values().any(|setting| setting.key.group == group)
    }
}

/// The setting of every key that is set or has a default.
#[derive(Debug)]
pub(super) struct Settings {
    chosen: BTreeMap<&'static str, Setting>,
    own: BTreeMap<String, SecretText>,
}

impl Settings {
    /// Decides. A notice is added where the official plug-ins would decide otherwise and it matters.
    pub fn choose(program: &Layer, file: &Layer, environment: &Layer, notices: &mut Vec<String>) -> Settings {
        let layers = [program, file, environment];
        let mut chosen = BTreeMap::new();
        for key in KEYS {
            let places: &[&Layer] = match layers.iter().position(|layer| layer.sets(key.group)) {
                Some(first) if key.group != Group::Alone => &layers[first..=first],
                _ => &layers,
            };
            let set = places.iter().find_map(|layer| layer.settings.get(key.name)).cloned();
            let setting = set.or_else(|| Setting::new(key, key.default?, Origin::Default));
            chosen.extend(setting.map(|setting| (key.name, setting)));
        }
        if !program.sets(Group::Identity) && file.sets(Group::Identity) && environment.sets(Group::Identity) {
            notices.push(
                "The identity is set in the file and in the environment: the file's is used. \
                 The official plug-ins would use the environment's."
                    .to_owned(),
            );
        }
        Settings { chosen, own: file.own.clone() }
    }

    /// The setting of `key`.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        debug_assert!(keys::find(key).is_some(), "{key} is not in the table");
        self.chosen.get(key)
    }

    /// The value of a key that a setting names: of the table, of the file's own, or else an environment variable.
    pub fn named(&self, key: &str, process: &Process) -> Option<SecretText> {
        let known = self.chosen.get(key).map(|setting| SecretText::from(setting.raw()));
        let variable = || (process.variable)(key).filter(|_| process.distrust.is_none())?.into_string().ok();
        let set = known.or_else(|| self.own.get(key).cloned()).or_else(|| variable().map(SecretText::new))?;
        Some(SecretText::from(set.expose().trim())).filter(|text| !text.is_empty())
    }

    /// The setting of `key`, read by `read`.
    pub fn read<'a, T>(
        &'a self,
        key: &str,
        read: impl FnOnce(&'a Setting) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.get(key).map(read).transpose()
    }

    /// Every setting, in the order of the table's names.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.chosen.values()
    }

    /// Whether nobody sets anything but a proxy, which is said for every program of a machine.
    pub fn all_default(&self) -> bool {
        self.iter().all(|setting| setting.origin == Origin::Default || setting.key.group == Group::Proxy)
    }

    /// Notices what has no effect.
    pub fn notice_without_effect(&self, notices: &mut Vec<String>) {
        for setting in self.iter().filter(|setting| setting.key.status == Status::NoEffect) {
            notices.push(format!("{} ({}) is accepted and has no effect.", setting.key.name, setting.origin));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(pairs: &[(&'static str, &str)]) -> Layer {
        let mut layer = Layer::default();
        for (key, value) in pairs {
            layer.insert(Setting::new(keys::find(key).unwrap(), value, Origin::Environment(key)).unwrap());
        }
        layer
    }

    fn value<'a>(settings: &'a Settings, key: &str) -> Option<&'a str> {
        settings.get(key).map(Setting::raw)
    }

    #[test]
    fn single_keys_are_taken_one_by_one() {
        let settings = Settings::choose(
            &layer(&[("signature", "program")]),
            &layer(&[("signature", "file"), ("user_agent", "file")]),
            &layer(&[("signature", "env"), ("user_agent", "env"), ("secret_names", "env")]),
            &mut Vec::new(),
        );
        assert_eq!(value(&settings, "signature"), Some("program"));
        assert_eq!(value(&settings, "user_agent"), Some("file"));
        assert_eq!(value(&settings, "secret_names"), Some("env"));
        assert_eq!(value(&settings, "settle_milliseconds"), Some("10000"));
        assert_eq!(value(&settings, "max_stale_milliseconds"), None);
        assert!(!settings.all_default());
    }

    #[test]
    fn an_identity_is_never_put_together_from_two_places() {
        let file = layer(&[("credentials_type", "ak")]);
        let environment = layer(&[("credentials_access_key_id", "id"), ("cache_client_region_id", "[]")]);
        let mut notices = Vec::new();
        let settings = Settings::choose(&Layer::default(), &file, &environment, &mut notices);
        assert_eq!(value(&settings, "credentials_access_key_id"), None);
        assert_eq!(value(&settings, "cache_client_region_id"), Some("[]"));
        assert_eq!(notices.len(), 1);

        notices.clear();
        let settings = Settings::choose(&environment, &file, &environment, &mut notices);
        assert_eq!(value(&settings, "credentials_type"), None);
        assert!(notices.is_empty());
    }

    #[test]
    fn nothing_set_is_told_from_something_set() {
        let none = Layer::default();
        assert!(Settings::choose(&none, &none, &none, &mut Vec::new()).all_default());
    }
}
