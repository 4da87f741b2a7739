//! The export list, and what the built library is made of.

use crate::{exports, tree};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const LIST: &str = "bindings/c/symbols.txt";
/// Nothing else may be needed, so that the library runs on any host of the same C library.
const NEEDED: [&str; 4] = ["libc.so", "libm.so", "libgcc_s.so", "ld-linux"];
const LARGEST: u64 = 4 << 20;
/// Where the oldest glibc is said that the library runs with.
const FLOOR: &str = "docs/c.md";

/// Writes or checks the list, and checks the library.
pub fn run(root: &Path, check: bool, library: Option<PathBuf>) -> Result<String> {
    let exports = exports::read(root)?;
    let names: BTreeSet<String> = exports.functions.into_iter().collect();
    let wanted: String = names.iter().map(|name| format!("{name}\n")).collect();
    if !check {
        std::fs::write(root.join(LIST), wanted).with_context(|| format!("cannot write {LIST}"))?;
        return Ok(format!("{LIST}: written, {} symbols", names.len()));
    }
    let mut complaints = Vec::new();
    if tree::read(&root.join(LIST)).unwrap_or_default() != wanted {
        complaints.push(format!("{LIST} is not what the sources export; run `cargo xtask symbols`"));
    }
    let library = library.unwrap_or_else(|| target(root).join("c/libkmsramcred.so"));
    if !library.exists() {
        bail!("{} does not exist; build it with CMake first", library.display());
    }
    let documented = documented_floor(&tree::read(&root.join(FLOOR))?)?;
    let said = look_at(&library, &names, &documented, &mut complaints)?;
    tree::verdict(complaints, said)
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn look_at(library: &Path, names: &BTreeSet<String>, documented: &str, complaints: &mut Vec<String>) -> Result<String> {
    let shown = library.display();
    let exported: BTreeSet<String> = said("nm", &["-D", "--defined-only", "--format=posix"], library)?
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, rest)| !rest.starts_with("A "))
        .map(|(name, _)| name.split('@').next().unwrap_or(name).to_owned())
        .collect();
    complaints.extend(names.difference(&exported).map(|name| format!("{shown} does not export {name}")));
    complaints.extend(exported.difference(names).map(|name| format!("{shown} exports {name}, which is not in {LIST}")));

    let dynamic = said("readelf", &["-dW"], library)?;
    let bracketed = |tag: &str| -> Vec<String> {
        let lines = dynamic.lines().filter(|line| line.contains(tag));
        lines.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
    };
    let needed = bracketed("(NEEDED)");
    for name in needed.iter().filter(|name| !NEEDED.iter().any(|known| name.starts_with(known))) {
        complaints.push(format!("{shown} needs {name}"));
    }
    let soname = bracketed("(SONAME)").join(" ");
    if soname != "libkmsramcred.so.0" {
        complaints.push(format!("{shown} has the SONAME {soname:?}"));
    }
    if !dynamic.contains("NODELETE") {
        complaints.push(format!("{shown} can be unloaded, although its threads cannot"));
    }
    let size = std::fs::metadata(library)?.len();
    if size > LARGEST {
        complaints.push(format!("{shown} has {size} bytes; at most {LARGEST} are allowed"));
    }
    let floor = floor(&said("readelf", &["-VW"], library)?);
    if numbers(&floor) > numbers(documented) {
        complaints.push(format!("{shown} needs glibc {floor}; {FLOOR} says that {documented} will do"));
    }
    let needed = needed.join(" ");
    Ok(format!("{shown}: {} symbols, {soname}, {size} bytes, needs {needed} (glibc {floor})", exported.len()))
}

/// `2.34` as numbers, which compare as versions do.
fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// The newest glibc version that is asked for.
fn floor(versions: &str) -> String {
    let asked = versions.split_whitespace().filter_map(|word| word.strip_prefix("GLIBC_"));
    let newest = asked.filter_map(|version| Some((numbers(version)?, version))).max();
    newest.map_or_else(String::new, |(_, version)| version.to_owned())
}

/// The version in the words "glibc 2.34 or newer".
fn documented_floor(text: &str) -> Result<String> {
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';', ':'])).collect();
    let found = words.windows(4).find(|words| words[0] == "glibc" && words[2..] == ["or", "newer"]);
    let version = found.map(|words| words[1]).filter(|version| numbers(version).is_some());
    Ok(version.with_context(|| format!("{FLOOR} does not say which glibc \"or newer\" is needed"))?.to_owned())
}

fn said(program: &str, arguments: &[&str], library: &Path) -> Result<String> {
    let output = Command::new(program).args(arguments).arg(library).output();
    let output = output.with_context(|| format!("cannot run {program} (of binutils)"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_compared_by_number() {
        assert_eq!(floor("Name: GLIBC_2.4 Flags: none Name: GLIBC_2.34 x GLIBC_2.17 GLIBC_PRIVATE"), "2.34");
        assert_eq!(floor(""), "");
        assert!(numbers("2.9") < numbers("2.34") && numbers("") < numbers("2.0"));
    }

    #[test]
    fn the_documented_floor_is_found_by_its_words() {
        assert_eq!(documented_floor("It needs\nglibc 2.34 or\nnewer.").unwrap(), "2.34");
        assert!(documented_floor("It needs glibc or newer").is_err());
    }
}
