use super::*;
use crate::alarm::change::{Condition, Contributor, PreviousState, Watched};

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors";
const MINUTE: i64 = 60_000;

/// An alarm `errors` that went to `state` at `at_ms`, as SNS tells it.
pub(in crate::alarm) fn change(state: AlarmState, at_ms: i64, previous: AlarmState) -> AlarmChange {
    AlarmChange {
        name: "errors".into(),
        arn: Some(ARN.into()),
        region: None,
        account: Some("111122223333".into()),
        description: None,
        contributor: None,
        time_series: None,
        state,
        changed_at_ms: at_ms,
        previous: Some(PreviousState { state: previous, since_ms: None, suppressed: false }),
        watched: Watched::Unknown,
        condition: Condition::default(),
        reason: String::new(),
        datapoints: Vec::new(),
        missing_data: None,
        suppressed_by: None,
        is_muted: false,
        query_execution: None,
    }
}

/// As [`change`], as EventBridge tells it.
fn change_with_time(state: AlarmState, at_ms: i64, previous: AlarmState, since_ms: i64) -> AlarmChange {
    let mut change = change(state, at_ms, previous);
    change.previous = Some(PreviousState { state: previous, since_ms: Some(since_ms), suppressed: false });
    change
}

/// Decides, and commits as after a post that was accepted.
fn handle(memory: &mut AlarmMemory, change: &AlarmChange) -> NoticeDecision {
    let decision = memory.decide(change);
    memory.commit(change, decision);
    decision
}

fn first_notice(since_ms: i64) -> NoticeDecision {
    NoticeDecision::Notify(NoticeKind::FirstNotice { since_ms })
}

fn recovery(began_ms: impl Into<Option<i64>>) -> NoticeDecision {
    NoticeDecision::Notify(NoticeKind::Recovery { began_ms: began_ms.into() })
}

#[test]
fn first_notice_and_recovery_are_told_and_nothing_between() {
    use AlarmState::{Alarm, InsufficientData, Ok};
    let mut memory = AlarmMemory::default();
    for (state, at, previous, expected) in [
        (Ok, 0, InsufficientData, NoticeDecision::Silent(Silence::NotARecovery)),
        (Alarm, 1, Ok, first_notice(MINUTE)),
        (Ok, 8, Alarm, recovery(MINUTE)),
        (InsufficientData, 9, Ok, NoticeDecision::Silent(Silence::InsufficientData)),
        (Alarm, 10, InsufficientData, first_notice(10 * MINUTE)),
        (InsufficientData, 11, Alarm, NoticeDecision::Silent(Silence::InsufficientData)),
        (Ok, 12, InsufficientData, recovery(10 * MINUTE)),
        (Ok, 13, Ok, NoticeDecision::Silent(Silence::NotARecovery)),
    ] {
        assert_eq!(handle(&mut memory, &change(state, at * MINUTE, previous)), expected, "minute {at}");
    }
}

#[test]
fn the_duration_comes_from_the_previous_state_first_then_from_the_alarm_that_was_seen() {
    let ok = change(AlarmState::Ok, 9 * MINUTE, AlarmState::Alarm);
    let ok_with_time = change_with_time(AlarmState::Ok, 9 * MINUTE, AlarmState::Alarm, 2 * MINUTE);
    let mut memory = AlarmMemory::default();
    assert_eq!(memory.decide(&ok), recovery(None), "unknown is left out");
    assert_eq!(memory.decide(&ok_with_time), recovery(2 * MINUTE));
    handle(&mut memory, &change(AlarmState::Alarm, 3 * MINUTE, AlarmState::Ok));
    assert_eq!(memory.decide(&ok), recovery(3 * MINUTE));
    assert_eq!(memory.decide(&ok_with_time), recovery(2 * MINUTE));
}

#[test]
fn an_alarm_that_ended_silently_lends_its_time_to_no_later_recovery() {
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change(AlarmState::Alarm, MINUTE, AlarmState::Ok));
    handle(&mut memory, &change(AlarmState::InsufficientData, 2 * MINUTE, AlarmState::Alarm));
    assert_eq!(memory.decide(&change(AlarmState::Ok, 90 * MINUTE, AlarmState::Alarm)), recovery(None));
}

#[test]
fn a_previous_state_later_than_the_change_gives_no_duration() {
    let memory = AlarmMemory::default();
    let odd = change_with_time(AlarmState::Ok, MINUTE, AlarmState::Alarm, 2 * MINUTE);
    assert_eq!(memory.decide(&odd), recovery(None));
}

