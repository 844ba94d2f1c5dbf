//! Which kind of API the stages of a Terraform plan or state are of.
//!
//! In: what `terraform show -json` prints, or a state file. Out: a kind by a stage's address. Never guesses: a reference
//! that the document does not follow to an API has no kind.

use std::collections::HashMap;

use super::Family;
use super::node::{MAX_DEPTH, Node};

/// References through modules are followed this often.
const MAX_HOPS: usize = 16;

/// The kinds of the APIs of version 2 in one document.
#[derive(Debug, Default)]
pub(super) struct Protocols<'d> {
    /// By the API's address without indices; `None` where the instances of one differ, or it is not known.
    by_address: HashMap<String, Option<Family>>,
    by_id: HashMap<&'d str, Option<Family>>,
    root_module: Option<&'d Node>,
}

impl<'d> Protocols<'d> {
    pub(super) fn of(document: &'d Node) -> Self {
        let mut protocols = Self::default();
        for values in ["planned_values", "values"] {
            if let Some(module) = document.get(values).and_then(|values| values.get("root_module")) {
                protocols.add_module(module, MAX_DEPTH);
            }
        }
        for resource in document.get("resources").map(Node::items).unwrap_or_default() {
            let text = |key: &str| resource.get(key).and_then(Node::scalar);
            let (Some(kind), Some(name)) = (text("type"), text("name")) else { continue };
            let module = text("module").map(|module| format!("{module}.")).unwrap_or_default();
            for instance in resource.get("instances").map(Node::items).unwrap_or_default() {
                if let Some(attributes) = instance.get("attributes") {
                    protocols.add(kind, &format!("{module}{kind}.{name}"), attributes);
                }
            }
        }
        protocols.root_module = document.get("configuration").and_then(|root| root.get("root_module"));
        protocols
    }

    /// The kind of the stage at `address` with these `values`.
    pub(super) fn of_stage(&self, address: &str, values: Option<&Node>) -> Option<Family> {
        let id = values.and_then(|values| values.get("api_id")).and_then(Node::scalar);
        if let Some(family) = id.and_then(|id| self.by_id.get(id)) {
            return *family;
        }
        let address = plain(address);
        let (mut path, mut resource) = (Vec::new(), address.as_str());
        while let Some((module, rest)) =
            resource.strip_prefix("module.").and_then(|rest| rest.split_once('.'))
        {
            path.push(module);
            resource = rest;
        }
        let resources = self.module(&path)?.get("resources")?.items();
        let stage =
            resources.iter().find(|found| found.get("address").and_then(Node::scalar) == Some(resource))?;
        let mut value = stage.get("expressions")?.get("api_id")?;
        for _ in 0..MAX_HOPS {
            let reference = value.get("references")?.items().first()?.scalar()?;
            let parts: Vec<&str> = reference.split('.').collect();
            match parts.as_slice() {
                ["aws_apigatewayv2_api", name, ..] => {
                    let mut address = String::new();
                    for module in path {
                        address.extend(["module.", module, "."]);
                    }
                    address.extend(["aws_apigatewayv2_api.", name]);
                    return self.by_address.get(&plain(&address)).copied().flatten();
                }
                ["var", name, ..] => {
                    let called = path.pop()?;
                    let call = self.module(&path)?.get("module_calls")?.get(called)?;
                    value = call.get("expressions")?.get(name)?;
                }
                ["module", called, output, ..] => {
                    path.push(called.split('[').next().unwrap_or(called));
                    value = self.module(&path)?.get("outputs")?.get(output)?.get("expression")?;
                }
                _ => return None,
            }
        }
        None
    }

    fn add_module(&mut self, module: &'d Node, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for resource in module.get("resources").map(Node::items).unwrap_or_default() {
            let text = |key: &str| resource.get(key).and_then(Node::scalar);
            if let (Some(kind), Some(address), Some(values)) =
                (text("type"), text("address"), resource.get("values"))
            {
                self.add(kind, address, values);
            }
        }
        for child in module.get("child_modules").map(Node::items).unwrap_or_default() {
            self.add_module(child, depth);
        }
    }

    fn add(&mut self, kind: &str, address: &str, values: &'d Node) {
        if kind != "aws_apigatewayv2_api" {
            return;
        }
        let family = match values.get("protocol_type").and_then(Node::scalar) {
            Some("HTTP") => Some(Family::Http),
            Some("WEBSOCKET") => Some(Family::WebSocket),
            _ => None,
        };
        let known = self.by_address.entry(plain(address)).or_insert(family);
        if *known != family {
            *known = None;
        }
        if let Some(id) = values.get("id").and_then(Node::scalar).filter(|id| !matches!(*id, "" | "null")) {
            self.by_id.insert(id, family);
        }
    }

    /// A module of the configuration, by the names of the calls that lead to it.
    fn module(&self, path: &[&str]) -> Option<&'d Node> {
        path.iter().try_fold(self.root_module?, |module, called| {
            module.get("module_calls")?.get(called)?.get("module")
        })
    }
}

