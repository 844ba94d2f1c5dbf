//! Names and values of a JSON line in, an [`AccessLog`] out.
//!
//! Which names mean which field is decided here and nowhere else. Both readers of JSON fill it:
//! the strict one and the one that salvages.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use super::{AccessLog, Cause, CauseSource, Status, StatusClass};
use crate::json;

/// Keys from the line's top level down to a value. What lies deeper than [`Path::DEPTH`] is no field of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path<'a> {
    keys: [Cow<'a, str>; Path::DEPTH],
    length: usize,
}

impl<'a> Path<'a> {
    pub(super) const DEPTH: usize = 3;

    /// The path to a key below this one; `key` is what stands between its quotes.
    pub(super) fn down(&self, key: &'a str) -> Self {
        let mut path = self.clone();
        if let Some(place) = path.keys.get_mut(self.length) {
            *place = said(key);
        }
        path.length += 1;
        path
    }

    fn keys(&self) -> &[Cow<'a, str>] {
        self.keys.get(..self.length).unwrap_or_default()
    }

    fn is_too_deep(&self) -> bool {
        self.length > Self::DEPTH
    }
}

/// A value as it stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// What stands between quotes, escapes and all.
    Text(&'a str),
    /// A text without escapes.
    Plain(&'a str),
    /// A number or a word; in a broken line any unquoted text.
    Bare(&'a str),
    /// An object or an array.
    Nested,
}

/// What a field is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Status,
    Method,
    ResourcePath,
    RouteKey,
    Path,
    Ip,
    UserAgent,
    RequestId,
    ExtendedRequestId,
    ResponseType,
    IntegrationStatus,
    IntegrationServiceStatus,
    AuthorizerStatus,
    WafResponse,
    WafStatus,
    WebAcl,
    IntegrationError,
    AuthorizerError,
    AuthorizeError,
    AuthenticateError,
    WafError,
    ErrorMessage,
    Latency,
    Stage,
}

/// All names, each at its number's place.
pub(super) const NAMES: [Name; 24] = [
    Name::Status,
    Name::Method,
    Name::ResourcePath,
    Name::RouteKey,
    Name::Path,
    Name::Ip,
    Name::UserAgent,
    Name::RequestId,
    Name::ExtendedRequestId,
    Name::ResponseType,
    Name::IntegrationStatus,
    Name::IntegrationServiceStatus,
    Name::AuthorizerStatus,
    Name::WafResponse,
    Name::WafStatus,
    Name::WebAcl,
    Name::IntegrationError,
    Name::AuthorizerError,
    Name::AuthorizeError,
    Name::AuthenticateError,
    Name::WafError,
    Name::ErrorMessage,
    Name::Latency,
    Name::Stage,
];

/// What makes error lines alike: groups go by nothing else but the source of the cause and whether it tells of a
/// malformed answer, and rules by little else ([`Rules::decide_by_kind`]). A stage is said beside the groups.
///
/// [`Rules::decide_by_kind`]: crate::rules::Rules::decide_by_kind
pub(super) const KIND: [Name; 12] = [
    Name::Status,
    Name::Method,
    Name::ResourcePath,
    Name::RouteKey,
    Name::Path,
    Name::ResponseType,
    Name::IntegrationStatus,
    Name::IntegrationServiceStatus,
    Name::WafResponse,
    Name::WafStatus,
    Name::WebAcl,
    Name::Stage,
];
/// What may give the cause: the first of these that says something does.
pub(super) const CAUSES: [Name; 6] = [
    Name::IntegrationError,
    Name::AuthorizerError,
    Name::AuthorizeError,
    Name::AuthenticateError,
    Name::WafError,
    Name::ErrorMessage,
];
/// What rules ask besides.
pub(super) const ASKED_BY_RULES: [Name; 2] = [Name::Ip, Name::UserAgent];

/// Ranks of a status. A better rank hides the others, whatever its value is.
pub(super) const TOP_LEVEL: u8 = 0;
/// Of a word that needs a method or a route beside it.
pub(super) const OTHER_WORD: u8 = 1;
const NESTED: u8 = 2;

/// The fields found so far.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    slots: [Option<Slot<'a>>; NAMES.len()],
    /// A status field of one rank stood in the line with two values.
    pub(super) contradicts: bool,
    /// The worst error among the statuses that a later one of their rank took the place of, and that rank.
    displaced: Option<(u8, Status)>,
    /// It is known that the line is about a request, though it may name no route: AppSync's request summaries, all of
    /// which are about one, and lines under a header of CloudFront's.
    pub(super) is_request: bool,
}

