//! Writes a notification with the lines that it shows as a message of blocks, or of text alone.

use super::Sender;
use super::write::{ShownNames, Writer, end_line};
use crate::notification::{Color, Notification, Row, Section, Severity};
use crate::slack::escape::{Dialect, Size, cut_mrkdwn, cut_text, push_within, units};
use crate::slack::message::{
    Attachment, Block, MAX_BLOCK_TEXT, MAX_BODY_BYTES, MAX_FALLBACK, MAX_NAME, MAX_TEXT_ONLY, Message,
    RichText, RichTextElement,
};

/// The longest lead-in, in [`units`].
const MAX_LEAD_IN: usize = 300;

/// The two forms of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Coloured bars with blocks.
    Blocks,
    /// Text alone, for where Slack refuses the blocks.
    Text,
}

/// What a section shows beside what it always says, harmless already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filling {
    /// Of its longer text, what there is room for.
    pub(super) about: String,
    /// The lines in its box.
    pub(super) lines: Vec<String>,
    /// How many these are, where it is not all of them.
    pub(super) shown: Option<u64>,
}

/// What may still be added: [`units`] of text, and bytes of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpaceLeft {
    pub(super) units: usize,
    pub(super) bytes: usize,
}

impl SpaceLeft {
    /// The room after one more line in the box, if it fits.
    pub(super) fn after(self, line: &str) -> Option<Self> {
        self.after_size(Size::of(line))
    }

