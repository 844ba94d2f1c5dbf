//! One log event's message in, one [`AccessLog`] out, or the word that it is [`Reading::Unreadable`].
//!
//! It never fails: of a line that nobody can read, `digest` counts one more, and its text is never posted.
//! It never searches a line's text for a status: each format is read by its own structure,
//! so that text inside a value can never pass for a field.

mod cause;
pub mod columns;
pub mod fast_path;
mod fields;
mod json;
mod text_formats;
pub mod redact;
mod route;
mod salvage;
pub mod time;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

pub use cause::{Cause, CauseSource};
pub use columns::Columns;
use text_formats::{FormatLine, Preset, any_order, clf, cloudfront, csv, key_value, load_balancer, xml};

/// A parsed request line, whatever format it was written in.
///
/// A field that the format lacks, or that API Gateway wrote as `-` or left empty, is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog<'a> {
    /// The status that the client got (`$context.status`).
    pub status: Status,
    /// HTTP method (`$context.httpMethod`).
    pub method: Option<Cow<'a, str>>,
    /// Template path of a REST API (`$context.resourcePath`), such as `/pets/{id}`.
    pub resource_path: Option<Cow<'a, str>>,
    /// Route of an HTTP or WebSocket API (`$context.routeKey`), such as `GET /pets` or `$connect`.
    pub route_key: Option<Cow<'a, str>>,
    /// Concrete request path (`$context.path`).
    pub path: Option<Cow<'a, str>>,
    /// Address of the immediate peer (`$context.identity.sourceIp`).
    pub ip: Option<Cow<'a, str>>,
    /// The client's own words (`$context.identity.userAgent`).
    pub user_agent: Option<Cow<'a, str>>,
    /// `$context.requestId`.
    pub request_id: Option<Cow<'a, str>>,
    /// `$context.extendedRequestId`.
    pub extended_request_id: Option<Cow<'a, str>>,
    /// Which gateway response was sent (`$context.error.responseType`), such as `INTEGRATION_TIMEOUT`.
    pub response_type: Option<Cow<'a, str>>,
    /// Why the request failed, in the API's own words.
    pub cause: Option<Cause<'a>>,
    /// What the backend's own code answered (`$context.integration.status`).
    pub integration_status: Option<u16>,
    /// What the integration's service answered (`$context.integrationStatus`):
    /// for a Lambda proxy the status of the Lambda service, 200 even where the function failed.
    pub integration_service_status: Option<u16>,
    /// What the authorizer's service or the authorizer itself answered, where the format has it.
    pub authorizer_status: Option<u16>,
    /// What the firewall decided (`$context.wafResponseCode`), such as `WAF_BLOCK`.
    pub waf_response: Option<Cow<'a, str>>,
    /// What the firewall answered (`$context.waf.status`).
    pub waf_status: Option<u16>,
    /// The firewall's rules that were asked (`$context.webaclArn`); they say nothing about what was decided.
    pub web_acl: Option<Cow<'a, str>>,
    /// `$context.responseLatency`, in milliseconds.
    pub latency_ms: Option<u64>,
    /// The stage of the API (`$context.stage`).
    pub stage: Option<Cow<'a, str>>,
}

/// An HTTP status from 100 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

