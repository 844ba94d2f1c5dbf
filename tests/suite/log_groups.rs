//! `--log-group`: replay, backtest and match on log events that the command line fetches itself, from a fake CloudWatch
//! Logs over real HTTP.
//!
//! No test waits for a time: where something is to happen midway, the fake does it when it is asked.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command as StdCommand, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};

use assert_cmd::Command;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::fake_aws::FakeAws;
use crate::fake_slack::FakeSlack;
use crate::replayed::{Report, Run, replay, run, statuswatch};

const GROUP: &str = "/aws/apigateway/orders-accesslog";
/// One minute is one slice, so that its pages are asked for one after another.
const MINUTE: [&str; 4] = ["--since", "2026-11-03T09:15:00Z", "--until", "2026-11-03T09:16:00Z"];
const MINUTE_MS: i64 = 1_793_697_300_000;

pub(crate) fn line(status: &str, path: &str) -> String {
    json!({ "requestId": path, "httpMethod": "GET", "resourcePath": path, "status": status }).to_string()
}

/// A page with a log event a line, a second apart.
fn page(first_s: i64, lines: &[String], next: Option<&str>) -> Value {
    let events: Vec<Value> = (first_s..)
        .zip(lines)
        .map(|(second, line)| {
            let at_ms = MINUTE_MS + second * 1_000;
            json!({ "logStreamName": "s", "timestamp": at_ms, "message": line, "ingestionTime": at_ms, "eventId": format!("e{second}") })
        })
        .collect();
    let mut page = json!({ "events": events, "searchedLogStreams": [] });
    if let Some(token) = next {
        page["nextToken"] = token.into();
    }
    page
}

pub(crate) fn refusal(code: &str) -> Value {
    json!({ "__type": code, "message": "the words of AWS" })
}

/// The command line with credentials for the fake.
pub(crate) fn signed_in(url: &str, arguments: &[&str]) -> Command {
    let mut command = statuswatch(arguments);
    command
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "QxZq-secret")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

