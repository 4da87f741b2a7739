//! The verdict about a refused call: the table of the rotation contract, first row that holds.

use super::backoff::between;
use super::cool_down::Pair;
use super::dead_key::DeadKeys;
use super::flight::{Brought, Reason, Ticket};
use super::policy::{
    AFTER_LOOK_LEAST, AFTER_LOOK_MOST, MOST_ROUNDS, SPREAD_LOOK_FIRST, SPREAD_WAIT_FIRST, SPREAD_WAIT_MOST,
};
use super::published::Published;
use super::state::{Now, Spreading, State};
use crate::clock::doubled;
use crate::error::Error;
use std::time::Duration;

/// What a service said about a call.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The serial of the credential that the call was signed with.
    pub serial: u64,
    /// The family or product of the service, such as `Ecs` or `oss`.
    pub service: &'a str,
    /// The endpoint that the call went to.
    pub host: &'a str,
    /// The service's error code, empty for an answer without one; `None` when the caller has judged by itself that the
    /// key is dead.
    pub code: Option<&'a str>,
    /// The HTTP status of the refusal.
    pub http_status: Option<u16>,
    /// 1 for the first refusal of this call, then one more each time.
    pub round: u32,
}

/// What to do about a refusal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// It is not about the key: show the user the service's own error.
    Unrelated,
    /// A value that this call has not been refused on is ready: acquire and send again.
    Retry,
    /// Wait so long, then acquire and send again.
    RetryLater(Duration),
    /// Show the user the service's own error; the last error of KMS, if there is one, is its cause.
    GiveUp(Option<Error>),
}

/// A refusal while its call is being decided.
#[derive(Debug)]
pub struct Complaint {
    serial: u64,
    pair: Pair,
    round: u32,
    /// Flights launched before the refusal was reported may have read the value before it changed.
    launched_before: u64,
    /// The last flight whose result this complaint has taken note of.
    noted: u64,
}

/// What comes next in deciding a refusal.
#[derive(Debug)]
pub enum Step {
    /// The verdict, and perhaps a fetch to launch that nobody waits for.
    Done(Verdict, Option<Ticket>),
    /// Launch this fetch and wait for it.
    Launch(Ticket),
    /// Wait for the fetch under way.
    Wait,
}

/// Row 1: whether the refusal is about the key at all.
pub fn is_about_the_key(refusal: &Refusal<'_>, dead_keys: &DeadKeys) -> bool {
    refusal.code.is_none_or(|code| dead_keys.says_dead(refusal.service, code, refusal.http_status))
}

impl State {
    /// Begins to decide a refusal that is about the key.
    pub fn complain(&mut self, refusal: &Refusal<'_>) -> Complaint {
        if let Some(current) = self.current.as_ref().filter(|current| current.serial == refusal.serial) {
            self.refused_after_accepted = Some(self.refused_after_accepted == Some(true) || current.is_accepted());
        }
        Complaint {
            serial: refusal.serial,
            pair: Pair::new(refusal.service, refusal.host),
            round: refusal.round.max(1),
            launched_before: self.flights(),
            noted: self.flights() - u64::from(self.flight.is_some()),
        }
    }

