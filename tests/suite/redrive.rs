//! `redrive`: what it posts of a failure queue, what it deletes and what it leaves, over real HTTP.

use std::sync::{Arc, Mutex, MutexGuard};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::fake_aws::{Call, FakeAws};
use crate::fake_s3::{BUCKET, FakeS3};
use crate::fake_slack::{Answer, FakeSlack};
use crate::fixtures::{bytes, event_of};
use crate::replayed::{Run, run, statuswatch};

const QUEUE: &str = "watch-failures";

/// A queue whose messages are hidden once they are received, and shown again when they are given back.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    /// The operation that is denied.
    denied: Option<&'static str>,
    redrive_policy: Option<Value>,
}

struct Message {
    id: String,
    body: String,
    is_hidden: bool,
}

impl Queue {
    fn new(bodies: &[String]) -> Self {
        let messages = (1..).zip(bodies).map(|(number, body): (u32, _)| Message {
            id: format!("id-{number}"),
            body: body.clone(),
            is_hidden: false,
        });
        Self(Arc::new(Mutex::new(State { messages: messages.collect(), ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The ids of what is left, all of which anybody can receive.
    fn left(&self) -> Vec<String> {
        let state = self.state();
        assert!(state.messages.iter().all(|message| !message.is_hidden), "not given back");
        state.messages.iter().map(|message| message.id.clone()).collect()
    }

    async fn serve(&self) -> FakeAws {
        let aws = FakeAws::start().await;
        let queue = self.clone();
        aws.otherwise(move |call| queue.answer(call));
        aws
    }

    fn answer(&self, call: &Call) -> (u16, Value) {
        let mut state = self.state();
        let operation = call.target.strip_prefix("AmazonSQS.").unwrap();
        if state.denied == Some(operation) {
            let code = "com.amazon.coral.service#AccessDeniedException";
            return (400, json!({ "__type": code, "message": "the words of AWS" }));
        }
        let of_receipt =
            |receipt: &Value| receipt.as_str().unwrap().strip_prefix("receipt of ").unwrap().to_owned();
        let answer = match operation {
            "GetQueueUrl" => {
                json!({ "QueueUrl": format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{}", call.body["QueueName"].as_str().unwrap()) })
            }
            "GetQueueAttributes" => {
                let hidden = state.messages.iter().filter(|message| message.is_hidden).count();
                let mut attributes = json!({
                    "ApproximateNumberOfMessages": (state.messages.len() - hidden).to_string(),
                    "ApproximateNumberOfMessagesNotVisible": hidden.to_string(),
                    "ApproximateNumberOfMessagesDelayed": "0",
                });
                if let Some(policy) = &state.redrive_policy {
                    attributes["RedrivePolicy"] = policy.to_string().into();
                }
                json!({ "Attributes": attributes })
            }
            "ReceiveMessage" => {
                let waiting = state.messages.iter_mut().filter(|message| !message.is_hidden).take(10);
                let found = waiting.map(|message| {
                    message.is_hidden = true;
                    let receipt = format!("receipt of {}", message.id);
                    let attributes = json!({ "SentTimestamp": "1605679992568" });
                    json!({ "MessageId": message.id, "ReceiptHandle": receipt, "Body": message.body, "Attributes": attributes })
                });
                json!({ "Messages": found.collect::<Vec<_>>() })
            }
            "DeleteMessage" => {
                let id = of_receipt(&call.body["ReceiptHandle"]);
                state.messages.retain(|message| message.id != id);
                json!({})
            }
            "ChangeMessageVisibilityBatch" => {
                for entry in call.body["Entries"].as_array().unwrap() {
                    let id = of_receipt(&entry["ReceiptHandle"]);
                    let message = state.messages.iter_mut().find(|message| message.id == id).unwrap();
                    message.is_hidden = entry["VisibilityTimeout"] != 0;
                }
                json!({ "Successful": [], "Failed": [] })
            }
            other => panic!("{other} is not asked"),
        };
        (200, answer)
    }
}

/// What Lambda puts into the queue of a delivery that it gave up.
fn record(event: &[u8]) -> String {
    let mut record: Value = serde_json::from_slice(&bytes("fixtures/17-failure-record.json")).unwrap();
    record["requestPayload"] = serde_json::from_slice(event).unwrap();
    record.to_string()
}

/// The event of a delivery with one error.
fn event(path: &str) -> Vec<u8> {
    let line = json!({ "requestId": path, "httpMethod": "GET", "resourcePath": path, "status": "502" });
    let events = json!([{ "id": path, "timestamp": 1_605_679_992_568_i64, "message": line.to_string() }]);
    let message = json!({ "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g", "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": events });
    event_of(message.to_string().as_bytes())
}

async fn redrive(aws: &FakeAws, slack: Option<&FakeSlack>, arguments: &[&str]) -> Run {
    redrive_at(&aws.url(), slack, arguments).await
}

async fn redrive_at(endpoint: &str, slack: Option<&FakeSlack>, arguments: &[&str]) -> Run {
    let mut command = statuswatch(&[&["redrive"], arguments].concat());
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "QxZq-secret")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    if let Some(slack) = slack {
        command.env("SLACK_WEBHOOK_URL", slack.webhook("QxZqXXXX"));
    }
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert!(!format!("{run:?}").contains("QxZq"), "{run:?}");
    run
}

/// The calls of SQS in their order, without their targets' prefix.
fn operations(aws: &FakeAws) -> Vec<String> {
    aws.calls().iter().map(|call| call.target.replace("AmazonSQS.", "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_messages_and_leaves_the_queue_as_it_was() {
    let bodies = [record(&event("/a")), "what somebody else put there".to_owned()];
    let queue = Queue::new(&bodies);
    queue.state().redrive_policy = Some(json!({ "maxReceiveCount": 5 }));
    let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
    let run = redrive(&aws, Some(&slack), &["--queue", QUEUE]).await;
    assert_eq!(run.code, Some(1), "one cannot be read");
    assert_snapshot!("dry", format!("{}---\n{}", run.stdout, run.stderr));
    assert_eq!((queue.left(), slack.posts().len()), (vec!["id-1".to_owned(), "id-2".to_owned()], 0));
    assert!(!operations(&aws).contains(&"DeleteMessage".to_owned()));
    assert!(aws.calls().iter().all(|call| call.authorization.contains("/eu-west-1/sqs/aws4_request")));
}

#[tokio::test(flavor = "multi_thread")]
async fn deliver_posts_each_delivery_once_deletes_it_and_goes_on_behind_a_poisoned_record() {
    let stream = json!({ "requestContext": {}, "KinesisBatchInfo": { "shardId": "shardId-000000000000" } });
    let bodies = [
        record(br#"{"awslogs":{"data":"H4sIAAAA"}}"#),
        record(&event("/a")),
        // As a dead-letter queue holds it: the event itself. Lambda's own queue delivers at least once.
        String::from_utf8(event("/a")).unwrap(),
        "{\"awslogs\":".to_owned(),
        record(&bytes("fixtures/16-lambda-event.json")),
        stream.to_string(),
        String::new(),
        record(&event_of(&bytes("fixtures/01-quiet-batch.json"))),
    ];
    let queue = Queue::new(&bodies);
    let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
    let run = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--deliver"]).await;
    assert_eq!(run.code, Some(1));
    assert_snapshot!("delivered", format!("{}---\n{}", run.stdout, run.stderr));
    assert_eq!(queue.left(), ["id-1", "id-4", "id-6", "id-7"]);
    assert_eq!(slack.accepted().len(), 2, "the delivery that is there twice is posted once");

    let again = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--deliver"]).await;
    assert_eq!((again.code, slack.posts().len(), queue.left().len()), (Some(1), 2, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_slack_does_not_accept_stays_and_the_others_are_delivered() {
    let queue = Queue::new(&["/a", "/b", "/c"].map(|path| record(&event(path))));
    let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
    // Once for the message, once for its plain text.
    slack.next(Answer::new(400, "invalid_blocks"));
    slack.next(Answer::new(400, "invalid_payload"));
    let run = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--deliver"]).await;
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("record id-1: message ") && run.stderr.contains("not delivered"), "{run:?}");
    let sums = "In all: 3 records · 2 redriven and deleted · 1 not accepted\nLeft in watch-failures: about 1 record\n";
    assert!(run.stdout.ends_with(sums), "{run:?}");
    assert_eq!((queue.left(), slack.accepted().len()), (vec!["id-1".to_owned()], 2));

    // What was not accepted is not taken for told.
    let run = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--deliver"]).await;
    assert_eq!((run.code, queue.left().len(), slack.accepted().len()), (Some(0), 0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_accepts_nothing_ends_the_run_and_all_of_the_queue_is_given_back() {
    let queue = Queue::new(&["/a", "/b", "/c", "/d", "/e"].map(|path| record(&event(path))));
    let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
    slack.otherwise(|_| Answer::new(403, "invalid_token"));
    let run = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--deliver"]).await;
    assert_eq!((run.code, slack.posts().len(), queue.left().len()), (Some(1), 3, 5));
    assert!(run.stderr.ends_with("stopped: 3 records in a row were not accepted\n"), "{run:?}");
    assert!(run.stdout.ends_with("3 not accepted\nLeft in watch-failures: about 5 records\n"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_names_the_permission_and_nothing_is_posted_twice_for_it() {
    for (operation, permission, posts) in [
        ("GetQueueUrl", "sqs:GetQueueUrl", 0),
        ("GetQueueAttributes", "sqs:GetQueueAttributes", 0),
        ("ReceiveMessage", "sqs:ReceiveMessage", 0),
        ("DeleteMessage", "sqs:DeleteMessage", 1),
    ] {
        let queue = Queue::new(&["/a", "/b"].map(|path| record(&event(path))));
        queue.state().denied = Some(operation);
        let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
        let run = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--deliver"]).await;
        assert_eq!((run.code, slack.posts().len(), queue.left().len()), (Some(1), posts, 2), "{operation}");
        let words = format!("access denied: these credentials lack the permission {permission}\n");
        assert!(run.stderr.ends_with(&words), "{run:?}");
        let warned = "record id-1: 1 message posted, but the record is not deleted: whoever takes it next posts it again";
        assert_eq!(run.stderr.contains(warned), posts == 1, "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_behind_the_record_at_hand_and_leaves_the_others() {
    let queue = Queue::new(&["/a", "/b", "/c"].map(|path| record(&event(path))));
    let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
    let pid = Arc::new(Mutex::new(None::<Pid>));
    let its = Arc::clone(&pid);
    let webhook = slack.webhook("XXXXXXXX");
    // Its message is on its way when Ctrl-C is pressed.
    slack.otherwise(move |_| {
        // The child may be known a moment later than it posts.
        while its.lock().unwrap().is_none() {
            std::thread::yield_now();
        }
        kill_process(its.lock().unwrap().unwrap(), Signal::INT).unwrap();
        Answer::ok()
    });
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_statuswatch"));
    command
        .args(["redrive", "--deliver", "--queue", QUEUE])
        .env_clear()
        .envs([
            ("AWS_ENDPOINT_URL", aws.url().as_str()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-west-1"),
            ("SLACK_WEBHOOK_URL", webhook.as_str()),
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    *pid.lock().unwrap() = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    let interrupted = "statuswatch: watch-failures: interrupted before its end, about 2 records left\n";
    assert_eq!((output.status.code(), words.as_str()), (Some(1), interrupted));
    let shown = String::from_utf8(output.stdout).unwrap();
    let sums = "In all: 1 record · 1 redriven and deleted\nLeft in watch-failures: about 2 records\n";
    assert!(shown.ends_with(sums), "{shown}");
    assert_eq!((queue.left(), slack.accepted().len()), (vec!["id-2".to_owned(), "id-3".to_owned()], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_records_and_no_more_are_taken() {
    let queue = Queue::new(&(0..14).map(|number| record(&event(&format!("/{number}")))).collect::<Vec<_>>());
    let aws = queue.serve().await;
    let run = redrive(&aws, None, &["--queue", QUEUE, "--max-records", "12"]).await;
    let words = "statuswatch: watch-failures: stopped after 12 records (--max-records)\n";
    assert_eq!((run.code, run.stderr.as_str(), queue.left().len()), (Some(1), words, 14));
    assert!(run.stdout.contains("In all: 12 records · 12 can be redriven\n"), "{run:?}");
    let run = redrive(&aws, None, &["--queue", QUEUE, "--max-records", "14"]).await;
    assert_eq!((run.code, run.stderr.as_str(), queue.left().len()), (Some(0), "", 14));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_none_of_whose_lines_can_be_read_stays_unless_that_is_allowed() {
    let message = json!({ "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g", "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": [{ "id": "1", "timestamp": 1, "message": "no access log" }] });
    let queue = Queue::new(&[record(&event_of(message.to_string().as_bytes()))]);
    let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
    let deliver = ["--queue", QUEUE, "--deliver"];
    let run = redrive(&aws, Some(&slack), &deliver).await;
    assert_eq!((run.code, queue.left().len()), (Some(1), 1), "{run:?}");
    let run = redrive(&aws, Some(&slack), &[&deliver[..], &["--allow-unreadable"]].concat()).await;
    assert_eq!((run.code, queue.left().len(), slack.posts().len()), (Some(0), 0, 0), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_others_stay_in_the_queue_whatever_is_allowed() {
    let line = |status: &str| json!({ "requestId": "a", "httpMethod": "GET", "status": status }).to_string();
    let tick = r#"{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}"#;
    let mut success: Value = serde_json::from_str(&record(&event("/a"))).unwrap();
    success["requestContext"]["condition"] = "Success".into();
    let foreign = [
        line("200"),
        line("502"),
        tick.to_owned(),
        r#"{"orderId":1,"status":"200","customer":"bob"}"#.to_owned(),
        r#"{"messageType":"DATA_MESSAGE","logEvents":[]}"#.to_owned(),
        "what somebody else put there".to_owned(),
        success.to_string(),
        format!("{}\n{}", record(&event("/a")), line("200")),
    ];
    // A tick that failed has nothing to post, and is done.
    let queue = Queue::new(&[&foreign[..], &[record(tick.as_bytes())]].concat());
    let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
    let dry = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--allow-unreadable"]).await;
    let sums = "In all: 9 records · 1 can be redriven · 8 cannot be read\n";
    assert!(dry.code == Some(1) && dry.stdout.contains(sums), "{dry:?}");
    let run = redrive(&aws, Some(&slack), &["--queue", QUEUE, "--deliver", "--allow-unreadable"]).await;
    assert_eq!((run.code, queue.left().len(), slack.posts().len()), (Some(1), 8, 0), "{run:?}");
    assert!(
        run.stdout.contains("In all: 9 records · 1 redriven and deleted · 8 cannot be read\n"),
        "{run:?}"
    );
    let words = "statuswatch: watch-failures: record id-1: it is no failure record\n";
    assert!(run.stderr.starts_with(words), "{run:?}");
    assert_eq!(run.stderr.matches(": it is no failure record\n").count(), 8, "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_logs_keeps_them() {
    let line = r#"{"requestId":"a","httpMethod":"GET","resourcePath":"/a","status":"200"}"#;
    let objects = ["a.log", "b.log", "c.log"].map(|key| (key, format!("{line}\n{line}\n").into_bytes()));
    let (s3, slack) = (FakeS3::start(objects).await, FakeSlack::start().await);
    let place = format!("s3://{BUCKET}");
    let run = redrive_at(&s3.url(), Some(&slack), &["--bucket", &place, "--deliver"]).await;
    assert_eq!((run.code, s3.keys().len(), slack.posts().len()), (Some(1), 3, 0), "{run:?}");
    assert!(run.stdout.contains("In all: 3 records · 3 cannot be read\n"), "{run:?}");
    assert!(s3.asked().iter().all(|asked| !asked.deletes));
}

/// A bucket as Lambda fills it, of both functions and of a stream, and an object that is none of its.
async fn failure_bucket() -> FakeS3 {
    let stream = json!({ "KinesisBatchInfo": { "shardId": "shardId-000000000000" },
        "payload": String::from_utf8(bytes("fixtures/07-kinesis-event.json")).unwrap() });
    FakeS3::start([
        ("aws/lambda/async/lines/2026/11/03/2026-11-03T09.15.02-b", record(&event("/b")).into_bytes()),
        ("aws/lambda/async/alarms/2026/11/03/2026-11-03T09.15.01-a", record(&event("/a")).into_bytes()),
        ("aws/lambda/uuid/shardId-0/2026/11/03/2026-11-03T09.15.03-c", stream.to_string().into_bytes()),
        ("aws/lambda/notes.txt", b"what somebody else put there".to_vec()),
        ("other/2026-11-03T09.15.00-d", record(&event("/d")).into_bytes()),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_redriven_in_the_order_of_time_and_only_what_slack_accepted_is_deleted() {
    let (s3, slack) = (failure_bucket().await, FakeSlack::start().await);
    let place = format!("s3://{BUCKET}/aws/lambda/");
    let dry = redrive_at(&s3.url(), Some(&slack), &["--bucket", &place]).await;
    assert_eq!((dry.code, s3.keys().len(), slack.posts().len()), (Some(1), 5, 0), "{dry:?}");
    assert!(dry.stdout.contains("In all: 4 records · 3 can be redriven · 1 cannot be read\n"), "{dry:?}");
    assert!(s3.asked().iter().all(|asked| !asked.deletes));

    let run = redrive_at(&s3.url(), Some(&slack), &["--bucket", &place, "--deliver"]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    let notes = "aws/lambda/notes.txt: it is no failure record";
    assert_eq!(run.stderr, format!("statuswatch: {place}: record {notes}\n"));
    let sums = "In all: 4 records · 3 redriven and deleted · 1 cannot be read\nLeft in ";
    assert!(run.stdout.ends_with(&format!("{sums}{place}: 1 record\n")), "{run:?}");
    assert_eq!(s3.keys(), ["aws/lambda/notes.txt", "other/2026-11-03T09.15.00-d"]);
    let posted = slack.texts();
    assert!(posted[0].contains("GET /a") && posted[1].contains("GET /b"), "{posted:?}");
    let deleted = s3.asked().into_iter().filter(|asked| asked.deletes).count();
    assert_eq!((deleted, posted.len()), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_denies_a_call_names_the_permission() {
    for (permission, posts) in [("s3:ListBucket", 0), ("s3:GetObject", 0), ("s3:DeleteObject", 1)] {
        let s3 = failure_bucket().await.answering(move |asked, _| {
            let of_asked = match asked {
                asked if asked.deletes => "s3:DeleteObject",
                asked if asked.key.is_empty() => "s3:ListBucket",
                _ => "s3:GetObject",
            };
            (of_asked == permission).then(|| (403, "<Error><Code>AccessDenied</Code></Error>".to_owned()))
        });
        let slack = FakeSlack::start().await;
        let place = format!("s3://{BUCKET}/aws/lambda/async/");
        let run = redrive_at(&s3.url(), Some(&slack), &["--bucket", &place, "--deliver"]).await;
        assert_eq!((run.code, slack.posts().len(), s3.keys().len()), (Some(1), posts, 5), "{run:?}");
        assert!(
            run.stderr.contains(&format!("these credentials lack the permission {permission}")),
            "{run:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_its_help_run() {
    let help = run(&mut statuswatch(&["redrive", "--help"])).stdout;
    assert_snapshot!("help", help);
    let examples: Vec<&str> =
        help.lines().filter_map(|line| line.trim().strip_prefix("statuswatch redrive ")).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let queue = Queue::new(&[record(&event("/a"))]);
        let (aws, slack) = (queue.serve().await, FakeSlack::start().await);
        let arguments: Vec<&str> = example.split(' ').collect();
        let run = redrive(&aws, Some(&slack), &arguments).await;
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{example}");
        let is_delivered = arguments.contains(&"--deliver");
        assert_eq!(
            (slack.accepted().len(), queue.left().is_empty()),
            (usize::from(is_delivered), is_delivered)
        );
    }
}

#[test]
fn what_is_wrong_on_the_command_line_is_said_before_anything_is_asked() {
    let run_of = |arguments: &[&str]| run(&mut statuswatch(&[&["redrive"], arguments].concat()));
    for (arguments, words) in [
        (&[][..], "--queue"),
        (&["--queue", "s3://bucket/prefix"], "not a queue's URL"),
        (&["--bucket", "bucket"], "not a place in S3"),
        (&["--queue", QUEUE, "--bucket", "s3://bucket/prefix"], "cannot be used with"),
        (&["--queue", QUEUE], "no AWS Region"),
        (&["--queue", QUEUE, "--region", "eu-west-1", "--deliver"], "SLACK_WEBHOOK_URL"),
    ] {
        let run = run_of(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.contains(words), "{run:?}");
    }
}
