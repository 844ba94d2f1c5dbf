//! Lines in, what was read of them out.

use proptest::prelude::*;

use super::*;

/// What a person would say of a reading, in a few words.
fn said(line: &str) -> String {
    match read(line, Format::Auto) {
        Reading::AccessLog(log) => said_of(&log),
        Reading::Salvaged(log) => format!("salvaged {}", said_of(&log)),
        Reading::Header => "header".to_owned(),
        Reading::Unreadable => "unreadable".to_owned(),
    }
}

fn said_of(log: &AccessLog<'_>) -> String {
    let mut words = log.status.to_string();
    let mut route = String::new();
    log.write_route(&mut route);
    for word in [Some(route.as_str()), log.ip.as_deref(), log.response_type.as_deref()] {
        if let Some(word) = word.filter(|word| !word.is_empty()) {
            words.push(' ');
            words.push_str(word);
        }
    }
    words
}

#[track_caller]
fn check(line: &str, expected: &str) {
    assert_eq!(said(line), expected, "{line}");
}

#[test]
fn the_json_presets_are_read() {
    check(
        r#"{ "requestId":"80aa583d", "ip": "192.0.2.1", "caller":"-", "user":"-","requestTime":"15/Jul/2021:05:35:16 +0000", "httpMethod":"GET","resourcePath":"/pets/{id}", "status":"404","protocol":"HTTP/1.1", "responseLength":"1309" }"#,
        "404 GET /pets/{id} 192.0.2.1",
    );
    check(
        r#"{ "requestId":"x", "ip": "192.0.2.1", "httpMethod":"GET","routeKey":"GET /pets", "status":"502" }"#,
        "502 GET /pets 192.0.2.1",
    );
    check(
        r#"{"eventType":"CONNECT","routeKey":"$connect","connectionId":"x","status":"403"}"#,
        "403 $connect",
    );
}

