//! Forked children that go on using the client of their parent.

use super::application::Order;
use super::load::Seen;
use super::robot::Robot;
use crate::line::Line;
use fork::{Fork, fork, waitpid};
use kmsramcred::{Error, ErrorKind, Secret};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Until the parent has done what the child waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The children that have not been waited for.
#[derive(Default)]
pub struct Children(Vec<i32>);

impl Children {
    /// Starts `children` of them. Each acquires, calls until it has been refused if `until_refused` says so, and then
    /// makes `calls` calls, of which none may fail.
    pub fn fork(&mut self, secret: &Secret, order: &Order<'_>) -> Result<Line, Error> {
        let (timeout, host) = (order.time("timeout_ms", 10_000)?, order.text("host")?);
        let (calls, until_refused) = (order.number::<u64>("calls")?, order.0.get("until_refused") == Some("true"));
        for _ in 0..order.number::<u32>("children")? {
            match fork() {
                Ok(Fork::Parent(pid)) => self.0.push(pid),
                Ok(Fork::Child) => {
                    let fine = live(secret, host, timeout, calls, until_refused);
                    std::process::exit(i32::from(!fine));
                }
                Err(error) => return Err(Error::new(ErrorKind::Internal, format!("No fork: {error}."))),
            }
        }
        Ok(Line::new("ok").with("children", self.0.len()))
    }

    /// Waits for all of them.
    pub fn join(&mut self) -> Result<Line, Error> {
        let children: Vec<_> = self.0.drain(..).collect();
        let failed = children.iter().filter(|pid| !matches!(waitpid(**pid), Ok(0))).count();
        Ok(Line::new("ok").with("children", children.len()).with("failed", failed))
    }
}

fn live(secret: &Secret, host: &str, timeout: Duration, calls: u64, until_refused: bool) -> bool {
    if secret.credential(timeout).is_err() {
        return false;
    }
    let (robot, seen, began) = (Robot::new(host, Duration::from_secs(10)), Seen::default(), Instant::now());
    while until_refused && seen.refused.load(Ordering::SeqCst) == 0 {
        if !robot.call(secret, &seen) || began.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    (0..calls).all(|_| robot.call(secret, &seen))
}
