//! Every fixture of `fixtures/alarms`, from the bytes to the parts of its message.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{
    AlarmChange, AlarmMemory, AlarmNotice, IncomingNotification, NoticeDecision, NoticeKind,
    read_notifications,
};

/// The fixtures of a folder, by name.
pub(crate) fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/alarms").join(folder);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(!paths.is_empty());
    paths
        .into_iter()
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect()
}

fn time(ms: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap();
    time.format(&time::format_description::well_known::Rfc3339).unwrap()
}

fn decided(decision: NoticeDecision) -> String {
    match decision {
        NoticeDecision::Silent(why) => format!("silent: {why:?}"),
        NoticeDecision::Notify(NoticeKind::FirstNotice { since_ms }) => {
            format!("first notice, since {}", time(since_ms))
        }
        NoticeDecision::Notify(NoticeKind::BelatedNotice { since_ms, until_ms }) => {
            format!("belated notice, from {} to {}", time(since_ms), time(until_ms))
        }
        NoticeDecision::Notify(NoticeKind::Recovery { began_ms }) => {
            format!("recovery, began {:?}", began_ms.map(time))
        }
    }
}

fn told(notice: &AlarmNotice) -> String {
    let AlarmNotice { heading, note, about, since_ms, alarm_url, log_groups, query, window_ms, .. } = notice;
    let window = window_ms.map(|(start, end)| format!("{} to {}", time(start), time(end)));
    let names = log_groups.iter().map(|name| format!(" of {name:?}")).collect::<Vec<_>>().concat();
    let query = query.as_ref().map(|query| format!("\n  query {query:?}")).unwrap_or_default();
    let note = note.map(|note| format!("\n  note  {note}")).unwrap_or_default();
    format!(
        "  {}{note}\n  about {about:?}\n  since {:?}\n  alarm {alarm_url:?}\n  logs  {window:?}{names}{query}\n",
        heading.join(" · "),
        since_ms.map(time),
    )
}

fn read_as(change: &AlarmChange) -> String {
    let mut lines = format!(
        "  {} -> {} at {}\n  {:?} {:?} {:?} {:?}\n  description {:?}\n  watched {:?}\n  {:?}\n",
        change.previous.as_ref().map_or("?", |previous| previous.state.name()),
        change.state,
        time(change.changed_at_ms),
        change.name,
        change.arn,
        change.region,
        change.account,
        change.description,
        change.watched,
        change.condition,
    );
    for point in &change.datapoints {
        writeln!(lines, "  datapoint {} of {:?}", point.value, point.start_ms.map(time)).unwrap();
    }
    if let Some(contributor) = &change.contributor {
        writeln!(lines, "  {contributor:?}").unwrap();
    }
    if let Some(time_series) = &change.time_series {
        writeln!(lines, "  {time_series:?}").unwrap();
    }
    if change.is_muted {
        writeln!(lines, "  muted").unwrap();
    }
    writeln!(lines, "  missing {:?}, suppressed by {:?}", change.missing_data, change.suppressed_by).unwrap();
    lines
}

/// What became of an event, for a process that knows nothing yet.
fn report(event: &[u8]) -> String {
    let notifications = match read_notifications(event) {
        Ok(notifications) => notifications,
        Err(error) => return format!("error: {error}\n"),
    };
    let mut memory = AlarmMemory::default();
    let mut report = String::new();
    for notification in notifications {
        match notification {
            Err(error) => writeln!(report, "error: {error}").unwrap(),
            Ok(IncomingNotification::Change(change)) => {
                let decision = memory.decide(&change);
                memory.commit(&change, decision);
                writeln!(report, "{}", decided(decision)).unwrap();
                if let NoticeDecision::Notify(kind) = decision {
                    report.push_str(&told(&AlarmNotice::new(&change, kind)));
                }
                writeln!(report, "read as\n{}", read_as(&change)).unwrap();
            }
            Ok(IncomingNotification::Text(text)) => writeln!(report, "{text:#?}").unwrap(),
            Ok(IncomingNotification::Unrelated) => writeln!(report, "unrelated").unwrap(),
        }
    }
    report
}

