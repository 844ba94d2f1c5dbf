//! `statuswatch lint-format` as a person runs it.

use assert_cmd::Command;

const GOOD: &str =
    r#"{"requestId":"$context.requestId","status":"$context.status","httpMethod":"$context.httpMethod"}"#;
const BREAKS: &str =
    r#"{"requestId":"$context.requestId","status":"$context.status","latency":$context.integrationLatency}"#;

fn statuswatch(arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    let output = command.arg("lint-format").args(arguments).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_format_that_hides_an_error_fails_wherever_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("format.txt");
    std::fs::write(&path, BREAKS).unwrap();
    for (argument, stdin) in [(BREAKS, ""), ("-", BREAKS), (path.to_str().unwrap(), "")] {
        let (code, out, err) = statuswatch(&[argument], stdin);
        assert_eq!((code, err.as_str()), (1, ""), "{argument}");
        assert!(out.contains("integrationLatency"), "{out}");
    }
}

#[test]
fn a_format_that_hides_none_passes() {
    let (code, out, _) = statuswatch(&[GOOD], "");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("filter pattern for the error lines: {"), "{out}");
}

#[test]
fn a_fixed_format_stands_alone_on_standard_output_and_passes() {
    let (code, fixed, findings) = statuswatch(&["--fix", BREAKS], "");
    assert_eq!((code, fixed.lines().count()), (1, 1));
    assert!(findings.contains("error: "), "{findings}");
    let (code, out, _) = statuswatch(&["-"], &fixed);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn what_a_fixed_format_logs_besides_is_said() {
    let (_, fixed, transcript) = statuswatch(&["--fix", BREAKS], "");
    assert!(fixed.contains("$context.identity.sourceIp"), "{fixed}");
    assert!(transcript.contains("the corrected format also logs "), "{transcript}");
    assert!(
        transcript.contains("$context.identity.sourceIp")
            && transcript.contains("leave out what you must not log")
    );
    let preset = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/formats/rest-preset.clf.txt");
    let (_, _, transcript) = statuswatch(&["--fix", preset], "");
    assert!(!transcript.contains("also logs"), "{transcript}");
}

#[test]
fn files_that_others_refer_to_are_read_within_the_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
    let stage = |path: &str| {
        format!(
            "resource \"aws_api_gateway_stage\" \"a\" {{\n access_log_settings {{\n  format = file(\"{path}\")\n }}\n}}\n"
        )
    };
    write("format.json", BREAKS);
    write("inside/format.json", BREAKS);
    for (path, expected) in [("${path.module}/format.json", 1), ("../format.json", 2)] {
        write("inside/main.tf", &stage(path));
        let main = inside.join("main.tf");
        for argument in [&inside, &main] {
            let (code, out, err) = statuswatch(&[argument.to_str().unwrap()], "");
            assert_eq!(code, expected, "{path}: {out}{err}");
            assert_eq!(out.contains("error: $context.integrationLatency"), expected == 1, "{out}");
        }
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("format.json"), inside.join("link.json")).unwrap();
        write("inside/main.tf", &stage("link.json"));
        assert_eq!(statuswatch(&[inside.to_str().unwrap()], "").0, 2);
    }
}

#[test]
fn a_line_break_in_the_argument_of_a_module_from_elsewhere_is_a_warning() {
    let call = "module \"api\" {\n source = \"./elsewhere\"\n access_log_format = <<EOF\n{\"requestId\":\"$context.requestId\",\n\"status\":\"$context.status\"}\nEOF\n}\n";
    let (code, out, err) = statuswatch(&["-"], call);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("warning: the format contains a line break"), "{out}");
    let stage = call
        .replace("module \"api\" {", "resource \"aws_api_gateway_stage\" \"s\" {\n access_log_settings {")
        .replace("access_log_format", "format")
        + "}\n";
    assert_eq!(statuswatch(&["-"], &stage).0, 1);
}

