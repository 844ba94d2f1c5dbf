//! Tests of what must hold of every line: the value of a named field is not in what may be shown.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::{Redacted, Redaction};
use crate::access_log::text_formats::tests::rendered;
use crate::access_log::{Format, Reading, read};

/// A piece that occurs nowhere by chance.
const SECRET: &str = "QxZq";

fn of(line: &str, field: &str) -> Redacted {
    let redaction: Redaction = field.parse().unwrap();
    redaction.line(line)
}

/// The secret with what breaks a format before, between and behind its pieces.
fn secret() -> impl Strategy<Value = String> {
    let junk =
        select(&["", " ", "\"", "\\", ",", ":", "{", "}", "<", "=", "-", "é", "\\\"", ", ", "\"}"][..]);
    (junk.clone(), junk.clone(), junk).prop_map(|(a, b, c)| format!("{a}{SECRET}{b}{SECRET}{c}"))
}

fn key() -> impl Strategy<Value = &'static str> {
    select(&["status", "requestId", "httpMethod", "path", "latency", "x-y", "error.message"][..])
}

/// Values that API Gateway writes, sound or not, as they stand in the line.
fn raw_value() -> impl Strategy<Value = String> {
    let some = select(
        &[
            r#""500""#,
            r#""-""#,
            "-",
            "12",
            r#""""#,
            "",
            r#"" "timed out"""#,
            r#""a "b", c""#,
            r#""\"x\":1""#,
            r#""/a?{"b":"c","d":"e"}""#,
            "{\"a\":\"b\"}",
            "null",
        ][..],
    );
    some.prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn json_never_shows_the_value_of_a_named_field(
        secret in secret(),
        others in prop::collection::vec((key(), any::<bool>()), 0..5),
        at in any::<Index>(),
        nested in any::<bool>(),
        ascii in any::<bool>(),
    ) {
        let other = |holds: bool| if holds { json!(format!("a {secret} b")) } else { json!(12) };
        let mut members: Vec<(String, Value)> =
            others.iter().map(|&(key, holds)| (key.to_owned(), other(holds))).collect();
        let member = if nested { ("identity", json!({"sourceIp": secret})) } else { ("sourceIp", json!(secret)) };
        members.insert(at.index(members.len() + 1), (member.0.to_owned(), member.1));
        let written: Vec<String> = members.iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
        let mut line = format!("{{{}}}", written.join(","));
        if ascii {
            line = line.replace('Q', "\\u0051");
        }
        let Redacted::Whole(masked) = of(&line, "source_ip") else { return Ok(()) };
        prop_assert!(!masked.contains(SECRET) && !masked.contains("\\u0051"), "{} of {}", masked, line);
        let shown: Value = serde_json::from_str(&masked).unwrap();
        prop_assert_eq!(shown.as_object().unwrap().contains_key("identity"), nested);
    }

    #[test]
    fn json_that_comes_back_has_its_other_fields(text in "[a-z]{0,6}", number in any::<u32>()) {
        let line = json!({"status": "500", "ip": SECRET, "text": text, "number": number}).to_string();
        let expected = json!({"status": "500", "ip": "***", "text": text, "number": number}).to_string();
        prop_assert_eq!(of(&line, "ip"), Redacted::Whole(expected));
    }

    #[test]
    fn broken_json_never_shows_the_value_of_a_named_field(
        secret in secret(),
        others in prop::collection::vec((key(), raw_value()), 0..6),
        at in any::<Index>(),
        quoted in any::<bool>(),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut members: Vec<String> = others.iter().map(|(key, raw)| format!("\"{key}\":{raw}")).collect();
        let raw = if quoted { format!("\"{secret}\"") } else { secret };
        members.insert(at.index(members.len() + 1), format!("\"sourceIp\":{raw}"));
        let line = format!("{{{}}}", members.join(","));
        let cut = cut.map_or(line.len(), |cut| line.floor_char_boundary(cut.index(line.len() + 1)));
        if let Redacted::Whole(masked) = of(&line[..cut], "source_ip") {
            // A piece of three characters may be what a cut left of it.
            prop_assert!(!masked.contains("QxZ"), "{} of {}", masked, &line[..cut]);
        }
    }

    #[test]
    fn the_presets_never_show_the_value_of_a_named_field(
        user in "[A-Za-z0-9:,.@=_-]{4,12}", path in "/[ -~]{0,20}", format in 0..3,
    ) {
        let time = "18/Nov/2020:05:28:56 +0000";
        let line = match format {
            0 => format!("203.0.113.7 - {user} [{time}] \"GET {path}{user} HTTP/1.1\" 500 1 c6af"),
            1 => format!("203.0.113.7,-,{user},{time},GET,{path}{user},HTTP/1.1,500,1,c6af"),
            _ => format!(
                "<request id=\"c6af\"> <ip>203.0.113.7</ip> <caller>-</caller> <user>{user}</user> \
                 <requestTime>{time}</requestTime> <httpMethod>GET</httpMethod> \
                 <resourcePath>{path}{user}</resourcePath> <status>500</status> <protocol>HTTP/1.1</protocol> \
                 <responseLength>1</responseLength> </request>"
            ),
        };
        if let Redacted::Whole(masked) = of(&line, "user") {
            prop_assert!(!masked.contains(&user), "{} of {}", masked, line);
            prop_assert!(masked.len() < line.len() + 10);
        }
    }

    #[test]
    fn no_format_shows_the_value_of_a_named_field(
        before in "[ -~]{0,12}", behind in "[ -~]{0,12}", junk in secret(),
    ) {
        let agent = format!("{before}{junk}{behind}");
        for (format, line) in rendered("203.0.113.7", "GET", "/a", 502, "c6af-11", &agent) {
            // What is not read is not shown.
            if read(&line, Format::Auto) == Reading::Unreadable {
                continue;
            }
            for (field, hidden) in [("user_agent", SECRET), ("request_id", "c6af-11"), ("ip", "203.0.113.7")] {
                let Redacted::Whole(masked) = of(&line, field) else { continue };
                prop_assert!(!masked.contains(hidden), "{} in {}: {} of {}", field, format, masked, line);
            }
        }
    }

    #[test]
    fn a_line_without_the_field_comes_back_as_it_is(
        members in prop::collection::vec((key(), raw_value()), 0..6), any_text in "[ -~]{0,60}",
    ) {
        let members: Vec<String> = members.iter().map(|(key, raw)| format!("\"{key}\":{raw}")).collect();
        for line in [format!("{{{}}}", members.join(",")), any_text] {
            prop_assert_eq!(of(&line, "none,authorizerPrincipal"), Redacted::Whole(line));
        }
    }

    #[test]
    fn redacting_survives_any_text(line in r#"([ -~é\u0000]|["{},:\\\[\]]|"ip":|ip){0,60}"#) {
        prop_assert_eq!(of(&line, "none"), Redacted::Whole(line.clone()));
        let _ = of(&line, "ip");
    }
}
