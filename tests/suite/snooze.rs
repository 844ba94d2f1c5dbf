//! `statuswatch snooze` from outside: what it writes into the table, what it says, and how it fails.

use assert_cmd::Command;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fake_aws::FakeAws;

const GROUP: &str = "/aws/apigateway/orders";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Exit code, standard output and standard error, without the clap's usage.
async fn run(url: &str, arguments: &[&str]) -> (i32, String, String) {
    run_with(url, arguments, &[("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", KEY)]).await
}

/// The same with other variables of AWS's.
async fn run_with(url: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    command.arg("snooze").args(arguments).env_clear().envs(variables.iter().copied());
    command.env("AWS_ENDPOINT_URL_DYNAMODB", url).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains(KEY) && !err.contains(KEY), "{out}{err}");
    (output.status.code().unwrap(), out, err)
}

fn usual<'a>(further: &[&'a str]) -> Vec<&'a str> {
    [&["--table", "statuswatch-state", "--region", "eu-west-1", "--group", GROUP], further].concat()
}

/// A table that takes it: reading, the list, the entry, and no marker.
async fn table(head: &Value) -> FakeAws {
    let aws = FakeAws::start().await;
    for answer in [head, &json!({}), &json!({}), &json!({})] {
        aws.next(200, answer);
    }
    aws
}

fn nothing() -> Value {
    json!({ "Items": [], "Count": 0 })
}

#[tokio::test]
async fn it_writes_an_entry_into_the_journal_of_the_incident_and_says_until_when() {
    let head = json!({ "Items": [{ "pk": { "S": "x" }, "sk": { "S": "head" }, "v": { "N": "2" }, "b": { "B": "AQ==" } }] });
    for (destination, pk) in [("default", "incident#7#default#"), ("orders", "incident#6#orders#")] {
        let aws = table(&head).await;
        let (code, out, err) = run(&aws.url(), &usual(&["--for", "2h", "--destination", destination])).await;
        assert_eq!((code, err.as_str()), (0, ""));
        let until = out.strip_prefix("/aws/apigateway/orders: snoozed until ").unwrap();
        assert!(until.ends_with(" UTC, still counted; notices of alarms are posted all the same\n"), "{out}");
        let calls = aws.calls();
        let targets: Vec<&str> =
            calls.iter().map(|call| call.target.strip_prefix("DynamoDB_20120810.").unwrap()).collect();
        assert_eq!(targets, ["Query", "PutItem", "PutItem", "GetItem"]);
        assert!(calls.iter().all(|call| call.authorization.contains("/eu-west-1/dynamodb/aws4_request")));
        let (listed, entry) = (&calls[1].body["Item"], &calls[2].body["Item"]);
        assert_eq!((&listed["pk"]["S"], &listed["sk"]["S"]), (&json!("incidents"), &entry["pk"]["S"]));
        assert_eq!(entry["pk"]["S"], format!("{pk}{GROUP}"));
        assert!(entry["sk"]["S"].as_str().unwrap().starts_with("journal#"));
        assert_eq!(calls[2].body["TableName"], "statuswatch-state");
        let body = STANDARD.decode(entry["b"]["B"].as_str().unwrap()).unwrap();
        assert_eq!(body[0], b'S');
    }
}

#[tokio::test]
async fn a_profile_says_who_asks_where_unless_the_region_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let text = format!(
        "[profile ops]\nregion = eu-central-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {KEY}\n"
    );
    std::fs::write(&config, text).unwrap();
    let variables = [("AWS_CONFIG_FILE", config.to_str().unwrap()), ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")];
    let variables = [&variables[..], &[("AWS_SECRET_ACCESS_KEY", KEY)]].concat();
    let of_account = "arn:aws:dynamodb:us-east-1:123456789012:table/statuswatch-state";
    for (table_of, named, region) in [
        ("statuswatch-state", &[][..], "eu-central-1"),
        ("statuswatch-state", &["--region", "eu-west-1"], "eu-west-1"),
        (of_account, &["--region", "eu-west-1"], "us-east-1"),
    ] {
        let aws = table(&nothing()).await;
        let asked = ["--table", table_of, "--group", GROUP, "--for", "2h", "--profile", "ops"];
        let (code, _, err) = run_with(&aws.url(), &[&asked, named].concat(), &variables).await;
        assert_eq!(code, 0, "{err}");
        let scope = format!("/{region}/dynamodb/aws4_request");
        assert!(aws.calls().iter().all(|call| {
            call.authorization.contains("AKIDPROFILE/") && call.authorization.contains(&scope)
        }));
    }
    let aws = FakeAws::start().await;
    let (code, _, err) = run(&aws.url(), &usual(&["--for", "2h", "--profile", "nosuch"])).await;
    assert_eq!((code, aws.calls().len()), (2, 0));
    assert!(err.starts_with("statuswatch: --profile: there is no profile \"nosuch\""), "{err}");
    let (code, _, err) = run_with(&aws.url(), &usual(&["--for", "2h"]), &[]).await;
    assert_eq!((code, aws.calls().len()), (2, 0));
    assert!(err.starts_with("statuswatch: no AWS credentials: sign in"), "{err}");
}

