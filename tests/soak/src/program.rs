//! One program under observation: a driver of tests/conformance with a load, obeyed by a thread of its own.

use crate::reading::Reading;
use crate::record::{Look, Record};
use crate::rules::{excuse, spare_threads};
use crate::schedule::{BUDGET_MS, Trouble};
use kmsramcred_conformance::{Driver, Language, Line};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Callers of each program.
pub const THREADS: u32 = 3;
/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// How much later than planned things may have happened, as long as it is not known.
const LATE_MS: u64 = 1_000;
/// For what has to come about by itself.
const PATIENCE: Duration = Duration::from_secs(40);
/// The name of the secret.
pub const SECRET: &str = "robot";

/// What a program is to do.
#[derive(Debug, Clone)]
pub enum Order {
    /// Call the service.
    Work,
    /// Wait until this key is in use and accepted.
    Follow(String),
    /// Stop calling and wait until nothing fetches; with `true` for as many threads and descriptors as at the start too.
    Rest(bool),
    /// Fetch, because the user says so; whether it must go well.
    Refresh(bool),
    /// Close the client, and open another one.
    Reopen,
    /// Fork children that make calls.
    Fork,
    /// Close, and end well.
    End,
}

/// An order, and who wants to know how it went.
type Told = (Order, Sender<Result<(), String>>);

/// A program at work.
pub struct Program {
    /// Its language.
    pub language: Language,
    orders: Sender<Told>,
    /// Calls that ended so far.
    pub calls: Arc<AtomicU64>,
    /// Those that failed without an excuse, as far as it is known while things happen.
    pub failed: Arc<AtomicU64>,
    thread: JoinHandle<Record>,
}

/// What all programs go through.
#[derive(Debug)]
pub struct Plan {
    /// When the schedule began; nothing is recorded before.
    pub began: RwLock<Option<Instant>>,
    /// When something is wrong.
    pub troubles: Vec<Trouble>,
}

impl Program {
    /// Makes a client from the file; `directory` is its own.
    pub fn start(
        language: Language,
        command: &[String],
        directory: PathBuf,
        config: PathBuf,
        host: &str,
        plan: &Arc<Plan>,
    ) -> Result<Program, String> {
        std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        // glibc would give threads up to eight heaps for each processor, and each grows to what a new client takes.
        let one_heap = ("MALLOC_ARENA_MAX".to_owned(), "1".to_owned());
        let driver = Driver::start(command, &directory, &[one_heap])?;
        let (orders, inbox) = channel();
        let (calls, failed) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let watched = Watched {
            driver,
            forks: language.forks(),
            config,
            host: host.to_owned(),
            plan: Arc::clone(plan),
            works: false,
            before: (0, 0, 0),
            looked: Instant::now(),
            calls: Arc::clone(&calls),
            failed: Arc::clone(&failed),
            record: Record { language: language.to_string(), ..Record::default() },
        };
        Ok(Program { language, orders, calls, failed, thread: std::thread::spawn(move || watched.live(&inbox)) })
    }

    /// Gives an order; the answer comes when it was obeyed, or never, when the program was given up.
    pub fn tell(&self, order: Order) -> Receiver<Result<(), String>> {
        let (done, answer) = channel();
        let _ = self.orders.send((order, done));
        answer
    }

    /// Whether it was given up.
    pub fn is_lost(&self) -> bool {
        self.thread.is_finished()
    }

    /// What was seen of it.
    pub fn record(self) -> Record {
        drop(self.orders);
        self.thread
            .join()
            .unwrap_or_else(|_| Record { trouble: Some("its observer panicked".to_owned()), ..Record::default() })
    }
}

struct Watched {
    driver: Driver,
    forks: bool,
    config: PathBuf,
    host: String,
    plan: Arc<Plan>,
    works: bool,
    /// Calls, failed and refused of this load at the last look.
    before: (u64, u64, u64),
    looked: Instant,
    calls: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    record: Record,
}

impl Watched {
    /// Obeys until there is nobody who gives orders, and looks in between.
    fn live(mut self, inbox: &Receiver<Told>) -> Record {
        if let Err(why) = self.open() {
            self.record.trouble = Some(why);
            return self.record;
        }
        loop {
            let rest = LOOK.saturating_sub(self.looked.elapsed());
            let result = match inbox.recv_timeout(rest) {
                Ok((order, done)) => {
                    let result = self.obey(order);
                    let _ = done.send(result.clone());
                    result
                }
                Err(RecvTimeoutError::Timeout) => self.look("seen"),
                Err(RecvTimeoutError::Disconnected) => return self.record,
            };
            if let Err(why) = result {
                self.record.trouble = Some(why);
                return self.record;
            }
        }
    }

