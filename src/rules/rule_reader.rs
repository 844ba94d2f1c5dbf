//! Reads one rule from JSON, or its faults.
//!
//! It never drops a value that it does not understand: that would widen the rule in silence.

use std::borrow::Cow;

use crate::filter_pattern::FilterPattern;

use super::conditions::{Conditions, Pattern};
use super::document::Value;
use super::fault::{Fault, Place, Problem, RuleId, quoted};
use super::route::{self, Route};
use super::status_set::StatusSet;
use super::{Action, IncidentSettings, Rule, address, incident_settings, notify, to, until};
use crate::glob::Glob;
use crate::words;

/// A name is shown in a message's footer, among others.
const MAX_NAME_CHARS: usize = 80;

const NAME: &str = "name";
const STATUS: &str = "status";
const ROUTE: &str = "route";
const METHOD: &str = "method";
const RESPONSE_TYPE: &str = "response_type";
const INTEGRATION_STATUS: &str = "integration_status";
const USER_AGENT: &str = "user_agent";
const IP: &str = "ip";
const PATTERN: &str = "pattern";
const UNTIL: &str = "until";
const ACTION: &str = "action";
const COLOR: &str = "color";
const MENTION: &str = "mention";
const AT_LEAST: &str = "at_least";
const AGAIN_AFTER: &str = "again_after";
const RUNBOOK: &str = "runbook";
const TO: &str = "to";
const LOG_GROUP: &str = "log_group";

const KEYS: [&str; 18] = [
    NAME,
    STATUS,
    ROUTE,
    METHOD,
    RESPONSE_TYPE,
    INTEGRATION_STATUS,
    USER_AGENT,
    IP,
    PATTERN,
    UNTIL,
    ACTION,
    COLOR,
    MENTION,
    AT_LEAST,
    AGAIN_AFTER,
    RUNBOOK,
    TO,
    LOG_GROUP,
];

/// The names that earlier rules of the document have, and those rules' numbers.
#[derive(Debug, Default)]
pub(super) struct Named(Vec<(String, usize)>);

/// Reads the rule with this number, counted from 1; `None` where it has a fault.
pub(super) fn rule(number: usize, value: &Value, named: &mut Named, faults: &mut Vec<Fault>) -> Option<Rule> {
    let Value::Object(entries) = value else {
        let problem = Problem::RuleNotObject { found: value.kind() };
        faults.push(Fault { place: Place::Rule(RuleId::Number(number)), problem });
        return None;
    };
    let name = named.take(number, value_of(entries, NAME));
    let id = name.as_ref().map_or(RuleId::Number(number), |name| RuleId::Name(name.clone()));
    let before = faults.len();
    let mut reader = Reader { id, entries, faults };
    reader.check_keys();
    let name = reader.keep(NAME, name);
    let conditions = reader.conditions();
    let action = match value_of(entries, ACTION) {
        Some(value) => reader.keep(ACTION, text(value).and_then(action)),
        None => reader.keep(ACTION, Err(Problem::Missing("write \"notify\", \"count\" or \"ignore\""))),
    };
    let texts = |read: fn(&str) -> Result<String, Problem>| move |value: &Value| text(value).and_then(read);
    let color = reader.only_with_notify(COLOR, action, texts(notify::color));
    let mention = reader.only_with_notify(MENTION, action, texts(notify::mention));
    let to = reader.only_with_notify(TO, action, to::to).unwrap_or_default();
    let again_after = |value: &Value| text(value).and_then(incident_settings::duration);
    let incident = IncidentSettings {
        at_least: reader.only_with_notify(AT_LEAST, action, incident_settings::at_least),
        again_after_ms: reader.only_with_notify(AGAIN_AFTER, action, again_after),
        runbook: reader.only_with_notify(RUNBOOK, action, texts(incident_settings::runbook)),
    };
    let rule = Rule { name: name?, action: action?, color, mention, to, incident, conditions };
    (reader.faults.len() == before).then_some(rule)
}

/// The known key that was probably meant.
pub(super) fn closest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = |key: &str| key.replace(['_', '-', ' '], "").to_lowercase();
    let written = plain(key);
    let distance = |known: &str| strsim::damerau_levenshtein(&written, &plain(known));
    let (distance, best) = known.iter().map(|known| (distance(known), *known)).min()?;
    (distance <= best.len() / 3).then_some(best)
}

impl Named {
    /// The rule's name, from now on taken.
    fn take(&mut self, number: usize, value: Option<&Value>) -> Result<String, Problem> {
        let name =
            value.ok_or(Problem::Missing("give the rule a name, it is shown in messages and metrics"))?;
        let name = text(name)?;
        let chars = name.chars().count();
        if name.trim().is_empty() {
            return Err(Problem::NameEmpty);
        }
        if !name.chars().any(|c| !c.is_whitespace() && !c.is_control() && !words::is_invisible(c)) {
            return Err(Problem::NameInvisible);
        }
        if chars > MAX_NAME_CHARS {
            return Err(Problem::NameTooLong { chars, limit: MAX_NAME_CHARS });
        }
        if name.chars().any(char::is_control) {
            return Err(Problem::NameControl);
        }
        if let Some((_, number)) = self.0.iter().find(|(taken, _)| taken == name) {
            return Err(Problem::NameTaken { name: quoted(name), number: *number });
        }
        self.0.push((name.to_owned(), number));
        Ok(name.to_owned())
    }
}

/// The entries of one rule, and where its faults go.
struct Reader<'d> {
    id: RuleId,
    entries: &'d [(String, Value)],
    faults: &'d mut Vec<Fault>,
}

