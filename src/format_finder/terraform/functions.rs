//! The functions of Terraform that formats are written with.
//!
//! In: a name and the arguments' values. Out: the result; nothing where the function is another one or its arguments do not
//! tell. Never reads a file that was not given.

use super::super::value::{MAX_TEXT, Value, concatenated, joined};
use super::module::Module;

/// What a call comes to. `expanded`: whether the last argument is a list that stands for several (`…`).
pub(super) fn call(name: &str, mut arguments: Vec<Value>, expanded: bool) -> Option<Value> {
    if expanded {
        let Some(Value::List(last)) = arguments.pop() else { return None };
        arguments.extend(last);
    }
    let text = |place: usize| arguments.get(place)?.text();
    let first = arguments.first()?;
    match name {
        "jsonencode" => known(first)?.json().map(Value::Text),
        "jsondecode" => from_json(&serde_json::from_str(&text(0)?).ok()?),
        "trimspace" => Some(Value::Text(text(0)?.trim().to_owned())),
        "chomp" => Some(Value::Text(text(0)?.trim_end_matches(['\n', '\r']).to_owned())),
        "trim" => {
            let cutset = text(1)?;
            Some(Value::Text(text(0)?.trim_matches(|c| cutset.contains(c)).to_owned()))
        }
        "trimprefix" => {
            let (text, prefix) = (text(0)?, text(1)?);
            Some(Value::Text(text.strip_prefix(prefix.as_str()).unwrap_or(&text).to_owned()))
        }
        "trimsuffix" => {
            let (text, suffix) = (text(0)?, text(1)?);
            Some(Value::Text(text.strip_suffix(suffix.as_str()).unwrap_or(&text).to_owned()))
        }
        "replace" => replace(&text(0)?, &text(1)?, &text(2)?),
        "join" => match arguments.get(1)? {
            Value::List(items) => Some(joined(&text(0)?, items, "join")),
            _ => None,
        },
        "split" => {
            let separator = text(0).filter(|separator| !separator.is_empty())?;
            Some(Value::List(text(1)?.split(&separator).map(|part| Value::Text(part.to_owned())).collect()))
        }
        "format" => format(&text(0)?, arguments.get(1..)?),
        "lower" => Some(Value::Text(text(0)?.to_lowercase())),
        "upper" => Some(Value::Text(text(0)?.to_uppercase())),
        "tostring" | "sensitive" | "nonsensitive" | "tolist" | "toset" | "tomap" => Some(first.clone()),
        // A variable without a default is what the caller may give: the fallback is judged.
        "coalesce" => {
            let given = |value: &&Value| !matches!(value, Value::Null) && **value != empty();
            let known = |value: &&Value| given(value) && !matches!(value, Value::Unknown(_));
            arguments.iter().find(known).or_else(|| arguments.iter().find(given)).cloned()
        }
        "try" => arguments.iter().find(|value| !matches!(value, Value::Unknown(_))).cloned(),
        "merge" => {
            // Each name is looked for among all others.
            const MAX_MEMBERS: usize = 1_000;
            let mut merged: Vec<(String, Value)> = Vec::new();
            for argument in &arguments {
                let Value::Object(members) = argument else { return None };
                if merged.len() + members.len() > MAX_MEMBERS {
                    return None;
                }
                for (name, value) in members {
                    merged.retain(|(known, _)| known != name);
                    merged.push((name.clone(), value.clone()));
                }
            }
            Some(Value::Object(merged))
        }
        "one" | "element" | "length" | "flatten" => of_collection(name, first, text(1)),
        "concat" => {
            let lists = arguments.into_iter().map(|argument| match argument {
                Value::List(items) => Some(items),
                _ => None,
            });
            Some(Value::List(lists.collect::<Option<Vec<_>>>()?.concat()))
        }
        "compact" => match first {
            Value::List(items) => {
                let full = items.iter().filter(|item| !matches!(item, Value::Null) && **item != empty());
                Some(Value::List(full.cloned().collect()))
            }
            _ => None,
        },
        "lookup" => first.member(&text(1)?).or(arguments.get(2)).cloned(),
        "values" | "keys" => {
            let Value::Object(members) = first else { return None };
            let mut members = members.clone();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let item = |(key, value)| if name == "keys" { Value::Text(key) } else { value };
            Some(Value::List(members.into_iter().map(item).collect()))
        }
        _ => None,
    }
}

