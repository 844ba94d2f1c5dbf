//! `--live-tail`: the command line beside a fake CloudWatch Logs that answers with an event stream, over real HTTP.
//!
//! No test waits for a time: the fake writes the stream, and Ctrl-C comes when what was written is shown.

use std::io::Read;
use std::process::{Command as StdCommand, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::fake_aws::{Call, FakeAws};
use crate::log_groups::{line, refusal, signed_in};
use crate::replayed::{run, statuswatch};

const GROUP: &str = "/aws/apigateway/orders-accesslog";

fn encoded(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let header =
        |name: &str, value: &str| Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into()));
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(header(":message-type", kind))
        .add_header(header(&format!(":{kind}-type"), name));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn update(at_ms: i64, paths: &[&str], is_sampled: bool) -> Vec<u8> {
    let results: Vec<Value> = paths
        .iter()
        .map(|path| {
            json!({ "logStreamName": "s", "logGroupIdentifier": format!("123456789012:{GROUP}"), "timestamp": at_ms, "message": line("502", path), "ingestionTime": at_ms })
        })
        .collect();
    let update = json!({ "sessionMetadata": { "sampled": is_sampled }, "sessionResults": results });
    encoded("event", "sessionUpdate", &update)
}

/// The log group's ARN, and what is in it.
fn answer(call: &Call, events: &[Value]) -> (u16, Value) {
    let asked = |name: &str| call.body[name].as_i64().unwrap();
    match call.target.as_str() {
        "Logs_20140328.DescribeLogGroups" => {
            let arn = format!("arn:aws:logs:eu-west-1:123456789012:log-group:{GROUP}:*");
            (200, json!({ "logGroups": [{ "logGroupName": GROUP, "arn": arn }] }))
        }
        "Logs_20140328.FilterLogEvents" => {
            let is_asked = |event: &&Value| {
                (asked("startTime")..=asked("endTime")).contains(&event["timestamp"].as_i64().unwrap())
            };
            (200, json!({ "events": events.iter().filter(is_asked).collect::<Vec<_>>() }))
        }
        _ => (400, refusal("AccessDeniedException")),
    }
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// The arguments of the example with `--live-tail` in the help of `match`.
fn example() -> Vec<String> {
    let help = run(&mut statuswatch(&["match", "--help"])).stdout;
    let example =
        help.lines().find(|line| line.contains("statuswatch match") && line.contains("--live-tail"));
    let (before, rest) = example.unwrap().split_once('\'').unwrap();
    let (pattern, after) = rest.split_once('\'').unwrap();
    assert_eq!(before.trim(), "statuswatch match");
    let after = after.split_whitespace().map(|word| if word == "NAME" { GROUP } else { word });
    ["match", pattern].into_iter().chain(after).map(str::to_owned).collect()
}

/// The past, a frame in two parts, a frame that is broken, a session that ends without a word, one whose update leaves
/// something out, and an exception: all that was logged is shown, once, and Ctrl-C ends it well.
#[tokio::test(flavor = "multi_thread")]
async fn live_tail_shows_all_that_arrives_once_until_ctrl_c() {
    let replay = ["replay", "--log-group", GROUP, "--since", "1m", "--follow", "--live-tail"];
    for command in [example(), replay.map(str::to_owned).to_vec()] {
        let aws = FakeAws::start().await;
        let at_ms = now_ms() - 20_000;
        let fetched = AtomicU32::new(0);
        aws.otherwise(move |call| {
            let event = |path: &str| json!({ "logStreamName": "s", "timestamp": at_ms, "message": line("502", path), "eventId": path });
            let mut events = vec![event("/past")];
            // The session begins behind the first time.
            let is_fetch = call.target == "Logs_20140328.FilterLogEvents";
            if is_fetch && fetched.fetch_add(1, Ordering::SeqCst) > 0 {
                events.extend([event("/live"), event("/left-out")]);
            }
            answer(call, &events)
        });
        let sessions: Vec<_> = (0..4).map(|_| aws.live_tail()).collect();
        let send = |session: usize, part: Vec<u8>| sessions[session].try_send(Ok(Bytes::from(part))).unwrap();
        let started = [
            encoded("event", "initial-response", &json!({})),
            encoded("event", "sessionStart", &json!({ "sessionId": "1" })),
        ]
        .concat();
        // Of what is broken nothing is taken, and nothing behind it.
        let mut broken = update(at_ms, &["/broken"], false);
        *broken.last_mut().unwrap() ^= 1;
        send(0, [started.clone(), broken].concat());
        let whole = update(at_ms, &["/live", "/live"], false);
        send(1, [started.clone(), whole[..50].to_vec()].concat());
        send(1, whole[50..].to_vec());
        send(2, [started.clone(), encoded("exception", "SessionTimeoutException", &json!({}))].concat());
        send(3, [started, update(at_ms, &["/live"], true)].concat());
        // The second one ends without a word, and the last one goes on.
        let last = sessions.into_iter().next_back();
        let mut child = StdCommand::new(env!("CARGO_BIN_EXE_statuswatch"))
            .args(&command)
            .env_clear()
            .envs([
                ("AWS_ENDPOINT_URL", aws.url().as_str()),
                ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_REGION", "eu-west-1"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (shown, stderr_text, status) = tokio::task::spawn_blocking(move || {
            let (mut shown, mut part) = (String::new(), [0; 4_096]);
            while !(shown.contains("/left-out") && shown.contains("/live")) {
                let length = stdout.read(&mut part).unwrap();
                assert!(length > 0, "it ended: {shown}");
                shown.push_str(std::str::from_utf8(&part[..length]).unwrap());
            }
            let mut stderr_text = String::new();
            while !stderr_text.contains("Live Tail leaves") {
                let length = stderr.read(&mut part).unwrap();
                assert!(length > 0, "it ended: {stderr_text}");
                stderr_text.push_str(std::str::from_utf8(&part[..length]).unwrap());
            }
            kill_process(pid, Signal::INT).unwrap();
            stdout.read_to_string(&mut shown).unwrap();
            stderr.read_to_string(&mut stderr_text).unwrap();
            (shown, stderr_text, child.wait().unwrap())
        })
        .await
        .unwrap();
        drop(last);
        let expected = format!(
            "statuswatch: {GROUP}: Live Tail leaves log events out, as there are more than 500 a second: they are fetched as \
             --follow does it, a little later\n\
             statuswatch: {GROUP}: Live Tail left log events out of 1 update: they were fetched, but those of the last \
             seconds may be missing\n"
        );
        assert_eq!((status.code(), stderr_text), (Some(0), expected));
        assert!(!shown.contains("/broken"), "{shown}");
        if command[0] == "match" {
            let mut lines: Vec<&str> = shown.lines().collect();
            lines.sort_unstable();
            // Two that are alike came in the second session.
            let mut all = ["/left-out", "/live", "/live", "/past"].map(|path| line("502", path));
            all.sort_unstable();
            assert_eq!(lines, all);
        } else {
            assert!(shown.contains("In all: 4 lines · 4 errors"), "{shown}");
        }
        let calls = aws.calls();
        let opened: Vec<_> =
            calls.iter().filter(|call| call.target == "Logs_20140328.StartLiveTail").collect();
        assert_eq!(opened.len(), 4);
        let arn = format!("arn:aws:logs:eu-west-1:123456789012:log-group:{GROUP}");
        assert_eq!(opened[0].body, json!({ "logGroupIdentifiers": [arn] }));
        assert!(opened[0].authorization.contains("/eu-west-1/logs/aws4_request"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_denied_names_the_permission_and_leaves_what_was_there() {
    let aws = FakeAws::start().await;
    let at_ms = now_ms() - 20_000;
    let event =
        json!({ "logStreamName": "s", "timestamp": at_ms, "message": line("502", "/past"), "eventId": "1" });
    aws.otherwise(move |call| answer(call, std::slice::from_ref(&event)));
    let arguments = ["match", "{ $.status = 5* }", "--log-group", GROUP, "--since", "1m", "--follow"];
    let mut command = signed_in(&aws.url(), &[&arguments[..], &["--live-tail"]].concat());
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert_eq!((run.code, run.stdout), (Some(1), line("502", "/past") + "\n"));
    assert!(
        run.stderr.contains("these credentials lack the permission logs:StartLiveTail"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("the words of AWS"), "{}", run.stderr);
}
