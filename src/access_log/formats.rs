//! The formats that lines were written in so far: learned from one line, so that the next is recognised.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

pub use super::template::Known;
pub(crate) use super::template::{Escaped, Plain, Recognised, number_length, text_length};
use super::template::{Spelling, Template, Values};
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
