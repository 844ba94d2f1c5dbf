//! Tests: every short story of an alarm against a plain model of what a channel must show.
//!
//! The model knows the true order of the changes and what was posted; it shares nothing with the memory.

use super::tests::change;
use super::*;
use crate::alarm::change::PreviousState;

const STATES: [AlarmState; 3] = [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData];
const MINUTE: i64 = 60_000;

/// One delivery of a change, and whether Slack accepts its post.
#[derive(Debug, Clone, Copy)]
struct Delivery {
    /// Which change of the story, from 0.
    change: usize,
    is_accepted: bool,
    /// By EventBridge, which tells since when the state before lasted, or by SNS, which does not.
    has_time: bool,
}

/// The changes of a story: each to another state than the one before, the first from `INSUFFICIENT_DATA`, as an alarm
/// is created; a minute apart.
fn stories(length: usize) -> Vec<Vec<AlarmState>> {
    let mut stories = vec![Vec::new()];
    for _ in 0..length {
        stories = stories
            .into_iter()
            .flat_map(|story: Vec<AlarmState>| {
                let last = story.last().copied().unwrap_or(AlarmState::InsufficientData);
                let next = STATES.into_iter().filter(move |state| *state != last);
                next.map(move |state| [story.clone(), vec![state]].concat()).collect::<Vec<_>>()
            })
            .collect();
    }
    stories
}

fn delivered(story: &[AlarmState], delivery: Delivery) -> AlarmChange {
    let Delivery { change: index, has_time, .. } = delivery;
    let at_ms = |index: usize| i64::try_from(index + 1).unwrap() * MINUTE;
    let before = index.checked_sub(1);
    let previous = before.map_or(AlarmState::InsufficientData, |before| story[before]);
    let mut change = change(story[index], at_ms(index), previous);
    let since_ms = has_time.then(|| before.map_or(0, at_ms));
    change.previous = Some(PreviousState { state: previous, since_ms, suppressed: false });
    change
}

/// What was posted, in order: which change, and as what.
fn posts(story: &[AlarmState], deliveries: &[Delivery]) -> Vec<(usize, NoticeKind)> {
    let mut memory = AlarmMemory::default();
    let mut posts = Vec::new();
    for delivery in deliveries {
        let change = delivered(story, *delivery);
        let decision = memory.decide(&change);
        match decision {
            NoticeDecision::Silent(_) => memory.commit(&change, decision),
            NoticeDecision::Notify(kind) if delivery.is_accepted => {
                memory.commit(&change, decision);
                posts.push((delivery.change, kind));
            }
            NoticeDecision::Notify(_) => {}
        }
    }
    posts
}

fn in_order(count: usize) -> Vec<Delivery> {
    (0..count).map(|change| Delivery { change, is_accepted: true, has_time: false }).collect()
}

/// What holds whatever came in whatever order: nothing twice, nothing of `INSUFFICIENT_DATA`, and what is said of a
/// change is true of the story.
fn assert_true(story: &[AlarmState], posts: &[(usize, NoticeKind)], context: &str) {
    for (position, (index, kind)) in posts.iter().enumerate() {
        assert!(posts[..position].iter().all(|(earlier, _)| earlier != index), "twice: {context}");
        let at_ms = i64::try_from(index + 1).unwrap() * MINUTE;
        match *kind {
            NoticeKind::FirstNotice { since_ms } => {
                assert_eq!((story[*index], since_ms), (AlarmState::Alarm, at_ms), "{context}");
                assert!(
                    !posts[..position].iter().any(|(earlier, _)| earlier > index),
                    "old news as new: {context}"
                );
            }
            NoticeKind::BelatedNotice { since_ms, until_ms } => {
                assert_eq!((story[*index], since_ms), (AlarmState::Alarm, at_ms), "{context}");
                let until = usize::try_from(until_ms / MINUTE - 1).unwrap();
                assert!(until > *index && story[until] == AlarmState::Ok, "{context}");
            }
            NoticeKind::Recovery { began_ms } => {
                assert_eq!(story[*index], AlarmState::Ok, "{context}");
                assert!(story[..*index].contains(&AlarmState::Alarm), "a recovery from nothing: {context}");
                if let Some(began) = began_ms {
                    let began = usize::try_from(began / MINUTE - 1).unwrap();
                    assert!(began < *index && story[began] == AlarmState::Alarm, "{context}");
                }
            }
        }
    }
}

