//! Reads JSON into a tree.
//!
//! In: text. Out: a [`Node`] with the line of each value, or the first fault with its line.
//! Never reads JSON as YAML, which refuses long keys and pairs of surrogates.

use std::rc::Rc;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Fault;
use super::node::{Content, MAX_DEPTH, Member, Node, Scalar};

/// The document that `text` is.
pub(super) fn parse(text: &str) -> Result<Rc<Node>, Fault> {
    let root: &RawValue = serde_json::from_str(text).map_err(|error| fault(&error))?;
    let mut lines = Lines { text, offset: 0, line: 1 };
    node(root, &mut lines, MAX_DEPTH)
}

fn fault(error: &serde_json::Error) -> Fault {
    let words = error.to_string();
    let what = words.split(" at line ").next().unwrap_or_default();
    let problem = format!("not valid JSON: {what}; correct it (`jq . FILE` reports it too)");
    Fault::at(error.line(), Some(error.column()), problem)
}

/// Counts line ends up to the value that was reached.
struct Lines<'t> {
    text: &'t str,
    offset: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of a piece of the text; pieces come in order.
    fn of(&mut self, piece: &str) -> usize {
        let offset = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let between = self.text.as_bytes().get(self.offset..offset).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count();
        self.offset = offset.max(self.offset);
        self.line
    }
}

fn node(raw: &RawValue, lines: &mut Lines<'_>, depth: usize) -> Result<Rc<Node>, Fault> {
    let text = raw.get();
    let line = lines.of(text);
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Fault::too_deep(line, MAX_DEPTH));
    };
    let here = |_| Fault::at(line, None, "not valid JSON; correct it (`jq . FILE` reports it too)");
    let content = match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(here)?;
            let members = members.into_iter().map(|(key, raw)| {
                let value = node(raw, lines, depth)?;
                Ok(Member { key, line: value.line, value })
            });
            Content::Map(members.collect::<Result<_, Fault>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(here)?;
            let items = items.into_iter().map(|raw| node(raw, lines, depth));
            Content::List(items.collect::<Result<_, Fault>>()?)
        }
        Some(b'"') => {
            Content::Scalar(Scalar { text: serde_json::from_str(text).map_err(here)?, quoted: true })
        }
        _ => Content::Scalar(Scalar { text: text.to_owned(), quoted: false }),
    };
    Ok(Rc::new(Node { line, height: 0, tag: None, content }))
}

/// The members of an object in their order, keys that come twice too.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_lines() {
        let root = parse("{\n \"b\": [1,\n  \"x\\u00e9\"],\n \"a\": {\"c\": null}}").unwrap();
        let keys: Vec<(&str, usize)> = root.members().iter().map(|m| (m.key.as_str(), m.line)).collect();
        assert_eq!(keys, [("b", 2), ("a", 4)]);
        let item = &root.get("b").unwrap().items()[1];
        assert_eq!((item.scalar(), item.line), (Some("xé"), 3));
    }

    #[test]
    fn what_is_no_json_is_a_fault_with_its_line() {
        let fault = parse("{\n\"a\": 1,\n}").unwrap_err();
        assert_eq!((fault.line, fault.problem.starts_with("not valid JSON: ")), (Some(3), true), "{fault:?}");
        assert!(parse(&"[".repeat(100_000)).is_err());
        let deep = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(parse(&deep).is_err());
    }
}
