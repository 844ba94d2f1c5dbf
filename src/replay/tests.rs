use std::io;

use super::*;
use crate::alarm::fixture_tests::fixtures;
use crate::rules::Rules;

/// The fixtures of alarms of these names, one after the other.
fn replayed(names: &[&str]) -> Replayed {
    let all = fixtures("");
    let events = names.iter().map(|name| &all.iter().find(|(found, _)| found == name).expect("a fixture").1);
    let recording = events.fold(Vec::new(), |all, event| [all, event.clone()].concat());
    replay(recording.as_slice(), &settings()).expect("bytes can be read")
}

fn settings() -> Settings {
    let reader = Reader::new(Rules::built_in());
    Settings {
        reader,
        style: MessageStyle::default(),
        max_decompressed_bytes: 1 << 20,
        now_ms: None,
        as_one: false,
        is_posted: true,
    }
}

fn headings(replayed: &Replayed) -> Vec<&str> {
    let texts = replayed.messages.iter().map(|sent| sent.rendered.message.text.as_str());
    texts.map(|text| text.split(" · ").next().unwrap_or_default()).collect()
}

#[test]
fn alarms_in_a_recording_give_their_messages_in_order_and_a_repeat_gives_none() {
    let replayed = replayed(&[
        "sns-metric-alarm",
        "eventbridge-metric-alarm",
        "eventbridge-configuration-change",
        "sns-text-plain",
        "eventbridge-recovery",
    ]);
    assert_eq!(headings(&replayed), ["ALARM", "Message from topic api-alarms", "OK again"]);
    let expected = Ledger { alarms: 2, posted: 3, silent: 2, ..Ledger::default() };
    assert_eq!(replayed.ledger, expected);
    assert_eq!(replayed.messages.iter().map(|sent| sent.alarms).collect::<Vec<_>>(), [1, 0, 1]);
    // Each is posted when it comes, however much later the next one does.
    assert!(replayed.messages.iter().all(|sent| !sent.rendered.plain().text.contains("late")));
}

#[test]
fn a_log_event_with_an_impossible_time_does_not_make_all_others_old() {
    let lines = [
        r#"{"timestamp":1605677336000,"message":"{\"status\":\"502\"}"}"#,
        r#"{"timestamp":99999999999999999999,"message":"{\"status\":\"503\"}"}"#,
    ];
    let replayed = replay(lines.join("\n").as_bytes(), &settings()).expect("bytes can be read");
    assert_eq!(replayed.ledger.matched, 2);
    let text = &replayed.messages[0].rendered.plain().text;
    assert!(!text.contains("late"), "{text}");
}

#[test]
fn an_unreadable_notification_is_a_fault_with_its_line_and_hides_none() {
    let replayed = replayed(&["sns-several-records-one-unreadable"]);
    assert_eq!(headings(&replayed), ["ALARM", "Message from topic api-alarms", "OK again"]);
    assert_eq!(replayed.ledger.undecodable, 1);
    assert_eq!(replayed.faults, [(1, "record 1 is not an SNS record with a `Message`".to_owned())]);
}

/// Gives each text once; an empty one is a pause.
struct Pausing(Vec<&'static str>);

impl Read for Pausing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        match self.0.remove(0) {
            "" => Err(io::ErrorKind::WouldBlock.into()),
            text => text.as_bytes().read(out),
        }
    }
}

/// Headings of what is shown, and `-` for each pause.
fn shown(texts: Vec<&'static str>) -> Vec<String> {
    let mut shown = Vec::new();
    let totals = replay_each(Pausing(texts), &settings(), &mut |found, _| match found {
        Found::Message(sent) => shown.push(sent.rendered.message.text.clone()),
        Found::Fault(_, what) => shown.push(what),
        Found::Pause => shown.push("-".to_owned()),
    });
    assert!(totals.expect("pauses are no error").ledger.balances(0));
    shown
}

#[test]
fn what_was_there_at_a_pause_is_due_at_the_next_where_nothing_came_since() {
    let (a, b) = ("{\"status\":\"502\",\"path\":\"/a\"}\n", "{\"status\":\"503\",\"path\":\"/b\"}\n");
    assert_eq!(
        shown(vec![a, "", "", b, ""]),
        ["-", "502 /a · integration", "-", "-", "503 /b · integration"]
    );
    // A line without its end is not there yet.
    assert_eq!(
        shown(vec![a, "{\"status\":", "", "", "\"503\"}\n"]),
        ["-", "502 /a · integration", "-", "503 · integration"]
    );
}

#[test]
fn a_stream_that_never_rests_keeps_no_delivery_open_for_ever() {
    let line = "{\"status\":\"502\"}\n";
    let two = "2 errors · all 502 · integration";
    assert_eq!(shown([line, ""].repeat(6)), ["-", two, "-", "-", two, "-", "-", two, "-"]);
}

#[test]
fn a_line_without_a_time_goes_with_the_line_before_it() {
    let lines = "{\"status\":\"502\",\"requestTime\":\"03/Nov/2026:09:15:01 +0000\"}\n{\"status\":\"502\"}\n\
                 {\"status\":\"503\",\"requestTime\":\"03/Nov/2026:12:15:01 +0000\"}\n";
    assert_eq!(shown(vec![lines]), ["2 errors · all 502 · integration", "503 · integration"]);
}

#[test]
fn lines_that_stand_alone_say_their_share_of_a_delivery() {
    let lines = |times: [u32; 3]| {
        let line = |(status, second)| {
            let message = format!(r#"{{\"status\":\"{status}\",\"ip\":\"192.0.2.1\",\"stage\":\"prod\"}}"#);
            format!(r#"{{"timestamp":16056773{second:02}000,"message":"{message}"}}"#)
        };
        [502, 200, 502].into_iter().zip(times).map(line).collect::<Vec<_>>().join("\n")
    };
    let texts = |times, as_one| {
        let settings = Settings { as_one, ..settings() };
        let replayed = replay(lines(times).as_bytes(), &settings).expect("bytes can be read");
        replayed.messages.into_iter().map(|sent| sent.rendered.plain().text.replace('\u{200b}', "")).collect()
    };
    let one: Vec<String> = texts([36, 36, 37], false);
    assert!(one[0].starts_with("2 errors (66.7 % of 3 requests received) · "), "{one:?}");
    assert!(one[0].contains(" · 1 client · stage prod · "), "{one:?}");
    let two: Vec<String> = texts([36, 36, 50], false);
    assert!(two[0].contains("1 of 2 requests received") && !two[1].contains("received"), "{two:?}");
    let all: Vec<String> = texts([36, 36, 50], true);
    assert!(all[0].starts_with("2 errors · "), "{all:?}");
}