impl Status {
    /// `None` for a number outside 100 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 100 && code <= 599 { Some(Self(code)) } else { None }
    }

    /// The status as a number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Which class the status belongs to.
    #[must_use]
    pub const fn class(self) -> StatusClass {
        match self.0 {
            400..=499 => StatusClass::ClientError,
            500..=599 => StatusClass::ServerError,
            _ => StatusClass::Ok,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Status class, as far as we act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// Below 400.
    Ok,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
}

/// What became of reading one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<'a> {
    /// A line that fits its format.
    AccessLog(AccessLog<'a>),
    /// A line of broken JSON from which at least the status was recovered.
    Salvaged(AccessLog<'a>),
    /// A line that names the columns of the lines behind it.
    Header,
    /// No access log, or none that we could read a status from.
    Unreadable,
}

/// In which format lines are expected (`STATUSWATCH_FORMAT`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Each line is looked at for itself.
    #[default]
    Auto,
    /// JSON, broken JSON included.
    Json,
    /// Common Log Format: API Gateway's presets with or without further fields, and web servers' combined format.
    Clf,
    /// Comma-separated values, as API Gateway's presets write them, with or without further fields.
    Csv,
    /// XML, as API Gateway's presets write it, with or without further elements.
    Xml,
    /// `key: value, key: value` or `key=value key=value`.
    KeyValue,
    /// An Application or Classic Load Balancer's access log.
    LoadBalancer,
    /// CloudFront's standard log, tab-separated or as JSON.
    CloudFront,
    /// JSON of VPC Lattice.
    VpcLattice,
    /// JSON of AppSync: its request summaries.
    AppSync,
}

/// The text names no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {}", Format::NAMES)]
pub struct UnknownFormat;

impl Format {
    /// What [`FromStr`] takes.
    const NAMES: &str = "auto, json, clf, csv, xml, key-value, alb, cloudfront, vpc-lattice, appsync";

    /// Whether lines of JSON are read.
    #[must_use]
    pub const fn reads_json(self) -> bool {
        matches!(self, Self::Auto | Self::Json | Self::CloudFront | Self::VpcLattice | Self::AppSync)
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "clf" => Ok(Self::Clf),
            "csv" => Ok(Self::Csv),
            "xml" => Ok(Self::Xml),
            "key-value" => Ok(Self::KeyValue),
            "alb" => Ok(Self::LoadBalancer),
            "cloudfront" => Ok(Self::CloudFront),
            "vpc-lattice" => Ok(Self::VpcLattice),
            "appsync" => Ok(Self::AppSync),
            _ => Err(UnknownFormat),
        }
    }
}

/// Whether a line is an access log, salvaged or not. Bytes that are not UTF-8 are none.
pub(crate) fn is_access_log(line: &[u8], format: Format) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| !matches!(read(line, format), Reading::Unreadable))
}

/// Reads one line above which no header stands: see [`read_under`].
#[must_use]
pub fn read(line: &str, format: Format) -> Reading<'_> {
    read_under(line, format, Columns::DEFAULT)
}

/// Reads one line; `columns` are its fields where it is tab-separated.
///
/// `auto` knows JSON and XML by the first character, and a line that begins as JSON is JSON, broken or not; of the other
/// formats it takes the first that the line is of.
#[must_use]
pub fn read_under<'a>(line: &'a str, format: Format, columns: &Columns) -> Reading<'a> {
    let line = line.trim();
    if line.starts_with('{') && format.reads_json() {
        return read_json(line);
    }
    if is_header(line, format) {
        return Reading::Header;
    }
    read_line_format(line, format, columns).map_or(Reading::Unreadable, |line| Reading::AccessLog(line.log))
}

/// Whether a line names the columns of the lines behind it, or says something else about all of them.
pub(crate) fn is_header(line: &str, format: Format) -> bool {
    matches!(format, Format::Auto | Format::CloudFront) && cloudfront::is_header(line.trim())
}

/// A line that is not JSON, with where its fields stand.
fn read_line_format<'a>(line: &'a str, format: Format, columns: &Columns) -> Option<FormatLine<'a>> {
    match (format, line.as_bytes().first()?) {
        (Format::Auto | Format::Xml, b'<') => xml::read(line),
        (Format::Auto, b'{') | (Format::Json | Format::Xml | Format::VpcLattice | Format::AppSync, _) => None,
        (Format::Clf, _) => clf::read(line).or_else(|| any_order::read_blanks(line)),
        (Format::Csv, _) => csv::read(line).or_else(|| any_order::read_commas(line)),
        (Format::KeyValue, _) => key_value::read(line),
        (Format::LoadBalancer, _) => load_balancer::read(line),
        (Format::CloudFront, _) => cloudfront::read(line, columns),
        (Format::Auto, _) => clf::read(line)
            .or_else(|| csv::read(line))
            .or_else(|| load_balancer::read(line))
            .or_else(|| cloudfront::read(line, columns))
            .or_else(|| key_value::read(line))
            .or_else(|| any_order::read(line)),
    }
}

