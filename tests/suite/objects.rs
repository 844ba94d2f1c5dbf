//! `s3://bucket/prefix`: replay, backtest and match on objects that the command line reads itself, from a fake S3 over
//! real HTTP.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::fake_s3::{FakeS3, refusal};
use crate::fixtures::{bytes, gzip};
use crate::replayed::{Run, replay, run, statuswatch};

async fn run_on(s3: &FakeS3, arguments: &[&str]) -> Run {
    let mut command = statuswatch(arguments);
    command
        .env("AWS_ENDPOINT_URL", s3.url())
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "QxZq-secret")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert!(!format!("{run:?}").contains("QxZq") && !run.stderr.contains("the words of S3"), "{run:?}");
    run
}

fn line(minute: u32, status: u32) -> String {
    json!({ "requestId": format!("r{minute}"), "httpMethod": "GET", "resourcePath": "/a", "status": status.to_string(), "requestTime": format!("03/Nov/2026:09:{minute:02}:00 +0000") })
        .to_string()
}

/// What a subscription delivers, as Firehose is given it: compressed, and nothing behind it.
fn subscription_message(minute: u32, status: u32) -> Vec<u8> {
    let at_ms = 1_793_696_400_000_u64 + u64::from(minute) * 60_000;
    let message = json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/apigateway/orders", "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": [{ "id": format!("e{minute}"), "timestamp": at_ms, "message": line(minute, status) }],
    });
    gzip(message.to_string().as_bytes())
}

