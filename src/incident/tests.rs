//! Incidents step by step: what is sent when, and that no line is lost from the sums.

use proptest::prelude::*;

use super::*;

const MINUTE_MS: i64 = 60_000;
/// 3 November 2026, 08:00 UTC.
const START_MS: i64 = 1_793_692_800_000;

/// An incident with its policy, at a time that goes on; every message is accepted at once.
struct Bench {
    incident: Incident,
    policy: Policy,
    now_ms: i64,
    sent: Vec<(i64, Kind, u64)>,
}

const ORDERS: GroupName<'_> = GroupName { status: 502, route: "POST /v1/orders", fault: "integration" };
const SEARCH: GroupName<'_> =
    GroupName { status: 504, route: "GET /v1/search", fault: "integration: timeout" };
const SCAN: GroupName<'_> = GroupName { status: 404, route: "GET /.env", fault: "client" };

fn arrival(group: GroupName<'_>, count: u64, now_ms: i64) -> Arrival<'_> {
    Arrival {
        group,
        source: "",
        count,
        first_ms: now_ms - 500,
        last_ms: now_ms,
        at_least: None,
        again_after_ms: None,
        cause: None,
        runbook: None,
    }
}

impl Bench {
    fn new() -> Self {
        let (incident, policy) = (Incident::default(), Policy::default());
        Self { incident, policy, now_ms: START_MS, sent: Vec::new() }
    }

    /// Seconds from the start.
    fn at(&mut self, seconds: i64) -> &mut Self {
        let now_ms = START_MS + seconds * 1_000;
        while let Decision::Nothing { again_ms: Some(again_ms) } = self.decide(Moment::Arrival) {
            if again_ms > now_ms {
                break;
            }
            assert!(again_ms > self.now_ms, "time goes on");
            self.now_ms = again_ms;
        }
        self.now_ms = now_ms;
        self.decide(Moment::Arrival);
        self
    }

    fn take(&mut self, group: GroupName<'_>, count: u64) -> &mut Self {
        let arrivals = [arrival(group, count, self.now_ms)];
        self.take_all(&arrivals)
    }

    fn take_all(&mut self, groups: &[Arrival<'_>]) -> &mut Self {
        let (span_ms, context) = ((self.now_ms - 500, self.now_ms), &Context::unknown());
        let arrivals =
            Arrivals { groups, other: [0, 0], span_ms, id: 1, context, colors: &[], requests: None };
        self.incident.take(&arrivals, self.now_ms, &self.policy);
        self.decide(Moment::Arrival);
        self
    }

    fn decide(&mut self, moment: Moment) -> Decision {
        loop {
            let decision = self.incident.decide(moment, self.now_ms, &self.policy);
            let Decision::Send(kind) = decision else { return decision };
            let pending = self.incident.pending();
            self.incident.notified(kind, self.now_ms, &self.policy);
            self.sent.push(((self.now_ms - START_MS) / 1_000, kind, pending));
        }
    }

    fn alarm_changed(&mut self, alarm: u64, is_in_alarm: bool, changed_ms: i64) {
        let news = AlarmNews { alarm, name: format!("alarm {alarm}"), is_in_alarm, changed_ms };
        self.incident.alarm_changed(&news, self.now_ms);
    }

    /// Second, kind and newly notified lines of every message.
    #[track_caller]
    fn sent(&self, expected: &[(i64, Kind, u64)]) {
        assert_eq!(self.sent, expected);
    }
}

#[test]
fn an_incident_opens_goes_on_and_is_over_once_with_the_whole_sum() {
    let mut bench = Bench::new();
    for second in (0..=720).step_by(10) {
        bench.at(second).take(ORDERS, 2);
    }
    bench.at(3_600);
    bench.sent(&[
        (0, Kind::Opening, 2),
        (60, Kind::FollowUp, 10),
        (120, Kind::FollowUp, 12),
        (180, Kind::FollowUp, 12),
        (240, Kind::FollowUp, 12),
        (300, Kind::FollowUp, 12),
        (600, Kind::FollowUp, 60),
        (900, Kind::FollowUp, 26),
        (1_020, Kind::Over, 0),
    ]);
    assert_eq!((bench.incident.total(), bench.incident.messages()), (146, 9));
    assert!(!bench.incident.is_open());
}

#[test]
fn an_incident_of_one_message_ends_in_silence() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 3).at(3_600);
    bench.sent(&[(0, Kind::Opening, 3)]);
    assert!(!bench.incident.is_open());
}