#[test]
fn the_same_change_over_three_ways_is_told_once() {
    let mut memory = AlarmMemory::default();
    assert_eq!(
        handle(&mut memory, &change(AlarmState::Alarm, MINUTE + 472, AlarmState::Ok)),
        first_notice(MINUTE + 472)
    );
    // EventBridge differs by milliseconds, and its envelope's time by up to a second; old SNS has no ARN.
    let event = change_with_time(AlarmState::Alarm, MINUTE + 475, AlarmState::Ok, 0);
    assert_eq!(handle(&mut memory, &event), NoticeDecision::Silent(Silence::Repeat));
    let mut old = change(AlarmState::Alarm, MINUTE, AlarmState::Ok);
    old.arn = None;
    assert_eq!(handle(&mut memory, &old), NoticeDecision::Silent(Silence::Repeat));
    assert_eq!(
        memory.decide(&change(AlarmState::Ok, MINUTE + 475, AlarmState::Alarm)),
        recovery(MINUTE + 472),
        "another state"
    );
}

#[test]
fn flapping_is_told_change_by_change() {
    let mut memory = AlarmMemory::default();
    for flap in 0..50 {
        let at = flap * 20_000;
        assert_eq!(handle(&mut memory, &change(AlarmState::Alarm, at, AlarmState::Ok)), first_notice(at));
        assert_eq!(
            handle(&mut memory, &change(AlarmState::Ok, at + 10_000, AlarmState::Alarm)),
            recovery(at)
        );
    }
}

#[test]
fn a_change_whose_post_failed_is_told_when_it_comes_again() {
    let memory = AlarmMemory::default();
    let alarm = change(AlarmState::Alarm, MINUTE, AlarmState::Ok);
    assert_eq!(memory.decide(&alarm), first_notice(MINUTE));
    // No commit: the post was refused.
    assert_eq!(memory.decide(&alarm), first_notice(MINUTE));
}

#[test]
fn an_alarm_that_comes_behind_its_own_recovery_is_told_once_as_over_and_overwrites_nothing() {
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change_with_time(AlarmState::Ok, 9 * MINUTE, AlarmState::Alarm, 2 * MINUTE));
    let late = change(AlarmState::Alarm, 2 * MINUTE, AlarmState::Ok);
    let belated = NoticeKind::BelatedNotice { since_ms: 2 * MINUTE, until_ms: 9 * MINUTE };
    assert_eq!(handle(&mut memory, &late), NoticeDecision::Notify(belated));
    assert_eq!(handle(&mut memory, &late), NoticeDecision::Silent(Silence::Repeat));
    handle(&mut memory, &change(AlarmState::Alarm, 20 * MINUTE, AlarmState::Ok));
    let late_insufficient = change(AlarmState::InsufficientData, 19 * MINUTE, AlarmState::Ok);
    handle(&mut memory, &late_insufficient);
    assert_eq!(memory.decide(&change(AlarmState::Ok, 25 * MINUTE, AlarmState::Alarm)), recovery(20 * MINUTE));
}

#[test]
fn a_change_behind_a_later_alarm_or_older_than_memory_is_not_told() {
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change(AlarmState::Alarm, 20 * MINUTE, AlarmState::Ok));
    for (state, previous) in [(AlarmState::Ok, AlarmState::Alarm), (AlarmState::Alarm, AlarmState::Ok)] {
        let late = change(state, 10 * MINUTE, previous);
        assert_eq!(memory.decide(&late), NoticeDecision::Silent(Silence::Superseded), "{state}");
    }
    // So many changes later nobody knows whether it was told.
    for flap in 0..8 {
        let at = (30 + 2 * flap) * MINUTE;
        handle(&mut memory, &change(AlarmState::Ok, at, AlarmState::Alarm));
        handle(&mut memory, &change(AlarmState::Alarm, at + MINUTE, AlarmState::Ok));
    }
    let first = change(AlarmState::Alarm, 20 * MINUTE, AlarmState::Ok);
    assert_eq!(memory.decide(&first), NoticeDecision::Silent(Silence::Superseded));
}

#[test]
fn a_late_alarm_is_told_where_only_silence_came_after_it() {
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change(AlarmState::InsufficientData, 3 * MINUTE, AlarmState::Alarm));
    let late = change(AlarmState::Alarm, 2 * MINUTE, AlarmState::Ok);
    assert_eq!(memory.decide(&late), first_notice(2 * MINUTE));
}