fn sources(run: &Run) -> Vec<String> {
    run.reports().into_iter().map(|report| report.source).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_read_stream_by_stream_and_what_is_no_log_in_it_is_not() {
    let lines = bytes("fixtures/exports/s3-export.log");
    let s3 = FakeS3::start([
        ("exports/aws-logs-write-test", b"Permission Check Successful".to_vec()),
        ("exports/0f3a/s-2/000000.gz", bytes("fixtures/exports/s3-export.log.zst")),
        ("exports/0f3a/s-1/000001.gz", gzip(&lines)),
        ("exports/0f3a/s-1/000000.gz", lines.clone()),
        ("exports/0f3a/s 3&größer/000000.gz", lines.clone()),
        ("exports/0f3a/empty.gz", Vec::new()),
        ("other/000000.gz", lines),
    ])
    .await
    .paged(2);
    let replayed = run_on(&s3, &["replay", "--json", "s3://logs/exports/"]).await;
    assert_eq!((replayed.code, replayed.stderr.as_str()), (Some(0), ""));
    let expected = ["s 3&größer/000000.gz", "s-1/000000.gz", "s-1/000001.gz", "s-2/000000.gz"];
    assert_eq!(sources(&replayed), expected.map(|key| format!("s3://logs/exports/0f3a/{key}")));
    assert!(replayed.reports().iter().all(|report| report.count("received") == 2));
    assert!(s3.asked().iter().all(|asked| asked.authorization.contains("/eu-west-1/s3/aws4_request")));

    let local = replay(&["--json", "--region", "eu-west-1", "fixtures/exports/s3-export.log"]);
    assert_eq!(replayed.reports()[1].bodies(), local.reports()[0].bodies());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_firehose_wrote_is_read_in_the_order_of_time() {
    let both = [subscription_message(20, 502), subscription_message(21, 404)].concat();
    let s3 = FakeS3::start([
        // As Firehose writes it, compressed once more, and under a prefix of its own.
        ("a/2026/11/03/09/z-1-2026-11-03-09-20-00-0f3a.gz", gzip(&both)),
        ("a/2026/11/03/09/y-1-2026-11-03-09-30-00-0f3a", subscription_message(30, 500)),
        ("a/year=2026/month=11/day=03/hour=09/minute=10/x", subscription_message(10, 503)),
    ])
    .await;
    let replayed = run_on(&s3, &["replay", "--json", "s3://logs/a"]).await;
    assert_eq!((replayed.code, replayed.stderr.as_str()), (Some(0), ""));
    let reports = replayed.reports();
    let order: Vec<&str> = reports.iter().map(|report| report.source.rsplit('/').next().unwrap()).collect();
    assert_eq!(order, ["x", "z-1-2026-11-03-09-20-00-0f3a.gz", "y-1-2026-11-03-09-30-00-0f3a"]);
    assert_eq!(reports.iter().map(|report| report.count("matched")).collect::<Vec<_>>(), [1, 2, 1]);

    let tested = run_on(&s3, &["backtest", "--json", "s3://logs/a"]).await;
    assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""));
    let found: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert_eq!((&found["lines"]["server_errors"], &found["lines"]["client_errors"]), (&json!(3), &json!(1)));

    let matched = run_on(&s3, &["match", "{ $.status = 5* }", "s3://logs/a"]).await;
    assert_eq!(matched.stdout, format!("{}\n{}\n{}\n", line(10, 503), line(20, 502), line(30, 500)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_cannot_change_the_look_of_a_terminal() {
    let s3 = FakeS3::start([("a/\u{9b}31m\u{202e}.log", line(1, 502).into())]).await;
    for output in [&[][..], &["--json"]] {
        let run = run_on(&s3, &[&["replay", "s3://logs/a/"], output].concat()).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.contains("s3://logs/a/\u{fffd}31m\u{fffd}.log"), "{run:?}");
        assert!(!run.stdout.contains(['\u{9b}', '\u{202e}']), "{run:?}");
    }
}

/// An object of several parts, which no compressor makes small.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_is_read_in_parts_and_comes_to_the_same_as_the_file() {
    let mut lines = String::new();
    for number in 0..20_000_u64 {
        let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let status = if number.is_multiple_of(1_000) { 502 } else { 200 };
        writeln!(lines, "{{\"requestId\":\"{id:016x}\",\"status\":\"{status}\",\"resourcePath\":\"/a\",\"latency\":\"{id}\",\"requestTime\":\"03/Nov/2026:09:{:02}:00 +0000\"}}", number / 400).unwrap();
    }
    let s3 = FakeS3::start([("big.log", lines.clone().into_bytes())]).await;
    let remote = run_on(&s3, &["match", "{ $.status = 5* }", "s3://logs/big.log"]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.log");
    std::fs::write(&path, &lines).unwrap();
    let local = run(&mut statuswatch(&["match", "{ $.status = 5* }", path.to_str().unwrap()]));
    assert_eq!((remote.code, remote.stderr.as_str(), &remote.stdout), (Some(0), "", &local.stdout));
    assert_eq!(remote.stdout.lines().count(), 20);
    let parts: HashSet<String> =
        s3.asked().into_iter().filter(|asked| !asked.key.is_empty()).map(|asked| asked.range).collect();
    assert_eq!(parts.len(), lines.len().div_ceil(1024 * 1024), "{parts:?}");
}

/// The first object is answered when the second one has been asked for.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_objects_are_on_their_way_while_one_is_read() {
    let mut is_second_asked_for = false;
    let s3 = FakeS3::start([("a/1.log", line(1, 502).into()), ("a/2.log", line(2, 502).into())])
        .await
        .answering(move |asked, _| {
            is_second_asked_for |= asked.key == "a/2.log";
            // Worth another try until then.
            (asked.key == "a/1.log" && !is_second_asked_for).then(|| (503, refusal("SlowDown")))
        });
    let matched = run_on(&s3, &["match", "{ $.status = 5* }", "s3://logs/a/"]).await;
    assert_eq!((matched.code, matched.stderr.as_str()), (Some(0), ""));
    assert_eq!(matched.stdout, format!("{}\n{}\n", line(1, 502), line(2, 502)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_named_with_what_is_missing() {
    for (of_list, status, code, words) in [
        (
            true,
            403,
            "AccessDenied",
            "access denied: these credentials lack the permission s3:ListBucket, or the bucket's policy refuses them",
        ),
        (
            false,
            403,
            "AccessDenied",
            "access denied: these credentials lack the permission s3:GetObject, or the bucket's policy refuses them",
        ),
        (true, 404, "NoSuchBucket", "there is no such bucket"),
        (false, 404, "NoSuchKey", "the object was deleted since it was listed"),
        (
            false,
            403,
            "InvalidObjectState",
            "the object is archived (Glacier or Deep Archive): restore it first",
        ),
        (
            true,
            400,
            "ExpiredToken",
            "the AWS credentials have expired: sign in again (`aws sso login`) or renew them",
        ),
        (
            true,
            403,
            "SignatureDoesNotMatch",
            "AWS does not accept these credentials: look at the profile, and at this machine's clock",
        ),
    ] {
        let s3 = FakeS3::start([("a/1.log", line(1, 502).into())])
            .await
            .answering(move |asked, _| (asked.key.is_empty() == of_list).then(|| (status, refusal(code))));
        for command in [&["replay"][..], &["backtest"], &["match", "x"]] {
            let run = run_on(&s3, &[command, &["s3://logs/a/"]].concat()).await;
            let place = if of_list { "s3://logs/a/" } else { "s3://logs/a/1.log" };
            assert_eq!(run.code, Some(1), "{code}");
            let is_named = run.stderr.lines().any(|line| {
                line.starts_with(&format!("statuswatch: {place}: ")) && line.ends_with(&format!(": {words}"))
            });
            assert!(is_named, "{code}: {}", run.stderr);
        }
    }
    let s3 =
        FakeS3::start([("a/.hidden", b"x".to_vec()), ("a/b//c", b"x".to_vec()), ("tab/a\tb", b"x".to_vec())])
            .await;
    for (url, words) in [
        ("s3://logs/x", "no object below it"),
        ("s3://logs/a/.", "no object below it"),
        (
            "s3://logs/a/b",
            "a key below it has an empty part (//), . or .. as a part, or a control character, which cannot be read from here: copy the object",
        ),
        (
            "s3://logs/tab",
            "a key below it has an empty part (//), . or .. as a part, or a control character, which cannot be read from here: copy the object",
        ),
        ("s3://", "not a place in S3 such as s3://bucket/prefix"),
    ] {
        let run = run_on(&s3, &["replay", url]).await;
        assert_eq!((run.code, run.stderr), (Some(1), format!("statuswatch: {url}: {words}\n")));
    }
}

/// Its parts are of one object or there is an error: never of two.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_written_anew_while_it_is_read_is_named() {
    let lines: String = (0..30_000).map(|_| line(1, 502) + "\n").collect();
    let s3 = FakeS3::start([("a.log", lines.into_bytes())]).await.answering(|asked, contents| {
        if asked.range.starts_with("bytes=1048576-") {
            contents.get_mut("a.log").unwrap()[0] = b' ';
        }
        None
    });
    let replayed = run_on(&s3, &["replay", "--json", "s3://logs/a.log"]).await;
    let words = "statuswatch: s3://logs/a.log: the object was written anew while it was read\n";
    assert_eq!((replayed.code, replayed.stderr.as_str()), (Some(1), words));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_never_ends_is_an_error() {
    for is_the_same in [true, false] {
        let mut pages = 0;
        let s3 = FakeS3::start([]).await.answering(move |_, _| {
            pages += 1;
            let token = if is_the_same { 0 } else { pages };
            Some((200, format!("<ListBucketResult><NextContinuationToken>t{token}</NextContinuationToken></ListBucketResult>")))
        });
        let run = run_on(&s3, &["replay", "s3://logs/a/"]).await;
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(1), "statuswatch: s3://logs/a/: the list of objects does not end\n")
        );
    }
}
