//! Finds the values that a pattern asks for in an event, in one pass over its text.
//!
//! In: the selectors of a pattern, once; an event's text, many times. Out: for each selector the values found, as
//! slices of the event. Never builds a tree of the event, and never matches an event that is not one JSON object.
//! Where a name stands twice in an object, the last one counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::selector::{Selector, Step};
use crate::access_log::fast_path::Member;

/// The selectors of a pattern as one tree, so that shared beginnings are followed once.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookup {
    selectors: Vec<Selector>,
    root: Node,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// The selector that ends here, by its place among the selectors.
    selector: Option<usize>,
    keys: BTreeMap<String, Node>,
    indexes: BTreeMap<usize, Node>,
    every: Option<Box<Node>>,
}

impl Lookup {
    /// Adds a selector, or finds it; gives its place.
    pub(super) fn add(&mut self, selector: Selector) -> usize {
        let mut node = &mut self.root;
        for step in &selector.steps {
            node = match step {
                Step::Key(key) => node.keys.entry(key.clone()).or_default(),
                Step::Index(index) => node.indexes.entry(*index).or_default(),
                Step::Every => node.every.get_or_insert_default(),
            };
        }
        *node.selector.get_or_insert_with(|| {
            self.selectors.push(selector);
            self.selectors.len() - 1
        })
    }

    pub(super) fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    pub(super) fn selector(&self, place: usize) -> Option<&Selector> {
        self.selectors.get(place)
    }

    /// The values that the selectors find in `event`; nothing if it is not one JSON object.
    pub(super) fn find<'e>(&self, event: &'e str) -> Option<Found<'e>> {
        // `serde_json` writes the text of an error first: for a log in another format one for each line.
        if !event.trim_start().starts_with('{') {
            return None;
        }
        let mut json = serde_json::Deserializer::from_str(event);
        let children = json.deserialize_map(Children(&self.root)).ok()?;
        json.end().ok()?;
        let mut found = Found(Vec::new());
        for (node, text) in children {
            node.collect(text, &mut found);
        }
        Some(found)
    }
}

impl Node {
    fn collect<'e>(&self, text: &'e str, found: &mut Found<'e>) {
        if let Some(selector) = self.selector {
            found.0.push((selector, text));
        }
        let is_container = text.starts_with(['{', '[']);
        if !is_container || (self.keys.is_empty() && self.indexes.is_empty() && self.every.is_none()) {
            return;
        }
        // The text was checked as part of the event, so that this cannot fail.
        let children =
            serde_json::Deserializer::from_str(text).deserialize_any(Children(self)).unwrap_or_default();
        for (node, text) in children {
            node.collect(text, found);
        }
    }
}

/// The values found in one event: the selector's place, and the value's text in the event.
#[derive(Debug)]
pub(super) struct Found<'e>(Vec<(usize, &'e str)>);

impl<'e> Found<'e> {
    /// The values that one selector found; more than one only with a wildcard.
    pub(super) fn values(&self, selector: usize) -> impl Iterator<Item = Value<'e>> + '_ {
        self.0.iter().filter(move |(place, _)| *place == selector).map(|(_, text)| Value::of(text))
    }
}

