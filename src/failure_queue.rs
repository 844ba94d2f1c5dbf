//! A failure queue: its records, received and kept from others until each is deleted or given back.
//!
//! It posts nothing and reads no record. Only [`FailureQueue::delete`] removes one.

mod client;
mod error;
#[cfg(test)]
mod fake;
mod name;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::aws::Session;
use crate::http::Transport;
use client::{Client, Operation};
pub use error::QueueError;
pub use name::{InvalidQueueName, QueueName};

/// How long a received record is hidden from others, unless that is prolonged. After a crash it is back after so long.
const VISIBILITY: Duration = Duration::from_mins(10);
/// How often that is prolonged.
const PROLONGED_EVERY: Duration = Duration::from_mins(3);
/// With a wait SQS asks all of its servers, so that an empty answer means an empty queue.
const WAIT_SECONDS: u32 = 2;
/// Of one call, which is what SQS allows.
const MAX_BATCH: usize = 10;

/// A queue in one Region.
pub struct FailureQueue<H> {
    client: Client<H>,
    url: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is hidden from others: receipt handles by message id.
    held: BTreeMap<String, String>,
    /// Message ids of what was deleted: a queue may hand out a message twice.
    deleted: HashSet<String>,
    /// Why records could not be kept hidden.
    failure: Option<QueueError>,
}

/// A message of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// SQS's own id of the message.
    pub id: String,
    /// The text: a failure record, or an event itself.
    pub body: String,
    /// When it was put into the queue, epoch milliseconds; 0 where SQS does not say.
    pub sent_ms: i64,
}

/// How many messages there are, roughly: SQS counts late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Those that can be received.
    pub waiting: u64,
    /// Those that somebody received and neither deleted nor gave back.
    pub in_flight: u64,
    /// Those that cannot be received yet.
    pub delayed: u64,
    /// After so many receives SQS moves a message to the queue's own dead-letter queue.
    pub max_receives: Option<u64>,
}

impl Depth {
    /// All messages.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.waiting.saturating_add(self.in_flight).saturating_add(self.delayed)
    }
}

impl<H: Transport> FailureQueue<H> {
    /// Finds the queue. Needs `sqs:GetQueueUrl`, unless its URL is given. `now` is the wall clock at the moment of the
    /// call, to sign requests by.
    pub async fn open(
        http: H,
        session: Session,
        name: &QueueName,
        now: SystemTime,
    ) -> Result<Self, QueueError> {
        let client = Client::new(http, session, now);
        let url = match name {
            QueueName::Url { url, .. } => url.clone(),
            QueueName::Arn { account, name, .. } => {
                let asked = json!({ "QueueName": name, "QueueOwnerAWSAccountId": account });
                client.call::<QueueUrl>(Operation::GetQueueUrl, &asked).await?.url
            }
            QueueName::Name(name) => {
                let asked = json!({ "QueueName": name });
                client.call::<QueueUrl>(Operation::GetQueueUrl, &asked).await?.url
            }
        };
        Ok(Self { client, url, state: Mutex::default() })
    }