#[test]
fn hand_made_formats_are_read() {
    check(r#"{"status":502}"#, "502");
    check(
        r#"{"method":"PUT","path":"/orders/42","source_ip":"192.0.2.9","status":500}"#,
        "500 PUT /orders/{id} 192.0.2.9",
    );
    check(
        r#"{"context":{"status":"503","httpMethod":"GET","identity":{"sourceIp":"192.0.2.1"}}}"#,
        "503 GET 192.0.2.1",
    );
    check(r#"{"request":{"method":"GET","path":"/x?y=1"},"response":{"status":504}}"#, "504 GET /x");
    check(r#"{"error.responseType":"WAF_FILTERED","status":"403"}"#, "403 WAF_FILTERED");
    check(r#"{"error":{"responseType":"THROTTLED"},"status":"429"}"#, "429 THROTTLED");
    check(r#"{"error_responseType":"UNAUTHORIZED","status":"401"}"#, "401 UNAUTHORIZED");
    check(r#"{"http_method":"GET","resource_path":"/a","statusCode":"404"}"#, "404 GET /a");
    check(r#"{"st\u0061tus":"500"}"#, "500");
    check(r#"{"st\u0061tus":"500","status":"200"}"#, "500");
    check(r#"{"status":"5\u00302","resourcePath":"\/a\u0062"}"#, "502 /ab");
    check(r#"{"status":"404","ip":"-","resourcePath":"","httpMethod":null}"#, "404");
}

#[test]
fn the_json_of_other_services_is_read_by_the_names_that_aws_documents() {
    check(
        r#"{"eventTime":"2023-07-28T20:48:45Z","hostHeader":"example.com","authDeniedReason":"null","requestMethod":"GET","userAgent":"-","sourceIpPort":"192.0.2.150:80","targetIpPort":"10.0.0.4:80","requestPath":"/billing/42","protocol":"HTTP/1.1","responseCode":503,"duration":375}"#,
        "503 GET /billing/{id} 192.0.2.150",
    );
    check(
        r#"{"date":"2019-12-04","time":"21:02:31","c-ip":"192.0.2.100","cs-method":"GET","cs-uri-stem":"/a","sc-status":"502","cs(User-Agent)":"x","x-edge-result-type":"Error","x-edge-detailed-result-type":"OriginDnsError"}"#,
        "502 GET /a 192.0.2.100 OriginDnsError",
    );
    check(
        r#"{"logType":"RequestSummary","requestId":"dbe8","graphQLAPIId":"pmo28","statusCode":401,"latency":242}"#,
        "401",
    );
    check(r#"{"logType":"ExecutionSummary","requestId":"dbe8","statusCode":500,"duration":5}"#, "unreadable");
    check(r#"{"responseCode":503,"message":"upstream failed"}"#, "unreadable");
    check(r#"{"elb_status_code":"502","target_status_code":"500","request_method":"GET"}"#, "502 GET");
}

#[test]
fn a_header_is_no_access_log_and_not_unreadable() {
    for line in ["#Version: 1.0", "#Fields: date time x-edge-location sc-bytes"] {
        assert_eq!(read(line, Format::Auto), Reading::Header);
        assert_eq!(read(line, Format::Json), Reading::Unreadable);
    }
    assert_eq!(read("# 500", Format::Auto), Reading::Unreadable);
}

#[test]
fn the_backends_and_the_services_status_are_told_apart() {
    let numbers = |line: &'static str| match read(line, Format::Auto) {
        Reading::AccessLog(log) => {
            (log.integration_status, log.integration_service_status, log.authorizer_status)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(numbers(r#"{"status":1,"status":"502","integrationStatus":"200"}"#), (None, Some(200), None));
    assert_eq!(
        numbers(r#"{"status":"502","integration.status":"500","integration.integrationStatus":200}"#),
        (Some(500), Some(200), None)
    );
    assert_eq!(
        numbers(
            r#"{"status":"500","integration":{"status":"-","integrationStatus":"403"},"authorizer":{"status":500}}"#
        ),
        (None, Some(403), Some(500))
    );
    assert_eq!(
        numbers(r#"{"status":"500","integration_status":"-","integration_integrationStatus":"200"}"#),
        (None, Some(200), None)
    );
}

#[test]
fn the_last_of_equal_keys_holds_unless_it_hides_a_worse_status() {
    check(r#"{"status":"200","status":"502"}"#, "502");
    check(r#"{"status":"502","status":"200"}"#, "502");
    check(r#"{"status":"502","status":200,"Status":"204"}"#, "502");
    check(r#"{"Status":502,"status":"200"}"#, "502");
    check(r#"{"status":"502","userAgent":"x","status":"404","z":""}"#, "502");
    check(r#"{"status":"404","status":"403"}"#, "403");
    check(r#"{"status":"200","status":"204"}"#, "204");
    check(r#"{"status":"502","status":"debug"}"#, "502");
    check(r#"{"status":"502","status":{}}"#, "502");
    check(r#"{"status":"200","status":"debug"}"#, "unreadable");
    check(r#"{"context":{"status":"502"},"context":{}}"#, "502");
    check(r#"{"response":{"status":"502","a":"x"},"response":{"status":"200","z":""}}"#, "502");
    check(r#"{"context":{"status":"502"},"context":{},"status":"200"}"#, "200");
    check(r#"{"path":"/a","statusCode":"502","httpStatus":"200"}"#, "502 /a");
    check(r#"{"statusCode":"502","httpStatus":"200"}"#, "unreadable");
    check(r#"{"context":{"status":"502"},"status":"x"}"#, "unreadable");
    check(r#"{"status":"x","context":{"status":"502"}}"#, "unreadable");
    check(r#"{"status":"502","path":"/a","url":"/b","path":"/c"}"#, "502 /c");
}

#[test]
fn a_status_is_a_whole_number_however_it_is_written() {
    for status in
        ["502", "502.0", "502.000", "5.02e2", "5020E-1", r#""502""#, r#"" 502 ""#, r#""502 ""#, r#""\t502""#]
    {
        check(&format!(r#"{{"status":{status}}}"#), "502");
        check(&format!(r#"{{"status":{status},"latency":-}}"#), "salvaged 502");
    }
    check(r#"{"status":500.0,"integrationStatus":" 502 "}"#, "500");
}

#[test]
fn what_is_json_but_no_access_log_is_no_error_line() {
    for line in [
        r#"{"status":"debug","message":"x"}"#,
        r#"{"status":99}"#,
        r#"{"status":600}"#,
        r#"{"status":"0502"}"#,
        r#"{"status":-502}"#,
        r#"{"status":502.5}"#,
        r#"{"status":5e1}"#,
        r#"{"status":5e9999}"#,
        r#"{"status":"5e2"}"#,
        r#"{"status":"502.0"}"#,
        r#"{"status":"5 02"}"#,
        r#"{"status":null}"#,
        r#"{"status":["502"]}"#,
        r#"{"statusCode":500,"level":"info"}"#,
        r#"{"detail":{"status":"502"}}"#,
        r#"{"a":[{"status":"502"}]}"#,
        r#"{"response":{"body":{"status":502}}}"#,
        r#"["status","502"]"#,
        r#""502""#,
        "502",
        "",
        r"{}",
        "2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
        "START RequestId: 500 Version: $LATEST",
        "2020-03-05T16:30:36.113Z\tf08bb4c8\tDEBUG\t{\"status\":\"500\"}",
        "(9d88505f-58b0) Method completed with status: 504",
    ] {
        check(line, "unreadable");
    }
}

#[test]
fn broken_json_is_salvaged() {
    check(
        r#"{"status":"504","error_messageString": " "Endpoint request timed out"","ip":"192.0.2.1"}"#,
        "salvaged 504 192.0.2.1",
    );
    check(
        r#"{"errorMessage":""Missing Authentication Token"","httpMethod":"GET","status":"403"}"#,
        "salvaged 403 GET",
    );
    check(r#"{"latency":-,"status":"403","resourcePath":"/a"}"#, "salvaged 403 /a");
    check(r#"{"status":-,"latency":5}"#, "unreadable");
    check(r#"{"status":502,"latency":-}"#, "salvaged 502");
    check(r#"{"message":Forbidden, see docs,"status":"403"}"#, "salvaged 403");
    check(r#"{"message":Endpoint "x" timed out, really,"status":"504"}"#, "salvaged 504");
    check(r#"{"requestId":"x", "stage:prod", "status":"502", "httpMethod":"GET"}"#, "salvaged 502 GET");
    check(r#"{"status":"502","userAgent":"Mozilla/5.0 (X1"#, "salvaged 502");
    check(r#"{"httpMethod":"GET","status":"502"#, "salvaged 502 GET");
    check(r#"{"httpMethod":"GET","status":"50"#, "unreadable");
    check(r#"{"httpMethod":"GET","stat"#, "unreadable");
    check(r#"{"context":{"latency":-,"status":"502"},"x":"y"}"#, "salvaged 502");
    check(r#"{"other":{"latency":-,"status":"502"},"x":"y"}"#, "unreadable");
    check(r#"{"other":{"latency":-},"status":"502"}"#, "salvaged 502");
    check("{\"userAgent\":\"a\u{1}b\",\"status\":\"502\"}", "salvaged 502");
    check(r#"{"userAgent":"C:\x","status":"502"}"#, "salvaged 502");
    check(r#"{"status":"502",}"#, "salvaged 502");
    check(r#"{"status":"502"} trailing"#, "salvaged 502");
}

#[test]
fn a_line_that_is_cut_behind_its_status_is_salvaged_wherever_it_is_cut() {
    for rest in [
        r#","protocol":"HTTP/1.1","responseLength":"36"}"#,
        r#", "user-agent" : "curl/8.5.0 (x, y)" , "integration.latency": -, "a":{"b_c":1} }"#,
    ] {
        for status in [r#""502""#, "502"] {
            let line =
                format!(r#"{{ "requestId":"a1", "httpMethod":"GET", "path":"/a", "status":{status}{rest}"#);
            let first = line.len() - rest.len();
            for end in first..line.len() {
                let cut = line.get(..end).unwrap();
                check(cut, "salvaged 502 GET /a");
            }
        }
    }
}

#[test]
fn a_cut_line_has_no_status_from_inside_a_text() {
    for cut in [
        r#"{"userAgent":"x \"status\":\"500\",\"proto"#,
        r#"{"userAgent":"x "status":"500","proto"#,
        r#"{"latency":-,"userAgent":"a, "status":500,"proto"#,
        r#"{"path":"/a","userAgent":"\"","proto"#,
        r#"{"path":"/a","status":"50","proto"#,
        r#"{"path":"/a","status":"502"x,"proto"#,
        r#"{"path":"/a","status":"502","userAgent":"x","status":"200","proto"#,
    ] {
        check(cut, "unreadable");
    }
}

#[test]
fn a_malformed_request_in_clf_is_read_with_and_without_the_two_principals() {
    for principals in ["", " - -"] {
        for request in ["- - HTTP/1.1", "- - -", "GET - HTTP/1.1"] {
            let line =
                format!(r#"203.0.113.7{principals} [18/Nov/2020:05:28:56 +0000] "{request}" 400 11 abc"#);
            let method = if request.starts_with('G') { " GET" } else { "" };
            check(&line, &format!("400{method} 203.0.113.7"));
        }
    }
    // A further field that looks like such a request is none beside a whole one.
    check(
        r#"203.0.113.7 [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 502 11 "- - HTTP/1.1" 200"#,
        "unreadable",
    );
    check(
        r#"203.0.113.7 [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 502 11 "- - -" abc"#,
        "502 GET /a 203.0.113.7",
    );
}

#[test]
fn text_inside_a_value_never_passes_for_a_field() {
    check(r#"{"userAgent":"x\",\"status\":\"200\",\"y\":\"","status":"502"}"#, "502");
    check(r#"{"userAgent":"x "status":"200" y","status":"502"}"#, "salvaged 502");
    check(r#"{"latency":-,"userAgent":"x\",\"status\":\"500\",\"y\":\"z","status":"200"}"#, "salvaged 200");
    check(r#"{"latency":-,"userAgent":"\"status\":\"500\"","status":"200"}"#, "salvaged 200");
    check(r#"{"latency":-,"userAgent":"\"status\":\"500\""}"#, "unreadable");
    check(r#"{"latency":-,"userAgent":"x "status":"500" y"}"#, "unreadable");
    check(r#"{"latency":-,"userAgent":""status":"500""}"#, "unreadable");
    // What a client wrote cannot be told from a field here, so nothing is claimed.
    check(r#"{"latency":-,"userAgent":"x","status":"500","y":"z","status":"200"}"#, "unreadable");
    check(r#"{"latency":-,"status":"502","status":"502"}"#, "salvaged 502");
}

#[test]
fn ids_in_a_path_are_masked_where_there_is_no_route() {
    let route = |path: &str| {
        let mut out = String::new();
        route::mask_ids(path, &mut out);
        out
    };
    assert_eq!(route("/prod/orders/123/items/7?x=1#y"), "/prod/orders/{id}/items/{id}");
    assert_eq!(route("/u/6ba7b810-9dad-11d1-80b4-00c04fd430c8/x"), "/u/{id}/x");
    assert_eq!(route("/f/0123456789abcdef0123/deadbeefdeadbeef"), "/f/{id}/deadbeefdeadbeef");
    assert_eq!(route("/v1/beef/v2"), "/v1/beef/v2");
    assert_eq!(route("/"), "/");
    assert_eq!(route(""), "");
}

/// All members of an object, those of equal names too.
struct Members(Vec<(String, serde_json::Value)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The plainest reader there is: trees, and the rule of design section 6 on them.
fn plain_status(line: &str) -> Option<u16> {
    let Members(members) = serde_json::from_str(line).ok()?;
    let of = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => {
            let text = text.trim();
            text.parse().ok().filter(|_| text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit()))
        }
        serde_json::Value::Number(number) => {
            let number = number.as_f64()?;
            (0..1_000_u16).find(|&code| (f64::from(code) - number).abs() < f64::EPSILON)
        }
        _ => None,
    };
    let all = |name: &str| members.iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect();
    let is_status = |status: &u16| (100..600).contains(status);
    let top: Vec<&serde_json::Value> = all("status");
    let statuses: Vec<Option<u16>> = if top.is_empty() {
        let nested: Vec<&serde_json::Value> = all("context");
        nested.iter().map(|context| of(context.get("status")?).filter(is_status)).collect()
    } else {
        top.iter().map(|status| of(status).filter(is_status)).collect()
    };
    let class = |status: Option<u16>| status.map_or(0, |status| (status / 100).max(3));
    let last = *statuses.last()?;
    let worst =
        statuses.iter().copied().filter(|&status| class(status) > 3).max_by_key(|&status| class(status));
    worst.filter(|worst| class(*worst) > class(last)).unwrap_or(last)
}

prop_compose! {
    fn scalar()(value in prop_oneof![
        r#""[1-5][0-9]{2}""#, "[1-5][0-9]{2}", r#""(debug|-|)""#, "null", "true", "-1", "5e2", "502\\.0",
        r#"\{"status":"[45]0[0-9]"\}"#, r"\[502\]", r#""\\\\"status\\\\":\\\\"500\\\\"""#, "-",
    ]) -> String { value }
}

prop_compose! {
    fn line()(members in prop::collection::vec((prop_oneof![
        Just("status"), Just("st\\u0061tus"), Just("context"), Just("path"), Just("userAgent"), Just("latency"), Just("Status2"), Just("x"),
    ], scalar()), 0..5), space in " ?") -> String {
        let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{space}{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

proptest! {
    #[test]
    fn valid_json_is_read_as_a_tree_would_be(line in line()) {
        if serde_json::from_str::<serde::de::IgnoredAny>(&line).is_ok() {
            let status = match read(&line, Format::Auto) {
                Reading::AccessLog(log) => Some(log.status.code()),
                Reading::Unreadable | Reading::Header => None,
                Reading::Salvaged(_) => return Err(TestCaseError::fail("valid JSON was salvaged")),
            };
            prop_assert_eq!(status, plain_status(&line), "{}", line);
        } else {
            prop_assert!(!matches!(read(&line, Format::Auto), Reading::AccessLog(_)), "{}", line);
        }
    }

    #[test]
    fn a_line_is_json_when_serde_json_says_so(text in r#"\{["a-c:,{}\[\]0-9eE.+\-\\u\x01 tn]{0,20}\}"#) {
        let expected = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok()
            // Half a surrogate pair is JSON by its grammar; `serde_json` only refuses to make a `String` of it.
            || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(json::read(&text).is_some(), expected, "{}", text);
    }

    #[test]
    fn any_line_is_read_without_a_panic(line in any::<String>(), cut in 0_usize..200) {
        let never_made_up = |line: &str, format| match read(line, format) {
            Reading::AccessLog(log) | Reading::Salvaged(log) => line.contains(&log.status.to_string()),
            Reading::Unreadable | Reading::Header => true,
        };
        prop_assert!(never_made_up(&line, Format::Auto));
        let as_json = format!("{{{line}");
        prop_assert!(never_made_up(&as_json, Format::Json));
        let whole = r#"{"latency":-,"userAgent":"あ "status":"500" y","context":{"status":"200"},"status":"502"}"#;
        if let Some(cut) = whole.get(..cut.min(whole.len())) {
            prop_assert!(never_made_up(cut, Format::Auto));
        }
    }
}
