//! A line of which most are never looked at as a whole: unescaped only when somebody asks what it says.

use super::{MAX_SAMPLE_BYTES, Sample};
use crate::access_log::formats::Known;

/// A line without white space at its end.
pub(super) enum Line<'a> {
    Plain(&'a str),
    /// A recognised line as it stands in the batch.
    Recognised(Known<'a>, &'a str),
    Unescaped(String),
}

impl Line<'_> {
    /// How many bytes a sample of the line has.
    pub(super) fn sample_bytes(&mut self) -> usize {
        if let Self::Recognised(known, text) = self {
            let length = known.plain_length(text.len());
            if length <= MAX_SAMPLE_BYTES {
                return length;
            }
        }
        Sample::bytes_of(self.text())
    }

    /// What the line says, taken out of it.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Plain(text) => text.to_owned(),
            Self::Recognised(known, text) => known.plain(text),
            Self::Unescaped(text) => text,
        }
    }

    /// What the line says.
    pub(super) fn text(&mut self) -> &str {
        if let Self::Recognised(known, text) = self {
            *self = Self::Unescaped(known.plain(text));
        }
        match self {
            Self::Plain(text) | Self::Recognised(_, text) => text,
            Self::Unescaped(text) => text,
        }
    }
}
