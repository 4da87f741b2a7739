//! Stage 1 of 8: what the reader of settings asks of the process it runs in.
//!
//! In goes nothing, out come the environment, the working directory, the effective user and whether the one who started
//! the process may choose its settings. All of it can be replaced, so that every rule is tested without touching the real
//! process. Knows no keys and no sockets.
//!
//! A program may have rights that its caller lacks: by a setuid or setgid bit, by capabilities of its file, by a rule of
//! a security module. The kernel says so when it starts the program (`AT_SECURE` in `/proc/self/auxv`), and nothing the
//! program does later takes that back, while the ids can be made equal by one `setresuid`. But the kernel hides that file
//! from a program that changed its ids and has no right to read root's files, so traces that stay are looked at as well.

use once_cell::race::OnceBox;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// The process, as far as settings depend on it.
pub(super) struct Process<'a> {
    /// Reads one environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The working directory, where it still exists.
    pub working_directory: Option<PathBuf>,
    /// The effective user, where it can be read.
    pub user: Option<u32>,
    /// Why whoever started this process must not choose its settings; `None` where nothing is wrong.
    pub distrust: Option<&'static str>,
}

impl Process<'static> {
    /// The process this code runs in.
    pub fn current() -> Process<'static> {
        static VERDICT: Verdict = Verdict::new();
        Process {
            variable: &|name| std::env::var_os(name),
            working_directory: std::env::current_dir().ok(),
            user: status().and_then(|status| Rights::parse(&status)).map(|rights| rights.effective_user),
            distrust: VERDICT.once(Evidence::gather),
        }
    }
}

/// Decided once, so that no later change of ids brings the caller's influence back. Without a lock: a fork could leave
/// one held.
struct Verdict(OnceBox<Option<&'static str>>);

impl Verdict {
    const fn new() -> Verdict {
        Verdict(OnceBox::new())
    }

    fn once(&self, evidence: impl FnOnce() -> Evidence) -> Option<&'static str> {
        *self.0.get_or_init(|| Box::new(evidence().against_the_caller()))
    }
}

/// What tells whether the caller has fewer rights than this program.
struct Evidence {
    /// `/proc/self/auxv`
    auxv: Option<Vec<u8>>,
    /// `/proc/self/status`
    status: Option<String>,
    /// The mode of the program's file.
    program_mode: Option<u32>,
}

impl Evidence {
    fn gather() -> Evidence {
        Evidence {
            auxv: std::fs::read("/proc/self/auxv").ok(),
            status: status(),
            program_mode: std::fs::metadata("/proc/self/exe").ok().map(|file| file.permissions().mode()),
        }
    }

    fn against_the_caller(&self) -> Option<&'static str> {
        let rights = self.status.as_deref().and_then(Rights::parse);
        if let Some(reason) = rights.and_then(|rights| rights.unequal_ids()) {
            return Some(reason);
        }
        match (self.auxv.as_deref().and_then(at_secure), rights) {
            (Some(0), _) => None,
            (Some(_), _) => Some("this program has rights that its caller lacks (setuid, setgid or capabilities)"),
            (None, None) => Some("neither /proc/self/auxv nor /proc/self/status tells that this is no setuid program"),
            (None, Some(_)) if self.program_mode.is_some_and(changes_ids) => {
                Some("the file of this program is setuid or setgid")
            }
            (None, Some(rights)) if rights.has_capabilities_of_its_file() => {
                Some("this program has capabilities that its caller may lack")
            }
            (None, Some(_)) => None,
        }
    }
}

fn status() -> Option<String> {
    std::fs::read_to_string("/proc/self/status").ok()
}

/// The value of `AT_SECURE`: pairs of machine words, tag and value, up to tag 0.
fn at_secure(auxv: &[u8]) -> Option<usize> {
    const AT_NULL: usize = 0;
    const AT_SECURE: usize = 23;
    let mut words = auxv.as_chunks().0.iter().map(|word| usize::from_ne_bytes(*word));
    std::iter::from_fn(|| Some((words.next()?, words.next()?)))
        .take_while(|(tag, _)| *tag != AT_NULL)
        .find_map(|(tag, value)| (tag == AT_SECURE).then_some(value))
}

/// A set-group bit without the group's execute bit meant locking once, and changes no id.
fn changes_ids(mode: u32) -> bool {
    mode & 0o4000 != 0 || mode & 0o2010 == 0o2010
}

/// Ids and capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rights {
    real_user: u32,
    effective_user: u32,
    real_group: u32,
    effective_group: u32,
    permitted: u64,
    ambient: u64,
}

