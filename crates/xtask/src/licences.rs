//! The licences of everything that is built, and crates that must not be part of it.

use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Licences that ask for no more than to be named.
const ALLOWED: [&str; 11] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// A tool of the build whose licence asks for more, and which is not part of what is shipped.
const TOOLS: [(&str, &str); 1] = [("cbindgen", "MPL-2.0")];

/// Crates that must not be built at all, and why.
const BANNED: [(&str, &str); 3] = [
    ("rsa", "RUSTSEC-2023-0071: its private-key operations leak through timing"),
    ("openssl-sys", "the library must not depend on the host's OpenSSL"),
    ("native-tls", "the library must not depend on the host's OpenSSL"),
];

/// What the library itself must not contain, and why.
const NOT_IN_THE_LIBRARY: [(&str, &str); 2] = [
    ("tokio", "an async runtime does not survive a fork of its host"),
    ("aws-lc-sys", "it doubles the size of the library"),
];

/// The crates that are shipped.
const LIBRARY: [&str; 3] = ["kmsramcred", "kmsramcred-c", "kmsramcred-python"];

/// Checks all of that.
pub fn run(root: &Path) -> Result<String> {
    let metadata = metadata(root)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let mut complaints = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_allowed(name, licence)? {
            complaints.push(format!("{name}: the licence {licence:?} is not among the allowed ones"));
        }
        complaints.extend(banned(name, &BANNED).map(|why| format!("{name} must not be built: {why}")));
    }
    for name in in_the_library(&metadata, packages)? {
        complaints
            .extend(banned(&name, &NOT_IN_THE_LIBRARY).map(|why| format!("{name} must not be in the library: {why}")));
    }
    tree::verdict(complaints, format!("{} packages, every licence allowed", packages.len()))
}

fn metadata(root: &Path) -> Result<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .context("cargo metadata did not start")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")
}

fn is_allowed(name: &str, licence: &str) -> Result<bool> {
    if TOOLS.contains(&(name, licence)) {
        return Ok(true);
    }
    // Old manifests separate alternatives with a slash.
    let expression = licence.replace('/', " OR ");
    let Ok(expression) = spdx::Expression::parse(&expression) else { return Ok(false) };
    Ok(expression.evaluate(|requirement| ALLOWED.contains(&requirement.to_string().as_str())))
}

fn banned(name: &str, list: &[(&str, &'static str)]) -> Option<&'static str> {
    list.iter().find(|(banned, _)| *banned == name).map(|(_, why)| *why)
}

/// The names of all packages that the shipped crates need at run time.
fn in_the_library(metadata: &Value, packages: &[Value]) -> Result<BTreeSet<String>> {
    let names: BTreeMap<&str, &str> =
        packages.iter().filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().context("cargo metadata resolves nothing")?;
    let needs: BTreeMap<&str, Vec<&str>> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, needed(node)))).collect();
    let mut left: Vec<&str> = names.iter().filter(|(_, name)| LIBRARY.contains(*name)).map(|(id, _)| *id).collect();
    let mut found = BTreeSet::new();
    while let Some(id) = left.pop() {
        if found.insert(names[id].to_owned()) {
            left.extend(needs.get(id).into_iter().flatten());
        }
    }
    Ok(found)
}

/// What a package needs at run time: not for its tests, not for its build, and not for a model checker.
fn needed(node: &Value) -> Vec<&str> {
    let deps = node["deps"].as_array().into_iter().flatten();
    deps.filter(|dep| dep["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null()))
        .filter_map(|dep| dep["pkg"].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn alternatives_and_combinations_are_understood() {
        for fine in
            ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "Apache-2.0 AND ISC", "Apache-2.0 WITH LLVM-exception OR MIT"]
        {
            assert!(is_allowed("x", fine).unwrap(), "{fine}");
        }
        for wrong in ["GPL-3.0", "MIT AND GPL-3.0", "none", "", "MPL-2.0"] {
            assert!(!is_allowed("x", wrong).unwrap(), "{wrong}");
        }
        assert!(is_allowed("cbindgen", "MPL-2.0").unwrap());
    }
}
