//! A small DynamoDB for tests: one table behind real HTTP on a loopback port, with the operations and expressions that
//! the store uses, and with faults as a test wishes.
//!
//! It refuses what DynamoDB refuses of them: values that an expression does not use, items that are too large.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::http::scripted_server::read_request;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// It is answered by this status and code. Nothing is done.
    Refused(u16, &'static str),
    /// It is done and answered as if it had failed.
    FailedAfter(u16, &'static str),
    /// The connection breaks instead of an answer.
    Broken { is_done: bool },
    /// No answer ever comes.
    Silent { is_done: bool },
    /// It is done; the answer is cut within its JSON.
    Garbled,
    /// Of a batch only the first part is done.
    Partial,
    /// It takes so long.
    Late(Duration),
}

type Faults = Box<dyn FnMut(&str) -> Option<Fault> + Send>;
pub(crate) type Attributes = Map<String, Value>;

/// The table; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct FakeTable {
    address: std::net::SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    items: BTreeMap<(String, String), Attributes>,
    faults: Faults,
    requests: Vec<String>,
    write_units: u64,
}

/// Why a request is refused.
type Refused = (u16, &'static str);
const INVALID: Refused = (400, "com.amazon.coral.validate#ValidationException");
const CONDITION: Refused = (400, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");

impl FakeTable {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared {
            items: BTreeMap::new(),
            faults: Box::new(|_| None),
            requests: Vec::new(),
            write_units: 0,
        };
        let shared = Arc::new(Mutex::new(shared));
        let table = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { serve(stream, &shared).await });
            }
        });
        table
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on `faults` decides what goes wrong with each request, by its operation.
    pub(crate) fn set_faults(&self, faults: impl FnMut(&str) -> Option<Fault> + Send + 'static) {
        lock(&self.shared).faults = Box::new(faults);
    }

    /// The requests so far, head and body; they are forgotten.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared).requests)
    }

    /// The operations of the requests so far; they are forgotten.
    pub(crate) fn take_operations(&self) -> Vec<String> {
        self.take_requests().iter().map(|request| operation(request).to_owned()).collect()
    }

    /// Write units of the requests so far, those included whose condition did not hold; they are forgotten.
    pub(crate) fn take_write_units(&self) -> u64 {
        std::mem::take(&mut lock(&self.shared).write_units)
    }

    /// Sort keys, and how many bytes each item takes.
    pub(crate) fn sizes(&self) -> Vec<(String, usize)> {
        let size = |((_, sk), item): (&(String, String), &Attributes)| (sk.clone(), item_bytes(item));
        lock(&self.shared).items.iter().map(size).collect()
    }

    /// All items.
    pub(crate) fn items(&self) -> Vec<Attributes> {
        lock(&self.shared).items.values().cloned().collect()
    }

    /// Takes all items out.
    pub(crate) fn clear(&self) {
        lock(&self.shared).items.clear();
    }

    /// Puts an item in, whatever it is.
    pub(crate) fn insert(&self, item: Value) {
        let Value::Object(item) = item else { panic!("not an object") };
        let mut shared = lock(&self.shared);
        shared.items.insert(key_of(&item).unwrap(), item);
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn operation(request: &str) -> &str {
    let target = request.lines().find_map(|line| line.strip_prefix("x-amz-target: DynamoDB_20120810."));
    target.unwrap_or("?")
}

async fn serve(mut stream: TcpStream, shared: &Mutex<Shared>) {
    while let Some(request) = read_request(&mut stream).await {
        let operation = operation(&request).to_owned();
        let fault = {
            let mut shared = lock(shared);
            shared.requests.push(request.clone());
            (shared.faults)(&operation)
        };
        if let Some(Fault::Late(time)) = fault {
            tokio::time::sleep(time).await;
        }
        let is_done = !matches!(
            fault,
            Some(Fault::Refused(..) | Fault::Broken { is_done: false } | Fault::Silent { is_done: false })
        );
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let done = is_done.then(|| {
            let request = serde_json::from_str(body).unwrap();
            lock(shared).act(&operation, &request, fault == Some(Fault::Partial))
        });
        let (status, mut text) = match (fault, done) {
            (Some(Fault::Refused(status, code) | Fault::FailedAfter(status, code)), _)
            | (_, Some(Err((status, code)))) => {
                (status, json!({ "__type": code, "message": "CANARY" }).to_string())
            }
            (Some(Fault::Broken { .. }), _) => return stream.set_zero_linger().unwrap(),
            (Some(Fault::Silent { .. }), _) => std::future::pending().await,
            (_, Some(Ok(answer))) => (200, answer.to_string()),
            (_, None) => panic!("what is not done is refused, broken or silent"),
        };
        if fault == Some(Fault::Garbled) {
            text.pop();
        }
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl Shared {
    fn act(&mut self, operation: &str, request: &Value, partial: bool) -> Result<Value, Refused> {
        match operation {
            "GetItem" => {
                let item = self.items.get(&key_of(object(&request["Key"])?)?);
                Ok(item.map_or(json!({}), |item| json!({ "Item": item })))
            }
            "PutItem" => {
                let item = object(&request["Item"])?;
                self.check(request, &key_of(item)?, &[])?;
                self.put(item)?;
                Ok(json!({}))
            }
            "DeleteItem" => {
                self.delete(&key_of(object(&request["Key"])?)?);
                Ok(json!({}))
            }
            "UpdateItem" => self.update(request),
            "Query" => self.query(request),
            "BatchGetItem" => self.batch_get(request, partial),
            "BatchWriteItem" => self.batch_write(request, partial),
            _ => Err((400, "com.amazon.coral.service#UnknownOperationException")),
        }
    }

    fn put(&mut self, item: &Attributes) -> Result<(), Refused> {
        if item_bytes(item) > 400 * 1024 {
            return Err(INVALID);
        }
        self.pay(&key_of(item)?, item_bytes(item));
        self.items.insert(key_of(item)?, item.clone());
        Ok(())
    }

    /// A write costs a unit for each 1,024 bytes of the item, as it was or as it will be, whichever is larger.
    fn pay(&mut self, key: &(String, String), bytes: usize) {
        let before = self.items.get(key).map_or(0, item_bytes);
        self.write_units += u64::try_from(before.max(bytes).div_ceil(1_024).max(1)).unwrap();
    }

    fn delete(&mut self, key: &(String, String)) {
        self.pay(key, 0);
        self.items.remove(key);
    }

    /// Evaluates the condition; every value must be used by it or by the further expressions.
    fn check(&mut self, request: &Value, key: &(String, String), further: &[&str]) -> Result<(), Refused> {
        let condition = request["ConditionExpression"].as_str().unwrap_or_default();
        let empty = Map::new();
        let values = request["ExpressionAttributeValues"].as_object().unwrap_or(&empty);
        let used = |name: &String| {
            let mut words = further.iter().chain([&condition]).flat_map(|text| words(text));
            words.any(|word| word == *name)
        };
        if !values.keys().all(used) {
            return Err(INVALID);
        }
        if condition.is_empty() {
            return Ok(());
        }
        let item = self.items.get(key).unwrap_or(&empty);
        let any = condition.split(" OR ").map(|all| {
            all.split(" AND ").try_fold(true, |so_far, term| Ok(holds(term, item, values)? && so_far))
        });
        let any = any.collect::<Result<Vec<bool>, Refused>>()?;
        if any.contains(&true) {
            return Ok(());
        }
        self.pay(key, 0);
        Err(CONDITION)
    }

    fn update(&mut self, request: &Value) -> Result<Value, Refused> {
        let key = key_of(object(&request["Key"])?)?;
        let update = request["UpdateExpression"].as_str().ok_or(INVALID)?;
        self.check(request, &key, &[update])?;
        let mut item =
            self.items.get(&key).cloned().unwrap_or_else(|| object(&request["Key"]).unwrap().clone());
        let (set, remove) = update.split_once(" REMOVE ").unwrap_or((update, ""));
        for assignment in set.strip_prefix("SET ").ok_or(INVALID)?.split(", ") {
            let (name, value) = assignment.split_once(" = ").ok_or(INVALID)?;
            let value = request["ExpressionAttributeValues"].get(value).ok_or(INVALID)?;
            item.insert(name.to_owned(), value.clone());
        }
        item.remove(remove);
        self.put(&item)?;
        Ok(json!({}))
    }

    fn query(&self, request: &Value) -> Result<Value, Refused> {
        let values = object(&request["ExpressionAttributeValues"])?;
        let value = |name: &str| {
            Ok(values.get(name).and_then(|value| value["S"].as_str()).ok_or(INVALID)?.to_owned())
        };
        let (from, to) = match request["KeyConditionExpression"].as_str() {
            Some("pk = :pk") => (String::new(), "\u{10ffff}".to_owned()),
            Some("pk = :pk AND sk BETWEEN :head AND :end") => (value(":head")?, value(":end")?),
            _ => return Err(INVALID),
        };
        let pk = value(":pk")?;
        let after = request["ExclusiveStartKey"]["sk"]["S"].as_str();
        let limit = usize::try_from(request["Limit"].as_u64().ok_or(INVALID)?).unwrap();
        let mut bytes = 0;
        let mut items = Vec::new();
        let mut last = None;
        for ((_, sk), item) in self.items.range((pk.clone(), from)..=(pk.clone(), to)) {
            if after.is_some_and(|after| sk.as_str() <= after) {
                continue;
            }
            items.push(item);
            bytes += item_bytes(item);
            if items.len() == limit || bytes >= 1024 * 1024 {
                last = Some(json!({ "pk": { "S": pk }, "sk": { "S": sk } }));
                break;
            }
        }
        let mut answer = json!({ "Count": items.len(), "Items": items });
        if let Some(last) = last {
            answer["LastEvaluatedKey"] = last;
        }
        Ok(answer)
    }

    fn batch_get(&self, request: &Value, partial: bool) -> Result<Value, Refused> {
        let (table, wanted) = object(&request["RequestItems"])?.iter().next().ok_or(INVALID)?;
        let keys = wanted["Keys"].as_array().filter(|keys| (1..=100).contains(&keys.len())).ok_or(INVALID)?;
        let (now, left) = keys.split_at(if partial { keys.len().div_ceil(2) } else { keys.len() });
        let mut found = Vec::new();
        for key in now {
            found.extend(self.items.get(&key_of(object(key)?)?));
        }
        let left = if left.is_empty() {
            json!({})
        } else {
            json!({ table: { "Keys": left, "ConsistentRead": true } })
        };
        Ok(json!({ "Responses": { table: found }, "UnprocessedKeys": left }))
    }

    fn batch_write(&mut self, request: &Value, partial: bool) -> Result<Value, Refused> {
        let (table, wanted) = object(&request["RequestItems"])?.iter().next().ok_or(INVALID)?;
        let wanted = wanted.as_array().filter(|all| (1..=25).contains(&all.len())).ok_or(INVALID)?;
        let (now, left) = wanted.split_at(if partial { wanted.len().div_ceil(2) } else { wanted.len() });
        for one in now {
            if let Some(put) = one.get("PutRequest") {
                self.put(object(&put["Item"])?)?;
            } else {
                self.delete(&key_of(object(&one["DeleteRequest"]["Key"])?)?);
            }
        }
        let left = if left.is_empty() { json!({}) } else { json!({ table: left }) };
        Ok(json!({ "UnprocessedItems": left }))
    }
}

fn object(value: &Value) -> Result<&Attributes, Refused> {
    value.as_object().ok_or(INVALID)
}

fn key_of(item: &Attributes) -> Result<(String, String), Refused> {
    let part =
        |name: &str| Ok(item.get(name).and_then(|value| value["S"].as_str()).ok_or(INVALID)?.to_owned());
    Ok((part("pk")?, part("sk")?))
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    expression.split([' ', ',', '(', ')'])
}

/// One comparison of a condition.
fn holds(term: &str, item: &Attributes, values: &Attributes) -> Result<bool, Refused> {
    if let Some(name) = term.strip_prefix("attribute_not_exists(") {
        return Ok(!item.contains_key(name.strip_suffix(')').ok_or(INVALID)?));
    }
    let parts: Vec<&str> = term.split(' ').collect();
    let [name, sign, value] = parts[..] else { return Err(INVALID) };
    let value = values.get(value).ok_or(INVALID)?;
    let Some(mine) = item.get(name) else { return Ok(false) };
    let number = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<i128>().ok());
    let order = number(mine).ok_or(INVALID)?.cmp(&number(value).ok_or(INVALID)?);
    match sign {
        "=" => Ok(order.is_eq()),
        "<" => Ok(order.is_lt()),
        "<=" => Ok(order.is_le()),
        _ => Err(INVALID),
    }
}

/// By DynamoDB's own rules: names and texts by their bytes, binary before base64, numbers two digits a byte.
pub(crate) fn item_bytes(item: &Attributes) -> usize {
    let value = |value: &Value| {
        let text = |kind: &str| value[kind].as_str().map(str::len);
        let number = text("N").map(|digits| digits.div_ceil(2) + 1);
        let binary = value["B"].as_str().map(|base64| base64.trim_end_matches('=').len() * 3 / 4);
        text("S").or(number).or(binary).unwrap_or_default()
    };
    item.iter().map(|(name, attribute)| name.len() + value(attribute)).sum()
}
