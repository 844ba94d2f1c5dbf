//! Finds the formats in Terraform modules: the `.tf` files of one folder each.
//!
//! In: files. Out: the formats of stages, module arguments, and of variables and locals that nothing judged refers to.
//! Never reads a file that was not given: what a module from elsewhere gives is a gap.

mod calls;
mod expression;
mod functions;
mod module;
mod piece;
mod repetition;
mod type_defaults;

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body, Structure};
use hcl_edit::{Span, parser};

use self::calls::Parsed;
use self::expression::{Bound, Evaluation};
use self::module::Module;
use self::repetition::Repetition;
use super::choices::{Choices, alternatives};
use super::texts::Texts;
use super::value::Value;
use super::{Family, Fault, Found, Gap, GapReason, Place, SourceFile, Tool, add};

pub(super) use self::piece::find_in_piece;
pub use self::repetition::MAX_REPETITIONS;

/// Blocks within blocks and objects are looked into this deep; the parser refuses deeper ones.
const MAX_DEPTH: usize = 64;

/// Adds the formats of the wanted files of all modules, which are given by their folders, to `found`.
pub(super) fn find(modules: &BTreeMap<&str, Vec<SourceFile<'_>>>, texts: &Texts<'_>, found: &mut Found) {
    let mut parsed: BTreeMap<&str, Parsed<'_>> = BTreeMap::new();
    for (folder, files) in modules {
        let bodies = parsed.entry(folder).or_default();
        for file in files {
            match parser::parse_body(file.text.trim_start_matches('\u{feff}')) {
                Ok(body) => bodies.push((*file, body)),
                Err(error) if file.wanted => {
                    found.faults.push(Fault { file: file.name.to_owned(), ..fault(&error) });
                }
                Err(_) => {}
            }
        }
    }
    calls::find(&parsed, texts, found);
}

fn fault(error: &parser::Error) -> Fault {
    let (line, column) = (error.location().line(), error.location().column());
    if error.message().contains("nesting depth") {
        return Fault::too_deep(line, MAX_DEPTH);
    }
    let problem = format!("not valid HCL: {}; correct it (`terraform fmt` reports it too)", error.message());
    Fault::at(line, Some(column), problem)
}

/// The formats among locals and defaults that no stage or module argument came to.
fn left_over(module: &Module<'_>, files: &[SourceFile<'_>], found: &mut Found) {
    let candidates: Vec<_> = module
        .named_values()
        .filter(|(name, _)| name.to_ascii_lowercase().contains("log"))
        .filter(|(name, _)| !module.was_used(name))
        .collect();
    // One may be a part of another: only what no other one used is a format of its own.
    let mut formats = Vec::new();
    for (name, expression) in candidates {
        let mut part = Found::default();
        let file = files.iter().find(|file| file.name == expression.file);
        let Some(file) = file.filter(|file| file.wanted) else { continue };
        let mut walk = Walk { module, file, found: &mut part, bound: Bound::new(), is_argument: false };
        walk.value(&name, &mut vec![name.clone()], expression.expression, Family::Unknown, Sureness::Named);
        formats.push((name, part));
    }
    for (name, part) in formats {
        if !module.was_used(&name) {
            found.formats.extend(part.formats);
        }
    }
}

/// How sure it is that a value is an access-log format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sureness {
    /// A stage's settings: whatever it is, API Gateway gets it.
    Stage,
    /// Another resource or a module: by its name and its `$context` variables.
    Named,
}

struct Walk<'w, 'm> {
    module: &'w Module<'m>,
    file: &'w SourceFile<'w>,
    found: &'w mut Found,
    /// What the blocks around bind.
    bound: Bound,
    /// Whether the values are the arguments of a module from elsewhere.
    is_argument: bool,
}

impl Walk<'_, '_> {
    fn body(&mut self, body: &Body) {
        // Values for variables and Terragrunt's inputs; those that Terraform takes by itself are the module's.
        if !module::is_automatic(self.file.name) {
            for attribute in body.attributes() {
                let name = attribute.key.as_str();
                let mut path = vec![name.to_owned()];
                self.attribute(name, &mut path, attribute, Family::Unknown, Sureness::Named);
            }
        }
        self.blocks(body);
    }

    fn blocks(&mut self, body: &Body) {
        for block in body.blocks() {
            let labels: Vec<&str> =
                block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect();
            match (block.ident.as_str(), labels.as_slice()) {
                ("resource", [kind, name]) => {
                    let family = match *kind {
                        "aws_api_gateway_stage" | "aws_api_gateway_deployment" => Family::Rest,
                        kind if kind.starts_with("aws_apigatewayv2_") => self.protocol(&block.body),
                        _ => Family::Unknown,
                    };
                    let sureness = if family == Family::Unknown { Sureness::Named } else { Sureness::Stage };
                    self.repeated(&format!("{kind}.{name}"), &block.body, family, sureness);
                }
                // What is read itself, with these arguments.
                ("module", [name]) if self.module.is_followed(name) => {}
                ("module", [name]) => {
                    let resource = format!("module.{name}");
                    let family = family_of_module(&block.body);
                    self.is_argument = true;
                    self.repeated(&resource, &block.body, family, Sureness::Named);
                    self.is_argument = false;
                }
                // Settings without their stage: a piece of a file, beside the locals that it refers to.
                _ if name_of(block).contains("access_log") => {
                    let name = name_of(block);
                    let mut path = vec![name.clone()];
                    self.structures(&name, &mut path, &block.body, Family::Unknown, Sureness::Stage);
                }
                _ => {}
            }
        }
    }