#[derive(Debug)]
struct Slot<'a> {
    rank: u8,
    path: Path<'a>,
    value: Value<'a>,
}

impl<'a> Fields<'a> {
    /// Takes the value at `path`. A key that stands twice: what was found below it before is forgotten,
    /// since the last one holds.
    pub(super) fn set(&mut self, path: Path<'a>, value: Value<'a>) {
        if path.is_too_deep() {
            return;
        }
        let mut displaced = None;
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(|slot| slot.path.keys().starts_with(path.keys())) {
                let before = slot.take();
                if index == Name::Status as usize {
                    displaced = before;
                }
            }
        }
        if let Some(before) = displaced {
            self.displace(&before, value);
        }
        if path.keys() == ["logType"] {
            self.is_request = matches!(value, Value::Text("RequestSummary") | Value::Plain("RequestSummary"));
        }
        let Some((name, rank)) = meaning(&path) else { return };
        let Some(slot) = self.slots.get_mut(name as usize) else { return };
        // An object below a status's name hides a nested status; below any other name it means nothing.
        if name != Name::Status && value == Value::Nested {
            return;
        }
        if slot.as_ref().is_none_or(|slot| rank <= slot.rank) {
            let before = slot.replace(Slot { rank, path, value });
            if let Some(before) = before.filter(|before| name == Name::Status && before.rank == rank) {
                self.displace(&before, value);
            }
        }
    }

    /// Notes that `value` takes the place of a status.
    fn displace(&mut self, before: &Slot<'_>, value: Value<'_>) {
        let displaced = status(before.value);
        self.contradicts |= displaced != status(value);
        let Some(error) = displaced.filter(|status| status.class() != StatusClass::Ok) else { return };
        let is_worse = |&(rank, status): &(u8, Status)| {
            before.rank < rank || before.rank == rank && error.class() >= status.class()
        };
        if self.displaced.as_ref().is_none_or(is_worse) {
            self.displaced = Some((before.rank, error));
        }
    }

    /// The status and its rank. Among several of one rank the last one holds, unless one before it is a worse error:
    /// a client that writes a status into the line must not hide its own error.
    fn status(&self) -> Option<(u8, Status)> {
        let slot = self.slots.get(Name::Status as usize)?.as_ref();
        let last = slot.and_then(|slot| Some((slot.rank, status(slot.value)?)));
        let displaced = self.displaced.filter(|(rank, error)| {
            slot.is_none_or(|slot| *rank <= slot.rank)
                && last.is_none_or(|(_, last)| last.class() < error.class())
        });
        displaced.or(last)
    }

    /// The line as an access log, if it has a status.
    pub(super) fn access_log(&self) -> Option<AccessLog<'a>> {
        let (rank, status) = self.status()?;
        let mut log = AccessLog::of(status);
        for (&name, slot) in NAMES.iter().zip(&self.slots) {
            if let Some(slot) = slot {
                fill(&mut log, name, slot.value);
            }
        }
        // `status` needs nothing else; a word that other programs use for their own results does.
        let says_which_request = log.method.is_some()
            || log.resource_path.is_some()
            || log.route_key.is_some()
            || log.path.is_some()
            || self.is_request;
        (rank != OTHER_WORD || says_which_request).then_some(log)
    }
}

/// The status that a value says.
pub(super) fn status(value: Value<'_>) -> Option<Status> {
    three_digits(value).and_then(Status::new)
}

