//! A line of broken JSON in, the places and values of the named fields out, or the word that they are not certain.
//!
//! Nothing tells for certain where a value in broken JSON ends. A value that stands between its quotes as JSON would
//! have it, with a key or the end behind it, is taken for what it seems to be. From any other, everything is masked up
//! to the first key from which on the rest of the line is sound, and where there is none, up to the line's end.
//! It never passes over a named field that it cannot place.

use std::ops::Range;

use serde_json::value::RawValue;

use super::mask::{self, Found, Masked};
use super::names::Names;
use super::secrets::{self, Shape};
use super::{MASK, json};
use crate::access_log::text_formats::range_in;

/// The longest key that is taken for one, in bytes.
const MAX_KEY_BYTES: usize = 128;

/// More named fields than any access log has; each may cost a walk to the line's end.
const MAX_NAMED: usize = 64;

/// What is to go from the line; `None` where that is not certain.
pub(super) fn find(line: &str, names: &Names) -> Option<Found> {
    let text = Text(line);
    let keys = text.keys();
    let objects: Vec<&str> =
        keys.iter().filter(|key| text.byte(key.value) == Some(b'{')).map(|key| key.said.as_str()).collect();
    let is_secret = |key: &Key| names.hold_secret(&key.said);
    let is_placed = |key: &&Key| names.may_hold(&objects, &key.said) || is_secret(key);
    let placed: Vec<&Key> = keys.iter().filter(is_placed).collect();
    let queries = keys.iter().filter(|key| names.hold_query(&key.said)).count();
    if placed.len() + queries > MAX_NAMED {
        return None;
    }
    let mut found = Found::default();
    if names.masks_secrets() {
        let secrets = secrets::find(line, Shape::Text);
        found.masks.extend(secrets.into_iter().map(|range| (range, MASK.into())));
        found.secrets.extend(secrets::sent(line).map(str::to_owned));
    }
    found.queries(&text, &keys, names);
    for key in &placed {
        let value = text.value(key, &keys);
        if is_secret(key) && !names.may_hold(&objects, &key.said) {
            let raw = text.get(value.range.clone()).trim_matches([' ', '"']);
            if matches!(raw, "" | "-" | "null") {
                continue;
            }
            let parts = value.secrets.iter().flat_map(|value| secrets::sent_with_name(value));
            found.secrets.extend(parts.map(str::to_owned));
            found.masks.push((value.range, mask::QUOTED.into()));
            continue;
        }
        if value.cut.is_some_and(|cut| !cut.is_empty() && text.occurs_outside(cut, &value.range)) {
            return None;
        }
        found.masks.push((value.range, mask::QUOTED.into()));
        found.secrets.extend(value.secrets);
    }
    (!text.may_hide(names, &objects, &placed, &found)).then_some(found)
}

impl Found {
    /// Masks the values of fields that hold query strings.
    fn queries(&mut self, text: &Text<'_>, keys: &[Key], names: &Names) {
        for key in keys.iter().filter(|key| names.hold_query(&key.said)) {
            let value = text.value(key, keys);
            let raw = text.get(value.range.clone());
            let start = value.range.start;
            let values = secrets::values_of_query(raw.trim_end_matches('"'));
            let opaque = secrets::opaque_values_of_query(raw.trim_matches('"'));
            self.secrets.extend(opaque.map(str::to_owned));
            self.masks.extend(values.map(|(_, value)| (value.start + start..value.end + start, MASK.into())));
        }
    }
}

struct Text<'a>(&'a str);

/// What looks like a key: a string behind `{` or a comma, and before a colon.
struct Key {
    /// From quote to quote.
    range: Range<usize>,
    said: String,
    behind_comma: bool,
    /// Where its value begins.
    value: usize,
    /// From here on every member is sound, and the line ends as an object does.
    is_sound: bool,
}

struct Value<'a> {
    range: Range<usize>,
    secrets: Vec<String>,
    /// The last of it, where the line was cut within the value: the whole of it may stand elsewhere.
    cut: Option<&'a str>,
}

