//! `replay --deliver`: what it posts to a fake Slack, over real HTTP, and what it says of what is not accepted.

use insta::assert_snapshot;

use crate::fake_slack::{Answer, FakeSlack};
use crate::fixtures::bytes;
use crate::replayed::{Report, Run, replay, run, statuswatch};

const ONE_ERROR: &str = "fixtures/02-one-error.json";
const FEW_ERRORS: &str = "fixtures/03-a-few-errors.json";
const NOISE: &str = "fixtures/rules/scanner-noise.json";

/// Runs it beside the fake Slack, which needs this thread's runtime.
async fn deliver(slack: &FakeSlack, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = statuswatch(&[&["replay", "--deliver"], arguments].concat());
    command.env("SLACK_WEBHOOK_URL", slack.webhook("XXXXXXXX")).envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn deliver_posts_the_very_bodies_that_json_shows() {
    let slack = FakeSlack::start().await;
    let run = deliver(&slack, &["--json", FEW_ERRORS, "fixtures/07-kinesis-event.json"], &[]).await;
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let posted: Vec<Vec<u8>> = slack.accepted().into_iter().map(|post| post.body).collect();
    let reports = run.reports();
    let shown: Vec<&[u8]> = reports.iter().flat_map(Report::bodies).map(str::as_bytes).collect();
    assert_eq!((posted.len(), posted), (2, shown.into_iter().map(<[u8]>::to_vec).collect()));
    replay(&[FEW_ERRORS]);
    assert_eq!(slack.posts().len(), 2, "nothing is posted without --deliver");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliver_posts_what_the_function_would_with_the_same_environment() {
    let slack = FakeSlack::start().await;
    let rules = String::from_utf8(bytes(NOISE)).unwrap();
    let environment = [
        ("STATUSWATCH_REDACT", "ip"),
        ("STATUSWATCH_RULES", rules.as_str()),
        ("SLACK_TEXT", "エラーを検知しました"),
        ("SLACK_COLOR", "#1E90FF"),
    ];
    let run = deliver(&slack, &["--json", FEW_ERRORS], &environment).await;
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let post = slack.posts().remove(0);
    assert!(post.text().starts_with("エラーを検知しました <!here> 2 errors"), "{}", post.text());
    let body = String::from_utf8(post.body).unwrap();
    assert!(body.contains("\"color\":\"#1E90FF\"") && !body.contains("203.0.113.7"), "{body}");

    let run = deliver(&slack, &[FEW_ERRORS], &[("STATUSWATCH_RULES", "ssm:/rules")]).await;
    assert_eq!(run.code, Some(2));
    assert_eq!(slack.posts().len(), 1);
}

/// Every delivery is a message here, so that nothing is deferred until enough came.
#[tokio::test(flavor = "multi_thread")]
async fn deliver_masks_as_the_function_does_and_shows_runbooks() {
    let slack = FakeSlack::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line.json");
    let line =
        r#"{"status":"502","httpMethod":"GET","resourcePath":"/a","apiKey":"QxZq-1234","user":"anna"}"#;
    std::fs::write(&path, format!("{line}\n{line}\n")).unwrap();
    let path = path.to_str().unwrap();
    let rules = r#"{"rules":[{"name":"5xx","status":"5xx","action":"notify",
        "at_least":{"count":5,"within":"1m"},"runbook":"https://wiki.example.com/orders"}]}"#;
    for (arguments, redact, hidden) in [
        (&[path][..], "", [true, false]),
        (&[path], "user", [true, true]),
        (&[path, "--redact", "none,user"], "", [false, true]),
    ] {
        let environment = [("STATUSWATCH_RULES", rules), ("STATUSWATCH_REDACT", redact)];
        let run = deliver(&slack, arguments, &environment).await;
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        let body = String::from_utf8(slack.posts().pop().unwrap().body).unwrap();
        assert_eq!(["QxZq", "anna"].map(|secret| !body.contains(secret)), hidden, "{body}");
        assert!(
            body.contains(r#"{"type":"link","url":"https://wiki.example.com/orders","text":"runbook"}"#),
            "{body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_slack_does_not_accept_is_told_and_the_rest_is_posted() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::new(404, "no_service"));
    let run = deliver(&slack, &["--json", FEW_ERRORS, ONE_ERROR], &[]).await;
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.starts_with(&format!("statuswatch: {FEW_ERRORS}: message ")), "{}", run.stderr);
    assert!(run.stderr.contains("404") && run.stderr.contains("no_service"), "{}", run.stderr);
    let counts =
        |report: &Report| ["matched", "shown", "counted", "failed", "posted"].map(|name| report.count(name));
    let reports = run.reports();
    assert_eq!((counts(&reports[0]), counts(&reports[1])), ([3, 0, 0, 3, 0], [1, 1, 0, 0, 1]));
    assert_eq!(slack.accepted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_readable_line_posts_nothing_and_does_not_keep_others_back() {
    let slack = FakeSlack::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failures.json");
    let path = path.to_str().unwrap();
    let alarm = bytes("fixtures/alarms/sns-metric-alarm.json");
    std::fs::write(path, [bytes("fixtures/other-logs/vpc-flow-log.json"), alarm.clone()].concat()).unwrap();
    let counts = |run: &Run| ["unreadable", "posted", "alarms"].map(|name| run.reports()[0].count(name));
    let named = deliver(&slack, &["--json", path], &[]).await;
    assert_eq!((named.code, counts(&named)), (Some(1), [2, 1, 1]));
    assert!(named.stderr.contains("no line that was pushed is an access log"), "{}", named.stderr);
    let allowed = deliver(&slack, &["--json", "--allow-unreadable", path], &[]).await;
    assert_eq!((allowed.code, allowed.stderr.as_str(), counts(&allowed)), (Some(0), "", [2, 1, 1]));
    assert_eq!(slack.accepted().len(), 2, "the alarm, each time");

    std::fs::write(path, [b"no access log\n", alarm.as_slice()].concat()).unwrap();
    let refused = deliver(&slack, &["--json", path], &[]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert_eq!(slack.accepted().len(), 2, "of an input that is no recording of an API nothing is posted");
}

#[test]
fn deliver_without_a_usable_environment_lists_every_fault() {
    let mut command = statuswatch(&["replay", "--deliver", FEW_ERRORS]);
    command.envs([("STATUSWATCH_MAXLINES", "5"), ("SLACK_COLOR", "red"), ("STATUSWATCH_RULES", "{}")]);
    let run = run(&mut command);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert_snapshot!(run.stderr);
}