    /// A resource or module, with each of its repetitions where they differ.
    fn repeated(&mut self, resource: &str, body: &Body, family: Family, sureness: Sureness) {
        let repetitions = repetition::of_resource(body, self.module, &self.bound);
        let each: Vec<(Repetition, Found)> = repetitions
            .each
            .into_iter()
            .map(|repetition| {
                let mut found = Found::default();
                let bound = repetition.bound.clone();
                let mut walk = Walk {
                    module: self.module,
                    file: self.file,
                    found: &mut found,
                    bound,
                    is_argument: self.is_argument,
                };
                walk.structures(resource, &mut Vec::new(), body, family, sureness);
                (repetition, found)
            })
            .collect();
        let is_one = |(_, found): &(Repetition, Found)| !found.formats.is_empty() || !found.gaps.is_empty();
        if repetitions.has_more && (sureness == Sureness::Stage || each.iter().any(is_one)) {
            self.more_repetitions(resource, body, family);
        }
        let differ = each.windows(2).any(|two| matches!(two, [(_, one), (_, other)] if one != other));
        for (repetition, mut found) in each {
            if differ {
                let name = |place: &mut Place| place.resource.push_str(&repetition.index);
                found.formats.iter_mut().for_each(|format| name(&mut format.place));
                found.gaps.iter_mut().for_each(|gap| name(&mut gap.place));
            }
            self.found.formats.append(&mut found.formats);
            self.found.gaps.append(&mut found.gaps);
            if !differ {
                break;
            }
        }
    }

    /// Says that a block has more repetitions than are looked at, at the line of what it is repeated for.
    fn more_repetitions(&mut self, resource: &str, body: &Body, family: Family) {
        let repeated = body.get_attribute("for_each").or_else(|| body.get_attribute("count"));
        let line = repeated.map_or(1, |repeated| self.line(&repeated.value));
        let place = Place { file: self.file.name.to_owned(), line, resource: resource.to_owned() };
        let gap = Gap { place, reason: GapReason::Repetitions, family, tool: Tool::Terraform };
        if !self.found.gaps.contains(&gap) {
            self.found.gaps.push(gap);
        }
    }

    /// The kind of API by the `protocol_type` of the API whose stage this is.
    fn protocol(&self, stage: &Body) -> Family {
        let Some(id) = stage.get_attribute("api_id") else { return Family::HttpOrWebSocket };
        let value = |expression: &Expression| {
            let value = |choices: &Choices| {
                Evaluation::new(self.module, choices, Bound::new()).value(expression).text()
            };
            match alternatives(value).found.as_slice() {
                [(Some(only), _)] => Some(only.clone()),
                _ => None,
            }
        };
        let protocol = value(&id.value).and_then(|id| {
            let (_, name) = id.split_once("aws_apigatewayv2_api.")?;
            let end = name.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(name.len());
            value(self.module.protocol(name.get(..end)?)?)
        });
        match protocol.as_deref() {
            Some("HTTP") => Family::Http,
            Some("WEBSOCKET") => Family::WebSocket,
            _ => Family::HttpOrWebSocket,
        }
    }