/// What follows a sound value.
enum Next {
    /// A key, whose opening quote stands here.
    Key(usize),
    /// The line's end, behind brackets that close.
    End,
}

impl<'a> Text<'a> {
    fn keys(&self) -> Vec<Key> {
        let quotes = memchr::memchr_iter(b'"', self.0.as_bytes());
        let mut keys: Vec<Key> = quotes.filter_map(|quote| self.key(quote)).collect();
        let mut sound_behind = None;
        for key in keys.iter_mut().rev() {
            key.is_sound = match self.sound_value(key.value) {
                Some((_, Next::End)) => true,
                Some((_, Next::Key(quote))) => sound_behind == Some(quote),
                None => false,
            };
            sound_behind = key.is_sound.then_some(key.range.start);
        }
        keys
    }

    /// The key whose opening quote stands here.
    fn key(&self, quote: usize) -> Option<Key> {
        let before = self.get(0..quote).trim_ascii_end().as_bytes().last();
        let behind_comma = before == Some(&b',');
        if !behind_comma && before != Some(&b'{') {
            return None;
        }
        let near = self.0.as_bytes().get(quote + 1..)?;
        let length = memchr::memchr(b'"', near.get(..MAX_KEY_BYTES).unwrap_or(near))?;
        let range = quote..quote + length + 2;
        let colon = self.space(range.end);
        let said = serde_json::from_str(self.get(range.clone())).ok()?;
        let is_key = self.byte(colon) == Some(b':');
        is_key.then(|| Key { range, said, behind_comma, value: self.space(colon + 1), is_sound: false })
    }

