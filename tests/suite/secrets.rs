//! Whatever a client sends to prove who it is, and wherever it stands in a line: no message shows it.

use proptest::prelude::*;
use proptest::sample::select;
use statuswatch::digest::Reader;
use statuswatch::replay::{Settings, replay};
use statuswatch::rules::Rules;
use statuswatch::slack::render::MessageStyle;

/// A piece that occurs nowhere by chance.
const MARK: &str = "QxZq";

fn settings(redact: &str) -> Settings {
    let redact = redact.parse().unwrap_or_else(|never| match never {});
    let reader = Reader { redact, ..Reader::new(Rules::built_in()) };
    let style = MessageStyle::default();
    Settings { reader, style, max_decompressed_bytes: 1 << 20, now_ms: None, as_one: true, is_posted: true }
}

/// The bodies that Slack would get, the plain ones among them.
fn bodies(input: &str, redact: &str) -> String {
    let replayed = replay(input.as_bytes(), &settings(redact)).expect("bytes can be read");
    let body = |message| serde_json::to_string(message).expect("a message is JSON");
    let all = replayed.messages.iter();
    all.flat_map(|message| [body(&message.rendered.message), body(message.rendered.plain())]).collect()
}

/// What a client sends, in a header, a parameter or a text: `S` stands for the secret.
const SENT: [&str; 18] = [
    "Bearer S",
    "bearer%20S",
    "Basic S",
    "token=S",
    "x-api-key: S",
    "X-Api-Key%3A%20S",
    "{authorization=[S], host=[h]}",
    "Authorization: AWS4-HMAC-SHA256 Credential=S, Signature=S",
    "https://api.example.com/cb?code=S&state=S",
    "/cb#access_token=S",
    "/a%3Fkey%3DS",
    "%42earer S",
    "https://user:S@example.com/",
    "password=S&user=a",
    "eyJhbGciOiJIUzI1NiJ9.S.S",
    "in Authorization header: 'S'",
    "<password>S</password>",
    "a=b&user=S&code=S",
];

/// Fields whose values are secrets by their names.
const FIELDS: [&str; 8] = [
    "authorization",
    "Cookie",
    "set-cookie",
    "identity.apiKey",
    "x_api_key",
    "headers.Authorization",
    "access_token",
    "rawQueryString",
];

fn secret() -> impl Strategy<Value = String> {
    let rest = "[A-Za-z0-9]{4,12}";
    (rest, rest, select(&["", "-", "_", ".", "~", "%2B", "/", "+"][..]))
        .prop_map(|(a, b, sign)| format!("{a}{MARK}{sign}{b}7{MARK}"))
}

