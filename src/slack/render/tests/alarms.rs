//! Notices and topics' texts: what the engineer reads, by fixture, and that none of it is live.

use super::hostile::{a_style, a_time, hostile};
use super::oracle::{assert_blocks_dead, assert_text_dead, assert_within_limits};
use super::*;
use crate::access_log::redact::Redaction;
use crate::alarm::fixture_tests::fixtures;
use crate::alarm::{AlarmMemory, AlarmNotice, NoticeKind, TopicText, read_notifications};
use crate::handler::notifications::Notice;
use crate::notification::{of_alarm, of_topic_text};
use proptest::prelude::*;

fn render_alarm(notice: &AlarmNotice, style: &Style, now_ms: i64, id: &str) -> Rendered {
    super::super::render(|detail| of_alarm(notice, None, style, now_ms, id, detail), &Sender::default())
}

fn render_topic_text(text: &TopicText, style: &Style, id: &str) -> Rendered {
    super::super::render(|_| of_topic_text(text, style, id), &Sender::default())
}

/// A minute after the alarms of the fixtures went off.
const NOW: i64 = 1_605_677_412_345 + 60_000;

/// The messages of a fixture, for a process that knows nothing yet.
fn messages(fixture: &str, style: &Style) -> Vec<Rendered> {
    let all = fixtures("");
    let (_, event) = all.iter().find(|(name, _)| name == fixture).expect("a fixture");
    let mut memory = AlarmMemory::default();
    let mut messages = Vec::new();
    for notification in read_notifications(event).expect("an event").into_iter().flatten() {
        if let Some(notice) = Notice::due(notification, &mut memory) {
            notice.told(&mut memory);
            messages.push(notice.render(&style.clone().into(), &Redaction::default(), None, NOW));
        }
    }
    messages
}

#[test]
fn every_kind_of_notice_reads_as_its_snapshot_says() {
    for fixture in [
        "action-composite-without-suppressor",
        "action-hostile-contributor",
        "action-log-alarm",
        "action-log-alarm-long-query",
        "action-metric-math-in-govcloud",
        "eventbridge-alarm-of-contributors",
        "eventbridge-contributor-alarm",
        "eventbridge-contributor-recovery",
        "eventbridge-log-alarm-contributor",
        "eventbridge-metric-math",
        "eventbridge-promql",
        "eventbridge-recovery",
        "sns-anomaly-detection",
        "sns-contributors",
        "sns-hostile-texts",
        "sns-log-alarm",
        "sns-log-group-metric",
        "sns-metric-alarm",
        "sns-metric-ok",
        "sns-missing-data-breaching",
        "sns-old-message-without-arn",
        "sns-set-alarm-state",
        "sns-several-records-one-unreadable",
        "sns-text-plain",
        "sns-text-pretends-to-be-slack",
    ] {
        let reports: Vec<String> = messages(fixture, &style()).iter().map(report).collect();
        assert!(!reports.is_empty(), "{fixture}");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("alarm-{fixture}"), reports.join("\n"));
        });
    }
}

#[test]
fn a_notice_opens_the_operators_log_groups_on_the_alarms_minutes() {
    let log_groups = "/aws/apigateway/hogehoge-accesslog,items".parse().expect("names");
    let style = Style { log_groups, ..style() };
    let reports: Vec<String> = ["sns-metric-alarm", "sns-metric-ok", "eventbridge-recovery"]
        .iter()
        .flat_map(|fixture| messages(fixture, &style))
        .map(|rendered| report(&rendered))
        .collect();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("alarm-with-log-groups", reports.join("\n"));
    });
}

