//! A raw line and the names of fields in, the line with those fields' values as `***` out.
//!
//! It never gives out a line of which it is not sure that the values are gone: such a line is withheld.
//! What it masks it masks wherever it stands: a value of four characters or more that occurs elsewhere in the line
//! is masked there too.

mod broken;
mod json;
mod mask;
mod names;

use std::ops::Range;

use mask::Found;
use names::Names;

use super::line_formats::{Part, PartName};
use super::{Columns, Format, read_line_format};

/// What stands for a value.
pub(super) const MASK: &str = "***";

/// A line that may be shown, or the word that it may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redacted {
    /// The whole line, the values of the named fields masked.
    Whole(String),
    /// The fields could not be found with certainty.
    Withheld,
}

/// Masks the named fields (`STATUSWATCH_REDACT`) in one raw line, in whichever format it is.
///
/// A name is written as in the access-log format or as statuswatch calls the field (`ip`, `path`, `user_agent`);
/// case, `_`, `-` and `.` do not matter. It stands for each field whose name ends in these words: `ip` for
/// `sourceIp` and `identity.sourceIp`, `user` for `identity.user`; `path` alone is not `resourcePath`, which is the
/// API's own text, except in CLF, CSV and XML, where a line does not tell what stands in that place.
/// A line that has none of the fields comes back as it is.
#[must_use]
pub fn redact(line: &str, fields: &[String]) -> Redacted {
    redact_under(line, fields, Columns::DEFAULT)
}

/// The same; `columns` are the line's fields where it is tab-separated.
#[must_use]
pub fn redact_under(line: &str, fields: &[String], columns: &Columns) -> Redacted {
    let names = Names::new(fields);
    if names.is_empty() {
        return Redacted::Whole(line.to_owned());
    }
    let found = if let Some(of_format) = read_line_format(line, Format::Auto, columns) {
        Some(in_parts(line, &of_format.parts, &names))
    } else if let Some(value) = json::parse(line) {
        json::find(line, value, &names)
    } else {
        broken::find(line, &names)
    };
    found.map_or(Redacted::Withheld, |found| mask::apply(line, found))
}

