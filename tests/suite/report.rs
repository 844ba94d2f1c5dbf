//! The report of `statuswatch backtest`: whole, self-contained, and nothing in it that a log line put there.

use assert_cmd::Command;
use html5gum::{Token, Tokenizer};

use crate::{
    fake_lambda::{
        events::{self, LOG_GROUP, LogEvent, access_log},
        function::EPOCH_MS,
    },
    recordings,
    scripted_webhook::Bench,
};

/// The colour of what is drawn of messages.
const MESSAGE: &str = "#1D4ED8";

/// The report of these lines or, where there are none, of that file.
fn report(path: &str, lines: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.html");
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    command.args(["backtest", "--report", out.to_str().unwrap(), path]).write_stdin(lines).assert().success();
    std::fs::read_to_string(out).unwrap()
}

/// Names of all elements, and every attribute as `name=value`.
fn elements(html: &str) -> (Vec<String>, Vec<String>, String) {
    let (mut names, mut attributes, mut text) = (Vec::new(), Vec::new(), String::new());
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for token in Tokenizer::new(html) {
        match token.unwrap() {
            Token::StartTag(tag) => {
                names.push(lossy(&tag.name));
                for (name, value) in &tag.attributes {
                    attributes.push(format!("{}={}", lossy(name), lossy(&value.value)));
                }
            }
            Token::String(piece) => text.push_str(&lossy(&piece)),
            _ => {}
        }
    }
    (names, attributes, text)
}

#[test]
fn nothing_of_a_hostile_line_becomes_markup() {
    let hostile =
        "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\\\" onload=\\\"x&lt;\\u202e\\u0000";
    let at = "03/Nov/2026:12:00:00 +0000";
    let lines = format!(
        "{{\"requestId\":\"{hostile}\",\"requestTime\":\"{at}\",\"httpMethod\":\"{hostile}\",\"path\":\"/{hostile}\",\"status\":\"502\"}}\n\
         {{\"requestTime\":\"{at}\",\"x\":-,\"path\":\"<svg/onload=alert(3)>\",\"status\":\"503\"}}\n"
    );
    let html = report("-", &lines);
    let (names, attributes, text) = elements(&html);
    for name in ["script", "img", "iframe", "object", "form"] {
        assert!(!names.iter().any(|found| found == name), "{name}");
    }
    for attribute in &attributes {
        assert!(!attribute.starts_with("on"), "{attribute}");
        let leads = attribute.starts_with("href=") || attribute.starts_with("src=");
        let place = attribute.strip_prefix("href=#").map(|id| format!("id={id}"));
        let is_within = place.is_some_and(|id| attributes.contains(&id));
        assert!(!leads || is_within || attribute == "href=data:,", "{attribute}");
    }
    // It is there, as text, without what would turn it around.
    assert!(text.contains("<script>alert(1)</script>"), "shown as text");
    assert!(!html.contains('\u{202e}') && !html.contains('\0'));
}

#[test]
fn a_report_has_the_picture_in_two_widths_the_messages_and_a_name_for_each_part() {
    let (names, attributes, text) = elements(&report(recordings::path("5xx-burst").to_str().unwrap(), ""));
    let count = |name: &str| names.iter().filter(|found| *found == name).count();
    assert_eq!(count("svg"), 2);
    let filled = |color: &str| attributes.iter().filter(|found| **found == format!("fill={color}")).count();
    assert!(
        filled("#B3261E") >= 14 && filled("#1D4ED8") >= 12,
        "errors and messages of both pictures are drawn"
    );
    assert_eq!(attributes.iter().filter(|attribute| *attribute == "role=img").count(), 2);
    assert!(attributes.iter().any(|attribute| attribute == "lang=en"));
    for part in ["errors", "alarm", "blind", "groups", "messages", "settings"] {
        assert!(attributes.contains(&format!("id={part}")), "{part}");
        assert!(attributes.contains(&format!("aria-labelledby={part}")), "{part}");
    }
    assert!(
        text.contains("504 POST /v1/orders") && text.contains("Still failing, "),
        "messages as Slack shows them"
    );
    assert!(text.contains("INSUFFICIENT_DATA"));
    // The alarm's notices are drawn in both pictures, and are messages like the others.
    assert_eq!(count("polygon"), 4);
    assert!(text.contains("ALARM · 4xx5xxError · 6 errors in 1 min (threshold:"), "{text}");
    assert!(text.contains("OK again · 4xx5xxError · after 7 min"));
    // What scrolls can be scrolled by keyboard, and says what it is.
    let of = |wanted: &str| attributes.iter().filter(|attribute| *attribute == wanted).count();
    assert!(of("class=scroll") >= 5);
    assert_eq!(of("class=scroll"), of("role=region"));
    assert_eq!(of("class=scroll") + count("pre"), of("tabindex=0"));
}

