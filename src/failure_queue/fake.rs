//! An SQS for tests, under the real client: one queue, with faults as a test wishes, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{FailureQueue, QueueError, QueueName};
use crate::aws::{Service, Session};
use crate::http::{Answer, Budget, Lost, Patience, Request, Transport};

/// What a fake answers instead of the truth, by operation: status and body.
type Script = Box<dyn FnMut(&str) -> Option<(u16, Value)> + Send>;

#[derive(Clone)]
pub(super) struct FakeQueue(Arc<Mutex<State>>);

struct State {
    messages: Vec<Message>,
    receives: u64,
    script: Script,
    seen: Vec<(String, Value)>,
}

#[derive(Clone)]
struct Message {
    id: String,
    body: String,
    receipt: String,
    visible_at: Instant,
}

impl FakeQueue {
    pub(super) fn new(bodies: &[&str]) -> Self {
        let messages = bodies.iter().zip(0..).map(|(body, number): (_, u32)| Message {
            id: format!("id{number}"),
            body: (*body).to_owned(),
            receipt: String::new(),
            visible_at: Instant::now(),
        });
        let script: Script = Box::new(|_| None);
        Self(Arc::new(Mutex::new(State {
            messages: messages.collect(),
            receives: 0,
            script,
            seen: Vec::new(),
        })))
    }

    /// With something else where `script` says so.
    pub(super) fn answering(self, script: impl FnMut(&str) -> Option<(u16, Value)> + Send + 'static) -> Self {
        self.0.lock().unwrap().script = Box::new(script);
        self
    }

    /// The bodies of what is in the queue, and whether each can be received.
    pub(super) fn left(&self) -> Vec<(String, bool)> {
        let now = Instant::now();
        let state = self.0.lock().unwrap();
        state.messages.iter().map(|message| (message.body.clone(), message.visible_at <= now)).collect()
    }

    /// Operations so far.
    pub(super) fn seen(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().seen.clone()
    }

    /// Lets everybody receive all messages, as SQS does now and then.
    pub(super) fn show_all_again(&self) {
        let now = Instant::now();
        self.0.lock().unwrap().messages.iter_mut().for_each(|message| message.visible_at = now);
    }

    /// Puts a message into the queue once more, as a server of SQS does that missed its deletion.
    pub(super) fn bring_back(&self, id: &str, body: &str) {
        let (id, body) = (id.to_owned(), body.to_owned());
        let message = Message { id, body, receipt: String::new(), visible_at: Instant::now() };
        self.0.lock().unwrap().messages.push(message);
    }

    pub(super) async fn open(&self, name: &str) -> Result<FailureQueue<Self>, QueueError> {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let provider = SharedCredentialsProvider::new(credentials);
        let session = Session::new(provider, Service::Sqs, "eu-west-1", None).unwrap();
        let name: QueueName = name.parse().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        FailureQueue::open(self.clone(), session, &name, now).await
    }
}

/// A refusal in AWS's form.
pub(super) fn refusal(code: &str) -> (u16, Value) {
    (400, json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": "a stranger's words" }))
}

impl Transport for FakeQueue {
    async fn exchange(&self, request: Request, _: Patience, _: Budget) -> Result<Answer, Lost> {
        assert_eq!(request.url.as_str(), "https://sqs.eu-west-1.amazonaws.com/");
        assert_eq!(request.headers["content-type"], "application/x-amz-json-1.0");
        assert!(request.headers["authorization"].to_str().unwrap().contains("/eu-west-1/sqs/aws4_request"));
        let target = request.headers["x-amz-target"].to_str().unwrap();
        let operation = target.strip_prefix("AmazonSQS.").unwrap().to_owned();
        let asked: Value = serde_json::from_str(&request.body).unwrap();
        sleep(Duration::from_millis(20)).await;
        let mut state = self.0.lock().unwrap();
        state.seen.push((operation.clone(), asked.clone()));
        let scripted = (state.script)(&operation);
        let (status, body) = scripted.unwrap_or_else(|| (200, state.answer(&operation, &asked)));
        Ok(Answer { status, headers: HeaderMap::new(), body: body.to_string().into_bytes(), broken: None })
    }
}

impl State {
    fn answer(&mut self, operation: &str, asked: &Value) -> Value {
        let now = Instant::now();
        if operation == "GetQueueUrl" {
            let name = asked["QueueName"].as_str().unwrap();
            return json!({ "QueueUrl": format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{name}") });
        }
        assert_eq!(asked["QueueUrl"], "https://sqs.eu-west-1.amazonaws.com/123456789012/watch-failures");
        match operation {
            "GetQueueAttributes" => {
                let waiting = self.messages.iter().filter(|message| message.visible_at <= now).count();
                json!({ "Attributes": {
                    "ApproximateNumberOfMessages": waiting.to_string(),
                    "ApproximateNumberOfMessagesNotVisible": (self.messages.len() - waiting).to_string(),
                    "ApproximateNumberOfMessagesDelayed": "0",
                    "RedrivePolicy": r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:d","maxReceiveCount":"5"}"#,
                } })
            }
            "ReceiveMessage" => {
                let hidden = Duration::from_secs(asked["VisibilityTimeout"].as_u64().unwrap());
                self.receives += 1;
                let receives = self.receives;
                let most = usize::try_from(asked["MaxNumberOfMessages"].as_u64().unwrap()).unwrap();
                let waiting = self.messages.iter_mut().filter(|message| message.visible_at <= now).take(most);
                let found: Vec<Value> = waiting
                    .map(|message| {
                        message.visible_at = now + hidden;
                        message.receipt = format!("{}-{receives}", message.id);
                        json!({ "MessageId": message.id, "ReceiptHandle": message.receipt, "Body": message.body,
                            "Attributes": { "SentTimestamp": "1700000000000" } })
                    })
                    .collect();
                // SQS leaves the list out where it is empty.
                if found.is_empty() { json!({}) } else { json!({ "Messages": found }) }
            }
            "DeleteMessage" => {
                self.messages.retain(|message| message.receipt != asked["ReceiptHandle"]);
                json!({})
            }
            "ChangeMessageVisibilityBatch" => {
                let mut failed = Vec::new();
                for entry in asked["Entries"].as_array().unwrap() {
                    let time = Duration::from_secs(entry["VisibilityTimeout"].as_u64().unwrap());
                    let own = self.messages.iter_mut().find(|own| own.receipt == entry["ReceiptHandle"]);
                    match own {
                        Some(message) => message.visible_at = now + time,
                        None => failed.push(json!({ "Id": entry["Id"], "Code": "ReceiptHandleIsInvalid" })),
                    }
                }
                json!({ "Successful": [], "Failed": failed })
            }
            other => panic!("{other} is asked of no queue"),
        }
    }
}
