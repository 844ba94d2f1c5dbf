//! A recognised line: what it says, by where its values stand.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use simdutf8::basic::Utf8Error;

use super::template::{Template, Values};
use super::{Line, LineText};
use crate::access_log::fields::{self, Name, Value};
use crate::access_log::redact::{HarmlessTexts, any_may_hold_secret};
use crate::access_log::{AccessLog, Cause, Status};

/// Parts what is no text from a text that reads the same; no field has this number, and no value this character.
const BARE: u8 = 0x1f;

/// A member of a recognised line's object, or of an object in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member<'a> {
    /// A text without escapes.
    Text(&'a str),
    /// A number, `true`, `false` or `null`.
    Bare(&'a str),
    Object,
}

/// What is asked for is not known without reading the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NeedsPlainReader;

/// A recognised line: its format, and where its values stand.
#[derive(Debug, Clone)]
pub(crate) struct OwnedRecognised {
    pub(super) template: Arc<Template>,
    pub(super) values: Values,
}

/// The format of a recognised line, to know it again.
#[derive(Debug)]
pub(crate) struct LineFormat(Arc<Template>);

impl LineFormat {
    /// Whether a line has this format.
    pub(crate) fn is_of(&self, recognised: Recognised<'_>) -> bool {
        Arc::ptr_eq(&self.0, recognised.template)
    }
}

impl OwnedRecognised {
    pub(crate) fn borrowed(&self) -> Recognised<'_> {
        Recognised { template: &self.template, values: &self.values }
    }

    /// What it takes up beside itself, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.values.ranges.capacity() * size_of::<Range<usize>>()
    }
}

/// What is known of a recognised line: its format, and where its values stand. The text that it is asked about is the
/// one that was recognised, in the same spelling.
#[derive(Debug, Clone, Copy)]
pub struct Recognised<'a> {
    pub(super) template: &'a Arc<Template>,
    pub(super) values: &'a Values,
}

impl<'a> Recognised<'a> {
    /// Whether the line has a status below 400.
    pub(crate) fn is_ok(self, text: &[u8]) -> bool {
        matches!(self.written_status(text), Some([b'1'..=b'3', b'0'..=b'9', b'0'..=b'9']))
    }

    /// The line's status; `None` where it has none.
    pub(crate) fn status(self, text: &str) -> Option<Status> {
        fields::status(self.value(self.template.status, text)?)
    }

    /// Whether a value holds an escape of the line's own: such a line is recognised, and all but its status is left to
    /// the plain reader.
    pub(crate) fn has_escapes(self) -> bool {
        self.values.has_escapes
    }

    /// The line's text as it stands; `None` where it has escapes of its own, or is not UTF-8, of which the plain reader
    /// makes U+FFFD.
    pub(crate) fn said(self, text: LineText<'a>) -> Option<(&'a str, Line<'a>)> {
        if self.has_escapes() {
            return None;
        }
        let said = simdutf8::basic::from_utf8(text.bytes()).ok()?;
        let line = match text {
            LineText::Plain(_) => Line::Plain(said),
            LineText::Escaped(_) => Line::Recognised(self, said),
        };
        Some((said, line))
    }

    /// Fills in what rules and groups ask for besides the status; `None` where the plain reader has to read the line.
    pub(crate) fn fill(self, log: &mut AccessLog<'a>, said: &'a str) -> Option<()> {
        for &(name, index) in &self.template.fields {
            fields::fill(log, name, self.value(index, said)?);
        }
        Some(())
    }

    /// How many bytes the line has without its escapes.
    pub(crate) fn length(self, text: LineText<'_>) -> usize {
        match text {
            LineText::Plain(line) => line.len(),
            LineText::Escaped(line) => self.plain_length(line.0.len()),
        }
    }

