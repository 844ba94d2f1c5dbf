//! What a message says of a digest, an incident or an alarm, before any chat system: a [`Notification`].
//!
//! Every text is tagged as ours, a stranger's or the operator's. It escapes nothing, knows no markup and no limit of a
//! chat system, and does not choose the lines that fit. Whether a message is due is not decided here: see
//! [`incident`](crate::incident) and [`rate_limit`](crate::rate_limit).

mod alarm;
mod cause;
mod color;
mod context;
mod digest;
mod evidence;
mod footer;
mod over;
mod parent;
mod progress;
mod rows;
mod snooze;
mod storm_over;
#[cfg(test)]
pub(crate) mod test_digests;
mod style;
mod summary;
mod text;
mod undecodable;

use std::borrow::Cow;

use crate::digest::Group;
use crate::words;

pub use alarm::{of_alarm, of_topic_text};
pub(crate) use cause::cause_words;
pub use color::{Color, Severity};
pub use digest::{of_digest, of_progress};
pub use evidence::{Evidence, MAX_EVIDENCE_LINES, Provenance};
#[cfg(test)]
pub(crate) use footer::MAX_LINK;
pub use over::{Over, of_over};
pub use parent::{Parent, of_parent};
pub use progress::Progress;
pub(crate) use rows::fault_words;
pub use storm_over::{QuietAgain, of_quiet_again};
pub use style::{DEFAULT_MAX_LINES, Situation, Storm, Style};
pub(crate) use summary::mentions;
pub use text::{NameSet, Piece, Stranger, Text};
pub use undecodable::{UndecodableRecords, number, of_undecodable};

/// What one message says, in the order in which it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification<'a> {
    /// The operator's lead-in: their markup, sent as written.
    pub lead_in: Cow<'a, str>,
    /// The operator's mentions, each once: their markup, sent as written.
    pub mentions: Vec<&'a str>,
    /// What happened: statements that make one line.
    pub summary: Vec<Text<'a>>,
    /// At least one.
    pub sections: Vec<Section<'a>>,
    /// What [`Piece::Name`] points into.
    pub names: Vec<NameSet<'a>>,
    /// The most sample lines.
    pub max_lines: usize,
    /// The most of them that are of one group.
    pub max_lines_of_group: usize,
    /// The message's short id, which ends it.
    pub id: Cow<'a, str>,
}

/// A part of a notification with a severity of its own: a log group, or an alarm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section<'a> {
    /// How bad it is.
    pub color: Color<'a>,
    /// What happened in this section, where that is not what the whole notification says.
    pub summary: Option<Vec<Text<'a>>>,
    /// What there is to know.
    pub rows: Vec<Row<'a>>,
    /// A longer text in one line: as much of it as there is room for.
    pub about: Option<Stranger<'a>>,
    /// The evidence.
    pub lines: Lines<'a>,
    /// What else there is to know.
    pub notes: Vec<Row<'a>>,
    /// When, where and where to look: small print.
    pub footer: Vec<Text<'a>>,
}

/// Cells, which may be put in columns. The separator between two stands at the beginning of the second.
pub type Row<'a> = Vec<Cell<'a>>;

/// A piece of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    /// What it says.
    pub text: Text<'a>,
    /// Whether it stands out.
    pub is_bold: bool,
}

/// Lines of text as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines<'a> {
    /// Our own, all of them.
    Ours(Vec<String>),
    /// A stranger's text, with its line breaks.
    Stranger {
        /// The text.
        text: &'a str,
        /// The most characters that it may take.
        max: usize,
        /// The most lines.
        max_lines: usize,
    },
    /// Samples of errors: as many as there is room for.
    Samples {
        /// The groups that have them.
        groups: &'a [Group],
        /// How many lines there are of which these are samples.
        matched: u64,
    },
}

/// How much is written out beside the lines. A chat system asks for less until there is room for lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    /// Log groups with a section of their own.
    pub sections: usize,
    /// Groups with a row of their own, a section.
    pub groups: usize,
    /// Rules named in the notes, a section.
    pub rules: usize,
    /// The longest name of a route, rule or log group, in UTF-16 code units as it is written.
    pub name: usize,
    /// Which links there are.
    pub links: Links,
}

/// Links into the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Logs Insights and the log stream in every section.
    Both,
    /// Logs Insights in every section.
    Insights,
    /// One link in the last section, to Logs Insights on all log groups.
    Shared,
}

impl<'a> Notification<'a> {
    /// One section under a summary, after the operator's lead-in.
    fn of_section(summary: Vec<Text<'a>>, section: Section<'a>, style: &'a Style, id: &'a str) -> Self {
        let (lead_in, id) = (summary::lead_in(style), id.into());
        Self { lead_in, summary, sections: vec![section], id, ..Self::default() }
    }
}

impl Section<'_> {
    /// What stands over its sample lines where so many of them are shown and those are not all.
    #[must_use]
    pub fn caption(&self, shown: u64) -> Option<Row<'static>> {
        let Lines::Samples { matched, .. } = self.lines else { return None };
        let words = format!("{} of {}:", words::number(shown), words::count(matched, "line"));
        Some(vec![Cell::of(words)])
    }
}

impl<'a> Cell<'a> {
    fn of(text: impl Into<Text<'a>>) -> Self {
        Self { text: text.into(), is_bold: false }
    }

    fn bold(text: impl Into<Text<'a>>) -> Self {
        Self { text: text.into(), is_bold: true }
    }
}

impl Default for Lines<'_> {
    fn default() -> Self {
        Self::Ours(Vec::new())
    }
}
