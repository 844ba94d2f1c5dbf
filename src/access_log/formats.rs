//! The formats that lines were written in so far: learned from one line, so that the next is recognised.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use super::template::{Escaped, Plain, number_length, text_length};
use super::template::{Spelling, Template, Values};
use super::{AccessLog, Status};
use crate::decode::EscapedText;

/// Formats that are known at a time: a log group of several stages has one for each, and rarely more.
const MAX_KNOWN: usize = 4;
/// Lines that one batch tries to learn from: where formats change all the time, trying only costs.
const MAX_LESSONS: u32 = 64;

/// What a process has learned. It makes reading faster, and changes nothing of what is read.
#[derive(Debug, Default)]
pub struct Formats {
    known: Mutex<Vec<Arc<Template>>>,
}

/// A batch's copy of the formats, and the last line that was recognised.
#[derive(Debug, Default)]
pub(crate) struct Recogniser {
    known: Vec<Arc<Template>>,
    /// Which one recognised a line last.
    last: usize,
    values: Values,
    lessons: u32,
}

/// A recognised line: its format, and where its values stand.
#[derive(Debug, Clone)]
pub(crate) struct Recognised {
    template: Arc<Template>,
    values: Values,
}

impl Recognised {
    pub(crate) fn known(&self) -> Known<'_> {
        Known { template: &self.template, values: &self.values }
    }
}

/// What is known of a recognised line: its format, and where its values stand. The text that it is asked about is the
/// one that was recognised, in the same spelling.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    template: &'a Arc<Template>,
    values: &'a Values,
}

impl Known<'_> {
    /// See [`Template::is_ok`].
    pub(crate) fn is_ok(self, text: &[u8]) -> bool {
        self.template.is_ok(text, self.values)
    }

    /// See [`Template::access_log`].
    pub(crate) fn access_log(self, text: &str) -> Option<AccessLog<'_>> {
        self.template.access_log(text, self.values)
    }

    /// See [`Template::write_kind`].
    pub(crate) fn write_kind(self, text: &[u8], kind: &mut Vec<u8>) {
        self.template.write_kind(text, self.values, kind);
    }

    /// See [`Template::plain_length`].
    pub(crate) fn plain_length(self, escaped_length: usize) -> usize {
        self.template.plain_length(escaped_length)
    }

    /// See [`Template::plain`].
    pub(crate) fn plain(self, text: &str) -> String {
        self.template.plain(text, self.values)
    }

    /// See [`Template::status`].
    pub(crate) fn status(self, text: &str) -> Option<Status> {
        self.template.status(text, self.values)
    }

    /// The line's text as it was logged, and what is known of that, to be kept beside it.
    pub(crate) fn keep(self, text: &str, is_escaped: bool) -> (String, Recognised) {
        let (text, values) = if is_escaped {
            self.template.to_plain(text, self.values)
        } else {
            (text.to_owned(), self.values.clone())
        };
        (text, Recognised { template: Arc::clone(self.template), values })
    }
}

impl<'a> Known<'a> {
    /// See [`Template::member`].
    pub(crate) fn member(self, key: &str, text: &'a str) -> Option<(bool, &'a str)> {
        self.template.member(key, text, self.values)
    }

    /// See [`Template::members`].
    pub(crate) fn members(self, text: &'a str) -> impl Iterator<Item = (bool, &'a str)> {
        self.template.members(text, self.values)
    }
}

impl Recognised {
    /// What it takes up beside itself, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.values.bytes()
    }
}

/// A line's text, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineText<'a> {
    /// As it was logged.
    Plain(&'a [u8]),
    /// As it stands in a batch.
    Escaped(EscapedText<'a>),
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
            Self::Plain(bytes) => {
                std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
            }
            Self::Escaped(text) => {
                text.unescape_into(space);
                Cow::Borrowed(space)
            }
        }
    }
}

impl Recogniser {
    /// The length of the line at the beginning of `text`, if it is of a known format: see [`Template::recognise`].
    pub(crate) fn recognise<S: Spelling>(&mut self, text: &[u8], formats: &Formats) -> Option<usize> {
        if self.known.is_empty() {
            self.known.clone_from(&formats.known.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let last = self.known.get(self.last)?;
        if let Some(length) = last.recognise::<S>(text, &mut self.values) {
            return Some(length);
        }
        let values = &mut self.values;
        let mut found = self.known.iter().enumerate().filter(|(index, _)| *index != self.last);
        let (index, length) =
            found.find_map(|(index, known)| Some((index, known.recognise::<S>(text, values)?)))?;
        self.last = index;
        Some(length)
    }

    /// What is known of the last recognised line.
    pub(crate) fn last(&self) -> Option<Known<'_>> {
        Some(Known { template: self.known.get(self.last)?, values: &self.values })
    }

    /// Hands out the last recognised line, to be given back by [`Self::go_on`].
    pub(crate) fn take(&mut self) -> Option<Recognised> {
        let template = Arc::clone(self.known.get(self.last)?);
        Some(Recognised { template, values: std::mem::take(&mut self.values) })
    }

    /// Takes back what is used again for the next line.
    pub(crate) fn go_on(&mut self, recognised: Recognised) {
        self.values = recognised.values;
    }

    /// Whether it still tries to learn.
    pub(crate) fn may_learn(&self) -> bool {
        self.lessons < MAX_LESSONS
    }

    /// Learns the format of a line that was not recognised, for this batch and those after it.
    pub(crate) fn learn(&mut self, line: &str, formats: &Formats) {
        if !self.may_learn() {
            return;
        }
        self.lessons += 1;
        // A line of a known format is not recognised where a value of it is escaped: nothing to learn from that.
        let Some(template) =
            Template::learn(line).filter(|new| self.known.iter().all(|known| **known != *new))
        else {
            return;
        };
        if self.known.len() == MAX_KNOWN {
            self.known.remove(0);
        }
        self.known.push(Arc::new(template));
        self.last = self.known.len() - 1;
        formats.known.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.known);
    }
}