#[test]
fn an_incident_is_no_older_than_what_was_worth_a_message() {
    let few = Some(AtLeast { count: 5, within_ms: MINUTE_MS });
    for (quiet_seconds, began_at) in [(28_800, 28_800), (200, 0)] {
        let mut bench = Bench::new();
        bench.take_all(&[Arrival { at_least: few, ..arrival(SCAN, 1, START_MS) }]);
        bench.now_ms += quiet_seconds * 1_000;
        bench.take(ORDERS, 3).sent(&[(quiet_seconds, Kind::Opening, 4)]);
        assert_eq!(bench.incident.began_ms(), START_MS + began_at * 1_000 - 500);
        assert_eq!(bench.incident.span_ms().0, START_MS - 500, "its lines are older");
    }
}

#[test]
fn what_is_pending_when_it_is_over_is_in_the_closing_sum() {
    let mut bench = Bench::new();
    bench.policy.follow_ups = "1h".parse().unwrap();
    bench.take(ORDERS, 3).at(60).take(ORDERS, 4).at(3_000);
    bench.sent(&[(0, Kind::Opening, 3), (360, Kind::Over, 4)]);
    assert_eq!(bench.incident.total(), 7);
}

#[test]
fn a_follow_up_is_sent_only_if_something_came_since() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(200).take(ORDERS, 1).at(430).take(ORDERS, 1).at(650);
    bench.sent(&[(0, Kind::Opening, 1), (240, Kind::FollowUp, 1), (600, Kind::FollowUp, 1)]);
}

#[test]
fn a_group_that_was_not_told_yet_is_told_at_once_with_all_that_is_pending_and_without_mention() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(20).take(ORDERS, 7).at(30).take(SEARCH, 2).at(40).take(SEARCH, 2);
    bench.sent(&[(0, Kind::Opening, 1), (30, Kind::NewGroup, 9)]);
    assert!(!Kind::NewGroup.has_mentions() && !Kind::FollowUp.has_mentions() && !Kind::Over.has_mentions());
    assert!(Kind::Opening.has_mentions() && Kind::Escalation.has_mentions());
}

#[test]
fn server_errors_amid_client_errors_are_an_escalation_and_again_after_their_silence() {
    let mut bench = Bench::new();
    for second in (0..7_200).step_by(60) {
        bench.at(second).take(SCAN, 1);
        if second == 1_200 || second == 1_260 || second == 3_600 {
            bench.take(ORDERS, 1);
        }
        if second == 1_320 {
            bench.take(SEARCH, 1);
        }
    }
    let news: Vec<_> = bench.sent.iter().filter(|(_, kind, _)| *kind != Kind::FollowUp).copied().collect();
    let expected = [
        (0, Kind::Opening, 1),
        (1_200, Kind::Escalation, 6),
        (1_320, Kind::NewGroup, 2),
        (3_600, Kind::Escalation, 1),
    ];
    assert_eq!(
        news.iter().map(|(at, kind, _)| (*at, *kind)).collect::<Vec<_>>(),
        expected.map(|(at, kind, _)| (at, kind))
    );
}

#[test]
fn ten_times_as_fast_as_last_notified_is_an_escalation() {
    let mut bench = Bench::new();
    for second in (0..300).step_by(5) {
        bench.at(second).take(ORDERS, 1);
    }
    for second in 300..400 {
        bench.at(second).take(ORDERS, 10);
    }
    let escalations: Vec<_> = bench.sent.iter().filter(|(_, kind, _)| *kind == Kind::Escalation).collect();
    assert!(matches!(escalations.as_slice(), [(300..=310, ..)]), "{:?}", bench.sent);
}

