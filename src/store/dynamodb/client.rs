//! One call of DynamoDB: signed, sent, tried again where that can help, and its refusal put into our words.
//!
//! It knows nothing of what is stored. No text of an answer but an error's code is ever looked at, and none is repeated.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep_until};

use crate::aws::{AwsAccess, Call, Service, error_code};
use crate::backoff::Backoff;
use crate::http::{Answer, Lost, Patience, Transport, TransportFault};
use crate::store::{StoreError, StoreFault, When};

/// A page of a query holds 1 MB, which base64 and JSON make half as much again.
const PATIENCE: Patience =
    Patience { head: Duration::from_secs(3), total: Duration::from_secs(5), bytes: 2 * 1024 * 1024 };

/// A throttled table takes some again within a second; a table that is silent would take all of an invocation's time.
const TRIES: u32 = 5;
const TRIES_WHEN_SILENT: u32 = 2;

/// Requests in one `BatchWriteItem`.
const BATCH: usize = 25;

/// Asks one table.
pub(super) struct Client<H> {
    pub(super) http: H,
    pub(super) access: AwsAccess,
    /// By name or ARN.
    pub(super) table: String,
    /// Where it is; the configured Region where unset.
    pub(super) region: Option<String>,
    pub(super) backoff: Backoff,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    GetItem,
    BatchGetItem,
    Query,
    PutItem,
    UpdateItem,
    DeleteItem,
    BatchWriteItem,
}

/// What came of a call.
pub(super) enum Reply {
    /// It is done; what was asked for, where something was.
    Done(Value),
    /// The condition of a write did not hold.
    ConditionFailed {
        /// An earlier try was not answered and may be why.
        unsure: bool,
    },
}

impl Operation {
    /// As a permission is named.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::GetItem => "dynamodb:GetItem",
            Self::BatchGetItem => "dynamodb:BatchGetItem",
            Self::Query => "dynamodb:Query",
            Self::PutItem => "dynamodb:PutItem",
            Self::UpdateItem => "dynamodb:UpdateItem",
            Self::DeleteItem => "dynamodb:DeleteItem",
            Self::BatchWriteItem => "dynamodb:BatchWriteItem",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::GetItem => "DynamoDB_20120810.GetItem",
            Self::BatchGetItem => "DynamoDB_20120810.BatchGetItem",
            Self::Query => "DynamoDB_20120810.Query",
            Self::PutItem => "DynamoDB_20120810.PutItem",
            Self::UpdateItem => "DynamoDB_20120810.UpdateItem",
            Self::DeleteItem => "DynamoDB_20120810.DeleteItem",
            Self::BatchWriteItem => "DynamoDB_20120810.BatchWriteItem",
        }
    }

    /// Whether what it answers is needed. Of a single write the status alone says that it is done.
    fn is_read(self) -> bool {
        !matches!(self, Self::PutItem | Self::UpdateItem | Self::DeleteItem)
    }

    fn is_write(self) -> bool {
        !matches!(self, Self::GetItem | Self::BatchGetItem | Self::Query)
    }
}

impl<H: Transport> Client<H> {
    /// A call on the table itself; `request` is without the table's name.
    pub(super) async fn call(
        &mut self,
        operation: Operation,
        mut request: Value,
        when: When,
    ) -> Result<Reply, StoreError> {
        if let Some(request) = request.as_object_mut() {
            request.insert("TableName".to_owned(), Value::String(self.table.clone()));
        }
        self.send(operation, &request, when).await
    }

    /// Reads the items with these keys, in no order. At most 100 keys.
    pub(super) async fn get_all(&mut self, keys: Vec<Value>, when: When) -> Result<Vec<Value>, StoreError> {
        let began = Instant::now();
        let mut found = Vec::new();
        let mut wanted = json!({ "Keys": keys, "ConsistentRead": true });
        for failures in 1.. {
            let request = json!({ "RequestItems": self.of_table(wanted) });
            let reply = self.send(Operation::BatchGetItem, &request, later(when, began)).await?;
            let Reply::Done(mut answer) = reply else { return Err(unconditional(Operation::BatchGetItem)) };
            let items = answer.get_mut("Responses").and_then(only);
            found.extend(items.and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default());
            let left = answer.get_mut("UnprocessedKeys").and_then(only);
            match left.map(Value::take) {
                Some(left) if !left.is_null() => wanted = left,
                _ => break,
            }
            self.pause(Operation::BatchGetItem, failures, when).await?;
        }
        Ok(found)
    }

    /// Puts and deletes, in order by the batch and in any order within one. Doing it twice changes nothing.
    pub(super) async fn write_all(&mut self, requests: &[Value], when: When) -> Result<(), StoreError> {
        let began = Instant::now();
        for batch in requests.chunks(BATCH) {
            let mut wanted = json!(batch);
            for failures in 1.. {
                let request = json!({ "RequestItems": self.of_table(wanted) });
                let reply = self.send(Operation::BatchWriteItem, &request, later(when, began)).await?;
                let Reply::Done(mut answer) = reply else {
                    return Err(unconditional(Operation::BatchWriteItem));
                };
                let left = answer.get_mut("UnprocessedItems").and_then(only);
                match left.map(Value::take) {
                    Some(left) if left.as_array().is_some_and(|left| !left.is_empty()) => wanted = left,
                    _ => break,
                }
                self.pause(Operation::BatchWriteItem, failures, when).await?;
            }
        }
        Ok(())
    }

    fn of_table(&self, value: Value) -> Map<String, Value> {
        Map::from_iter([(self.table.clone(), value)])
    }