async fn run_on(aws: &FakeAws, arguments: &[&str]) -> Run {
    let mut command = signed_in(&aws.url(), &[arguments, &MINUTE].concat());
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert!(!format!("{run:?}").contains("QxZq"), "{run:?}");
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_fetches_page_by_page_and_what_is_saved_replays_alike() {
    for name in ["saved.jsonl.zst", "saved.jsonl.gz", "saved.jsonl"] {
        let aws = FakeAws::start().await;
        aws.next(200, &page(1, &[line("502", "/a"), line("200", "/b")], Some("t")));
        aws.next(200, &page(30, &[line("404", "/c")], None));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let fetched = run_on(&aws, &["replay", "--json", "--log-group", GROUP, "--save", path]).await;
        assert_eq!((fetched.code, fetched.stderr.as_str()), (Some(0), ""));
        let [report] = fetched.reports().try_into().unwrap();
        assert_eq!(
            (report.source.as_str(), report.count("received"), report.count("matched")),
            (GROUP, 3, 2)
        );
        assert!(fetched.stdout.contains("eu-west-1.console.aws.amazon.com"), "{}", fetched.stdout);
        assert!(report.bodies()[0].contains(GROUP), "{:?}", report.bodies());

        let saved = replay(&["--json", "--region", "eu-west-1", path]);
        assert_eq!(saved.reports()[0].bodies(), report.bodies());
        let calls = aws.calls();
        assert_eq!(
            calls.iter().map(|call| call.target.as_str()).collect::<Vec<_>>(),
            ["Logs_20140328.FilterLogEvents"; 2]
        );
        assert!(calls.iter().all(|call| call.authorization.contains("/eu-west-1/logs/aws4_request")));
        let asked = json!({ "logGroupName": GROUP, "startTime": MINUTE_MS, "endTime": MINUTE_MS + 60_000 });
        assert_eq!(calls[0].body, asked);
        assert_eq!(calls[1].body["nextToken"], "t");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_file_is_replaced_only_by_what_was_fetched() {
    for name in ["saved.jsonl.zst", "saved.jsonl.gz", "saved.jsonl"] {
        let aws = FakeAws::start().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let kept = "kept\n".repeat(1_000);
        std::fs::write(&path, &kept).unwrap();
        let arguments = ["replay", "--json", "--log-group", GROUP, "--save", path.to_str().unwrap()];
        // Nothing comes before the refusal, at once or behind an empty page.
        for pages in [&[][..], &[page(0, &[], Some("t"))]] {
            for page in pages {
                aws.next(200, page);
            }
            aws.next(400, &refusal("ResourceNotFoundException"));
            let run = run_on(&aws, &arguments).await;
            assert_eq!((run.code, std::fs::read_to_string(&path).unwrap()), (Some(1), kept.clone()));
        }
        // What is there before a refusal is worth keeping.
        aws.next(200, &page(1, &[line("502", "/a")], Some("t")));
        aws.next(400, &refusal("ResourceNotFoundException"));
        assert_eq!(run_on(&aws, &arguments).await.code, Some(1));
        let saved = replay(&["--json", path.to_str().unwrap()]);
        assert_eq!((saved.code, saved.reports()[0].count("received")), (Some(0), 1));
        // A time without log events is a result, too.
        aws.next(200, &page(0, &[], None));
        assert_eq!(run_on(&aws, &arguments).await.code, Some(0));
        assert!(std::fs::metadata(&path).unwrap().len() <= 20, "{name}: a gzip of nothing has 20 bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deliver_posts_what_was_fetched() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    aws.next(200, &page(1, &[line("502", "/a")], None));
    let arguments = ["replay", "--json", "--deliver", "--log-group", GROUP];
    let mut command = signed_in(&aws.url(), &[&arguments[..], &MINUTE].concat());
    command.env("SLACK_WEBHOOK_URL", slack.webhook("XXXXXXXX"));
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let posted: Vec<Vec<u8>> = slack.accepted().into_iter().map(|post| post.body).collect();
    let reports = run.reports();
    let shown: Vec<&[u8]> = reports.iter().flat_map(Report::bodies).map(str::as_bytes).collect();
    assert_eq!((posted.len(), posted), (1, shown.into_iter().map(<[u8]>::to_vec).collect()));
}

#[tokio::test(flavor = "multi_thread")]
async fn match_prints_the_lines_of_a_log_group_and_backtest_takes_all_that_a_star_fits() {
    let aws = FakeAws::start().await;
    aws.next(200, &page(1, &[line("502", "/a"), line("200", "/b")], None));
    let matched = run_on(&aws, &["match", "{ $.status = 5* }", "--log-group", GROUP]).await;
    assert_eq!((matched.code, matched.stdout), (Some(0), format!("{}\n", line("502", "/a"))));

    let group = |name: &str| json!({ "logGroupName": name });
    aws.next(200, &json!({ "logGroups": [group("/api/a"), group("/api/b"), group("/apis")] }));
    aws.next(200, &page(1, &[line("502", "/a")], None));
    aws.next(200, &page(2, &[line("502", "/a")], None));
    let tested = run_on(&aws, &["backtest", "--json", "--log-group", "/api/*"]).await;
    assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""));
    let found: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert_eq!(found["sources"], json!(["/api/a", "/api/b"]));
    assert_eq!(found["lines"]["server_errors"], 2);
    assert_eq!(found["slack"]["incidents"], 2, "each log group has an incident: {found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_without_log_events_is_a_result() {
    let aws = FakeAws::start().await;
    for arguments in [&["replay", "--log-group", GROUP][..], &["match", "x", "--log-group", GROUP]] {
        aws.next(200, &page(0, &[], None));
        let run = run_on(&aws, arguments).await;
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_named_with_what_is_missing() {
    let aws = FakeAws::start().await;
    for (code, group, words) in [
        (
            "AccessDeniedException",
            GROUP,
            "access denied: these credentials lack the permission logs:FilterLogEvents",
        ),
        (
            "AccessDeniedException",
            "/aws/*",
            "access denied: these credentials lack the permission logs:DescribeLogGroups",
        ),
        ("ResourceNotFoundException", GROUP, "there is no such log group in eu-west-1"),
    ] {
        aws.next(400, &refusal(code));
        let run = run_on(&aws, &["replay", "--log-group", group]).await;
        let expected = (Some(1), format!("statuswatch: {group}: {words}\n"));
        assert_eq!((run.code, run.stderr), expected);
    }
    // AWS says it twice: the provider is asked for newer credentials in between.
    aws.next(400, &refusal("ExpiredTokenException"));
    aws.next(400, &refusal("ExpiredTokenException"));
    let run = run_on(&aws, &["replay", "--log-group", GROUP]).await;
    let words = "the AWS credentials have expired: sign in again (`aws sso login`) or renew them";
    assert_eq!((run.code, run.stderr), (Some(1), format!("statuswatch: {GROUP}: {words}\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_deleted_midway_leaves_what_was_there() {
    let aws = FakeAws::start().await;
    aws.next(200, &page(1, &[line("502", "/a"), line("502", "/a")], Some("t")));
    aws.next(400, &refusal("ResourceNotFoundException"));
    let run = run_on(&aws, &["replay", "--json", "--log-group", GROUP]).await;
    let words = "the log group was deleted while it was read: only what was logged up to 2026-11-03T09:15:02Z is used";
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(1), format!("statuswatch: {GROUP}: {words}\n").as_str())
    );
    assert_eq!(run.reports()[0].count("matched"), 2);
}

#[test]
fn ctrl_c_ends_the_fetching_and_leaves_what_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.jsonl.zst");
    let (tell, receiver) = mpsc::channel::<u32>();
    // Answers the first request; at the second, presses Ctrl-C and never answers.
    let serving = std::thread::spawn(move || {
        let pid = Pid::from_raw(i32::try_from(receiver.recv().unwrap()).unwrap()).unwrap();
        let first = page(1, &[line("502", "/a")], Some("t")).to_string();
        let mut asked = 0;
        let mut held = Vec::new();
        while asked < 2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 16 * 1024];
            // Whatever is answered, it is asked with a small request.
            while asked < 2 && stream.read(&mut request).unwrap() > 0 {
                asked += 1;
                if asked == 1 {
                    let length = first.len();
                    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{first}").unwrap();
                } else {
                    kill_process(pid, Signal::INT).unwrap();
                }
            }
            held.push(stream);
        }
        held
    });
    let child = StdCommand::new(env!("CARGO_BIN_EXE_statuswatch"))
        .args(["replay", "--json", "--log-group", GROUP, "--save", path.to_str().unwrap()])
        .args(MINUTE)
        .env_clear()
        .envs([
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-west-1"),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tell.send(child.id()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(serving.join().unwrap());
    let words = "stopped: only what was logged up to 2026-11-03T09:15:01Z is used";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("statuswatch: {GROUP}: {words}\n"));
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("\"matched\":1"), "{stdout}");
    let saved = replay(&["--json", path.to_str().unwrap()]);
    assert_eq!(saved.reports()[0].count("matched"), 1);
}

/// What the log group has, then what arrives, also late; the same answer again and again adds nothing. Ctrl-C ends it
/// well, with the sums.
#[tokio::test(flavor = "multi_thread")]
async fn follow_goes_on_with_what_arrives_until_ctrl_c() {
    let event = |at_ms: i64, path: &str| json!({ "logStreamName": "s", "timestamp": at_ms, "message": line("502", path), "eventId": path });
    for command in [&["match", "{ $.status = 5* }"][..], &["replay"]] {
        let aws = FakeAws::start().await;
        let (polls, began) = (AtomicU32::new(0), OnceLock::new());
        aws.otherwise(move |call| {
            let asked = |name: &str| call.body[name].as_i64().unwrap();
            // The first request begins with the time that is asked for.
            let began_ms: i64 = *began.get_or_init(|| asked("startTime"));
            let mut events = vec![event(began_ms + 60_000, "/past"), event(began_ms + 240_000, "/now")];
            // It is followed where the end is in the future.
            let is_followed = asked("endTime") > began_ms + 3_600_000;
            if is_followed && polls.fetch_add(1, Ordering::SeqCst) > 0 {
                events.push(event(began_ms + 210_000, "/late"));
            }
            events.retain(|event| {
                (asked("startTime")..=asked("endTime")).contains(&event["timestamp"].as_i64().unwrap())
            });
            (200, json!({ "events": events }))
        });
        let mut child = StdCommand::new(env!("CARGO_BIN_EXE_statuswatch"))
            .args(command)
            .args(["--log-group", GROUP, "--since", "5m", "--follow"])
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
        let mut stdout = child.stdout.take().unwrap();
        let (shown, ended) = tokio::task::spawn_blocking(move || {
            let (mut shown, mut part) = (String::new(), [0; 4_096]);
            while !shown.contains("/late") {
                let length = stdout.read(&mut part).unwrap();
                assert!(length > 0, "it ended: {shown}");
                shown.push_str(std::str::from_utf8(&part[..length]).unwrap());
            }
            kill_process(pid, Signal::INT).unwrap();
            stdout.read_to_string(&mut shown).unwrap();
            (shown, child.wait_with_output().unwrap())
        })
        .await
        .unwrap();
        assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
        if command[0] == "match" {
            let lines = ["/past", "/now", "/late"].map(|path| line("502", path) + "\n");
            assert_eq!(shown, lines.concat());
        } else {
            assert!(shown.contains("In all: 3 lines · 3 errors in 3 messages"), "{shown}");
        }
    }
}

/// Nothing but what the files say is there: no variable names credentials, a Region or an endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_says_who_asks_where() {
    let aws = FakeAws::start().await;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.json");
    std::fs::write(&key, r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"secret"}"#).unwrap();
    let config = folder.path().join("config");
    let (url, key) = (aws.url(), key.display());
    std::fs::write(
        &config,
        format!(
            "[profile own]\nregion = eu-central-1\nservices = fake\ncredential_process = cat {key}\n\
             [services fake]\ncloudwatch_logs =\n  endpoint_url = {url}\n"
        ),
    )
    .unwrap();
    let ask = async |arguments: &[&str]| {
        let mut command = statuswatch(&[&["replay", "--log-group", GROUP], &MINUTE[..], arguments].concat());
        command
            .env("AWS_CONFIG_FILE", &config)
            .env("PATH", "/usr/bin:/bin")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        aws.calls().pop().unwrap().authorization
    };
    aws.next(200, &page(0, &[], None));
    let authorization = ask(&["--profile", "own"]).await;
    assert!(
        authorization.contains("AKIDPROCESS") && authorization.contains("/eu-central-1/logs/"),
        "{authorization}"
    );
    aws.next(200, &page(0, &[], None));
    let authorization = ask(&["--profile", "own", "--region", "eu-west-1"]).await;
    assert!(authorization.contains("/eu-west-1/logs/"), "{authorization}");
}

/// Keys of the environment would ask another account.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_profile_comes_before_credentials_in_the_environment() {
    let aws = FakeAws::start().await;
    aws.otherwise(|call| match call.path.as_str() {
        "/credentials" => (
            200,
            json!({ "AccessKeyId": "AKIDCONTAINER", "SecretAccessKey": "secret", "Token": "t", "Expiration": "2099-01-01T00:00:00Z" }),
        ),
        _ => (200, page(0, &[], None)),
    });
    let folder = tempfile::tempdir().unwrap();
    let (config, credentials) = (folder.path().join("config"), folder.path().join("credentials"));
    std::fs::write(&config, "[profile placed]\nregion = eu-central-1\n").unwrap();
    std::fs::write(&credentials, "[own]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n")
        .unwrap();
    let ask = async |profile: &[&str]| {
        let mut command = statuswatch(&[&["replay", "--log-group", GROUP], &MINUTE[..], profile].concat());
        command
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_SHARED_CREDENTIALS_FILE", &credentials)
            .env("AWS_ENDPOINT_URL", aws.url())
            .env("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/credentials", aws.url()))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "eu-west-1");
        tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap()
    };
    for (profile, key) in [
        (&[][..], "AKIDENVIRONMENT"),
        (&["--profile", "own"], "AKIDPROFILE"),
        // It says nothing of credentials.
        (&["--profile", "placed"], "AKIDCONTAINER"),
    ] {
        let run = ask(profile).await;
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        let authorization = aws.calls().pop().unwrap().authorization;
        assert!(authorization.contains(&format!("Credential={key}/")), "{authorization}");
    }
    let asked = aws.calls().len();
    let run = ask(&["--profile", "nosuch"]).await;
    let words = "statuswatch: --profile: there is no profile \"nosuch\" in AWS's configuration files\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), words));
    assert_eq!(aws.calls().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_variable_names_no_region() {
    let aws = FakeAws::start().await;
    aws.otherwise(|_| (200, page(0, &[], None)));
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "[default]\nregion = eu-central-1\n").unwrap();
    let ask = async |variables: &[(&str, &str)]| {
        let mut command = statuswatch(&[&["replay", "--log-group", GROUP], &MINUTE[..]].concat());
        command
            .env("AWS_ENDPOINT_URL", aws.url())
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "")
            .envs(variables.iter().copied());
        tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap()
    };
    let config = ("AWS_CONFIG_FILE", config.to_str().unwrap());
    for (variables, region) in [
        (&[config, ("AWS_DEFAULT_REGION", "")][..], "eu-central-1"),
        (&[config, ("AWS_DEFAULT_REGION", "eu-west-1")], "eu-west-1"),
    ] {
        let run = ask(variables).await;
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        let authorization = aws.calls().pop().unwrap().authorization;
        assert!(authorization.contains(&format!("/{region}/logs/")), "{authorization}");
    }
    let run = ask(&[]).await;
    let words = "statuswatch: no AWS Region: name it by --region, by AWS_REGION, or in the profile (`aws configure set region`)\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), words));
}