/// Puts a value into its field. The status stands already, and so do the causes that go before this one: see [`CAUSES`].
#[inline]
pub(super) fn fill<'a>(log: &mut AccessLog<'a>, name: Name, value: Value<'a>) {
    match name {
        Name::Status => {}
        Name::Method => log.method = text(value),
        Name::ResourcePath => log.resource_path = text(value),
        Name::RouteKey => log.route_key = text(value),
        Name::Path => log.path = text(value),
        Name::Ip => log.ip = address(value),
        Name::UserAgent => log.user_agent = text(value),
        Name::RequestId => log.request_id = text(value),
        Name::ExtendedRequestId => log.extended_request_id = text(value),
        Name::ResponseType => log.response_type = text(value),
        Name::IntegrationStatus => log.integration_status = three_digits(value),
        Name::IntegrationServiceStatus => log.integration_service_status = three_digits(value),
        Name::AuthorizerStatus => log.authorizer_status = three_digits(value),
        // Either name may hold either variable.
        Name::WafResponse | Name::WafStatus => match three_digits(value) {
            Some(status) => log.waf_status = Some(status),
            None => log.waf_response = waf_decision(name, value).or(log.waf_response.take()),
        },
        Name::WebAcl => log.web_acl = text(value),
        Name::IntegrationError
        | Name::AuthorizerError
        | Name::AuthorizeError
        | Name::AuthenticateError
        | Name::WafError
        | Name::ErrorMessage => {
            if log.cause.is_none() {
                log.cause = source(name).zip(text(value)).and_then(|(source, text)| Cause::new(source, text));
            }
        }
        Name::Latency => log.latency_ms = text(value).and_then(|ms| ms.parse().ok()),
        Name::Stage => log.stage = text(value),
    }
}