/// Errors of a day, one in a second: so many at each of these minutes.
fn errors(minutes: &[(u32, u32)]) -> String {
    let second = |minute: u32, second: u32| {
        let (hour, minute) = (minute / 60, minute % 60);
        format!(
            "{{\"requestId\":\"{hour}:{minute}:{second}\",\"requestTime\":\"03/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000\",\"httpMethod\":\"GET\",\"resourcePath\":\"/of-minute-{minute}\",\"status\":\"502\"}}\n"
        )
    };
    minutes.iter().flat_map(|(minute, errors)| (0..*errors).map(|n| second(*minute, n))).collect()
}

#[test]
fn it_begins_with_one_sentence_and_the_number_of_messages() {
    let html = report("-", &errors(&[(0, 1), (1_439, 1)]));
    let (_, begin) = html.split_once("<p class=\"verdict\">").unwrap();
    let (sentence, _) = begin.split_once("</p>").unwrap();
    let expected_words = "<strong class=\"number\">2</strong> messages to Slack in 23 h 59 min; 3 notices of the alarm; the metric \
                filter misses no error line.";
    assert_eq!(sentence, expected_words);
    assert_eq!(html.matches("messages to Slack in").count(), 1, "no figure is said twice");
}

#[test]
fn messages_are_those_of_the_worst_hour_and_the_first_of_each_incident() {
    // The second of three incidents has the most messages.
    let found = errors(&[(60, 1), (61, 1), (300, 1), (303, 1), (306, 1), (312, 1), (600, 1), (604, 1)]);
    let (_, _, text) = elements(&report("-", &found));
    assert!(text.contains("The worst hour: 3 Nov 2026, 05:00 to 06:00 UTC"), "{text}");
    let (of_hour, others) = text.split_once("How the others began").unwrap();
    for minute in [0, 3, 6, 12] {
        assert!(of_hour.contains(&format!("/of-minute-{minute} ·")), "{minute}: {of_hour}");
    }
    let shown = others.matches("502 GET /of-minute-").count();
    assert_eq!(shown, 2, "an opening each: {others}");
}

#[test]
fn bars_of_messages_are_as_high_as_there_are_messages() {
    let html = report(recordings::path("5xx-burst").to_str().unwrap(), "");
    let svg = html.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    let value = |rect: &str, name: &str| -> f64 {
        let value = rect.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        value.parse().unwrap()
    };
    let rects = svg.split('<').filter(|element| element.starts_with("rect") && element.contains(MESSAGE));
    let mut heights: Vec<f64> = rects.map(|rect| value(rect, "height")).collect();
    heights.sort_by(f64::total_cmp);
    let (least, most) = (heights[0], heights[heights.len() - 1]);
    // Two of the twelve messages are in one minute.
    assert!((most / least - 2.0).abs() < 0.2, "{heights:?}");
}

#[test]
fn one_is_singular_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.html");
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    let command = command.args(["backtest", "--report", out.to_str().unwrap(), "-"]);
    let assert = command.write_stdin(errors(&[(60, 1)])).assert().success();
    let terminal = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let (_, _, report) = elements(&std::fs::read_to_string(out).unwrap());
    for text in [terminal, report] {
        // What a message says of the alarm's rule is AWS's own way to say it.
        let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "periods)").collect();
        for pair in words.windows(2) {
            let is_plural =
                pair[1].len() > 2 && pair[1].trim_end_matches([',', ';', '.', ':']).ends_with('s');
            assert!(pair[0] != "1" || !is_plural, "{} {}", pair[0], pair[1]);
        }
        assert!(text.contains("1 message to Slack") || text.contains("message to Slack in"), "{text}");
    }
}

