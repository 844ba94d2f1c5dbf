//! Tests: formats that people write, and what the check says of each.

use proptest::prelude::*;

use super::{Api, Code, DigestField, Kind, Lint, Severity, fix, lint, read, render};
use crate::filter_pattern::FilterPattern;
use crate::format_finder::find_in_piece;

macro_rules! format_file {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/formats/", $name))
    };
}

const REST_PRESETS: [&str; 4] = [
    format_file!("rest-preset.json.txt"),
    format_file!("rest-preset.clf.txt"),
    format_file!("rest-preset.csv.txt"),
    format_file!("rest-preset.xml.txt"),
];
const HTTP_PRESETS: [&str; 4] = [
    format_file!("http-preset.json.txt"),
    format_file!("http-preset.clf.txt"),
    format_file!("http-preset.csv.txt"),
    format_file!("http-preset.xml.txt"),
];
const OTHERS: [&str; 15] = [
    format_file!("websocket.json.txt"),
    format_file!("bare-latency.json.txt"),
    format_file!("quoted-message-string.json.txt"),
    format_file!("bare-message-string.json.txt"),
    format_file!("no-status.json.txt"),
    format_file!("nested-status.json.txt"),
    format_file!("deep-status.json.txt"),
    format_file!("wrong-status.json.txt"),
    format_file!("misplaced-quotes.json.txt"),
    format_file!("no-request-id.json.txt"),
    format_file!("unknown-variables.http.json.txt"),
    format_file!("api-key.json.txt"),
    format_file!("appendix.clf.txt"),
    format_file!("heredoc.tf.txt"),
    format_file!("jsonencode.tf.txt"),
];

/// The fields of CSV in the REST preset's order.
const CSV: [&str; 10] = [
    "$context.identity.sourceIp",
    "$context.identity.caller",
    "$context.identity.user",
    "$context.requestTime",
    "$context.httpMethod",
    "$context.resourcePath",
    "$context.protocol",
    "$context.status",
    "$context.responseLength",
    "$context.requestId",
];

#[test]
fn the_pattern_for_csv_goes_by_the_status_s_place_however_the_fields_are_separated() {
    for (before, between) in [("", ","), ("", ", "), ("\"", "\",\"")] {
        let separate = |fields: &[&str]| format!("{before}{}{before}", fields.join(between));
        let found = check(&separate(&CSV));
        assert_eq!(found.kind, Kind::Csv, "{}", found.format);
        let text = found.pattern.unwrap();
        let pattern = FilterPattern::parse(&text).unwrap();
        for (status, length, matches) in [
            ("200", "404", false),
            ("204", "-", false),
            ("404", "200", true),
            ("502", "36", true),
            ("400", "-", true),
        ] {
            let asked = ["203.0.113.7", "-", "-", "18/Nov/2020:05:28:56 +0000", "GET", "/a", "HTTP/1.1"];
            let line = separate(&[&asked[..], &[status, length, "id"]].concat());
            assert_eq!(pattern.matches(&line), matches, "{text}: {line}");
        }
    }
}

#[test]
fn a_quoted_csv_format_is_read_whatever_its_length_is() {
    let lint = check(&format!("\"{}\"", CSV.join("\",\"")));
    assert_eq!(codes(&lint), []);
}

fn check(text: &str) -> Lint {
    lint(&format_in(text), None, &read)
}

/// The format of a fixture, which may stand in a piece of Terraform.
fn format_in(text: &str) -> String {
    match find_in_piece(text) {
        Some(found) => found.formats[0].format.clone(),
        None => text.to_owned(),
    }
}

/// Severity and code of each finding, in order.
fn codes(lint: &Lint) -> Vec<(Severity, Code)> {
    lint.findings.iter().map(|finding| (finding.severity, finding.code)).collect()
}

