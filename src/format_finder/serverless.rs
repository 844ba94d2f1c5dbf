//! The access logs of a `serverless.yml`.
//!
//! In: the tree of a service's file. Out: the formats under `provider.logs`, and the framework's own where none is given.
//! Never follows a variable into a file that was not given, the environment or the command line.

use std::rc::Rc;

use super::choices::Choices;
use super::node::Node;
use super::texts::{Texts, referenced_files};
use super::value::{Budget, MAX_TEXT, Value, concatenated};
use super::{Family, Found, Place, SourceFile, Tool, add, folder, yaml};

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
pub(super) fn find(document: &Node, file: &SourceFile<'_>, texts: &Texts<'_>, found: &mut Found) {
    let Some(provider) = document.get("provider") else { return };
    let others = Others::of(file, texts);
    let service = Service { document, file: file.name, others: &others, budget: Budget::default() };
    let Some((logs, _)) =
        service.followed(provider).and_then(|(provider, _)| service.followed(provider.get("logs")?))
    else {
        return;
    };
    for (kind, family, default) in KINDS {
        let Some(member) = logs.members().iter().find(|member| member.key == kind) else { continue };
        let service = Service { document, file: file.name, others: &others, budget: Budget::default() };
        let place = |file: &str, line: usize, own: &str| Place {
            file: file.to_owned(),
            line,
            resource: format!("provider.logs.{kind}{own}"),
        };
        // `restApi: ${self:custom.logs}`
        let Some((settings, settings_file)) = service.followed(&member.value) else {
            let text = member.value.scalar().unwrap_or_default();
            add(found, &place(file.name, member.line, ""), family, Tool::Serverless, &|_| {
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
        let place = match format {
            Some(format) => place(settings_file, format.line, ""),
            None => place(file.name, member.line, ", the framework's own format"),
        };
        let value = |_: &Choices| match format {
            Some(format) => service.resolved(&format.value, MAX_DEPTH),
            None => Value::Text(default.to_owned()),
        };
        add(found, &place, family, Tool::Serverless, &value);
    }
}

/// The files that a service's file refers to, by the paths as it writes them.
struct Others {
    parsed: Vec<(String, String, Rc<Node>)>,
    /// Those that are no YAML or JSON: a variable takes their text.
    texts: Vec<(String, String)>,
}

impl Others {
    fn of(file: &SourceFile<'_>, texts: &Texts<'_>) -> Self {
        let mut others = Self { parsed: Vec::new(), texts: Vec::new() };
        for path in referenced_files(file.text) {
            let folder = folder(file.name);
            let Some(text) = texts.get(folder, path) else { continue };
            let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
            if !matches!(extension, "yml" | "yaml" | "json") {
                if text.len() <= MAX_TEXT {
                    others.texts.push((path.to_owned(), text.to_owned()));
                }
            } else if let Ok(Some(document)) = yaml::parse(text).map(|documents| documents.first().cloned()) {
                let name = path.strip_prefix("./").unwrap_or(path);
                let name = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                others.parsed.push((path.to_owned(), name, document));
            }
        }
        others
    }
}

/// A service's file, and what the evaluation of a format may cost.
struct Service<'s> {
    document: &'s Node,
    file: &'s str,
    others: &'s Others,
    budget: Budget,
}

impl<'s> Service<'s> {
    /// The settings that a value is or refers to, and the file in which they stand; nothing where that was not given.
    fn followed(&self, node: &'s Node) -> Option<(&'s Node, &'s str)> {
        let (mut node, mut file) = (node, self.file);
        for _ in 0..MAX_DEPTH {
            let text = node.scalar().map(str::trim).filter(|text| text.contains("${"));
            let Some(text) = text else { return Some((node, file)) };
            (node, file) = self.referred(text.strip_prefix("${")?.strip_suffix('}')?)?;
        }
        None
    }

    /// What `self:path` or `file(path):path` leads to, and the file in which that stands.
    fn referred(&self, variable: &str) -> Option<(&'s Node, &'s str)> {
        let (root, file, path) = if let Some(path) = variable.strip_prefix("self:") {
            (self.document, self.file, path)
        } else {
            let (file, path) = variable.strip_prefix("file(")?.split_once(')')?;
            let (_, name, root) = self.others.parsed.iter().find(|(path, ..)| path == file.trim())?;
            (&**root, name.as_str(), path.strip_prefix(':').unwrap_or(path))
        };
        let mut keys = path.split('.').filter(|key| !key.is_empty());
        let node = keys.try_fold(root, |node, key| node.get(key))?;
        Some((node, file))
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
        let text = || {
            let path = first.strip_prefix("file(")?.strip_suffix(')')?;
            let (_, text) = self.others.texts.iter().find(|(known, _)| known == path.trim())?;
            Some(Value::Text(text.trim().to_owned()))
        };
        let known = self.referred(first).map(|(node, _)| self.resolved(node, depth));
        known
            .or_else(text)
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
