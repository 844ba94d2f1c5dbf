//! What CLF and CSV have in common: who asked, when, for what, the status, and what follows.

use super::{
    CONNECTION_ID, EXTENDED_REQUEST_ID, IP, METHOD, PROTOCOL, REFERER, REQUEST_ID, REQUEST_TIME,
    RESPONSE_LENGTH, STATUS, TARGET, USER_AGENT,
};
use super::{FormatLine, Part, Target, present, range_in, shapes, unquoted};
use crate::access_log::{AccessLog, Cause, CauseSource, Status};

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request<'a> {
    Http {
        method: &'a str,
        target: &'a str,
        protocol: &'a str,
    },
    WebSocket {
        event_type: &'a str,
        route_key: &'a str,
        connection_id: &'a str,
    },
    /// What a client sent to a web server instead of a request, such as the beginning of a TLS handshake.
    Other(&'a str),
}

/// What a path in the request is.
#[derive(Debug, Clone, Copy)]
pub(super) enum PathIs {
    ResourcePath,
    RouteKey,
    /// As the client wrote it.
    Path,
}

/// Where the request ends and the status stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) request: Request<'a>,
    pub(super) status: Status,
    pub(super) status_text: &'a str,
    /// What stands behind the status.
    pub(super) behind: &'a str,
}

impl<'a> End<'a> {
    /// The one end among several places that look like one, since a client may have written the others.
    ///
    /// Where they differ, it is the last one if nothing stands behind it but `length requestId`, with or without an
    /// extended request id: so the presets end, and no client writes any of that. Otherwise nobody knows.
    pub(super) fn sure(mut ends: impl Iterator<Item = Self>, separator: char) -> Option<Self> {
        let first = ends.next()?;
        let (mut last, mut differ) = (first, false);
        for end in ends {
            differ |= end.status != first.status;
            last = end;
        }
        if last.is_preset_end(separator) {
            return Some(last);
        }
        (!differ).then_some(first)
    }

    /// The first end, if all that look like one have the same status.
    pub(super) fn only(mut ends: impl Iterator<Item = Self>) -> Option<Self> {
        let first = ends.next()?;
        ends.all(|end| end.status == first.status).then_some(first)
    }

    fn is_preset_end(&self, separator: char) -> bool {
        let mut fields = self.behind.split(separator);
        let (Some(length), Some(id), extended) = (fields.next(), fields.next(), fields.next()) else {
            return false;
        };
        shapes::or_missing(length, shapes::is_number)
            && shapes::or_missing(id, shapes::is_id)
            && extended.is_none_or(|id| shapes::or_missing(id, shapes::is_id))
            && fields.next().is_none()
    }

    /// The whole line; `None` where the request's target is none.
    pub(super) fn line(
        &self,
        who: Who<'a>,
        time: &'a str,
        more: Behind<'a>,
        path_is: PathIs,
    ) -> Option<FormatLine<'a>> {
        let mut log = AccessLog {
            ip: present(who.ip),
            request_id: present(more.request_id),
            extended_request_id: present(more.extended_request_id).or(who.id.and_then(present)),
            user_agent: present(more.user_agent),
            cause: present(more.message).and_then(|text| Cause::new(CauseSource::Integration, text)),
            ..AccessLog::of(self.status)
        };
        let mut parts = who.parts;
        parts.push(Part::known(REQUEST_TIME, time));
        match self.request {
            Request::Http { method, target, protocol } => {
                let Target { resource_path, route_key } = Target::of_request(target)?;
                log.method = present(method);
                log.route_key = present(route_key);
                let path = match path_is {
                    PathIs::ResourcePath => &mut log.resource_path,
                    PathIs::RouteKey => &mut log.route_key,
                    PathIs::Path => &mut log.path,
                };
                *path = present(resource_path).or(path.take());
                parts.extend([
                    Part::known(METHOD, method),
                    Part::known(TARGET, target),
                    Part::known(PROTOCOL, protocol),
                ]);
            }
            Request::WebSocket { event_type, route_key, connection_id } => {
                log.route_key = present(route_key);
                parts.extend([
                    Part::known(METHOD, event_type),
                    Part::known(TARGET, route_key),
                    Part::known(CONNECTION_ID, connection_id),
                ]);
            }
            Request::Other(text) => parts.push(Part::unknown(text)),
        }
        parts.push(Part::known(STATUS, self.status_text));
        parts.extend(more.parts);
        Some(FormatLine { log, parts })
    }
}

/// Who asked, as CLF and CSV write it before the request time.
pub(super) struct Who<'a> {
    ip: &'a str,
    parts: Vec<Part<'a>>,
    /// An id that stands before the address.
    id: Option<&'a str>,
    pub(super) has_principals: bool,
}

/// More fields before an address than any format has.
const MAX_FIELDS_BEFORE: usize = 16;

