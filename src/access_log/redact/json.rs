//! A line of JSON in, the places and values of the named fields out.
//!
//! It never misses a field for the way it is written: keys may hold escapes and stand twice, values may be of any
//! type, and a string may itself hold JSON.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::mask::{self, Found};
use super::names::Names;
use crate::access_log::line_formats::range_in;

/// How many times JSON within a string within JSON is looked into.
const MAX_EMBEDDED: usize = 4;

/// The line's value, `None` where the line is no JSON.
pub(super) fn parse(line: &str) -> Option<&RawValue> {
    serde_json::from_str(line).ok()
}

/// What is to go from the line; `None` where that is not certain.
pub(super) fn find(line: &str, value: &RawValue, names: &Names) -> Option<Found> {
    let mut search =
        Search { line, names, embedded: 0, keys: Vec::new(), found: Found::default(), rest: Vec::new() };
    search.value(value)?;
    Some(search.finish())
}

/// The scalars of a value: what they say, and as they are written.
pub(super) fn scalars(value: &RawValue) -> Vec<String> {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'{') => members(raw).iter().flat_map(|(_, value)| scalars(value)).collect(),
        Some(b'[') => items(raw).into_iter().flat_map(scalars).collect(),
        Some(b'"') => said(raw).into_iter().chain(between_quotes(raw).map(str::to_owned)).collect(),
        Some(b't' | b'f' | b'n') => Vec::new(),
        _ => vec![raw.to_owned()],
    }
}

struct Search<'l, 'n> {
    line: &'l str,
    names: &'n Names,
    embedded: usize,
    /// The way down to where we are.
    keys: Vec<String>,
    found: Found,
    /// Keys and scalars that are not masked for their name, and what they say, where that can be known.
    rest: Vec<(Range<usize>, Option<String>)>,
}

impl<'l> Search<'l, '_> {
    fn value(&mut self, value: &'l RawValue) -> Option<()> {
        let raw = value.get();
        match raw.as_bytes().first() {
            Some(b'{') => members(raw).into_iter().try_for_each(|(key, value)| self.member(key, value)),
            Some(b'[') => items(raw).into_iter().try_for_each(|item| self.value(item)),
            Some(b'"') => self.string(raw),
            _ => {
                self.rest.push((range_in(self.line, raw)?, Some(raw.to_owned())));
                Some(())
            }
        }
    }

    fn member(&mut self, key: &'l RawValue, value: &'l RawValue) -> Option<()> {
        let said = said(key.get())?;
        self.rest.push((range_in(self.line, key.get())?, Some(said.clone())));
        self.keys.push(said);
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        if self.names.hold(&keys) {
            self.found.masks.push((range_in(self.line, value.get())?, mask::QUOTED));
            self.found.secrets.extend(scalars(value));
        } else {
            self.value(value)?;
        }
        self.keys.pop();
        Some(())
    }

    /// A string may hold JSON with the named fields in it: it is masked whole.
    fn string(&mut self, raw: &str) -> Option<()> {
        let range = range_in(self.line, raw)?;
        let said = said(raw);
        let embedded =
            said.as_deref().filter(|text| self.embedded < MAX_EMBEDDED && text.contains(['{', '[']));
        if let Some((text, value)) = embedded.and_then(|text| Some((text, parse(text)?))) {
            let keys = self.keys.clone();
            let (names, embedded) = (self.names, self.embedded + 1);
            let mut inner =
                Search { line: text, names, embedded, keys, found: Found::default(), rest: Vec::new() };
            inner.value(value)?;
            if !inner.found.masks.is_empty() {
                self.found.masks.push((range, mask::QUOTED));
                self.found.secrets.extend(inner.found.secrets);
                return Some(());
            }
        }
        self.rest.push((range, said));
        Some(())
    }

    /// What holds a value that is to go and cannot be cut out of the text by itself goes whole.
    fn finish(mut self) -> Found {
        let secrets = self.found.long_secrets();
        let holds_secret = |said: &Option<String>| {
            said.as_deref().is_none_or(|said| secrets.iter().any(|secret| said.contains(secret)))
        };
        let is_plain = |range: &Range<usize>| {
            self.line.get(range.clone()).is_some_and(|raw| raw.starts_with('"') && !raw.contains('\\'))
        };
        let whole = self
            .rest
            .into_iter()
            .filter(|(range, said)| !secrets.is_empty() && holds_secret(said) && !is_plain(range));
        let whole: Vec<_> = whole.map(|(range, _)| (range, mask::QUOTED)).collect();
        self.found.masks.extend(whole);
        self.found
    }
}

/// What a JSON string says; `None` for half of a surrogate pair, which says nothing.
fn said(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

fn between_quotes(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

fn members(raw: &str) -> Vec<(&RawValue, &RawValue)> {
    serde_json::from_str(raw).map(|Members(members)| members).unwrap_or_default()
}

fn items(raw: &str) -> Vec<&RawValue> {
    serde_json::from_str(raw).unwrap_or_default()
}

/// Every member of an object, also those whose keys stand twice.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EachMember;

        impl<'de> Visitor<'de> for EachMember {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = entries.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(EachMember)
    }
}
