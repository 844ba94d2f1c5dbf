//! Tests: files as engineers write them, and the formats that are found in each.

use std::fmt::Write;

use super::{Family, Found, GapReason, SourceFile, Tool, find};

fn found(name: &str, text: &str) -> Found {
    find(&[SourceFile { name, text, wanted: true }])
}

/// Each format as `line resource | condition | format`, each gap as `line resource ? reference`.
fn said(found: &Found) -> Vec<String> {
    assert_eq!(found.faults, []);
    let formats = found.formats.iter().map(|format| {
        let condition =
            if format.condition.is_empty() { String::new() } else { format!(" | {}", format.condition) };
        format!("{} {}{condition} | {}", format.place.line, format.place.resource, format.format)
    });
    let gaps = found.gaps.iter().map(|gap| {
        let reason = match &gap.reason {
            GapReason::Reference(reference) => reference.clone(),
            other => format!("{other:?}"),
        };
        format!("{} {} ? {reason}", gap.place.line, gap.place.resource)
    });
    formats.chain(gaps).collect()
}

/// The format of one REST stage whose `format` is this expression, or what is not known of it.
fn stage(expression: &str) -> Vec<String> {
    let rest =
        "locals {\n a = \"$context.a\"\n list = [\"x\", \"$context.y\"]\n map = { k = \"$context.k\" }\n}\n";
    let text = format!(
        "resource \"aws_api_gateway_stage\" \"s\" {{\n access_log_settings {{\n  format = {expression}\n }}\n}}\n{rest}"
    );
    let said = said(&found("main.tf", &text));
    said.iter().map(|line| line.replace("3 aws_api_gateway_stage.s ", "")).collect()
}

#[test]
fn terraform_in_json_is_resolved_by_terraform_and_a_template_by_what_is_deployed() {
    let reference =
        |text: &str, name: &str| found(name, text).gaps.iter().map(|gap| gap.tool).collect::<Vec<_>>();
    let terraform =
        r#"{"resource":{"aws_apigatewayv2_stage":{"s":{"access_log_settings":{"format":"${var.a}"}}}}}"#;
    for name in ["main.tf.json", "stage.json"] {
        assert_eq!(reference(terraform, name), [Tool::Terraform], "{name}");
    }
    let template = r#"{"Resources":{"S":{"Type":"AWS::ApiGateway::Stage","Properties":{"AccessLogSetting":
        {"Format":{"Fn::ImportValue":"a"}}}}}}"#;
    assert_eq!(reference(template, "template.json"), [Tool::CloudFormation]);
}