impl<'a> Who<'a> {
    /// `ip caller user`, with further fields before; `between` says what may stand between address and time.
    ///
    /// The address is the first field that is one, or the first of all where it is missing.
    pub(super) fn read(
        fields: &[&'a str],
        between: impl FnOnce(&[&'a str]) -> Option<Vec<Part<'a>>>,
    ) -> Option<Self> {
        let at = fields.iter().position(|field| shapes::is_ip(field));
        let at = match at {
            Some(at) => at,
            None => fields.first().filter(|first| shapes::is_missing(first)).map(|_| 0)?,
        };
        let (before, rest) = fields.split_at_checked(at)?;
        let (ip, principals) = rest.split_first()?;
        if before.len() > MAX_FIELDS_BEFORE
            || before.iter().any(|field| field.is_empty() || !shapes::is_principal(field))
        {
            return None;
        }
        let id = match before {
            [id] if is_own_id(id) => Some(*id),
            _ => None,
        };
        let mut parts: Vec<Part<'a>> = before.iter().map(|field| Part::unknown(field)).collect();
        parts.push(Part::known(IP, ip));
        parts.extend(between(principals)?);
        Some(Self { ip, parts, id, has_principals: !principals.is_empty() })
    }
}

/// What stands behind the status in CLF and CSV: length and ids as the presets have them, and then what the format's
/// author added.
pub(super) struct Behind<'a> {
    parts: Vec<Part<'a>>,
    request_id: &'a str,
    extended_request_id: &'a str,
    user_agent: &'a str,
    /// Several words that are no user agent: `$context.integrationErrorMessage`, as AWS's help page has it there.
    message: &'a str,
    /// No field is an id of API Gateway's: a web server wrote the line.
    pub(super) is_web_server: bool,
}

impl<'a> Behind<'a> {
    /// `fields` are the fields behind the status, `text` is all of them.
    pub(super) fn read(text: &'a str, fields: &[&'a str]) -> Self {
        let (mut behind, rest) = Self::ids(fields);
        behind.further(text, rest);
        behind
    }

    /// The same where each field was quoted, so that one with blanks is one field; `fields` are without their quotes.
    pub(super) fn read_unquoted(text: &'a str, fields: &[&'a str]) -> Self {
        let (mut behind, rest) = Self::ids(fields);
        behind.is_web_server = false;
        if !rest.is_empty() {
            behind.parts.push(Part::unknown(text));
        }
        let agent = rest.iter().copied().find(|text| is_user_agent(text));
        let mut messages = rest.iter().copied().filter(|text| text.trim().contains(' '));
        match (agent, messages.next(), messages.next()) {
            (Some(agent), ..) => behind.user_agent = agent,
            (None, Some(message), None) => behind.message = message.trim(),
            _ => {}
        }
        behind
    }

    /// Length and ids; and the fields behind them.
    fn ids<'f>(fields: &'f [&'a str]) -> (Self, &'f [&'a str]) {
        let mut behind = Self {
            parts: Vec::new(),
            request_id: "",
            extended_request_id: "",
            user_agent: "",
            message: "",
            is_web_server: false,
        };
        let mut rest = fields;
        let mut take = |is_it: &dyn Fn(&str, &[&str]) -> bool| {
            let (first, more) = rest.split_first()?;
            is_it(first, more).then(|| {
                rest = more;
                *first
            })
        };
        let length = take(&|text, _| shapes::is_missing(text) || shapes::is_number(text));
        behind.parts.extend(length.map(|length| Part::known(RESPONSE_LENGTH, length)));
        let next = fields.get(usize::from(length.is_some()));
        behind.is_web_server = next.is_none_or(|field| field.starts_with('"'));
        if let Some(id) = take(&|text, _| shapes::is_missing(text) || is_own_id(text)) {
            behind.parts.push(Part::known(REQUEST_ID, id));
            behind.request_id = id;
        }
        // A word behind the request id may begin a message; an id of API Gateway's ends in `=`.
        let is_extended_id =
            |text: &str, more: &[&str]| is_own_id(text) && (more.is_empty() || text.ends_with('='));
        if let Some(id) = take(&is_extended_id) {
            behind.parts.push(Part::known(EXTENDED_REQUEST_ID, id));
            behind.extended_request_id = id;
        }
        (behind, rest)
    }

    fn further(&mut self, text: &'a str, mut rest: &[&'a str]) {
        // The combined format, which web servers' authors add to as well.
        if self.is_web_server
            && let [referer, agent, more @ ..] = rest
            && let (Some(referer), Some(agent)) = (unquoted(referer), unquoted(agent))
        {
            self.user_agent = agent;
            self.parts.extend([Part::known(REFERER, referer), Part::known(USER_AGENT, agent)]);
            self.parts.extend(more.iter().map(|field| Part::unknown(field)));
            return;
        }
        if !rest.is_empty() {
            // Where its author added fields, an id may be anything else, too.
            self.parts.push(Part::unknown(text));
        }
        let quoted: Vec<&'a str> = rest.iter().filter_map(|field| unquoted(field)).collect();
        self.user_agent = quoted.iter().find(|text| is_user_agent(text)).copied().unwrap_or_default();
        // Latencies and the like may stand before a message.
        while let Some((first, more)) = rest.split_first()
            && (shapes::is_missing(first) || shapes::is_decimal(first))
        {
            rest = more;
        }
        let words =
            rest.first().and_then(|first| text.get(range_in(text, first)?.start..)).unwrap_or_default();
        let message = match (unquoted(words), quoted.as_slice()) {
            (Some(message), _) | (None, &[message]) if quoted.len() < 2 && self.user_agent.is_empty() => {
                message
            }
            (None, []) => words,
            _ => "",
        };
        if message.trim().contains(' ') {
            self.message = message.trim();
        }
    }
}

/// An id of API Gateway's: a number alone is a latency or a status.
fn is_own_id(text: &str) -> bool {
    shapes::is_id(text) && !shapes::is_missing(text) && !shapes::is_number(text)
}

/// `product/version`, as every browser and tool begins.
pub(super) fn is_user_agent(text: &str) -> bool {
    let Some((product, version)) = text.split_once('/') else { return false };
    !product.is_empty()
        && product.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && version.starts_with(|first: char| first.is_ascii_digit())
}