/// `file(path)` and `templatefile(path, values)` of a file that was given. In a template, what is more than the name of a
/// value stays as it is written.
pub(super) fn read(module: &Module<'_>, arguments: &[Value]) -> Option<Value> {
    let text = module.text(&arguments.first()?.text()?).filter(|text| text.len() <= MAX_TEXT)?;
    let text = text.trim_start_matches('\u{feff}');
    let Some(values) = arguments.get(1) else { return Some(Value::Text(text.to_owned())) };
    if text.contains("%{") {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        // `$${` stands for `${`.
        let literal = before.strip_suffix('$');
        parts.push(Value::Text(literal.unwrap_or(before).to_owned()));
        parts.push(match values.member(name.trim()) {
            Some(value) if literal.is_none() => value.clone(),
            _ => Value::Text(format!("${{{name}}}")),
        });
        rest = behind;
    }
    parts.push(Value::Text(rest.to_owned()));
    Some(concatenated(parts, "templatefile"))
}

/// The functions of a list or an object that give a part of it or its length. `place`: the second argument.
fn of_collection(name: &str, first: &Value, place: Option<String>) -> Option<Value> {
    match (name, first) {
        ("one", Value::List(items)) => match items.as_slice() {
            [] => Some(Value::Null),
            [only] => Some(only.clone()),
            _ => None,
        },
        ("one", single) => Some(single.clone()),
        ("element", Value::List(items)) => {
            let place: usize = place?.parse().ok()?;
            items.get(place.checked_rem(items.len())?).cloned()
        }
        ("length", Value::List(items)) => Some(Value::Number(items.len().to_string())),
        ("length", Value::Object(members)) => Some(Value::Number(members.len().to_string())),
        ("flatten", Value::List(items)) => {
            let mut flat = Vec::new();
            for item in items {
                flatten(item, &mut flat);
            }
            Some(Value::List(flat))
        }
        _ => None,
    }
}

fn flatten(value: &Value, flat: &mut Vec<Value>) {
    match value {
        Value::List(items) => {
            for item in items {
                flatten(item, flat);
            }
        }
        other => flat.push(other.clone()),
    }
}

fn empty() -> Value {
    Value::Text(String::new())
}

/// Nothing where the value as a whole is a gap: its JSON would be that of a text.
fn known(value: &Value) -> Option<&Value> {
    (!matches!(value, Value::Unknown(_))).then_some(value)
}

/// `replace`, also by a regular expression between slashes, without its groups.
fn replace(text: &str, search: &str, by: &str) -> Option<Value> {
    let replaced = match search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(expression) => {
            let regex = regex_lite::RegexBuilder::new(expression).size_limit(256 * 1024).build().ok()?;
            if by.contains('$') {
                return None;
            }
            regex.replace_all(text, regex_lite::NoExpand(by)).into_owned()
        }
        None if search.is_empty() => return None,
        None => text.replace(search, by),
    };
    (replaced.len() <= MAX_TEXT).then_some(Value::Text(replaced))
}

/// `format`, with its verbs `%s`, `%d`, `%v`, `%q` and `%%` and no others.
fn format(template: &str, arguments: &[Value]) -> Option<Value> {
    let mut arguments = arguments.iter();
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        parts.push(Value::Text(before.to_owned()));
        let verb = after.chars().next()?;
        parts.push(match verb {
            '%' => Value::Text("%".to_owned()),
            's' | 'd' => Value::Text(arguments.next()?.text()?),
            'v' => {
                let argument = arguments.next()?;
                Value::Text(argument.text().or_else(|| argument.json())?)
            }
            'q' => Value::Text(Value::Text(arguments.next()?.text()?).json()?),
            _ => return None,
        });
        rest = after.get(verb.len_utf8()..)?;
    }
    parts.push(Value::Text(rest.to_owned()));
    Some(concatenated(parts, "format"))
}

/// A value of JSON, whose nesting serde has bounded.
fn from_json(json: &serde_json::Value) -> Option<Value> {
    Some(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Number(number.to_string()),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(items) => {
            Value::List(items.iter().map(from_json).collect::<Option<Vec<_>>>()?)
        }
        serde_json::Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| Some((name.clone(), from_json(value)?)))
                .collect::<Option<Vec<_>>>()?,
        ),
    })
}
