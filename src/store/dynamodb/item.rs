//! DynamoDB's way to write a value in JSON.
//!
//! It knows types, not what is stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// A string.
pub(super) fn text(text: &str) -> Value {
    json!({ "S": text })
}

/// A number.
pub(super) fn number(number: impl std::fmt::Display) -> Value {
    json!({ "N": number.to_string() })
}

/// Bytes.
pub(super) fn bytes(bytes: &[u8]) -> Value {
    json!({ "B": STANDARD.encode(bytes) })
}

/// An item that was read.
pub(super) struct Item(Map<String, Value>);

impl Item {
    pub(super) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(attributes) => Some(Self(attributes)),
            _ => None,
        }
    }

    /// The items of an answer, taken out of it.
    pub(super) fn all_of(answer: Option<&mut Value>) -> Vec<Self> {
        let items = answer.and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        items.into_iter().filter_map(Self::of).collect()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.get("S")?.as_str()
    }

    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.0.get(name)?.get("N")?.as_str()?.parse().ok()
    }

    pub(super) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.get(name)?.get("B")?.as_str()?).ok()
    }
}
