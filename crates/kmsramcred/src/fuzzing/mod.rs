//! What the fuzz targets in `fuzz/` call: everything that reads bytes which somebody else wrote.
//!
//! One function for each target. It takes any bytes and panics where an invariant does not hold: nothing secret is said,
//! what is said is one short line, and what is accepted can be used. A test gives every committed seed to the same
//! functions, so that no target rots. Compiled for fuzzing and for tests only.

mod answers;
mod client_keys;
mod settings;
mod unsaid;

/// Takes any bytes; answers whether they were accepted.
type Reader = fn(&[u8]) -> bool;

/// Every target: the name of its folder in `fuzz/seeds`, and its function.
pub const TARGETS: [(&str, Reader); 6] = [
    ("cli_profile", settings::cli_profile),
    ("client_key", client_keys::client_key),
    ("dedicated_answer", answers::dedicated),
    ("ini_profile", settings::ini_profile),
    ("properties", settings::properties),
    ("shared_answer", answers::shared),
];

/// Gives `bytes` to the target of that name.
pub fn run(target: &str, bytes: &[u8]) {
    let (_, read) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of the list");
    read(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn folder(path: &Path) -> Vec<PathBuf> {
        let read = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        read.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn every_committed_seed_is_survived() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        for (target, read) in TARGETS {
            let seeds = folder(&fuzz.join("seeds").join(target));
            assert!(seeds.len() >= 3, "{target} has {} seeds", seeds.len());
            let accepted = seeds.iter().filter(|seed| {
                let bytes = std::fs::read(seed).unwrap();
                std::panic::catch_unwind(|| read(&bytes)).unwrap_or_else(|_| panic!("{}", seed.display()))
            });
            let accepted = accepted.count();
            assert!((1..seeds.len()).contains(&accepted), "{target}: {accepted} of {} are accepted", seeds.len());
        }
        let named = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let listed: BTreeSet<String> = TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect();
        for place in ["seeds", "targets"] {
            let mut there: BTreeSet<String> = folder(&fuzz.join(place)).iter().map(|path| named(path)).collect();
            assert!(there.remove("call_sequences"), "{place}: it is the C interface's, whose tests take its seeds");
            assert_eq!(there, listed, "{place}");
        }
    }
}
