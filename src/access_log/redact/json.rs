//! A line of JSON in, the places and values of the named fields out.
//!
//! It never misses a field for the way it is written: keys may hold escapes and stand twice, values may be of any
//! type, and a string may itself hold JSON.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::mask::{self, Found};
use super::names::Names;
use super::secrets::names::is_value;
use super::secrets::{self, Shape};
use super::{MASK, Redacted};
use crate::access_log::text_formats::range_in;

/// How many times JSON within a string within JSON is looked into.
const MAX_EMBEDDED: usize = 4;

/// The line's value, `None` where the line is no JSON.
pub(super) fn parse(line: &str) -> Option<&RawValue> {
    serde_json::from_str(line).ok()
}

/// What is to go from the line; `None` where that is not certain.
pub(super) fn find(line: &str, value: &RawValue, names: &Names) -> Option<Found> {
    let mut search = Search { line, ..Search::default_of(names) };
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
    /// A field that the operator named was found.
    is_named: bool,
    /// Keys and scalars that are not masked for their name, and what they say, where that can be known.
    rest: Vec<(Range<usize>, Option<String>)>,
}

impl<'l, 'n> Search<'l, 'n> {
    fn default_of(names: &'n Names) -> Self {
        let (line, embedded, keys) = ("", 0, Vec::new());
        Self { line, names, embedded, keys, found: Found::default(), is_named: false, rest: Vec::new() }
    }

    fn value(&mut self, value: &'l RawValue) -> Option<()> {
        let raw = value.get();
        match raw.as_bytes().first() {
            Some(b'{') => {
                let members = members(raw);
                let header = self.header(&members);
                members.into_iter().try_for_each(|(key, value)| self.member(key, value, header.as_deref()))
            }
            Some(b'[') if self.lists_headers() => self.headers(&items(raw)),
            Some(b'[') => items(raw).into_iter().try_for_each(|item| self.value(item)),
            Some(b'"') => self.string(raw),
            _ => {
                self.rest.push((range_in(self.line, raw)?, Some(raw.to_owned())));
                Some(())
            }
        }
    }

    /// The name in `{"name":"Cookie","value":"…"}`, where it is that of a secret.
    fn header(&self, members: &[(&RawValue, &RawValue)]) -> Option<String> {
        let has_value = members.iter().any(|(key, _)| said(key.get()).is_some_and(|key| is_value(&key)));
        let mut names = members.iter().filter(|_| has_value).filter_map(|(_, value)| said(value.get()));
        names.find(|name| self.names.hold_secret(name))
    }

    /// Whether the array at hand lists names of headers and their values by turns.
    fn lists_headers(&self) -> bool {
        self.keys.last().is_some_and(|key| key.to_lowercase().ends_with("headers"))
    }

    fn headers(&mut self, items: &[&'l RawValue]) -> Option<()> {
        for pair in items.chunks(2) {
            match pair {
                [name, value] if said(name.get()).is_some_and(|name| self.names.hold_secret(&name)) => {
                    self.value(name)?;
                    self.secret(range_in(self.line, value.get())?, value);
                }
                _ => pair.iter().try_for_each(|item| self.value(item))?,
            }
        }
        Some(())
    }

    /// `header` is the name of what stands as a value here.
    fn member(&mut self, key: &'l RawValue, value: &'l RawValue, header: Option<&str>) -> Option<()> {
        let said = said(key.get())?;
        let is_secret = self.names.hold_secret(&said) || header.is_some() && is_value(&said);
        self.rest.push((range_in(self.line, key.get())?, Some(said.clone())));
        self.keys.push(said);
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let is_query = keys.last().is_some_and(|key| self.names.hold_query(key));
        let range = range_in(self.line, value.get())?;
        if self.names.hold(&keys) {
            self.is_named = true;
            self.found.masks.push((range, mask::QUOTED.into()));
            self.found.secrets.extend(scalars(value));
        } else if is_secret {
            self.secret(range, value);
        } else if is_query {
            self.query(range, value)?;
        } else {
            self.value(value)?;
        }
        self.keys.pop();
        Some(())
    }

    /// The value of a secret; that there is none is none.
    fn secret(&mut self, range: Range<usize>, value: &RawValue) {
        let said = scalars(value);
        if said.iter().all(|said| matches!(said.trim(), "" | "-" | "null" | "undefined")) {
            return;
        }
        self.found.masks.push((range, mask::QUOTED.into()));
        let parts = said.iter().flat_map(|said| secrets::sent_with_name(said));
        self.found.secrets.extend(parts.map(str::to_owned));
    }

    /// A query string, or an object of its parameters: the names stay.
    fn query(&mut self, range: Range<usize>, value: &'l RawValue) -> Option<()> {
        let raw = value.get();
        match raw.as_bytes().first() {
            Some(b'{') => members(raw).into_iter().try_for_each(|(key, value)| {
                self.rest.push((range_in(self.line, key.get())?, Some(said(key.get())?)));
                self.query(range_in(self.line, value.get())?, value)
            }),
            Some(b'"') => {
                let said = said(raw)?;
                // A parameter's value by itself, or parameters with their names.
                let masked = match secrets::mask(&said, Shape::Query) {
                    Cow::Owned(masked) if said.contains('=') => masked,
                    _ if matches!(said.as_str(), "" | "-") => return Some(()),
                    _ => MASK.to_owned(),
                };
                let values = secrets::opaque_values_of_query(&said);
                self.found.secrets.extend(values.map(str::to_owned));
                self.found.masks.push((range, written(&masked)));
                Some(())
            }
            _ if matches!(raw, "null" | "true" | "false") => Some(()),
            _ => {
                self.found.masks.push((range, mask::QUOTED.into()));
                Some(())
            }
        }
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
            let mut inner = Search { line: text, names, embedded, keys, ..Search::default_of(names) };
            inner.value(value)?;
            let is_named = inner.is_named;
            let inner = inner.finish();
            if !inner.masks.is_empty() {
                self.is_named |= is_named;
                self.found.secrets.extend(inner.secrets.iter().cloned());
                let masked = match mask::apply(text, inner) {
                    Redacted::Whole(masked) if !is_named => written(&masked),
                    _ => mask::QUOTED.into(),
                };
                self.found.masks.push((range, masked));
                return Some(());
            }
        }
        self.rest.push((range, said));
        Some(())
    }

    /// What holds a value that is to go and cannot be cut out of the text by itself goes whole.
    fn finish(mut self) -> Found {
        if self.names.masks_secrets() {
            for (range, said) in &self.rest {
                let Some(said) = said else { continue };
                if let Cow::Owned(masked) = secrets::mask(said, Shape::of(said)) {
                    self.found.secrets.extend(secrets::sent(said).map(str::to_owned));
                    self.found.masks.push((range.clone(), written(&masked)));
                }
            }
        }
        let secrets = self.found.long_secrets();
        if secrets.len() > mask::MAX_SECRETS {
            // It is withheld.
            return self.found;
        }
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
        let whole: Vec<_> = whole.map(|(range, _)| (range, mask::QUOTED.into())).collect();
        self.found.masks.extend(whole);
        self.found
    }
}

/// A text as a JSON string.
fn written(text: &str) -> Cow<'static, str> {
    serde_json::Value::from(text).to_string().into()
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
