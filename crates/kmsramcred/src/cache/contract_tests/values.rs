//! Which value is in use, and since when.

use super::*;
use crate::cache::credential::Value;

#[test]
fn a_new_value_found_by_the_schedule_settles_before_it_is_used() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let outcome = story.background(|story| Ok(story.value("B", Duration::from_secs(4))));
    assert!(matches!(outcome, Outcome::Held(_)));
    assert_eq!(story.serial(), serial);
    let (ticket, next) = story.tick();
    assert!(ticket.is_none());
    assert_eq!(next.since(story.at), Duration::from_secs(6));
    story.at = next;
    story.tick();
    assert_eq!(story.id(), "B");
}

#[test]
fn a_held_value_is_used_as_soon_as_the_current_one_is_refused() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    story.background(|story| Ok(story.value("B", Duration::from_secs(1))));
    assert!(is_retry(story.report(serial, "h").1));
    assert_eq!(story.id(), "B");
    assert!(story.state.flight().is_none(), "no network");
}

#[test]
fn a_value_that_has_settled_elsewhere_is_used_at_once() {
    let mut story = Story::new();
    story.first("A", DAY);
    assert!(matches!(story.background(|story| Ok(story.value("B", Duration::from_secs(11)))), Outcome::Adopted));
}

#[test]
fn refresh_adopts_at_once() {
    let mut story = Story::new();
    story.first("A", DAY);
    let ticket = story.state.launch(Reason::Asked, story.now());
    let new = story.value("B", Duration::ZERO);
    assert!(matches!(story.land(&ticket, Ok(new)), Outcome::Adopted));
}

#[test]
fn a_lagging_gateway_moves_nothing_back() {
    let mut story = Story::new();
    let old = story.first("A", DAY);
    let new = story.value("B", Duration::ZERO);
    assert!(is_retry(story.report_and_land(old, "h", Ok(new))));
    let ticket = story.state.launch(Reason::Asked, story.now());
    let undated = SecretValue { generated_ms: None, ..story.value("A", DAY) };
    assert!(matches!(story.land(&ticket, Ok(undated)), Outcome::TurnedDown(_)), "it was refused and replaced");
    let ticket = story.state.launch(Reason::Asked, story.now());
    let older = story.value("C", Duration::from_secs(3600));
    assert!(
        matches!(story.land(&ticket, Ok(older)), Outcome::TurnedDown(_)),
        "it was generated before the current one"
    );
    assert_eq!(story.id(), "B");
}

#[test]
fn a_value_that_was_refused_and_replaced_never_comes_back() {
    let mut story = Story::new();
    let undated = |story: &Story, id| SecretValue { generated_ms: None, ..story.value(id, DAY) };
    let first = story.first("A", DAY);
    let next = undated(&story, "B");
    assert!(is_retry(story.report_and_land(first, "h", Ok(next))));
    for reason in [Reason::Asked, Reason::Need] {
        let ticket = story.state.launch(reason, story.now());
        let again = undated(&story, "A");
        assert!(matches!(story.land(&ticket, Ok(again)), Outcome::TurnedDown(_)));
    }
    let second = story.serial();
    let again = undated(&story, "A");
    story.wait(Duration::from_secs(60));
    gives_up(story.report_and_land(second, "h", Ok(again)));
    assert_eq!(story.id(), "B", "not even when the value in use is refused as well");
}

#[test]
fn a_machine_that_was_suspended_finds_what_is_due() {
    let mut story = Story::new();
    story.first("A", DAY);
    let (ticket, next) = story.tick();
    assert!(ticket.is_none() && next < story.at + Duration::from_secs(7 * 3600));
    story.wait(DAY);
    assert!(story.tick().0.is_some());
}

#[test]
fn another_ram_users_key_waits_until_a_service_refuses_the_current_one() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let strangers = |story: &Story| SecretValue { user_name: Some("stranger".to_owned()), ..story.value("X", DAY / 2) };
    assert!(matches!(story.background(|story| Ok(strangers(story))), Outcome::Held(_)));
    story.wait(DAY / 24);
    story.tick();
    assert_eq!(story.id(), "A", "age does not make it the right one");
    let ticket = story.state.launch(Reason::Asked, story.now());
    let again = strangers(&story);
    assert!(matches!(story.land(&ticket, Ok(again)), Outcome::Held(_)), "not even when asked");
    assert!(is_retry(story.report(serial, "h").1));
    assert_eq!(story.id(), "X");
}

