//! A raw line in, the line with `***` for its secrets out: for what clients send to prove who they are, and for the
//! values of the fields that the operator names.
//!
//! It never gives out a line of which it is not sure that the values are gone: such a line is withheld.
//! What it masks by a field's name it masks wherever it stands: a value of four characters or more that occurs
//! elsewhere in the line is masked there too; a secret that nobody named, if it is long or looks made up.

mod broken;
mod decoded;
mod json;
mod mask;
mod names;
mod secrets;

pub(crate) use secrets::{HarmlessTexts, any_may_hold as any_may_hold_secret, may_hold as may_hold_secret};

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Range;
use std::str::FromStr;

use mask::Found;
use names::Names;
use secrets::Shape;

use super::fast_path::Line;
use super::text_formats::{Part, PartName};
use super::{Columns, Format, read_line_format};

/// What stands for a value.
pub(super) const MASK: &str = "***";

/// Turns the default off where it stands among the names of fields.
const NONE: &str = "none";

/// What is masked: names of fields with commas between them, from `STATUSWATCH_REDACT` in the function and from
/// `--redact` in the command line, which reads the variable only with `--deliver`.
///
/// By default these are the secrets that clients send: values of authorization and cookie headers, bearer tokens,
/// JSON Web Tokens, API keys, passwords, and each value of a query string. Names add fields to them; `none` among the
/// names turns the default off, so that `none,ip` masks `ip` alone.
///
/// A name is written as in the access-log format or as statuswatch calls the field (`ip`, `path`, `user_agent`);
/// case, `_`, `-` and `.` do not matter. It stands for each field whose name ends in these words: `ip` for
/// `sourceIp` and `identity.sourceIp`, `user` for `identity.user`; `path` alone is not `resourcePath`, which is the
/// API's own text, except in CLF, CSV and XML, where a line does not tell what stands in that place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    names: Names,
}

/// A line that may be shown, or the word that it may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redacted {
    /// The whole line, what is to be masked masked.
    Whole(String),
    /// The fields could not be found with certainty.
    Withheld,
}

/// What a line holds that is to be masked, so far as its other fields and the groups need to know.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// Values that are masked wherever they stand.
    values: Vec<String>,
}

impl Default for Redaction {
    /// The secrets that clients send.
    fn default() -> Self {
        Self { names: Names::new(&[], true) }
    }
}

impl FromStr for Redaction {
    type Err = Infallible;

    fn from_str(list: &str) -> Result<Self, Infallible> {
        let names: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
        let is_none = |name: &String| name.eq_ignore_ascii_case(NONE);
        let fields: Vec<String> = names.iter().filter(|name| !is_none(name)).cloned().collect();
        Ok(Self { names: Names::new(&fields, !names.iter().any(is_none)) })
    }
}

impl Redaction {
    /// Whether the operator named fields of which every line may have one.
    pub(crate) fn has_fields(&self) -> bool {
        self.names.has_fields()
    }

    /// Whether secrets are masked that nobody named.
    pub(crate) fn masks_secrets(&self) -> bool {
        self.names.masks_secrets()
    }

    /// Whether there could be anything to mask in a line; it is not, where this says no.
    pub(crate) fn may_mask(&self, line: &Line<'_>, harmless: &mut HarmlessTexts) -> bool {
        self.has_fields() || self.masks_secrets() && line.may_hold_secret(harmless)
    }

    /// Masks one raw line, in whichever format it is. A line that has nothing to be masked comes back as it is.
    #[must_use]
    pub fn line(&self, line: &str) -> Redacted {
        if self.has_fields() || self.masks_secrets() && may_hold_secret(line) {
            self.line_and_hidden(line, Columns::DEFAULT).0
        } else {
            Redacted::Whole(line.to_owned())
        }
    }

    /// The same, and what it hides; `columns` are the line's fields where it is tab-separated.
    pub(crate) fn line_and_hidden(&self, line: &str, columns: &Columns) -> (Redacted, Hidden) {
        let mut is_broken = false;
        let found = if let Some(of_format) = read_line_format(line, Format::Auto, columns) {
            Some(in_parts(line, &of_format.parts, &self.names))
        } else if let Some(value) = json::parse(line) {
            json::find(line, value, &self.names)
        } else {
            is_broken = true;
            broken::find(line, &self.names)
        };
        let Some(found) = found else { return (Redacted::Withheld, Hidden::default()) };
        let hidden = Hidden { values: found.long_secrets().into_iter().map(str::to_owned).collect() };
        match mask::apply(line, found) {
            Redacted::Whole(masked)
                if self.names.masks_secrets() && is_broken && secrets::hides_more(&masked) =>
            {
                (Redacted::Withheld, hidden)
            }
            redacted => (redacted, hidden),
        }
    }

