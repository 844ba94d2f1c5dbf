//! A line's text, of which most is never looked at as a whole: unescaped only when somebody asks what it says.

use std::borrow::Cow;

use super::Recognised;
use crate::access_log::redact::{HarmlessTexts, may_hold_secret};
use crate::decode::EscapedText;

/// A line's text, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineText<'a> {
    /// As it was logged.
    Plain(&'a [u8]),
    /// As it stands in a batch.
    Escaped(EscapedText<'a>),
}

/// A line without white space at its end.
pub(crate) enum Line<'a> {
    Plain(&'a str),
    /// A recognised line as it stands in the batch.
    Recognised(Recognised<'a>, &'a str),
    Unescaped(String),
}

/// A recognised line as it stands in a batch.
#[derive(Debug, Clone)]
pub struct EscapedLine {
    text: Box<str>,
    length: usize,
}

impl EscapedLine {
    /// How many bytes the line has without its escapes.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The line as it was logged, without white space at its end.
    pub(crate) fn unescaped(&self) -> String {
        let mut plain = String::with_capacity(self.text.len());
        EscapedText(self.text.as_bytes()).unescape_into(&mut plain);
        plain.truncate(self.length);
        plain
    }
}

impl<'a> LineText<'a> {
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Plain(bytes) | Self::Escaped(EscapedText(bytes)) => bytes,
        }
    }

    /// What the line says; what is not UTF-8 is U+FFFD. `space` is room for it, used again and again.
    pub(crate) fn said<'s>(self, space: &'s mut String) -> Cow<'s, str>
    where
        'a: 's,
    {
        match self {
            // Much faster than the lossy reading where there is nothing to lose.
            Self::Plain(bytes) => simdutf8::basic::from_utf8(bytes)
                .map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed),
            Self::Escaped(text) => {
                text.unescape_into(space);
                Cow::Borrowed(space)
            }
        }
    }
}

impl Line<'_> {
    /// How many bytes the line has as it was logged.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Recognised(recognised, text) => recognised.plain_length(text.len()),
            Self::Unescaped(text) => text.len(),
        }
    }

    /// The line as it stands in a batch, kept to be unescaped if somebody asks; `None` where it is not escaped.
    pub(crate) fn keep_escaped(&self) -> Option<EscapedLine> {
        let Self::Recognised(recognised, text) = self else { return None };
        Some(EscapedLine { text: (*text).into(), length: recognised.plain_length(text.len()) })
    }

    /// What the line says, taken out of it.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Plain(text) => text.to_owned(),
            Self::Recognised(recognised, text) => recognised.plain(text),
            Self::Unescaped(text) => text,
        }
    }

    /// Whether a secret could stand in the line, or a name that promises one.
    pub(crate) fn may_hold_secret(&self, harmless: &mut HarmlessTexts) -> bool {
        match self {
            Self::Plain(text) => may_hold_secret(text),
            Self::Recognised(recognised, text) => recognised.may_hold_secret(text, harmless),
            Self::Unescaped(text) => may_hold_secret(text),
        }
    }

    /// What the line says.
    pub(crate) fn text(&mut self) -> &str {
        if let Self::Recognised(recognised, text) = self {
            *self = Self::Unescaped(recognised.plain(text));
        }
        match self {
            Self::Plain(text) | Self::Recognised(_, text) => text,
            Self::Unescaped(text) => text,
        }
    }
}