#[test]
fn a_suppressed_alarm_is_told_when_its_suppression_ends() {
    let mut memory = AlarmMemory::default();
    let mut suppressed = change(AlarmState::Alarm, 10 * MINUTE, AlarmState::Ok);
    suppressed.suppressed_by = Some("WaitPeriod".into());
    assert_eq!(handle(&mut memory, &suppressed), NoticeDecision::Silent(Silence::Suppressed));
    let mut freed = change_with_time(AlarmState::Alarm, 12 * MINUTE, AlarmState::Alarm, 10 * MINUTE);
    freed.previous.as_mut().unwrap().suppressed = true;
    assert_eq!(handle(&mut memory, &freed), first_notice(10 * MINUTE));
    let again = change_with_time(AlarmState::Alarm, 14 * MINUTE, AlarmState::Alarm, 12 * MINUTE);
    assert_eq!(memory.decide(&again), NoticeDecision::Silent(Silence::Repeat), "it is known to be in alarm");
    assert_eq!(memory.decide(&change(AlarmState::Ok, 15 * MINUTE, AlarmState::Alarm)), recovery(10 * MINUTE));
}

#[test]
fn ok_after_insufficient_data_is_a_recovery_only_where_an_alarm_was_posted() {
    use AlarmState::{Alarm, InsufficientData, Ok};
    let mut memory = AlarmMemory::default();
    assert_eq!(
        handle(&mut memory, &change(Ok, MINUTE, InsufficientData)),
        NoticeDecision::Silent(Silence::NotARecovery)
    );
    handle(&mut memory, &change(Alarm, 2 * MINUTE, Ok));
    handle(&mut memory, &change(InsufficientData, 3 * MINUTE, Alarm));
    let ok = change_with_time(Ok, 9 * MINUTE, InsufficientData, 3 * MINUTE);
    assert_eq!(handle(&mut memory, &ok), recovery(2 * MINUTE), "since the ALARM, not since the silence");
    assert_eq!(handle(&mut memory, &ok), NoticeDecision::Silent(Silence::Repeat));
    // Another process posted the ALARM: the change away from it tells.
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change_with_time(InsufficientData, 3 * MINUTE, Alarm, 2 * MINUTE));
    assert_eq!(memory.decide(&ok), recovery(2 * MINUTE));
}

#[test]
fn under_a_mute_rule_nothing_is_posted_and_the_recovery_follows_when_it_ends() {
    use AlarmState::{Alarm, InsufficientData, Ok};
    let muted = |change: AlarmChange| AlarmChange { is_muted: true, ..change };
    let silent = NoticeDecision::Silent(Silence::Muted);
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change(Alarm, MINUTE, Ok));
    handle(&mut memory, &muted(change(InsufficientData, 2 * MINUTE, Alarm)));
    let ok = change(Ok, 3 * MINUTE, InsufficientData);
    assert_eq!(handle(&mut memory, &muted(ok.clone())), silent);
    // The mute ends, and CloudWatch takes the action of that same change.
    assert_eq!(memory.clone().decide(&ok), recovery(MINUTE));
    // Or the alarm changes again before it ends: how long it was in ALARM is not known then.
    let mut other = memory.clone();
    assert_eq!(handle(&mut other, &muted(change(Alarm, 4 * MINUTE, Ok))), silent);
    let unmuted = change(Ok, 5 * MINUTE, Alarm);
    assert_eq!(handle(&mut other, &unmuted), NoticeDecision::Notify(NoticeKind::Recovery { began_ms: None }));
    assert_eq!(handle(&mut memory, &ok), recovery(MINUTE));
    // What begins and ends under it is never posted.
    for (minutes, state, before) in [(6, Alarm, Ok), (7, Ok, Alarm), (8, Alarm, Ok)] {
        assert_eq!(handle(&mut memory, &muted(change(state, minutes * MINUTE, before))), silent, "{minutes}");
    }
    let unmuted = change(Ok, 9 * MINUTE, Alarm);
    assert_eq!(handle(&mut memory, &unmuted), NoticeDecision::Silent(Silence::NotARecovery));
    // The mute ends, and CloudWatch acts on the ALARM that goes on.
    assert_eq!(handle(&mut memory, &muted(change(Alarm, 10 * MINUTE, Ok))), silent);
    let goes_on = change_with_time(Alarm, 11 * MINUTE, Alarm, 10 * MINUTE);
    assert_eq!(handle(&mut memory, &goes_on), first_notice(10 * MINUTE));
    assert_eq!(handle(&mut memory, &change(Ok, 12 * MINUTE, Alarm)), recovery(10 * MINUTE));
    // The same in a process that knows nothing.
    assert_eq!(AlarmMemory::default().decide(&muted(change(Ok, MINUTE, Alarm))), silent);
}