#[test]
fn a_failed_refresh_erases_nothing_and_is_tried_again_for_ever() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let mut last = story.at;
    for nth in 0..50 {
        assert!(matches!(story.background(|_| Err(down())), Outcome::Failed(_)));
        assert_eq!(story.serial(), serial);
        assert!(story.state.is_stale());
        if nth > 0 {
            assert!(story.at.since(last) <= Duration::from_secs(300), "{:?}", story.at.since(last));
        }
        last = story.at;
    }
    assert!(matches!(story.background(|story| Ok(story.value("A", DAY))), Outcome::Confirmed));
    assert!(!story.state.is_stale());
}

#[test]
fn a_definite_answer_does_not_take_a_working_key_away() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let denied = Error::new(ErrorKind::KmsDenied, "denied");
    assert!(matches!(story.background(|_| Err(denied)), Outcome::Failed(_)));
    assert_eq!(story.serial(), serial);
    assert!(waits(story.report(serial, "h").1) <= Duration::from_secs(1));
    assert_eq!(story.id(), "A");
}

#[test]
fn the_generation_moves_with_each_new_value_and_only_then() {
    let mut story = Story::new();
    let old = story.first("A", DAY);
    let kept = story.published.current().unwrap();
    let ticket = story.state.launch(Reason::Asked, story.now());
    let same = story.value("A", DAY);
    story.land(&ticket, Ok(same));
    assert_eq!(story.published.current().unwrap().generation(), kept.generation());
    let new = story.value("B", DAY);
    story.report_and_land(old, "h", Ok(new));
    assert!(story.published.current().unwrap().generation() > kept.generation());
}

#[test]
fn a_token_has_a_hard_end_and_is_refreshed_before_it() {
    let mut story = Story::new();
    let ticket = story.state.launch(Reason::Need, story.now());
    let hour = 3_600_000;
    let temporary = SecretValue {
        security_token: Some("token".into()),
        expires_ms: Some(story.now().unix_ms + hour),
        ..story.value("A", DAY)
    };
    story.land(&ticket, Ok(temporary));
    let credential = story.published.current().unwrap();
    assert_eq!(credential.not_after_unix_ms(), Some(START_UNIX_MS + hour));
    assert_eq!(credential.ends().since(story.at), Duration::from_secs(3600));
    let (_, next) = story.tick();
    assert_eq!(next.since(story.at), Duration::from_secs(2880), "a fifth of its life before the end");
    story.wait(Duration::from_secs(3600));
    assert!(story.state.usable(story.at).is_none());
}

#[test]
fn max_stale_counts_from_the_last_confirmation() {
    let mut story = Story::with(Policy { max_stale: Some(Duration::from_secs(100)), ..Policy::default() });
    story.first("A", DAY);
    story.wait(Duration::from_secs(99));
    assert!(story.state.usable(story.at).is_some());
    let ticket = story.state.launch(Reason::Asked, story.now());
    let same = story.value("A", DAY);
    story.land(&ticket, Ok(same));
    story.wait(Duration::from_secs(99));
    assert!(story.state.usable(story.at).is_some());
    story.wait(Duration::from_secs(1));
    assert!(story.state.usable(story.at).is_none());
}

#[test]
fn after_a_fork_the_value_keeps_its_serial_and_everything_else_starts_anew() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let same = story.value("A", DAY);
    gives_up(story.report_and_land(serial, "h", Ok(same)));
    story.published.invalidate();
    assert!(story.published.current().is_none(), "the fast path is left once");
    story.state = State::new(Policy::default(), 43, &story.published, story.now());
    assert_eq!(story.state.current().map(|value: &std::sync::Arc<Value>| value.serial), Some(serial));
    assert!(matches!(story.report(serial, "h").1, Step::Launch(_)), "the parent's cool-down is gone");
    let (_, next) = story.tick();
    assert!(next == Moment::NEVER || next.since(story.at) <= Duration::from_secs(600));
}

