//! Checks an access-log format before it is deployed: what will its lines be worth when there is an error.
//!
//! In: a format string, and a function that reads a line as the digest does. Out: findings, each with its place, when it
//! occurs and how to fix it; the filter pattern that fits; and a corrected format. The check fills in what API Gateway
//! writes on success and on each kind of error and looks at the lines. Never knows of itself how a line is read.

mod template;

mod scenarios;
mod variables;

mod breaks;
mod digest_reader;
mod json_format;
mod metric_filter;
mod reading;
mod refusals;

mod repair;
mod report;

#[cfg(test)]
mod cases;

use serde::Serialize;

use self::breaks::broken_json;
pub use self::digest_reader::read;
use self::json_format::JsonFormat;
use self::reading::{misses, missing_status, nested_status, reading};
use self::refusals::{refusals, secret, unknown};
pub use self::repair::{added, fix, mended};
pub use self::report::{WIDTH, render, render_among, wrapped};
use self::scenarios::{Scenario, scenarios};
use self::template::Template;
use self::variables::find;

/// A kind of API, which decides which variables there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// `AWS::ApiGateway::Stage`, `aws_api_gateway_stage`.
    Rest,
    /// `AWS::ApiGatewayV2::Stage` of protocol HTTP, `aws_apigatewayv2_stage`.
    Http,
    /// `AWS::ApiGatewayV2::Stage` of protocol WEBSOCKET, `aws_apigatewayv2_stage`.
    WebSocket,
}

/// What the lines are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Begins with `{`.
    Json,
    /// Fields between spaces, some in brackets or quotes.
    Clf,
    /// `key: value, key: value` or `key=value key=value`.
    KeyValue,
    /// Fields between commas.
    Csv,
    /// Begins with `<`.
    Xml,
}

/// A field that messages can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestField {
    /// `$context.httpMethod`, or the method of a route key.
    Method,
    /// `$context.resourcePath` or `$context.routeKey`.
    Route,
    /// `$context.path`.
    Path,
    /// `$context.identity.sourceIp`.
    Ip,
    /// `$context.requestId`.
    RequestId,
    /// `$context.error.responseType`.
    ResponseType,
    /// `$context.integration.status` or `$context.integrationStatus`.
    IntegrationStatus,
    /// `$context.responseLatency`.
    Latency,
    /// `$context.identity.userAgent`.
    UserAgent,
}

/// What the digest reads in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The status that it takes for the one that the client got.
    pub status: u16,
    /// The other fields that it finds a value for.
    pub fields: Vec<DigestField>,
}

/// Reads a line as the digest does; nothing where no status can be read from an intact line.
pub type Reader<'r> = &'r dyn Fn(&str) -> Option<Seen>;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// API Gateway refuses the format, or an error line is broken or not read.
    Error,
    /// An error line is read, but something in it is wrong or costs.
    Warning,
}

/// What is wrong, as a word for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// The format holds no variable at all.
    NoVariables,
    /// A line break inside the format, which API Gateway refuses.
    NotSingleLine,
    /// More bytes than an HTTP API takes.
    TooLong,
    /// Neither `$context.requestId` nor `$context.extendedRequestId`, which API Gateway refuses.
    NoRequestId,
    /// A variable that this kind of API does not have.
    UnknownVariable,
    /// The format starts like JSON but is not valid JSON, whatever the values are.
    NotJson,
    /// A variable's value breaks the JSON of a line.
    BreaksJson,
    /// `$context.status` is missing.
    NoStatus,
    /// The digest reads no status from the line.
    Unreadable,
    /// The digest reads another number for the status.
    WrongStatus,
    /// The status is not at the top level, where the usual filter looks for it.
    NestedStatus,
    /// A secret would stand in the log.
    Secret,
}

/// One thing that is wrong with a format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub code: Code,
    /// The byte of [`Lint::format`] where it is; nothing where something is missing.
    pub offset: Option<usize>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// When it occurs, such as `unknown route (403)`; empty where always.
    pub when: Vec<String>,
    /// A piece of a line that shows it; empty where there is none.
    pub shows: String,
    /// What to do, in one sentence without a full stop.
    pub fix: String,
}