    fn structures(
        &mut self,
        resource: &str,
        path: &mut Vec<String>,
        body: &Body,
        family: Family,
        sureness: Sureness,
    ) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    path.push(attribute.key.as_str().to_owned());
                    self.attribute(resource, path, attribute, family, sureness);
                    path.pop();
                }
                Structure::Block(block) => {
                    path.push(name_of(block));
                    self.block(resource, path, block, family, sureness);
                    path.pop();
                }
            }
        }
    }

    fn block(
        &mut self,
        resource: &str,
        path: &mut Vec<String>,
        block: &Block,
        family: Family,
        sureness: Sureness,
    ) {
        if block.ident.as_str() != "dynamic" {
            return self.structures(resource, path, &block.body, family, sureness);
        }
        let mut each = Vec::new();
        let repetitions = repetition::of_dynamic(&name_of(block), block, self.module, &self.bound);
        let mut has_more = repetitions.has_more;
        for bound in repetitions.each {
            if !self.module.may_repeat() {
                has_more = true;
                break;
            }
            let mut found = Found::default();
            let bound = self.bound.iter().cloned().chain(bound).collect();
            let mut walk = Walk {
                module: self.module,
                file: self.file,
                found: &mut found,
                bound,
                is_argument: self.is_argument,
            };
            walk.structures(resource, path, &block.body, family, sureness);
            each.push(found);
        }
        if has_more && path.iter().any(|name| name.contains("access_log")) {
            self.more_repetitions(resource, &block.body, family);
        }
        for mut found in each {
            found.formats.retain(|format| !self.found.formats.contains(format));
            found.gaps.retain(|gap| !self.found.gaps.contains(gap));
            self.found.formats.append(&mut found.formats);
            self.found.gaps.append(&mut found.gaps);
        }
    }

    fn attribute(
        &mut self,
        resource: &str,
        path: &mut Vec<String>,
        attribute: &Attribute,
        family: Family,
        sureness: Sureness,
    ) {
        self.value(resource, path, &attribute.value, family, sureness);
    }

    /// A value at `path` inside a resource: a format, or an object that may hold one.
    fn value(
        &mut self,
        resource: &str,
        path: &mut Vec<String>,
        expression: &Expression,
        family: Family,
        sureness: Sureness,
    ) {
        if path.len() > MAX_DEPTH {
            return;
        }
        match expression {
            Expression::Object(object) => {
                for (key, value) in object {
                    path.push(key_name(key));
                    self.value(resource, path, value.expr(), family, sureness);
                    path.pop();
                }
            }
            Expression::Array(items) => {
                for item in items {
                    self.value(resource, path, item, family, sureness);
                }
            }
            _ if names_format(path) => {
                self.format(resource, path, expression, family, sureness, Some);
            }
            _ if names_settings(path) => {
                let format = |value: Value| value.member("format").cloned();
                self.format(resource, path, expression, family, sureness, format);
            }
            _ => {}
        }
    }

    /// Adds what `part` takes from the value of `expression`.
    fn format(
        &mut self,
        resource: &str,
        path: &[String],
        expression: &Expression,
        family: Family,
        sureness: Sureness,
        part: impl Fn(Value) -> Option<Value>,
    ) {
        let line = self.line(expression);
        let place = Place { file: self.file.name.to_owned(), line, resource: resource.to_owned() };
        let mut found = Found::default();
        add(&mut found, &place, family, Tool::Terraform, &|choices| {
            part(Evaluation::new(self.module, choices, self.bound.clone()).value(expression))
                .unwrap_or(Value::Null)
        });
        found.formats.iter_mut().for_each(|format| format.is_argument = self.is_argument);
        let is_stage = sureness == Sureness::Stage;
        let is_format = |text: &str| is_stage || text.contains("$context.");
        self.found.formats.extend(found.formats.into_iter().filter(|found| is_format(&found.format)));
        if is_stage || path.iter().any(|name| name.contains("access_log")) {
            self.found.gaps.append(&mut found.gaps);
        }
    }

    fn line(&self, expression: &Expression) -> usize {
        let start = expression.span().map_or(0, |span| span.start);
        let before =
            self.file.text.trim_start_matches('\u{feff}').as_bytes().get(..start).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() + 1
    }
}

/// The kind of API that a module from elsewhere makes, by its source: those of API Gateway's version 2 make HTTP APIs
/// unless they are told otherwise.
fn family_of_module(call: &Body) -> Family {
    let source = call.get_attribute("source").and_then(|source| source.value.as_str()).unwrap_or_default();
    if !["apigateway-v2", "apigatewayv2", "api-gateway-v2"].iter().any(|name| source.contains(name)) {
        return Family::Unknown;
    }
    match call.get_attribute("protocol_type").map(|protocol| protocol.value.as_str()) {
        None | Some(Some("HTTP")) => Family::Http,
        Some(Some("WEBSOCKET")) => Family::WebSocket,
        Some(_) => Family::HttpOrWebSocket,
    }
}

/// A block's name: what a `dynamic` block makes.
fn name_of(block: &Block) -> String {
    match (block.ident.as_str(), block.labels.first()) {
        ("dynamic", Some(label)) => label.as_str().to_owned(),
        (name, _) => name.to_owned(),
    }
}

fn key_name(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(name) => name.as_str().to_owned(),
        ObjectKey::Expression(expression) => expression.as_str().unwrap_or_default().to_owned(),
    }
}

/// Whether the last name on the way is that of a log's format: `access_log_settings.format`, `access_log_format`.
fn names_format(path: &[String]) -> bool {
    let is_log = path.iter().any(|name| name.to_ascii_lowercase().contains("log"));
    is_log && path.last().is_some_and(|name| name.to_ascii_lowercase().contains("format"))
        || path.last().is_some_and(|name| name.starts_with("local.") || name.starts_with("var."))
}

/// Whether the last name is that of an access log's settings, given as one value.
fn names_settings(path: &[String]) -> bool {
    path.last().is_some_and(|name| name.contains("access_log") && name.contains("setting"))
}
