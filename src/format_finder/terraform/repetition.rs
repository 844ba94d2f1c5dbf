//! What `count`, `for_each` and dynamic blocks repeat a block for.
//!
//! In: a block and the module around it. Out: for each repetition the names that it binds, with their values.
//! Never says that there is none: what the files leave empty, the caller may fill. Never leaves any out in silence.

use hcl_edit::structure::{Block, Body};

use super::super::choices::{Alternatives, alternatives};
use super::super::value::Value;
use super::expression::{Bound, Evaluation, pairs};
use super::module::Module;

/// So many repetitions of one block are looked at.
pub const MAX_REPETITIONS: usize = 64;

/// One repetition.
#[derive(Debug, Clone, Default)]
pub(super) struct Repetition {
    /// Its index as Terraform writes it, such as `["prod"]`; empty where it is not known.
    pub(super) index: String,
    pub(super) bound: Bound,
}

/// The repetitions of one block.
#[derive(Debug)]
pub(super) struct Repetitions<R> {
    /// Those that are looked at; never empty.
    pub(super) each: Vec<R>,
    /// Whether there are more.
    pub(super) has_more: bool,
}

impl<R: Default> Repetitions<R> {
    /// One without names where there is none that is known.
    fn new(mut each: Vec<R>, has_more: bool) -> Self {
        if each.is_empty() {
            each.push(R::default());
        }
        Self { each, has_more }
    }
}

/// The repetitions of a resource or a module.
pub(super) fn of_resource(body: &Body, module: &Module<'_>, around: &Bound) -> Repetitions<Repetition> {
    let object = |name: &str, members: Vec<(&str, Value)>| {
        let members = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        vec![(name.to_owned(), Value::Object(members))]
    };
    if let Some(each) = body.get_attribute("for_each") {
        let of = |(key, value): (Value, Value)| {
            // The elements of a set are their own keys.
            let key = if matches!(key, Value::Number(_)) { value.clone() } else { key };
            let index = key.text().map(|key| format!("[{key:?}]")).unwrap_or_default();
            Repetition { index, bound: object("each", vec![("key", key), ("value", value)]) }
        };
        let values =
            alternatives(|choices| Evaluation::new(module, choices, around.clone()).value(&each.value));
        let (elements, has_more) = different(values);
        Repetitions::new(elements.into_iter().map(of).collect(), has_more)
    } else if let Some(count) = body.get_attribute("count") {
        let counts =
            alternatives(|choices| Evaluation::new(module, choices, around.clone()).value(&count.value));
        let of = |place: usize| {
            let index = Value::Number(place.to_string());
            Repetition { index: format!("[{place}]"), bound: object("count", vec![("index", index)]) }
        };
        let known = counts.found.iter().filter_map(|(count, _)| count.text()?.parse::<usize>().ok());
        let count = known.max().unwrap_or_default();
        let has_more = counts.has_more || count > MAX_REPETITIONS;
        Repetitions::new((0..count.min(MAX_REPETITIONS)).map(of).collect(), has_more)
    } else {
        Repetitions::new(Vec::new(), false)
    }
}

/// The repetitions of a dynamic block.
pub(super) fn of_dynamic(
    name: &str,
    block: &Block,
    module: &Module<'_>,
    around: &Bound,
) -> Repetitions<Bound> {
    let Some(each) = block.body.get_attribute("for_each") else {
        return Repetitions::new(Vec::new(), false);
    };
    let iterator = block.body.get_attribute("iterator").map(|iterator| iterator.value.to_string());
    let name = iterator.as_deref().map_or(name, str::trim);
    let values = alternatives(|choices| Evaluation::new(module, choices, around.clone()).value(&each.value));
    let of = |(key, value)| {
        let element = Value::Object(vec![("key".to_owned(), key), ("value".to_owned(), value)]);
        vec![(name.to_owned(), element)]
    };
    let (elements, has_more) = different(values);
    Repetitions::new(elements.into_iter().map(of).collect(), has_more)
}

/// The elements of the collections, each once, and whether there are more of them.
fn different(values: Alternatives<Value>) -> (Vec<(Value, Value)>, bool) {
    let mut elements: Vec<(Value, Value)> = Vec::new();
    for element in values.found.into_iter().filter_map(|(value, _)| pairs(value)).flatten() {
        if elements.contains(&element) {
            continue;
        }
        if elements.len() == MAX_REPETITIONS {
            return (elements, true);
        }
        elements.push(element);
    }
    (elements, values.has_more)
}