#[test]
fn a_trickle_slower_than_the_quiet_time_makes_one_opening_and_few_messages() {
    for minutes in [3, 6, 10, 30] {
        let mut bench = Bench::new();
        for second in (0..86_400).step_by(minutes * 60) {
            bench.at(second).take(SCAN, 1);
        }
        bench.at(86_400 + 7_200);
        let of = |kind| bench.sent.iter().filter(|(_, sent, _)| *sent == kind).count();
        assert_eq!((of(Kind::Opening), of(Kind::Over)), (1, 1), "{minutes}: {:?}", bench.sent);
        assert!(bench.sent.len() <= 40, "{minutes}: {}", bench.sent.len());
        assert_eq!(bench.incident.total(), 86_400 / 60 / u64::try_from(minutes).unwrap());
    }
}

#[test]
fn what_comes_back_after_the_end_was_told_is_told_within_a_minute_and_later_is_new() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(50).take(ORDERS, 1).at(700).take(ORDERS, 5).at(2_400).take(ORDERS, 1);
    bench.sent(&[
        (0, Kind::Opening, 1),
        (60, Kind::FollowUp, 1),
        (350, Kind::Over, 0),
        (760, Kind::FollowUp, 5),
        // Once it came back, it is over only when its groups would be new again.
        (1_600, Kind::Over, 0),
        (2_400, Kind::Opening, 1),
    ]);
    assert_eq!(bench.incident.total(), 1, "a new incident");
}

#[test]
fn a_group_that_is_new_opens_an_incident_soon_after_another_one() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(400).take(SEARCH, 1);
    bench.sent(&[(0, Kind::Opening, 1), (400, Kind::Opening, 1)]);
}

#[test]
fn while_an_alarm_is_in_alarm_it_is_not_over() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(30).take(ORDERS, 1);
    bench.alarm_changed(7, true, bench.now_ms);
    bench.alarm_changed(8, true, bench.now_ms - 1);
    bench.at(1_200);
    bench.sent(&[(0, Kind::Opening, 1), (60, Kind::FollowUp, 1)]);
    bench.alarm_changed(7, false, bench.now_ms);
    bench.decide(Moment::Arrival);
    assert_eq!(bench.sent.len(), 2, "the other one still is");
    bench.alarm_changed(8, false, bench.now_ms);
    // A change that comes late is none.
    bench.alarm_changed(8, true, bench.now_ms - 1);
    bench.decide(Moment::Arrival);
    assert_eq!(bench.sent.last(), Some(&(1_200, Kind::Over, 0)));
}

#[test]
fn an_alarm_whose_recovery_is_lost_keeps_an_incident_from_being_over_for_a_day() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(30).take(ORDERS, 1);
    let changed_ms = bench.now_ms;
    bench.alarm_changed(7, true, changed_ms);
    let at = |bench: &mut Bench, ms| bench.incident.decide(Moment::Tick, changed_ms + ms, &Policy::default());
    bench.at(120);
    assert_eq!(at(&mut bench, 86_399_999), Decision::Nothing { again_ms: None });
    assert_eq!(at(&mut bench, 86_400_000), Decision::Send(Kind::Over));
}

#[test]
fn fewer_than_a_rule_asks_for_are_deferred_and_told_with_the_rest() {
    let mut bench = Bench::new();
    let few = |now_ms, count| Arrival {
        at_least: Some(AtLeast { count: 5, within_ms: MINUTE_MS }),
        ..arrival(SCAN, count, now_ms)
    };
    for (second, count) in [(0, 2), (20, 2), (200, 2), (300, 4), (310, 1)] {
        bench.at(second);
        let arrivals = [few(bench.now_ms, count)];
        bench.take_all(&arrivals);
    }
    bench.sent(&[(310, Kind::Opening, 11)]);
}

