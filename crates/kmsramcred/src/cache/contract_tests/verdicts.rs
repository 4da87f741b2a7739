//! The verdict table, row by row.

use super::*;
use crate::cache::policy::MOST_LOOKS;

#[test]
fn row_2_a_closed_client_gives_up() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    story.state.close();
    let (_, step) = story.report(serial, "h");
    assert_eq!(gives_up(step).unwrap().kind(), ErrorKind::Closed);
}

#[test]
fn row_3_an_old_serial_is_told_to_retry_without_network() {
    let mut story = Story::new();
    let old = story.first("A", DAY);
    let new = story.value("B", Duration::ZERO);
    assert!(is_retry(story.report_and_land(old, "h", Ok(new))));
    assert_eq!(story.id(), "B");
    let (_, step) = story.report(old, "h");
    assert!(is_retry(step), "nobody asks KMS about a serial that is not in use any more");
    assert!(story.state.flight().is_none());
}

#[test]
fn row_4_a_key_that_is_still_spreading_is_waited_for() {
    let mut story = Story::new();
    let old = story.first("A", DAY);
    let new = story.value("B", Duration::from_millis(100));
    assert!(is_retry(story.report_and_land(old, "h", Ok(new))));
    let serial = story.serial();
    let mut total = Duration::ZERO;
    for round in 1..=5 {
        let mut complaint = story.complain(serial, "h", round);
        let wait = waits(story.judge(&mut complaint, BUDGET - total));
        let most = Duration::from_millis([200, 400, 800, 1_000, 1_000][round as usize - 1]);
        assert!(wait <= most && wait >= most * 3 / 4, "round {round}: {wait:?}");
        total += wait;
        story.wait(wait);
    }
    assert!(story.state.flight().is_none() || total > Duration::from_secs(3));
}

#[test]
fn row_4_looks_once_after_three_seconds_and_then_at_double_the_distance() {
    let mut story = Story::with(Policy { settle: Duration::from_secs(60), ..Policy::default() });
    let serial = story.first("A", Duration::ZERO);
    let began = story.at;
    let mut looks = Vec::new();
    while story.at.since(began) < Duration::from_secs(22) {
        let (_, step) = story.report(serial, "h");
        if let Step::Done(Verdict::RetryLater(_), Some(ticket)) = step {
            looks.push(story.at.since(began).as_millis());
            let same = story.value("A", story.at.since(began));
            assert!(matches!(story.land(&ticket, Ok(same)), Outcome::Confirmed));
        }
        story.ms(100);
    }
    assert_eq!(looks, [3_000, 9_000, 21_000]);
}

#[test]
fn row_4_finds_the_newer_value_when_a_second_rotation_came_at_once() {
    let mut story = Story::new();
    let serial = story.first("A", Duration::from_secs(1));
    let (_, step) = story.report(serial, "h");
    waits(step);
    story.ms(3_000);
    let (_, step) = story.report(serial, "h");
    let Step::Done(Verdict::RetryLater(_), Some(ticket)) = step else { panic!("no look: {step:?}") };
    let newer = story.value("B", Duration::from_secs(2));
    assert!(matches!(story.land(&ticket, Ok(newer)), Outcome::Adopted), "the current value was refused");
    assert!(is_retry(story.report(serial, "h").1));
}

#[test]
fn row_4_does_not_hold_for_an_accepted_or_an_old_key() {
    let mut story = Story::new();
    let serial = story.first("A", Duration::from_secs(1));
    story.accept();
    assert!(matches!(story.report(serial, "h").1, Step::Launch(_)));
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    assert!(matches!(story.report(serial, "h").1, Step::Launch(_)), "a first call with a wrong endpoint fails at once");
}

#[test]
fn a_value_without_dates_is_as_old_as_its_first_sight() {
    let mut story = Story::new();
    let ticket = story.state.launch(Reason::Need, story.now());
    let bare = SecretValue { generated_ms: None, ..story.value("A", DAY) };
    story.land(&ticket, Ok(bare));
    let serial = story.serial();
    waits(story.report(serial, "h").1);
    story.ms(10_000);
    assert!(matches!(story.report(serial, "h").1, Step::Launch(_)));
}