impl<'d> Reader<'d> {
    fn check_keys(&mut self) {
        let entries = self.entries;
        for (at, (key, _)) in entries.iter().enumerate() {
            if !KEYS.contains(&key.as_str()) {
                self.fault(key, Problem::UnknownKey(closest(key, &KEYS)));
            } else if entries.iter().take(at).any(|(earlier, _)| earlier == key) {
                self.fault(key, Problem::DuplicateKey);
            }
        }
    }

    fn conditions(&mut self) -> Conditions {
        Conditions {
            status: self
                .list(STATUS, status)
                .map_or_else(StatusSet::errors, |status| self.errors_of(&status)),
            integration_status: self.list(INTEGRATION_STATUS, status).map(|status| union(&status)),
            method: self.list(METHOD, |value| texts(value).and_then(method)),
            route: self.list(ROUTE, |value| texts(value).and_then(Route::parse)),
            response_type: self.list(RESPONSE_TYPE, |value| texts(value).and_then(glob)),
            user_agent: self.list(USER_AGENT, |value| texts(value).and_then(glob)),
            ip: self.list(IP, |value| texts(value).and_then(address::parse)),
            log_group: self.list(LOG_GROUP, |value| texts(value).and_then(log_group)),
            pattern: self.list(PATTERN, |value| texts(value).and_then(pattern)),
            until_ms: value_of(self.entries, UNTIL)
                .and_then(|value| self.keep(UNTIL, text(value).and_then(until::parse))),
        }
    }

    /// The part of a rule's statuses that rules ever see.
    fn errors_of(&mut self, statuses: &[StatusSet]) -> StatusSet {
        let errors = union(statuses).intersection(StatusSet::errors());
        if errors.is_empty() {
            self.fault(STATUS, Problem::StatusBelowErrors);
        }
        errors
    }

    /// A value, or a list of values; `None` where the rule has no such key, or a fault in it.
    fn list<T>(&mut self, key: &str, read: impl Fn(&Value) -> Result<T, Problem>) -> Option<Vec<T>> {
        let values = self.values(key)?;
        let mut kept = Some(Vec::with_capacity(values.len()));
        for value in values {
            match (read(value), &mut kept) {
                (Ok(value), Some(kept)) => kept.push(value),
                (Ok(_), None) => {}
                (Err(problem), _) => {
                    self.fault(key, problem);
                    kept = None;
                }
            }
        }
        kept
    }

    fn values(&mut self, key: &str) -> Option<&'d [Value]> {
        let values = match value_of(self.entries, key)? {
            Value::List(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        if values.is_empty() {
            self.fault(key, Problem::EmptyList);
            return None;
        }
        Some(values)
    }

    fn only_with_notify<T>(
        &mut self,
        key: &str,
        action: Option<Action>,
        read: impl Fn(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let value = value_of(self.entries, key)?;
        if matches!(action, Some(Action::Count | Action::Ignore)) {
            self.fault(key, Problem::OnlyWithNotify);
        }
        self.keep(key, read(value))
    }

    /// What was read; what is wrong with it goes to the faults.
    fn keep<T>(&mut self, key: &str, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.fault(key, problem)).ok()
    }

    #[inline(never)]
    fn fault(&mut self, key: &str, problem: Problem) {
        self.faults.push(Fault { place: Place::RuleKey(self.id.clone(), key.to_owned()), problem });
    }
}

fn value_of<'d>(entries: &'d [(String, Value)], key: &str) -> Option<&'d Value> {
    entries.iter().find(|(written, _)| written == key).map(|(_, value)| value)
}

fn text(value: &Value) -> Result<&str, Problem> {
    text_or(value, "a string")
}

fn texts(value: &Value) -> Result<&str, Problem> {
    text_or(value, "a string or a list of strings")
}

fn text_or<'d>(value: &'d Value, wanted: &'static str) -> Result<&'d str, Problem> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(Problem::WrongType { wanted, found: other.kind() }),
    }
}

fn status(value: &Value) -> Result<StatusSet, Problem> {
    let written = match value {
        Value::Text(text) => Cow::Borrowed(text.as_str()),
        Value::Number(number) => Cow::Owned(number.to_string()),
        other => {
            return Err(Problem::WrongType { wanted: "a status or a list of statuses", found: other.kind() });
        }
    };
    StatusSet::parse(&written).ok_or_else(|| Problem::NotStatus(quoted(&written)))
}

fn union(statuses: &[StatusSet]) -> StatusSet {
    statuses.iter().copied().fold(StatusSet::default(), StatusSet::union)
}

fn method(text: &str) -> Result<String, Problem> {
    match text {
        "" => Err(Problem::EmptyValue),
        _ if text == "*" || text.eq_ignore_ascii_case(route::ANY) => Err(Problem::EveryMethod(quoted(text))),
        _ if text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') => {
            Ok(text.to_ascii_uppercase())
        }
        _ => Err(Problem::NotMethod(quoted(text))),
    }
}

fn glob(text: &str) -> Result<Glob, Problem> {
    if text.is_empty() { Err(Problem::EmptyValue) } else { Ok(Glob::folded(text)) }
}

/// The names of log groups are the same only where their letters have the same case.
fn log_group(text: &str) -> Result<Glob, Problem> {
    if text.is_empty() { Err(Problem::EmptyValue) } else { Ok(Glob::new(text)) }
}

fn pattern(text: &str) -> Result<Pattern, Problem> {
    let filter = FilterPattern::parse(text).map_err(|error| Problem::NotPattern(quoted(text), error))?;
    Ok(Pattern { text: text.to_owned(), filter })
}

fn action(text: &str) -> Result<Action, Problem> {
    match text {
        "notify" => Ok(Action::Notify),
        "count" => Ok(Action::Count),
        "ignore" => Ok(Action::Ignore),
        _ => Err(Problem::NotAction(quoted(text))),
    }
}