#[test]
fn a_value_that_is_over_when_it_comes_is_not_fetched_again_at_once() {
    let mut story = Story::new();
    let ticket = story.state.launch(Reason::Need, story.now());
    let over = SecretValue {
        security_token: Some("token".into()),
        expires_ms: Some(story.now().unix_ms - 1_000),
        ..story.value("A", DAY)
    };
    assert!(matches!(story.land(&ticket, Ok(over)), Outcome::Failed(_)));
    assert!(story.state.usable(story.at).is_none());
    assert!(story.state.failures().need_rest(story.at).is_some());
}

#[test]
fn a_value_turned_down_when_nothing_else_is_usable_is_a_failed_fetch() {
    let mut story = Story::with(Policy { max_stale: Some(Duration::from_secs(100)), ..Policy::default() });
    story.first("B", DAY);
    story.wait(Duration::from_secs(100));
    let ticket = story.state.launch(Reason::Need, story.now());
    let older = story.value("A", DAY * 9);
    assert!(matches!(story.land(&ticket, Ok(older)), Outcome::Failed(_)));
    assert!(story.state.failures().need_rest(story.at).is_some());
    let ticket = story.state.launch(Reason::Need, story.now());
    let young = story.value("C", Duration::ZERO);
    assert!(matches!(story.land(&ticket, Ok(young)), Outcome::Adopted), "what is over is replaced, settled or not");
}

#[test]
fn a_lagging_gateway_does_not_replace_a_newer_value_that_is_held() {
    let mut story = Story::new();
    story.first("A", DAY);
    assert!(matches!(story.background(|story| Ok(story.value("C", Duration::from_secs(1)))), Outcome::Held(_)));
    let ticket = story.state.prefetch(story.now()).unwrap();
    let older = story.value("B", Duration::from_secs(3_600));
    assert!(matches!(story.land(&ticket, Ok(older)), Outcome::TurnedDown(_)));
    story.wait(Duration::from_secs(10));
    story.tick();
    assert_eq!(story.id(), "C");
}

#[test]
fn a_key_that_was_refused_while_it_spread_is_not_refused_once_it_is_accepted() {
    let mut story = Story::new();
    let serial = story.first("A", Duration::from_secs(1));
    waits(story.report(serial, "h").1);
    assert!(story.state.is_refused());
    story.accept();
    assert!(!story.state.is_refused());
    story.wait(DAY);
    let outcome = story.background(|story| Ok(story.value("B", Duration::from_secs(1))));
    assert!(matches!(outcome, Outcome::Held(_)), "the next rotation settles as ever");
}

#[test]
fn a_key_that_is_refused_after_it_was_replaced_does_not_come_back() {
    let mut story = Story::new();
    let old = story.first("A", DAY);
    let ticket = story.state.launch(Reason::Asked, story.now());
    let new = SecretValue { generated_ms: None, ..story.value("B", DAY) };
    assert!(matches!(story.land(&ticket, Ok(new)), Outcome::Adopted));
    assert!(is_retry(story.report(old, "h").1));
    let ticket = story.state.launch(Reason::Asked, story.now());
    let again = SecretValue { generated_ms: None, ..story.value("A", DAY) };
    assert!(matches!(story.land(&ticket, Ok(again)), Outcome::TurnedDown(_)));
}

#[test]
fn a_held_value_that_is_taken_into_use_is_news_once() {
    let mut story = Story::new();
    story.first("A", DAY);
    assert!(!story.state.take_news(), "the outcome of a fetch tells its own");
    story.background(|story| Ok(story.value("B", Duration::from_secs(4))));
    assert!(!story.state.take_news());
    story.wait(Duration::from_secs(6));
    story.tick();
    assert!(story.state.take_news());
    assert!(!story.state.take_news());
}

#[test]
fn a_child_knows_when_its_parent_confirmed_the_value_and_looks_before_its_end() {
    let policy = Policy { max_stale: Some(Duration::from_secs(100)), ..Policy::default() };
    let mut story = Story::with(policy.clone());
    story.first("A", DAY);
    story.wait(Duration::from_secs(90));
    let ticket = story.state.launch(Reason::Asked, story.now());
    let same = story.value("A", DAY);
    story.land(&ticket, Ok(same));
    story.wait(Duration::from_secs(50));
    story.state = State::new(policy, 43, &story.published, story.now());
    assert!(story.state.usable(story.at).is_some());
    let (_, next) = story.tick();
    assert_eq!(next.since(story.at), Duration::from_secs(40), "a fifth of the rest before the end");
}