/// A value of an event. Numbers keep their spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'e> {
    Text(Cow<'e, str>),
    Number(&'e str),
    Boolean(bool),
    Null,
    /// The whole array, as text.
    Array(&'e str),
    Object,
}

impl<'e> Value<'e> {
    /// Reads the text of one JSON value.
    fn of(text: &'e str) -> Self {
        match text.bytes().next() {
            Some(b'"') => {
                let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
                if inner.contains('\\') {
                    // A lone surrogate is valid in JSON and no text; its spelling stands in for it.
                    Self::Text(serde_json::from_str(text).map_or(Cow::Borrowed(inner), Cow::Owned))
                } else {
                    Self::Text(Cow::Borrowed(inner))
                }
            }
            Some(b't') => Self::Boolean(true),
            Some(b'f') => Self::Boolean(false),
            Some(b'n') => Self::Null,
            Some(b'[') => Self::Array(text),
            Some(b'{') => Self::Object,
            _ => Self::Number(text),
        }
    }

    /// A member of a recognised line.
    pub(super) fn of_member(member: Member<'e>) -> Self {
        match member {
            Member::Text(text) => Self::Text(Cow::Borrowed(text)),
            Member::Bare("null") => Self::Null,
            Member::Bare("true") => Self::Boolean(true),
            Member::Bare("false") => Self::Boolean(false),
            Member::Bare(number) => Self::Number(number),
            Member::Object => Self::Object,
        }
    }

    /// Whether this is an array with a null in it.
    pub(super) fn holds_null(&self) -> bool {
        let Self::Array(text) = self else { return false };
        serde_json::from_str::<Vec<&RawValue>>(text)
            .is_ok_and(|items| items.iter().any(|item| item.get() == "null"))
    }
}

/// Picks from one object or array the values that a node's children ask for.
struct Children<'n>(&'n Node);

type Picked<'n, 'de> = Vec<(&'n Node, &'de str)>;

impl<'de, 'n> Visitor<'de> for Children<'n> {
    type Value = Picked<'n, 'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut picked: Picked<'n, 'de> = Vec::new();
        let Some(every) = self.0.every.as_deref() else {
            while let Some(node) = members.next_key_seed(Name(&self.0.keys))? {
                match node {
                    Some(node) => put(&mut picked, node, members.next_value::<&'de RawValue>()?.get()),
                    None => drop(members.next_value::<IgnoredAny>()?),
                }
            }
            return Ok(picked);
        };
        let mut all: BTreeMap<String, &'de str> = BTreeMap::new();
        while let Some((name, value)) = members.next_entry::<String, &'de RawValue>()? {
            if let Some(node) = self.0.keys.get(&name) {
                put(&mut picked, node, value.get());
            }
            all.insert(name, value.get());
        }
        picked.extend(all.into_values().map(|text| (every, text)));
        Ok(picked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut picked: Picked<'n, 'de> = Vec::new();
        let mut index = 0;
        while let Some(element) = elements.next_element::<&'de RawValue>()? {
            let wanted = self.0.indexes.get(&index).into_iter().chain(self.0.every.as_deref());
            picked.extend(wanted.map(|node| (node, element.get())));
            index += 1;
        }
        Ok(picked)
    }
}

/// Notes what a node found; of a repeated name the last value replaces the others.
fn put<'n, 'de>(picked: &mut Picked<'n, 'de>, node: &'n Node, text: &'de str) {
    match picked.iter_mut().find(|(known, _)| std::ptr::eq(*known, node)) {
        Some((_, last)) => *last = text,
        None => picked.push((node, text)),
    }
}

/// Reads a member's name without keeping it: the node that asks for it, if one does.
struct Name<'n>(&'n BTreeMap<String, Node>);

