//! Every fault that a rules document can have, with its exact words.

use super::Rules;

/// What the error says of a document.
fn said_of(document: &str) -> String {
    Rules::parse(document).expect_err(document).to_string()
}

/// What the error says of a document with this one rule beside the name `r` and the action `notify`.
fn said_of_rule(entries: &str) -> String {
    said_of(&format!(r#"{{"rules":[{{"name":"r","action":"notify",{entries}}}]}}"#))
}

fn check(document: &str, expected: &str) {
    assert_eq!(said_of(document), expected, "{document}");
}

fn check_rule(entries: &str, expected: &str) {
    assert_eq!(said_of_rule(entries), expected, "{entries}");
}

#[test]
fn a_document_of_the_wrong_shape_is_refused() {
    check("", r#"rules: empty; write {"rules":[…]}, or leave the setting out for the built-in rules"#);
    check(" \n", r#"rules: empty; write {"rules":[…]}, or leave the setting out for the built-in rules"#);
    check(r#"{"rules":[}"#, "rules: not JSON: expected value at line 1 column 11; correct the text there");
    check(
        r#"{"rules":[]} x"#,
        "rules: not JSON: trailing characters at line 1 column 14; correct the text there",
    );
    check(r#"[{"name":"a"}]"#, r#"rules: a bare list; wrap it: {"rules":[…]}"#);
    check(r#""rules""#, r#"rules: must be an object, not a string; write {"rules":[…]}"#);
    check("{}", r#"rules: the key "rules" is missing; write {"rules":[…]}"#);
    check(
        r#"{"rules":[]}"#,
        "rules: no rules in it; add one, or leave the setting out for the built-in rules",
    );
    check(r#"{"rules":{}}"#, r#"rules, key "rules": must be a list of rules, not an object"#);
    let rule = r#"{"name":"a","action":"notify"}"#;
    check(
        &format!(r#"{{"rules":[{rule}],"rules":[{rule}]}}"#),
        r#"rules, key "rules": written twice; keep one, with a list if it has several values"#,
    );
    check(&format!(r#"{{"rules":[{rule}],"version":1}}"#), r#"rules, key "version": unknown; remove it"#);
    check(
        &format!(r#"{{"rule":[{rule}]}}"#),
        "2 faults in the rules:\n- rules, key \"rule\": unknown; did you mean \"rules\"?\n\
         - rules: the key \"rules\" is missing; write {\"rules\":[…]}",
    );
}

#[test]
fn a_document_beyond_the_limits_is_refused() {
    let long = format!(r#"{{"rules":["{}"]}}"#, "x".repeat(70_000));
    check(
        &long,
        "rules: 70014 bytes are more than the 65536 allowed; join rules that differ in one value into one with a list",
    );
    let many = vec!["0"; 101].join(",");
    check(
        &format!(r#"{{"rules":[{many}]}}"#),
        "rules: 101 rules are more than the 100 allowed; join rules that differ in one value into one with a list",
    );
}

#[test]
fn the_most_that_is_allowed_is_taken() {
    let rule = |n: usize| format!(r#"{{"name":"{n}","status":"{}","action":"notify"}}"#, 400 + n);
    let rules: Vec<String> = (0..100).map(rule).collect();
    assert_eq!(Rules::parse(&format!(r#"{{"rules":[{}]}}"#, rules.join(","))).unwrap().iter().len(), 100);
    let name = "é".repeat(80);
    Rules::parse(&format!(r#"{{"rules":[{{"name":"{name}","action":"notify"}}]}}"#)).unwrap();
}

#[test]
fn a_rule_needs_a_name_of_its_own() {
    let named = |name: &str| format!(r#"{{"rules":[{{"name":{name},"action":"notify"}}]}}"#);
    check(
        r#"{"rules":["health"]}"#,
        "rule 1: must be an object such as {\"name\":\"health\",\"route\":\"GET /health\",\"action\":\"ignore\"}, \
         not a string",
    );
    check(
        r#"{"rules":[{"action":"notify"}]}"#,
        r#"rule 1, key "name": missing; give the rule a name, it is shown in messages and metrics"#,
    );
    check(&named("7"), r#"rule 1, key "name": must be a string, not a number"#);
    check(
        &named(r#"" ""#),
        r#"rule 1, key "name": empty; give the rule a name, it is shown in messages and metrics"#,
    );
    for name in ["\u{200b}", "\u{2060}\u{feff} \u{3164}", "\u{2800}", "\u{e0041}\u{fe0f}", "\u{202e}"] {
        check(
            &named(&format!("\"{name}\"")),
            r#"rule 1, key "name": has no character that can be seen; give the rule a name that can be read in messages and metrics"#,
        );
    }
    check(
        &named(&format!("{:?}", "é".repeat(81))),
        r#"rule 1, key "name": 81 characters are more than the 80 allowed; shorten the name"#,
    );
    check(
        &named(r#""a\nb""#),
        r#"rule 1, key "name": has a control character in it; keep to printable characters"#,
    );
    check(
        r#"{"rules":[{"name":"a","status":404,"action":"notify"},{"name":"a","action":"notify"}]}"#,
        r#"rule 2, key "name": "a" is the name of rule 1 already; give each rule its own name"#,
    );
}

#[test]
fn a_rule_needs_an_action_that_exists() {
    check(
        r#"{"rules":[{"name":"r"}]}"#,
        r#"rule "r", key "action": missing; write "notify", "count" or "ignore""#,
    );
    check(
        r#"{"rules":[{"name":"r","action":"drop"}]}"#,
        r#"rule "r", key "action": "drop" is no action; write "notify", "count" or "ignore""#,
    );
    check(
        r#"{"rules":[{"name":"r","action":["notify"]}]}"#,
        r#"rule "r", key "action": must be a string, not a list"#,
    );
}

#[test]
fn a_key_that_is_unknown_or_written_twice_is_refused() {
    check_rule(r#""statuss":"404""#, r#"rule "r", key "statuss": unknown; did you mean "status"?"#);
    check_rule(
        r#""responseType":"THROTTLED""#,
        r#"rule "r", key "responseType": unknown; did you mean "response_type"?"#,
    );
    check_rule(
        r#""User-Agent":"curl*""#,
        r#"rule "r", key "User-Agent": unknown; did you mean "user_agent"?"#,
    );
    check_rule(r#""colour":"good""#, r#"rule "r", key "colour": unknown; did you mean "color"?"#);
    check_rule(r#""comment":"x""#, r#"rule "r", key "comment": unknown; remove it"#);
    check_rule(
        r#""status":"404","status":"405""#,
        r#"rule "r", key "status": written twice; keep one, with a list if it has several values"#,
    );
}

#[test]
fn an_empty_list_or_value_and_a_wrong_type_are_refused() {
    for key in
        ["status", "integration_status", "route", "method", "response_type", "user_agent", "ip", "pattern"]
    {
        check_rule(
            &format!(r#""{key}":[]"#),
            &format!(
                r#"rule "r", key "{key}": the list is empty; name at least one value, or leave the key out so that any value will do"#
            ),
        );
    }
    for key in ["route", "method", "response_type", "user_agent", "ip"] {
        check_rule(
            &format!(r#""{key}":["",7]"#),
            &format!(
                "2 faults in the rules:\n- rule \"r\", key \"{key}\": a value is empty; write what to look for, or leave \
                 the key out so that any value will do\n- rule \"r\", key \"{key}\": must be a string or a list of \
                 strings, not a number"
            ),
        );
    }
    check_rule(
        r#""status":null"#,
        r#"rule "r", key "status": must be a status or a list of statuses, not null"#,
    );
    check_rule(
        r#""status":4.5"#,
        r#"rule "r", key "status": must be a status or a list of statuses, not a number"#,
    );
    check_rule(r#""until":true"#, r#"rule "r", key "until": must be a string, not true or false"#);
}

#[test]
fn a_status_that_does_not_exist_or_is_no_error_is_refused() {
    check_rule(
        r#""status":"6xx""#,
        r#"rule "r", key "status": "6xx" is no status; write 404, 4xx or 500-503, from 100 to 599"#,
    );
    check_rule(
        r#""status":[404,4040]"#,
        r#"rule "r", key "status": "4040" is no status; write 404, 4xx or 500-503, from 100 to 599"#,
    );
    check_rule(
        r#""integration_status":"ok""#,
        r#"rule "r", key "integration_status": "ok" is no status; write 404, 4xx or 500-503, from 100 to 599"#,
    );
    let below = r#"rule "r", key "status": lies below 400, where there are no errors, so the rule can never be reached; name a status from 400 to 599"#;
    check_rule(r#""status":["2xx","3xx"]"#, below);
    check_rule(r#""status":399"#, below);
}

#[test]
fn a_route_without_method_or_path_is_refused() {
    check_rule(
        r#""route":"/checkout""#,
        r#"rule "r", key "route": "/checkout" has no method; put a method and a space before the path, or "* " for every method"#,
    );
    check_rule(
        r#""route":"*/checkout""#,
        r#"rule "r", key "route": "*/checkout" has no method; put a method and a space before the path, or "* " for every method"#,
    );
    for word in ["GET", "any", "*"] {
        check_rule(
            &format!(r#""route":"{word}""#),
            &format!(
                r#"rule "r", key "route": "{word}" has no path; write "GET /pets", "GET *" or, for a WebSocket API, a route key such as "$connect""#
            ),
        );
    }
    for route in ["GET pets", "GET/pets", "GET /a b", "G?T /pets"] {
        check_rule(
            &format!(r#""route":"{route}""#),
            &format!(
                r#"rule "r", key "route": "{route}" is no route; write a method, one space and a path that begins with /, * or $, such as "GET /pets/*""#
            ),
        );
    }
}

#[test]
fn a_method_an_address_and_a_date_that_cannot_be_are_refused() {
    check_rule(r#""method":"*""#, r#"rule "r", key "method": "*" is every method; leave the key out"#);
    check_rule(r#""method":"Any""#, r#"rule "r", key "method": "Any" is every method; leave the key out"#);
    check_rule(
        r#""method":"GET,PUT""#,
        r#"rule "r", key "method": "GET,PUT" is no method; write one such as "GET""#,
    );
    check_rule(
        r#""ip":"10.0.0.0/33""#,
        r#"rule "r", key "ip": "10.0.0.0/33" is no IP address and no CIDR block; write "203.0.113.7", "203.0.113.0/24" or "2001:db8::/32""#,
    );
    check_rule(
        r#""ip":"10.1.2.3/8""#,
        r#"rule "r", key "ip": "10.1.2.3/8" names one address and a whole block; write "10.0.0.0/8" for the block or "10.1.2.3" for the address"#,
    );
    for text in ["2027-1-31", "31.01.2027", "+027-01-31", "2027-01-31T00:00Z", "tomorrow", "", "２027-1-1"] {
        check_rule(
            &format!(r#""until":"{text}""#),
            &format!(
                r#"rule "r", key "until": "{text}" is no date; write it as YYYY-MM-DD, such as "2027-01-31""#
            ),
        );
    }
    for text in ["2027-02-29", "2027-13-01", "2027-00-10", "2027-04-31", "2027-01-00"] {
        check_rule(
            &format!(r#""until":"{text}""#),
            &format!(r#"rule "r", key "until": "{text}" does not exist in the calendar; check the day"#),
        );
    }
}

#[test]
fn a_pattern_that_does_not_parse_is_refused_with_its_place() {
    check_rule(
        r#""pattern":"{ $.status IS NOT NULL }""#,
        r#"rule "r", key "pattern": "{ $.status IS NOT NULL }" is no filter pattern: `IS NOT` is not supported by CloudWatch (at byte 11); write `$.status = *` for text or a number, or `$.status IS FALSE`"#,
    );
}

#[test]
fn a_colour_or_mention_that_slack_does_not_know_is_refused() {
    for color in ["red", "#12345", "#12345g", "Danger", ""] {
        check_rule(
            &format!(r#""color":"{color}""#),
            &format!(
                r##"rule "r", key "color": "{color}" is no colour; write "good", "warning", "danger" or a hex colour such as "#36A64F""##
            ),
        );
    }
    check_rule(
        r#""mention":"<!here> @ops""#,
        r#"rule "r", key "mention": "@ops" is no mention that Slack knows; write <!here>, <!channel>, <!everyone>, <@U…> or <!subteam^S…>, with a space between several"#,
    );
    check_rule(
        &format!(r#""mention":"{}""#, "<!here> ".repeat(26)),
        r#"rule "r", key "mention": 207 characters are more than the 200 allowed; mention a user group instead of its members"#,
    );
    check_rule(r#""mention":["<!here>"]"#, r#"rule "r", key "mention": must be a string, not a list"#);
}

#[test]
fn a_rule_that_is_not_told_has_no_colour_and_no_mention() {
    for action in ["count", "ignore"] {
        check(
            &format!(
                r#"{{"rules":[{{"name":"r","action":"{action}","color":"good","mention":"<!here>"}}]}}"#
            ),
            "2 faults in the rules:\n- rule \"r\", key \"color\": does nothing in a rule that does not notify; drop it, \
             or set \"action\" to \"notify\"\n- rule \"r\", key \"mention\": does nothing in a rule that does not \
             notify; drop it, or set \"action\" to \"notify\"",
        );
    }
}

#[test]
fn a_rule_that_earlier_ones_cover_is_refused_with_their_names() {
    let unreachable = |rules: &[&str]| {
        let numbered = (0..).zip(rules).map(|(n, entries)| {
            let comma = if entries.is_empty() { "" } else { "," };
            format!(r#"{{"name":"{n}","action":"notify"{comma}{entries}}}"#)
        });
        said_of(&format!(r#"{{"rules":[{}]}}"#, numbered.collect::<Vec<_>>().join(",")))
    };
    let ending = "first; put it above, or narrow what stands above it";
    assert_eq!(
        unreachable(&["", r#""status":"404""#]),
        format!(r#"rule "1": can never be reached, since rule "0" takes its lines {ending}"#)
    );
    assert_eq!(
        unreachable(&[r#""status":"5xx""#, r#""status":"400-450""#, r#""status":"450-499""#, ""]),
        format!(
            r#"rule "3": can never be reached, since rules "0", "1" and "2" together take its lines {ending}"#
        )
    );
    let parts: Vec<String> = (0..10).map(|n| format!(r#""status":"4{n}0-4{n}9""#)).collect();
    let mut parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    parts.push(r#""status":"4xx","method":"GET""#);
    assert_eq!(
        unreachable(&parts),
        format!(
            r#"rule "10": can never be reached, since rules "0", "1", "2" and 7 more together take its lines {ending}"#
        )
    );
}

#[test]
fn every_fault_is_listed_in_the_order_of_the_rules() {
    check(
        r#"{"rules":[
            {"name":"a","action":"notify","status":"7xx","rout":"GET /x"},
            {"action":"notify","ip":"x"},
            {"name":"b","status":"4xx","action":"notify"},
            {"name":"c","status":"404","action":"stop"},
            {"name":"d","status":"404","action":"count"}]}"#,
        "6 faults in the rules:\n\
         - rule \"a\", key \"rout\": unknown; did you mean \"route\"?\n\
         - rule \"a\", key \"status\": \"7xx\" is no status; write 404, 4xx or 500-503, from 100 to 599\n\
         - rule 2, key \"name\": missing; give the rule a name, it is shown in messages and metrics\n\
         - rule 2, key \"ip\": \"x\" is no IP address and no CIDR block; write \"203.0.113.7\", \"203.0.113.0/24\" or \
         \"2001:db8::/32\"\n\
         - rule \"c\", key \"action\": \"stop\" is no action; write \"notify\", \"count\" or \"ignore\"\n\
         - rule \"d\": can never be reached, since rule \"b\" takes its lines first; put it above, or narrow what stands \
         above it",
    );
}

#[test]
fn a_long_or_unprintable_value_is_shown_cut_and_escaped() {
    let error = said_of_rule(&format!(r#""method":"\u0007{}""#, "ä".repeat(100)));
    let shown = format!("\\u{{7}}{}…", "ä".repeat(59));
    assert_eq!(error, format!(r#"rule "r", key "method": "{shown}" is no method; write one such as "GET""#));
}

#[test]
fn what_a_rule_says_of_incidents_is_checked() {
    for at_least in [
        "5",
        "{}",
        r#"{"count":5}"#,
        r#"{"count":"5","within":"1m"}"#,
        r#"{"count":5,"within":60}"#,
        r#"{"count":5,"within":"1m","for":"1h"}"#,
        r#"{"count":5,"count":5,"within":"1m"}"#,
    ] {
        check_rule(
            &format!(r#""at_least":{at_least}"#),
            r#"rule "r", key "at_least": must be an object such as {"count":5,"within":"1m"}: so many errors of a group within so long"#,
        );
    }
    for count in [0, 1, 1_000_001] {
        check_rule(
            &format!(r#""at_least":{{"count":{count},"within":"1m"}}"#),
            &format!(
                r#"rule "r", key "at_least": {count} is out of range; write a count of 2 to 1000000, or leave the key out to notify the first error"#
            ),
        );
    }
    for duration in ["", "15", "m", "9s", "25h", "-1m", "1w", "1.5m"] {
        check_rule(
            &format!(r#""again_after":"{duration}""#),
            &format!(
                r#"rule "r", key "again_after": "{duration}" is no duration; write 10s to 1d, such as "15m""#
            ),
        );
    }
    check_rule(
        r#""runbook":"http://wiki.example.com/""#,
        r#"rule "r", key "runbook": "http://wiki.example.com/" is no link; write an https address without a user, such as "https://wiki.example.com/orders""#,
    );
    check(
        r#"{"rules":[{"name":"r","action":"count","runbook":"https://wiki.example.com/"}]}"#,
        r#"rule "r", key "runbook": does nothing in a rule that does not notify; drop it, or set "action" to "notify""#,
    );
}
