//! What an expression of a template comes to, as far as the files tell.
//!
//! In: parts that an evaluator read. Out: a text in which each part that is not known stands as `${name}`, a gap.
//! Never guesses what a gap holds.

use std::cell::Cell;

/// A text longer than this is not built: no format is near it, and references that double each other end here.
pub(super) const MAX_TEXT: usize = 64 * 1024;
/// A gap's name is cut to this many characters.
const MAX_NAME: usize = 60;
/// Lists and objects within each other are built this deep.
const MAX_LEVELS: usize = 128;
/// So many expressions are evaluated for one format, so that names that refer to each other end.
const MAX_STEPS: usize = 10_000;
/// So many bytes are built for one format, each item counted as [`ITEM_BYTES`] besides its text.
const MAX_BUILT: usize = 16 * 1024 * 1024;
const ITEM_BYTES: usize = 64;
/// So many bytes are built for all formats of one document or module, each expression counted as [`STEP_BYTES`].
const MAX_TOTAL: usize = 256 * 1024 * 1024;
const STEP_BYTES: usize = 256;

/// What evaluation may still cost: a small file can ask for any number of values of any size.
#[derive(Debug)]
pub(super) struct Budget {
    steps: Cell<usize>,
    built: Cell<usize>,
    total: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: Cell::new(MAX_STEPS), built: Cell::new(MAX_BUILT), total: Cell::new(MAX_TOTAL) }
    }
}

impl Budget {
    /// Begins the next format.
    pub(super) fn renew(&self) {
        self.steps.set(MAX_STEPS);
        self.built.set(MAX_BUILT);
    }

    /// Counts an evaluation; whether there was one left.
    pub(super) fn step(&self) -> bool {
        take(&self.steps, 1) && take(&self.total, STEP_BYTES)
    }

    /// The value, or a gap where it is too large or too deep.
    pub(super) fn charged(&self, value: Value) -> Value {
        if self.pay(&value, MAX_LEVELS) { value } else { Value::unknown("a value that is too large") }
    }

    fn pay(&self, value: &Value, levels: usize) -> bool {
        let text = match value {
            Value::Number(text) | Value::Text(text) | Value::Unknown(text) => text.len(),
            _ => 0,
        };
        if !take(&self.built, text + ITEM_BYTES) || !take(&self.total, text + ITEM_BYTES) {
            return false;
        }
        let Some(levels) = levels.checked_sub(1) else { return false };
        match value {
            Value::List(items) => items.iter().all(|item| self.pay(item, levels)),
            Value::Object(members) => members.iter().all(|(_, item)| self.pay(item, levels)),
            _ => true,
        }
    }
}

fn take(from: &Cell<usize>, units: usize) -> bool {
    let left = from.get().checked_sub(units);
    from.set(left.unwrap_or_default());
    left.is_some()
}

/// A value of Terraform, CloudFormation or the Serverless Framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    /// With `${name}` for what is not known.
    Text(String),
    List(Vec<Value>),
    /// In the order in which it is written.
    Object(Vec<(String, Value)>),
    /// Not known from the files: the name under which it is referred to.
    Unknown(String),
}

impl Value {
    /// Something that only a run of the tool would tell, such as `var.environment`.
    pub(super) fn unknown(name: &str) -> Self {
        let plain = |c: &char| !matches!(c, '"' | '\\' | '{' | '}' | '$') && !c.is_control();
        let name: String =
            name.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(plain).collect();
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut = match name.char_indices().nth(MAX_NAME) {
            Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
            None => name,
        };
        Self::Unknown(cut)
    }

    /// The value as it stands inside a text: what is not known as a gap; nothing for a list or an object.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(text) | Self::Text(text) => Some(text.clone()),
            Self::Unknown(name) => Some(gap(name)),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The member of an object.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().rev().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The value as JSON without white space, a gap as a string; nothing where that is too long.
    pub(super) fn json(&self) -> Option<String> {
        let mut out = String::new();
        self.write_json(&mut out);
        (out.len() <= MAX_TEXT).then_some(out)
    }

    fn write_json(&self, out: &mut String) {
        if out.len() > MAX_TEXT {
            return;
        }
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(&value.to_string()),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Unknown(name) => out.push_str(&quoted(&gap(name))),
            Self::List(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    out.push_str(if place > 0 { "," } else { "" });
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    out.push_str(if place > 0 { "," } else { "" });
                    out.push_str(&quoted(name));
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

/// `${name}`.
fn gap(name: &str) -> String {
    format!("${{{name}}}")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The texts after one another; a gap where a part is no text, or all of it is too long.
pub(super) fn concatenated(parts: impl IntoIterator<Item = Value>, name: &str) -> Value {
    let mut whole = String::new();
    for part in parts {
        match part.text() {
            Some(text) if whole.len() + text.len() <= MAX_TEXT => whole.push_str(&text),
            _ => return Value::unknown(name),
        }
    }
    Value::Text(whole)
}

/// The texts with `separator` between them.
pub(super) fn joined(separator: &str, items: &[Value], name: &str) -> Value {
    let mut parts = Vec::new();
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            parts.push(Value::Text(separator.to_owned()));
        }
        parts.push(item.clone());
    }
    concatenated(parts, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn what_is_not_known_is_a_gap_without_quotes() {
        assert_eq!(Value::unknown("var.environment").text().unwrap(), "${var.environment}");
        assert_eq!(Value::unknown("lookup(var.a,\n  \"b\")").text().unwrap(), "${lookup(var.a, b)}");
        assert_eq!(Value::unknown("f(\"a\", { b = c })"), Value::Unknown("f(a, b = c )".to_owned()));
        assert_eq!(Value::unknown(&"é".repeat(100)).text().unwrap().chars().count(), MAX_NAME + 4);
    }

    #[test]
    fn objects_are_written_as_json() {
        let value = Value::Object(vec![
            ("a".to_owned(), Value::List(vec![text("say \"hi\""), Value::Number("1".to_owned())])),
            ("b".to_owned(), Value::unknown("var.b")),
            ("c".to_owned(), Value::Null),
            ("d".to_owned(), Value::Bool(true)),
        ]);
        assert_eq!(value.json().unwrap(), r#"{"a":["say \"hi\"",1],"b":"${var.b}","c":null,"d":true}"#);
        assert_eq!(value.text(), None);
        assert_eq!(value.member("d"), Some(&Value::Bool(true)));
    }

    #[test]
    fn texts_are_joined_and_never_longer_than_the_limit() {
        assert_eq!(joined(", ", &[text("a"), Value::unknown("var.b")], "join"), text("a, ${var.b}"));
        assert_eq!(joined("", &[Value::List(vec![])], "join"), Value::unknown("join"));
        let long = vec![text(&"x".repeat(MAX_TEXT)), text("y")];
        assert_eq!(concatenated(long.clone(), "long"), Value::unknown("long"));
        assert_eq!(Value::List(long).json(), None);
    }
}
