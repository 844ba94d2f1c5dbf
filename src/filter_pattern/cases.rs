//! Tests: the language's documented sentences and answers, each as a case.
//!
//! The lines are ours; the shapes are those of "Filter pattern syntax", of `TestMetricFilter`'s examples, and of patterns
//! that AWS's security benchmarks and the CDK write.

use super::FilterPattern;

fn read(pattern: &str) -> FilterPattern {
    FilterPattern::parse(pattern).unwrap_or_else(|error| panic!("{}", error.render(pattern)))
}

/// Checks which of `events` each pattern matches: by their letters.
fn check(events: &[(char, &str)], cases: &[(&str, &str)]) {
    for (pattern, expected) in cases {
        let pattern = read(pattern);
        let matched: String =
            events.iter().filter(|(_, event)| pattern.matches(event)).map(|(name, _)| name).collect();
        assert_eq!(matched, *expected, "{pattern}");
    }
}

#[test]
fn terms_are_found_as_the_documents_say() {
    let events = [
        ('a', "[ERROR 502] BAD GATEWAY"),
        ('b', "[ERROR 419] MISSING ARGUMENTS"),
        ('c', "[ERROR 500] INTERNAL SERVER ERROR"),
        ('d', "[INFO] REQUEST ACCEPTED"),
        ('e', "Stopped with ERRORCODE: -1"),
        ('f', "[error] lower case"),
        ('g', "[WARN] INTERNAL  SERVER ERROR with two spaces"),
        ('h', r#"{"level":"ERROR","msg":"say \"ARGUMENTS\""}"#),
    ];
    check(
        &events,
        &[
            ("", "abcdefgh"),
            ("\"\"", "abcdefgh"),
            ("\" \"", "abcdefgh"),
            ("ERROR", "abcegh"),
            ("error", "f"),
            ("ERROR ARGUMENTS", "bh"),
            ("ARGUMENTS ERROR", "bh"),
            ("?GATEWAY ?ARGUMENTS", "abh"),
            ("?GATEWAY", "a"),
            ("?GATEWAY ?ARGUMENTS REQUEST", "d"),
            ("?GATEWAY ?ARGUMENTS -ERROR", "df"),
            ("\"INTERNAL SERVER ERROR\"", "c"),
            ("ERROR -ARGUMENTS", "aceg"),
            ("-ERROR", "df"),
            ("-ERROR -REQUEST", "f"),
            ("ERROR -\"BAD GATEWAY\" -ARGUMENTS", "ceg"),
            ("\"[ERROR\" -\"[ERROR 5\"", "b"),
            ("?\"BAD GATEWAY\" ?\"lower case\"", "af"),
            (r#""\"level\":\"ERROR\"""#, "h"),
            ("\"[ERROR 500]\"", "c"),
            ("_", ""),
            ("500", "c"),
            ("%ERROR%", "abcegh"),
            ("%^\\[ERROR%", "abc"),
            ("%\\[ERROR\\s5[0-9]{2}\\]%", "ac"),
            ("%GATEWAY$%", "a"),
            ("%SERVER\\s+ERROR%", "cg"),
        ],
    );
}

#[test]
fn the_recommended_text_pattern_sees_error_lines_of_json_presets_broken_ones_too() {
    check(
        &[
            ('a', r#"{ "requestId":"1", "status":"403", "protocol":"HTTP/1.1" }"#),
            ('b', r#"{"status": 504,"latency":-}"#),
            ('c', r#"{"status":"200"}"#),
            ('d', r#"{"status":"503","error":""Service Unavailable""}"#),
            ('e', r#"{"integrationStatus":"502","status":"200"}"#),
            ('f', r#"{"status":"-"}"#),
            ('g', r#"{"integration_status":"502","status":"200"}"#),
            // What it hides: a space before the colon, and what is no JSON.
            ('h', r#"{"status" : "503"}"#),
            ('i', r#"203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "GET /orders HTTP/1.1" 503 37 1 x1"#),
            ('j', "203.0.113.7,-,-,22/Nov/2026:10:00:00 +0000,GET,/orders,HTTP/1.1,503,37,1,x1"),
            ('k', r#"<request id="1"> <status>503</status> </request>"#),
        ],
        &[
            (r"%\x22status\x22:\s?\x22?[45][0-9][0-9]%", "abd"),
            ("{ ($.status = 4*) || ($.status = 5*) }", "ah"),
            ("{ $.status = 4* || $.status = 5* }", "ah"),
        ],
    );
}

const TRAIL: &str = r#"{"eventType":"StartTrail","ip":"198.51.100.7","tags":["red","dark red"],"parts":[{"name":"x","id":1},{"name":"y","id":2}],"none":null,"flag":true,"off":false,"cluster.name":"c1","sizes":[0.001,1000],"nested":{"a":{"b":"deep"}},"quote":"say \"hi\"","latency":50}"#;

#[test]
fn json_conditions_hold_as_the_documents_say() {
    let holds = [
        r#"{ $.eventType = "StartTrail" }"#,
        "{$.eventType=StartTrail}",
        "{ $.ip != 203.0.* }",
        "{ $.ip = 198.51.* }",
        r#"{ $.ip = "*.7" }"#,
        r#"{ $.tags[0] = "red" }"#,
        r#"{ $.tags[1] = "*red" }"#,
        r#"{ $.tags[*] = "dark*" }"#,
        "{ $.tags[*] = %dark.{4}% }",
        r"{ $.* = %198\.51\.100\.[0-9]{1,2}% }",
        "{ $.parts[1].id = 2 }",
        "{ $.parts[*].id = 2 }",
        "{ $.eventType = %Trail% }",
        "{ $.eventType != %Log% }",
        "{ $.eventType = %^Start|^Stop% }",
        "{ $.['cluster.name'] = \"c1\" }",
        "{ $.nested.a.b = deep }",
        "{ $.nested.['a'].b = deep }",
        "{ $.none IS NULL }",
        "{ $.flag IS TRUE }",
        "{ $.off IS FALSE }",
        "{ $.missing NOT EXISTS }",
        "{ $.nested.a.missing NOT EXISTS }",
        "{ $.ip.x NOT EXISTS }",
        r#"{ $.eventType = "*" && $.ip != 203.0.* }"#,
        "{ $.latency = * }",
        "{ $.latency = \"*\" }",
        "{ $.latency > 49 }",
        "{ $.latency >= 50 }",
        "{ $.latency < 51 }",
        "{ $.latency <= 50 }",
        "{ $.latency = 50 }",
        "{ $.latency = +50 }",
        "{ $.latency != 51 }",
        "{ $.latency > -5 }",
        "{ $.latency = 5* }",
        "{ $.latency = 5e1 }",
        "{ $.sizes[0] = 1e-3 }",
        "{ $.sizes[1] = 1e+3 }",
        "{ $.sizes[0] != 1e+3 }",
        r#"{ $.quote = "say \"hi\"" }"#,
        "{ ($.latency = 50) && ($.parts[0].name = \"x\") }",
        "{ $.latency = 50 || $.tags[0] = \"no\" && $.tags[1] = \"no\" }",
        "{ (($.missing NOT EXISTS) || ($.missing != \"x\")) && $.flag IS TRUE }",
        "{\n  $.latency = 50\n  && $.flag IS TRUE\n}",
    ];
    let fails = [
        r#"{ $.eventType = "starttrail" }"#,
        r#"{ $.EventType = "StartTrail" }"#,
        "{ $.ip = 203.0.* }",
        "{ $.tags = red }",
        "{ $.tags != red }",
        "{ $.nested != x }",
        "{ $.nested = * }",
        "{ $.tags[2] = \"*\" }",
        "{ $.tags[2] != \"x\" }",
        "{ $.parts[0].id = 2 }",
        "{ $.cluster.name = c1 }",
        "{ $.none NOT EXISTS }",
        "{ $.flag IS FALSE }",
        "{ $.flag IS NULL }",
        "{ $.flag = TRUE }",
        "{ $.missing IS NULL }",
        "{ $.missing IS FALSE }",
        "{ $.missing != \"x\" }",
        "{ $.latency > 50 }",
        "{ $.latency < 50 }",
        "{ $.latency = 500 }",
        "{ $.latency = %^6% }",
        "{ ($.latency = 50 || $.tags[0] = \"no\") && $.tags[1] = \"no\" }",
        "{ ($.latency = 51 && $.tags[0] = \"red\") || $.tags[1] = \"red\" }",
        "{ $.eventType = *start* }",
    ];
    for pattern in holds {
        assert!(read(pattern).matches(TRAIL), "{pattern}");
    }
    for pattern in fails {
        assert!(!read(pattern).matches(TRAIL), "{pattern}");
    }
}

#[test]
fn not_equal_does_not_match_an_event_without_the_field() {
    let pattern = read(r#"{($.code = "Denied") && ($.caller.by != "cdn.example.com")}"#);
    assert!(!pattern.matches(r#"{"code":"Denied","caller":{"id":"anonymous"}}"#));
    assert!(pattern.matches(r#"{"code":"Denied","caller":{"by":"someone"}}"#));
    let mended =
        read(r#"{($.code = "Denied") && (($.caller.by NOT EXISTS) || ($.caller.by != "cdn.example.com"))}"#);
    assert!(mended.matches(r#"{"code":"Denied","caller":{"id":"anonymous"}}"#));
}

#[test]
fn patterns_from_the_field_are_read() {
    for pattern in [
        r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }"#,
        r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#,
        "{($.eventSource = kms.amazonaws.com) && (($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion))}",
        r#"{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }"#,
        "{($.eventName=DeleteGroupPolicy)||($.eventName=PutUserPolicy)||($.eventName=AttachGroupPolicy)}",
        r#"{ $.detail-type = "Scheduled Event" }"#,
        "{ $._typeTag = \"x\" }",
        r#"[version, account, eni, source, destination, srcport, destport="22", protocol="6", packets, bytes, windowstart, windowend, action="REJECT", flowlogstatus]"#,
        r#"[report="REPORT", label="RequestId:", id, label2="Duration:", duration, unit="ms", ...]"#,
        "[r=REPORT,...]",
        "[ip, id, user, timestamp, request, (status_code = 4* || status_code = 5*), size]",
        "%Exception|Traceback%",
    ] {
        read(pattern);
    }
}

#[test]
fn a_lambda_report_line_is_split_at_its_tabs() {
    let pattern = read(
        r#"[report="REPORT", label="RequestId:", id, label2="Duration:", duration > 40, unit="ms", ...]"#,
    );
    assert!(pattern.matches(
        "REPORT RequestId: 5f1a\tDuration: 46.84 ms\tBilled Duration: 47 ms \tMemory Size: 192 MB\t\n"
    ));
    assert!(!pattern.matches(
        "REPORT RequestId: 5f1a\tDuration: 6.84 ms\tBilled Duration: 7 ms \tMemory Size: 192 MB\t\n"
    ));
}

const CLF: [(char, &str); 4] = [
    ('a', r#"10.0.0.1 Prod eve [01/Feb/2021:10:00:00 +0000] "GET /index.html HTTP/1.1" 404 1534"#),
    ('b', r#"10.0.0.12 - bob [01/Feb/2021:10:00:01 +0000] "GET /a/index.html HTTP/1.1" 200 5324"#),
    ('c', r#"10.0.0.3 - - [01/Feb/2021:10:00:02 +0000] "GET /logo.png HTTP/1.1" 410 97"#),
    ('d', r#"10.0.0.4 - - [01/Feb/2021:10:00:03 +0000] "POST /b/index.html HTTP/1.1" 502 -"#),
];

#[test]
fn access_log_lines_are_matched_by_field() {
    check(
        &CLF,
        &[
            ("[]", "abcd"),
            ("[...]", "abcd"),
            ("[ip, id, user, time, request, status, bytes]", "abcd"),
            ("[ip, rest]", "abcd"),
            ("[a, b, c, d, e, f, g, h]", ""),
            (r"[ip=%^10\.0\.0\.[1-9]$%, user, name, time, request =*.html*, status = 4*, bytes]", "a"),
            ("[ip, user, name, time, request =*.html*, status = 4*, bytes]", "a"),
            ("[..., request =*.html*, status = 4*, bytes]", "a"),
            ("[..., request=*.html*, status=4*,]", "a"),
            ("[ip, user, name, time, request, status = 404 || status = 410, bytes]", "ac"),
            ("[ip, user, name, time, request, status = 4* || status = 5*, bytes]", "acd"),
            ("[..., status = 4* || status = 5*, bytes]", "acd"),
            ("[..., status >= 400 && status < 500, bytes]", "ac"),
            ("[..., status != 200 && status != 410, bytes]", "ad"),
            ("[ip, user, name, time, request, status, bytes > 1000]", "ab"),
            ("[..., bytes <= 97]", "c"),
            ("[..., bytes = \"-\"]", "d"),
            ("[..., status = %^[45][0-9]{2}$%, bytes]", "acd"),
            ("[..., request = \"GET *\", status, bytes]", "abc"),
            ("[ip = 10.0.0.1*, ...]", "ab"),
            ("[ip, user = Prod, ...]", "a"),
            ("[ip, user != Prod, ..., status = 5*, bytes]", "d"),
            ("[..., status = 4*]", ""),
        ],
    );
}

#[test]
fn words_are_matched_in_order() {
    check(
        &[
            ('a', "INFO 02/01/2021 10:00:00 GET /shop/item/67 1200"),
            ('b', "INFO 02/01/2021 10:00:01 POST /shop/item/67/part/111 1310"),
            ('c', "WARNING 02/01/2021 10:00:02 Invalid user request"),
            ('d', "ERROR 02/01/2021 10:00:02 Failed to process request"),
            ('e', "ERROR"),
        ],
        &[
            ("[w1=ERROR, w2]", "d"),
            ("[w1=ERROR]", "e"),
            ("[w1=ERROR, ...]", "de"),
            ("[w1=ERROR || w1=WARNING, w2]", "cd"),
            ("[w1=ERROR || W1=WARNING, w2]", "cd"),
            ("[w1=ERROR||w1=%WARN%, w2]", "cd"),
            ("[w1!=ERROR && w1!=WARNING, w2]", "ab"),
            ("[w1!=ERROR&&w1!=WARNING, w2]", "ab"),
            ("[w1 = ERROR && w1 != FOO || w1 = WARNING, w2]", "cd"),
            ("[w1 = ERROR && (w1 != FOO || w1 = WARNING), w2]", "d"),
            ("[level, date, time, method, url=%/shop/item/[0-9]+$%, ms]", "a"),
            ("[level, date, time, method, url=%/shop/item/[0-9]+/part/[0-9]+$%, ms]", "b"),
            ("[level = %^IN[fF][oO]%, date, time = %02%, w4, w5]", ""),
            ("[level, date, time = %:02$%, w4, w5]", "cd"),
        ],
    );
}

#[test]
fn values_are_extracted_under_the_names_that_aws_gives_them() {
    let named = |pattern: &str, event: &str| -> Vec<String> {
        let values = read(pattern).extract(event).unwrap_or_else(|| panic!("{pattern} does not match"));
        values.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    };
    let line = CLF[0].1;
    let time = "01/Feb/2021:10:00:00 +0000";
    assert_eq!(
        named("[ip, user, name, time, request =*.html*, status = 4*, bytes]", line),
        [
            "$ip=10.0.0.1",
            "$user=Prod",
            "$name=eve",
            &format!("$time={time}"),
            "$request=GET /index.html HTTP/1.1",
            "$status=404",
            "$bytes=1534",
        ]
    );
    let numbered =
        ["$1=10.0.0.1", "$2=Prod", "$3=eve", &format!("$4={time}"), "$5=GET /index.html HTTP/1.1", "$6=404"];
    assert_eq!(named("[..., size]", line), [&numbered[..], &["$size=1534"]].concat());
    assert_eq!(named("[]", line), [&numbered[..], &["$7=1534"]].concat());
    assert_eq!(
        named("[..., request=*.html*, status_code=4*,]", line),
        [&numbered[..4], &["$request=GET /index.html HTTP/1.1", "$status_code=404", "$7=1534"]].concat()
    );
    assert_eq!(named("[a, , c]", "1 2 3 4"), ["$a=1", "$2=2", "$c=3 4"]);
    assert_eq!(read("[..., status=5*, size]").extract(line), None);
}

#[test]
fn what_aws_refuses_is_refused() {
    for pattern in [
        "%something!%",
        "%(a)b%",
        "%caf\u{e9}%",
        "%[abc%",
        "%a%%b%",
        "ERR*",
        "ERROR (reason)",
        "?Status: timeout",
        "`ERROR`",
        "\"ERROR",
        "level\\\":\\\"error",
        "{ $.a IS NOT NULL }",
        "{ $.a EXISTS }",
        "{ $.a == 1 }",
        "{ !($.a = 1) }",
        "{ $.a > 0 AND $.a < 2 }",
        "{ \"a\": [1] }",
        "{ $.a > \"Alpha\" }",
        "{ $.a = null }",
        "{ $.a = %(x|y)% }",
        "{ $.a[*].* = 1 }",
        "{ $..a = 1 }",
        "{ $.a[-1] = 1 }",
        "{ $.a[0:2] = 1 }",
        "{ $.\"detail-type\" = \"x\" }",
        "{ status = \"401\" }",
        "{ $.message = \"x\", $.path = \"y\" }",
        "{ $.a = %x% || $.a = %y% || $.a = %z% }",
        "[a = %x%, b = %y%, c = %z%]",
        "[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]",
        "[..., status, ...]",
        "[word, word]",
        "[w1!=ERROR AND w1!=WARNING, w2]",
        "[w1=ERROR OR w1=WARNING, w2]",
        "[w1=ERROR && || w1=WARNING, w2]",
        "[w1=ERROR !=== w1=WARNING, w2]",
        "[w1==ERROR  || w1!=WARNING, w2]",
    ] {
        assert!(FilterPattern::parse(pattern).is_err(), "{pattern}");
    }
}