    /// How many messages there are. Needs `sqs:GetQueueAttributes`.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
            "RedrivePolicy",
        ];
        let asked = json!({ "QueueUrl": self.url, "AttributeNames": names });
        let Attributes { attributes } = self.client.call(Operation::GetQueueAttributes, &asked).await?;
        let number = |name| attributes.get(name).and_then(|text: &String| text.parse().ok()).unwrap_or(0);
        let [waiting, in_flight, delayed, _] = names.map(number);
        let policy =
            attributes.get("RedrivePolicy").and_then(|text| serde_json::from_str::<Value>(text).ok());
        let max_receives = policy.and_then(|policy| {
            // A number, or a number in a text.
            let count = policy.get("maxReceiveCount")?;
            count.as_u64().or_else(|| count.as_str()?.parse().ok())
        });
        Ok(Depth { waiting, in_flight, delayed, max_receives })
    }

    /// Up to ten records that were not received before; `None` where the queue has nothing more to receive. Needs
    /// `sqs:ReceiveMessage`, and `kms:Decrypt` where the queue has a key of its own.
    pub async fn receive(&self) -> Result<Option<Vec<Record>>, QueueError> {
        let asked = json!({
            "QueueUrl": self.url,
            "MaxNumberOfMessages": MAX_BATCH,
            "VisibilityTimeout": VISIBILITY.as_secs(),
            "WaitTimeSeconds": WAIT_SECONDS,
            "AttributeNames": ["SentTimestamp"],
        });
        let Received { messages } = self.client.call(Operation::ReceiveMessage, &asked).await?;
        if messages.is_empty() {
            return Ok(None);
        }
        let (mut records, mut again) = (Vec::new(), Vec::new());
        for Message { id, receipt, body, attributes } in messages {
            let mut state = self.state();
            if state.deleted.contains(&id) {
                again.push(receipt);
            } else if state.held.insert(id.clone(), receipt).is_none() {
                let sent_ms = attributes.get("SentTimestamp").and_then(|text| text.parse().ok());
                records.push(Record { id, body, sent_ms: sent_ms.unwrap_or_default() });
            }
        }
        for receipt in again {
            self.delete_by(&receipt).await?;
        }
        Ok(Some(records))
    }

    /// Removes a record from the queue. Needs `sqs:DeleteMessage`.
    pub async fn delete(&self, record: &Record) -> Result<(), QueueError> {
        let receipt = self.state().held.get(&record.id).cloned().ok_or(QueueError::NotHeld)?;
        self.delete_by(&receipt).await?;
        let mut state = self.state();
        state.held.remove(&record.id);
        state.deleted.insert(record.id.clone());
        Ok(())
    }

    async fn delete_by(&self, receipt: &str) -> Result<(), QueueError> {
        let asked = json!({ "QueueUrl": self.url, "ReceiptHandle": receipt });
        self.client.call::<IgnoredAny>(Operation::DeleteMessage, &asked).await.map(|_| ())
    }

    /// Gives back all that is held, at once. Needs `sqs:ChangeMessageVisibility`.
    pub async fn give_back(&self) -> Result<(), QueueError> {
        self.hide_for(Duration::ZERO).await?;
        self.state().held.clear();
        Ok(())
    }

    /// Keeps hidden what is held; never ends. Where that fails, [`Self::failure`] tells.
    pub async fn keep_hidden(&self) {
        loop {
            sleep(PROLONGED_EVERY).await;
            if let Err(error) = self.hide_for(VISIBILITY).await {
                self.state().failure.get_or_insert(error);
            }
        }
    }

    /// Why records could not be kept hidden: others may have received them since.
    pub fn failure(&self) -> Option<QueueError> {
        self.state().failure.clone()
    }

    async fn hide_for(&self, time: Duration) -> Result<(), QueueError> {
        let held: Vec<(String, String)> = self.state().held.clone().into_iter().collect();
        for batch in held.chunks(MAX_BATCH) {
            let entries = batch.iter().zip(0_u32..).map(|((_, receipt), place)| {
                json!({ "Id": place.to_string(), "ReceiptHandle": receipt, "VisibilityTimeout": time.as_secs() })
            });
            let asked = json!({ "QueueUrl": self.url, "Entries": entries.collect::<Vec<_>>() });
            // What fails of a batch was deleted, or somebody else has it: it is not ours any more.
            self.client.call::<IgnoredAny>(Operation::ChangeMessageVisibilityBatch, &asked).await?;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct QueueUrl {
    #[serde(rename = "QueueUrl")]
    url: String,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(rename = "Attributes", default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Received {
    #[serde(rename = "Messages", default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "MessageId")]
    id: String,
    #[serde(rename = "ReceiptHandle")]
    receipt: String,
    #[serde(rename = "Body")]
    body: String,
    #[serde(rename = "Attributes", default)]
    attributes: BTreeMap<String, String>,
}