#[test]
fn row_5_sixty_four_callers_share_one_fetch() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let (mut first, step) = story.report(serial, "h");
    let Step::Launch(ticket) = step else { panic!("{step:?}") };
    let mut others: Vec<Complaint> = (0..63).map(|_| story.complain(serial, "h", 1)).collect();
    for complaint in &mut others {
        assert!(matches!(story.judge(complaint, BUDGET), Step::Wait));
    }
    let new = story.value("B", Duration::ZERO);
    story.land(&ticket, Ok(new));
    assert!(is_retry(story.judge(&mut first, BUDGET)));
    for complaint in &mut others {
        assert!(is_retry(story.judge(complaint, BUDGET)));
    }
    assert_eq!(story.state.flights(), 2);
}

#[test]
fn row_5_a_confirmed_refusal_costs_all_callers_of_a_pair_one_fetch() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let (mut first, step) = story.report(serial, "h");
    let Step::Launch(ticket) = step else { panic!("{step:?}") };
    let mut others: Vec<Complaint> = (0..63).map(|_| story.complain(serial, "h", 1)).collect();
    let same = story.value("A", DAY);
    story.land(&ticket, Ok(same));
    assert!(gives_up(story.judge(&mut first, BUDGET)).is_none());
    for complaint in &mut others {
        gives_up(story.judge(complaint, BUDGET));
    }
    assert_eq!(story.state.flights(), 2);
}

#[test]
fn row_5_a_fetch_that_began_before_the_refusal_proves_nothing() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let ticket = story.state.prefetch(story.now()).unwrap();
    let (mut complaint, step) = story.report(serial, "h");
    assert!(matches!(step, Step::Wait));
    let same = story.value("A", DAY);
    story.land(&ticket, Ok(same));
    let step = story.judge(&mut complaint, BUDGET);
    let Step::Launch(ticket) = step else { panic!("it may have read the value just before it changed: {step:?}") };
    let new = story.value("B", Duration::ZERO);
    story.land(&ticket, Ok(new));
    assert!(is_retry(story.judge(&mut complaint, BUDGET)));
}

#[test]
fn row_5_without_budget_nobody_waits() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let _flight = story.report(serial, "h");
    let mut late = story.complain(serial, "h", 1);
    assert!(gives_up(story.judge(&mut late, Duration::ZERO)).is_none());
}

#[test]
fn row_6_after_a_failed_fetch_the_rest_of_the_back_off_is_waited_if_it_fits() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let wait = waits(story.report_and_land(serial, "h", Err(down())));
    assert!(wait <= Duration::from_millis(200));
    let mut short = story.complain(serial, "h", 2);
    let cause = gives_up(story.judge(&mut short, Duration::ZERO));
    assert_eq!(cause.unwrap().kind(), ErrorKind::Network, "the last error of KMS is the cause");
    story.wait(wait);
    let new = story.value("B", DAY);
    assert!(is_retry(story.report_and_land(serial, "h", Ok(new))));
}

#[test]
fn row_6_a_pair_that_cools_down_gives_up_at_once_and_spoils_nobody_else() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let same = story.value("A", DAY);
    gives_up(story.report_and_land(serial, "hostile", Ok(same)));
    for _ in 0..100 {
        gives_up(story.report(serial, "hostile").1);
    }
    assert_eq!(story.state.flights(), 2, "no further fetch");
    let new = story.value("B", Duration::ZERO);
    assert!(is_retry(story.report_and_land(serial, "good", Ok(new))), "another pair may always start one");
}

#[test]
fn row_6_a_cooling_pair_waits_for_a_young_value() {
    let mut story = Story::new();
    let serial = story.first("A", Duration::from_secs(1));
    story.accept();
    let same = story.value("A", Duration::from_secs(1));
    let wait = waits(story.report_and_land(serial, "slow to learn", Ok(same)));
    assert!(wait <= Duration::from_millis(200));
    story.ms(10_000);
    gives_up(story.report(serial, "slow to learn").1);
    assert_eq!(story.state.flights(), 2);
}