#[test]
fn every_fixture_is_read_decided_and_put_in_words_as_its_snapshot_says() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, event) in fixtures("") {
            insta::assert_snapshot!(name, report(&event));
        }
    });
}

#[test]
fn a_broken_event_is_an_error_that_says_what_is_wrong_and_quotes_nothing() {
    let told: Vec<String> =
        fixtures("broken").into_iter().map(|(name, event)| format!("{name}: {}", report(&event))).collect();
    assert_eq!(
        told,
        [
            "action-of-unknown-state: error: the alarm change has no usable `state.value`\n",
            "action-without-state: error: the alarm change has no usable `state`\n",
            "eventbridge-without-detail: error: the alarm change has no usable `detail`\n",
            "no-notification: error: the event is no notification: it has no list `Records`, no `detail-type` and no `alarmData`\n",
            "not-json: error: the event is not a JSON object (line 2, column 0)\n",
            "records-is-no-list: error: the event is no notification: it has no list `Records`, no `detail-type` and no `alarmData`\n",
        ]
    );
}

#[test]
fn no_error_repeats_the_input() {
    for event in [
        r#"{"Records":[{"EventSource":"aws:sns","Sns":"hooks.slack.com"}]}"#,
        r#"{"alarmData":{"state":{"value":"hooks.slack.com"},"alarmName":"hooks.slack.com"}}"#,
        r#"{"detail-type":"CloudWatch Alarm State Change","detail":"hooks.slack.com"}"#,
        r#"{"Records":"hooks.slack.com"}"#,
        r#""hooks.slack.com""#,
    ] {
        let report = report(event.as_bytes());
        assert!(report.starts_with("error: "), "{report}");
        assert!(!report.contains("slack"), "{report}");
    }
}

#[test]
fn an_event_of_eventbridge_is_read_the_same_through_a_topic() {
    let through_topic = |message: &str| {
        serde_json::json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]}).to_string()
    };
    let mut events = 0;
    for (name, event) in fixtures("") {
        let text = String::from_utf8(event).unwrap();
        let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
        if parsed.get("detail-type").is_none() {
            continue;
        }
        events += 1;
        assert_eq!(report(through_topic(&text).as_bytes()), report(text.as_bytes()), "{name}");
    }
    assert!(events > 2);
    for text in [
        r#"{"detail-type":"EC2 Instance State-change Notification","detail":{}}"#,
        r#"{"detail-type":"CloudWatch Alarm State Change","detail":{"alarmName":"x"}}"#,
    ] {
        let read = read_notifications(through_topic(text).as_bytes()).unwrap();
        assert!(matches!(read.as_slice(), [Ok(IncomingNotification::Text(_))]), "{read:?}");
    }
}

#[test]
fn a_list_of_texts_is_no_alarm() {
    let message = r#"["name", "text", "1", "ALARM", "reason", "2020-11-18T05:30:12Z"]"#;
    let event = serde_json::json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]});
    let read = read_notifications(event.to_string().as_bytes()).unwrap();
    assert!(matches!(read.as_slice(), [Ok(IncomingNotification::Text(_))]), "{read:?}");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(event in proptest::collection::vec(proptest::num::u8::ANY, 0..256)) {
        proptest::prop_assert!(read_notifications(&event).is_err());
    }

    #[test]
    fn no_alarm_text_makes_it_panic(
        reason in "(Thresholds? Crossed: )?[ -~é\\[\\]()]{0,80}( datapoint \\[[0-9. ,()/:-]{0,40}\\])?.{0,40}",
        data in "[{\\[]?.{0,60}",
        time in "[0-9T:+.Z -]{0,32}",
    ) {
        let action = serde_json::json!({
            "alarmArn": reason, "time": time,
            "alarmData": {"alarmName": "x", "state": {"value": "ALARM", "reason": reason, "reasonData": data, "timestamp": time}},
        });
        let report = report(action.to_string().as_bytes());
        let is_refused = report.starts_with("error: the alarm change has no usable `");
        proptest::prop_assert!(report.contains("read as") || is_refused, "{report}");
    }
}