/// A line as API Gateway would write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilledLine {
    /// When, such as `unknown route (403)`.
    pub when: String,
    /// The status that the client gets.
    pub status: u16,
    /// The line.
    pub line: String,
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lint {
    /// The format string that was checked, without what stood around it.
    pub format: String,
    /// The kind of API, given or told by the variables.
    pub api: Api,
    /// What the lines are written in.
    pub kind: Kind,
    /// What is wrong, errors first, then by place.
    pub findings: Vec<Finding>,
    /// What the messages could show besides, if the format had it.
    pub misses: Vec<DigestField>,
    /// A filter pattern that matches exactly the error lines; tried on all of [`lines`](Self::lines).
    pub pattern: Option<String>,
    /// How many filter patterns were tried until one fitted or none was left.
    pub patterns_tried: usize,
    /// What the format refers to and is not known here, such as `var.environment`; taken for harmless text.
    pub gaps: Vec<String>,
    /// The lines, success first.
    pub lines: Vec<FilledLine>,
}

impl Lint {
    /// Takes the format for the argument of a module that is not known: what is a matter of white space the module may
    /// mend, and is no more than a warning.
    #[must_use]
    pub fn as_argument(mut self) -> Self {
        for finding in self.findings.iter_mut().filter(|finding| finding.code == Code::NotSingleLine) {
            finding.severity = Severity::Warning;
            finding.message.push_str(", unless the module takes it out");
        }
        self.findings.sort_by_key(|finding| (finding.severity, finding.offset));
        self
    }