/// A line that one of the presets' readers reads, and which one: the first that does, as in [`read_line_format`].
fn read_preset<'a>(line: &'a str, format: Format, columns: &Columns) -> Option<(Preset, FormatLine<'a>)> {
    let is_xml = line.starts_with('<') && matches!(format, Format::Auto | Format::Xml);
    Preset::ALL.into_iter().find_map(|preset| {
        let is_asked = match preset {
            Preset::Xml => is_xml,
            Preset::Clf => matches!(format, Format::Auto | Format::Clf),
            Preset::Csv => matches!(format, Format::Auto | Format::Csv),
            Preset::LoadBalancer => matches!(format, Format::Auto | Format::LoadBalancer),
            Preset::CloudFront => matches!(format, Format::Auto | Format::CloudFront),
            Preset::KeyValue => matches!(format, Format::Auto | Format::KeyValue),
        };
        if !is_asked || is_xml && preset != Preset::Xml {
            return None;
        }
        let read = match preset {
            Preset::Xml => xml::read(line),
            Preset::Clf => clf::read(line),
            Preset::Csv => csv::read(line),
            Preset::LoadBalancer => load_balancer::read(line),
            Preset::CloudFront => cloudfront::read(line, columns),
            Preset::KeyValue => key_value::read(line),
        };
        Some((preset, read?))
    })
}

fn read_json(line: &str) -> Reading<'_> {
    if let Some(fields) = json::read(line) {
        return fields.access_log().map_or(Reading::Unreadable, Reading::AccessLog);
    }
    let salvaged = salvage::read(line).and_then(|fields| fields.access_log());
    salvaged.map_or(Reading::Unreadable, Reading::Salvaged)
}

impl<'a> AccessLog<'a> {
    /// A line of which only the status is known.
    pub(crate) const fn of(status: Status) -> AccessLog<'a> {
        AccessLog {
            status,
            method: None,
            resource_path: None,
            route_key: None,
            path: None,
            ip: None,
            user_agent: None,
            request_id: None,
            extended_request_id: None,
            response_type: None,
            cause: None,
            integration_status: None,
            integration_service_status: None,
            authorizer_status: None,
            waf_response: None,
            waf_status: None,
            web_acl: None,
            latency_ms: None,
            stage: None,
        }
    }

    /// Method and route as a person names them, such as `POST /v1/orders`, appended to `out`.
    ///
    /// The route is the template path or the route key where the format has one, else the path with its ids
    /// replaced by `{id}`. An HTTP API's route key already holds the method.
    pub fn write_route(&self, out: &mut String) {
        let method = self.method.as_deref().unwrap_or_default();
        let template = self.resource_path.as_deref().or(self.route_key.as_deref());
        let holds_method = template.is_some_and(|route| {
            !route.starts_with('/')
                && route.split_once(' ').is_some_and(|(first, _)| {
                    !first.is_empty() && first.bytes().all(|b| b.is_ascii_uppercase())
                })
        });
        if !holds_method && !method.is_empty() {
            out.push_str(method);
            if template.is_some() || self.path.is_some() {
                out.push(' ');
            }
        }
        match (template, self.path.as_deref()) {
            (Some(template), _) => out.push_str(template),
            (None, Some(path)) => route::mask_ids(path, out),
            (None, None) => {}
        }
    }

    /// The concrete path as messages show it, without its query and with `{id}` for its ids; `None` where it has none.
    pub(crate) fn masked_path(&self) -> Option<String> {
        let path = self.path.as_deref()?;
        let has_id = path.bytes().any(|byte| byte.is_ascii_digit());
        has_id.then(|| {
            let mut masked = String::with_capacity(path.len());
            route::mask_ids(path, &mut masked);
            masked
        })
    }
}

#[cfg(test)]
pub(crate) use text_formats::tests::rendered;

#[cfg(test)]
mod tests;