fn in_parts(line: &str, parts: &[Part<'_>], names: &Names) -> Found {
    // What stands in a place without a name may be the field that is found nowhere else.
    let are_found = names.are_all_among(&parts.iter().flat_map(Part::names).collect::<Vec<_>>());
    let hidden = parts.iter().filter(|part| match part.name {
        PartName::Unknown => !are_found,
        _ => part.names().iter().any(|name| names.hold(&[name])),
    });
    let ranges: Vec<Range<usize>> =
        hidden.filter(|part| !part.text.is_empty()).filter_map(|part| part.range_in(line)).collect();
    let values = ranges.iter().filter_map(|range| line.get(range.clone()));
    let secrets = values.flat_map(whole_and_parts).map(str::to_owned).collect();
    Found { masks: ranges.into_iter().map(|range| (range, MASK)).collect(), secrets }
}

/// A value, and what may be the value: CSV does not quote, so that a stretch with commas may be caller and user.
fn whole_and_parts(value: &str) -> impl Iterator<Item = &str> {
    let at_commas = value
        .match_indices(',')
        .filter_map(|(comma, _)| Some([value.get(..comma)?, value.get(comma + 1..)?]));
    std::iter::once(value).chain(at_commas.flatten())
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str, fields: &str) -> Option<String> {
        let fields: Vec<String> = fields.split(',').map(str::to_owned).collect();
        match redact(line, &fields) {
            Redacted::Whole(masked) => Some(masked),
            Redacted::Withheld => None,
        }
    }

    fn check(line: &str, fields: &str, expected: &str) {
        assert_eq!(masked(line, fields).as_deref(), Some(expected), "{fields} in {line}");
    }

    fn check_withheld(line: &str, fields: &str) {
        assert_eq!(masked(line, fields), None, "{fields} in {line}");
    }

    #[test]
    fn a_line_that_has_none_of_the_fields_comes_back_as_it_is() {
        for line in [
            r#"{"status":"500","ip":"203.0.113.7"}"#,
            r#"{"status":"500","ip":"203.0.113.7","latency":-,"x":"\u00e9"}"#,
            r#"{"status":"500","x":"\ud800"}"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 id"#,
            "any other text: 500",
            "",
        ] {
            check(line, "user_agent", line);
            check(line, "", line);
        }
    }

    #[test]
    fn in_json_each_value_of_a_field_is_masked_whatever_its_type() {
        check(r#"{ "ip": "203.0.113.7", "status":"500" }"#, "ip", r#"{ "ip": "***", "status":"500" }"#);
        check(r#"{"ip":"203.0.113.7","ip":7,"ip":null}"#, "ip", r#"{"ip":"***","ip":"***","ip":"***"}"#);
        check(
            r#"{"identity":{"sourceIp":"203.0.113.7","user":"-"},"status":500}"#,
            "IP,user",
            r#"{"identity":{"sourceIp":"***","user":"***"},"status":500}"#,
        );
        check(r#"{"\u0069p":"203.0.113.7","a":[{"ip":1}]}"#, "ip", r#"{"\u0069p":"***","a":[{"ip":"***"}]}"#);
        check(
            r#"{"claims":{"sub":"abcd-1234","n":[98765]},"other":"x abcd-1234 y","m":"98765"}"#,
            "claims",
            r#"{"claims":"***","other":"x *** y","m":"***"}"#,
        );
        check(
            r#"{"error":{"message":"no"},"message":"yes"}"#,
            "error_message",
            r#"{"error":{"message":"***"},"message":"yes"}"#,
        );
    }

    #[test]
    fn in_json_a_value_is_masked_wherever_it_stands() {
        check(
            r#"{"user":"bob@example.com","path":"/u/bob@example.com","bob@example.com":1}"#,
            "user",
            r#"{"user":"***","path":"/u/***","***":1}"#,
        );
        // Written with escapes elsewhere, or within a number: what holds it goes whole.
        check(
            r#"{"user":"anna","other":"for \u0061nna","id":123455,"n":"2345"}"#,
            "user,n",
            r#"{"user":"***","other":"***","id":"***","n":"***"}"#,
        );
        check(r#"{"user":"anna","other":"\ud800"}"#, "user", r#"{"user":"***","other":"***"}"#);
        // Three characters are in too many places.
        check(r#"{"user":"ann","other":"annex"}"#, "user", r#"{"user":"***","other":"annex"}"#);
    }

    #[test]
    fn json_within_a_string_is_looked_into() {
        check(
            r#"{"authorizer":"{\"user\":\"bob-1\",\"a\":1}","b":"bob-1"}"#,
            "user",
            r#"{"authorizer":"***","b":"***"}"#,
        );
        check(r#"{"authorizer":"{\"a\":1}"}"#, "user", r#"{"authorizer":"{\"a\":1}"}"#);
    }

    #[test]
    fn json_whose_key_says_nothing_readable_is_withheld() {
        check_withheld(r#"{"\ud800":"x"}"#, "ip");
    }

    #[test]
    fn in_the_presets_a_field_is_masked_by_its_place() {
        let clf =
            r#"203.0.113.7 AIDA anna [18/Nov/2020:05:28:56 +0000] "GET /u/anna HTTP/1.1" 500 1 c6af-11 JKJ="#;
        check(clf, "ip", &clf.replace("203.0.113.7", "***"));
        check(clf, "user,request_id", &clf.replace("anna", "***").replace("c6af-11 JKJ=", "*** ***"));
        check(clf, "path", &clf.replace("/u/anna", "***"));
        check(clf, "user_agent", clf);
        let csv = "203.0.113.7,AIDA,anna,18/Nov/2020:05:28:56 +0000,GET,/a,b,HTTP/1.1,500,1,c6af-11\n";
        check(csv, "resourcePath,caller", &csv.replace("/a,b", "***").replace("AIDA", "***"));
        let commas = "203.0.113.7,AROA:a,b,anna,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,1,c6af-11";
        check(commas, "caller", &commas.replace("AROA:a,b,anna", "***"));
        let path = commas.replace("GET,/", "GET,/b,anna");
        check(&path, "user", &path.replace("AROA:a,b,anna", "***").replace("/b,anna", "/***"));
        let xml = "<request id=\"JKJ=\"> <ip>203.0.113.7</ip> <requestTime>18/Nov/2020:05:28:56 +0000</requestTime> \
                   <httpMethod>GET</httpMethod> <routeKey>$default</routeKey> <status>500</status> \
                   <protocol>HTTP/1.1</protocol> <responseLength>36</responseLength> </request>";
        check(xml, "source_ip,requestId", &xml.replace("203.0.113.7", "***").replace("JKJ=", "***"));
    }

    #[test]
    fn in_the_json_of_other_services_our_names_stand_for_theirs() {
        check(
            r#"{"sourceIpPort":"192.0.2.1:80","requestPath":"/u/anna","responseCode":500}"#,
            "ip,path",
            r#"{"sourceIpPort":"***","requestPath":"***","responseCode":500}"#,
        );
        check(
            r#"{"c-ip":"192.0.2.1","cs-uri-stem":"/u/anna","cs(User-Agent)":"curl","sc-status":"500"}"#,
            "ip,path,user_agent",
            r#"{"c-ip":"***","cs-uri-stem":"***","cs(User-Agent)":"***","sc-status":"500"}"#,
        );
    }

    #[test]
    fn what_may_be_a_named_field_is_masked_with_the_further_fields() {
        let head = r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 500"#;
        let line = format!("{head} 1 c6af-11 key-77 12 some words");
        check(&line, "ip", &line.replace("203.0.113.7", "***"));
        check(&line, "api_key", &format!("{head}***").replace("500***", "500 ***"));
        let line =
            "ip: 203.0.113.7, userAgent: x, secret: y, httpMethod: GET, status: 500, protocol: HTTP/1.1";
        check(line, "user_agent", "ip: 203.0.113.7, userAgent: ***");
    }

    #[test]
    fn a_value_that_the_mask_itself_spells_is_withheld() {
        check_withheld(r#"{"user":"\"***\"","a":1}"#, "user");
    }

    #[test]
    fn in_broken_json_a_value_between_its_quotes_is_masked() {
        check(
            r#"{"ip":"203.0.113.7","message":" "Endpoint request timed out"","status":"504"}"#,
            "ip",
            r#"{"ip":"***","message":" "Endpoint request timed out"","status":"504"}"#,
        );
        check(
            r#"{"latency":-, "identity":{"sourceIp":"203.0.113.7", "user":"-"}, "user":anna b, "x":"anna b"}"#,
            "ip,user",
            r#"{"latency":-, "identity":{"sourceIp":"***", "user":"***"}, "user":"***", "x":"***"}"#,
        );
        check(
            r#"{"identity":{"a":"secret-1","b":{"c":"secret-2"}},"latency":-,"x":"secret-2"}"#,
            "identity",
            r#"{"identity":"***","latency":-,"x":"***"}"#,
        );
        check(
            r#"{"identity":{"user":"anna","a":"zzz"},"latency":-,"user":"-"}"#,
            "user,identity",
            r#"{"identity":"***","latency":-,"user":"***"}"#,
        );
        check(
            r#"{"identity":{"sourceIp":"203.0.113.7"},"latency":-,"sourceIp":"::1"}"#,
            "identity.sourceIp",
            r#"{"identity":{"sourceIp":"***"},"latency":-,"sourceIp":"***"}"#,
        );
        check(
            r#"{"ip":"203.0.113.7","status":"500","a":"cut "#,
            "ip",
            r#"{"ip":"***","status":"500","a":"cut "#,
        );
    }

    #[test]
    fn in_broken_json_a_value_of_unclear_end_goes_up_to_where_the_rest_is_sound() {
        check(
            r#"{"message":" "user anna gone"","status":"504","ip":"203.0.113.7"}"#,
            "message",
            r#"{"message":"***","status":"504","ip":"203.0.113.7"}"#,
        );
        check(
            r#"{"message":" "message: gone"","status":"504"}"#,
            "message",
            r#"{"message":"***","status":"504"}"#,
        );
        check(r#"{"status":"500","path":"a "{"ssn":"123"}"#, "path", r#"{"status":"500","path":"***""#);
        check(
            r#"{"a":1,"identity":{"b":"c"} d,"status":"500","l":-}"#,
            "identity",
            r#"{"a":1,"identity":"***""#,
        );
        check(
            r#"{"path":"/q={"a":"b","ssn":"123"}","status":"500"}"#,
            "path",
            r#"{"path":"***","status":"500"}"#,
        );
        check(
            r#"{"a":1,"userAgent":"x "y", "z": 1", "message":" "no"","status":"500"}"#,
            "user_agent",
            r#"{"a":1,"userAgent":"***","status":"500"}"#,
        );
        check(
            r#"{"status":"500","userAgent":"x "y" and then"#,
            "user_agent",
            r#"{"status":"500","userAgent":"***""#,
        );
    }

    #[test]
    fn broken_json_is_withheld_where_a_field_or_a_value_cannot_be_placed() {
        for line in [
            // Named, and not as a key of the line.
            r#"{"status":"403","message":"User: arn:aws:iam::1:user/anna is not allowed","latency":-}"#,
            r#"{"status":"403","x":{user=anna},"latency":-}"#,
            r#"{"status":"403","x":"{\"user\":\"anna\"}","latency":-}"#,
            r#"{"status":"403","x":" "user" "anna"","latency":-}"#,
            r#"{"status":"403","\u0075ser" "anna","latency":-}"#,
            r#"{"status":"403","x":"a "user": anna","latency":-}"#,
            // Cut within the value, the whole of which stands elsewhere.
            r#"{"status":"403","principal":"anna-"lisa","user":"anna-"#,
            r#"{"status":"403","principal":"anna-"lisa","user":"anna-""#,
            r#"{"status":"403","principal":"anna-lisa","user":"anna-"#,
            // The value may stand elsewhere in other characters.
            r#"{"status":"403","user":"anna-lisa","x":"\u0061nna-lisa","latency":-}"#,
            r#"{"status":"403","user":"année","x":"ann\u00e9e","latency":-}"#,
            r#"{"status":"403","user":"anna/lisa","x":"anna\/lisa","latency":-}"#,
        ] {
            check_withheld(line, "user");
        }
        let many = r#"{"user":-,"#.repeat(65);
        check_withheld(&many, "user");
    }
}
