//! What the kernel says about a process.

use serde::Serialize;
use std::fs;

/// A thread of ours that fetches; it ends after ten idle seconds. The kernel keeps 15 letters of a name.
const FETCHER: &str = "kmsramcred-fetc";

/// One look at a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Memory that is really there, in KiB.
    pub rss_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open files and sockets.
    pub descriptors: u64,
    /// Those of the threads that fetch.
    pub fetchers: u64,
}

impl Reading {
    /// Of the process with this number; an error when there is none.
    pub fn of(pid: u32) -> Result<Reading, String> {
        let lost = |what: &str, error: std::io::Error| format!("process {pid} is not there any more: {what}: {error}");
        let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| lost("status", error))?;
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let word = line.and_then(|rest| rest.split_whitespace().next());
            word.and_then(|word| word.parse().ok()).ok_or_else(|| format!("process {pid} has ended: no {key} of it"))
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).map_err(|error| lost("fd", error))?.count() as u64;
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| lost("task", error))?;
        // A thread may end while it is looked at.
        let names = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        Ok(Reading {
            rss_kib: number("VmRSS:")?,
            threads: number("Threads:")?,
            descriptors,
            fetchers: names.filter(|name| name.trim() == FETCHER).count() as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_process_is_seen_with_what_it_holds() {
        let (ready, is_ready) = channel();
        let (end, ended) = channel::<()>();
        let thread = std::thread::Builder::new().name("kmsramcred-fetch".to_owned()).spawn(move || {
            let file = fs::File::open("/proc/self/status").unwrap();
            ready.send(()).unwrap();
            let _ = ended.recv();
            drop(file);
        });
        is_ready.recv().unwrap();
        let reading = Reading::of(std::process::id()).unwrap();
        assert!(reading.rss_kib > 500 && reading.threads >= 2 && reading.descriptors >= 4, "{reading:?}");
        assert_eq!(reading.fetchers, 1);
        end.send(()).unwrap();
        thread.unwrap().join().unwrap();
        assert!(Reading::of(u32::MAX).is_err());
    }
}
