//! Lambda's events as AWS writes them: subscription messages, compressed and wrapped for each way in.
//!
//! It knows the wire shapes and nothing of the product. Sources: CloudWatch Logs user guide
//! ("Subscription filters"), Lambda developer guide ("Using Lambda with CloudWatch Logs" and "with Kinesis").

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use serde_json::json;

/// The log group of every event here that names no other.
pub(crate) const LOG_GROUP: &str = "/aws/apigateway/orders-access";

/// One log event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogEvent {
    /// 56 digits in AWS.
    pub(crate) id: String,
    /// Epoch milliseconds.
    pub(crate) timestamp: u64,
    /// The line.
    pub(crate) message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionMessage<'a> {
    message_type: &'a str,
    owner: &'a str,
    log_group: &'a str,
    log_stream: &'a str,
    subscription_filters: [&'a str; 1],
    log_events: &'a [LogEvent],
}

/// A log event whose line is an access log in JSON with this status; `number` makes its id and its line unique.
pub(crate) fn access_log(number: u64, timestamp: u64, status: u16) -> LogEvent {
    const ROUTES: [&str; 6] = [
        "POST /v1/orders",
        "GET /v1/items",
        "GET /v1/search",
        "PUT /v1/cart",
        "GET /v1/me",
        "POST /v1/login",
    ];
    let route = ROUTES[usize::try_from(number % ROUTES.len() as u64).expect("below the list's length")];
    let (method, path) = route.split_once(' ').expect("a method and a path");
    let message = format!(
        r#"{{"requestId":"{number:032x}","ip":"203.0.113.7","httpMethod":"{method}","resourcePath":"{path}","status":"{status}","protocol":"HTTP/1.1","responseLength":"36","integrationStatus":"{status}"}}"#
    );
    LogEvent { id: format!("{number:056}"), timestamp, message }
}

/// A data message of one log stream, decoded.
pub(crate) fn data_message(log_group: &str, log_stream: &str, log_events: &[LogEvent]) -> Vec<u8> {
    subscription_message("DATA_MESSAGE", log_group, log_stream, log_events)
}

/// What AWS sends to see whether the destination is there.
pub(crate) fn control_message() -> Vec<u8> {
    let message = "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream.".to_owned();
    let event = LogEvent { id: String::new(), timestamp: 1_510_109_208_016, message };
    subscription_message("CONTROL_MESSAGE", "", "", &[event])
}

fn subscription_message(kind: &str, log_group: &str, log_stream: &str, log_events: &[LogEvent]) -> Vec<u8> {
    let message = SubscriptionMessage {
        message_type: kind,
        owner: "123456789012",
        log_group,
        log_stream,
        subscription_filters: ["errors"],
        log_events,
    };
    serde_json::to_vec(&message).expect("strings and numbers serialize")
}

/// One gzip member, as fast as can be.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// The event of a subscription filter.
pub(crate) fn awslogs(message: &[u8]) -> Vec<u8> {
    format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, STANDARD.encode(gzip(message))).into_bytes()
}

/// The event of a Kinesis event source mapping: sequence numbers, and the records' bytes as they are.
pub(crate) fn kinesis(records: &[(String, Vec<u8>)]) -> Vec<u8> {
    let records: Vec<_> = records
        .iter()
        .map(|(sequence_number, data)| {
            json!({"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record",
                "eventID": format!("shardId-000000000000:{sequence_number}"), "awsRegion": "eu-west-1",
                "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/access-logs",
                "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "p",
                    "sequenceNumber": sequence_number, "data": STANDARD.encode(data),
                    "approximateArrivalTimestamp": 1_605_676_800.123}})
        })
        .collect();
    json!({"Records": records}).to_string().into_bytes()
}

/// The event of an SQS event source mapping: ids of messages, and their bodies.
pub(crate) fn queue(messages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let messages: Vec<_> = messages
        .iter()
        .map(|(id, body)| {
            json!({"messageId": id, "receiptHandle": "AQEB", "body": String::from_utf8_lossy(body),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1605676800123",
                    "SenderId": "AROA", "ApproximateFirstReceiveTimestamp": "1605676800124"},
                "messageAttributes": {}, "md5OfBody": "0", "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures",
                "awsRegion": "eu-west-1"})
        })
        .collect();
    json!({"Records": messages}).to_string().into_bytes()
}

/// What Lambda puts into the failure queue of an event that it gave up.
pub(crate) fn failure_record(event: &[u8]) -> Vec<u8> {
    let event: serde_json::Value = serde_json::from_slice(event).expect("an event is JSON");
    let record = json!({"version": "1.0", "timestamp": "2020-11-18T05:20:00.568Z",
        "requestContext": {"requestId": "e4b46cbf-b738-4880-8a18-cdf61200983e",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-lines:$LATEST",
            "condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "Statuswatch.Slack", "errorMessage": "slack is not available"}});
    record.to_string().into_bytes()
}

/// The event of the schedule.
pub(crate) fn tick() -> Vec<u8> {
    let event = json!({"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event", "source": "aws.events", "account": "123456789012",
        "time": "2020-11-18T05:20:00Z", "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:123456789012:rule/statuswatch-tick"], "detail": {}});
    event.to_string().into_bytes()
}
