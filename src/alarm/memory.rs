//! Which alarm changes a person hears of, and what this process remembers of those it told.
//!
//! Deciding is a pure function of the change and the memory. A change is remembered only by
//! [`AlarmMemory::commit`], after it was told: one whose post failed comes again and is told then.
//!
//! The same change can come through SNS, EventBridge and the direct action, each at least once and in any order.
//! Its key is the alarm (ARN, or name and account where the ARN is not told), the state, and the time of change
//! within [`SAME_CHANGE_MS`]. Memory is bounded: the alarms touched longest ago are forgotten first.

use std::collections::VecDeque;

use super::change::{AlarmChange, AlarmState};
use super::notification::TopicText;

/// Two changes of one alarm to one state this close together are one change. The wire shapes differ by
/// milliseconds, and by up to one second where only whole seconds are told; an alarm is evaluated at most every
/// ten seconds, and another state lies between two changes to the same one.
pub const SAME_CHANGE_MS: u64 = 1_000;

/// At most so many alarms, and so many texts, are remembered.
pub const MAX_REMEMBERED: usize = 1_000;

/// At most so many told changes of one alarm are remembered.
const MAX_TOLD: usize = 8;

/// Whether a person hears of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// To be told.
    Tell(Telling),
    /// To be counted only.
    Silent(Silence),
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// The alarm went off.
    FirstNotice {
        /// Since when, epoch milliseconds.
        since_ms: i64,
    },
    /// The alarm went from ALARM to OK.
    Recovery {
        /// When it had gone off, epoch milliseconds, where that is known.
        began_ms: Option<i64>,
    },
}

/// Why a change is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It went to `INSUFFICIENT_DATA`.
    InsufficientData,
    /// It went to OK, but not from ALARM, or from an ALARM that nobody was told of since it was suppressed.
    NotARecovery,
    /// A composite alarm whose actions are suppressed.
    Suppressed,
    /// It was told before.
    Repeat,
    /// A later change of the same alarm was told before.
    Superseded,
}

/// What was told, of which alarm, and since when each is in alarm.
#[derive(Debug, Clone, Default)]
pub struct AlarmMemory {
    /// Touched longest ago first.
    alarms: VecDeque<Remembered>,
    texts: VecDeque<String>,
}

#[derive(Debug, Clone)]
struct Remembered {
    arn: Option<String>,
    account: Option<String>,
    name: String,
    /// State and time of change, oldest first.
    told: VecDeque<(AlarmState, i64)>,
    /// The newest change seen since the alarm was first told, told or silent.
    seen_ms: i64,
    /// Since when it has been in an ALARM that was told.
    in_alarm_since_ms: Option<i64>,
}

impl AlarmMemory {
    /// Whether to tell a change. Has no effect; see [`AlarmMemory::commit`].
    #[must_use]
    pub fn decide(&self, change: &AlarmChange) -> Decision {
        if change.suppressed_by.is_some() {
            return Decision::Silent(Silence::Suppressed);
        }
        let remembered = self.alarms.iter().find(|remembered| remembered.is(change));
        let in_alarm_since_ms = remembered.and_then(|remembered| remembered.in_alarm_since_ms);
        let telling = match change.state {
            AlarmState::InsufficientData => return Decision::Silent(Silence::InsufficientData),
            AlarmState::Alarm => first_notice(change, in_alarm_since_ms),
            AlarmState::Ok => recovery(change, in_alarm_since_ms),
        };
        match remembered.map(|remembered| remembered.place(change)) {
            Some(Place::Told) => Decision::Silent(Silence::Repeat),
            Some(Place::BeforeTold) => Decision::Silent(Silence::Superseded),
            Some(Place::New) | None => telling.map_or_else(Decision::Silent, Decision::Tell),
        }
    }