/// The change of a contributor, which tells no previous state.
fn of_contributor(id: &str, state: AlarmState, at_ms: i64) -> AlarmChange {
    let contributor = Contributor { id: id.into(), attributes: vec![("Resource".into(), "/v1".into())] };
    AlarmChange { contributor: Some(contributor), previous: None, ..change(state, at_ms, AlarmState::Ok) }
}

#[test]
fn each_contributor_has_its_own_alarm_and_recovery_beside_the_alarms() {
    use AlarmState::{Alarm, Ok};
    let mut memory = AlarmMemory::default();
    // Several may share one time.
    for change in
        [of_contributor("a", Alarm, MINUTE), of_contributor("b", Alarm, MINUTE), change(Alarm, MINUTE, Ok)]
    {
        assert_eq!(handle(&mut memory, &change), first_notice(MINUTE));
        assert_eq!(handle(&mut memory, &change), NoticeDecision::Silent(Silence::Repeat));
    }
    assert_eq!(handle(&mut memory, &of_contributor("a", Ok, 3 * MINUTE)), recovery(MINUTE));
    assert_eq!(
        handle(&mut memory, &of_contributor("a", Ok, 3 * MINUTE)),
        NoticeDecision::Silent(Silence::Repeat)
    );
    assert_eq!(handle(&mut memory, &change(Ok, 4 * MINUTE, Alarm)), recovery(MINUTE));
    assert_eq!(handle(&mut memory, &of_contributor("b", Ok, 4 * MINUTE)), recovery(MINUTE));
    // By a process that never saw it in ALARM, but not where it saw that nobody heard of it.
    let mut memory = AlarmMemory::default();
    assert_eq!(handle(&mut memory, &of_contributor("a", Ok, 3 * MINUTE)), recovery(None));
    let muted = AlarmChange { is_muted: true, ..of_contributor("b", Alarm, MINUTE) };
    assert_eq!(handle(&mut memory, &muted), NoticeDecision::Silent(Silence::Muted));
    assert_eq!(
        handle(&mut memory, &of_contributor("b", Ok, 3 * MINUTE)),
        NoticeDecision::Silent(Silence::NotARecovery)
    );
    // Without an id its attributes tell it from others.
    let nameless = |value: &str| {
        let contributor =
            Contributor { id: String::new(), attributes: vec![("Resource".into(), value.into())] };
        AlarmChange { contributor: Some(contributor), ..of_contributor("", Alarm, MINUTE) }
    };
    assert_eq!(handle(&mut memory, &nameless("/v1")), first_notice(MINUTE));
    assert_eq!(handle(&mut memory, &nameless("/v2")), first_notice(MINUTE));
    assert_eq!(handle(&mut memory, &nameless("/v1")), NoticeDecision::Silent(Silence::Repeat));
}

#[test]
fn an_alarm_whose_recovery_is_owed_outlives_any_number_of_others() {
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change(AlarmState::Alarm, MINUTE, AlarmState::Ok));
    for name in 0..2 * MAX_REMEMBERED {
        let mut other = change(AlarmState::Ok, MINUTE, AlarmState::InsufficientData);
        (other.arn, other.name) = (None, format!("alarm {name}"));
        handle(&mut memory, &other);
    }
    assert_eq!(memory.alarms.len(), MAX_REMEMBERED);
    let mut muted = change(AlarmState::Alarm, 0, AlarmState::InsufficientData);
    muted.is_muted = true;
    for minute in 2..200 {
        muted.changed_at_ms = minute * MINUTE;
        handle(&mut memory, &muted);
    }
    assert_eq!(
        memory.decide(&change(AlarmState::Ok, 300 * MINUTE, AlarmState::InsufficientData)),
        recovery(MINUTE)
    );
}

#[test]
fn nobody_hears_of_the_end_of_an_alarm_that_nobody_heard_of() {
    let mut ok = change(AlarmState::Ok, 15 * MINUTE, AlarmState::Alarm);
    ok.previous.as_mut().unwrap().suppressed = true;
    let mut memory = AlarmMemory::default();
    assert_eq!(memory.decide(&ok), NoticeDecision::Silent(Silence::NotARecovery));
    handle(&mut memory, &change(AlarmState::Alarm, 10 * MINUTE, AlarmState::Ok));
    assert_eq!(memory.decide(&ok), recovery(10 * MINUTE), "it was told before it was suppressed");
}

