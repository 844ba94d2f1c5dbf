//! Finds the settings of access logs in a document of any of the kinds that have them.
//!
//! In: the tree of a template, a plan, a state, or an answer of the API. Out: formats and gaps.
//! Never looks into the parts of a plan that say again what is planned.

use std::collections::HashMap;
use std::rc::Rc;

use super::choices::Choices;
use super::cloudformation::Template;
use super::node::{Content, Node};
use super::plan::Protocols;
use super::value::Value;
use super::{Family, Found, Gap, GapReason, Place, Tool, add};

/// What several aliases share is looked at this often at most, so that aliases of aliases end.
const MAX_VISITS: usize = 1_000;

/// Evaluates a format with one answer for each condition.
pub(super) type Evaluate<'e> = &'e dyn Fn(&Choices) -> Value;

/// Adds the formats of `document` to `found`.
pub(super) fn find(document: &Node, file: &str, found: &mut Found) {
    let template = Template::new(document);
    let plan = document.get("planned_values").is_some();
    let protocols = Protocols::of(document);
    let mut walk =
        Walk { template: &template, protocols, file, found, visits: HashMap::new(), path: Vec::new() };
    for member in document.members() {
        // What a plan holds besides is the same once more, or what was before.
        if !plan || member.key == "planned_values" {
            walk.member(&member.key, member.line, &member.value, &Context::default());
        }
    }
    if plan {
        unknown_until_applied(document, file, walk.found);
    }
    if document.members().is_empty() {
        walk.node(document, &Context::default());
    }
}

/// The stages of a plan whose format Terraform does not know before it has made something else.
fn unknown_until_applied(plan: &Node, file: &str, found: &mut Found) {
    for change in plan.get("resource_changes").map(Node::items).unwrap_or_default() {
        let address = change.get("address").and_then(Node::scalar).unwrap_or_default();
        let unknown = change.get("change").and_then(|change| change.get("after_unknown"));
        let settings = unknown.and_then(|unknown| {
            unknown.members().iter().find(|member| is_settings(&member.key)).map(|member| &*member.value)
        });
        let Some(settings) = settings else { continue };
        let of_block = |block: &Node| block.get("format").and_then(Node::scalar) == Some("true");
        if settings.scalar() == Some("true") || settings.items().iter().any(|block| of_block(block)) {
            let place = Place { file: file.to_owned(), line: settings.line, resource: address.to_owned() };
            let reason = GapReason::Reference("a value known only after apply".to_owned());
            let family = family(address).unwrap_or(Family::Unknown);
            // The plan cannot say: what is deployed can.
            found.gaps.push(Gap { place, reason, family, tool: Tool::CloudFormation });
        }
    }
}

/// Adds the formats of what stands inside the settings of an access log, or around them, to `found`.
pub(super) fn find_in_settings(document: &Node, file: &str, found: &mut Found) {
    let template = Template::new(document);
    let protocols = Protocols::of(document);
    let mut walk =
        Walk { template: &template, protocols, file, found, visits: HashMap::new(), path: Vec::new() };
    walk.node(document, &Context { in_settings: true, ..Context::default() });
}

/// What is known of the resource around a value.
#[derive(Debug, Clone, Default)]
struct Context {
    resource: Rc<str>,
    family: Option<Family>,
    /// Whether the settings of an access log are around.
    in_settings: bool,
}

struct Walk<'w, 't> {
    template: &'w Template<'t>,
    protocols: Protocols<'t>,
    file: &'w str,
    found: &'w mut Found,
    /// How often each shared value was looked at.
    visits: HashMap<*const Node, usize>,
    /// The keys on the way to the value.
    path: Vec<String>,
}

impl Walk<'_, '_> {
    fn node(&mut self, node: &Node, context: &Context) {
        match &node.content {
            Content::Map(members) => {
                let context = self.named(node, context);
                for member in members {
                    self.member(&member.key, member.line, &member.value, &context);
                }
            }
            Content::List(items) => {
                for item in items {
                    if self.may_visit(item) {
                        self.node(item, context);
                    }
                }
            }
            Content::Scalar(_) => {}
        }
    }

