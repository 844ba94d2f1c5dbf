//! Lines of a log are written in one format: a `LineReader` learns it from one line and recognises the next without
//! parsing it.
//!
//! It is exact: what it recognises, the plain reader would read as the same access log. Whatever differs in any way (a
//! control character, another order, other white space) it leaves to the plain reader, [`read`](super::read); of a line
//! with escapes in its values it knows the status alone. `tests/suite/fast_path.rs` and the fuzz target `known_lines` hold
//! both readers against each other. A `LineReader` knows JSON; of other formats `OkLines` knows
//! the lines whose status is below 400.

mod fixed;
mod kind_cache;
mod recognised;
mod learning;
mod line;
mod ok_lines;
mod template;

use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use kind_cache::KindCache;
pub(crate) use line::Line;
pub use line::{EscapedLine, LineText};
pub(crate) use ok_lines::OkLines;
use ok_lines::WordFormat;
pub use recognised::Recognised;
pub(crate) use recognised::{LineFormat, Member, OwnedRecognised};
use template::{Template, Values};

/// Formats that are known at a time: a log group of several stages has one for each, and rarely more.
const MAX_TEMPLATES: usize = 4;
/// Lines that one reader tries to learn from: where formats change all the time, trying only costs.
const MAX_LESSONS: u32 = 64;

/// The formats that a process has learned. They make reading faster, and change nothing of what is read.
#[derive(Debug, Default)]
pub struct LearnedFormats(Mutex<Learned>);

#[derive(Debug, Default)]
struct Learned {
    json: Vec<Arc<Template>>,
    /// Of lines that stand under no header.
    words: Vec<Arc<WordFormat>>,
}

/// Recognises lines by the formats that it has learned, and remembers the last line that it recognised.
#[derive(Debug, Default)]
pub(crate) struct LineReader {
    templates: Vec<Arc<Template>>,
    /// Which one recognised a line last.
    last: usize,
    values: Values,
    lessons: u32,
}

impl LearnedFormats {
    /// Makes what readers have learned known to the readers after them.
    pub(crate) fn update(&self, lines: &LineReader, ok_lines: &OkLines) {
        let mut learned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        learned.json.clone_from(&lines.templates);
        learned.words.clear();
        learned.words.extend_from_slice(ok_lines.learned());
    }

    /// Lets readers know what was learned before, unless one of them has learned something itself.
    pub(crate) fn teach(&self, lines: &mut LineReader, ok_lines: &mut OkLines) {
        if lines.templates.is_empty() && ok_lines.is_empty() {
            let learned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.templates.clone_from(&learned.json);
            ok_lines.begin_with(&learned.words);
        }
    }
}

impl LineReader {
    /// The length of the line at the beginning of `text`, if its format is known: a line as it stands in a batch, with
    /// its quotes escaped. `text` goes on with the quote that ends the line.
    pub(crate) fn recognise_escaped(&mut self, text: &[u8]) -> Option<usize> {
        self.recognise::<true>(text)
    }

    /// The length of the line at the beginning of `text`, if its format is known: a line as it was logged.
    pub(crate) fn recognise_plain(&mut self, text: &[u8]) -> Option<usize> {
        self.recognise::<false>(text)
    }

    /// What is known of the last recognised line.
    pub(crate) fn last(&self) -> Option<Recognised<'_>> {
        Some(Recognised { template: self.templates.get(self.last)?, values: &self.values })
    }

    /// Hands out the last recognised line, to be given back by [`Self::give_back`].
    pub(crate) fn take(&mut self) -> Option<OwnedRecognised> {
        let template = Arc::clone(self.templates.get(self.last)?);
        Some(OwnedRecognised { template, values: std::mem::take(&mut self.values) })
    }

    /// Takes back what is used again for the next line.
    pub(crate) fn give_back(&mut self, recognised: OwnedRecognised) {
        self.values = recognised.values;
    }

    /// Whether it still tries to learn.
    pub(crate) fn may_learn(&self) -> bool {
        self.lessons < MAX_LESSONS
    }

    /// Learns the format of a line that was not recognised; says whether there was something to learn.
    pub(crate) fn learn(&mut self, line: &str) -> bool {
        if !self.may_learn() {
            return false;
        }
        self.lessons += 1;
        // A line of a known format is not recognised where a value of it is of another kind, or holds an odd escape:
        // nothing to learn from that.
        let Some(template) =
            Template::learn(line).filter(|new| self.templates.iter().all(|template| **template != *new))
        else {
            return false;
        };
        if self.templates.len() == MAX_TEMPLATES {
            self.templates.remove(0);
        }
        self.templates.push(Arc::new(template));
        self.last = self.templates.len() - 1;
        true
    }

    fn recognise<const ESCAPED: bool>(&mut self, text: &[u8]) -> Option<usize> {
        let last = self.templates.get(self.last)?;
        if let Some(length) = last.recognise::<ESCAPED>(text, &mut self.values) {
            return Some(length);
        }
        let values = &mut self.values;
        let mut found = self.templates.iter().enumerate().filter(|(index, _)| *index != self.last);
        let (index, length) = found
            .find_map(|(index, template)| Some((index, template.recognise::<ESCAPED>(text, values)?)))?;
        self.last = index;
        Some(length)
    }
}
