//! Reads a rules document into rules, or into every fault that it has.
//!
//! It never stops at the first fault, and never takes a document of which it did not understand every key.

use super::document::Value;
use super::fault::{Fault, Place, Problem, RuleId, RulesError, quoted};
use super::reach::Unreachable;
use super::rule_reader::{self, Named};
use super::{Rules, reach};

/// Room for [`MAX_RULES`] rules of some length; a Lambda's whole environment holds 4 KB, an SSM parameter 8 KB.
const MAX_DOCUMENT_BYTES: usize = 65_536;

/// Each rule is held against each error line, and each rule with `count` is a metric of its own.
const MAX_RULES: usize = 100;

const RULES: &str = "rules";

/// See [`Rules::parse`].
pub(super) fn rules(text: &str) -> Result<Rules, RulesError> {
    let mut faults = Vec::new();
    let list = document(text).and_then(|entries| rule_list(entries, &mut faults));
    let list = match list {
        Ok(list) => list,
        Err(problem) => {
            faults.push(Fault { place: Place::Document, problem });
            Vec::new()
        }
    };
    let mut named = Named::default();
    let mut rules = Vec::new();
    for (number, value) in (1..).zip(&list) {
        rules.extend(rule_reader::rule(number, value, &mut named, &mut faults));
    }
    let conditions: Vec<_> = rules.iter().map(|rule| &rule.conditions).collect();
    for Unreachable { at, takers } in reach::unreachable(&conditions) {
        let takers: Vec<&str> =
            takers.iter().filter_map(|taker| Some(rules.get(*taker)?.name.as_str())).collect();
        if let Some(rule) = rules.get(at) {
            let place = Place::Rule(RuleId::Name(rule.name.clone()));
            let problem = match takers.as_slice() {
                [] => Problem::Contradiction,
                takers => Problem::Unreachable(take_its_lines(takers)),
            };
            faults.push(Fault { place, problem });
        }
    }
    if faults.is_empty() { Ok(Rules { rules }) } else { Err(RulesError::new(faults)) }
}

/// The entries of the top-level object.
fn document(text: &str) -> Result<Vec<(String, Value)>, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::Empty);
    }
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(Problem::TooLarge { bytes: text.len(), limit: MAX_DOCUMENT_BYTES });
    }
    match serde_json::from_str(text).map_err(|error| Problem::NotJson(error.to_string()))? {
        Value::Object(entries) => Ok(entries),
        Value::List(_) => Err(Problem::BareList),
        other => Err(Problem::DocumentNotObject { found: other.kind() }),
    }
}

fn rule_list(entries: Vec<(String, Value)>, faults: &mut Vec<Fault>) -> Result<Vec<Value>, Problem> {
    let mut list = None;
    for (key, value) in entries {
        let problem = match value {
            _ if key != RULES => Problem::UnknownKey(rule_reader::closest(&key, &[RULES])),
            _ if list.is_some() => Problem::DuplicateKey,
            Value::List(items) => {
                list = Some(items);
                continue;
            }
            other => {
                list = Some(Vec::new());
                Problem::WrongType { wanted: "a list of rules", found: other.kind() }
            }
        };
        faults.push(Fault { place: Place::TopLevelKey(key), problem });
    }
    match list {
        None => Err(Problem::NoRulesKey),
        Some(list) if list.len() > MAX_RULES => {
            Err(Problem::TooManyRules { count: list.len(), limit: MAX_RULES })
        }
        Some(list) if list.is_empty() && faults.is_empty() => Err(Problem::NoRules),
        Some(list) => Ok(list),
    }
}

/// Who stands in an unreachable rule's way, in words.
fn take_its_lines(takers: &[&str]) -> String {
    const NAMED: usize = 3;
    let names: Vec<String> = takers.iter().take(NAMED).map(|name| quoted(name)).collect();
    match names.as_slice() {
        [name] => format!("rule {name} takes its lines"),
        [names @ .., last] if takers.len() <= NAMED => {
            format!("rules {} and {last} together take its lines", names.join(", "))
        }
        names => {
            let more = takers.len() - names.len();
            format!("rules {} and {more} more together take its lines", names.join(", "))
        }
    }
}