#[test]
fn row_6_a_key_that_worked_is_waited_for_while_kms_may_serve_the_new_one_late() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    story.accept();
    let same = story.value("A", DAY);
    let wait = waits(story.report_and_land(serial, "h", Ok(same)));
    let (none, look) = story.tick();
    assert!(none.is_none(), "the look is not due yet");
    let after = wait - look.since(story.at);
    assert!(after >= Duration::from_millis(50) && after <= Duration::from_millis(150), "{after:?} after the look");
    assert!(matches!(story.background(|story| Ok(story.value("A", DAY))), Outcome::Confirmed));
    let mut complaint = story.complain(serial, "h", 2);
    let second = waits(story.judge(&mut complaint, BUDGET - wait));
    assert!(second >= Duration::from_secs(1), "looks come at growing distances: {second:?}");
    assert!(matches!(story.background(|story| Ok(story.value("B", Duration::ZERO))), Outcome::Adopted));
    assert!(is_retry(story.judge(&mut complaint, BUDGET - wait)));
    assert_eq!(story.state.flights(), 4);
}

#[test]
fn row_6_that_wait_ends_where_no_look_comes_in_time() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    story.accept();
    let same = story.value("A", DAY);
    waits(story.report_and_land(serial, "h", Ok(same)));
    let mut hasty = story.complain(serial, "h", 2);
    gives_up(story.judge(&mut hasty, Duration::from_millis(100)));
    let began = story.at;
    while story.at.since(began) < Duration::from_secs(10) {
        story.background(|story| Ok(story.value("A", DAY)));
    }
    gives_up(story.report(serial, "h").1);
    story.wait(Duration::from_secs(60));
    let same = story.value("A", DAY);
    let flights = story.state.flights();
    gives_up(story.report_and_land(serial, "h", Ok(same)));
    assert_eq!(story.state.flights(), flights + 1, "after its cool-down the pair asks again, and waits no more");
}

#[test]
fn row_6_another_pair_that_begins_to_refuse_begins_the_looks_anew() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    story.accept();
    let same = story.value("A", DAY);
    waits(story.report_and_land(serial, "stubborn", Ok(same)));
    for _ in 0..MOST_LOOKS {
        story.background(|story| Ok(story.value("A", DAY)));
    }
    let same = story.value("A", DAY);
    let wait = waits(story.report_and_land(serial, "good", Ok(same)));
    assert!(wait <= Duration::from_millis(1_150), "{wait:?}");
}

#[test]
fn fetches_for_refusals_that_bring_nothing_are_bounded_to_ten_a_minute() {
    let mut story = Story::new();
    let mut serial = story.first("0", DAY);
    let mut barren = 0;
    for second in 1..=59 {
        story.accept();
        let (mut complaint, step) = story.report(serial, "hostile");
        if let Step::Launch(ticket) = step {
            barren += 1;
            let same = SecretValue { generated_ms: None, ..story.value(&story.id(), DAY) };
            story.land(&ticket, Ok(same));
            story.judge(&mut complaint, BUDGET);
        }
        // A look of the refresher counts as well.
        if let (Some(ticket), _) = story.tick() {
            barren += 1;
            let same = SecretValue { generated_ms: None, ..story.value(&story.id(), DAY) };
            story.land(&ticket, Ok(same));
        }
        // The good service has its rotation each second.
        let next = story.value(&second.to_string(), DAY);
        assert!(is_retry(story.report_and_land(serial, "good", Ok(next))), "second {second}");
        serial = story.serial();
        story.ms(1_000);
    }
    assert!(barren <= 10, "{barren} fetches brought nothing new");
    assert!(barren >= 5);
}

/// Ten rotations of which KMS learned late: each cost a fetch that brought nothing.
fn with_the_minute_used_up() -> (Story, u64) {
    let mut story = Story::new();
    let mut serial = story.first("0", DAY);
    for n in 1..=10 {
        story.accept();
        let same = story.value(&story.id(), DAY);
        story.report_and_land(serial, "h", Ok(same));
        let next = story.value(&n.to_string(), DAY);
        let ticket = story.state.launch(Reason::Asked, story.now());
        story.land(&ticket, Ok(next));
        serial = story.serial();
        story.ms(5_000);
    }
    story.accept();
    (story, serial)
}

