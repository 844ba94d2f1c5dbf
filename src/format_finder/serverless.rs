//! The access logs of a `serverless.yml`.
//!
//! In: the tree of a service's file. Out: the formats under `provider.logs`, and the framework's own where none is given.
//! Never follows a variable into another file, the environment or the command line.

use super::choices::Choices;
use super::node::Node;
use super::value::{Value, concatenated};
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
        let settings = &*member.value;
        let off = settings.scalar() == Some("false")
            || settings.get("accessLogging").and_then(Node::scalar) == Some("false");
        if off {
            continue;
        }
        let format = settings.members().iter().find(|member| member.key == "format");
        let line = format.map_or(member.line, |format| format.line);
        let own = if format.is_some() { "" } else { ", the framework's own format" };
        let place = Place { file: file.to_owned(), line, resource: format!("provider.logs.{kind}{own}") };
        let value = |_: &Choices| match format {
            Some(format) => resolved(document, &format.value, MAX_DEPTH),
            None => Value::Text(default.to_owned()),
        };
        add(found, &place, family, Tool::Serverless, &value);
    }
}

/// A value with its `${self:…}` looked up.
fn resolved(document: &Node, node: &Node, depth: usize) -> Value {
    match node.scalar() {
        Some(text) => text_of(document, text, depth),
        None => Value::List(Vec::new()),
    }
}

fn text_of(document: &Node, text: &str, depth: usize) -> Value {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some(end) = closing(after) else { break };
        parts.push(Value::Text(before.to_owned()));
        let (variable, after) = after.split_at(end);
        parts.push(self::variable(document, variable.trim(), depth));
        rest = after.strip_prefix('}').unwrap_or_default();
    }
    parts.push(Value::Text(rest.to_owned()));
    concatenated(parts, "what refers to itself")
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

/// `self:path`, or the fallback behind its comma; else a gap.
fn variable(document: &Node, variable: &str, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::unknown("what refers to itself") };
    let (first, fallback) = match variable.split_once(',') {
        Some((first, fallback)) => (first.trim(), Some(fallback.trim())),
        None => (variable, None),
    };
    let known = first.strip_prefix("self:").and_then(|path| {
        path.split('.')
            .try_fold(document, |node, key| node.get(key))
            .map(|node| resolved(document, node, depth))
    });
    known
        .or_else(|| {
            let fallback = fallback?;
            let literal = fallback.trim_matches(['\'', '"']);
            if literal.len() < fallback.len() {
                Some(text_of(document, literal, depth))
            } else {
                let inner = fallback.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
                Some(self::variable(document, inner.unwrap_or(fallback), depth))
            }
        })
        .unwrap_or_else(|| Value::unknown(first))
}