    fn obey(&mut self, order: Order) -> Result<(), String> {
        match order {
            Order::Work => self.work(),
            Order::Follow(key) => self.follow(&key),
            Order::Rest(as_at_start) => self.rest(as_at_start),
            Order::Refresh(must) => {
                let answer = self.driver.ask(&Line::new("refresh").with("secret", SECRET).with("timeout_ms", 1_000))?;
                if must { well("refresh", &answer) } else { Ok(()) }
            }
            Order::Reopen => {
                self.look("stop")?;
                self.ask(&Line::new("close"))?;
                self.open()?;
                self.work()
            }
            Order::Fork if !self.forks => Ok(()),
            Order::Fork => {
                let fork = Line::new("fork").with("children", 2).with("calls", 5);
                self.ask(&fork.with("secret", SECRET).with("host", &self.host))?;
                let answer = self.ask(&Line::new("join"))?;
                match answer.get("failed") {
                    Some("0") => Ok(()),
                    _ => Err(format!("forked children failed: {answer}: {}", self.driver.complaints())),
                }
            }
            Order::End => {
                self.ask(&Line::new("close"))?;
                self.driver.quit()
            }
        }
    }

    /// A command that must go well.
    fn ask(&mut self, command: &Line) -> Result<Line, String> {
        let answer = self.driver.ask(command)?;
        well(&command.word, &answer).map(|()| answer)
    }

    fn open(&mut self) -> Result<(), String> {
        self.ask(&Line::new("open").with("path", self.config.display()))?;
        self.ask(&Line::new("acquire").with("secret", SECRET)).map(drop)
    }

    fn work(&mut self) -> Result<(), String> {
        let load = Line::new("load").with("load", "app").with("secret", SECRET).with("host", &self.host);
        self.ask(&load.with("threads", THREADS).with("budget_ms", BUDGET_MS))?;
        (self.works, self.before, self.looked) = (true, (0, 0, 0), Instant::now());
        Ok(())
    }

    /// Asks what the callers saw since the last look; `stop` ends them.
    fn look(&mut self, verb: &str) -> Result<(), String> {
        let before = std::mem::replace(&mut self.looked, Instant::now());
        if !self.works {
            return Ok(());
        }
        let answer = self.ask(&Line::new(verb).with("load", "app").with("anew", true))?;
        self.works = verb != "stop";
        let number = |key: &str| {
            let text = answer.get(key).unwrap_or_default();
            text.parse::<u64>().map_err(|_| format!("{key} of `{verb}` is {text:?}"))
        };
        let seen = (number("calls")?, number("failed")?, number("refused")?);
        let reading = Reading::of(self.driver.pid())?;
        let began = *self.plan.began.read().unwrap_or_else(PoisonError::into_inner);
        let (calls, failed) = (seen.0 - self.before.0, seen.1 - self.before.1);
        if let Some(began) = began {
            let ms = |at: Instant| u64::try_from(at.saturating_duration_since(began).as_millis()).unwrap_or(u64::MAX);
            let look = Look {
                from_ms: ms(before),
                until_ms: ms(Instant::now()),
                calls,
                failed,
                refused: seen.2 - self.before.2,
                slowest_ms: number("slowest_ms")?,
                complaint: answer.get("complaint").unwrap_or_default().to_owned(),
                reading,
            };
            self.calls.fetch_add(calls, Ordering::Relaxed);
            if excuse(&look, &self.plan.troubles, LATE_MS).is_none() {
                self.failed.fetch_add(failed, Ordering::Relaxed);
            }
            self.record.looks.push(look);
        }
        self.before = seen;
        Ok(())
    }

    fn follow(&mut self, key: &str) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(&Line::new("acquire").with("secret", SECRET))?;
            if answer.get("key") == Some(key) && answer.get("accepted") == Some("true") {
                return self.look("seen");
            }
            if Instant::now() > end {
                return Err(format!("the newest key, {key}, was not in use after {PATIENCE:?}, but {answer}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn rest(&mut self, as_at_start: bool) -> Result<(), String> {
        self.look("stop")?;
        let end = Instant::now() + PATIENCE;
        let start = if as_at_start { self.record.start } else { None };
        let reading = loop {
            let reading = Reading::of(self.driver.pid())?;
            let spare = spare_threads(&self.record.language);
            let few = start.is_none_or(|start| {
                reading.threads <= start.threads + spare && reading.descriptors <= start.descriptors
            });
            if (reading.fetchers == 0 && few) || Instant::now() > end {
                break reading;
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        match as_at_start {
            false => self.record.start = Some(reading),
            true => self.record.end = Some(reading),
        }
        Ok(())
    }
}

fn well(verb: &str, answer: &Line) -> Result<(), String> {
    if answer.word == "ok" { Ok(()) } else { Err(format!("`{verb}` failed: {answer}")) }
}