#[test]
fn a_pair_that_may_not_ask_just_now_waits_for_a_look_or_is_healed_by_one() {
    let (mut story, serial) = with_the_minute_used_up();
    story.state.take_sooner();
    let flights = story.state.flights();
    gives_up(story.report(serial, "h").1);
    assert_eq!(story.state.flights(), flights, "the ten are used up, and no look comes in time");
    assert!(story.state.take_sooner(), "the refresher has to be told");
    let (none, look) = story.tick();
    assert!(none.is_none());
    assert_eq!(look.since(story.at), Duration::from_secs(10), "when the first of the ten is a minute old");
    story.ms(1_000);
    let wait = waits(story.report(serial, "h").1);
    assert!(wait >= Duration::from_millis(9_050) && wait <= Duration::from_millis(9_150), "{wait:?}");
    assert!(matches!(story.background(|story| Ok(story.value("B", Duration::ZERO))), Outcome::Adopted));
    assert!(is_retry(story.report(serial, "h").1));
}

#[test]
fn many_hosts_that_begin_to_refuse_at_once_leave_looks_to_be_made() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    story.accept();
    let mut complaints = Vec::new();
    for n in 0..12 {
        let (mut complaint, step) = story.report(serial, &format!("bucket-{n}"));
        let Step::Launch(ticket) = step else { panic!("{step:?}") };
        let same = story.value("A", DAY);
        story.land(&ticket, Ok(same));
        waits(story.judge(&mut complaint, BUDGET));
        complaints.push(complaint);
    }
    let began = story.at;
    assert!(matches!(story.background(|story| Ok(story.value("B", Duration::ZERO))), Outcome::Adopted));
    assert!(story.at.since(began) <= Duration::from_secs(1));
    for mut complaint in complaints {
        assert!(is_retry(story.judge(&mut complaint, BUDGET)));
    }
}

#[test]
fn a_refusal_of_long_ago_does_not_keep_a_call_from_waiting() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    story.accept();
    let same = story.value("A", DAY);
    waits(story.report_and_land(serial, "h", Ok(same)));
    for _ in 0..MOST_LOOKS {
        story.background(|story| Ok(story.value("A", DAY)));
    }
    let same = story.value("A", DAY);
    let wait = waits(story.report_and_land(serial, "h", Ok(same)));
    assert!(wait <= Duration::from_millis(1_150), "{wait:?}");
}

#[test]
fn looks_after_a_confirmed_refusal_end_after_ten() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let same = story.value("A", DAY);
    gives_up(story.report_and_land(serial, "h", Ok(same)));
    let began = story.at;
    for _ in 0..MOST_LOOKS {
        story.background(|story| Ok(story.value("A", DAY + story.at.since(began))));
        assert!(story.at.since(began) < Duration::from_secs(900));
    }
    story.background(|story| Ok(story.value("A", DAY + story.at.since(began))));
    assert!(story.at.since(began) > Duration::from_secs(3 * 3600), "the ordinary schedule goes on");
}

#[test]
fn a_look_that_finds_the_new_value_heals_the_next_call() {
    let mut story = Story::new();
    let serial = story.first("A", DAY);
    let same = story.value("A", DAY);
    gives_up(story.report_and_land(serial, "h", Ok(same)));
    assert!(matches!(story.background(|story| Ok(story.value("B", Duration::ZERO))), Outcome::Adopted));
    assert!(story.at.since(Moment(1_000_000)) <= Duration::from_secs(1));
    assert!(is_retry(story.report(serial, "h").1));
}

#[test]
fn a_call_gives_up_after_sixteen_rounds_whatever_happens() {
    let mut story = Story::new();
    let serial = story.first("A", Duration::ZERO);
    for round in 1..=16 {
        let mut complaint = story.complain(serial, "h", round);
        waits(story.judge(&mut complaint, BUDGET));
    }
    let mut complaint = story.complain(serial, "h", 17);
    gives_up(story.judge(&mut complaint, BUDGET));
    let mut complaint = story.complain(serial ^ 1, "h", 17);
    gives_up(story.judge(&mut complaint, BUDGET));
}

#[test]
fn a_wait_is_never_longer_than_what_is_left() {
    let mut story = Story::new();
    let serial = story.first("A", Duration::ZERO);
    let mut complaint = story.complain(serial, "h", 9);
    let left = Duration::from_millis(30);
    assert!(waits(story.judge(&mut complaint, left)) <= left);
    let mut complaint = story.complain(serial, "h", 9);
    gives_up(story.judge(&mut complaint, Duration::ZERO));
}
