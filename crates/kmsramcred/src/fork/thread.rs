//! Threads that take no part in the host program's signals.

use std::io;
use std::mem::MaybeUninit;

/// Starts a thread with every signal blocked, so that no handler of the host program ever runs on it.
#[expect(unsafe_code, reason = "the standard library cannot change a thread's signal mask")]
pub fn spawn(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigfillset` initialises `all`; `pthread_sigmask` reads it, writes `before`, and keeps neither pointer.
    let masked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr())
    };
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    if masked == 0 {
        // SAFETY: the first call succeeded, so `before` holds this thread's own mask.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    }
    started.map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    fn blocked_signals() -> String {
        let status = std::fs::read_to_string("/proc/thread-self/status").expect("Linux");
        status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("a mask").trim().to_owned()
    }

    #[test]
    fn a_thread_of_ours_blocks_every_signal_and_its_maker_keeps_its_own_mask() {
        let before = blocked_signals();
        let (send, receive) = mpsc::channel();
        super::spawn("kmsramcred-test", Box::new(move || send.send(blocked_signals()).unwrap())).unwrap();
        let inside = u64::from_str_radix(&receive.recv().unwrap(), 16).unwrap();
        // SIGKILL and SIGSTOP cannot be blocked, and the C library keeps two for itself.
        assert_eq!(inside | 1 << 8 | 1 << 18 | 3 << 31, u64::MAX);
        assert_eq!(blocked_signals(), before);
    }
}