    /// Waits before what was left undone is tried again.
    async fn pause(&mut self, operation: Operation, failures: u32, when: When) -> Result<(), StoreError> {
        let again = Instant::now() + self.backoff.wait(failures);
        if failures >= TRIES || !when.budget.allows_request_at(again) {
            let error = StoreFault::Throttled.of(operation.action());
            return Err(StoreError { may_be_done: operation.is_write(), ..error });
        }
        sleep_until(again).await;
        Ok(())
    }

    async fn send(&mut self, operation: Operation, request: &Value, when: When) -> Result<Reply, StoreError> {
        let began = Instant::now();
        let body = request.to_string();
        let mut error = StoreFault::TimedOut.of(operation.action());
        for failures in 1..=TRIES {
            if !when.budget.allows_request_at(Instant::now()) {
                break;
            }
            let call = Call {
                service: Service::DynamoDb,
                target: operation.target(),
                region: self.region.as_deref(),
                body: body.clone(),
            };
            let signed = self.access.request(call, wall_clock(later(when, began)));
            let signed = signed.map_err(|_| StoreFault::NotSignedIn.of(operation.action()))?;
            let failed = match self.http.exchange(signed, PATIENCE, when.budget).await {
                Ok(answer) => match read(operation, &answer) {
                    Ok(value) => return Ok(Reply::Done(value)),
                    Err(Refusal::Condition) => {
                        return Ok(Reply::ConditionFailed { unsure: error.may_be_done });
                    }
                    Err(Refusal::Fault(failed)) => failed,
                },
                Err(lost) => by_transport(operation, lost),
            };
            let may_be_done = error.may_be_done || failed.may_be_done;
            error = StoreError { action: operation.action(), may_be_done, fault: failed.fault };
            let tries = if error.fault == StoreFault::TimedOut { TRIES_WHEN_SILENT } else { TRIES };
            let again = Instant::now() + self.backoff.wait(failures);
            if !error.is_retryable() || failures >= tries || !when.budget.allows_request_at(again) {
                break;
            }
            sleep_until(again).await;
        }
        Err(error)
    }
}

/// A condition failed that was not made.
fn unconditional(operation: Operation) -> StoreError {
    StoreFault::Invalid.of(operation.action())
}

/// What is said of the one table that was asked, by whichever name.
fn only(tables: &mut Value) -> Option<&mut Value> {
    tables.as_object_mut()?.values_mut().next()
}

/// Why a request did not do what it asks.
enum Refusal {
    Condition,
    Fault(Failed),
}

struct Failed {
    fault: StoreFault,
    may_be_done: bool,
}

fn read(operation: Operation, answer: &Answer) -> Result<Value, Refusal> {
    let failed = |fault, may_be_done| {
        Refusal::Fault(Failed { fault, may_be_done: may_be_done && operation.is_write() })
    };
    if answer.status == 200 {
        if !operation.is_read() {
            return Ok(Value::Null);
        }
        let value = serde_json::from_slice(&answer.body).ok().filter(Value::is_object);
        return match (value, answer.broken) {
            (Some(value), None) => Ok(value),
            (_, Some(TransportFault::AnswerTimeout)) => Err(failed(StoreFault::TimedOut, true)),
            _ => Err(failed(StoreFault::Unavailable, true)),
        };
    }
    let by_status = match answer.status {
        403 => StoreFault::Denied,
        413 => StoreFault::TooLarge,
        429 => StoreFault::Throttled,
        500.. => StoreFault::Unavailable,
        _ => StoreFault::Invalid,
    };
    match error_code(answer, by_code) {
        Some(Code::Condition) => Err(Refusal::Condition),
        // What failed inside may have been done before it failed.
        Some(Code::Fault(StoreFault::Unavailable)) => Err(failed(StoreFault::Unavailable, true)),
        Some(Code::Fault(fault)) => Err(failed(fault, false)),
        None => Err(failed(by_status, answer.status >= 500)),
    }
}

enum Code {
    Condition,
    Fault(StoreFault),
}

/// From the API reference of DynamoDB: the errors of the operations above, and those common to all.
fn by_code(code: &str) -> Option<Code> {
    Some(Code::Fault(match code {
        "ConditionalCheckFailedException" => return Some(Code::Condition),
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "TransactionConflictException"
        | "TransactionInProgressException"
        | "ReplicatedWriteConflictException" => StoreFault::Throttled,
        "InternalServerError"
        | "InternalServerErrorException"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "ResourceInUseException" => StoreFault::Unavailable,
        "AccessDeniedException" | "AccessDenied" | "NotAuthorized" | "OptInRequired" => StoreFault::Denied,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired" => StoreFault::NotSignedIn,
        "ResourceNotFoundException" => StoreFault::NoTable,
        "ItemCollectionSizeLimitExceededException" | "RequestEntityTooLarge" => StoreFault::TooLarge,
        "ValidationException" | "ValidationError" | "SerializationException" => StoreFault::Invalid,
        _ => return None,
    }))
}

fn by_transport(operation: Operation, lost: Lost) -> Failed {
    let fault = match lost.fault {
        TransportFault::AnswerTimeout | TransportFault::ConnectTimeout => StoreFault::TimedOut,
        _ => StoreFault::Unavailable,
    };
    Failed { fault, may_be_done: lost.sent && operation.is_write() }
}

/// The same call, so much later.
fn later(when: When, began: Instant) -> When {
    let passed = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    When { now_ms: when.now_ms.saturating_add(passed), ..when }
}

fn wall_clock(when: When) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(when.now_ms).unwrap_or_default());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