#[test]
fn every_format_of_the_fixtures_is_judged_by_the_reader_of_the_digest() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/formats");
    for (file, expected) in [
        ("rest-preset.json.txt", 0),
        ("rest-preset.clf.txt", 0),
        ("rest-preset.csv.txt", 0),
        ("rest-preset.xml.txt", 0),
        ("http-preset.json.txt", 0),
        ("http-preset.clf.txt", 0),
        ("bare-latency.json.txt", 1),
        ("quoted-message-string.json.txt", 1),
        ("no-status.json.txt", 1),
    ] {
        let (code, out, _) = statuswatch(&[&format!("{folder}/{file}")], "");
        assert_eq!(code, expected, "{file}\n{out}");
    }
}

#[test]
fn a_file_that_is_not_there_and_an_empty_format_are_usage_errors() {
    for (argument, says) in [("formats/missing.tf", "formats/missing.tf"), ("", "empty")] {
        let (code, out, err) = statuswatch(&[argument], "");
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains(says), "{err}");
    }
}

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/lint-format");

/// What is said of a file of the fixtures, with exit code, without the way to the folder.
fn of_file(name: &str) -> String {
    let (code, out, err) = statuswatch(&[&format!("{FILES}/{name}")], "");
    format!("{out}{err}exit code {code}\n").replace(&format!("{FILES}/"), "")
}

#[test]
fn each_format_of_a_file_is_judged_at_its_place() {
    let transcript = of_file("several-stages.tf");
    for expected in [
        "several-stages.tf:10 · aws_api_gateway_stage.good\nREST API · JSON\n\nno findings",
        "unknown here, taken as plain text: var.team\n",
        "several-stages.tf:16 · aws_apigatewayv2_stage.bare_latency\nHTTP or WebSocket API · JSON\n\nerror: $context.integrationLatency",
        "several-stages.tf:22 · aws_api_gateway_stage.elsewhere\nnot checked: the format is var.format_of_the_platform",
        "2 formats; 1 would hide errors\nexit code 1\n",
    ] {
        assert!(transcript.contains(expected), "{expected}\n----\n{transcript}");
    }
}

#[test]
fn every_kind_of_file_is_read() {
    for (name, code, places) in [
        ("comments-and-heredoc.tf", 0, vec!["comments-and-heredoc.tf:9 · aws_api_gateway_stage.orders\n"]),
        (
            "conditional.tf",
            1,
            vec![
                "conditional.tf:3 · aws_apigatewayv2_stage.api · where var.short\n",
                "conditional.tf:3 · aws_apigatewayv2_stage.api · where not var.short\n",
            ],
        ),
        (
            "module",
            1,
            vec![
                "module/main.tf:3 · module.orders\n",
                "module/main.tf:10 · module.carts\n",
                "module/variables.tf:3 · var.access_log_format\n",
            ],
        ),
        // A file of a module: the other files tell what it refers to, and are not judged.
        (
            "module/main.tf",
            0,
            vec!["module/main.tf:3 · module.orders\n", "module/main.tf:10 · module.carts\n"],
        ),
        (
            "cloudformation.yaml",
            1,
            vec![
                "cloudformation.yaml:14 · RestStage (AWS::ApiGateway::Stage)\n",
                "cloudformation.yaml:20 · HttpStage (AWS::ApiGatewayV2::Stage) · where IsProd\n",
                "cloudformation.yaml:20 · HttpStage (AWS::ApiGatewayV2::Stage) · where not IsProd\n",
            ],
        ),
        (
            "sam.yaml",
            1,
            vec![
                "sam.yaml:6 · Globals.Api.AccessLogSetting\n",
                "sam.yaml:13 · Orders (AWS::Serverless::HttpApi)\n",
            ],
        ),
        (
            "cdk.out",
            0,
            vec![
                "cdk.out/Orders.template.json:8 · OrdersStage4F1E (AWS::ApiGateway::Stage)\n",
                "cdk.out/Orders.template.json:16 · ChatStage77B0 (AWS::ApiGatewayV2::Stage)\nWebSocket API",
            ],
        ),
        ("plan.json", 0, vec!["plan.json:15 · module.api.aws_apigatewayv2_stage.this[0]\n"]),
    ] {
        let transcript = of_file(name);
        let titles = transcript.matches(" API · ").count();
        assert_eq!(titles, places.len(), "{transcript}");
        for place in places {
            assert!(transcript.contains(place), "{place}\n----\n{transcript}");
        }
        assert!(transcript.ends_with(&format!("exit code {code}\n")), "{transcript}");
    }
}