    /// Where the value of a named key ends, and what it may say.
    fn value(&self, key: &Key, keys: &[Key]) -> Value<'a> {
        let at = key.value;
        if matches!(self.byte(at), Some(b'{' | b'[')) {
            return self.compound(at).unwrap_or_else(|| self.unsound(at, self.0.len()));
        }
        if let Some((end, _)) = self.sound_value(at) {
            let raw = self.get(at..end);
            let said: Option<String> = serde_json::from_str(raw).ok();
            let secrets =
                [Some(raw.trim().trim_matches('"').to_owned()), said].into_iter().flatten().collect();
            return Value { range: at..end, secrets, cut: None };
        }
        let next = keys.iter().find(|key| key.range.start > at && key.behind_comma && key.is_sound);
        let comma = next.and_then(|next| self.get(0..next.range.start).rfind(','));
        self.unsound(at, comma.unwrap_or(self.0.len()))
    }

    /// An object or array that is JSON by itself, with a key or the end behind it.
    fn compound(&self, at: usize) -> Option<Value<'a>> {
        let mut values = serde_json::Deserializer::from_str(self.0.get(at..)?).into_iter::<&RawValue>();
        let value = values.next()?.ok()?;
        let range = at..at + value.get().len();
        self.next(range.end)?;
        Some(Value { range, secrets: json::scalars(value), cut: None })
    }

    /// A value of which only this is known, that it ends here at the latest: each piece of it may be the value.
    fn unsound(&self, at: usize, end: usize) -> Value<'a> {
        let raw = self.get(at..end);
        let pieces = raw.split(['"', '\\']).map(str::trim).filter(|piece| !piece.is_empty());
        let cut = (end == self.0.len()).then(|| pieces.clone().next_back().unwrap_or_default());
        let whole = raw.trim_matches([' ', '"']).to_owned();
        Value { range: at..end, secrets: pieces.map(str::to_owned).chain([whole]).collect(), cut }
    }

    /// Where the value that begins here ends, and what follows, if both are as JSON has it; unquoted text is let pass,
    /// since API Gateway writes `-` for what is missing.
    fn sound_value(&self, at: usize) -> Option<(usize, Next)> {
        let end = match self.byte(at)? {
            b'"' => self.closing_quote(at + 1)? + 1,
            b'{' => {
                let inner = self.space(at + 1);
                match self.byte(inner)? {
                    b'"' => return self.key(inner).map(|_| (at + 1, Next::Key(inner))),
                    b'}' => inner,
                    _ => return None,
                }
            }
            _ => {
                let rest = self.get(at..self.0.len());
                let length = rest.find([',', '}', '"', '{', '[', ']', ':', '\\'])?;
                at + length
            }
        };
        Some((end, self.next(end)?))
    }

    /// What follows a value that ends here.
    fn next(&self, end: usize) -> Option<Next> {
        let mut at = self.space(end);
        let mut closed = false;
        while self.byte(at) == Some(b'}') {
            at = self.space(at + 1);
            closed = true;
        }
        match self.byte(at) {
            None => closed.then_some(Next::End),
            Some(b',') => {
                let quote = self.space(at + 1);
                self.key(quote).map(|_| Next::Key(quote))
            }
            Some(_) => None,
        }
    }

    /// Whether a named field, or a value that is masked, may still stand where we did not look.
    fn may_hide(&self, names: &Names, objects: &[&str], placed: &[&Key], found: &Found) -> bool {
        let masked = found.masked();
        let open = |at: usize| !masked.holds(at) && !placed.iter().any(|key| key.range.contains(&at));
        let has_secrets = !found.long_secrets().is_empty();
        let escape = |at: usize| {
            let code = self.0.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            has_secrets || code.and_then(char::from_u32).is_some_and(|said| said.is_ascii_alphanumeric())
        };
        self.0.match_indices("\\u").any(|(at, _)| open(at) && escape(at))
            || self.words().any(|word| {
                let said = self.get(word.clone());
                let is_named = || {
                    names.may_hold(objects, said)
                        || names.hold_secret(said) && !self.is_masked(&word, &masked)
                };
                open(word.start) && self.is_like_key(&word) && is_named()
            })
    }

    /// Each run of characters that a key may be made of.
    fn words(&self) -> impl Iterator<Item = Range<usize>> {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$');
        let words = self.0.split(move |c: char| !is_word(c)).filter(|word| !word.is_empty());
        words.filter_map(|word| range_in(self.0, word))
    }

    /// Whether a word stands as a name does: before a colon, an equals sign or a tag's end, or within quotes.
    fn is_like_key(&self, word: &Range<usize>) -> bool {
        let rest = self.get(word.end..self.0.len());
        let behind = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\'));
        let is_quote = |c: &u8| matches!(c, b'"' | b'\'');
        let quoted = self.get(0..word.start).as_bytes().last().is_some_and(is_quote)
            && rest.trim_start_matches('\\').as_bytes().first().is_some_and(is_quote);
        quoted || behind.starts_with([':', '=', '>'])
    }

    /// Whether what stands behind a name is masked, or says that there is nothing.
    fn is_masked(&self, name: &Range<usize>, masked: &Masked) -> bool {
        let rest = self.get(name.end..self.0.len());
        let is_between =
            |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ':' | '=' | '>' | '[' | '{');
        let value = rest.trim_start_matches(is_between);
        let at = name.end + rest.len() - value.len();
        let is_missing = value.is_empty() || value.starts_with(['-', ',', '}', ']', '*']);
        is_missing || masked.meets(&(name.end..at + 1))
    }

    fn occurs_outside(&self, text: &str, range: &Range<usize>) -> bool {
        self.get(0..range.start).contains(text) || self.get(range.end..self.0.len()).contains(text)
    }

    fn closing_quote(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let found = at + memchr::memchr2(b'"', b'\\', self.0.as_bytes().get(at..)?)?;
            if self.byte(found) == Some(b'"') {
                return Some(found);
            }
            at = found + 2;
        }
    }

    /// The first place from here on that holds no white space.
    fn space(&self, from: usize) -> usize {
        let rest = self.get(from..self.0.len());
        from + rest.len() - rest.trim_ascii_start().len()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.0.as_bytes().get(at).copied()
    }

    fn get(&self, range: Range<usize>) -> &'a str {
        self.0.get(range).unwrap_or_default()
    }
}
