//! A program that this process runs to its end.
//!
//! In go its words, a time and a size, out comes what it printed and how it ended. No thread is started. A program that
//! takes too long, prints too much or is not wanted any more is killed with its process group and collected. It is
//! given nothing of this process but environment, working directory and standard error: no blocked signal, no open
//! file, no standard input.
//!
//! Another thread may fork while the pipe is open, and its child then holds the pipe for ever; so may a child of the
//! program. So the program's end counts, not that of the pipe. And the host program may collect every child process
//! before this does: a process id is used only while the kernel says that it is still a child of ours.

use crate::config::EXTERNAL_MARKER;
use crate::source::{Ended, Run, RunFailure};
use std::io::{self, ErrorKind, Read};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How often a look is taken whether the program ended or is not wanted any more.
const LOOK: Duration = Duration::from_millis(50);
/// Between two looks at a program that has closed its output and is about to end.
const SHORT_LOOK: Duration = Duration::from_millis(2);
/// A killed program that is not gone by then is stuck in the kernel, and left to it.
const LONGEST_DYING: Duration = Duration::from_secs(1);

/// Runs a program; `wanted` answers `false` when the client was closed.
pub fn run_program(run: &Run<'_>, wanted: &dyn Fn() -> bool) -> Result<Ended, RunFailure> {
    let ends = Instant::now() + run.longest;
    let turn = Turn { ends, wanted };
    turn.goes_on()?;
    let Some((program, arguments)) = run.words.split_first() else { return Err(RunFailure::NotFound) };
    let mut command = Command::new(program.expose());
    command
        .args(arguments.iter().map(|word| word.expose()))
        .env(EXTERNAL_MARKER, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0);
    inherit_nothing_odd(&mut command);
    let child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => RunFailure::NotFound,
        _ => RunFailure::Start(error),
    })?;
    let mut program = Program { child, collected: false };
    let output = program.output(run.most, &turn)?;
    let status = program.end(&turn)?;
    Ok(Ended { status, output })
}

/// How long one run may go on.
struct Turn<'a> {
    ends: Instant,
    wanted: &'a dyn Fn() -> bool,
}

impl Turn<'_> {
    /// The time until the next look.
    fn goes_on(&self) -> Result<Duration, RunFailure> {
        if !(self.wanted)() {
            return Err(RunFailure::Closed);
        }
        let left = self.ends.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(RunFailure::TimedOut) } else { Ok(left.min(LOOK)) }
    }
}

/// A program that was started; killed, unless it ended, and collected when dropped.
struct Program {
    child: Child,
    collected: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Runs,
    /// It has ended and waits to be collected.
    Ended,
    /// Somebody else has collected it: its id may be another's by now.
    Gone,
}

impl Program {
    /// All that it prints until it ends or closes its output.
    fn output(&mut self, most: usize, turn: &Turn<'_>) -> Result<Zeroizing<Vec<u8>>, RunFailure> {
        let mut pipe = self.child.stdout.take().ok_or_else(|| RunFailure::Start(ErrorKind::BrokenPipe.into()))?;
        let mut bytes = Zeroizing::new(vec![0; most + 1]);
        let mut filled = 0;
        loop {
            let longest = turn.goes_on()?;
            // Asked first: what it wrote before its end is in the pipe then.
            let runs = self.state() == State::Runs;
            if !is_readable(&pipe, if runs { longest } else { Duration::ZERO }).map_err(RunFailure::Start)? {
                if runs { continue } else { break }
            }
            match pipe.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(RunFailure::Start(error)),
            }
            if filled > most {
                return Err(RunFailure::TooMuch);
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// How it ended; unknown where somebody else collected it.
    fn end(&mut self, turn: &Turn<'_>) -> Result<Option<ExitStatus>, RunFailure> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.collected = true;
                    return Ok(Some(status));
                }
                Ok(None) => std::thread::sleep(turn.goes_on()?.min(SHORT_LOOK)),
                Err(_) => {
                    self.collected = true;
                    return Ok(None);
                }
            }
        }
    }

    #[expect(unsafe_code, reason = "the standard library cannot look at a child without collecting it")]
    fn state(&self) -> State {
        let mut seen = MaybeUninit::<libc::siginfo_t>::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: `seen` is writable, and all zeros are a siginfo_t; the call keeps no pointer. It fills in a process
        // id where a child has ended and leaves 0 where none has.
        let (answer, id) = unsafe {
            let answer = libc::waitid(libc::P_PID, self.child.id(), seen.as_mut_ptr(), flags);
            (answer, seen.assume_init().si_pid())
        };
        match (answer, id) {
            (0, 0) => State::Runs,
            (0, _) => State::Ended,
            _ => State::Gone,
        }
    }

    #[expect(unsafe_code, reason = "the standard library cannot end a process group")]
    fn kill_group(&self) {
        let Ok(group) = libc::pid_t::try_from(self.child.id()) else { return };
        if self.state() != State::Gone {
            // SAFETY: two numbers. The child leads its group and is not collected yet, so the group's id is nobody
            // else's.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.collected {
            return;
        }
        self.kill_group();
        let dying = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && dying.elapsed() < LONGEST_DYING {
            std::thread::sleep(SHORT_LOOK);
        }
    }
}

/// Whether there is something to read, or the end of it, within `longest`.
#[expect(unsafe_code, reason = "the standard library cannot wait for a pipe with an end")]
fn is_readable(pipe: &ChildStdout, longest: Duration) -> io::Result<bool> {
    let mut asked = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let millis = libc::c_int::try_from(longest.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: `asked` is one valid pollfd; the call keeps no pointer.
    match unsafe { libc::poll(&raw mut asked, 1, millis) } {
        -1 if io::Error::last_os_error().kind() == ErrorKind::Interrupted => Ok(false),
        -1 => Err(io::Error::last_os_error()),
        ready => Ok(ready > 0),
    }
}

/// Our threads block every signal, host programs ignore some and leave files open: a program inherits all that.
#[expect(unsafe_code, reason = "the standard library cannot change what a program inherits")]
fn inherit_nothing_odd(command: &mut Command) {
    let clean = || {
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: as in `spawn` of `thread.rs`; all calls are async-signal-safe and take no lock. Where the kernel has
        // no close_range, files stay as they are.
        unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
        }
        Ok(())
    };
    // SAFETY: `clean` runs between fork and exec and does what a signal handler may do, and no more.
    unsafe { command.pre_exec(clean) };
}

#[cfg(test)]
#[path = "program_tests.rs"]
mod tests;