#[test]
fn in_memory_nothing_is_deferred_longer_than_a_minute() {
    let mut bench = Bench::new();
    bench.policy = Policy::default().in_memory();
    bench.policy.follow_ups = "1h".parse().unwrap();
    bench.take(ORDERS, 1).at(10).take(ORDERS, 1).at(100).take(ORDERS, 1).decide(Moment::Tick);
    bench.sent(&[(0, Kind::Opening, 1), (60, Kind::FollowUp, 1), (100, Kind::FollowUp, 1)]);
    bench.take(ORDERS, 2).decide(Moment::Last);
    assert_eq!(bench.sent.last(), Some(&(100, Kind::FollowUp, 2)));
}

#[test]
fn a_state_of_an_earlier_version_is_read_and_counts_no_client_exactly() {
    let mut incident = Incident::default();
    let (policy, mut context) = (Policy::default(), Context::default());
    context.note_client(|| Some("192.0.2.1"));
    let take = |incident: &mut Incident| {
        let groups = [arrival(ORDERS, 2, START_MS)];
        let span_ms = (START_MS, START_MS);
        incident.take(
            &Arrivals {
                groups: &groups,
                other: [0, 0],
                span_ms,
                id: 1,
                context: &context,
                colors: &[],
                requests: None,
            },
            START_MS,
            &policy,
        );
    };
    take(&mut incident);
    assert_eq!(incident.context().clients().count(), ClientCount::Exactly(1));
    let mut state = serde_json::to_value(&incident).unwrap();
    // Lines without a source are written as versions before it wrote them.
    assert_eq!((state["groups"][0].get("source"), state["context"].get("o")), (None, None));
    state.as_object_mut().unwrap().remove("context").unwrap();
    let mut incident: Incident = serde_json::from_value(state).unwrap();
    assert_eq!((incident.total(), incident.context()), (2, &Context::unknown()));
    take(&mut incident);
    assert_eq!(incident.context().clients().count(), ClientCount::AtLeast(1));
}

/// Versions before it did not tell the alarms of one name in several accounts apart.
#[test]
fn an_alarm_that_an_older_version_kept_recovers_and_then_each_account_has_its_own() {
    let mut bench = Bench::new();
    bench.alarm_changed(1, true, START_MS);
    let opening = AlarmOpening { alarm: 1, ..AlarmOpening::default() };
    bench.incident.thread.opened_by_alarm(opening);
    let mut state = serde_json::to_value(&bench.incident).unwrap();
    assert!(state["alarms"]["1"].as_object_mut().unwrap().remove("is_of_account").is_some());
    bench.incident = serde_json::from_value(state).unwrap();
    assert!(bench.incident.is_opener_in_alarm(START_MS));
    // The same alarm, by what stands for it now.
    let now = |alarm, is_in_alarm, changed_ms| AlarmNews {
        alarm,
        name: "alarm 1".to_owned(),
        is_in_alarm,
        changed_ms,
    };
    bench.incident.alarm_changed(&now(7, true, START_MS + 1), START_MS + 1);
    assert_eq!(bench.incident.in_alarm(START_MS + 1), [("alarm 1", START_MS + 1)]);
    assert!(bench.incident.is_opener_in_alarm(START_MS + 1));
    bench.incident.alarm_changed(&now(8, true, START_MS + 2), START_MS + 2);
    assert_eq!(bench.incident.in_alarm(START_MS + 2).len(), 2);
    bench.incident.alarm_changed(&now(7, false, START_MS + 3), START_MS + 3);
    assert!(!bench.incident.is_opener_in_alarm(START_MS + 3));
    assert!(bench.incident.is_held_by_alarm(START_MS + 3));
    bench.incident.alarm_changed(&now(8, false, START_MS + 4), START_MS + 4);
    assert!(!bench.incident.is_held_by_alarm(START_MS + 4));
}

