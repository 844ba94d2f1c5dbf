//! What a small DynamoDB for tests does with a request: the operations and expressions that the store uses, on one table.
//!
//! It refuses what DynamoDB refuses of them: values that an expression does not use, items that are too large. It knows
//! no network and no time, so that the simulation of a storm uses it, too.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub(crate) type Attributes = Map<String, Value>;

/// Why a request is refused: status and code.
pub(crate) type Refused = (u16, &'static str);
const INVALID: Refused = (400, "com.amazon.coral.validate#ValidationException");
const CONDITION: Refused = (400, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");

/// The table's items, by partition and sort key.
#[derive(Default)]
pub(crate) struct Items {
    pub(crate) items: BTreeMap<(String, String), Attributes>,
    /// Write units of the requests so far, those included whose condition did not hold.
    pub(crate) write_units: u64,
}

impl Items {
    /// Does what a request asks; of a batch only the first part, where that is wished.
    pub(crate) fn act(&mut self, operation: &str, request: &Value, partial: bool) -> Result<Value, Refused> {
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

pub(crate) fn key_of(item: &Attributes) -> Result<(String, String), Refused> {
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
