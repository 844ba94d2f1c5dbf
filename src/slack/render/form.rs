//! A [`Layout`] in; a message of blocks, or one of text alone, out.
//!
//! It only arranges: every text in a layout is harmless already.

use std::borrow::Cow;

use super::{Style, heading};
use crate::slack::escape::{Dialect, cut_text, units};
use crate::slack::message::{
    Attachment, Block, MAX_BLOCK_TEXT, MAX_BODY_BYTES, MAX_NAME, MAX_TEXT_ONLY, Message, RichText,
    RichTextElement, json_bytes,
};

/// What a message says, before it is given a form. All texts are harmless in the form's dialect;
/// `heading`, `fallback` and `footer` are mrkdwn in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) heading: String,
    pub(super) bars: Vec<Bar>,
}

impl Layout {
    /// A summary over one bar, after the operator's lead-in words.
    pub(super) fn of_bar(summary: &str, bar: Bar, style: &Style) -> Self {
        let lead_in = heading::lead_in(style);
        let parts = [lead_in.as_str(), summary].into_iter().filter(|part| !part.is_empty());
        Self { heading: parts.collect::<Vec<_>>().join(" "), bars: vec![bar] }
    }
}

/// What stands beside one coloured bar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bar {
    pub(super) color: Option<String>,
    pub(super) fallback: String,
    pub(super) rows: Vec<Row>,
    pub(super) lines: Vec<String>,
    pub(super) notes: Vec<Row>,
    pub(super) footer: String,
}

/// One row of cells, which a terminal puts in columns.
pub(super) type Row = Vec<Cell>;

/// A piece of a row, with the separator that stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) weight: Weight,
    /// Where it leads, for a link of our own or the operator's.
    pub(super) url: Option<String>,
}

/// How heavy a cell is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Normal,
    Bold,
}

/// The two forms of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Coloured bars with blocks.
    Blocks,
    /// Text alone, for where Slack refuses the blocks.
    Text,
}

/// What may still be added: [`units`] of text, and bytes of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) units: usize,
    pub(super) bytes: usize,
}

impl Room {
    /// The room after one more line in the box, if it fits.
    pub(super) fn after(self, line: &str) -> Option<Self> {
        // Each line but one is parted from the next by a line break, two bytes in JSON.
        Some(Self {
            units: self.units.checked_sub(units(line) + 1)?,
            bytes: self.bytes.checked_sub(json_bytes(line))?,
        })
    }
}

impl Form {
    /// The dialect of rows, lines and notes.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Blocks => Dialect::RichText,
            Self::Text => Dialect::Mrkdwn,
        }
    }

    /// The room, in [`units`] and in bytes, that the rest of a message should leave to the lines.
    pub(super) fn room_for_lines(self) -> usize {
        match self {
            Self::Blocks => MAX_BLOCK_TEXT / 3,
            Self::Text => MAX_TEXT_ONLY / 3,
        }
    }

    /// What a drawn message leaves free.
    pub(super) fn room(self, message: &Message) -> Room {
        let used = match self {
            Self::Blocks => message.block_text(),
            Self::Text => units(&message.text),
        };
        let max = match self {
            Self::Blocks => MAX_BLOCK_TEXT,
            Self::Text => MAX_TEXT_ONLY,
        };
        Room { units: max.saturating_sub(used), bytes: MAX_BODY_BYTES.saturating_sub(message.body_bytes()) }
    }

    /// The layout as a message.
    pub(super) fn draw(self, layout: Layout, style: &Style) -> Message {
        let name = |name: &Option<String>| name.as_ref().map(|name| cut_text(name, MAX_NAME));
        let (text, attachments) = match self {
            Self::Blocks => (layout.heading, layout.bars.into_iter().map(attachment).collect()),
            Self::Text => (text_alone(&layout), Vec::new()),
        };
        Message {
            channel: name(&style.channel),
            username: name(&style.username),
            icon_emoji: name(&style.icon_emoji),
            attachments,
            ..Message::new(text)
        }
    }
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Normal, url: None }
    }

    pub(super) fn bold(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Bold, url: None }
    }

    pub(super) fn link(label: impl Into<String>, url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::new(label) }
    }

    /// As mrkdwn has it.
    fn mrkdwn(&self) -> Cow<'_, str> {
        match &self.url {
            None => Cow::Borrowed(&self.text),
            Some(url) => Cow::Owned(format!("<{url}|{}>", self.text)),
        }
    }
}

fn attachment(bar: Bar) -> Attachment {
    let mut parts = Vec::new();
    if !bar.rows.is_empty() {
        parts.push(RichText::Section { elements: elements(bar.rows) });
    }
    if !bar.lines.is_empty() {
        parts.push(RichText::Preformatted { elements: vec![RichTextElement::text(bar.lines.join("\n"))] });
    }
    if !bar.notes.is_empty() {
        parts.push(RichText::Section { elements: elements(bar.notes) });
    }
    let mut blocks = Vec::new();
    if !parts.is_empty() {
        blocks.push(Block::RichText { elements: parts });
    }
    if !bar.footer.is_empty() {
        blocks.push(Block::context(bar.footer));
    }
    Attachment { color: bar.color, fallback: bar.fallback, blocks }
}

fn elements(rows: Vec<Row>) -> Vec<RichTextElement> {
    let mut elements = Vec::new();
    let last_row = rows.len().saturating_sub(1);
    for (i, row) in rows.into_iter().enumerate() {
        let last_cell = row.len().saturating_sub(1);
        for (j, Cell { mut text, weight, url }) in row.into_iter().enumerate() {
            let ends_row = j == last_cell && i < last_row;
            if ends_row && url.is_none() {
                text.push('\n');
            }
            elements.push(match (url, weight) {
                (Some(url), _) => RichTextElement::Link { url, text },
                (None, Weight::Normal) => RichTextElement::text(text),
                (None, Weight::Bold) => RichTextElement::bold(text),
            });
            if ends_row && matches!(elements.last(), Some(RichTextElement::Link { .. })) {
                elements.push(RichTextElement::text("\n"));
            }
        }
    }
    elements
}

fn text_alone(layout: &Layout) -> String {
    let mut text = layout.heading.clone();
    for bar in &layout.bars {
        let rows = |rows: &[Row]| rows.iter().map(|row| row.iter().map(Cell::mrkdwn).collect()).collect();
        let mut parts: Vec<String> = rows(&bar.rows);
        if !bar.lines.is_empty() {
            parts.push(format!("```\n{}\n```", bar.lines.join("\n")));
        }
        parts.extend(rows(&bar.notes));
        if !bar.footer.is_empty() {
            parts.push(bar.footer.clone());
        }
        let gap = if layout.bars.len() > 1 { "\n\n" } else { "\n" };
        text.push_str(gap);
        text.push_str(&parts.join("\n"));
    }
    text
}
