//! An exchange that plays back what a test wrote down, on a paused clock.

use crate::clock::{Clock, Deadline, PausedClock};
use crate::error::{Error, ErrorKind};
use crate::exchange::{Exchange, HttpRequest, HttpResponse};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One reply: how long it takes, and what it is.
pub(crate) struct Reply {
    pub(crate) takes: Duration,
    pub(crate) result: Result<HttpResponse, Error>,
}

pub(crate) fn answer(status: u16, body: &str) -> Reply {
    answer_with(status, body, &[])
}

pub(crate) fn answer_with(status: u16, body: &str, headers: &[(&str, &str)]) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { takes: Duration::ZERO, result: Ok(HttpResponse { status, headers, body: body.as_bytes().to_vec() }) }
}

pub(crate) fn failure(kind: ErrorKind, message: &str) -> Reply {
    Reply { takes: Duration::ZERO, result: Err(Error::new(kind, message)) }
}

/// Never answers: takes all the time there is.
pub(crate) fn silence() -> Reply {
    Reply { takes: Duration::from_secs(3600), ..failure(ErrorKind::Timeout, "timed out") }
}

pub(crate) struct Scripted {
    clock: Arc<PausedClock>,
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<(HttpRequest, Deadline)>>,
}

impl Scripted {
    pub(crate) fn new(clock: &Arc<PausedClock>, replies: Vec<Reply>) -> Arc<Scripted> {
        Arc::new(Scripted { clock: clock.clone(), replies: Mutex::new(replies.into()), seen: Mutex::default() })
    }

    pub(crate) fn then(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    pub(crate) fn seen(&self) -> Vec<(HttpRequest, Deadline)> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Exchange for Scripted {
    fn exchange(&self, request: &HttpRequest, deadline: Deadline) -> Result<HttpResponse, Error> {
        self.seen.lock().unwrap().push((request.clone(), deadline));
        let reply = self.replies.lock().unwrap().pop_front().expect("the script has a reply for every request");
        let rest = deadline.rest(self.clock.now());
        if reply.takes > rest {
            self.clock.advance(rest);
            return Err(Error::new(ErrorKind::Timeout, "timed out"));
        }
        self.clock.advance(reply.takes);
        reply.result
    }
}
