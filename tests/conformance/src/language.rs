//! The languages, and where their drivers are.

use std::fmt;
use std::path::{Path, PathBuf};

/// A language with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The core itself.
    Rust,
    /// `drivers/c`, on `kmsramcred.h`.
    C,
    /// `drivers/cpp`, on `kmsramcred.hpp`.
    Cpp,
    /// `drivers/driver.py`, on the package `kmsramcred`.
    Python,
    /// `drivers/go`, on the module `kmsramcred`.
    Go,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 5] = [Language::Rust, Language::C, Language::Cpp, Language::Python, Language::Go];

    /// How to start its driver. `rust` is the program of this crate.
    pub fn driver(self, rust: &Path) -> Result<Vec<String>, String> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        match self {
            Language::Rust => Ok(vec![text(rust.to_owned()), "driver".to_owned()]),
            Language::C => Ok(vec![self.named("KMSRAMCRED_CONFORMANCE_C", "the C driver")?]),
            Language::Cpp => Ok(vec![self.named("KMSRAMCRED_CONFORMANCE_CPP", "the C++ driver")?]),
            Language::Python => {
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers/driver.py");
                let python = self.named("KMSRAMCRED_CONFORMANCE_PYTHON", "a Python with the package installed")?;
                Ok(vec![python, text(script)])
            }
            Language::Go => Ok(vec![self.named("KMSRAMCRED_CONFORMANCE_GO", "the Go driver")?]),
        }
    }

    /// Whether its programs can fork. A Go program cannot: the child would have one thread of the many that its runtime needs.
    pub fn forks(self) -> bool {
        self != Language::Go
    }

    fn named(self, variable: &str, what: &str) -> Result<String, String> {
        std::env::var(variable).ok().filter(|value| !value.is_empty()).ok_or_else(|| {
            format!("{self}: {variable} is not set; it names {what}. `make conformance` builds that and sets it.")
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Cpp => "cpp",
            Language::Python => "python",
            Language::Go => "go",
        })
    }
}