    /// The line's cause, where it has one.
    ///
    /// # Errors
    ///
    /// A text that may be the cause is not UTF-8: the plain reader has to read it.
    #[inline]
    pub(crate) fn cause(self, text: &[u8]) -> Result<Option<Cause<'_>>, Utf8Error> {
        for &(name, index) in &self.template.causes {
            let value = self.values.ranges.get(index).and_then(|range| text.get(range.clone()));
            let said = simdutf8::basic::from_utf8(value.unwrap_or_default())?;
            if said == "null" && !self.is_text(index) {
                continue;
            }
            let cause = fields::source(name).and_then(|source| Cause::new(source, said.into()));
            if cause.is_some() {
                return Ok(cause);
            }
        }
        Ok(None)
    }

    /// The client's address, where the line has one and it is UTF-8.
    pub(crate) fn client(self, text: &'a [u8]) -> Option<Cow<'a, str>> {
        let (_, index) = self.template.asked_by_rules.iter().find(|(name, _)| *name == Name::Ip)?;
        let value = text.get(self.values.ranges.get(*index)?.clone())?;
        let said = simdutf8::basic::from_utf8(value).ok()?;
        fields::address(if self.is_text(*index) { Value::Plain(said) } else { Value::Bare(said) })
    }

    /// Appends what makes lines alike, whatever their format: [`fields::KIND`].
    pub(crate) fn write_kind(self, text: &[u8], kind: &mut Vec<u8>) {
        for &(name, index) in &self.template.kind {
            let value = self.values.ranges.get(index).and_then(|range| text.get(range.clone()));
            // No value has a control character, so that a name's number cannot be taken for a part of one. A number or
            // a word does not mean what the same text does.
            kind.push(name as u8);
            if !self.is_text(index) {
                kind.push(BARE);
            }
            kind.extend_from_slice(value.unwrap_or_default());
        }
    }

    /// Whether a key of the format may be the name of a secret.
    pub(crate) fn has_names_of_secrets(self) -> bool {
        self.template.names_secrets
    }

    /// Whether a secret could stand in the line, or a name that promises one. Its keys and its texts are looked at each
    /// by itself, as the search does.
    pub(crate) fn may_hold_secret(self, text: &str, harmless: &mut HarmlessTexts) -> bool {
        let values = self.template.parts.iter().zip(&self.values.ranges);
        let texts = values.filter(|(part, _)| part.is_text).map(|(_, range)| range);
        self.has_names_of_secrets() || any_may_hold_secret(text.as_bytes(), texts, harmless)
    }

    /// The member at the end of these keys, which lead down into the line; nothing where there is none.
    ///
    /// # Errors
    ///
    /// The plain reader has to read it: it has escapes of its own.
    pub(crate) fn member<'k>(
        self,
        keys: &(impl Iterator<Item = &'k str> + Clone),
        text: &'a str,
    ) -> Result<Option<Member<'a>>, NeedsPlainReader> {
        let is_asked = |path: &Vec<String>| path.iter().map(String::as_str).eq(keys.clone());
        let Template { objects, paths, status, .. } = &**self.template;
        // Most ask for the status.
        let is_status = self.is_status(keys);
        if !is_status && objects.iter().any(is_asked) {
            return Ok(Some(Member::Object));
        }
        let index = if is_status { Some(*status) } else { paths.iter().position(is_asked) };
        let Some(index) = index else { return Ok(None) };
        let Some((is_text, value)) = self.raw(index, text) else { return Err(NeedsPlainReader) };
        match (is_text, value) {
            (true, value) if self.has_escapes() && value.contains('\\') => Err(NeedsPlainReader),
            (true, value) => Ok(Some(Member::Text(value))),
            (false, value) => Ok(Some(Member::Bare(value))),
        }
    }

    /// Whether the status stands at the end of these keys.
    pub(crate) fn is_status<'k>(self, keys: &(impl Iterator<Item = &'k str> + Clone)) -> bool {
        let path = self.template.paths.get(self.template.status);
        path.is_some_and(|path| path.iter().map(String::as_str).eq(keys.clone()))
    }

    /// The status as it is written, where that has three characters.
    pub(crate) fn written_status(self, text: &[u8]) -> Option<[u8; 3]> {
        text.get(self.values.ranges.get(self.template.status)?.clone())?.try_into().ok()
    }

    /// The format of the line.
    pub(crate) fn format(self) -> LineFormat {
        LineFormat(Arc::clone(self.template))
    }

    /// All members of a line without objects in it.
    ///
    /// # Errors
    ///
    /// The plain reader has to read them: there is an object or an escape among them.
    pub(crate) fn members(self, text: &'a str) -> Result<impl Iterator<Item = Member<'a>>, NeedsPlainReader> {
        if self.has_escapes() || !self.template.objects.is_empty() {
            return Err(NeedsPlainReader);
        }
        let members = (0..self.template.parts.len()).filter_map(move |index| self.raw(index, text));
        Ok(members.map(|(is_text, value)| if is_text { Member::Text(value) } else { Member::Bare(value) }))
    }

    /// How many bytes an escaped line has without its escapes, which are all in the fixed text.
    pub(super) fn plain_length(self, escaped_length: usize) -> usize {
        escaped_length.saturating_sub(self.template.escapes)
    }

    /// An escaped line without its escapes.
    pub(super) fn plain(self, text: &str) -> String {
        self.unescaped(text, |_| {})
    }

    /// The line's text as it was logged, and what is known of that, to be kept beside it; `None` where the plain reader
    /// has to read it.
    pub(crate) fn keep(self, text: &str, is_escaped: bool) -> Option<(String, OwnedRecognised)> {
        if self.has_escapes() {
            return None;
        }
        let (text, values) = if is_escaped {
            let mut ranges = Vec::with_capacity(self.values.ranges.len());
            let plain = self.unescaped(text, |range| ranges.push(range));
            (plain, Values { ranges, has_escapes: false })
        } else {
            (text.to_owned(), self.values.clone())
        };
        Some((text, OwnedRecognised { template: Arc::clone(self.template), values }))
    }

    /// Without its escapes; `each` is told where the values stand then.
    fn unescaped(self, text: &str, mut each: impl FnMut(Range<usize>)) -> String {
        let mut plain = String::with_capacity(self.plain_length(text.len()));
        plain.push_str(self.template.head.plain.text());
        for (part, range) in self.template.parts.iter().zip(&self.values.ranges) {
            let start = plain.len();
            plain.push_str(text.get(range.clone()).unwrap_or_default());
            each(start..plain.len());
            plain.push_str(part.behind.plain.text());
        }
        plain
    }

    #[inline]
    fn value(self, index: usize, text: &str) -> Option<Value<'_>> {
        let (is_text, value) = self.raw(index, text)?;
        Some(if is_text { Value::Plain(value) } else { Value::Bare(value) })
    }

    fn is_text(self, index: usize) -> bool {
        self.template.parts.get(index).is_some_and(|part| part.is_text)
    }

    #[inline]
    fn raw(self, index: usize, text: &str) -> Option<(bool, &str)> {
        let value = text.get(self.values.ranges.get(index)?.clone())?;
        Some((self.template.parts.get(index)?.is_text, value))
    }
}

#[cfg(test)]
mod tests {
    /// Long texts are looked at by as many bytes as the processor takes at once; the standard library has no such path.
    #[test]
    fn what_is_utf_8_is_so_for_the_standard_library_too() {
        for sequence in ["a", "é", "あ", "𐍈", "\u{d7ff}", "\u{10ffff}"] {
            // Sixty-four bytes are looked at together.
            for place in 0..70 {
                let text = format!("{}{sequence}{}", "x".repeat(place), "y".repeat(130 - place));
                for at in place..place + sequence.len() {
                    for byte in 0x7f..=u8::MAX {
                        let mut bytes = text.clone().into_bytes();
                        bytes[at] = byte;
                        let expected = std::str::from_utf8(&bytes).ok();
                        assert_eq!(simdutf8::basic::from_utf8(&bytes).ok(), expected, "{bytes:?}");
                    }
                }
            }
        }
    }
}