#[test]
fn what_waits_for_the_rate_limit_is_asked_for_again_and_counted() {
    let mut incident = Incident::default();
    let policy = Policy::default();
    let take = |incident: &mut Incident, seconds: i64| {
        let now_ms = START_MS + seconds * 1_000;
        let groups = [arrival(ORDERS, 2, now_ms)];
        let arrivals = Arrivals {
            groups: &groups,
            other: [0, 0],
            span_ms: (now_ms, now_ms),
            id: 1,
            context: &Context::unknown(),
            colors: &[],
            requests: None,
        };
        incident.take(&arrivals, now_ms, &policy);
        incident.decide(Moment::Arrival, now_ms, &policy)
    };
    for second in 0..3 {
        assert_eq!(take(&mut incident, second), Decision::Send(Kind::Opening));
        incident.held_back();
    }
    assert_eq!((incident.pending(), incident.times_held_back(), incident.messages()), (6, 3, 0));
    incident.notified(Kind::Opening, START_MS + 3_000, &policy);
    assert_eq!((incident.pending(), incident.times_held_back(), incident.total()), (0, 0, 6));
}

#[test]
fn beyond_the_most_groups_lines_are_counted_and_server_errors_find_room() {
    let mut bench = Bench::new();
    let routes: Vec<String> = (0..200).map(|n| format!("GET /{n}")).collect();
    for route in &routes {
        bench.now_ms += 1_000;
        bench.take(GroupName { status: 404, route, fault: "" }, 1);
    }
    assert_eq!((bench.incident.groups().len(), bench.incident.other().total), (MAX_GROUPS, 136));
    bench.take(ORDERS, 1);
    assert_eq!(bench.sent.last().unwrap().1, Kind::Escalation);
    assert_eq!((bench.incident.groups().len(), bench.incident.other().total), (MAX_GROUPS, 137));
    assert_eq!((bench.incident.total(), bench.incident.client_errors()), (201, 200));
}

#[test]
fn it_is_forgotten_when_all_of_it_would_be_new_again() {
    let mut bench = Bench::new();
    assert!(bench.incident.is_forgotten(START_MS, &bench.policy));
    bench.take(SCAN, 1);
    assert!(!bench.incident.is_forgotten(START_MS + 10 * 3_600_000, &bench.policy), "it is open");
    bench.at(400);
    assert!(!bench.incident.is_forgotten(START_MS + 3_600_000, &bench.policy));
    assert!(bench.incident.is_forgotten(START_MS + 3_600_001, &bench.policy));
}

/// One thing that happens: seconds later, so many lines of one of a few groups, and whether Slack takes messages.
fn events() -> impl Strategy<Value = Vec<(i64, usize, u64, bool)>> {
    prop::collection::vec((0_i64..900, 0_usize..90, 0_u64..50, prop::bool::weighted(0.8)), 1..80)
}

