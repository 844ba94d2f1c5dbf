//! The table of incidents, and what failure destinations hold.
//!
//! It reads no item, no message and no object: counts and descriptions are enough.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;

use super::client::{Client, Form, Operation, Refusal};
use super::wire::{elements, encoded};
use crate::aws::Service;
use crate::config::Config;
use crate::doctor::{Fact, FailureDestination, Function, Held, StateTableFacts, Table, Unknown};

/// One page of a bucket's list.
const MAX_OBJECTS: u64 = 1_000;
/// Attributes of a queue.
const WAITING: &str = "ApproximateNumberOfMessages";
const IN_FLIGHT: &str = "ApproximateNumberOfMessagesNotVisible";
const REDRIVE_POLICY: &str = "RedrivePolicy";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    table: TableConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableConfig {
    table_status: String,
    #[serde(default)]
    key_schema: Vec<Key>,
    #[serde(default)]
    attribute_definitions: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    time_to_live_description: Expiry,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Expiry {
    attribute_name: Option<String>,
    time_to_live_status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

/// SQS has it as a JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
}

/// The table that a configuration names; none where it names none.
pub(super) async fn table(client: &Client, config: Option<&Config>) -> Option<StateTableFacts> {
    let (table, _) = config?.state_table.as_ref()?;
    let name = table.name().to_owned();
    let ask = |target, permission| {
        let request = json!({ "TableName": name });
        let form = match table.region() {
            Some(region) => Form::JsonIn(region.to_owned(), target, request),
            None => Form::Json(target, request),
        };
        Operation { service: Service::DynamoDb, permission, form }
    };
    let described: Fact<Option<Described>> =
        client.find(ask("DynamoDB_20120810.DescribeTable", "dynamodb:DescribeTable")).await;
    let described = match described {
        Ok(Some(described)) => described.table,
        Ok(None) => return Some(StateTableFacts { name, table: Ok(None) }),
        Err(why) => return Some(StateTableFacts { name, table: Err(why) }),
    };
    let expiry: Fact<Option<TimeToLive>> =
        client.find(ask("DynamoDB_20120810.DescribeTimeToLive", "dynamodb:DescribeTimeToLive")).await;
    let expires_by = expiry.map(|found| {
        let found = found?.time_to_live_description;
        let is_on = ["ENABLED", "ENABLING"].contains(&found.time_to_live_status.as_str());
        found.attribute_name.filter(|_| is_on)
    });
    let has_keys = has_keys(&described);
    let table = Table { status: described.table_status, has_keys, expires_by };
    Some(StateTableFacts { name, table: Ok(Some(table)) })
}

fn has_keys(table: &TableConfig) -> bool {
    [("pk", "HASH"), ("sk", "RANGE")].into_iter().all(|(name, kind)| {
        table.key_schema.iter().any(|key| key.attribute_name == name && key.key_type == kind)
            && table
                .attribute_definitions
                .iter()
                .any(|attribute| attribute.attribute_name == name && attribute.attribute_type == "S")
    })
}

/// The failure destinations of the functions and the dead-letter queues behind them, each once.
pub(super) async fn failures(client: &Client, functions: &[&Function]) -> Vec<FailureDestination> {
    let invoke = functions.iter().filter_map(|function| function.invoke.as_ref().ok());
    let arns: BTreeSet<&str> = invoke.filter_map(|invoke| invoke.on_failure.as_deref()).collect();
    let mut all = Vec::new();
    let mut dead_letters = BTreeMap::new();
    for arn in &arns {
        let (held, moved_to) = held(client, arn).await;
        all.push(FailureDestination { arn: (*arn).to_owned(), moved_from: None, held });
        if let Some(moved_to) = moved_to.filter(|moved_to| !arns.contains(moved_to.as_str())) {
            dead_letters.insert(moved_to, (*arn).to_owned());
        }
    }
    for (arn, from) in dead_letters {
        let (held, _) = held(client, &arn).await;
        all.push(FailureDestination { arn, moved_from: Some(from), held });
    }
    all
}

/// What a destination holds, and the ARN of its dead-letter queue where it has one.
async fn held(client: &Client, arn: &str) -> (Fact<Option<Held>>, Option<String>) {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let held = match parts.as_slice() {
        [_, _, "sqs", region, account, name] => match queue(client, region, account, name).await {
            Ok(None) => Ok(None),
            Ok(Some(attributes)) => return (messages(&attributes), dead_letter_queue(&attributes)),
            Err(why) => Err(why),
        },
        [_, _, "s3", _, _, name] => bucket(client, name).await,
        [_, _, "sns" | "lambda" | "events", ..] => Ok(Some(Held::Nothing)),
        _ => Err(Unknown::Failed("its kind is not known".to_owned())),
    };
    (held, None)
}

type Attributes = BTreeMap<String, String>;

/// The attributes of a queue; none where it does not exist.
async fn queue(client: &Client, region: &str, account: &str, name: &str) -> Fact<Option<Attributes>> {
    let ask = |target, permission, request| Operation {
        service: Service::Sqs,
        permission,
        form: if region == client.region() {
            Form::Json(target, request)
        } else {
            Form::JsonIn(region.to_owned(), target, request)
        },
    };
    let request = json!({ "QueueName": name, "QueueOwnerAWSAccountId": account });
    let found: Option<QueueUrl> =
        client.find(ask("AmazonSQS.GetQueueUrl", "sqs:GetQueueUrl", request)).await?;
    let Some(QueueUrl { queue_url }) = found else { return Ok(None) };
    let names = [WAITING, IN_FLIGHT, REDRIVE_POLICY];
    let request = json!({ "QueueUrl": queue_url, "AttributeNames": names });
    let found: Option<QueueAttributes> =
        client.find(ask("AmazonSQS.GetQueueAttributes", "sqs:GetQueueAttributes", request)).await?;
    Ok(found.map(|found| found.attributes))
}

/// Those that somebody is just reading are there as well.
fn messages(attributes: &Attributes) -> Fact<Option<Held>> {
    let counts =
        [WAITING, IN_FLIGHT].map(|name| attributes.get(name).and_then(|count| count.parse::<u64>().ok()));
    match counts {
        [Some(waiting), Some(in_flight)] => {
            Ok(Some(Held::Records { count: waiting.saturating_add(in_flight), or_more: false }))
        }
        _ => Err(Unknown::Failed("SQS does not say how many messages it holds".to_owned())),
    }
}

fn dead_letter_queue(attributes: &Attributes) -> Option<String> {
    let policy: RedrivePolicy = serde_json::from_str(attributes.get(REDRIVE_POLICY)?).ok()?;
    Some(policy.dead_letter_target_arn)
}

/// What Lambda wrote into the bucket: `aws/lambda/async/FUNCTION/…` and `aws/lambda/MAPPING/SHARD/…`.
async fn bucket(client: &Client, name: &str) -> Fact<Option<Held>> {
    let query = format!("list-type=2&max-keys={MAX_OBJECTS}&prefix={}", encoded("aws/lambda/"));
    let operation = Operation {
        service: Service::S3,
        permission: "s3:ListBucket",
        form: Form::Get(format!("/{}?{query}", encoded(name))),
    };
    let answer = match client.call(operation).await {
        Ok(answer) => answer,
        Err(Refusal::NotFound) => return Ok(None),
        Err(refusal) => return Err(refusal.unknown()),
    };
    let text = String::from_utf8_lossy(&answer);
    if elements(&text, "IsTruncated").next().is_none() {
        return Err(Unknown::Failed("the bucket's list cannot be read".to_owned()));
    }
    let or_more = elements(&text, "IsTruncated").next() == Some("true");
    Ok(Some(Held::Records { count: elements(&text, "Key").count() as u64, or_more }))
}