/// An address without the indices of its parts, such as `["prod"]`.
fn plain(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    let (mut is_inside, mut is_quoted, mut is_escaped) = (false, false, false);
    for c in address.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' if is_inside => is_quoted = !is_quoted,
            '[' if !is_inside => is_inside = true,
            ']' if !is_quoted => is_inside = false,
            _ if !is_inside => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format_finder::{SourceFile, find};

    fn families(text: &str) -> Vec<Family> {
        let found = find(&[SourceFile { name: "plan.json", text, wanted: true }]);
        assert_eq!(found.faults, []);
        found.formats.iter().map(|format| format.family).collect()
    }

    /// A plan with one API in the root, one in module `m`, and a stage with this address and reference.
    fn plan(protocol: &str, module: &str, stage: &str, reference: &str) -> String {
        let api = |module: &str, protocol: &str| {
            format!(
                r#"{{"address":"{module}aws_apigatewayv2_api.a","type":"aws_apigatewayv2_api","name":"a","values":{{"protocol_type":"{protocol}"}}}}"#
            )
        };
        let settings = r#""access_log_settings":[{"format":"$context.status"}]"#;
        let planned =
            format!(r#"{{"address":"{stage}","type":"aws_apigatewayv2_stage","values":{{{settings}}}}}"#);
        let resource = format!(
            r#"[{{"address":"aws_apigatewayv2_stage.s","expressions":{{"api_id":{{"references":["{reference}.id","{reference}"]}}}}}}]"#
        );
        let (root, inner) =
            if stage.starts_with("module.") { ("[]", resource.as_str()) } else { (resource.as_str(), "[]") };
        format!(
            r#"{{"planned_values":{{"root_module":{{"resources":[{api},{planned}],"child_modules":[{{"resources":[{inner_api}]}}]}}}},
"configuration":{{"root_module":{{"resources":{root},"module_calls":{{"m":{{
 "expressions":{{"api":{{"references":["aws_apigatewayv2_api.a.id","aws_apigatewayv2_api.a"]}}}},
 "module":{{"outputs":{{"id":{{"expression":{{"references":["aws_apigatewayv2_api.a.id","aws_apigatewayv2_api.a"]}}}}}},"resources":{inner}}}}}}}}}}}}}"#,
            api = api("", protocol),
            inner_api = api("module.m[\\\"x.y]\\\"].", module),
        )
    }

    #[test]
    fn a_stage_of_a_plan_is_of_the_kind_of_the_api_that_it_refers_to() {
        let inner = r#"module.m[\"x.y]\"].aws_apigatewayv2_stage.s[0]"#;
        for (stage, reference, expected) in [
            ("aws_apigatewayv2_stage.s", "aws_apigatewayv2_api.a", Family::WebSocket),
            ("aws_apigatewayv2_stage.s[\\\"b\\\"]", "aws_apigatewayv2_api.a[0]", Family::WebSocket),
            ("aws_apigatewayv2_stage.s", "module.m.id", Family::Http),
            (inner, "var.api", Family::WebSocket),
            (inner, "aws_apigatewayv2_api.a", Family::Http),
            ("aws_apigatewayv2_stage.s", "aws_apigatewayv2_api.other", Family::HttpOrWebSocket),
            ("aws_apigatewayv2_stage.s", "var.api", Family::HttpOrWebSocket),
            ("aws_apigatewayv2_stage.s", "local.api", Family::HttpOrWebSocket),
        ] {
            let plan = plan("WEBSOCKET", "HTTP", stage, reference);
            assert_eq!(families(&plan), [expected], "{stage} {reference}");
        }
        let unknown = plan("OTHER", "HTTP", "aws_apigatewayv2_stage.s", "aws_apigatewayv2_api.a");
        assert_eq!(families(&unknown), [Family::HttpOrWebSocket]);
    }

    #[test]
    fn a_stage_of_a_state_is_of_the_kind_of_the_api_with_its_id() {
        let shown = r#"{"values":{"root_module":{"resources":[
{"address":"aws_apigatewayv2_stage.s","type":"aws_apigatewayv2_stage","values":{"api_id":"w1","access_log_settings":[{"format":"$context.status"}]}},
{"address":"aws_apigatewayv2_api.h","type":"aws_apigatewayv2_api","values":{"id":"h1","protocol_type":"HTTP"}}],"child_modules":[{"resources":[
{"address":"module.m.aws_apigatewayv2_api.w","type":"aws_apigatewayv2_api","values":{"id":"w1","protocol_type":"WEBSOCKET"}}]}]}}}"#;
        assert_eq!(families(shown), [Family::WebSocket]);
        let state = r#"{"resources":[
{"type":"aws_apigatewayv2_stage","name":"s","instances":[{"attributes":{"api_id":"w1","access_log_settings":[{"format":"$context.status"}]}},
{"attributes":{"api_id":"h1","access_log_settings":[{"format":"$context.path"}]}},{"attributes":{"api_id":"x","access_log_settings":[{"format":"$context.path"}]}}]},
{"type":"aws_apigatewayv2_api","name":"a","instances":[{"attributes":{"id":"w1","protocol_type":"WEBSOCKET"}},{"attributes":{"id":"h1","protocol_type":"HTTP"}}]}]}"#;
        assert_eq!(families(state), [Family::WebSocket, Family::Http, Family::HttpOrWebSocket]);
    }
}