    /// Whether API Gateway would refuse the format or an error line would be hidden or broken.
    #[must_use]
    pub fn hides_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// Checks a format string. White space and line ends around it are dropped, `\n` in letters too. Without `api` the variables
/// tell the kind of API.
#[must_use]
pub fn lint(format: &str, api: Option<Api>, reader: Reader<'_>) -> Lint {
    let format = format.trim().trim_start_matches('\u{feff}').trim_end_matches("\\n").trim().to_owned();
    let template = Template::parse(&format);
    let api = api.unwrap_or_else(|| api_of(&template));
    let kind = kind_of(&template);
    let scenarios = scenarios(api);
    let lines: Vec<FilledLine> = scenarios.iter().map(|scenario| filled(&template, scenario, api)).collect();
    let mut findings = refusals(&template, api);
    findings.extend(template.variables.iter().filter_map(|variable| unknown(variable, api)));
    findings
        .extend(template.variables.iter().filter(|variable| variable.name == "identity.apiKey").map(secret));
    let mut selector = None;
    let mut broken = Vec::new();
    if kind == Kind::Json {
        let json = JsonFormat::new(&template);
        selector = json.status_selector();
        broken = broken_json(&template, &json, api, &scenarios);
    }
    let reads = if broken.is_empty() {
        reading(kind, &template, &scenarios, &lines, selector.as_deref(), reader)
    } else {
        Vec::new()
    };
    let confusing: Vec<FilledLine> =
        scenarios.iter().map(|scenario| confusing_line(&template, scenario, api)).collect();
    let (pattern, patterns_tried) =
        metric_filter::fitting(kind, &template, selector.as_deref(), &lines, &confusing);
    if !template.has("status") {
        findings.push(missing_status(kind));
    } else if let Some(nested) = selector.filter(|selector| selector != "$.status" && reads.is_empty()) {
        findings.push(nested_status(&template, &nested, pattern.is_some()));
    }
    findings.extend(broken);
    findings.extend(reads);
    let mut gaps: Vec<String> = template.gaps.iter().map(|gap| gap.name.to_owned()).collect();
    gaps.sort_unstable();
    gaps.dedup();
    if !gaps.is_empty() {
        for finding in &mut findings {
            soften(finding, &gaps);
        }
    }
    findings.sort_by_key(|finding| (finding.severity, finding.offset));
    let misses = misses(&template, api, &lines, reader);
    Lint { format, api, kind, findings, misses, pattern, patterns_tried, gaps, lines }
}

/// What is missing may stand in what is not known: then it is no error.
fn soften(finding: &mut Finding, gaps: &[String]) {
    if matches!(finding.code, Code::NoStatus | Code::NoRequestId | Code::NoVariables) {
        finding.severity = Severity::Warning;
        finding.message = format!("{}, unless {} holds it", finding.message, gaps.join(" or "));
    }
}

fn filled(template: &Template<'_>, scenario: &Scenario, api: Api) -> FilledLine {
    let line = template.fill(|_, variable| scenario.value(variable.name, api));
    FilledLine { when: scenario.title(), status: scenario.status, line }
}

/// The same line with lengths and latencies that could be the status of a request that went the other way.
fn confusing_line(template: &Template<'_>, scenario: &Scenario, api: Api) -> FilledLine {
    let other = if scenario.is_error() { "200" } else { "404" };
    let is_measure = |name: &str| ["Length", "atency", "dataProcessed"].iter().any(|end| name.ends_with(end));
    let line = template.fill(|_, variable| match scenario.value(variable.name, api) {
        value if is_measure(variable.name) && value != "-" => other.to_owned(),
        value => value,
    });
    FilledLine { when: scenario.title(), status: scenario.status, line }
}

/// The kinds of API among `among` that have most of the variables of `format`, the likelier first: more than one where
/// its variables do not tell them apart.
#[must_use]
pub fn apis_by_variables(format: &str, among: &[Api]) -> Vec<Api> {
    let template = Template::parse(format);
    let Some(first) = preferred(&template, among) else { return Vec::new() };
    if first == Api::WebSocket && is_for_websocket(&template) {
        return vec![first];
    }
    let fewest = strangers(&template, first);
    let others = among.iter().copied().filter(|api| *api != first && strangers(&template, *api) == fewest);
    std::iter::once(first).chain(others).collect()
}

/// The kind of API that has most of the variables. Among equals: WebSocket where a variable is logged that exists only
/// there, HTTP where a route key is, else REST.
fn api_of(template: &Template<'_>) -> Api {
    preferred(template, &[Api::Rest, Api::Http, Api::WebSocket]).unwrap_or(Api::Rest)
}

fn preferred(template: &Template<'_>, among: &[Api]) -> Option<Api> {
    let order = if is_for_websocket(template) {
        [Api::WebSocket, Api::Http, Api::Rest]
    } else if template.has("routeKey") {
        [Api::Http, Api::WebSocket, Api::Rest]
    } else {
        [Api::Rest, Api::Http, Api::WebSocket]
    };
    order.into_iter().filter(|api| among.contains(api)).min_by_key(|api| strangers(template, *api))
}

/// Whether it has a variable that exists only for WebSocket APIs.
fn is_for_websocket(template: &Template<'_>) -> bool {
    let is_only_there = |name: &str| {
        find(name).is_some_and(|variable| {
            variable.is_of(Api::WebSocket) && !variable.is_of(Api::Rest) && !variable.is_of(Api::Http)
        })
    };
    template.variables.iter().any(|variable| is_only_there(variable.name))
}

/// How many variables an API of this kind does not have, though another kind has.
fn strangers(template: &Template<'_>, api: Api) -> usize {
    let is_stranger = |name: &str| find(name).is_some_and(|variable| !variable.is_of(api));
    template.variables.iter().filter(|variable| is_stranger(variable.name)).count()
}

fn kind_of(template: &Template<'_>) -> Kind {
    let literals = template.fill(|_, _| String::new());
    match template.format.chars().next() {
        Some('{') => Kind::Json,
        Some('<') => Kind::Xml,
        _ if template.has("status") && status_key(template).is_some() => Kind::KeyValue,
        _ if is_csv(&literals) => Kind::Csv,
        _ => Kind::Clf,
    }
}

/// Whether commas, each with a blank behind it or not, and quotes around fields are what stands between the variables.
fn is_csv(literals: &str) -> bool {
    literals.contains(',') && !literals.replace(", ", ",").contains([' ', '['])
}

/// The text before the status where that is a key: `status: ` or `status=`.
fn status_key<'f>(template: &Template<'f>) -> Option<&'f str> {
    let status = template.variables.iter().find(|variable| variable.name == "status")?;
    let before = template.format.get(..status.place.start)?;
    let key = before.trim_end_matches(['"', ' ']).strip_suffix([':', '='])?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let name = key.trim_end_matches(is_name).len();
    (name < key.len()).then(|| before.get(name..)).flatten()
}
