//! What `count`, `for_each` and dynamic blocks repeat a block for.
//!
//! In: a block and the module around it. Out: for each repetition the names that it binds, with their values.
//! Never says that there is none: what the files leave empty, the caller may fill.

use hcl_edit::structure::{Block, Body};

use super::super::choices::alternatives;
use super::super::value::Value;
use super::expression::{Bound, Evaluation, pairs};
use super::module::Module;

/// So many repetitions of one block are looked at.
pub(super) const MAX_REPETITIONS: usize = 64;

/// One repetition.
#[derive(Debug, Clone, Default)]
pub(super) struct Repetition {
    /// Its index as Terraform writes it, such as `["prod"]`; empty where it is not known.
    pub(super) index: String,
    pub(super) bound: Bound,
}

/// The repetitions of a resource or a module; one without names where it has none that are known.
pub(super) fn of_resource(body: &Body, module: &Module<'_>, around: &Bound) -> Vec<Repetition> {
    let object = |name: &str, members: Vec<(&str, Value)>| {
        let members = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        vec![(name.to_owned(), Value::Object(members))]
    };
    let repetitions: Vec<Repetition> = if let Some(each) = body.get_attribute("for_each") {
        let of = |(key, value): (Value, Value)| {
            // The elements of a set are their own keys.
            let key = if matches!(key, Value::Number(_)) { value.clone() } else { key };
            let index = key.text().map(|key| format!("[{key:?}]")).unwrap_or_default();
            Repetition { index, bound: object("each", vec![("key", key), ("value", value)]) }
        };
        let values =
            alternatives(|choices| Evaluation::new(module, choices, around.clone()).value(&each.value));
        different(values).into_iter().map(of).collect()
    } else if let Some(count) = body.get_attribute("count") {
        let counts =
            alternatives(|choices| Evaluation::new(module, choices, around.clone()).value(&count.value));
        let count = counts.iter().filter_map(|(count, _)| count.text()?.parse::<usize>().ok()).max();
        let of = |place: usize| {
            let index = Value::Number(place.to_string());
            Repetition { index: format!("[{place}]"), bound: object("count", vec![("index", index)]) }
        };
        (0..count.unwrap_or_default().min(MAX_REPETITIONS)).map(of).collect()
    } else {
        Vec::new()
    };
    if repetitions.is_empty() { vec![Repetition::default()] } else { repetitions }
}

/// The repetitions of a dynamic block.
pub(super) fn of_dynamic(name: &str, block: &Block, module: &Module<'_>, around: &Bound) -> Vec<Bound> {
    let Some(each) = block.body.get_attribute("for_each") else { return vec![Bound::new()] };
    let iterator = block.body.get_attribute("iterator").map(|iterator| iterator.value.to_string());
    let name = iterator.as_deref().map_or(name, str::trim);
    let values = alternatives(|choices| Evaluation::new(module, choices, around.clone()).value(&each.value));
    let of = |(key, value)| {
        let element = Value::Object(vec![("key".to_owned(), key), ("value".to_owned(), value)]);
        vec![(name.to_owned(), element)]
    };
    let repetitions: Vec<Bound> = different(values).into_iter().map(of).collect();
    if repetitions.is_empty() { vec![Bound::new()] } else { repetitions }
}

/// The elements of the collections, each once.
fn different(values: Vec<(Value, String)>) -> Vec<(Value, Value)> {
    let mut elements: Vec<(Value, Value)> = Vec::new();
    for element in values.into_iter().filter_map(|(value, _)| pairs(value)).flatten() {
        if elements.len() < MAX_REPETITIONS && !elements.contains(&element) {
            elements.push(element);
        }
    }
    elements
}
