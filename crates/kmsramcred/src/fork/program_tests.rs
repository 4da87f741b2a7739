use super::*;
use crate::config::scratch::Scratch;
use crate::secret_text::SecretText;
use std::path::Path;
use std::sync::mpsc;

/// No test passes or fails by how fast it is.
const LONG: Duration = Duration::from_secs(60);

fn words(words: &[&str]) -> Vec<SecretText> {
    words.iter().map(|word| SecretText::from(*word)).collect()
}

fn run_words(words: &[SecretText], longest: Duration, most: usize) -> Result<Ended, RunFailure> {
    run_program(&Run { words, longest, most }, &|| true)
}

fn shell(script: &str) -> Result<Ended, RunFailure> {
    run_words(&words(&["/bin/sh", "-c", script]), LONG, 64 << 10)
}

fn printed(script: &str) -> String {
    let ended = shell(script).unwrap();
    assert!(ended.status.unwrap().success(), "{script}");
    String::from_utf8(ended.output.to_vec()).unwrap()
}

/// Whether a process has ended; one that only waits to be collected by whoever is its parent now has.
fn is_over(id: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => stat.rsplit(") ").next().is_some_and(|state| state.starts_with('Z')),
        Err(_) => true,
    }
}

/// Which signals a program blocks and ignores. No shell: it would set some right by itself.
fn signals() -> (u64, u64) {
    let ended = run_words(&words(&["grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"]), LONG, 999).unwrap();
    let said = String::from_utf8(ended.output.to_vec()).unwrap();
    let [_, blocked, _, ignored] = said.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{said}") };
    let set = |text| u64::from_str_radix(text, 16).unwrap();
    (set(blocked), set(ignored))
}

fn bit(signal: libc::c_int) -> u64 {
    1 << (signal - 1)
}

fn until(what: impl Fn() -> bool) {
    let begins = Instant::now();
    while !what() {
        assert!(begins.elapsed() < LONG, "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a child of this process has ended and was collected.
fn is_collected(id: &str) -> bool {
    !Path::new("/proc").join(id).exists()
}

#[test]
fn what_it_prints_and_how_it_ends_is_told() {
    let ended = run_words(&words(&["sh", "-c", "printf '%s' \"$1\"; exit 7", "sh", "a b"]), LONG, 3).unwrap();
    assert_eq!((&ended.output[..], ended.status.unwrap().code()), (&b"a b"[..], Some(7)));
    let killed = shell("kill -9 $$").unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&killed.status.unwrap()), Some(9));
    assert_eq!(printed("head -c 65536 /dev/zero").len(), 65_536);
}

#[test]
fn it_finds_the_marker_no_input_and_no_signal_blocked() {
    assert_eq!(printed("printf %s \"$KMSRAMCRED_IN_EXTERNAL\"; cat"), "1");
    let (send, receive) = mpsc::channel();
    crate::fork::spawn("kmsramcred-test", Box::new(move || send.send(signals()).unwrap())).unwrap();
    let (blocked, ignored) = receive.recv().unwrap();
    assert_eq!((blocked, ignored & bit(libc::SIGPIPE)), (0, 0));
}

#[test]
fn it_is_killed_with_its_children_when_it_is_not_wanted_any_more() {
    let scratch = Scratch::new();
    let file = scratch.path().join("ids");
    let script = words(&["/bin/sh", "-c", "sleep 600 & echo $$ $! . >\"$0\"; wait", file.to_str().unwrap()]);
    let ids = || std::fs::read_to_string(&file).unwrap_or_default();
    let run = Run { words: &script, longest: LONG, most: 9 };
    let failure = run_program(&run, &|| !ids().contains('.')).err().unwrap();
    assert!(matches!(failure, RunFailure::Closed), "{failure:?}");
    let ids = ids();
    let [program, child, _] = ids.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{ids}") };
    assert!(is_collected(program));
    until(|| is_over(child));
}

#[test]
fn it_is_killed_when_it_takes_too_long() {
    for script in ["sleep 600", "exec >&-; sleep 600"] {
        let failure = run_words(&words(&["/bin/sh", "-c", script]), Duration::from_millis(20), 9).err().unwrap();
        assert!(matches!(failure, RunFailure::TimedOut), "{failure:?}");
    }
    let failure = run_words(&words(&["/no/such/program"]), Duration::ZERO, 9).err().unwrap();
    assert!(matches!(failure, RunFailure::TimedOut), "without time it is not even started: {failure:?}");
}

#[test]
fn it_is_killed_when_it_prints_too_much() {
    let scratch = Scratch::new();
    let file = scratch.path().join("id");
    let script = words(&["/bin/sh", "-c", "echo $$ >\"$0\"; exec yes", file.to_str().unwrap()]);
    let failure = run_words(&script, LONG, 9).err().unwrap();
    assert!(matches!(failure, RunFailure::TooMuch), "{failure:?}");
    assert!(is_collected(std::fs::read_to_string(&file).unwrap().trim()));
    assert!(run_words(&words(&["printf", "123456789"]), LONG, 9).is_ok());
    assert!(matches!(run_words(&words(&["printf", "1234567890"]), LONG, 9), Err(RunFailure::TooMuch)));
}

#[test]
fn its_end_counts_and_not_that_of_a_pipe_which_somebody_else_holds() {
    let child = printed("sleep 600 & echo $!");
    assert!(!is_over(child.trim()), "it holds the pipe");
    assert!(Command::new("kill").arg(child.trim()).status().unwrap().success());
}

#[test]
fn what_cannot_be_started_is_told() {
    let scratch = Scratch::new();
    let file = scratch.file("f", "#!/no/such/interpreter\n");
    let program = words(&[file.to_str().unwrap()]);
    let Err(RunFailure::Start(error)) = run_words(&program, LONG, 9) else { panic!() };
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for program in [program, words(&["/no/such/program"]), words(&["no-such-program-in-path"]), Vec::new()] {
        // A child that another test forked while the file was written has it open until it runs its own program.
        let is_busy = |error: &io::Error| error.kind() == ErrorKind::ExecutableFileBusy;
        until(|| !matches!(run_words(&program, LONG, 9), Err(RunFailure::Start(error)) if is_busy(&error)));
        assert!(matches!(run_words(&program, LONG, 9), Err(RunFailure::NotFound)));
    }
}

/// What the next test does in a process of its own. No test where nobody started it.
#[test]
#[expect(unsafe_code, reason = "plays a careless host program")]
fn in_a_careless_host_program() {
    if std::env::var_os("TEST_CARELESS").is_none() {
        return;
    }
    let file = std::fs::File::open("/dev/null").unwrap();
    // SAFETY: nothing else runs in this process. The second call makes a file that programs inherit.
    let open = unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, 100)
    };
    assert!(open >= 100);
    let ended = shell(&format!("[ -e /proc/$$/fd/{open} ] && echo open || echo closed")).unwrap();
    assert_eq!((ended.status, &ended.output[..]), (None, &b"closed\n"[..]), "the kernel collects it");
    assert_eq!(signals().1 & bit(libc::SIGCHLD), 0);
    let longest = Duration::from_millis(20);
    assert!(matches!(run_words(&words(&["sleep", "600"]), longest, 9), Err(RunFailure::TimedOut)));
}

#[test]
fn a_host_program_that_ignores_its_children_and_leaves_files_open_does_no_harm() {
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fork::program::tests::in_a_careless_host_program"])
        .env("TEST_CARELESS", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}