#[test]
fn what_holds_no_format_is_refused_with_the_way_to_one() {
    for (name, says) in [
        ("app.ts", "app.ts is a program: the format is in the template that it makes; run `cdk synth`"),
        ("no-format.tf", "no access-log format found"),
        ("broken.tf", "broken.tf:3:5: not valid HCL"),
        ("broken.yaml", "broken.yaml:4:3: not valid YAML"),
        ("cdk.out/manifest.json", "no access-log format found"),
    ] {
        let transcript = of_file(name);
        assert!(transcript.contains(says) && transcript.ends_with("exit code 2\n"), "{name}\n{transcript}");
    }
}

#[test]
fn a_folder_is_read_whole_and_its_broken_files_are_named() {
    let (code, out, err) = statuswatch(&[FILES], "");
    assert_eq!(code, 1, "{err}");
    for name in ["cdk.out/Orders.template.json:8", "module/main.tf:3", "serverless.yml:9", "plan.json:15"] {
        assert!(out.contains(name), "{name}\n{out}");
    }
    assert!(err.contains("broken.tf:3:5: ") && err.contains("broken.yaml:4:3: "), "{err}");
}

#[test]
fn each_mended_format_is_named_where_there_are_several() {
    let (code, fixed, findings) = statuswatch(&["--fix", &format!("{FILES}/several-stages.tf")], "");
    assert_eq!(code, 1);
    let lines: Vec<&str> = fixed.lines().collect();
    assert_eq!(lines.len(), 4, "{fixed}");
    assert!(lines[0].ends_with("several-stages.tf:10 · aws_api_gateway_stage.good"), "{fixed}");
    assert!(lines[1].contains(r#""team":"${var.team}""#), "what is not known stays a reference: {fixed}");
    assert!(lines[3].contains(r#""latency":"$context.integrationLatency""#), "{fixed}");
    assert!(findings.contains("error: "), "{findings}");
    for line in [lines[1], lines[3]] {
        assert_eq!(statuswatch(&[line], "").0, 0, "{line}");
    }
}

#[test]
fn a_whole_file_may_come_from_standard_input() {
    for (name, line) in [("several-stages.tf", "-:16 · "), ("sam.yaml", "-:13 · "), ("plan.json", "-:15 · ")]
    {
        let text = std::fs::read_to_string(format!("{FILES}/{name}")).unwrap();
        let (_, out, err) = statuswatch(&["-"], &text);
        assert!(out.contains(line), "{name}\n{out}{err}");
    }
}

#[test]
fn a_piece_of_a_file_is_read_in_its_language() {
    let escaped = BREAKS.replace('"', "\\\"");
    let format = format!("format = \"{escaped}\"");
    let two = format!(
        "access_log_settings {{\n {format}\n}}\nlocals {{\n log_format = \"$context.requestId\"\n}}\n"
    );
    for (text, expected) in [
        (format!("# format = \"$context.status\"\n{format}\n"), "error: $context.integrationLatency"),
        (format!("\"Format\": \"{escaped}\","), "error: $context.integrationLatency"),
        (format!("Format: '{BREAKS}'"), "error: $context.integrationLatency"),
        (two, "-:2 · access_log_settings\nREST API"),
    ] {
        let (code, out, err) = statuswatch(&["-"], &text);
        assert_eq!((code, err.as_str()), (1, ""), "{text}");
        assert!(out.contains(expected), "{text}\n{out}");
    }
    let (code, _, err) = statuswatch(&["-"], "format = var.log_format");
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("-:1 · format\nnot checked: the format is var.log_format"), "{err}");
}

#[test]
fn a_websocket_api_of_serverless_yml_is_one_whatever_its_variables_are() {
    let text = "provider:\n  logs:\n    websocket:\n      format: '$context.requestId $context.status'\n";
    let (_, out, _) = statuswatch(&["-"], text);
    assert!(out.contains("provider.logs.websocket\nWebSocket API"), "{out}");
}

#[test]
fn a_file_that_is_too_large_or_not_utf_8_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.tf");
    std::fs::File::create(&large).unwrap().set_len(65 * 1024 * 1024).unwrap();
    let latin = folder.path().join("latin.yaml");
    std::fs::write(&latin, b"a: \xe9").unwrap();
    for (path, says) in [(&large, "more than the limit of"), (&latin, "not UTF-8 at byte 3")] {
        let (code, _, err) = statuswatch(&[path.to_str().unwrap()], "");
        assert!(code == 2 && err.contains(says), "{code} {err}");
    }
}

/// Formats as AWS, CDK and the Serverless Framework give them, with the kind of API that each is for.
const DOCUMENTED: [(&str, &str); 16] = [
    // API Gateway's guide for REST APIs has no space before the quote, its console has one.
    (
        "REST API",
        r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime]"$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#,
    ),
    (
        "REST API",
        r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#,
    ),
    // CloudFormation's sample begins with the extended id.
    (
        "REST API",
        r#"$context.extendedRequestId $context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#,
    ),
    (
        "REST API",
        "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId",
    ),
    (
        "HTTP API",
        r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId"#,
    ),
    (
        "HTTP API",
        "$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId",
    ),
    (
        "HTTP API",
        "<request id=\"$context.requestId\"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> <extendedRequestId>$context.extendedRequestId</extendedRequestId> </request>",
    ),
    // The help page on errors of HTTP APIs, and the default of the module for Terraform.
    (
        "HTTP API",
        r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId $context.integrationErrorMessage"#,
    ),
    (
        "WebSocket API",
        r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.eventType $context.routeKey $context.connectionId" $context.status $context.requestId"#,
    ),
    (
        "WebSocket API",
        "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.eventType,$context.routeKey,$context.connectionId,$context.status,$context.requestId",
    ),
    (
        "WebSocket API",
        "<request id=\"$context.requestId\"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <eventType>$context.eventType</eventType> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <connectionId>$context.connectionId</connectionId> </request>",
    ),
    (
        "WebSocket API",
        r#"{"requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user","requestTime":"$context.requestTime", "eventType":"$context.eventType","routeKey":"$context.routeKey","status":"$context.status","connectionId":"$context.connectionId"}"#,
    ),
    // The Serverless Framework's default for REST APIs, and the same in logfmt.
    (
        "REST API",
        "requestId: $context.requestId, ip: $context.identity.sourceIp, caller: $context.identity.caller, user: $context.identity.user, requestTime: $context.requestTime, httpMethod: $context.httpMethod, resourcePath: $context.resourcePath, status: $context.status, protocol: $context.protocol, responseLength: $context.responseLength",
    ),
    (
        "REST API",
        "requestId=$context.requestId ip=$context.identity.sourceIp httpMethod=$context.httpMethod resourcePath=$context.resourcePath status=$context.status",
    ),
    // What follows the presets' fields.
    (
        "REST API",
        r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.responseLatency "$context.identity.userAgent""#,
    ),
    (
        "HTTP API",
        r#"{"requestId":"$context.requestId","routeKey":"$context.routeKey","status":"$context.status","stage":"${var.stage}"}"#,
    ),
];

#[test]
fn documented_formats_have_no_finding_and_a_pattern_that_was_tried() {
    for (api, format) in DOCUMENTED {
        let (code, out, _) = statuswatch(&[format], "");
        assert!(out.starts_with(api), "{format}\n{out}");
        assert!(out.contains("\nno findings") && code == 0, "{format}\n{out}");
        assert!(
            out.contains("\nfilter pattern for the error lines: ")
                && !out.contains("for the error lines: none"),
            "{format}\n{out}"
        );
        assert_eq!(statuswatch(&["--fix", format], "").0, 0, "{format}");
    }
}

#[test]
fn the_patterns_of_formats_that_are_not_json_are_these() {
    let pattern = |format: &str| {
        let (_, out, _) = statuswatch(&[format], "");
        let line = out.lines().find_map(|line| line.strip_prefix("filter pattern for the error lines: "));
        line.unwrap_or_default().to_owned()
    };
    assert_eq!(pattern(DOCUMENTED[12].1), "%, status: [45][0-9][0-9], protocol: %");
    assert_eq!(pattern(DOCUMENTED[13].1), "% status=[45][0-9][0-9]$%");
    // Without a text of its own around the status, a number elsewhere may look like one.
    let (_, out, _) = statuswatch(&["$context.requestId$context.status$context.path"], "");
    assert!(
        out.contains("none; 1 tried on the lines of this format, and none tells the\n  errors apart"),
        "{out}"
    );
}

#[test]
fn a_text_without_variables_is_neither_a_file_nor_a_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "hello world").unwrap();
    let path = path.to_str().unwrap();
    for (argument, stdin, expected) in [
        ("hello world", "", "`hello world` is neither a file nor an access-log format".to_owned()),
        ("{\"status\":\"200\"}", "", "`{\\\"status\\\":\\\"200\\\"}` is neither a file nor".to_owned()),
        ("a\u{1b}[31m", "", "`a\\u{1b}[31m` is neither a file nor".to_owned()),
        ("-", "hello world", "standard input has no access-log format".to_owned()),
        (path, "", format!("{path} has no access-log format")),
    ] {
        for arguments in [vec![argument], vec!["--fix", argument]] {
            let (code, out, err) = statuswatch(&arguments, stdin);
            assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{argument}\n{err}");
            assert!(err.contains(&expected) && err.chars().count() < 250, "{err}");
        }
    }
}