#[tokio::test]
async fn an_unknown_log_group_is_snoozed_and_pointed_out_and_off_ends_it() {
    let aws = table(&nothing()).await;
    let (code, _, err) = run(&aws.url(), &usual(&["--for", "90m"])).await;
    assert_eq!(code, 0);
    assert!(err.starts_with("statuswatch: nothing is known of that log group"), "{err}");
    // Who may not read is not told.
    let aws = FakeAws::start().await;
    aws.next(400, &json!({ "__type": "com.amazon.coral.service#AccessDeniedException" }));
    for _ in 0..3 {
        aws.next(200, &json!({}));
    }
    let (code, out, err) = run(&aws.url(), &usual(&["--off"])).await;
    assert_eq!((code, out.as_str(), err.as_str()), (0, "/aws/apigateway/orders: not snoozed\n", ""));
}

#[tokio::test]
async fn what_the_table_refuses_is_said_with_what_to_do() {
    let of = |code: &str, message: &str| json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message });
    for (answer, expected) in [
        (
            of("AccessDeniedException", KEY),
            "these credentials may not call dynamodb:PutItem on the state table",
        ),
        (
            of("ResourceNotFoundException", "CANARY"),
            "there is no such table in that Region: check --table and --region",
        ),
        (
            of("ValidationException", "CANARY"),
            "the table is none of statuswatch's: it needs the string keys pk and sk",
        ),
        (of("UnrecognizedClientException", "CANARY"), "AWS does not take these credentials"),
    ] {
        let aws = FakeAws::start().await;
        aws.next(200, &nothing());
        aws.next(400, &answer);
        let (code, out, err) = run(&aws.url(), &usual(&["--for", "2h"])).await;
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.starts_with(&format!("statuswatch: {expected}")) && !err.contains("CANARY"), "{err}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_asked() {
    let aws = FakeAws::start().await;
    for (arguments, expected) in [
        (usual(&["--for", "59s"]), "of a minute to seven days"),
        (usual(&["--for", "8d"]), "of a minute to seven days"),
        (usual(&["--for", "99999999999999999999d"]), "of a minute to seven days"),
        (usual(&["--for", "2"]), "not a time such as 30m, 2h or 1d"),
        (usual(&["--for", "2h", "--off"]), "cannot be used with"),
        (usual(&[]), "required arguments were not provided"),
        (
            vec!["--table", "t-1", "--region", "eu-west-1", "--for", "2h", "--group", "arn:aws:logs:x"],
            "no ARN",
        ),
        (
            vec!["--table", "t-1", "--region", "eu-west-1", "--for", "2h", "--group", "a b"],
            "not the name of a log group",
        ),
        (
            vec!["--table", "x y", "--region", "eu-west-1", "--for", "2h", "--group", GROUP],
            "is neither the name nor the ARN",
        ),
        (vec!["--table", "state", "--for", "2h", "--group", GROUP], "no AWS Region: name it by --region"),
        (
            vec!["--table", "state", "--region", "Ireland", "--for", "2h", "--group", GROUP],
            "is no Region such as eu-west-1",
        ),
        (vec!["--for", "2h", "--region", "eu-west-1", "--group", GROUP], "--table <TABLE>"),
    ] {
        let (code, out, err) = run(&aws.url(), &arguments).await;
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
    assert_eq!(aws.calls().len(), 0);
}