impl<'de, 'n> DeserializeSeed<'de> for Name<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Name<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.get(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cursor::Cursor;
    use super::*;

    fn found<'e>(selector: &str, event: &'e str) -> Vec<Value<'e>> {
        let mut lookup = Lookup::default();
        let place = lookup.add(Selector::parse(&mut Cursor::new(selector)).unwrap());
        lookup.find(event).unwrap().values(place).collect()
    }

    fn text(text: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(text))
    }

    #[test]
    fn every_type_of_value_is_found_where_it_stands() {
        let event = r#" {"a":{"b":[10,"x",[true,null]]},"c":-1.50e3,"d":"q\"\u00e9","e":{},"f":[]} "#;
        assert_eq!(found("$.a.b[1]", event), [text("x")]);
        assert_eq!(found("$.a.b[2][0]", event), [Value::Boolean(true)]);
        assert_eq!(found("$.a.b[2][1]", event), [Value::Null]);
        assert_eq!(found("$.c", event), [Value::Number("-1.50e3")]);
        assert_eq!(found("$.d", event), [text("q\"\u{e9}")]);
        assert_eq!(found("$.e", event), [Value::Object]);
        assert_eq!(found("$.f", event), [Value::Array("[]")]);
        for missing in ["$.x", "$.a.x", "$.a.b[9]", "$.a[0]", "$.c.d", "$.c[0]", "$.a.b.c", "$.f[0]"] {
            assert_eq!(found(missing, event), [], "{missing}");
        }
    }

    #[test]
    fn a_wildcard_finds_elements_and_members() {
        assert_eq!(found("$.a[*]", r#"{"a":[1,"x"]}"#), [Value::Number("1"), text("x")]);
        assert_eq!(found("$.a[*]", r#"{"a":{"0":"x","k":2}}"#), [text("x"), Value::Number("2")]);
        assert_eq!(found("$.*", r#"{"a":1,"b":"x"}"#), [Value::Number("1"), text("x")]);
        assert_eq!(
            found("$.a[*].id", r#"{"a":[{"id":1},{"x":2},3,{"id":4}]}"#),
            [Value::Number("1"), Value::Number("4")]
        );
        assert_eq!(found("$.a[*]", r#"{"a":"x"}"#), []);
    }

    #[test]
    fn of_a_repeated_name_the_last_counts_with_all_that_is_in_it() {
        assert_eq!(found("$.v", r#"{"v":1,"v":2}"#), [Value::Number("2")]);
        assert_eq!(found("$.*", r#"{"v":1,"w":3,"v":2}"#), [Value::Number("2"), Value::Number("3")]);
        assert_eq!(found("$.v.a", r#"{"v":{"a":1},"v":{}}"#), []);
        assert_eq!(found("$.v", r#"{"v":1,"\u0076":2}"#), [Value::Number("2")]);
    }

    #[test]
    fn selectors_with_a_common_beginning_are_found_together() {
        let mut lookup = Lookup::default();
        let mut add = |text: &str| lookup.add(Selector::parse(&mut Cursor::new(text)).unwrap());
        let (whole, first, any, again) = (add("$.a"), add("$.a[0]"), add("$.a[*]"), add("$.a[0]"));
        assert_eq!(first, again);
        let found = lookup.find(r#"{"a":[7,8]}"#).unwrap();
        assert_eq!(found.values(whole).count(), 1);
        assert_eq!(found.values(first).collect::<Vec<_>>(), [Value::Number("7")]);
        assert_eq!(found.values(any).count(), 2);
    }

    #[test]
    fn only_one_json_object_is_an_event() {
        let lookup = Lookup::default();
        for event in ["{}", " {\"a\":1}\n", r#"{"a":[{"b":{}}]}"#] {
            assert!(lookup.find(event).is_some(), "{event}");
        }
        for event in
            ["", "{", "{}x", "{}{}", "[{}]", "1", "\"{}\"", "null", "{\"a\":-}", "{'a':1}", "{\"a\":01}"]
        {
            assert!(lookup.find(event).is_none(), "{event}");
        }
    }

    #[test]
    fn deep_nesting_is_read_without_recursion() {
        let deep = format!("{{\"a\":{}{},\"s\":1}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(found("$.s", &deep), [Value::Number("1")]);
    }

    fn json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i32>().prop_map(serde_json::Value::from),
            "[a\"\\\\é ]{0,4}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(depth, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[abc]", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_is_found_exactly_where_a_tree_of_the_event_has_it(
            value in json(4),
            path in prop::collection::vec(prop_oneof!["[abc]".prop_map(Err), (0_usize..3).prop_map(Ok)], 0..4),
        ) {
            let event = serde_json::json!({ "r": value });
            // A JSON pointer reads digits as an index and names as a member, just as the selectors do here.
            let steps = |index: &dyn Fn(&usize) -> String, name: &dyn Fn(&String) -> String| -> String {
                path.iter().map(|step| step.as_ref().map_or_else(name, index)).collect()
            };
            let pointer = format!("/r{}", steps(&|index| format!("/{index}"), &|name| format!("/{name}")));
            let selector = format!("$.r{}", steps(&|index| format!("[{index}]"), &|name| format!(".{name}")));
            let event_text = event.to_string();
            let found = found(&selector, &event_text);
            match event.pointer(&pointer) {
                None => prop_assert_eq!(found, []),
                Some(serde_json::Value::Null) => prop_assert_eq!(found, [Value::Null]),
                Some(serde_json::Value::Bool(b)) => prop_assert_eq!(found, [Value::Boolean(*b)]),
                Some(serde_json::Value::Number(n)) => prop_assert_eq!(found, [Value::Number(&n.to_string())]),
                Some(serde_json::Value::String(s)) => prop_assert_eq!(found, [text(s)]),
                Some(serde_json::Value::Array(a)) => {
                    prop_assert_eq!(found, [Value::Array(&serde_json::to_string(a).unwrap())]);
                }
                Some(serde_json::Value::Object(_)) => prop_assert_eq!(found, [Value::Object]),
            }
        }
    }
}