/// A line in one of the formats with a secret at some place, and the text of the secret with what is around it.
fn line() -> impl Strategy<Value = String> {
    let place = (select(&SENT[..]), select(&FIELDS[..]), 0_usize..17, secret());
    (place, any::<bool>(), prop::option::weighted(0.2, 1_usize..80)).prop_map(
        |((sent, field, place, secret), escapes, cut)| {
            let sent = sent.replace('S', &secret);
            let json = |text: &str| serde_json::Value::from(text).to_string();
            let (rendered_text, value) = (json(&sent), if field == "rawQueryString" { format!("a={secret}") } else { secret.clone() });
            let name = if field == "rawQueryString" { "Cookie" } else { field };
            let mut line = match place {
                0 => format!(r#"{{"status":"403","path":"/a","{field}":"{value}"}}"#),
                1 => format!(r#"{{"status":"403","path":"/a","{field}":"{value}","error.message":"no {secret} here"}}"#),
                2 => format!(r#"{{"status":"403","path":"/a/{secret}","{field}":"{secret}"}}"#),
                3 => format!(r#"{{"status":"403","path":"/a?b={secret}","userAgent":{rendered_text}}}"#),
                4 => format!(r#"{{"status":"502","resourcePath":"/a","error.message":{rendered_text}}}"#),
                5 => format!(r#"{{"status":"502","body":{}}}"#, json(&format!(r#"{{"{field}":"{value}"}}"#))),
                6 => format!(r#"{{"status":"502","headers":{{"{field}":["{value}"],"x":{rendered_text}}}}}"#),
                7 => format!(r#"{{"status":"504","latency":-,"{field}":"{value}","x":{rendered_text}}}"#),
                8 => format!(r#"{{"status":"504","message":" "timed out"","path":"/a?b={secret}","{field}":"{value}"}}"#),
                9 => format!(r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a?b={secret} HTTP/1.1" 500 1 id"#),
                10 => format!(
                    r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 500 1 "-" "{}""#,
                    sent.replace('"', "'")
                ),
                11 => format!("203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/a?b={secret},HTTP/1.1,500,1,c6af-11"),
                12 => format!(
                    "ip: 203.0.113.7, httpMethod: GET, resourcePath: /a?b={secret}, status: 500, protocol: HTTP/1.1"
                ),
                13 => format!(r#"{{"status":"403","headers":[{{"name":"{name}","value":"{secret}"}}]}}"#),
                14 => format!(r#"{{"status":"403","latency":-,"headers":[{{"name":"{name}","value":"{secret}"}}]}}"#),
                15 => format!(r#"{{"status":"403","rawHeaders":["Host","h","{name}","{secret}"]}}"#),
                _ => format!(
                    "<request id=\"c6af\"> <ip>203.0.113.7</ip> <requestTime>18/Nov/2020:05:28:56 +0000</requestTime> \
                     <httpMethod>GET</httpMethod> <resourcePath>/a?b={secret}&amp;c={secret}</resourcePath> \
                     <status>500</status> <protocol>HTTP/1.1</protocol> <responseLength>1</responseLength> </request>"
                ),
            };
            if place < 7 && escapes {
                line = line.replace('e', "\\u0065").replace("p\\u0065", "pe");
            }
            // What names the secret stands before it, and the status before both.
            if let Some(left) = cut.filter(|_| !matches!(place, 1 | 2) && place < 9) {
                line.truncate(line.floor_char_boundary(line.len().saturating_sub(left).max(18)));
            }
            line
        },
    )
}

proptest! {
    #[test]
    fn no_secret_of_a_line_stands_in_a_message(lines in prop::collection::vec(line(), 1..4)) {
        let rendered_text = bodies(&lines.join("\n"), "");
        prop_assert!(!rendered_text.contains(MARK), "{}\n{}", lines.join("\n"), rendered_text);
    }
}

#[test]
fn without_the_default_the_lines_are_shown_as_they_are() {
    let line = r#"{"status":"403","path":"/a","authorization":"Bearer QxZq"}"#;
    assert!(!bodies(line, "").contains(MARK));
    assert!(bodies(line, "none").contains(MARK));
    assert!(!bodies(line, "none,authorization").contains(MARK));
}

/// A flood of lines that are alike is counted without reading each: their causes and routes are masked all the same.
#[test]
fn secrets_are_in_neither_routes_nor_causes_of_a_flood() {
    let line = |n: usize| {
        let line = format!(
            r#"{{"status":"401","path":"/a?token=s3cr3t-{n}","apiKey":"k-s3cr3t-{n}","error.message":"bad key k-s3cr3t-{n}, Bearer s3cr3t-{n}"}}"#
        );
        let unnamed =
            line.replace("\"apiKey\"", "\"user\"").replace("k-s3cr3t", "user").replace("token=s3cr3t", "a=");
        let clf = format!(
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a?b=s3cr3t-{n} HTTP/1.1" 404 1 id"#
        );
        [line.replace("\"401\"", "\"401\",\"latency\":-"), line, unnamed, clf]
    };
    let events: Vec<_> = (0..60)
        .flat_map(line)
        .enumerate()
        .map(|(id, line)| serde_json::json!({"id": id.to_string(), "timestamp": 1_605_677_336_000_u64, "message": line}))
        .collect();
    let message = serde_json::json!({
        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s", "subscriptionFilters": [],
        "logEvents": events,
    });
    let rendered_text = bodies(&message.to_string(), "");
    assert!(!rendered_text.contains("s3cr3t"), "{rendered_text}");
    assert!(
        rendered_text.contains("GET /a?b=***")
            && rendered_text.contains("Bearer ***")
            && rendered_text.contains("240 errors"),
        "{rendered_text}"
    );
}