#[test]
fn without_a_previous_state_only_memory_makes_a_recovery() {
    let mut ok = change(AlarmState::Ok, 15 * MINUTE, AlarmState::Alarm);
    ok.previous = None;
    let mut memory = AlarmMemory::default();
    assert_eq!(memory.decide(&ok), NoticeDecision::Silent(Silence::NotARecovery));
    handle(&mut memory, &change(AlarmState::Alarm, 10 * MINUTE, AlarmState::Ok));
    assert_eq!(memory.decide(&ok), recovery(10 * MINUTE));
}

#[test]
fn alarms_of_one_name_in_other_places_are_other_alarms() {
    let mut memory = AlarmMemory::default();
    handle(&mut memory, &change(AlarmState::Alarm, MINUTE, AlarmState::Ok));
    let mut elsewhere = change(AlarmState::Alarm, MINUTE, AlarmState::Ok);
    elsewhere.arn = Some(ARN.replace("eu-west-1", "eu-west-2"));
    assert_eq!(memory.decide(&elsewhere), first_notice(MINUTE));
    elsewhere.arn = None;
    elsewhere.account = Some("999999999999".into());
    assert_eq!(memory.decide(&elsewhere), first_notice(MINUTE));
}

#[test]
fn memory_is_bounded_and_forgets_what_was_touched_longest_ago() {
    let mut memory = AlarmMemory::default();
    let named = |name: usize, at| {
        let mut change = change(AlarmState::Alarm, at, AlarmState::Ok);
        change.name = format!("alarm {name}");
        change.arn = None;
        change
    };
    for name in 0..MAX_REMEMBERED {
        handle(&mut memory, &named(name, MINUTE));
    }
    handle(&mut memory, &named(0, 2 * MINUTE));
    handle(&mut memory, &named(MAX_REMEMBERED, MINUTE));
    assert_eq!(memory.alarms.len(), MAX_REMEMBERED);
    assert_eq!(memory.decide(&named(0, MINUTE)), NoticeDecision::Silent(Silence::Repeat), "touched again");
    assert_eq!(memory.decide(&named(1, MINUTE)), first_notice(MINUTE), "forgotten");
    for at in 0..100 {
        handle(&mut memory, &named(0, at * MINUTE));
    }
    assert!(memory.alarms.iter().all(|remembered| remembered.history.len() <= history::MAX_ENTRIES));
}

#[test]
fn a_text_is_told_once_and_one_without_id_always() {
    let mut memory = AlarmMemory::default();
    let mut text = TopicText {
        message_id: Some("1".into()),
        topic_name: "t".into(),
        subject: None,
        text: "hello".into(),
    };
    assert!(memory.decide_text(&text));
    memory.commit_text(&text);
    assert!(!memory.decide_text(&text));
    text.message_id = None;
    memory.commit_text(&text);
    assert!(memory.decide_text(&text));
    for id in 0..2 * MAX_REMEMBERED {
        text.message_id = Some(id.to_string());
        memory.commit_text(&text);
    }
    assert_eq!(memory.texts.len(), MAX_REMEMBERED);
}

proptest::proptest! {
    #[test]
    fn whatever_comes_in_whatever_order_a_told_change_is_never_told_again(
        events in proptest::collection::vec((0..3_u8, 0..40_i64, 0..3_u8, 0..3_u8), 1..60)
    ) {
        let mut memory = AlarmMemory::default();
        let mut posted = Vec::new();
        let state = |n| [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData][usize::from(n)];
        for (new, at, previous, alarm) in events {
            let mut change = change(state(new), at * 10_000, state(previous));
            change.arn = Some(format!("{ARN}{alarm}"));
            if let NoticeDecision::Notify(kind) = handle(&mut memory, &change) {
                let key = (change.arn.clone(), change.state, change.changed_at_ms);
                proptest::prop_assert!(!posted.contains(&key));
                posted.push(key);
                proptest::prop_assert_ne!(change.state, AlarmState::InsufficientData);
                if let NoticeKind::Recovery { began_ms: Some(began) } = kind {
                    proptest::prop_assert!(began <= change.changed_at_ms);
                }
            }
        }
    }
}