    /// Rows 2 to 7. `left` is what is left of the call's budget.
    pub fn judge(&mut self, complaint: &mut Complaint, left: Duration, published: &Published, now: Now) -> Step {
        if self.closed {
            return Step::Done(Verdict::GiveUp(Some(Error::closed())), None);
        }
        let rounds_left = complaint.round <= MOST_ROUNDS;
        let serial = self.current.as_ref().map(|current| current.serial);
        if serial.is_some_and(|serial| serial != complaint.serial) {
            published.bar(complaint.serial);
            return if rounds_left { Step::Done(Verdict::Retry, None) } else { self.give_up(None) };
        }
        if let Some(held) = self.held.take() {
            self.adopt(held.value, published, now);
            return if rounds_left { Step::Done(Verdict::Retry, None) } else { self.give_up(None) };
        }
        if !rounds_left {
            return self.give_up(None);
        }
        let young = self.current.as_ref().is_some_and(|current| current.age(now.at) < self.policy.settle);
        let accepted = self.current.as_ref().is_some_and(|current| current.is_accepted());
        if young && !accepted {
            let look = self.look_while_spreading(complaint.serial, now);
            return self.spread_wait(complaint.round, left, look);
        }
        if let Some(flight) = &mut self.flight {
            flight.adopt = true;
            return if left.is_zero() { self.give_up(None) } else { Step::Wait };
        }
        self.take_note(complaint, now);
        if let Some(rest) = self.failures.need_rest(now.at) {
            return if rest <= left { Step::Done(Verdict::RetryLater(rest), None) } else { self.give_up(None) };
        }
        let cooling = self.cool.rest(complaint.serial, &complaint.pair, now.at);
        let barred = cooling.is_none() && self.cool.fetch_wait(Some(&complaint.pair), now.at).is_some();
        if barred {
            // Nobody may ask for it now. The refresher does as soon as somebody may.
            self.begin_looks(complaint.serial, false, now);
        }
        if cooling.is_some() || barred {
            return match young {
                true => self.spread_wait(complaint.round, left, None),
                false => self.wait_for_a_look(complaint, left, now),
            };
        }
        if left.is_zero() {
            return self.give_up(None);
        }
        let reason = Reason::Refusal { serial: complaint.serial, pair: complaint.pair.clone() };
        Step::Launch(self.launch(reason, now))
    }

    fn give_up(&self, look: Option<Ticket>) -> Step {
        Step::Done(Verdict::GiveUp(self.last_error().cloned()), look)
    }

    /// Takes note of a flight that ended since this complaint began: a confirmed refusal starts to cool down.
    fn take_note(&mut self, complaint: &mut Complaint, now: Now) {
        let Some(landing) = self.landing.as_ref().filter(|landing| landing.number > complaint.noted) else {
            return;
        };
        complaint.noted = landing.number;
        if matches!(landing.brought, Brought::Nothing) {
            // Conclusive when it was launched after this refusal, or for an earlier refusal just like it.
            let same = landing.refused.as_ref() == Some(&(complaint.serial, complaint.pair.clone()));
            if same || landing.number > complaint.launched_before {
                self.cool.start(complaint.serial, &complaint.pair, now.at);
            }
        }
    }

    /// A refused value that is still spreading: one look for an even newer one, at growing distances.
    fn look_while_spreading(&mut self, serial: u64, now: Now) -> Option<Ticket> {
        if self.spreading.as_ref().is_none_or(|spreading| spreading.serial != serial) {
            let next_look = now.at + SPREAD_LOOK_FIRST;
            self.spreading = Some(Spreading { serial, next_look, wait: SPREAD_LOOK_FIRST });
        }
        let spreading = self.spreading.as_mut()?;
        if self.flight.is_some() || now.at < spreading.next_look {
            return None;
        }
        spreading.wait *= 2;
        spreading.next_look = now.at + spreading.wait;
        Some(self.launch(Reason::Background { why: "the new key is refused while it spreads", look: false }, now))
    }

    /// KMS confirms a key that services accepted before and refuse now: perhaps it serves the new one late. For a while
    /// a call waits for the refresher's next look, where that comes in time. The same where KMS may not be asked just now.
    fn wait_for_a_look(&mut self, complaint: &Complaint, left: Duration, now: Now) -> Step {
        let lately = self
            .cool
            .since(complaint.serial, &complaint.pair, now.at)
            .is_none_or(|since| now.at.since(since) < self.policy.settle);
        if !lately || self.refused_after_accepted != Some(true) {
            return self.give_up(None);
        }
        let Some(look) = self.next_look(now) else { return self.give_up(None) };
        // The look takes a moment, and a crowd of calls does not come back at once.
        let wait = look.since(now.at) + between(AFTER_LOOK_LEAST, AFTER_LOOK_MOST, &mut self.rng);
        if wait > left {
            return self.give_up(None);
        }
        Step::Done(Verdict::RetryLater(wait), None)
    }

    /// The wait for a value that is still spreading, never longer than what is left.
    fn spread_wait(&mut self, round: u32, left: Duration, look: Option<Ticket>) -> Step {
        if left.is_zero() {
            return self.give_up(look);
        }
        let most = doubled(SPREAD_WAIT_FIRST, round - 1, SPREAD_WAIT_MOST);
        let wait = between(most * 3 / 4, most, &mut self.rng).min(left);
        Step::Done(Verdict::RetryLater(wait), look)
    }
}
