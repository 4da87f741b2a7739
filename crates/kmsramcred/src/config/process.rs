//! Stage 1 of 8: what the reader of settings asks of the process it runs in.
//!
//! In goes nothing, out come the environment, the working directory and the user and group ids. All of it can be
//! replaced, so that every rule is tested without touching the real process. Knows no keys and no sockets.

use std::ffi::OsString;
use std::path::PathBuf;

/// The process, as far as settings depend on it.
pub(super) struct Process<'a> {
    /// Reads one environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The working directory, where it still exists.
    pub working_directory: Option<PathBuf>,
    /// The ids, where they can be read.
    pub ids: Option<Ids>,
}

/// Real and effective ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ids {
    pub real_user: u32,
    pub effective_user: u32,
    pub real_group: u32,
    pub effective_group: u32,
}

impl Process<'static> {
    /// The process this code runs in.
    pub fn current() -> Process<'static> {
        Process {
            variable: &|name| std::env::var_os(name),
            working_directory: std::env::current_dir().ok(),
            ids: std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(Ids::parse),
        }
    }
}

impl Process<'_> {
    /// Why whoever started this process must not choose its settings; `None` where nothing is wrong.
    ///
    /// A setuid or setgid program runs with rights that its caller does not have. Where the ids cannot be read, that
    /// cannot be ruled out, and an explicit path still works.
    pub fn distrusts_its_caller(&self) -> Option<&'static str> {
        match self.ids {
            None => Some("/proc/self/status cannot be read to rule out a setuid program"),
            Some(ids) if ids.real_user != ids.effective_user => Some("this is a setuid program"),
            Some(ids) if ids.real_group != ids.effective_group => Some("this is a setgid program"),
            Some(_) => None,
        }
    }
}

impl Ids {
    /// Reads the text of `/proc/self/status`.
    pub fn parse(status: &str) -> Option<Ids> {
        let pair = |label: &str| {
            let mut ids = status.lines().find_map(|line| line.strip_prefix(label))?.split_whitespace().map(str::parse);
            Some((ids.next()?.ok()?, ids.next()?.ok()?))
        };
        let (real_user, effective_user) = pair("Uid:")?;
        let (real_group, effective_group) = pair("Gid:")?;
        Some(Ids { real_user, effective_user, real_group, effective_group })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tx\nUmask:\t0022\nUid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\nGroups:\t4\n";

    fn reason(status: &str) -> Option<&'static str> {
        Process { variable: &|_| None, working_directory: None, ids: Ids::parse(status) }.distrusts_its_caller()
    }

    #[test]
    fn an_ordinary_process_trusts_its_caller() {
        assert_eq!(reason(STATUS), None);
        assert_eq!(Process::current().distrusts_its_caller(), None);
    }

    #[test]
    fn setuid_and_setgid_programs_do_not() {
        assert!(reason(&STATUS.replace("Uid:\t1000\t1000", "Uid:\t1000\t0")).unwrap().contains("setuid"));
        assert!(reason(&STATUS.replace("Gid:\t100\t100", "Gid:\t100\t0")).unwrap().contains("setgid"));
    }

    #[test]
    fn ids_that_cannot_be_read_count_as_a_stranger() {
        for status in ["", "Uid:\t1", "Uid:\t1\t1\nGid:\ta\tb", "Gid:\t1\t1\n"] {
            assert!(reason(status).is_some(), "{status}");
        }
    }
}
