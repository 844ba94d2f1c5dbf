//! What CloudFormation's intrinsic functions come to.
//!
//! In: a value of a template, in short (`!Sub`) or long form (`Fn::Sub`). Out: the value as far as the template tells.
//! Never evaluates a condition: each branch is judged.

use super::Family;
use super::choices::Choices;
use super::node::{Content, Node, Scalar};
use super::value::{Budget, Value, concatenated, joined};

/// Values are evaluated this deep, so that parameters and aliases that name each other end.
const MAX_DEPTH: usize = 128;

/// A template, whose parameters and mappings are looked up.
pub(super) struct Template<'t> {
    root: &'t Node,
    budget: Budget,
}

impl<'t> Template<'t> {
    pub(super) fn new(root: &'t Node) -> Self {
        Self { root, budget: Budget::default() }
    }

    /// The kind of API by the `ProtocolType` of the API whose stage `resource` is.
    pub(super) fn protocol(&self, resource: &Node) -> Option<Family> {
        let id = resource.get("Properties")?.get("ApiId")?;
        let name = match function(id)? {
            ("Ref", name) => name.scalar()?,
            _ => return None,
        };
        let api = self.root.get("Resources")?.get(name)?;
        match api.get("Type").and_then(Node::scalar)? {
            "AWS::Serverless::HttpApi" => return Some(Family::Http),
            "AWS::Serverless::WebSocketApi" => return Some(Family::WebSocket),
            _ => {}
        }
        match api.get("Properties")?.get("ProtocolType")?.scalar()? {
            "HTTP" => Some(Family::Http),
            "WEBSOCKET" => Some(Family::WebSocket),
            _ => None,
        }
    }

    /// What `node` comes to with these answers.
    pub(super) fn evaluate(&self, node: &Node, choices: &Choices) -> Value {
        self.budget.renew();
        self.value(node, choices, MAX_DEPTH)
    }

    fn value(&self, node: &Node, choices: &Choices, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.budget.step()) else {
            return Value::unknown("a value that refers to itself");
        };
        self.budget.charged(self.evaluated(node, choices, depth))
    }

    fn evaluated(&self, node: &Node, choices: &Choices, depth: usize) -> Value {
        if let Some((function, argument)) = function(node) {
            let known = self.function(function, argument, choices, depth);
            return known.unwrap_or_else(|| Value::unknown(&name(function, argument)));
        }
        match &node.content {
            Content::Scalar(scalar) => plain(scalar),
            Content::List(items) => {
                Value::List(items.iter().map(|item| self.value(item, choices, depth)).collect())
            }
            Content::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.key.clone(), self.value(&member.value, choices, depth)))
                    .collect(),
            ),
        }
    }

    /// Nothing where the template does not tell.
    fn function(&self, name: &str, argument: &Node, choices: &Choices, depth: usize) -> Option<Value> {
        let value = |node: &Node| self.value(node, choices, depth);
        let items = argument.items();
        match name {
            "Ref" => self.parameter(argument.scalar()?, choices, depth),
            "Sub" => {
                let (text, map) = match items {
                    [] => (argument.scalar()?, None),
                    [text, map, ..] => (text.scalar()?, Some(&**map)),
                    [text] => (text.scalar()?, None),
                };
                Some(self.substituted(text, map, choices, depth))
            }
            "Join" => {
                let separator = items.first()?.scalar()?;
                let Value::List(parts) = value(items.get(1)?) else { return None };
                Some(joined(separator, &parts, "Fn::Join"))
            }
            "If" => {
                let condition = items.first()?.scalar()?;
                Some(value(items.get(if choices.holds(condition) { 1 } else { 2 })?))
            }
            "Select" => {
                let place: usize = items.first()?.scalar()?.trim().parse().ok()?;
                let Value::List(list) = value(items.get(1)?) else { return None };
                list.get(place).cloned()
            }
            "Split" => {
                let separator = items.first()?.scalar().filter(|separator| !separator.is_empty())?;
                let text = value(items.get(1)?).text()?;
                Some(Value::List(text.split(separator).map(|part| Value::Text(part.to_owned())).collect()))
            }
            "FindInMap" => {
                let key = |place: usize| value(items.get(place)?.as_ref()).text();
                let map = self.root.get("Mappings")?.get(&key(0)?)?.get(&key(1)?)?.get(&key(2)?)?;
                Some(value(map))
            }
            "ToJsonString" => value(argument).json().map(Value::Text),
            _ => None,
        }
    }

    /// A parameter's default; nothing for a resource, a pseudo parameter, or a parameter without one.
    fn parameter(&self, name: &str, choices: &Choices, depth: usize) -> Option<Value> {
        if name == "AWS::NoValue" {
            return Some(Value::Null);
        }
        let default = self.root.get("Parameters")?.get(name)?.get("Default")?;
        Some(self.value(default, choices, depth))
    }

    /// A text of `Fn::Sub`: `${Name}` from its own map, a parameter's default, or a gap; `${!Name}` stays as `${Name}`.
    fn substituted(&self, text: &str, map: Option<&Node>, choices: &Choices, depth: usize) -> Value {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            parts.push(Value::Text(before.to_owned()));
            let name = name.trim();
            parts.push(if let Some(literal) = name.strip_prefix('!') {
                Value::Text(format!("${{{literal}}}"))
            } else if let Some(node) = map.and_then(|map| map.get(name)) {
                self.value(node, choices, depth)
            } else {
                self.parameter(name, choices, depth).unwrap_or_else(|| Value::unknown(name))
            });
            rest = after;
        }
        parts.push(Value::Text(rest.to_owned()));
        concatenated(parts, "Fn::Sub")
    }
}

/// The function that a value is a call of, and its argument.
fn function(node: &Node) -> Option<(&str, &Node)> {
    if let Some(tag) = &node.tag {
        return Some((tag, node));
    }
    let [member] = node.members() else { return None };
    let name = member.key.strip_prefix("Fn::").or((member.key == "Ref").then_some("Ref"))?;
    Some((name, &member.value))
}

/// The name of what a function refers to.
fn name(function: &str, argument: &Node) -> String {
    let items: Option<Vec<&str>> = argument.items().iter().map(|item| item.scalar()).collect();
    let argument = argument.scalar().map(str::to_owned).or(items.map(|items| items.join(".")));
    match (function, argument) {
        ("Ref" | "GetAtt", Some(argument)) => argument,
        (_, Some(argument)) => format!("{function} {argument}"),
        (_, None) => format!("Fn::{function}"),
    }
}

fn plain(scalar: &Scalar) -> Value {
    match scalar.text.as_str() {
        _ if scalar.quoted => Value::Text(scalar.text.clone()),
        "null" | "~" | "" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text if serde_json::from_str::<serde_json::Number>(text).is_ok() => Value::Number(text.to_owned()),
        text => Value::Text(text.to_owned()),
    }
}