proptest! {
    /// Whatever comes, and however often Slack refuses: every line is notified once, the closing sum is exact, and what is
    /// stored is what is read back.
    #[test]
    fn no_line_is_lost_or_told_twice(events in events(), in_memory in any::<bool>()) {
        let policy = if in_memory { Policy::default().in_memory() } else { Policy::default() };
        let mut incident = Incident::default();
        let (mut now_ms, mut notified_lines, mut of_incident, mut all) = (START_MS, 0_u64, 0_u64, 0_u64);
        for (seconds, group, count, is_taken) in events {
            now_ms += seconds * 1_000;
            for turn in 0..2 {
                if turn == 1 {
                    let was_open = incident.is_open();
                    let route = format!("GET /{group}");
                    let status = [404, 502][group % 2];
                    let groups = [arrival(GroupName { status, route: &route, fault: "" }, count, now_ms)];
                    let other = [u64::from(group == 7), u64::from(group == 8)];
                    let arrivals = Arrivals { groups: &groups, other, span_ms: (now_ms, now_ms), id: 1, context: &Context::unknown(), colors: &[], requests: None };
                    incident.take(&arrivals, now_ms, &policy);
                    let lines = count + other[0] + other[1];
                    let is_fresh = !was_open && incident.messages() == 0;
                    of_incident = if is_fresh { lines } else { of_incident + lines };
                    all += lines;
                }
                let moment = if group % 3 == 0 { Moment::Tick } else { Moment::Arrival };
                if let Decision::Send(kind) = incident.decide(moment, now_ms, &policy) {
                    prop_assert_eq!(kind == Kind::Opening, incident.messages() == 0);
                    if is_taken {
                        notified_lines += incident.pending();
                        incident.notified(kind, now_ms, &policy);
                        prop_assert_eq!(incident.pending(), 0);
                    } else {
                        incident.held_back();
                    }
                }
                prop_assert_eq!(notified_lines + incident.pending(), all);
                prop_assert_eq!(incident.total(), of_incident);
                prop_assert!(incident.groups().len() <= MAX_GROUPS);
                let by_group = incident.groups().iter().fold(incident.other().total, |sum, group| sum + group.count.total);
                prop_assert_eq!(by_group, of_incident);
            }
        }
        let stored = serde_json::to_string(&incident).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Incident>(&stored).unwrap(), &incident);
        if let Decision::Send(kind) = incident.decide(Moment::Last, now_ms, &policy) {
            prop_assert!(kind == Kind::Over || incident.pending() > 0);
            notified_lines += incident.pending();
        }
        prop_assert_eq!(notified_lines, all);
    }
}

#[test]
fn what_a_parent_shows_beside_the_counts_is_kept_in_a_fixed_space() {
    let (mut incident, policy, context) = (Incident::default(), Policy::default(), Context::unknown());
    let mut take = |cause: Option<&str>, count, requests, colors: &[String]| {
        let runbook = cause.map(|_| "https://wiki.example.com/orders");
        let groups = [Arrival { cause, runbook, ..arrival(ORDERS, count, START_MS) }];
        let span_ms = (START_MS, START_MS);
        let arrivals =
            Arrivals { groups: &groups, other: [0, 0], span_ms, id: 1, context: &context, colors, requests };
        incident.take(&arrivals, START_MS, &policy);
        incident.clone()
    };
    let long = "é".repeat(200);
    let known = take(None, 1, Some(40), &["warning".to_owned()]);
    assert_eq!(
        (known.requests(), known.groups()[0].cause(), known.groups()[0].runbook()),
        (Some(40), None, None)
    );
    let known = take(Some(&long), 2, Some(40), &["danger".to_owned(), "warning".to_owned()]);
    assert_eq!((known.requests(), known.groups()[0].cause()), (None, Some("é".repeat(60).as_str())));
    assert_eq!(known.colors(), ["warning", "danger"]);
    assert_eq!(known.groups()[0].runbook(), Some("https://wiki.example.com/orders"));
    // The cause of more than half of the lines that name one, in whatever order they come.
    for (cause, count) in [("a", 3), ("b", 2), ("c", 3), ("a", 9)] {
        take(Some(cause), count, None, &[]);
    }
    let known = take(Some("d"), 1, None, &(0..20).map(|n| format!("#{n:06}")).collect::<Vec<_>>());
    assert_eq!((known.groups()[0].cause(), known.colors().len()), (Some("a"), 8));
}

impl Bench {
    /// Snoozes it for so many seconds from now.
    fn snooze(&mut self, seconds: i64) -> &mut Self {
        self.incident.snooze(self.now_ms + seconds * 1_000, self.now_ms);
        self
    }
}