/// The provider of containers asks by the same HTTP client.
#[tokio::test(flavor = "multi_thread")]
async fn a_container_gets_its_credentials_from_its_agent() {
    let aws = FakeAws::start().await;
    aws.next(
        200,
        &json!({ "AccessKeyId": "AKIDCONTAINER", "SecretAccessKey": "secret", "Token": "t", "Expiration": "2099-01-01T00:00:00Z" }),
    );
    aws.next(200, &page(0, &[], None));
    let mut command = statuswatch(&[&["replay", "--log-group", GROUP], &MINUTE[..]].concat());
    command
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/credentials", aws.url()))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token of the agent")
        .env("AWS_ENDPOINT_URL", aws.url())
        .env("AWS_REGION", "eu-west-1");
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let calls = aws.calls();
    assert_eq!(calls[0].authorization, "token of the agent");
    assert!(calls[1].authorization.contains("AKIDCONTAINER"), "{calls:?}");
}

#[test]
fn what_cannot_be_asked_for_is_a_usage_error() {
    const ELEVEN: [&str; 22] = [
        "--log-group",
        "a",
        "--log-group",
        "b",
        "--log-group",
        "c",
        "--log-group",
        "d",
        "--log-group",
        "e",
        "--log-group",
        "f",
        "--log-group",
        "g",
        "--log-group",
        "h",
        "--log-group",
        "i",
        "--log-group",
        "j",
        "--log-group",
        "k",
    ];
    let too_many = [&["--follow", "--live-tail"][..], &ELEVEN].concat();
    for (arguments, words) in [
        (&["--log-group", "g", "--since", "yesterday"][..], "not a moment such as"),
        (&["--log-group", "g", "--since", "1m", "--until", "2m"], "--since must be before --until"),
        (&["--save", "x.jsonl", "README.md"], "--log-group"),
        (&["--log-group", "g", "--live-tail"], "--follow"),
        (&too_many, "--live-tail takes at most 10 log groups, not 11"),
        (&["--save", "x.jsonl", "--log-group", "g", "--log-group", "h"], "--save keeps one log group"),
    ] {
        let run = run(&mut signed_in("http://127.0.0.1:9", &[&["replay"], arguments].concat()));
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    let run = run(statuswatch(&["replay", "--log-group", "g"]).env("AWS_EC2_METADATA_DISABLED", "true"));
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("no AWS Region"), "{}", run.stderr);
}
