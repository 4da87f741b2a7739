//! A running driver: the program of a story, in some language.

use crate::line::Line;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// No answer takes longer; what is promised to be quicker is bounded by its story.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a driver needs of the environment to run at all. The rest could configure the library.
const ENVIRONMENT: [&str; 7] = ["PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS"];

/// Killed with all its children when it is dropped before its end.
pub struct Driver {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<String>,
    stderr: PathBuf,
    ended: bool,
}

impl Driver {
    /// Starts it in this directory, with more variables in its environment.
    pub fn start(command: &[String], directory: &Path, more: &[(String, String)]) -> Result<Driver, String> {
        let stderr = directory.join("driver.stderr");
        let [program, arguments @ ..] = command else { return Err("no driver".to_owned()) };
        let file = File::create(&stderr).map_err(|error| error.to_string())?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(more.iter().map(|(name, value)| (name, value)))
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{program} does not start: {error}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let (sender, answers) = sync_channel(1);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Driver { child, stdin, answers, stderr, ended: false })
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One command, one answer.
    pub fn ask(&mut self, command: &Line) -> Result<Line, String> {
        let stdin = self.stdin.as_mut().ok_or("the driver has ended")?;
        let sent = writeln!(stdin, "{command}").and_then(|()| stdin.flush());
        let answer = match sent.map(|()| self.answers.recv_timeout(PATIENCE)) {
            Ok(Ok(answer)) => answer,
            _ if self.child.try_wait().is_ok_and(|status| status.is_some()) => {
                return Err(format!("the driver died over `{command}`: {}", self.complaints()));
            }
            _ => return Err(format!("no answer within {PATIENCE:?} to `{command}`: {}", self.complaints())),
        };
        answer.parse().map_err(|why| format!("`{command}` was answered {answer:?}: {why}"))
    }

    /// Sends it and its children a signal, by name.
    pub fn signal(&self, name: &str) -> Result<(), String> {
        let sent = signal(&self.child, name).map_err(|error| error.to_string())?;
        if sent.success() { Ok(()) } else { Err(format!("no signal {name}: {sent}")) }
    }

    /// Ends it, which must go well.
    pub fn quit(&mut self) -> Result<(), String> {
        if let Some(mut stdin) = self.stdin.take() {
            let _ = writeln!(stdin, "{}", Line::new("quit"));
        }
        let status = self.wait()?;
        self.ended = true;
        if status.success() { Ok(()) } else { Err(format!("the driver ended with {status}: {}", self.complaints())) }
    }

    fn wait(&mut self) -> Result<ExitStatus, String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!("the driver does not end: {}", self.complaints()))
    }

    /// What it wrote to standard error.
    pub fn complaints(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.ended {
            let _ = signal(&self.child, "KILL");
            let _ = self.child.wait();
        }
    }
}

/// To its group, where its forked children are too.
fn signal(child: &Child, name: &str) -> std::io::Result<ExitStatus> {
    let group = format!("-{}", child.id());
    Command::new("kill").args([&format!("-{name}"), "--", &group]).stderr(Stdio::null()).status()
}