#[test]
fn the_log_group_that_an_alarm_names_goes_before_the_operators_and_another_regions_alarm_has_none() {
    let insights = |notice: &AlarmNotice, region: Option<&str>| {
        let region = region.and_then(Region::new);
        let style = Style { region, log_groups: "theirs".parse().expect("a name"), ..Style::default() };
        let text = render_alarm(notice, &style, NOW, "7f3a9c").message.attachments[0]
            .blocks
            .last()
            .map(|block| format!("{block:?}"));
        let text = text.unwrap_or_default();
        let source = text.split("source~(~'").nth(1).and_then(|rest| rest.split("))").next());
        source.map(str::to_owned)
    };
    let named = a_notice("own", "what", None);
    assert_eq!(insights(&named, Some("eu-central-1")).as_deref(), Some("own"));
    let unnamed = AlarmNotice { log_groups: Vec::new(), ..named };
    assert_eq!(insights(&unnamed, Some("eu-central-1")).as_deref(), Some("theirs"));
    assert_eq!(insights(&unnamed, None).as_deref(), Some("theirs"), "replay without a Region");
    assert_eq!(insights(&unnamed, Some("eu-west-1")), None, "their Region is another");
    let timeless = AlarmNotice { window_ms: None, ..unnamed };
    assert_eq!(insights(&timeless, Some("eu-central-1")), None, "nobody knows when");
}

#[test]
fn a_first_notice_behind_its_recovery_says_that_it_is_over() {
    let all = fixtures("");
    let mut memory = AlarmMemory::default();
    let mut reports = Vec::new();
    for fixture in ["eventbridge-recovery", "eventbridge-metric-alarm"] {
        let (_, event) = all.iter().find(|(name, _)| name == fixture).expect("a fixture");
        for notification in read_notifications(event).expect("an event").into_iter().flatten() {
            let notice = Notice::due(notification, &mut memory).expect("to be told");
            notice.told(&mut memory);
            reports.push(report(&notice.render(
                &style().into(),
                &Redaction::default(),
                None,
                NOW + 15 * 60_000,
            )));
        }
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("alarm-behind-its-recovery", reports.join("\n"));
    });
}

#[test]
fn the_operators_words_and_colour_stand_on_a_notice_too() {
    let style = Style { lead_in: Some("<!here> prod".into()), color: Some("#4a154b".into()), ..style() };
    for (fixture, heading) in
        [("sns-metric-alarm", "<!here> prod ALARM · "), ("sns-metric-ok", "<!here> prod OK again · ")]
    {
        let message = &messages(fixture, &style)[0].message;
        assert!(message.text.starts_with(heading), "{}", message.text);
        assert_eq!(message.attachments[0].color.as_deref(), Some("#4a154b"));
    }
}

#[test]
fn a_notice_that_comes_late_says_so() {
    let notice = a_notice("name", "what", None);
    let told_at = |now_ms| render_alarm(&notice, &style(), now_ms, "7f3a9c").plain().text.clone();
    assert!(!told_at(notice.changed_at_ms + 300_000).contains("late"));
    assert!(told_at(notice.changed_at_ms + 3_600_000).contains("posted 1 h late"));
}

#[test]
fn a_description_of_several_lines_is_one_line() {
    let notice = a_notice("name", "what", Some("Runbook\n\n- look\r\n- call"));
    let drawn = draw(&render_alarm(&notice, &style(), NOW, "7f3a9c").message, &PIPE);
    assert!(drawn.contains("▌ Runbook - look - call\n"), "{drawn}");
}

#[test]
fn a_topics_text_keeps_its_lines_up_to_the_limit_and_the_cut_counts_what_is_missing() {
    let of = |text: &str| {
        let text = TopicText { message_id: None, topic_name: "ops".into(), subject: None, text: text.into() };
        draw(&render_topic_text(&text, &style(), "7f3a9c").message, &PIPE)
    };
    let box_of = |lines: &str| format!("▌ ┌{0}\n{lines}▌ └{0}\n", "─".repeat(60));
    assert!(
        of("a\r\n b\n\nc\n\n").contains(&box_of("▌ │ a\n▌ │  b\n▌ │ \n▌ │ c\n")),
        "{}",
        of("a\r\n b\n\nc\n\n")
    );
    assert!(!of(" \n").contains('┌'), "no empty box, which Slack refuses");

    let numbered = |n: usize| (1..=n).map(|i| format!("line {i}")).collect::<Vec<_>>().join("\n");
    assert!(of(&numbered(40)).contains("▌ │ line 40\n"));
    assert!(of(&numbered(41)).contains("▌ │ line 40… (7 more characters)\n"), "{}", of(&numbered(41)));

    let long = |n: usize| "x".repeat(n);
    assert!(of(&long(2_499)).contains(&box_of(&format!("▌ │ {}\n", long(2_499)))));
    let cut = of(&long(2_600));
    assert!(cut.contains(&format!("▌ │ {}… (125 more characters)\n", long(2_475))), "{cut}");
}

