//! What a C program has compiled in, compared with a committed baseline by libabigail.
//!
//! The library is Rust and stripped, so it says nothing of types. What counts for its users is the header: a small C file made
//! from it holds a pointer to each function and the value of each constant, and is compared with debug information.

use crate::{exports, tree};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Output};

const BASELINE: &str = "bindings/c/abi/kmsramcred.abixml";
const HEADER: &str = "include/kmsramcred.h";

/// Writes or checks the baseline.
pub fn run(root: &Path, check: bool) -> Result<String> {
    let functions = exports::read(root)?.functions;
    let header = tree::read(&root.join(HEADER))?;
    let constants = constants(&header);
    let abi = constants.iter().find(|(name, _)| *name == "KMSRAMCRED_ABI_VERSION");
    let (_, abi) = abi.with_context(|| format!("{HEADER} has no KMSRAMCRED_ABI_VERSION"))?;

    let place = std::env::temp_dir().join(format!("kmsramcred-abi-{}", std::process::id()));
    std::fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    let compared = compile(root, &place, &view(&functions, &constants), abi)
        .and_then(|()| if check { compare(root, &place) } else { write(root, &place) });
    std::fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    compared?;
    Ok(format!("{BASELINE}: {} functions, {} constants, ABI {abi}", functions.len(), constants.len()))
}

/// Constants with a number. Those of the version change with each release and promise nothing.
fn constants(header: &str) -> Vec<(&str, &str)> {
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let is_number = |value: &str| !value.is_empty() && value.chars().all(|digit| digit.is_ascii_digit());
    defined.filter(|(name, value)| !name.starts_with("KMSRAMCRED_VERSION_") && is_number(value)).collect()
}

/// The C file. A name that is added, removed or changed is a variable that is.
fn view(functions: &[String], constants: &[(&str, &str)]) -> String {
    let mut code = "#include <kmsramcred.h>\n".to_owned();
    for name in functions {
        code += &format!("__typeof__(&{name}) the_function_{name};\n");
    }
    for (name, _) in constants {
        code += &format!("enum number_of_{name} {{ is_{name} = {name} }} the_constant_{name};\n");
    }
    code
}

fn compile(root: &Path, place: &Path, view: &str, abi: &str) -> Result<()> {
    let source = place.join("view.c");
    std::fs::write(&source, view).with_context(|| format!("cannot write {}", source.display()))?;
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-g", "-gdwarf-4", "-fPIC", "-shared", "-nostdlib"]);
    compiler.arg(format!("-Wl,-soname,libkmsramcred.so.{abi}")).arg("-I").arg(root.join("include"));
    let output = ran(compiler.arg("view.c").args(["-o", "view.so"]).current_dir(place), "cc", "a C compiler")?;
    if !output.status.success() {
        bail!("{HEADER} does not compile: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn write(root: &Path, place: &Path) -> Result<()> {
    let mut dump = Command::new("abidw");
    dump.args(["--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--no-elf-needed"]);
    dump.arg("--out-file").arg(root.join(BASELINE)).arg(place.join("view.so"));
    let output = ran(&mut dump, "abidw", "libabigail (Debian: abigail-tools)")?;
    if !output.status.success() {
        bail!("abidw failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn compare(root: &Path, place: &Path) -> Result<()> {
    let differences = |added: &[&str]| -> Result<Option<String>> {
        let mut diff = Command::new("abidiff");
        diff.args(["--no-architecture", "--harmless"]).args(added);
        diff.arg(root.join(BASELINE)).arg(place.join("view.so"));
        let output = ran(&mut diff, "abidiff", "libabigail (Debian: abigail-tools)")?;
        // The lowest two bits are failures of the tool itself.
        let code = output.status.code().unwrap_or(1);
        if code & 3 != 0 {
            bail!("abidiff failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok((code != 0).then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    };
    if let Some(broken) = differences(&["--no-added-syms"])? {
        bail!(
            "{HEADER} breaks what {BASELINE} promises. Take it back, or follow the rules for breaking in \
             include/README.md (a new KMSRAMCRED_ABI_VERSION), then `cargo xtask abi`:\n{broken}"
        );
    }
    if let Some(added) = differences(&[])? {
        bail!("{HEADER} adds to {BASELINE}: that is allowed; run `cargo xtask abi` and commit it.\n{added}");
    }
    Ok(())
}

fn ran(command: &mut Command, program: &str, what: &str) -> Result<Output> {
    match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("{program} is missing: install {what}"),
        outcome => outcome.with_context(|| format!("cannot run {program}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_numbers_and_not_versions() {
        let header = "#define KMSRAMCRED_H\n#define KMSRAMCRED_API \n#define KMSRAMCRED_OK 0\n\
                      #define KMSRAMCRED_VERSION_MAJOR 3\n#define KMSRAMCRED_MUST_USE __attribute__((x))\n";
        assert_eq!(constants(header), [("KMSRAMCRED_OK", "0")]);
    }

    #[test]
    fn every_name_is_one_variable() {
        let view = view(&["kmsramcred_version".to_owned()], &[("KMSRAMCRED_OK", "0")]);
        assert_eq!(view.matches("the_function_kmsramcred_version;").count(), 1);
        assert_eq!(view.matches("is_KMSRAMCRED_OK = KMSRAMCRED_OK").count(), 1);
    }
}