impl Rights {
    /// Reads the text of `/proc/self/status`.
    fn parse(status: &str) -> Option<Rights> {
        let line = |label: &str| status.lines().find_map(|line| line.strip_prefix(label));
        let pair = |label: &str| {
            let mut ids = line(label)?.split_whitespace().map(str::parse);
            Some((ids.next()?.ok()?, ids.next()?.ok()?))
        };
        let set = |label: &str| line(label).and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0);
        let (real_user, effective_user) = pair("Uid:")?;
        let (real_group, effective_group) = pair("Gid:")?;
        let (permitted, ambient) = (set("CapPrm:"), set("CapAmb:"));
        Some(Rights { real_user, effective_user, real_group, effective_group, permitted, ambient })
    }

    fn unequal_ids(&self) -> Option<&'static str> {
        if self.real_user != self.effective_user {
            return Some("this is a setuid program");
        }
        (self.real_group != self.effective_group).then_some("this is a setgid program")
    }

    /// Root has capabilities by being root, and ambient ones are inherited from the caller.
    fn has_capabilities_of_its_file(&self) -> bool {
        self.real_user != 0 && self.permitted & !self.ambient != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tx\nUmask:\t0022\nUid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\nGroups:\t4\n\
        CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapAmb:\t0000000000000000\n";
    const PROGRAM: u32 = 0o100_755;

    /// A page size, `AT_SECURE`, and what stands behind the end.
    fn auxv(secure: usize) -> Vec<u8> {
        [6, 4096, 23, secure, 0, 0, 23, 1].iter().flat_map(|word: &usize| word.to_ne_bytes()).collect()
    }

    fn judge(auxv: Option<Vec<u8>>, status: &str, program_mode: u32) -> Option<&'static str> {
        let evidence = Evidence { auxv, status: Some(status.to_owned()), program_mode: Some(program_mode) };
        evidence.against_the_caller()
    }

    #[test]
    fn an_ordinary_process_trusts_its_caller() {
        assert_eq!(judge(Some(auxv(0)), STATUS, PROGRAM), None);
        assert_eq!(judge(None, STATUS, PROGRAM), None);
        assert_eq!(Process::current().distrust, None);
        assert_eq!(at_secure(&std::fs::read("/proc/self/auxv").unwrap()), Some(0));
    }

    #[test]
    fn setuid_and_setgid_programs_do_not() {
        for auxv in [Some(auxv(0)), Some(auxv(1)), None] {
            let judge = |status: &str| judge(auxv.clone(), status, PROGRAM).unwrap();
            assert!(judge(&STATUS.replace("Uid:\t1000\t1000", "Uid:\t1000\t0")).contains("setuid"));
            assert!(judge(&STATUS.replace("Gid:\t100\t100", "Gid:\t100\t0")).contains("setgid"));
        }
    }

    #[test]
    fn the_kernels_word_counts_when_the_ids_were_made_equal() {
        assert!(judge(Some(auxv(1)), STATUS, PROGRAM).is_some());
        assert!(judge(Some(auxv(1)), "", PROGRAM).is_some());
        assert_eq!(judge(Some(auxv(0)), "", PROGRAM), None);
    }

    #[test]
    fn where_the_kernels_word_is_hidden_the_programs_file_tells() {
        for hidden in [None, Some(vec![]), Some(auxv(1)[..8].to_vec()), Some(vec![0; 64])] {
            for (mode, trusted) in [(0o104_755, false), (0o102_755, false), (0o102_745, true), (0o100_755, true)] {
                assert_eq!(judge(hidden.clone(), STATUS, mode).is_none(), trusted, "{mode:o}");
            }
            let capable = STATUS.replace("CapPrm:\t0000000000000000", "CapPrm:\t0000000000000400");
            assert!(judge(hidden.clone(), &capable, PROGRAM).unwrap().contains("capabilities"));
            let inherited = capable.replace("CapAmb:\t0000000000000000", "CapAmb:\t0000000000000400");
            assert_eq!(judge(hidden.clone(), &inherited, PROGRAM), None);
            assert_eq!(judge(hidden.clone(), &capable.replace("1000", "0"), PROGRAM), None);
        }
    }

    #[test]
    fn ids_that_cannot_be_read_count_as_a_stranger() {
        for status in ["", "Uid:\t1", "Uid:\t1\t1\nGid:\ta\tb", "Gid:\t1\t1\n"] {
            assert!(judge(None, status, PROGRAM).is_some(), "{status}");
        }
        assert!(Evidence { auxv: None, status: None, program_mode: None }.against_the_caller().is_some());
    }

    #[test]
    fn the_first_verdict_stands() {
        let evidence =
            |secure| Evidence { auxv: Some(auxv(secure)), status: Some(STATUS.to_owned()), program_mode: None };
        let verdict = Verdict::new();
        assert!(verdict.once(|| evidence(1)).is_some());
        assert!(verdict.once(|| evidence(0)).is_some(), "ids made equal later change nothing");
    }
}