const PIPE: Canvas = Canvas { width: None, color: Color::Never };

fn a_notice(name: &str, what: &str, about: Option<&str>) -> AlarmNotice {
    let region = Region::new("eu-central-1");
    AlarmNotice {
        alarm: "orders".to_owned(),
        account: Some("123456789012".to_owned()),
        kind: NoticeKind::FirstNotice { since_ms: AT },
        heading: vec!["ALARM".into(), name.into(), what.into()],
        about: about.map(str::to_owned),
        since_ms: Some(AT),
        changed_at_ms: AT,
        alarm_url: region.as_ref().map(|region| region.alarm(name)),
        region,
        log_groups: vec![name.into()],
        note: None,
        query: None,
        window_ms: Some((AT, AT + 60_000)),
    }
}

fn a_notice_kind() -> impl Strategy<Value = NoticeKind> {
    prop_oneof![
        a_time().prop_map(|since_ms| NoticeKind::FirstNotice { since_ms }),
        (a_time(), a_time())
            .prop_map(|(since_ms, until_ms)| NoticeKind::BelatedNotice { since_ms, until_ms }),
        prop::option::of(a_time()).prop_map(|began_ms| NoticeKind::Recovery { began_ms }),
    ]
}

#[test]
fn a_recovery_by_way_of_insufficient_data_is_posted_and_counts_from_the_alarm() {
    let all = fixtures("");
    let mut memory = AlarmMemory::default();
    let mut headings = Vec::new();
    for fixture in [
        "eventbridge-metric-alarm",
        "eventbridge-insufficient-data",
        "eventbridge-ok-after-insufficient-data",
    ] {
        let (_, event) = all.iter().find(|(name, _)| name == fixture).expect("a fixture");
        for notification in read_notifications(event).expect("an event").into_iter().flatten() {
            if let Some(notice) = Notice::due(notification, &mut memory) {
                notice.told(&mut memory);
                headings.push(
                    notice
                        .render(&style().into(), &Redaction::default(), None, NOW)
                        .message
                        .text
                        .replace('\u{200b}', ""),
                );
            }
        }
    }
    assert_eq!(headings.len(), 2, "{headings:?}");
    assert_eq!(headings[1], "OK again · APIGateway hogehoge accesslog 4xx5xxError · after 7 min");
}

fn assert_dead_and_valid(rendered: &Rendered, style: &Style) {
    for message in [&rendered.message, rendered.plain()] {
        assert_within_limits(message);
    }
    assert_blocks_dead(&rendered.message, style);
    assert_text_dead(rendered.plain(), style);
    assert!(rendered.plain().text.ends_with("7f3a9c"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_notice_gives_a_dead_and_valid_message(
        name in hostile(1..=10), what in hostile(0..=20), about in prop::option::of(hostile(0..=60)),
        contributor in prop::option::of(hostile(0..=20)), query in prop::option::of(hostile(1..=60)),
        kind in a_notice_kind(), changed_at_ms in a_time(), now_ms in a_time(), style in a_style(),
        window_ms in prop::option::of((a_time(), a_time())),
    ) {
        let mut notice =
            AlarmNotice { kind, changed_at_ms, query, window_ms, ..a_notice(&name, &what, about.as_deref()) };
        if let Some(contributor) = contributor {
            notice.heading.insert(2, contributor);
        }
        let rendered = render_alarm(&notice, &style, now_ms, "7f3a9c");
        assert_dead_and_valid(&rendered, &style);
        prop_assert_eq!(render_alarm(&notice, &style, now_ms, "7f3a9c"), rendered, "the same input, the same bytes");
    }

    #[test]
    fn any_topics_text_gives_a_dead_and_valid_message(
        topic_name in hostile(0..=8), subject in prop::option::of(hostile(0..=12)), text in hostile(0..=200), style in a_style(),
    ) {
        let text = TopicText { message_id: None, topic_name, subject, text };
        assert_dead_and_valid(&render_topic_text(&text, &style, "7f3a9c"), &style);
    }
}