#[test]
fn the_presets_have_no_findings_and_a_pattern_each() {
    let kinds = [Kind::Json, Kind::Clf, Kind::Csv, Kind::Xml];
    for (api, presets) in [(Api::Rest, REST_PRESETS), (Api::Http, HTTP_PRESETS)] {
        for (preset, kind) in presets.into_iter().zip(kinds) {
            let lint = check(preset);
            assert_eq!((lint.api, lint.kind, codes(&lint)), (api, kind, vec![]), "{}", render(&lint));
            assert!(lint.pattern.is_some() && !lint.hides_errors(), "{preset}");
        }
    }
}

#[test]
fn each_preset_is_filtered_in_its_own_way() {
    let patterns: Vec<String> =
        REST_PRESETS.iter().chain(&HTTP_PRESETS).map(|preset| check(preset).pattern.unwrap()).collect();
    insta::assert_snapshot!(patterns.join("\n"), @r#"
    { ($.status = 4*) || ($.status = 5*) }
    [w1, w2, w3, w4, w5, status = 4* || status = 5*, ...]
    %^[^,]*,[^,]*,[^,]*,[^,]*,[^,]*,[^,]*,[^,]*,[45][0-9][0-9],%
    %\x3Cstatus\x3E[45][0-9][0-9]\x3C%
    { ($.status = 4*) || ($.status = 5*) }
    [w1, w2, w3, w4, w5, status = 4* || status = 5*, ...]
    %^[^,]*,[^,]*,[^,]*,[^,]*,[^,]*,[45][0-9][0-9],%
    %\x3Cstatus\x3E[45][0-9][0-9]\x3C%
    "#);
}

#[test]
fn what_the_digest_misses_is_named() {
    assert_eq!(
        check(REST_PRESETS[0]).misses,
        [
            DigestField::Path,
            DigestField::ResponseType,
            DigestField::IntegrationStatus,
            DigestField::Latency,
            DigestField::UserAgent
        ]
    );
    let websocket = check(OTHERS[0]);
    assert_eq!(websocket.api, Api::WebSocket);
    assert_eq!(
        websocket.misses,
        [DigestField::ResponseType, DigestField::IntegrationStatus, DigestField::UserAgent]
    );
}

#[test]
fn each_broken_format_has_its_finding() {
    use Code::*;
    use Severity::*;
    let expected: [(&str, Vec<(Severity, Code)>); 14] = [
        (format_file!("bare-latency.json.txt"), vec![(Error, BreaksJson), (Error, BreaksJson)]),
        (format_file!("quoted-message-string.json.txt"), vec![(Error, BreaksJson)]),
        (format_file!("bare-message-string.json.txt"), vec![(Error, BreaksJson)]),
        (format_file!("no-status.json.txt"), vec![(Error, NoStatus)]),
        (format_file!("nested-status.json.txt"), vec![(Warning, NestedStatus)]),
        (format_file!("deep-status.json.txt"), vec![(Error, Unreadable)]),
        (format_file!("wrong-status.json.txt"), vec![(Error, Unreadable), (Error, WrongStatus)]),
        (format_file!("misplaced-quotes.json.txt"), vec![(Error, NotJson)]),
        (format_file!("no-request-id.json.txt"), vec![(Error, NoRequestId)]),
        (
            format_file!("unknown-variables.http.json.txt"),
            vec![(Error, UnknownVariable), (Error, UnknownVariable), (Warning, UnknownVariable)],
        ),
        (format_file!("api-key.json.txt"), vec![(Warning, Secret)]),
        (format_file!("appendix.clf.txt"), vec![]),
        (format_file!("heredoc.tf.txt"), vec![(Error, NotSingleLine)]),
        (format_file!("jsonencode.tf.txt"), vec![(Error, BreaksJson)]),
    ];
    for (format, expected) in expected {
        // Its variables are of two kinds of API.
        let api = format.contains("dataProcessed").then_some(Api::Http);
        let lint = lint(&format_in(format), api, &read);
        assert_eq!(codes(&lint), expected, "{}", render(&lint));
        assert_eq!(lint.hides_errors(), expected.iter().any(|(severity, _)| *severity == Error), "{format}");
    }
}

#[test]
fn a_finding_says_where_when_and_what_to_do() {
    let latency = render(&check(format_file!("bare-latency.json.txt")));
    let message = render(&check(format_file!("quoted-message-string.json.txt")));
    let unknown = render(&lint(format_file!("unknown-variables.http.json.txt"), Some(Api::Http), &read));
    let nested = render(&check(format_file!("nested-status.json.txt")));
    insta::assert_snapshot!([latency, message, unknown, nested].join("\n----\n"), @r#"
    REST API · JSON

    error: $context.integrationLatency is not in quotes, and its value is not always a number (byte 197)
      when: unknown route (403), refused by the authorizer (403), blocked by WAF (403), throttled (429),
            integration failed (500), malformed request (400)
      line: ... "integrationLatency":- ...
      fix:  write "$context.integrationLatency", in quotes

    error: $context.integrationStatus is not in quotes, and its value is not always a number (byte 245)
      when: unknown route (403), refused by the authorizer (403), blocked by WAF (403), throttled (429),
            integration timed out (504), integration failed (500), malformed request (400)
      line: ... "integrationStatus":- ...
      fix:  write "$context.integrationStatus", in quotes

    filter pattern for the error lines: %\x22status\x22:\s?\x22?[45][0-9][0-9]%
      (a text pattern, because no JSON pattern matches every error line)
    messages could also show: path, source IP, error response type, user agent
    ----
    HTTP API · JSON

    error: $context.error.messageString has quotes of its own, which end the string too early (byte 108)
      when: unknown route (404), refused by the authorizer (403), throttled (429), integration timed out
            (503), integration failed (500), malformed request (400)
      line: ... "errorMessage":""Not Found"" ...
      fix:  write $context.error.message between the quotes

    filter pattern for the error lines: %\x22status\x22:\s?\x22?[45][0-9][0-9]%
      (a text pattern, because no JSON pattern matches every error line)
    messages could also show: path, source IP, error response type, integration status, latency, user
      agent
    ----
    HTTP API · JSON

    error: an HTTP API has no $context.wafResponseCode (other kinds of API do): API Gateway rejects the
      format (byte 73)
      fix:  remove it

    error: an HTTP API has no $context.identity.sourceIP: API Gateway rejects the format (byte 105)
      fix:  did you mean $context.identity.sourceIp?

    warning: an HTTP API has no $context.resourcePath (other kinds of API do): it is always logged as -
      (byte 43)
      fix:  did you mean $context.routeKey?

    filter pattern for the error lines: { ($.status = 4*) || ($.status = 5*) }
    messages could also show: method, route, path, source IP, error response type, integration status,
      latency, user agent
    ----
    REST API · JSON

    warning: the status is at $.response.status, where the usual filter on $.status does not look
      (byte 142)
      fix:  add "status":"$context.status" at the top level, or use the filter pattern given for this
            format

    filter pattern for the error lines: { ($.response.status = 4*) || ($.response.status = 5*) }
    messages could also show: path, source IP, error response type, integration status, user agent
    "#);
}

#[test]
fn an_offset_points_at_the_variable() {
    let lint = check(format_file!("bare-latency.json.txt"));
    for (finding, variable) in
        lint.findings.iter().zip(["$context.integrationLatency", "$context.integrationStatus"])
    {
        let rest = lint.format.get(finding.offset.unwrap()..).unwrap();
        assert!(rest.starts_with(variable), "{finding:?}");
    }
}

#[test]
fn an_http_api_takes_3072_bytes_and_no_more() {
    let format = |padding: usize| {
        format!(
            "{{\"requestId\":\"$context.requestId\",\"routeKey\":\"$context.routeKey\",\"status\":\"$context.status\",\"p\":\"{}\"}}",
            "p".repeat(padding)
        )
    };
    let room = 3072 - format(0).len();
    assert_eq!(codes(&check(&format(room))), []);
    assert_eq!(codes(&check(&format(room + 1))), [(Severity::Error, Code::TooLong)]);
    let rest = format(room + 1).replace("routeKey", "resourcePath");
    assert_eq!(codes(&check(&rest)), []);
}

#[test]
fn a_format_without_variables_is_no_format() {
    for text in ["", "{}", "hello", "{\"status\":\"200\"}"] {
        let lint = check(text);
        assert!(lint.findings.iter().any(|finding| finding.code == Code::NoVariables), "{text}");
        assert!(lint.hides_errors());
    }
}

#[test]
fn the_kind_of_api_is_told_by_the_variables_or_given() {
    let api =
        |variables: &str| check(&format!("{{\"x\":\"$context.status $context.requestId {variables}\"}}")).api;
    assert_eq!(api(""), Api::Rest);
    assert_eq!(api("$context.resourcePath"), Api::Rest);
    assert_eq!(api("$context.routeKey"), Api::Http);
    assert_eq!(api("$context.routeKey $context.connectionId"), Api::WebSocket);
    assert_eq!(api("$context.dataProcessed"), Api::Http);
    assert_eq!(lint(REST_PRESETS[0], Some(Api::Http), &read).api, Api::Http);
}

#[test]
fn the_result_is_json() {
    let lint = check(format_file!("quoted-message-string.json.txt"));
    let json = serde_json::to_value(&lint).unwrap();
    assert_eq!(json.pointer("/api").unwrap(), "http");
    assert_eq!(json.pointer("/findings/0/severity").unwrap(), "error");
    assert_eq!(json.pointer("/findings/0/code").unwrap(), "breaks_json");
    assert_eq!(json.pointer("/findings/0/when/0").unwrap(), "unknown route (404)");
}

/// After `fix` nothing is found, and each line is JSON where the format is.
fn assert_fixed(text: &str, api: Option<Api>) {
    let api = check_api(text, api);
    let fixed = fix(text, Some(api), &read);
    let lint = lint(&fixed, Some(api), &read);
    assert_eq!(codes(&lint), [], "{text}\n{fixed}\n{}", render(&lint));
    assert_eq!(fix(&fixed, Some(api), &read), fixed, "fixing twice changes nothing");
    if lint.kind == Kind::Json {
        assert_eq!(lint.misses, [], "{fixed}");
        assert!(
            lint.lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(&line.line).is_ok()),
            "{fixed}"
        );
        assert!(lint.pattern.is_some(), "{fixed}");
    }
}

fn check_api(text: &str, api: Option<Api>) -> Api {
    lint(text, api, &read).api
}

#[test]
fn every_format_is_without_findings_once_fixed() {
    for text in
        REST_PRESETS.iter().chain(&HTTP_PRESETS).chain(&OTHERS).chain(&["", "{}", "{ }", "hello", "{\"a\":"])
    {
        for api in [None, Some(Api::Rest), Some(Api::Http), Some(Api::WebSocket)] {
            assert_fixed(text, api);
        }
    }
}

#[test]
fn a_fix_changes_no_more_than_it_must() {
    for preset in REST_PRESETS.iter().chain(&HTTP_PRESETS).filter(|preset| !preset.starts_with('{')) {
        assert_eq!(fix(preset, None, &read), preset.trim());
    }
    let fixed = [
        "rest-preset",
        "quoted-message-string",
        "bare-latency",
        "nested-status",
        "deep-status",
        "no-status",
        "misplaced-quotes",
        "appendix",
    ]
    .into_iter()
    .zip([
        REST_PRESETS[0],
        format_file!("quoted-message-string.json.txt"),
        format_file!("bare-latency.json.txt"),
        format_file!("nested-status.json.txt"),
        format_file!("deep-status.json.txt"),
        format_file!("no-status.json.txt"),
        format_file!("misplaced-quotes.json.txt"),
        format_file!("appendix.clf.txt"),
    ])
    .map(|(name, format)| format!("{name}\n{}", fix(format, None, &read)));
    insta::assert_snapshot!(fixed.collect::<Vec<_>>().join("\n"), @r#"
    rest-preset
    { "requestId":"$context.requestId", "extendedRequestId":"$context.extendedRequestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength","path":"$context.path","errorResponseType":"$context.error.responseType","integration_status":"$context.integration.status","responseLatency":"$context.responseLatency","userAgent":"$context.identity.userAgent"}
    quoted-message-string
    {"requestId":"$context.requestId","routeKey":"$context.routeKey","status":"$context.status","errorMessage":"$context.error.message","path":"$context.path","ip":"$context.identity.sourceIp","errorResponseType":"$context.error.responseType","integration_status":"$context.integration.status","responseLatency":"$context.responseLatency","userAgent":"$context.identity.userAgent"}
    bare-latency
    {"requestId":"$context.requestId","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","status":$context.status,"responseLatency":$context.responseLatency,"integrationLatency":"$context.integrationLatency","integrationStatus":"$context.integrationStatus","path":"$context.path","ip":"$context.identity.sourceIp","errorResponseType":"$context.error.responseType","userAgent":"$context.identity.userAgent"}
    nested-status
    {"requestId":"$context.requestId","request":{"httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath"},"response":{"status":"$context.status","responseLatency":"$context.responseLatency"},"status":"$context.status","path":"$context.path","ip":"$context.identity.sourceIp","errorResponseType":"$context.error.responseType","integration_status":"$context.integration.status","userAgent":"$context.identity.userAgent"}
    deep-status
    {"requestId":"$context.requestId","log":{"outcome":{"status":"$context.status"}},"status":"$context.status","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","path":"$context.path","ip":"$context.identity.sourceIp","errorResponseType":"$context.error.responseType","integration_status":"$context.integration.status","responseLatency":"$context.responseLatency","userAgent":"$context.identity.userAgent"}
    no-status
    {"requestId":"$context.requestId","ip":"$context.identity.sourceIp","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","integrationStatus":"$context.integrationStatus","status":"$context.status","path":"$context.path","errorResponseType":"$context.error.responseType","responseLatency":"$context.responseLatency","userAgent":"$context.identity.userAgent"}
    misplaced-quotes
    {"status":"$context.status","requestId":"$context.requestId","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","path":"$context.path","ip":"$context.identity.sourceIp","errorResponseType":"$context.error.responseType","integration_status":"$context.integration.status","responseLatency":"$context.responseLatency","userAgent":"$context.identity.userAgent","stage":"$context.stage"}
    appendix
    $context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId $context.integrationErrorMessage
    "#);
}

fn nearly_a_format() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "\"",
        ":",
        ",",
        " ",
        "\n",
        "[",
        "]",
        "\\",
        "<",
        ">",
        "-",
        "\"status\":",
        "\"a\":",
        "$context.status",
        "\"$context.status\"",
        "\"requestId\":\"$context.requestId\"",
        "$context.requestId",
        "$context.integrationLatency",
        "\"$context.error.messageString\"",
        "$context.error.messageString",
        "$context.nonsense",
        "${context.path}",
        "$context.routeKey",
        "$context.resourcePath",
        "$context.identity.apiKey",
        "\"é\"",
        "response",
        "null",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    // One case fills and reads some hundred lines.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_can_be_checked_and_fixed(
        text in prop_oneof![any::<String>(), nearly_a_format(), nearly_a_format().prop_map(|inner| format!("{{{inner}}}"))],
        api in prop::sample::select(vec![None, Some(Api::Rest), Some(Api::Http), Some(Api::WebSocket)]),
    ) {
        let lint = lint(&text, api, &read);
        prop_assert!(!render(&lint).is_empty());
        for finding in &lint.findings {
            prop_assert!(finding.offset.is_none_or(|offset| lint.format.is_char_boundary(offset)), "{:?}", finding);
        }
        assert_fixed(&text, api);
    }
}

#[test]
fn the_kinds_of_api_that_the_variables_leave_open_are_all_named() {
    use Api::{Http, WebSocket};
    for (format, expected) in [
        ("$context.requestId $context.status", vec![Http, WebSocket]),
        ("$context.requestId $context.routeKey $context.status", vec![Http, WebSocket]),
        ("$context.requestId $context.protocol $context.status", vec![Http]),
        ("$context.requestId $context.connectionId $context.status", vec![WebSocket]),
        ("$context.requestId $context.connectionId $context.protocol", vec![WebSocket]),
    ] {
        assert_eq!(super::apis_by_variables(format, &[Http, WebSocket]), expected, "{format}");
    }
}