    /// What may be shown of a text of a line; `hidden` is `None` where the line has nothing to hide.
    pub(crate) fn shown<'a>(&self, text: &'a str, hidden: Option<&Hidden>) -> Cow<'a, str> {
        hidden.map_or(Cow::Borrowed(text), |hidden| hidden.without(self.text(text)))
    }

    /// Masks the secrets that a text tells by itself, such as a route or a cause.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.names.masks_secrets() { secrets::mask(text, Shape::of(text)) } else { Cow::Borrowed(text) }
    }

    /// What may be shown of the value of a field.
    pub(crate) fn field<'a>(&self, name: &str, value: &'a str) -> Cow<'a, str> {
        if matches!(value, "" | "-") {
            Cow::Borrowed(value)
        } else if self.names.hold(&[name]) || self.names.hold_secret(name) {
            Cow::Borrowed(MASK)
        } else if self.names.hold_query(name) {
            secrets::mask(value, Shape::Query)
        } else {
            self.text(value)
        }
    }

    /// Masks a text that is no access log and may have several lines: JSON as a line of JSON is, any other by what it
    /// tells by itself.
    pub(crate) fn document<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if json::parse(text).is_some() {
            return match self.line(text) {
                Redacted::Whole(masked) => Cow::Owned(masked),
                Redacted::Withheld => Cow::Borrowed(MASK),
            };
        }
        let shape = if text.contains('\n') { Shape::Text } else { Shape::of(text) };
        if self.names.masks_secrets() { secrets::mask(text, shape) } else { Cow::Borrowed(text) }
    }
}

impl Hidden {
    /// A text of the same line without the values that the line hides.
    fn without<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let secrets: Vec<&str> = self.values.iter().map(String::as_str).collect();
        if secrets.iter().any(|secret| text.contains(secret)) {
            mask::without(&text, &secrets).into()
        } else {
            text
        }
    }
}

