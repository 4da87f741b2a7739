//! Stage 1 of 8: where a value came from.
//!
//! In goes nothing but the place, out comes the words errors and `explain` use for it. Knows no values and no sockets.

use super::shown;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The program set it.
    Program,
    /// A properties file.
    File {
        /// Which file.
        path: Arc<Path>,
        /// The line of its key, counted from 1.
        line: usize,
    },
    /// An environment variable of this name.
    Environment(&'static str),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Program => f.write_str("set by the program"),
            Origin::File { path, line } => write!(f, "line {line} of {}", shown::path(path)),
            Origin::Environment(variable) => write!(f, "environment variable {variable}"),
            Origin::Default => f.write_str("default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_origin_has_its_words() {
        let file = Origin::File { path: Path::new("/etc/x.properties").into(), line: 3 };
        assert_eq!(file.to_string(), "line 3 of /etc/x.properties");
        assert_eq!(Origin::Environment("secret_names").to_string(), "environment variable secret_names");
        assert_eq!(Origin::Program.to_string(), "set by the program");
        assert_eq!(Origin::Default.to_string(), "default");
    }
}