    /// Remembers a change with what was decided: after the post was accepted, or at once where it is silent.
    /// An older change never overwrites what a newer one left.
    pub fn commit(&mut self, change: &AlarmChange, decision: Decision) {
        let known = self.alarms.iter().position(|remembered| remembered.is(change));
        let mut remembered = match (known.and_then(|index| self.alarms.remove(index)), decision) {
            (Some(remembered), _) => remembered,
            (None, Decision::Tell(_)) => Remembered::new(change),
            // Nothing was told of this alarm: there is nothing that a silent change could alter.
            (None, Decision::Silent(_)) => return,
        };
        remembered.note(change, decision);
        self.alarms.push_back(remembered);
        if self.alarms.len() > MAX_REMEMBERED {
            self.alarms.pop_front();
        }
    }

    /// Whether to tell a topic's text: yes, unless this very message was told before. A text without an id is told.
    #[must_use]
    pub fn decide_text(&self, text: &TopicText) -> bool {
        !text.message_id.as_ref().is_some_and(|id| self.texts.contains(id))
    }

    /// Remembers a topic's text, after the post was accepted.
    pub fn commit_text(&mut self, text: &TopicText) {
        let Some(id) = &text.message_id else { return };
        self.texts.push_back(id.clone());
        if self.texts.len() > MAX_REMEMBERED {
            self.texts.pop_front();
        }
    }
}

fn first_notice(change: &AlarmChange, in_alarm_since_ms: Option<i64>) -> Result<Telling, Silence> {
    let already = change.previous.as_ref().filter(|previous| previous.state == AlarmState::Alarm);
    match already {
        Some(_) if in_alarm_since_ms.is_some() => Err(Silence::Repeat),
        // The suppression of a composite alarm ended: it has been in alarm for longer than people know.
        Some(previous) => {
            Ok(Telling::FirstNotice { since_ms: previous.since_ms.unwrap_or(change.changed_at_ms) })
        }
        None => Ok(Telling::FirstNotice { since_ms: change.changed_at_ms }),
    }
}

fn recovery(change: &AlarmChange, in_alarm_since_ms: Option<i64>) -> Result<Telling, Silence> {
    let (after_alarm, began_ms) = match &change.previous {
        Some(previous) if previous.state == AlarmState::Alarm => {
            let told = !previous.suppressed || in_alarm_since_ms.is_some();
            (told, previous.since_ms.or(in_alarm_since_ms))
        }
        Some(_) => (false, None),
        None => (in_alarm_since_ms.is_some(), in_alarm_since_ms),
    };
    if after_alarm {
        Ok(Telling::Recovery { began_ms: began_ms.filter(|began| *began <= change.changed_at_ms) })
    } else {
        Err(Silence::NotARecovery)
    }
}

/// Where a change stands among those told of its alarm.
enum Place {
    Told,
    BeforeTold,
    New,
}

impl Remembered {
    fn new(change: &AlarmChange) -> Self {
        Self {
            arn: change.arn.clone(),
            account: change.account.clone(),
            name: change.name.clone(),
            told: VecDeque::new(),
            seen_ms: i64::MIN,
            in_alarm_since_ms: None,
        }
    }

    /// Whether the change is of this alarm. Old SNS messages lack the ARN, the other shapes have it.
    fn is(&self, change: &AlarmChange) -> bool {
        if let (Some(own), Some(other)) = (&self.arn, &change.arn) {
            return own == other;
        }
        let accounts_differ =
            matches!((&self.account, &change.account), (Some(own), Some(other)) if own != other);
        self.name == change.name && !accounts_differ
    }

    fn place(&self, change: &AlarmChange) -> Place {
        let same = |(state, at_ms): &(AlarmState, i64)| {
            *state == change.state && at_ms.abs_diff(change.changed_at_ms) <= SAME_CHANGE_MS
        };
        if self.told.iter().any(same) {
            Place::Told
        } else if self.told.iter().any(|(_, at_ms)| *at_ms > change.changed_at_ms) {
            Place::BeforeTold
        } else {
            Place::New
        }
    }