/// What the firewall decided. A firewall's status that is neither a number nor a decision says nothing.
fn waf_decision(name: Name, value: Value<'_>) -> Option<Cow<'_, str>> {
    const DECISIONS: [(&str, &str); 6] = [
        ("WAF_BLOCK", "WAF_BLOCK"),
        ("BLOCK", "WAF_BLOCK"),
        ("BLOCKED", "WAF_BLOCK"),
        ("WAF_ALLOW", "WAF_ALLOW"),
        ("ALLOW", "WAF_ALLOW"),
        ("ALLOWED", "WAF_ALLOW"),
    ];
    let said = text(value)?;
    let decision = DECISIONS.iter().find(|(spelling, _)| said.trim().eq_ignore_ascii_case(spelling));
    match decision {
        Some((_, decision)) => Some(Cow::Borrowed(decision)),
        None => (name == Name::WafResponse).then_some(said),
    }
}

/// The address that a value names.
pub(super) fn address(value: Value<'_>) -> Option<Cow<'_, str>> {
    text(value).map(without_port)
}

/// `192.0.2.1:443`, as VPC Lattice writes it, without the port.
fn without_port(ip: Cow<'_, str>) -> Cow<'_, str> {
    let address = |ip: &str| {
        // From `0.0.0.0:1` to the longest. The colon is before at most five digits.
        let may_have_port = (9..=21).contains(&ip.len());
        ip.as_bytes().last_chunk::<6>().filter(|end| may_have_port && end.contains(&b':'))?;
        let (address, _) = ip.rsplit_once(':')?;
        // An IPv6 address has further colons, and is not to be parsed for nothing.
        let is_address = !address.contains(':') && address.parse::<Ipv4Addr>().is_ok();
        is_address.then_some(address.len())
    };
    match (address(&ip), ip) {
        (Some(length), Cow::Borrowed(ip)) => Cow::Borrowed(ip.get(..length).unwrap_or(ip)),
        (Some(length), Cow::Owned(ip)) => Cow::Owned(ip.get(..length).unwrap_or(&ip).to_owned()),
        (None, ip) => ip,
    }
}

/// What the value of a name says as a cause.
pub(super) fn source(name: Name) -> Option<CauseSource> {
    Some(match name {
        Name::IntegrationError => CauseSource::Integration,
        Name::AuthorizerError | Name::AuthorizeError | Name::AuthenticateError => CauseSource::Authorizer,
        Name::WafError => CauseSource::Waf,
        Name::ErrorMessage => CauseSource::Gateway,
        _ => return None,
    })
}

/// What a value says; `None` where it says that there is none.
#[inline]
fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    let text = match value {
        Value::Bare("null") | Value::Nested => return None,
        Value::Text(raw) => said(raw),
        Value::Plain(text) | Value::Bare(text) => Cow::Borrowed(text),
    };
    (!matches!(text.as_ref(), "" | "-")).then_some(text)
}

/// Three digits in a text, white space around them or not, or a number that is a whole one of three digits.
fn three_digits(value: Value<'_>) -> Option<u16> {
    match value {
        Value::Text(text) | Value::Plain(text) | Value::Bare(text) => {
            digits(text).or_else(|| spelled_otherwise(value))
        }
        Value::Nested => None,
    }
}

/// Three digits and nothing else.
#[inline]
fn digits(text: &str) -> Option<u16> {
    match *text.as_bytes() {
        [hundreds @ b'0'..=b'9', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some([hundreds, tens, ones].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')))
        }
        _ => None,
    }
}

/// The same of a value that is not three digits as it stands.
#[cold]
fn spelled_otherwise(value: Value<'_>) -> Option<u16> {
    let (text, is_number) = match value {
        Value::Text(raw) => (said(raw), false),
        Value::Plain(text) => (Cow::Borrowed(text), false),
        Value::Bare(text) => (Cow::Borrowed(text), true),
        Value::Nested => return None,
    };
    digits(text.trim()).or_else(|| if is_number { whole_number(&text) } else { None })
}

/// `502.0` and `5.02e2` are 502, as JSON has only one kind of number.
#[cold]
fn whole_number(text: &str) -> Option<u16> {
    json::is_number(text).then_some(())?;
    let number: f64 = text.parse().ok()?;
    // A number that is not whole is written with a fraction.
    number.to_string().parse().ok().filter(|code| (100..=999).contains(code))
}

/// What a string says, given what stands between its quotes.
fn said(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut said = String::new();
    json::unescape(raw.as_bytes(), &mut said);
    Cow::Owned(said)
}

/// Containers that say no more than that what is in them belongs to the request.
const CONTAINERS: [&str; 8] =
    ["context", "requestcontext", "request", "response", "identity", "http", "req", "res"];

/// What a path means, and with which rank (lower is better) among the names of the same meaning.
pub(super) fn meaning(path: &Path<'_>) -> Option<(Name, u8)> {
    if path.is_too_deep() {
        return None;
    }
    let mut words = Words::default();
    for key in path.keys() {
        words.push_key(key)?;
    }
    if let Some(rank) = status_rank(path, words.as_str()) {
        return Some((Name::Status, rank));
    }
    let words = words.without_containers();
    // `integration.status` is the backend's answer and `integrationStatus` the service's:
    // only the separator tells them apart.
    match words {
        "integration.status" => return Some((Name::IntegrationStatus, 0)),
        "integrationstatus" | "integration.integrationstatus" | "integration.integration.status" => {
            return Some((Name::IntegrationServiceStatus, 0));
        }
        _ => {}
    }
    let name: String = words.split('.').collect();
    Some(match name.as_str() {
        "httpmethod" => (Name::Method, 0),
        "method" | "requestmethod" | "csmethod" | "requestverb" => (Name::Method, 1),
        "resourcepath" => (Name::ResourcePath, 0),
        "resource" => (Name::ResourcePath, 1),
        "routekey" => (Name::RouteKey, 0),
        "route" => (Name::RouteKey, 1),
        "path" => (Name::Path, 0),
        "requestpath" | "rawpath" | "csuristem" => (Name::Path, 1),
        "uri" | "requesturi" | "url" | "requesturl" => (Name::Path, 2),
        "ip" => (Name::Ip, 0),
        "sourceip" | "identitysourceip" => (Name::Ip, 1),
        "clientip" | "remoteip" | "remoteaddr" | "cip" | "sourceipport" => (Name::Ip, 2),
        "useragent" | "identityuseragent" => (Name::UserAgent, 0),
        "cs(useragent)" => (Name::UserAgent, 1),
        "requestid" => (Name::RequestId, 0),
        "xedgerequestid" => (Name::RequestId, 1),
        "extendedrequestid" => (Name::ExtendedRequestId, 0),
        "errorresponsetype" => (Name::ResponseType, 0),
        "responsetype" => (Name::ResponseType, 1),
        "xedgedetailedresulttype" | "errorreason" => (Name::ResponseType, 2),
        "xedgeresulttype" => (Name::ResponseType, 3),
        "targetstatuscode" => (Name::IntegrationStatus, 1),
        "authdeniedreason" => (Name::AuthorizeError, 2),
        "integrationerrormessage" => (Name::IntegrationError, 0),
        "integrationerror" => (Name::IntegrationError, 1),
        "authorizererror" => (Name::AuthorizerError, 0),
        "authorizererrormessage" => (Name::AuthorizerError, 1),
        "authorizeerror" => (Name::AuthorizeError, 0),
        "authorizeerrormessage" => (Name::AuthorizeError, 1),
        "authenticateerror" => (Name::AuthenticateError, 0),
        "authenticateerrormessage" => (Name::AuthenticateError, 1),
        "waferror" => (Name::WafError, 0),
        "waferrormessage" => (Name::WafError, 1),
        "errormessage" => (Name::ErrorMessage, 0),
        "errormessagestring" => (Name::ErrorMessage, 1),
        "error" => (Name::ErrorMessage, 2),
        "failurereason" | "classificationreason" => (Name::ErrorMessage, 3),
        "wafresponsecode" => (Name::WafResponse, 0),
        "wafresponse" => (Name::WafResponse, 1),
        "wafaction" | "wafdecision" | "wafresult" | "waf" => (Name::WafResponse, 2),
        "wafstatus" => (Name::WafStatus, 0),
        "wafstatuscode" => (Name::WafStatus, 1),
        "webaclarn" | "wafwebaclarn" | "webacl" | "wafacl" => (Name::WebAcl, 0),
        "authorizerstatus" => (Name::AuthorizerStatus, 0),
        "authorizerintegrationstatus" => (Name::AuthorizerStatus, 1),
        "responselatency" => (Name::Latency, 0),
        "latency" => (Name::Latency, 1),
        "stage" => (Name::Stage, 0),
        "apistage" | "stagename" => (Name::Stage, 1),
        _ => return None,
    })
}

fn status_rank(path: &Path<'_>, words: &str) -> Option<u8> {
    match (path.keys().len(), words) {
        (1, "status") => Some(TOP_LEVEL),
        (
            1,
            "statuscode" | "status.code" | "httpstatus" | "http.status" | "httpstatuscode"
            | "http.status.code"
            // CloudFront, VPC Lattice, a load balancer's log as JSON.
            | "sc.status"
            | "responsecode"
            | "elb.status.code",
        ) => Some(OTHER_WORD),
        (1 | 2, "context.status" | "response.status") => Some(NESTED),
        _ => None,
    }
}

/// A name in lower case, its parts joined by points, in a fixed space: a longer name is none of ours.
#[derive(Default)]
struct Words {
    text: String,
}

impl Words {
    const MAX_BYTES: usize = 64;

    /// Adds a key; `.`, `_`, `-` and blanks within it separate as a level of nesting does.
    fn push_key(&mut self, key: &str) -> Option<()> {
        if self.text.is_empty() {
            self.text.reserve(Self::MAX_BYTES);
        } else {
            self.text.push('.');
        }
        for character in key.chars() {
            let character = match character {
                '.' | '_' | '-' | ' ' => '.',
                '$' => continue,
                _ => character.to_ascii_lowercase(),
            };
            if self.text.len() + character.len_utf8() > Self::MAX_BYTES {
                return None;
            }
            self.text.push(character);
        }
        Some(())
    }

    fn as_str(&self) -> &str {
        &self.text
    }

    fn without_containers(&self) -> &str {
        let mut rest = self.text.as_str();
        while let Some((first, below)) = rest.split_once('.') {
            if !CONTAINERS.contains(&first) {
                break;
            }
            rest = below;
        }
        rest
    }
}