#[test]
fn no_line_is_longer_than_100_columns_but_what_is_to_be_copied() {
    let many: Vec<String> = (0..40).map(|n| format!("\"f{n}\":\"$${{var.number_{n}}}\"")).collect();
    let many = format!("{{{},\"requestId\":\"$context.requestId\"}}", many.join(",")).replace("$$", "$");
    for format in [
        BREAKS,
        &many,
        "$context.requestId$context.status$context.path",
        r#"{"a":{"b":{"c":"$context.status"}}}"#,
    ] {
        let (_, out, _) = statuswatch(&[format], "");
        for line in out.lines() {
            let copied = line.starts_with("filter pattern") || line.starts_with("  line: ");
            assert!(copied || line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn what_is_not_known_is_asked_from_the_tool_that_knows_it() {
    let terraform = "terraform show -json plan | statuswatch lint-format -";
    let rest = "aws apigateway get-stages --rest-api-id ID | statuswatch lint-format -";
    let http = "aws apigatewayv2 get-stages --api-id ID | statuswatch lint-format -";
    let serverless = "serverless print | statuswatch lint-format -";
    let all = [terraform, rest, http, serverless];
    let stage = |kind: &str, settings: &str| {
        format!("Resources:\n  S:\n    Type: {kind}\n    Properties:\n      {settings}: {{Format: !Ref F}}\n")
    };
    for (text, expected) in [
        ("format = var.log_format".to_owned(), vec![terraform]),
        (
            "resource \"aws_api_gateway_stage\" \"s\" {\n access_log_settings {\n  format = var.f\n }\n}\n"
                .to_owned(),
            vec![terraform],
        ),
        ("Format: !Ref LogFormat".to_owned(), vec![rest, http]),
        (stage("AWS::ApiGateway::Stage", "AccessLogSetting"), vec![rest]),
        (stage("AWS::ApiGatewayV2::Stage", "AccessLogSettings"), vec![http]),
        ("provider:\n  logs:\n    restApi:\n      format: ${env:FORMAT}\n".to_owned(), vec![serverless]),
    ] {
        let (code, out, err) = statuswatch(&["-"], &text);
        assert_eq!((code, out.as_str()), (2, ""), "{text}\n{err}");
        assert!(err.contains("not checked: the format is "), "{err}");
        for command in all {
            assert_eq!(err.contains(command), expected.contains(&command), "{text}\n{err}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_parsed_says_where_and_what_to_do() {
    for (name, says) in [
        ("broken.tf", "broken.tf:3:5: not valid HCL: "),
        ("broken.yaml", "broken.yaml:4:3: not valid YAML: "),
    ] {
        let transcript = of_file(name);
        assert!(transcript.contains(says) && transcript.contains("; correct it (`"), "{transcript}");
    }
    let (code, _, err) = statuswatch(&["-"], "{\"AccessLogSetting\": {\"Format\": \"x\",}}");
    assert!(
        code == 2 && err.contains("-:1:37: not valid JSON: ") && err.contains("; correct it (`jq"),
        "{err}"
    );
}