    fn member(&mut self, key: &str, line: usize, value: &Rc<Node>, context: &Context) {
        let is_format = context.in_settings && key.eq_ignore_ascii_case("format");
        if value.scalar().is_some() && !is_format {
            return;
        }
        let mut context = context.clone();
        match key {
            "Api" if self.path.last().is_some_and(|last| last == "Globals") => {
                context.family = Some(Family::Rest);
            }
            "HttpApi" if self.path.last().is_some_and(|last| last == "Globals") => {
                context.family = Some(Family::Http);
            }
            _ => context.family = family(key).or(context.family),
        }
        if is_settings(key) {
            context.in_settings = true;
        } else if is_format {
            let place = Place { file: self.file.to_owned(), line, resource: self.resource(&context) };
            let family = context.family.unwrap_or(Family::Unknown);
            add(self.found, &place, family, self.tool(), &|choices| self.template.evaluate(value, choices));
            return;
        }
        if self.may_visit(value) {
            self.path.push(key.to_owned());
            self.node(value, &context);
            self.path.pop();
        }
    }

    /// What resolves a reference: Terraform in its own JSON syntax, where resources and modules are named so.
    fn tool(&self) -> Tool {
        let is_terraform = self.file.ends_with(".tf.json")
            || matches!(self.path.as_slice(), [block, kind, ..] if block == "resource" && kind.starts_with("aws_"));
        if is_terraform { Tool::Terraform } else { Tool::CloudFormation }
    }

    /// Whether a value is one's own, or was not yet looked at too often.
    fn may_visit(&mut self, value: &Rc<Node>) -> bool {
        if Rc::strong_count(value) == 1 {
            return true;
        }
        let visits = self.visits.entry(Rc::as_ptr(value)).or_default();
        *visits += 1;
        *visits <= MAX_VISITS
    }

    /// The context inside a map that says which resource it is.
    fn named(&self, node: &Node, context: &Context) -> Context {
        let mut context = context.clone();
        let text = |key: &str| node.get(key).and_then(Node::scalar);
        if let [root, name] = self.path.as_slice()
            && root == "Resources"
            && let Some(kind) = text("Type")
        {
            context.resource = format!("{name} ({kind})").into();
            context.family = self.template.protocol(node).or(family(kind));
        } else if let Some(address) = text("address") {
            context.resource = address.into();
            let family = family(address);
            context.family = match family {
                Some(Family::HttpOrWebSocket) => {
                    self.protocols.of_stage(address, node.get("values")).or(family)
                }
                _ => family,
            };
        } else if let (Some(kind), Some(name)) = (text("type"), text("name"))
            && node.get("instances").is_some()
        {
            context.resource = format!("{kind}.{name}").into();
            context.family = family(kind);
        } else if let Some(attributes) = node.get("attributes")
            && context.family == Some(Family::HttpOrWebSocket)
        {
            // One instance of a resource of a state file.
            context.family = self.protocols.of_stage(&context.resource, Some(attributes)).or(context.family);
        } else if let Some(name) = text("stageName") {
            context.resource = format!("stage {name}").into();
            context.family = Some(Family::Rest);
        } else if let Some(name) = text("StageName")
            && context.resource.is_empty()
        {
            context.resource = format!("stage {name}").into();
            context.family = Some(Family::HttpOrWebSocket);
        }
        context
    }

    fn resource(&self, context: &Context) -> String {
        if context.resource.is_empty() { self.path.join(".") } else { context.resource.to_string() }
    }
}

/// Whether a key names the settings of an access log: `AccessLogSetting`, `accessLogSettings`, `access_log_settings`.
fn is_settings(key: &str) -> bool {
    let plain: String = key.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    plain == "accesslogsetting" || plain == "accesslogsettings"
}

/// The service that a type or an address of a resource speaks of.
fn family(name: &str) -> Option<Family> {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["AWS::Serverless::HttpApi"]) {
        Some(Family::Http)
    } else if has(&["AWS::Serverless::WebSocketApi"]) {
        Some(Family::WebSocket)
    } else if has(&["aws_apigatewayv2_", "AWS::ApiGatewayV2::"]) {
        Some(Family::HttpOrWebSocket)
    } else if has(&["aws_api_gateway_", "AWS::ApiGateway::", "AWS::Serverless::Api"]) {
        Some(Family::Rest)
    } else {
        None
    }
}