#[test]
fn a_snoozed_incident_counts_and_says_nothing_until_the_time_is_over() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(10).snooze(7_200);
    // A new group, server errors ten times as fast, follow-ups and a silence: nothing of it wakes anybody.
    bench.at(30).take(SEARCH, 7).at(60).take(ORDERS, 500).at(2_000).take(SCAN, 2);
    for minute in 40..115 {
        bench.at(minute * 60).take(ORDERS, 1);
    }
    assert_eq!(bench.incident.snoozed().map(|snooze| snooze.lines), Some(584));
    bench.sent(&[(0, Kind::Opening, 1)]);
    bench.at(7_150).take(ORDERS, 1).at(7_400);
    bench.sent(&[(0, Kind::Opening, 1), (7_210, Kind::FollowUp, 585)]);
    assert_eq!((bench.incident.snoozed(), bench.incident.total()), (None, 586));
    // From then on it is as any other.
    bench.take(GroupName { status: 500, ..ORDERS }, 1).at(9_000);
    let kinds: Vec<Kind> = bench.sent.iter().map(|(_, kind, _)| *kind).collect();
    assert_eq!(kinds, [Kind::Opening, Kind::FollowUp, Kind::NewGroup, Kind::Over]);
}

#[test]
fn what_began_and_ended_within_a_snooze_is_told_once_as_over_and_what_goes_on_opens() {
    let mut bench = Bench::new();
    bench.snooze(3_600).at(100).take(ORDERS, 3).at(1_000).take(SEARCH, 2).at(4_000);
    bench.sent(&[(3_600, Kind::Over, 5)]);
    let mut bench = Bench::new();
    bench.snooze(3_600).at(100).take(ORDERS, 3).at(3_500).take(SEARCH, 2).at(3_700);
    bench.sent(&[(3_600, Kind::Opening, 5)]);
    // What was notified before and is quiet by now is over, with the sum.
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).snooze(3_600).at(100).take(ORDERS, 3).at(3_700);
    bench.sent(&[(0, Kind::Opening, 1), (3_600, Kind::Over, 3)]);
}

#[test]
fn a_snooze_in_which_nothing_came_leaves_nothing_behind() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).take(SEARCH, 1).snooze(100).at(200);
    assert_eq!(bench.incident.snoozed(), None);
    bench.at(310).sent(&[(0, Kind::Opening, 1), (0, Kind::NewGroup, 1), (300, Kind::Over, 0)]);
    // Over when it is snoozed: the next incident is as any other.
    bench.snooze(100).at(5_000).take(ORDERS, 1);
    assert_eq!((bench.incident.snoozed(), bench.sent.last()), (None, Some(&(5_000, Kind::Opening, 1))));
}

#[test]
fn a_snooze_is_ended_prolonged_and_never_longer_than_seven_days() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(10).snooze(3_600).at(20).take(ORDERS, 4).at(30).snooze(7_200);
    assert_eq!(bench.incident.snoozed(), Some(&Snooze { until_ms: START_MS + 7_230_000, lines: 4 }));
    bench.at(100).snooze(0).decide(Moment::Arrival);
    bench.sent(&[(0, Kind::Opening, 1), (100, Kind::FollowUp, 4)]);
    // Ended where there is none: nothing.
    bench.snooze(0);
    assert_eq!(bench.incident.snoozed(), None);
    bench.snooze(i64::MAX / 2_000);
    assert_eq!(bench.incident.snoozed().unwrap().until_ms, bench.now_ms + 7 * 86_400_000);
    assert!(
        bench.incident.is_snoozed(bench.now_ms) && !bench.incident.is_forgotten(bench.now_ms, &bench.policy)
    );
}

/// An incident of a week ago is over; its group would be new.
#[test]
fn a_snooze_holds_for_the_incident_that_begins_within_it_and_an_alarm_keeps_it_open() {
    let mut bench = Bench::new();
    bench.take(ORDERS, 1).at(90_000).snooze(3_600).at(90_100).take(ORDERS, 2).at(90_200);
    bench.sent(&[(0, Kind::Opening, 1)]);
    bench.alarm_changed(1, true, bench.now_ms);
    bench.at(93_700);
    bench.sent(&[(0, Kind::Opening, 1), (93_600, Kind::Opening, 2)]);
}