/// 3 of 170 requests fail, all within one second and so in one delivery.
#[tokio::test(start_paused = true)]
async fn a_message_names_the_share_of_requests_as_that_of_the_function_does() {
    let line = |number: u64| {
        let status = if number % 60 == 7 { 502 } else { 200 };
        let line = access_log(number, EPOCH_MS, status);
        let at = r#""requestTime":"18/Nov/2020:05:20:00 +0000","status""#;
        LogEvent { message: line.message.replacen(r#""status""#, at, 1), ..line }
    };
    let lines: Vec<LogEvent> = (0..170).map(line).collect();
    let share = "3 errors (1.8 % of 170 requests received)";

    let mut function = Bench::of_incidents(5);
    function.invoke(&events::awslogs(&events::data_message(LOG_GROUP, "stream", &lines))).await;
    let headings = function.slack.headings();
    assert!(headings.len() == 1 && headings[0].starts_with(share), "{headings:?}");

    let recording: String = lines.iter().map(|line| line.message.clone() + "\n").collect();
    let (_, _, text) = elements(&report("-", &recording));
    assert!(text.contains(share), "{text}");
}

#[test]
fn the_lanes_above_the_errors_have_no_grid_lines() {
    let html = report(recordings::path("5xx-burst").to_str().unwrap(), "");
    let svg = html.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    let coordinate = |element: &str, name: &str| -> f64 {
        let value = element.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        value.parse().unwrap()
    };
    let elements =
        |name: &str| svg.split('<').filter(|element| element.starts_with(name)).collect::<Vec<_>>();
    let bars = elements("rect").into_iter().filter(|rect| rect.contains(MESSAGE));
    let lowest = bars.map(|bar| coordinate(bar, "y") + coordinate(bar, "height")).fold(0.0, f64::max);
    let grid: Vec<f64> = elements("line")
        .into_iter()
        .filter(|line| line.contains("#D0D7DE"))
        .map(|line| coordinate(line, "y1"))
        .collect();
    assert!(lowest > 0.0 && grid.len() >= 3 && grid.iter().all(|y| *y > lowest), "{grid:?} above {lowest}");
}

#[test]
fn a_report_needs_nothing_from_elsewhere() {
    let html = report(recordings::path("broken-json-deploy").to_str().unwrap(), "");
    assert!(html.contains("default-src 'none'"));
    let (_, attributes, _) = elements(&html);
    for attribute in attributes {
        let (name, value) = attribute.split_once('=').unwrap();
        assert!(!value.contains("://") || name == "xmlns", "{attribute}");
    }
    assert!(!html.contains("@import") && !html.contains("url("));
}

#[test]
fn a_report_never_takes_the_place_of_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (input, link) = (folder.path().join("in.log"), folder.path().join("link.log"));
    let rules = folder.path().join("rules.json");
    let lines = r#"{"requestId":"a","requestTime":"03/Nov/2026:12:00:00 +0000","status":"502"}"#;
    let rule = r#"{"rules":[{"name":"all","status":"5xx","action":"notify"}]}"#;
    std::fs::write(&input, lines).unwrap();
    std::fs::write(&rules, rule).unwrap();
    std::fs::hard_link(&input, &link).unwrap();
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    for (report, arguments, expected_words) in [
        (&input, vec![text(&input)], "--report"),
        (&link, vec![text(folder.path())], "is one of the inputs"),
        (&rules, vec!["--rules".to_owned(), text(&rules), text(&input)], "is the file of --rules"),
    ] {
        let mut command = Command::cargo_bin("statuswatch").unwrap();
        let out = command.args(["backtest", "--report", &text(report)]).args(arguments).assert().code(2);
        let error = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
        assert!(error.contains(expected_words) && error.contains("name another file"), "{error}");
        assert_eq!(std::fs::read_to_string(&input).unwrap(), lines);
        assert_eq!(std::fs::read_to_string(&rules).unwrap(), rule);
    }
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    let out = command.args(["backtest", &text(&input), "--log-group", "g", "--save", &text(&link)]).assert();
    let error = String::from_utf8_lossy(&out.code(2).get_output().stderr).into_owned();
    assert!(error.contains("--save") && error.contains("is one of the inputs"), "{error}");
    assert_eq!(std::fs::read_to_string(&input).unwrap(), lines);
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    let other = folder.path().join("out.html");
    command.args(["backtest", "--report", &text(&other), &text(&input)]).assert().success();
    assert!(std::fs::read_to_string(other).unwrap().starts_with("<!"));
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_that_names_it() {
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    let path = recordings::path("5xx-burst");
    let out = command.args(["backtest", "--report", "/does/not/exist.html"]).arg(path).assert().code(2);
    assert!(String::from_utf8_lossy(&out.get_output().stderr).contains("/does/not/exist.html"));
}