/// Whether the channel's last word fits: an ALARM without an end stands there if and only if the story's last state
/// but `INSUFFICIENT_DATA` is ALARM.
fn assert_last_word_fits(story: &[AlarmState], posts: &[(usize, NoticeKind)], context: &str) {
    let open = posts.iter().any(|(index, kind)| {
        matches!(kind, NoticeKind::FirstNotice { .. })
            && !posts.iter().any(|(later, kind)| later > index && matches!(kind, NoticeKind::Recovery { .. }))
    });
    let last = story.iter().rev().find(|state| **state != AlarmState::InsufficientData);
    assert_eq!(open, last == Some(&AlarmState::Alarm), "{context}: {posts:?}");
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    permutations(count - 1)
        .into_iter()
        .flat_map(|shorter| {
            (0..count).map(move |place| {
                let mut longer = shorter.clone();
                longer.insert(place, count - 1);
                longer
            })
        })
        .collect()
}

#[test]
fn in_order_each_alarm_is_posted_and_each_posted_alarm_gets_its_recovery_once() {
    for length in 1..=9 {
        for story in stories(length) {
            let context = format!("{story:?}");
            let posts = posts(&story, &in_order(length));
            assert_true(&story, &posts, &context);
            assert_last_word_fits(&story, &posts, &context);
            // The model: an ALARM is posted, and the first OK after posted ALARMs is their recovery.
            let (mut expected, mut owed) = (Vec::new(), false);
            for (index, state) in story.iter().enumerate() {
                match state {
                    AlarmState::Alarm => {
                        expected.push((index, "alarm"));
                        owed = true;
                    }
                    AlarmState::Ok if std::mem::take(&mut owed) => expected.push((index, "recovery")),
                    AlarmState::Ok | AlarmState::InsufficientData => {}
                }
            }
            let posted: Vec<_> = posts
                .iter()
                .map(|(index, kind)| match kind {
                    NoticeKind::FirstNotice { .. } => (*index, "alarm"),
                    NoticeKind::Recovery { .. } => (*index, "recovery"),
                    NoticeKind::BelatedNotice { .. } => (*index, "belated"),
                })
                .collect();
            assert_eq!(posted, expected, "{context}");
        }
    }
}

#[test]
fn in_any_order_with_repeats_the_last_word_fits_and_nothing_is_said_twice() {
    for length in 1..=5 {
        for story in stories(length) {
            for order in permutations(length) {
                for has_time in [false, true] {
                    // Each change comes once by the one way and, later, once more by the other.
                    let deliver = |has_time| {
                        let change = order.iter().map(move |change| (*change, has_time));
                        change.map(|(change, has_time)| Delivery { change, is_accepted: true, has_time })
                    };
                    let deliveries: Vec<_> = deliver(has_time).chain(deliver(!has_time)).collect();
                    let context = format!("{story:?} in the order {order:?}");
                    let posts = posts(&story, &deliveries);
                    assert_true(&story, &posts, &context);
                    assert_last_word_fits(&story, &posts, &context);
                }
            }
        }
    }
}

#[test]
fn whatever_posts_fail_the_retries_bring_the_channel_to_the_truth() {
    for length in 1..=5_usize {
        for story in stories(length) {
            for failed in 0..1_u32 << length {
                let first = in_order(length).into_iter().map(|delivery| Delivery {
                    is_accepted: failed & (1 << delivery.change) == 0,
                    ..delivery
                });
                let retries = in_order(length).into_iter().filter(|again| failed & (1 << again.change) != 0);
                let (one, other): (Vec<_>, Vec<_>) = (retries.clone().collect(), retries.rev().collect());
                for retries in [one, other] {
                    let deliveries: Vec<_> = first.clone().chain(retries).collect();
                    let context = format!("{story:?} with failed posts {failed:b}");
                    let posts = posts(&story, &deliveries);
                    assert_true(&story, &posts, &context);
                    assert_last_word_fits(&story, &posts, &context);
                }
            }
        }
    }
}

#[test]
fn a_process_that_begins_in_the_middle_says_nothing_false_and_owes_what_the_changes_tell() {
    for length in 2..=7 {
        for story in stories(length) {
            for begins in 1..length {
                let context = format!("{story:?} from change {begins} on");
                let posts = posts(&story, &in_order(length)[begins..]);
                assert_true(&story, &posts, &context);
                // The first change that it sees tells one state more: an ALARM there was posted by another process.
                let known = &story[begins - 1..];
                let first_ok = known.iter().position(|state| *state == AlarmState::Ok);
                if let Some(ok) = first_ok
                    && known[..ok].contains(&AlarmState::Alarm)
                {
                    let recovery = posts.iter().find(|(index, _)| *index == begins - 1 + ok);
                    assert!(
                        matches!(recovery, Some((_, NoticeKind::Recovery { .. }))),
                        "{context}: {posts:?}"
                    );
                }
            }
        }
    }
}