    /// The same for a line of this size.
    pub(super) fn after_size(self, line: Size) -> Option<Self> {
        // Each line but one is parted from the next by a line break, two bytes in JSON.
        Some(Self {
            units: self.units.checked_sub(line.units + 1)?,
            bytes: self.bytes.checked_sub(line.bytes + "\\n".len())?,
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
    pub(super) fn room(self, message: &Message) -> SpaceLeft {
        let used = match self {
            Self::Blocks => message.block_text(),
            Self::Text => units(&message.text),
        };
        let max = match self {
            Self::Blocks => MAX_BLOCK_TEXT,
            Self::Text => MAX_TEXT_ONLY,
        };
        SpaceLeft {
            units: max.saturating_sub(used),
            bytes: MAX_BODY_BYTES.saturating_sub(message.body_bytes()),
        }
    }

    /// The message. `fillings` are those of the sections, in their order.
    pub(super) fn draw(
        self,
        notification: &Notification<'_>,
        names: &ShownNames,
        fillings: Vec<Filling>,
        sender: &Sender,
    ) -> Message {
        let sheet = Sheet { notification, names, dialect: self.dialect() };
        let (text, attachments) = match self {
            Self::Blocks => sheet.blocks(fillings),
            Self::Text => (sheet.text(fillings), Vec::new()),
        };
        let name = |name: &Option<String>| name.as_ref().map(|name| cut_text(name, MAX_NAME));
        Message {
            channel: name(&sender.channel),
            username: name(&sender.username),
            icon_emoji: name(&sender.icon_emoji),
            attachments,
            ..Message::new(text)
        }
    }
}

/// A notification that is laid out.
struct Sheet<'n> {
    notification: &'n Notification<'n>,
    names: &'n ShownNames,
    /// That of rows, lines and notes. Summaries and footers are mrkdwn in both forms.
    dialect: Dialect,
}

impl Sheet<'_> {
    /// The heading, and a bar for each section.
    fn blocks(&self, fillings: Vec<Filling>) -> (String, Vec<Attachment>) {
        let summary = self.summary();
        let heading = self.heading(&summary);
        let bars = self.notification.sections.iter().zip(fillings).enumerate();
        (
            heading,
            bars.map(|(index, (section, filling))| self.bar(index, section, filling, &summary)).collect(),
        )
    }

    fn bar(&self, index: usize, section: &Section<'_>, filling: Filling, summary: &str) -> Attachment {
        let writer = self.writer(self.dialect, filling.shown.is_some());
        let mut above = Vec::new();
        section.rows.iter().for_each(|row| writer.push_elements(row, &mut above));
        if !filling.about.is_empty() {
            end_line(&mut above);
            above.push(RichTextElement::text(filling.about));
        }
        if let Some(caption) = caption(section, filling.shown, &filling.lines) {
            writer.push_elements(&caption, &mut above);
        }
        let mut below = Vec::new();
        section.notes.iter().for_each(|row| writer.push_elements(row, &mut below));

        let mut parts = Vec::new();
        if !above.is_empty() {
            parts.push(RichText::Section { elements: above });
        }
        if !filling.lines.is_empty() {
            parts.push(RichText::Preformatted {
                elements: vec![RichTextElement::text(filling.lines.join("\n"))],
            });
        }
        if !below.is_empty() {
            parts.push(RichText::Section { elements: below });
        }
        let footer = self.footer(index, section, filling.shown.is_some());
        let mut blocks = Vec::new();
        if !parts.is_empty() {
            blocks.push(Block::RichText { elements: parts });
        }
        if !footer.is_empty() {
            blocks.push(Block::context(footer));
        }
        let fallback = match &section.summary {
            Some(own) => cut_mrkdwn(&self.writer(Dialect::Mrkdwn, false).joined(own), MAX_FALLBACK),
            None => cut_mrkdwn(summary, MAX_FALLBACK),
        };
        Attachment { color: Some(color(section.color).to_owned()), fallback, blocks }
    }

    fn text(&self, fillings: Vec<Filling>) -> String {
        let mut text = self.heading(&self.summary());
        let gap = if self.notification.sections.len() > 1 { "\n\n" } else { "\n" };
        for (index, (section, filling)) in self.notification.sections.iter().zip(fillings).enumerate() {
            let writer = self.writer(self.dialect, filling.shown.is_some());
            let mut parts = Vec::new();
            parts.extend(section.rows.iter().map(|row| writer.row(row)));
            if !filling.about.is_empty() {
                parts.push(filling.about);
            }
            parts.extend(caption(section, filling.shown, &filling.lines).map(|row| writer.row(&row)));
            if !filling.lines.is_empty() {
                parts.push(format!("```\n{}\n```", filling.lines.join("\n")));
            }
            parts.extend(section.notes.iter().map(|row| writer.row(row)));
            let footer = self.footer(index, section, filling.shown.is_some());
            if !footer.is_empty() {
                parts.push(footer);
            }
            text.push_str(gap);
            text.push_str(&parts.join("\n"));
        }
        text
    }

    /// What a phone's notification says: lead-in, mentions and summary.
    fn heading(&self, summary: &str) -> String {
        let lead_in = cut_mrkdwn(&self.notification.lead_in, MAX_LEAD_IN);
        let parts = [lead_in.as_str(), &self.notification.mentions.join(" "), summary];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn summary(&self) -> String {
        self.writer(Dialect::Mrkdwn, false).joined(&self.notification.summary)
    }

    /// The small print of a section; the id ends the last one's.
    fn footer(&self, index: usize, section: &Section<'_>, shows_less: bool) -> String {
        let mut footer = self.writer(Dialect::Mrkdwn, shows_less).joined(&section.footer);
        if index + 1 == self.notification.sections.len() {
            if !footer.is_empty() {
                footer.push_str(" · ");
            }
            push_within(&self.notification.id, 0, Dialect::Mrkdwn, usize::MAX, &mut footer);
        }
        footer
    }

    fn writer(&self, dialect: Dialect, shows_less: bool) -> Writer<'_> {
        Writer { dialect, sets: &self.notification.names, shown: self.names, shows_less }
    }
}

/// What stands over the lines, where there are some and they are not all.
fn caption(section: &Section<'_>, shown: Option<u64>, lines: &[String]) -> Option<Row<'static>> {
    shown.filter(|_| !lines.is_empty()).and_then(|shown| section.caption(shown))
}

/// A colour as Slack names it.
fn color(color: Color<'_>) -> &str {
    match color {
        Color::Severity(Severity::Danger) => "danger",
        Color::Severity(Severity::Warning) => "warning",
        Color::Severity(Severity::Good) => "good",
        Color::Severity(Severity::Unknown) => "#808080",
        Color::Chosen(color) => color,
    }
}