fn in_parts(line: &str, parts: &[Part<'_>], names: &Names) -> Found {
    // What stands in a place without a name may be the field that is found nowhere else.
    let are_found =
        !names.has_fields() || names.are_all_among(&parts.iter().flat_map(Part::names).collect::<Vec<_>>());
    let hidden = parts.iter().filter(|part| match part.name {
        PartName::Unknown => !are_found,
        _ => part.names().iter().any(|name| names.hold(&[name])),
    });
    let ranges: Vec<Range<usize>> =
        hidden.filter(|part| !part.text.is_empty()).filter_map(|part| part.range_in(line)).collect();
    let values = ranges.iter().filter_map(|range| line.get(range.clone()));
    let secrets = values.flat_map(whole_and_parts).map(str::to_owned).collect();
    let masks = ranges.into_iter().map(|range| (range, Cow::Borrowed(MASK))).collect();
    let mut found = Found { masks, secrets };
    if names.masks_secrets() {
        for part in parts {
            secrets_in_part(line, part, &mut found);
        }
    }
    found
}

fn secrets_in_part(line: &str, part: &Part<'_>, found: &mut Found) {
    let Some(range) = part.range_in(line).filter(|range| !range.is_empty()) else { return };
    let names = part.names();
    if names.iter().any(|name| secrets::names::is_secret(name)) {
        if !matches!(part.text, "" | "-") {
            found.secrets.extend(secrets::sent_with_name(part.text).map(str::to_owned));
            found.masks.push((range, MASK.into()));
        }
        return;
    }
    let is_query = names.iter().any(|name| secrets::names::is_query(name));
    let shape = if is_query { Shape::Query } else { Shape::of(part.text) };
    if is_query {
        found.secrets.extend(secrets::opaque_values_of_query(part.text).map(str::to_owned));
    }
    if let Cow::Owned(masked) = secrets::mask(part.text, shape) {
        found.secrets.extend(secrets::sent(part.text).map(str::to_owned));
        found.masks.push((range, masked.into()));
    }
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
        let redaction: Redaction = fields.parse().unwrap();
        match redaction.line(line) {
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
    fn secrets_that_clients_send_are_masked_by_default_in_every_format() {
        for (line, shown) in [
            // Named, whatever the case, the escapes and the nesting.
            (
                r#"{"status":"403","\u0061uthorization":"Bearer s3cr3t-1","Cookie":"a=s3cr3t-1","x":"of s3cr3t-1"}"#,
                r#"{"status":"403","\u0061uthorization":"***","Cookie":"***","x":"of ***"}"#,
            ),
            (
                r#"{"status":403,"headers":{"X-API-KEY":["k-1"],"Accept":"*/*"},"body":"{\"password\":\"p\",\"a\":1}"}"#,
                r#"{"status":403,"headers":{"X-API-KEY":"***","Accept":"*/*"},"body":"{\"password\":\"***\",\"a\":1}"}"#,
            ),
            (
                r#"{"status":"404","path":"/a?q=1\u0026token=abc","resourcePath":"/a"}"#,
                r#"{"status":"404","path":"/a?q=***&token=***","resourcePath":"/a"}"#,
            ),
            (
                r#"{"status":"404","queryString":"q=1&token=abc&flag","queryStringParameters":{"q":"1","n":2}}"#,
                r#"{"status":"404","queryString":"q=***&token=***&flag","queryStringParameters":{"q":"***","n":"***"}}"#,
            ),
            (
                r#"{"status":"403","apiKey":"-","token":null,"cookie":""}"#,
                r#"{"status":"403","apiKey":"-","token":null,"cookie":""}"#,
            ),
            // Broken.
            (
                r#"{"status":"504","latency":-,"authorization":"Bearer abc","path":"/a?token=abc&b=c","m":"token=abc"}"#,
                r#"{"status":"504","latency":-,"authorization":"***","path":"/a?token=***&b=***","m":"token=***"}"#,
            ),
            (
                r#"{"status":"403","message":" "no"","token":"a"b","x":"1"}"#,
                r#"{"status":"403","message":" "no"","token":"***","x":"1"}"#,
            ),
            (
                r#"{"status":"403","latency":-,"apiKey":"-","x":"1"}"#,
                r#"{"status":"403","latency":-,"apiKey":"-","x":"1"}"#,
            ),
            (r#"{"status":"403","authorization":"Bearer abc"#, r#"{"status":"403","authorization":"***""#),
            (
                r#"{"status":"403","x":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w"#,
                r#"{"status":"403","x":"***"#,
            ),
            // Other formats.
            (
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a?token=abc HTTP/1.1" 500 1 id"#,
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a?token=*** HTTP/1.1" 500 1 id"#,
            ),
            (
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 500 1 "https://x/?a=b" "Bearer abc""#,
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 500 1 "https://x/?a=***" "Bearer ***""#,
            ),
            (
                "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/a?b=c,d,HTTP/1.1,500,1,c6af-11",
                "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/a?b=***,HTTP/1.1,500,1,c6af-11",
            ),
            (
                "ip: 203.0.113.7, httpMethod: GET, resourcePath: /a, status: 500, protocol: HTTP/1.1, authorization: Bearer abc",
                "ip: 203.0.113.7, httpMethod: GET, resourcePath: /a, status: 500, protocol: HTTP/1.1, authorization: ***",
            ),
            ("any text: x-api-key: abc and Bearer abc", "any text: x-api-key: *** and Bearer ***"),
        ] {
            check(line, "", shown);
            check(line, "none", line);
        }
    }

    #[test]
    fn broken_json_in_which_a_secret_cannot_be_placed_is_withheld() {
        for line in [
            r#"{"status":"403","message":" "bad "token" abc"","x":"1"}"#,
            r#"{"status":"403","\u0061uthorization" "abc","latency":-}"#,
        ] {
            check_withheld(line, "");
        }
    }

    #[test]
    fn names_add_to_the_default_and_none_leaves_the_names_alone() {
        let line = r#"{"status":"403","ip":"203.0.113.7","token":"abc"}"#;
        check(line, "ip", r#"{"status":"403","ip":"***","token":"***"}"#);
        check(line, "None, ip", r#"{"status":"403","ip":"***","token":"abc"}"#);
        check(line, "none", line);
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
