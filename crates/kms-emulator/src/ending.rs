//! What makes the command end: a signal, the end of its input, or the end of its parent.

use std::io::{self, Read};
use std::os::unix::process::parent_id;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// How often the parent is looked for.
const PARENT_INTERVAL: Duration = Duration::from_millis(200);

/// Which endings count beside signals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endings {
    pub(crate) stdin: bool,
    /// The process whose end counts, noted before anything that takes time.
    pub(crate) parent: Option<u32>,
}

/// Watches for them; made before anybody is told that the emulator runs, so that no signal is missed.
pub(crate) struct Watch {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    endings: Endings,
}

impl Watch {
    pub(crate) fn begin(endings: Endings) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let hang_up = signal(SignalKind::hangup())?;
        drop(entered);
        Ok(Self { runtime, terminate, interrupt, hang_up, endings })
    }

    /// Returns when the first of them happens.
    pub(crate) fn wait(mut self) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
                _ = self.hang_up.recv() => {}
                () = end_of_stdin(), if self.endings.stdin => {}
                () = end_of_parent(self.endings.parent) => {}
            }
        });
    }
}

/// Reads on a plain thread, which the end of the process takes along.
async fn end_of_stdin() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        let mut stdin = io::stdin();
        while stdin.read(&mut buffer).is_ok_and(|length| length > 0) {}
        let _ = ended.send(());
    });
    let _ = end.await;
}

async fn end_of_parent(parent: Option<u32>) {
    while parent.is_none_or(|parent| parent_id() == parent) {
        tokio::time::sleep(PARENT_INTERVAL).await;
    }
}