    fn note(&mut self, change: &AlarmChange, decision: Decision) {
        if self.arn.is_none() {
            self.arn.clone_from(&change.arn);
        }
        if let Decision::Tell(_) = decision {
            self.told.push_back((change.state, change.changed_at_ms));
            if self.told.len() > MAX_TOLD {
                self.told.pop_front();
            }
        }
        if change.changed_at_ms < self.seen_ms {
            return;
        }
        self.seen_ms = change.changed_at_ms;
        match (change.state, decision) {
            (AlarmState::Alarm, Decision::Tell(Telling::FirstNotice { since_ms })) => {
                self.in_alarm_since_ms = Some(since_ms);
            }
            // A repeat, or a suppressed notification of the same ALARM: it goes on.
            (AlarmState::Alarm, _) => {}
            (AlarmState::Ok | AlarmState::InsufficientData, _) => self.in_alarm_since_ms = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::change::{Condition, PreviousState, Watched};

    const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors";
    const MINUTE: i64 = 60_000;

    /// An alarm `errors` that went to `state` at `at_ms`, as SNS tells it.
    fn change(state: AlarmState, at_ms: i64, previous: AlarmState) -> AlarmChange {
        AlarmChange {
            name: "errors".into(),
            arn: Some(ARN.into()),
            region: None,
            account: Some("111122223333".into()),
            description: None,
            state,
            changed_at_ms: at_ms,
            previous: Some(PreviousState { state: previous, since_ms: None, suppressed: false }),
            watched: Watched::Unknown,
            condition: Condition::default(),
            reason: String::new(),
            datapoints: Vec::new(),
            missing_data: None,
            suppressed_by: None,
        }
    }

    /// As [`change`], as EventBridge tells it.
    fn change_with_time(state: AlarmState, at_ms: i64, previous: AlarmState, since_ms: i64) -> AlarmChange {
        let mut change = change(state, at_ms, previous);
        change.previous =
            Some(PreviousState { state: previous, since_ms: Some(since_ms), suppressed: false });
        change
    }

    /// Decides, and commits as after a post that was accepted.
    fn handle(memory: &mut AlarmMemory, change: &AlarmChange) -> Decision {
        let decision = memory.decide(change);
        memory.commit(change, decision);
        decision
    }

    fn first_notice(since_ms: i64) -> Decision {
        Decision::Tell(Telling::FirstNotice { since_ms })
    }

    fn recovery(began_ms: impl Into<Option<i64>>) -> Decision {
        Decision::Tell(Telling::Recovery { began_ms: began_ms.into() })
    }

    #[test]
    fn first_notice_and_recovery_are_told_and_nothing_between() {
        use AlarmState::{Alarm, InsufficientData, Ok};
        let mut memory = AlarmMemory::default();
        for (state, at, previous, expected) in [
            (Ok, 0, InsufficientData, Decision::Silent(Silence::NotARecovery)),
            (Alarm, 1, Ok, first_notice(MINUTE)),
            (Ok, 8, Alarm, recovery(MINUTE)),
            (InsufficientData, 9, Ok, Decision::Silent(Silence::InsufficientData)),
            (Alarm, 10, InsufficientData, first_notice(10 * MINUTE)),
            (InsufficientData, 11, Alarm, Decision::Silent(Silence::InsufficientData)),
            (Ok, 12, InsufficientData, Decision::Silent(Silence::NotARecovery)),
            (Ok, 13, Ok, Decision::Silent(Silence::NotARecovery)),
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
        assert_eq!(handle(&mut memory, &event), Decision::Silent(Silence::Repeat));
        let mut old = change(AlarmState::Alarm, MINUTE, AlarmState::Ok);
        old.arn = None;
        assert_eq!(handle(&mut memory, &old), Decision::Silent(Silence::Repeat));
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
    fn an_older_change_that_comes_late_is_not_told_and_overwrites_nothing() {
        let mut memory = AlarmMemory::default();
        handle(&mut memory, &change_with_time(AlarmState::Ok, 9 * MINUTE, AlarmState::Alarm, 2 * MINUTE));
        let late = change(AlarmState::Alarm, 2 * MINUTE, AlarmState::Ok);
        assert_eq!(handle(&mut memory, &late), Decision::Silent(Silence::Superseded));
        handle(&mut memory, &change(AlarmState::Alarm, 20 * MINUTE, AlarmState::Ok));
        let late_insufficient = change(AlarmState::InsufficientData, 19 * MINUTE, AlarmState::Ok);
        handle(&mut memory, &late_insufficient);
        assert_eq!(
            memory.decide(&change(AlarmState::Ok, 25 * MINUTE, AlarmState::Alarm)),
            recovery(20 * MINUTE)
        );
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
        assert_eq!(handle(&mut memory, &suppressed), Decision::Silent(Silence::Suppressed));
        let mut freed = change_with_time(AlarmState::Alarm, 12 * MINUTE, AlarmState::Alarm, 10 * MINUTE);
        freed.previous.as_mut().unwrap().suppressed = true;
        assert_eq!(handle(&mut memory, &freed), first_notice(10 * MINUTE));
        let again = change_with_time(AlarmState::Alarm, 14 * MINUTE, AlarmState::Alarm, 12 * MINUTE);
        assert_eq!(memory.decide(&again), Decision::Silent(Silence::Repeat), "it is known to be in alarm");
        assert_eq!(
            memory.decide(&change(AlarmState::Ok, 15 * MINUTE, AlarmState::Alarm)),
            recovery(10 * MINUTE)
        );
    }

    #[test]
    fn nobody_hears_of_the_end_of_an_alarm_that_nobody_heard_of() {
        let mut ok = change(AlarmState::Ok, 15 * MINUTE, AlarmState::Alarm);
        ok.previous.as_mut().unwrap().suppressed = true;
        let mut memory = AlarmMemory::default();
        assert_eq!(memory.decide(&ok), Decision::Silent(Silence::NotARecovery));
        handle(&mut memory, &change(AlarmState::Alarm, 10 * MINUTE, AlarmState::Ok));
        assert_eq!(memory.decide(&ok), recovery(10 * MINUTE), "it was told before it was suppressed");
    }

    #[test]
    fn without_a_previous_state_only_memory_makes_a_recovery() {
        let mut ok = change(AlarmState::Ok, 15 * MINUTE, AlarmState::Alarm);
        ok.previous = None;
        let mut memory = AlarmMemory::default();
        assert_eq!(memory.decide(&ok), Decision::Silent(Silence::NotARecovery));
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
        assert_eq!(memory.decide(&named(0, MINUTE)), Decision::Silent(Silence::Repeat), "touched again");
        assert_eq!(memory.decide(&named(1, MINUTE)), first_notice(MINUTE), "forgotten");
        for at in 0..100 {
            handle(&mut memory, &named(0, at * MINUTE));
        }
        assert!(memory.alarms.iter().all(|remembered| remembered.told.len() <= MAX_TOLD));
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
            let mut told = Vec::new();
            let state = |n| [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData][usize::from(n)];
            for (new, at, previous, alarm) in events {
                let mut change = change(state(new), at * 10_000, state(previous));
                change.arn = Some(format!("{ARN}{alarm}"));
                if let Decision::Tell(telling) = handle(&mut memory, &change) {
                    let key = (change.arn.clone(), change.state, change.changed_at_ms);
                    proptest::prop_assert!(!told.contains(&key));
                    told.push(key);
                    proptest::prop_assert_ne!(change.state, AlarmState::InsufficientData);
                    if let Telling::Recovery { began_ms: Some(began) } = telling {
                        proptest::prop_assert!(began <= change.changed_at_ms);
                    }
                }
            }
        }
    }
}