#[test]
fn expressions_of_terraform_come_to_their_format() {
    for (expression, expected) in [
        (r#""{\"a\":\"$context.status\"}""#, r#"| {"a":"$context.status"}"#),
        (r#""$${context.status} ${var.x}""#, "| ${context.status} ${var.x}"),
        ("<<EOF\n$context.a\n$context.b\nEOF", "| $context.a\n$context.b"),
        ("<<-EOF\n      $context.a\n    EOF", "| $context.a"),
        (
            r#"jsonencode({ a = "$context.a", "b" : 1, c = [true, null], (local.a) = {} })"#,
            r#"| {"a":"$context.a","b":1,"c":[true,null],"$context.a":{}}"#,
        ),
        (
            r#"jsonencode({ env = var.env, n = "${var.x}-${path.module}" })"#,
            r#"| {"env":"${var.env}","n":"${var.x}-${path.module}"}"#,
        ),
        (r#"replace("$context.a\n$context.b", "\n", "")"#, "| $context.a$context.b"),
        (r#"replace("$context.a  $context.b", "/\\s+/", " ")"#, "| $context.a $context.b"),
        (r#"trimspace("  $context.a ")"#, "| $context.a"),
        (r#"join(" ", local.list)"#, "| x $context.y"),
        (r#"join(" ", concat(local.list, ["z"]))"#, "| x $context.y z"),
        (r#"join(" ", [for n in ["a", "b"] : "$context.${n}"])"#, "| $context.a $context.b"),
        ("jsonencode({ for k, v in local.map : k => v })", r#"| {"k":"$context.k"}"#),
        (r#"format("%s %d%% %s", local.a, 5, var.x)"#, "| $context.a 5% ${var.x}"),
        (r#"jsonencode(merge(local.map, { k = "$context.z" }))"#, r#"| {"k":"$context.z"}"#),
        (r#"local.map["k"]"#, "| $context.k"),
        ("local.list[1]", "| $context.y"),
        ("coalesce(var.x, local.a)", "| $context.a"),
        (r#"coalesce("", var.x)"#, "? var.x"),
        (r#"coalesce("", local.a)"#, "| $context.a"),
        ("try(var.x, local.a)", "| $context.a"),
        (r#"lookup(local.map, "k", "")"#, "| $context.k"),
        ("var.nothing", "? var.nothing"),
        ("module.logs.format", "? module.logs.format"),
        (r#"file("${path.module}/format.json")"#, "? file(path.module/format.json)"),
        ("local.list", "? a list or an object"),
        (r#"join(" ", [for n in local.list : n if n != "x"])"#, "| $context.y"),
        (
            r#"join(" ", [for n in local.list : n if n != var.x])"#,
            "? join( , [for n in local.list : n if n != var.x])",
        ),
        (r#"join(" ", [for n in ["a", "b"] : n == "a" ? "$context.a" : n])"#, "| $context.a b"),
        (r#""%{ for n in local.list }${n};%{ endfor }""#, "| x;$context.y;"),
        (r#""%{ for n in local.list }\"${n}\"%{ endfor }""#, r#"| "x""$context.y""#),
        ("<<-EOF\n      %{ for n in local.list }\\d${n}%{ endfor }\n    EOF", r"| \dx\d$context.y"),
        ("one(local.list[*])", "? one(local.list[*])"),
        ("one([local.map][*].k)", "| $context.k"),
        ("element(local.list, 3)", "| $context.y"),
        (r#"join(" ", flatten([local.list, ["z"]]))"#, "| x $context.y z"),
        ("false ? var.x : local.a", "| $context.a"),
    ] {
        assert_eq!(stage(expression), [expected], "{expression}");
    }
}

#[test]
fn each_branch_of_a_condition_is_a_format() {
    assert_eq!(
        stage(r#"var.short ? "$context.a" : local.a == "" ? "$context.b" : "$context.c""#),
        [
            "| where var.short | $context.a",
            r#"| where not var.short and local.a == "" | $context.b"#,
            r#"| where not var.short and not local.a == "" | $context.c"#
        ]
    );
    assert_eq!(stage(r#"var.a ? "$context.x" : """#), ["| where var.a | $context.x"]);
    assert_eq!(
        stage(r#""$context.x%{ if var.a },\"$context.y\"%{ endif }""#),
        [r#"| where var.a | $context.x,"$context.y""#, "| where not var.a | $context.x"]
    );
}

#[test]
fn defaults_of_types_are_followed() {
    let stage = "resource \"aws_api_gateway_stage\" \"s\" {\n access_log_settings {\n  format = var.log.format\n }\n}\n";
    for (variable, expected) in [
        ("type = object({ format = optional(string, \"$context.t\") })", "| $context.t"),
        ("type = object({ format = optional(string, \"$context.t\") })\n default = {}", "| $context.t"),
        (
            "type = object({ format = optional(string, \"$context.t\") })\n default = { format = null }",
            "| $context.t",
        ),
        (
            "type = object({ format = optional(string, \"$context.t\") })\n default = { format = \"$context.d\" }",
            "| $context.d",
        ),
        ("type = object({ format = optional(string) })\n default = {}", "? var.log.format"),
        ("type = object({ format = string })", "? var.log.format"),
        ("type = any\n default = { format = \"$context.d\" }", "| $context.d"),
    ] {
        let said = said(&found("main.tf", &format!("{stage}variable \"log\" {{\n {variable}\n}}\n")));
        assert_eq!(said, [format!("3 aws_api_gateway_stage.s {expected}")], "{variable}");
    }
    let nested = "resource \"aws_api_gateway_stage\" \"s\" {\n access_log_settings {\n  format = var.stages[\"a\"].log.format\n }\n}\nvariable \"stages\" {\n type = map(object({ log = optional(object({ format = optional(string, \"$context.n\") }), {}) }))\n default = { a = {} }\n}\n";
    assert_eq!(said(&found("main.tf", nested)), ["3 aws_api_gateway_stage.s | $context.n"]);
}

#[test]
fn each_repetition_of_a_stage_is_named() {
    let text = |repeated: &str, format: &str| {
        format!(
            "resource \"aws_api_gateway_stage\" \"s\" {{\n {repeated}\n access_log_settings {{\n  format = {format}\n }}\n}}\nlocals {{\n map = {{ a = \"$context.a\", b = \"$context.b\" }}\n list = [\"$context.x\", \"$context.y\"]\n}}\n"
        )
    };
    for (repeated, format, expected) in [
        ("for_each = local.map", "each.value", vec![r#"["a"] | $context.a"#, r#"["b"] | $context.b"#]),
        ("for_each = toset([\"b\"])", "local.map[each.key]", vec![" | $context.b"]),
        ("for_each = local.map", "\"$context.same\"", vec![" | $context.same"]),
        ("for_each = var.stages", "each.value", vec![" ? each.value"]),
        ("for_each = var.stages", "\"$context.same\"", vec![" | $context.same"]),
        ("count = 2", "local.list[count.index]", vec!["[0] | $context.x", "[1] | $context.y"]),
        ("count = var.on ? 1 : 0", "local.list[count.index]", vec![" | $context.x"]),
        (
            "count = var.n",
            "local.list[count.index]",
            vec![" | where count.index is 0 | $context.x", " | where not count.index is 0 | $context.y"],
        ),
        (
            "count = length(local.list)",
            "local.list[count.index]",
            vec!["[0] | $context.x", "[1] | $context.y"],
        ),
    ] {
        let said = said(&found("main.tf", &text(repeated, format)));
        let expected: Vec<String> =
            expected.iter().map(|expected| format!("4 aws_api_gateway_stage.s{expected}")).collect();
        assert_eq!(said, expected, "{repeated} {format}");
    }
}

#[test]
fn dynamic_blocks_bind_their_elements() {
    let text = |each: &str, format: &str| {
        format!(
            "resource \"aws_apigatewayv2_stage\" \"s\" {{\n dynamic \"access_log_settings\" {{\n  {each}\n  content {{\n   format = {format}\n  }}\n }}\n}}\nvariable \"given\" {{\n default = {{ format = \"$context.d\" }}\n}}\n"
        )
    };
    for (each, format, expected) in [
        ("for_each = [var.given]", "access_log_settings.value.format", "| $context.d"),
        ("for_each = var.on ? [var.given] : []", "access_log_settings.value.format", "| $context.d"),
        ("for_each = var.given[*]", "access_log_settings.value.format", "| $context.d"),
        ("for_each = var.given[*]\n  iterator = it", "it.value[\"format\"]", "| $context.d"),
        ("for_each = var.other[*]", "access_log_settings.value.format", "? access_log_settings.value.format"),
        ("for_each = [1]", "coalesce(var.nothing, \"$context.c\")", "| $context.c"),
    ] {
        let said: Vec<String> = said(&found("main.tf", &text(each, format)));
        let said: Vec<&str> = said.iter().map(|said| said.split_once(".s ").unwrap().1).collect();
        assert_eq!(said, [expected], "{each}");
    }
}

#[test]
fn the_protocol_of_an_api_is_that_of_its_stages() {
    let text = |id: &str| {
        format!(
            "resource \"aws_apigatewayv2_api\" \"ws\" {{\n protocol_type = \"WEBSOCKET\"\n}}\nresource \"aws_apigatewayv2_api\" \"web\" {{\n protocol_type = var.protocol\n}}\nvariable \"protocol\" {{\n default = \"HTTP\"\n}}\nlocals {{\n id = aws_apigatewayv2_api.ws[0].id\n}}\nresource \"aws_apigatewayv2_stage\" \"s\" {{\n api_id = {id}\n access_log_settings {{\n  format = \"$context.status\"\n }}\n}}\n"
        )
    };
    for (id, family) in [
        ("aws_apigatewayv2_api.ws.id", Family::WebSocket),
        ("aws_apigatewayv2_api.ws[0].id", Family::WebSocket),
        ("local.id", Family::WebSocket),
        ("try(aws_apigatewayv2_api.ws[0].id, var.id)", Family::WebSocket),
        ("aws_apigatewayv2_api.web.id", Family::Http),
        ("aws_apigatewayv2_api.other.id", Family::HttpOrWebSocket),
        ("var.id", Family::HttpOrWebSocket),
    ] {
        assert_eq!(found("main.tf", &text(id)).formats[0].family, family, "{id}");
    }
}

#[test]
fn values_that_double_each_other_are_bounded() {
    let doubled = |first: &str, next: fn(usize) -> String| {
        let mut text = format!("locals {{\n l40 = {first}\n");
        for n in (0..40).rev() {
            let _ = writeln!(text, " l{n} = {}", next(n + 1));
        }
        text + "}\nresource \"aws_api_gateway_stage\" \"s\" {\n access_log_settings {\n  format = jsonencode(local.l0)\n }\n}\n"
    };
    for text in [
        doubled("[\"$context.a\"]", |n| format!("concat(local.l{n}, local.l{n})")),
        doubled("{ a = 1 }", |n| format!("{{ a = local.l{n}, b = local.l{n} }}")),
        doubled("[\"$context.a\"]", |n| format!("flatten([local.l{n}, local.l{n}])")),
        doubled("[1, 2]", |n| format!("[for a in local.l{n} : local.l{n}]")),
    ] {
        let found = found("main.tf", &text);
        assert_eq!(found.formats.len() + found.gaps.len(), 1, "{text}");
    }
    let mut deep =
        "resource \"aws_api_gateway_stage\" \"s\" {\n access_log_settings {\n  format = jsonencode(["
            .to_owned();
    for n in (0..5_000).rev() {
        let _ = write!(deep, "local.l{n}, ");
    }
    deep.push_str("])\n }\n}\nlocals {\n l5000 = 1\n");
    for n in 0..5_000 {
        let _ = writeln!(deep, "l{n} = [local.l{}]", n + 1);
    }
    let found = found("main.tf", &(deep + "}\n"));
    assert_eq!(found.formats.len() + found.gaps.len(), 1);
}

#[test]
fn names_that_refer_to_themselves_end() {
    let text = |locals: &str| {
        format!(
            "resource \"aws_api_gateway_stage\" \"s\" {{\n access_log_settings {{\n  format = local.a\n }}\n}}\nlocals {{\n{locals}\n}}\n"
        )
    };
    let circle = found("main.tf", &text("a = \"${local.b}x\"\nb = \"${local.a}y\""));
    assert_eq!(circle.formats.len() + circle.gaps.len(), 1, "{circle:?}");
    let mut doubling = String::new();
    for n in 0..40 {
        let next = n + 1;
        let _ = writeln!(doubling, "l{n} = \"${{local.l{next}}}${{local.l{next}}}\"");
    }
    let doubled = found("main.tf", &text(&format!("a = local.l0\nl40 = \"$context.status\"\n{doubling}")));
    assert_eq!(doubled.formats.len() + doubled.gaps.len(), 1);
}

#[test]
fn terraform_has_formats_in_stages_modules_and_defaults() {
    for (text, expected) in [
        ("module \"a\" {\n access_log_format = \"$context.a\"\n}", vec!["2 module.a | $context.a"]),
        (
            "module \"a\" {\n stage_access_log_settings = {\n  format = \"$context.a\"\n }\n}",
            vec!["3 module.a | $context.a"],
        ),
        (
            "module \"a\" {\n stage_access_log_settings = local.s\n}\nlocals {\n s = { format = \"$context.a\" }\n}",
            vec!["2 module.a | $context.a"],
        ),
        (
            "module \"a\" {\n access_log_format = \"$remote_addr\"\n request_template = \"$context.a\"\n}",
            vec![],
        ),
        ("resource \"aws_flow_log\" \"a\" {\n log_format = \"$${version}\"\n}", vec![]),
        (
            "resource \"aws_api_gateway_stage\" \"a\" {\n dynamic \"access_log_settings\" {\n  content {\n   format = \"$context.a\"\n  }\n }\n}",
            vec!["4 aws_api_gateway_stage.a | $context.a"],
        ),
        (
            "resource \"aws_api_gateway_stage\" \"a\" {\n access_log_settings {\n  format = \"hello\"\n }\n}",
            vec!["3 aws_api_gateway_stage.a | hello"],
        ),
        (
            "resource \"awscc_apigateway_stage\" \"a\" {\n access_log_setting = {\n  format = \"$context.a\"\n }\n}",
            vec!["3 awscc_apigateway_stage.a | $context.a"],
        ),
        (
            "variable \"access_log_format\" {\n default = \"$context.a\"\n}",
            vec!["2 var.access_log_format | $context.a"],
        ),
        (
            "locals {\n log_part = \"$context.a\"\n log_format = \"${local.log_part} $context.b\"\n}",
            vec!["3 local.log_format | $context.a $context.b"],
        ),
        ("# access_log_settings { format = \"$context.a\" }\n/* format = \"$context.b\" */", vec![]),
    ] {
        assert_eq!(said(&found("main.tf", text)), expected, "{text}");
    }
}

#[test]
fn a_module_is_the_files_of_one_folder_and_its_values() {
    let stage = "resource \"aws_api_gateway_stage\" \"a\" {\n access_log_settings {\n  format = var.log_format\n }\n}";
    let default = "variable \"log_format\" {\n default = \"$context.default\"\n}";
    let file = |name, text, wanted| SourceFile { name, text, wanted };
    let both = find(&[file("a/main.tf", stage, true), file("a/variables.tf", default, false)]);
    assert_eq!(said(&both), ["3 aws_api_gateway_stage.a | $context.default"]);
    let values = file("a/terraform.tfvars", "log_format = \"$context.given\"", false);
    let given = find(&[file("a/main.tf", stage, true), file("a/variables.tf", default, false), values]);
    assert_eq!(said(&given), ["3 aws_api_gateway_stage.a | $context.given"]);
    let apart = find(&[file("a/main.tf", stage, true), file("b/variables.tf", default, false)]);
    assert_eq!(said(&apart), ["3 aws_api_gateway_stage.a ? var.log_format"]);
}

const FILE: fn(&'static str, &'static str) -> SourceFile<'static> =
    |name, text| SourceFile { name, text, wanted: true };

#[test]
fn a_module_beside_its_caller_is_read_with_the_arguments() {
    let child = FILE(
        "a/mods/api/main.tf",
        "variable \"log_format\" {\n default = \"$context.default\"\n}\nresource \"aws_api_gateway_stage\" \"s\" {\n access_log_settings {\n  format = replace(var.log_format, \"\\n\", \"\")\n }\n}",
    );
    let argument =
        "module \"one\" {\n source = \"./mods/api\"\n log_format = <<EOF\n$context.a\n$context.b\nEOF\n}\n";
    let caller = |text| FILE("a/main.tf", text);
    assert_eq!(
        said(&find(&[caller(argument), child])),
        ["6 module.one.aws_api_gateway_stage.s | $context.a$context.b"]
    );
    let each = "module \"m\" {\n source = \"./mods/../mods/api\"\n for_each = { x = \"$context.x\", y = \"$context.y\" }\n log_format = each.value\n}";
    assert_eq!(
        said(&find(&[caller(each), child])),
        [
            "6 module.m[\"x\"].aws_api_gateway_stage.s | $context.x",
            "6 module.m[\"y\"].aws_api_gateway_stage.s | $context.y",
        ]
    );
    let without = "locals {\n log_format = \"$context.l\"\n}\nmodule \"m\" {\n source = \"./mods/api\"\n}\nmodule \"n\" {\n source = \"./mods/api\"\n log_format = local.log_format\n}";
    assert_eq!(
        said(&find(&[caller(without), child])),
        [
            "6 module.m.aws_api_gateway_stage.s | $context.default",
            "6 module.n.aws_api_gateway_stage.s | $context.l",
        ]
    );
    // Its caller is not here, or calls itself for ever.
    assert_eq!(said(&find(&[child])), ["6 aws_api_gateway_stage.s | $context.default"]);
    let circle = FILE("a/mods/api/circle.tf", "module \"c\" {\n source = \"../..\"\n}");
    let found = find(&[caller(argument), child, circle]);
    assert!(
        !found.formats.is_empty() && found.formats.iter().all(|format| format.format.contains("$context.a"))
    );
}

#[test]
fn an_argument_of_a_module_from_elsewhere_is_marked_and_its_kind_told_by_the_source() {
    let call = |source: &str, more: &str| {
        let text = format!(
            "module \"m\" {{\n source = \"{source}\"\n access_log_format = \"$context.a\"\n {more}\n}}"
        );
        let found = found("main.tf", &text);
        let [format] = found.formats.as_slice() else { panic!("{found:?}") };
        (format.is_argument, format.family)
    };
    let v2 = "terraform-aws-modules/apigateway-v2/aws";
    assert_eq!(call(v2, ""), (true, Family::Http));
    assert_eq!(call(v2, "protocol_type = \"WEBSOCKET\""), (true, Family::WebSocket));
    assert_eq!(call(v2, "protocol_type = var.x"), (true, Family::HttpOrWebSocket));
    assert_eq!(call("cloudposse/api-gateway/aws", ""), (true, Family::Unknown));
    assert_eq!(call("./not-here", ""), (true, Family::Unknown));
    let stage = "resource \"aws_api_gateway_stage\" \"a\" {\n access_log_settings {\n  format = \"$context.a\"\n }\n}";
    assert!(!found("main.tf", stage).formats[0].is_argument);
}

#[test]
fn files_beside_a_module_are_read_and_what_is_not_known_of_a_template_is_a_gap() {
    let json = FILE("m/format.json", "{\"a\":\"$context.a\"}\n");
    let template = FILE("m/format.tpl", "$context.a ${stage} ${x.y} $${context.b}\n");
    let of = |expression: &str| {
        let text = format!(
            "resource \"aws_api_gateway_stage\" \"s\" {{\n access_log_settings {{\n  format = {expression}\n }}\n}}"
        );
        said(&find(&[SourceFile { name: "m/main.tf", text: &text, wanted: true }, json, template]))
            .iter()
            .map(|line| line.replace("3 aws_api_gateway_stage.s ", ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("file(\"${path.module}/format.json\")"), [r#"| {"a":"$context.a"}"#]);
    assert_eq!(of("jsonencode(jsondecode(file(\"format.json\")))"), [r#"| {"a":"$context.a"}"#]);
    assert_eq!(
        of("templatefile(\"format.tpl\", { stage = \"prod\" })"),
        ["| $context.a prod ${x.y} ${context.b}"]
    );
    assert_eq!(
        of("templatefile(\"format.tpl\", { stage = var.stage })"),
        ["| $context.a ${var.stage} ${x.y} ${context.b}"]
    );
    for other in ["file(\"other.json\")", "file(\"/m/format.json\")", "file(var.path)"] {
        let said = of(other);
        assert!(matches!(said.as_slice(), [gap] if gap.starts_with("? file(")), "{said:?}");
    }
}

#[test]
fn files_beside_a_serverless_yml_are_followed() {
    let logs = FILE(
        "s/logs.yml",
        "rest:\n  format: '$context.a ${self:custom.x}'\nall:\n  restApi: ${file(logs.yml):rest}\n",
    );
    let text = FILE("s/format.txt", "$context.t\n");
    for (yaml, expected) in [
        (
            "custom:\n  x: one\nprovider:\n  logs:\n    restApi: ${file(./logs.yml):rest}\n",
            "2 provider.logs.restApi | $context.a one",
        ),
        (
            "custom:\n  x: two\nprovider:\n  logs: ${file(logs.yml):all}\n",
            "2 provider.logs.restApi | $context.a two",
        ),
        (
            "provider:\n  logs:\n    restApi:\n      format: ${file(./format.txt)}\n",
            "4 provider.logs.restApi | $context.t",
        ),
        (
            "provider:\n  logs:\n    restApi: ${file(./none.yml):rest}\n",
            "3 provider.logs.restApi ? file(./none.yml):rest",
        ),
    ] {
        let found = find(&[
            SourceFile { name: "s/serverless.yml", text: yaml, wanted: true },
            SourceFile { wanted: false, ..logs },
            text,
        ]);
        assert_eq!(said(&found), [expected], "{yaml}");
        let place = if expected.starts_with("2 ") { "s/logs.yml" } else { "s/serverless.yml" };
        let places =
            found.formats.iter().map(|format| &format.place).chain(found.gaps.iter().map(|gap| &gap.place));
        places.for_each(|found| assert_eq!(found.file, place));
    }
}

#[test]
fn values_that_are_given_to_a_module_are_found_in_their_file() {
    let given = "access_log_format = \"$context.a\"\nformat = \"$context.no_log\"\n";
    assert_eq!(said(&found("prod.tfvars", given)), ["1 access_log_format | $context.a"]);
    assert_eq!(said(&found("terraform.tfvars", given)), ["1 var.access_log_format | $context.a"]);
    let inputs = "inputs = {\n  access_log_format = \"$context.a\"\n}\n";
    assert_eq!(said(&found("terragrunt.hcl", inputs)), ["2 inputs | $context.a"]);
}

#[test]
fn intrinsic_functions_come_to_their_format() {
    for (value, expected) in [
        ("$context.a", "| $context.a"),
        (
            "!Sub '$context.a ${AWS::Region} ${Env} ${!context.b}'",
            "| $context.a ${AWS::Region} dev ${context.b}",
        ),
        ("!Sub ['$context.a ${X}', {X: !Ref Env}]", "| $context.a dev"),
        ("!Ref Format", "| $context.default"),
        ("!Ref Nothing", "? Nothing"),
        ("{Ref: Format}", "| $context.default"),
        (
            "!Join [' ', [$context.a, !Ref 'AWS::Region', !GetAtt Api.Id]]",
            "| $context.a ${AWS::Region} ${Api.Id}",
        ),
        ("{'Fn::Join': ['', ['$context.', b]]}", "| $context.b"),
        ("!FindInMap [Formats, !Ref Env, log]", "| $context.mapped"),
        ("!FindInMap [Formats, !Ref Env, other]", "? FindInMap Formats.Env.other"),
        ("!ImportValue shared-format", "? ImportValue shared-format"),
        ("!Select [1, [x, $context.b]]", "| $context.b"),
        ("!Select [0, !Split ['|', '$context.a|x']]", "| $context.a"),
        (
            "{'Fn::ToJsonString': {a: $context.a, n: 1, t: true, s: '1'}}",
            r#"| {"a":"$context.a","n":1,"t":true,"s":"1"}"#,
        ),
        (">-\n        {\"a\":\"$context.a\",\n        \"b\":1}", "| {\"a\":\"$context.a\", \"b\":1}"),
    ] {
        let text = format!(
            "Parameters:\n  Env: {{Default: dev}}\n  Format: {{Default: $context.default}}\nMappings:\n  Formats: {{dev: {{log: $context.mapped}}}}\nResources:\n  S:\n    Type: AWS::ApiGateway::Stage\n    AccessLogSetting:\n      Format: {value}\n"
        );
        let expected = format!("10 S (AWS::ApiGateway::Stage) {expected}");
        assert_eq!(said(&found("template.yaml", &text)), [expected], "{value}");
    }
}

#[test]
fn both_branches_of_if_are_formats_around_the_settings_too() {
    let text = |settings: &str| {
        format!("Resources:\n  S:\n    Type: AWS::ApiGatewayV2::Stage\n    AccessLogSettings: {settings}\n")
    };
    let inner = found("t.yml", &text("{Format: !If [C, $context.a, $context.b]}"));
    assert_eq!(inner.formats.len(), 2, "{inner:?}");
    let outer = found("t.yml", &text("!If [C, {Format: $context.a}, !Ref 'AWS::NoValue']"));
    assert_eq!(said(&outer), ["4 S (AWS::ApiGatewayV2::Stage) | $context.a"]);
}

#[test]
fn documents_of_other_tools_have_formats_too() {
    for (name, text, expected) in [
        (
            "stages.json",
            r#"{"item":[{"stageName":"prod","accessLogSettings":{"format":"$context.a"}}]}"#,
            "1 stage prod | $context.a",
        ),
        (
            "stages.json",
            r#"{"Items":[{"StageName":"prod","AccessLogSettings":{"Format":"$context.a"}}]}"#,
            "1 stage prod | $context.a",
        ),
        (
            "terraform.tfstate",
            r#"{"resources":[{"type":"aws_api_gateway_stage","name":"s","instances":[{"attributes":{"access_log_settings":[{"format":"$context.a"}]}}]}]}"#,
            "1 aws_api_gateway_stage.s | $context.a",
        ),
        (
            "show.json",
            r#"{"values":{"root_module":{"resources":[{"address":"aws_api_gateway_stage.s","values":{"access_log_settings":[{"format":"$context.a"}]}}]}}}"#,
            "1 aws_api_gateway_stage.s | $context.a",
        ),
        (
            "main.tf.json",
            r#"{"resource":{"aws_api_gateway_stage":{"s":{"access_log_settings":{"format":"$context.a ${var.x}"}}}}}"#,
            "1 resource.aws_api_gateway_stage.s.access_log_settings | $context.a ${var.x}",
        ),
        (
            "serverless.yml",
            "provider:\n  logs:\n    restApi:\n      format: '$context.a ${self:custom.b} ${env:C} ${opt:d, ''e''}'\ncustom:\n  b: x\n",
            "4 provider.logs.restApi | $context.a x ${env:C} e",
        ),
        (
            "serverless.yml",
            "provider:\n  logs:\n    restApi: false\n    websocket:\n      format: ${self:custom.missing}\n",
            "5 provider.logs.websocket ? self:custom.missing",
        ),
    ] {
        assert_eq!(said(&found(name, text)), [expected], "{text}");
    }
}

#[test]
fn hostile_files_are_faults_with_a_line_or_hold_nothing() {
    let nested =
        |open: &str, close: &str, count: usize| format!("{}{}", open.repeat(count), close.repeat(count));
    for (name, text) in [
        ("a.tf", format!("x = {}", nested("[", "]", 5_000))),
        ("a.tf", format!("x = {}1{}", "(".repeat(100_000), ")".repeat(100_000))),
        ("a.tf", format!("x = {}1", "!".repeat(100_000))),
        ("a.tf", format!("x = {}1", "1 + ".repeat(100_000))),
        ("a.tf", format!("x = {}1", "a ? b : ".repeat(100_000))),
        ("a.tf", format!("x = {}", nested("\"${", "}\"", 5_000))),
        ("a.tf", nested("a {\n", "}\n", 5_000)),
        ("a.tf", "x = <<EOF\nnever closed".to_owned()),
        ("a.tf", "\u{0}".to_owned()),
        ("a.yaml", format!("a: {}", nested("[", "]", 5_000))),
        ("a.yaml", format!("a: {}", nested("{a: ", "}", 5_000))),
        ("a.yaml", "- ".repeat(5_000)),
        ("a.yaml", "a: *nobody".to_owned()),
        ("a.yaml", "a: !Sub {".to_owned()),
        ("a.json", nested("[", "]", 100_000)),
        ("a.json", nested("{\"a\":", "}", 100_000)),
        ("a.json", "{\"a\":\"\\ud800\"}".to_owned()),
    ] {
        let found = found(name, &text);
        assert_eq!(found.formats, []);
        let [fault] = found.faults.as_slice() else { panic!("{name} {text:.40}") };
        assert!(fault.line.is_some() && fault.to_string().starts_with(&format!("{name}:")), "{fault}");
    }
}

#[test]
fn the_protocol_of_an_api_is_that_of_its_stages_in_cloudformation_too() {
    let template = |api: &str| {
        format!(
            "Resources:\n  A: {api}\n  S:\n    Type: AWS::ApiGatewayV2::Stage\n    Properties:\n      ApiId: !Ref A\n      AccessLogSettings: {{Format: $context.status}}\n"
        )
    };
    for (api, family) in [
        ("{Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET}}", Family::WebSocket),
        ("{Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}", Family::Http),
        ("{Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: !Ref P}}", Family::HttpOrWebSocket),
        ("{Type: AWS::Serverless::HttpApi}", Family::Http),
    ] {
        assert_eq!(found("t.yml", &template(api)).formats[0].family, family, "{api}");
    }
}

#[test]
fn a_format_that_a_plan_does_not_know_yet_is_a_gap() {
    let plan = r#"{"planned_values":{"root_module":{"resources":[{"address":"aws_api_gateway_stage.s","values":{"access_log_settings":[{}]}}]}},
"resource_changes":[{"address":"aws_api_gateway_stage.s","change":{"after_unknown":{"access_log_settings":[{"format":true}]}}},
{"address":"aws_api_gateway_stage.t","change":{"after_unknown":{"access_log_settings":[{"destination_arn":true}]}}}]}"#;
    assert_eq!(
        said(&found("plan.json", plan)),
        ["2 aws_api_gateway_stage.s ? a value known only after apply"]
    );
}

#[test]
fn variables_within_variables_of_serverless_are_resolved() {
    let custom = "custom:\n  logs: {format: $context.l}\n  formats: {dev: $context.d, default: $context.x}\n";
    for (rest, expected) in [
        (
            "{format: \"${self:custom.formats.${opt:stage, 'dev'}, self:custom.formats.default}\"}",
            "| $context.d",
        ),
        (
            "{format: \"${self:custom.formats.${opt:stage, 'no'}, self:custom.formats.default}\"}",
            "| $context.x",
        ),
        ("{format: \"${self:custom.formats.${opt:stage}}\"}", "? self:custom.formats.opt:stage"),
        ("\"${self:custom.logs}\"", "| $context.l"),
        ("\"${file(logs.yml):rest}\"", "? file(logs.yml):rest"),
    ] {
        let text = format!("provider:\n  logs:\n    restApi: {rest}\n{custom}");
        let said = said(&found("serverless.yml", &text));
        let said: Vec<&str> = said.iter().map(|said| said.split_once(".restApi ").unwrap().1).collect();
        assert_eq!(said, [expected], "{rest}");
    }
}

#[test]
fn references_that_multiply_end() {
    let mut serverless =
        "provider:\n  logs:\n    restApi:\n      format: ${self:custom.l0}\ncustom:\n".to_owned();
    for n in 0..15 {
        let next = format!("${{self:custom.l{}}}", n + 1).repeat(20);
        let _ = writeln!(serverless, "  l{n}: '{next}'");
    }
    let mut merged = "l100: {a: 1}\n".to_owned();
    for n in (0..100).rev() {
        let next = n + 1;
        let _ = writeln!(merged, "l{n}: &l{n}\n  <<: *l{next}\n  <<: *l{next}");
    }
    let merged = merged.replace("l100: {a: 1}", "l100: &l100 {a: 1}");
    let merged = format!("{merged}provider: *l0\nAccessLogSetting: {{Format: $context.a}}\n");
    let mut large =
        format!("l: &l {}\nAccessLogSetting:\n  Format:\n    Fn::ToJsonString:\n", "x".repeat(60_000));
    for _ in 0..5_000 {
        large.push_str("      - *l\n");
    }
    for (name, text) in [("serverless.yml", &serverless), ("a.yaml", &merged), ("a.yaml", &large)] {
        let found = found(name, text);
        assert_eq!((found.formats.len() + found.gaps.len(), found.faults), (1, vec![]), "{text:.80}");
    }
}

#[test]
fn aliases_of_aliases_end() {
    let chain = |first: &str, count: usize, next: fn(usize) -> String| {
        let mut links = format!("l0: &l0 {first}\n");
        for n in 1..count {
            let _ = writeln!(links, "l{n}: &l{n} {}", next(n - 1));
        }
        links
    };
    let settings = "{AccessLogSetting: {Format: $context.a}}";
    let doubling = found("a.yaml", &chain(settings, 60, |n| format!("[*l{n}, *l{n}]")));
    assert!(!doubling.formats.is_empty() && doubling.faults.is_empty(), "{:?}", doubling.faults);
    let deep = found("a.yaml", &chain(settings, 50_000, |n| format!("[*l{n}]")));
    assert!(deep.faults[0].problem.contains("nested deeper"), "{:?}", deep.faults);
    let format = chain("x", 60, |n| format!("!Join ['', [*l{n}, *l{n}]]"));
    let joined = found("a.yaml", &format!("{format}AccessLogSetting: {{Format: *l59}}\n"));
    assert_eq!(joined.formats.len() + joined.gaps.len(), 1);
}

#[test]
fn combinations_of_conditions_that_are_not_tried_are_a_gap() {
    let conditions = |count: usize| {
        let parts: Vec<String> =
            (0..count).map(|n| format!("${{var.c{n} ? \"$context.a{n}\" : \"$context.b{n}\"}}")).collect();
        stage(&format!("\"{}\"", parts.join(" ")))
    };
    assert_eq!(conditions(4).len(), 16);
    assert_eq!(conditions(5).last().map(String::as_str), Some("? Combinations"));
    let branches: Vec<String> = (0..5).map(|n| format!("!If [C{n}, a, b]")).collect();
    let template =
        format!("AccessLogSetting: {{Format: !Join ['', [$context.a, {}]]}}\n", branches.join(", "));
    let said = said(&found("t.yml", &template));
    assert_eq!(
        (said.len(), said.last().map(String::as_str)),
        (17, Some("1 AccessLogSetting ? Combinations"))
    );
}

#[test]
fn repetitions_that_are_not_looked_at_are_a_gap() {
    let stages = |kind: &str, repeated: &str, settings: &str| {
        let text = format!("resource \"{kind}\" \"s\" {{\n {repeated}\n {settings}\n}}\n");
        said(&found("main.tf", &text))
    };
    let format = "access_log_settings {\n format = \"$context.a\"\n }";
    assert_eq!(
        stages("aws_api_gateway_stage", "count = 64", format),
        ["4 aws_api_gateway_stage.s | $context.a"]
    );
    assert_eq!(
        stages("aws_api_gateway_stage", "count = 65", format),
        ["4 aws_api_gateway_stage.s | $context.a", "2 aws_api_gateway_stage.s ? Repetitions"]
    );
    let keys: Vec<String> = (0..65).map(|n| format!("\"k{n}\"")).collect();
    let each = format!("for_each = toset([{}])", keys.join(", "));
    let keyed = "access_log_settings {\n format = \"$context.${each.key}\"\n }";
    let said = stages("aws_api_gateway_stage", &each, keyed);
    assert_eq!((said.len(), said.last().unwrap().as_str()), (65, "2 aws_api_gateway_stage.s ? Repetitions"));
    let dynamic = format!(
        "dynamic \"access_log_settings\" {{\n {each}\n content {{\n format = \"$context.a\"\n }}\n }}"
    );
    assert!(
        stages("aws_api_gateway_stage", "", &dynamic)
            .contains(&"4 aws_api_gateway_stage.s ? Repetitions".to_owned())
    );
    assert_eq!(stages("aws_instance", "count = 500", "ami = \"a\""), [""; 0]);
}
