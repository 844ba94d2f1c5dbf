//! The access logs of a `serverless.yml`.
//!
//! In: the tree of a service's file. Out: the formats under `provider.logs`, and the framework's own where none is given.
//! Never follows a variable into another file, the environment or the command line.

use super::choices::Choices;
use super::node::Node;
use super::value::{Budget, Value, concatenated};
use super::{Family, Found, Place, Tool, add};

/// Variables within variables are followed this deep.
const MAX_DEPTH: usize = 16;

/// The kinds of API under `provider.logs`, with what the framework (3.x) writes where no format is given.
const KINDS: [(&str, Family, &str); 3] = [
    (
        "restApi",
        Family::Rest,
        "requestId: $context.requestId, ip: $context.identity.sourceIp, caller: $context.identity.caller, \
         user: $context.identity.user, requestTime: $context.requestTime, httpMethod: $context.httpMethod, \
         resourcePath: $context.resourcePath, status: $context.status, protocol: $context.protocol, \
         responseLength: $context.responseLength",
    ),
    (
        "httpApi",
        Family::Http,
        r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","routeKey":"$context.routeKey","status":"$context.status","protocol":"$context.protocol","responseLength":"$context.responseLength"}"#,
    ),
    (
        "websocket",
        Family::WebSocket,
        "$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] \
         \"$context.eventType $context.routeKey $context.connectionId\" $context.requestId",
    ),
];

/// Adds the formats of a service's file to `found`.
pub(super) fn find(document: &Node, file: &str, found: &mut Found) {
    let Some(logs) = document.get("provider").and_then(|provider| provider.get("logs")) else { return };
    for (kind, family, default) in KINDS {
        let Some(member) = logs.members().iter().find(|member| member.key == kind) else { continue };
        let service = Service { document, budget: Budget::default() };
        let place = |line: usize, own: &str| Place {
            file: file.to_owned(),
            line,
            resource: format!("provider.logs.{kind}{own}"),
        };
        // `restApi: ${self:custom.logs}`
        let Some(settings) = service.followed(&member.value) else {
            let text = member.value.scalar().unwrap_or_default();
            add(found, &place(member.line, ""), family, Tool::Serverless, &|_| {
                service.text_of(text, MAX_DEPTH)
            });
            continue;
        };
        let off = settings.scalar() == Some("false")
            || settings.get("accessLogging").and_then(Node::scalar) == Some("false");
        if off {
            continue;
        }
        let format = settings.members().iter().find(|member| member.key == "format");
        let line = format.map_or(member.line, |format| format.line);
        let own = if format.is_some() { "" } else { ", the framework's own format" };
        let place = place(line, own);
        let value = |_: &Choices| match format {
            Some(format) => service.resolved(&format.value, MAX_DEPTH),
            None => Value::Text(default.to_owned()),
        };
        add(found, &place, family, Tool::Serverless, &value);
    }
}

/// A service's file, and what the evaluation of a format may cost.
struct Service<'s> {
    document: &'s Node,
    budget: Budget,
}

impl<'s> Service<'s> {
    /// The settings that a value is or refers to; nothing where they are not in this file.
    fn followed(&self, node: &'s Node) -> Option<&'s Node> {
        let mut node = node;
        for _ in 0..MAX_DEPTH {
            let text = node.scalar().map(str::trim).filter(|text| text.contains("${"));
            let Some(text) = text else { return Some(node) };
            let path = text.strip_prefix("${self:")?.strip_suffix('}')?;
            node = path.split('.').try_fold(self.document, |node, key| node.get(key))?;
        }
        None
    }

    /// A value with its `${self:…}` looked up.
    fn resolved(&self, node: &Node, depth: usize) -> Value {
        match node.scalar() {
            Some(text) => self.text_of(text, depth),
            None => Value::List(Vec::new()),
        }
    }

    fn text_of(&self, text: &str, depth: usize) -> Value {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some(end) = closing(after) else { break };
            parts.push(Value::Text(before.to_owned()));
            let (variable, after) = after.split_at(end);
            parts.push(self.budget.charged(self.variable(variable.trim(), depth)));
            rest = after.strip_prefix('}').unwrap_or_default();
        }
        parts.push(Value::Text(rest.to_owned()));
        concatenated(parts, "a value that refers to itself")
    }

    /// `self:path`, or the fallback behind its comma; else a gap.
    fn variable(&self, variable: &str, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.budget.step()) else {
            return Value::unknown("a value that refers to itself");
        };
        let (first, fallback) = match comma(variable).map(|at| variable.split_at(at)) {
            Some((first, fallback)) => (first.trim(), Some(fallback.trim_start_matches(',').trim())),
            None => (variable, None),
        };
        // `self:custom.${opt:stage, 'dev'}`: the inner variables are resolved first.
        let inner = if first.contains("${") { self.text_of(first, depth).text() } else { None };
        let first = inner.as_deref().unwrap_or(first);
        let known = first.strip_prefix("self:").and_then(|path| {
            path.split('.')
                .try_fold(self.document, |node, key| node.get(key))
                .map(|node| self.resolved(node, depth))
        });
        known
            .or_else(|| {
                let fallback = fallback?;
                let literal = fallback.trim_matches(['\'', '"']);
                if literal.len() < fallback.len() {
                    Some(self.text_of(literal, depth))
                } else {
                    let inner = fallback.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
                    Some(self.variable(inner.unwrap_or(fallback), depth))
                }
            })
            .unwrap_or_else(|| Value::unknown(first))
    }
}

/// The place of the comma before the fallback: not one inside an inner variable.
fn comma(variable: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in variable.char_indices() {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// The place of the brace that closes the one before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}
