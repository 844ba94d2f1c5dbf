//! Draws a message for a terminal, as a person would see it in Slack.
//!
//! It shows links by their label, dates in UTC, and no control character that stands in the message:
//! what a stranger wrote never steers the terminal.

mod grid;
mod markup;

use anstyle::{AnsiColor, Color as Ansi, RgbColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::slack::escape::{Dialect, escape};
use crate::slack::message::{Attachment, Block, Message, RichText, RichTextElement, TextObject};

/// What there is to draw on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Columns to wrap at. `None` for a pipe: nothing is wrapped.
    pub width: Option<usize>,
    /// Whether to draw in colour.
    pub color: Color,
}

/// Whether to draw in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Text alone.
    Never,
    /// With ANSI escape sequences.
    Always,
}

/// Below this, wrapping makes columns of single words.
const MIN_WIDTH: usize = 40;
/// What a line begins with that goes on from the one before.
const INDENT: &str = "  ";
/// The length of a box's edge where nothing limits it.
const EDGE: usize = 60;

/// What a reader sees of Slack's markup: links by their label, dates in UTC, nothing escaped.
pub(crate) fn seen_text(mrkdwn: &str) -> String {
    markup::text(mrkdwn)
}

/// The message as lines of text, each with its line break.
#[must_use]
pub fn draw(message: &Message, canvas: &Canvas) -> String {
    let painter = Painter { color: canvas.color, width: canvas.width.map(|width| width.max(MIN_WIDTH)) };
    let mut out = String::new();
    for line in markup::text(&message.text).split('\n') {
        for line in painter.wrap(&harmless(line), 0, INDENT) {
            push_line(&mut out, &painter.paint(Style::new().bold(), &line));
        }
    }
    for (i, attachment) in message.attachments.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let bar = painter.paint(bar_style(attachment.color.as_deref()), "▌");
        for line in painter.attachment(attachment) {
            push_line(&mut out, &format!("{bar} {line}"));
        }
    }
    out
}

/// Draws what fits between the bar and the edge of the canvas.
#[derive(Debug, Clone, Copy)]
struct Painter {
    color: Color,
    width: Option<usize>,
}

impl Painter {
    fn attachment(self, attachment: &Attachment) -> Vec<String> {
        attachment.blocks.iter().flat_map(|block| self.block(block)).collect()
    }

    fn block(self, block: &Block) -> Vec<String> {
        match block {
            Block::RichText { elements } => elements.iter().flat_map(|part| self.rich_text(part)).collect(),
            Block::Context { elements } => {
                let texts =
                    elements.iter().map(|TextObject::Mrkdwn { text, .. }| harmless(&markup::text(text)));
                let line = texts.collect::<Vec<_>>().join(" ");
                let dimmed = Style::new().dimmed();
                self.wrap(&line, 2, INDENT).into_iter().map(|line| self.paint(dimmed, &line)).collect()
            }
        }
    }

    fn rich_text(self, part: &RichText) -> Vec<String> {
        match part {
            RichText::Section { elements } => {
                let bold = |text: &str| self.paint(Style::new().bold(), text);
                grid::lines(elements, bold).iter().flat_map(|line| self.wrap(line, 2, "    ")).collect()
            }
            RichText::Preformatted { elements } => self.boxed(elements),
        }
    }

    /// Raw lines in a box, every character of them.
    fn boxed(self, elements: &[RichTextElement]) -> Vec<String> {
        let text: String = elements.iter().map(RichTextElement::shown).collect();
        let dim = |text: &str| self.paint(Style::new().dimmed(), text);
        let edge = "─".repeat(self.width.map_or(EDGE, |width| width.saturating_sub(3).min(EDGE)));
        let mut lines = vec![dim(&format!("┌{edge}"))];
        for line in text.split('\n') {
            for piece in self.broken(&harmless(line), 4) {
                lines.push(format!("{} {piece}", dim("│")));
            }
        }
        lines.push(dim(&format!("└{edge}")));
        lines
    }

    /// The text in pieces that fit beside `taken` columns, parted after a space or comma where one is near;
    /// all but the first are indented.
    fn broken(self, text: &str, taken: usize) -> Vec<String> {
        let Some(width) = self.width else { return vec![text.to_owned()] };
        let room = width.saturating_sub(taken);
        let mut pieces = Vec::new();
        let mut piece = String::new();
        for c in text.chars() {
            if piece.width() + c.width().unwrap_or(0) > room {
                let near = piece.rfind([' ', ',']).filter(|at| at + 1 > piece.len() * 2 / 3);
                let rest = near.map(|at| piece.split_off(at + 1)).unwrap_or_default();
                pieces.push(std::mem::replace(&mut piece, INDENT.to_owned() + &rest));
            }
            piece.push(c);
        }
        pieces.push(piece);
        pieces
    }

    /// The text wrapped between words beside `taken` columns, further lines indented.
    fn wrap(self, text: &str, taken: usize, indent: &str) -> Vec<String> {
        let Some(width) = self.width else { return vec![text.to_owned()] };
        let options = textwrap::Options::new(width.saturating_sub(taken))
            .subsequent_indent(indent)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
        textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
    }

    fn paint(self, style: Style, text: &str) -> String {
        match self.color {
            Color::Never => text.to_owned(),
            Color::Always => format!("{style}{text}{style:#}"),
        }
    }
}

/// A message that we wrote has no control characters left; one that was read from a file may.
fn harmless(text: &str) -> String {
    escape(text, Dialect::RichText)
}

fn bar_style(color: Option<&str>) -> Style {
    let color = match color {
        Some("danger") => Some(AnsiColor::Red.into()),
        Some("warning") => Some(AnsiColor::Yellow.into()),
        Some("good") => Some(AnsiColor::Green.into()),
        Some(color) => hexadecimal(color),
        None => None,
    };
    color.map_or(Style::new().dimmed(), |color| Style::new().fg_color(Some(color)))
}

fn hexadecimal(color: &str) -> Option<Ansi> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some(RgbColor(red, green, blue).into())
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PIPE: Canvas = Canvas { width: None, color: Color::Never };

    fn message(text: &str, raw: &str) -> Message {
        let blocks = vec![
            Block::RichText {
                elements: vec![
                    RichText::Section {
                        elements: vec![RichTextElement::bold(raw), RichTextElement::text(" ×1")],
                    },
                    RichText::Preformatted { elements: vec![RichTextElement::text(raw)] },
                ],
            },
            Block::context(text),
        ];
        let attachment = Attachment { color: Some("danger".to_owned()), fallback: String::new(), blocks };
        Message { attachments: vec![attachment], ..Message::new(text) }
    }

    #[test]
    fn a_pipe_gets_whole_lines_without_colour() {
        let raw = "x".repeat(500);
        let drawn = draw(&message("heading", &raw), &PIPE);
        assert!(drawn.contains(&format!("▌ │ {raw}\n")), "{drawn}");
        assert!(!drawn.contains('\u{1b}'));
    }

    #[test]
    fn a_terminal_gets_no_line_wider_than_itself_and_every_character() {
        let raw = "0123456789 ".repeat(30) + "全角文字".repeat(20).as_str();
        let drawn =
            draw(&message(&"word ".repeat(40), &raw), &Canvas { width: Some(60), color: Color::Never });
        for line in drawn.lines() {
            assert!(line.width() <= 60, "{line}");
        }
        let boxed: Vec<&str> = drawn.lines().filter_map(|line| line.strip_prefix("▌ │ ")).collect();
        assert_eq!(boxed.join("").replace(INDENT, ""), raw);
    }

    #[test]
    fn a_raw_line_is_parted_after_a_comma_or_space_where_one_is_near() {
        let raw = r#"{"requestId":"c6af9ac6-7b61","ip":"203.0.113.7","status":"502","userAgent":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
        let drawn = draw(&message("heading", raw), &Canvas { width: Some(44), color: Color::Never });
        let boxed: Vec<&str> = drawn.lines().filter_map(|line| line.strip_prefix("▌ │ ")).collect();
        assert_eq!(
            boxed,
            [
                r#"{"requestId":"c6af9ac6-7b61","#,
                r#"  "ip":"203.0.113.7","status":"502","#,
                r#"  "userAgent":"xxxxxxxxxxxxxxxxxxxxxxxxx"#,
                r#"  xxxxxxxxxxxxxxx"}"#,
            ]
        );
    }

    #[test]
    fn a_bar_has_its_colour() {
        for (color, sequence) in
            [("danger", "31m"), ("warning", "33m"), ("good", "32m"), ("#4a154b", "38;2;74;21;75m")]
        {
            let mut message = message("heading", "raw");
            message.attachments[0].color = Some(color.to_owned());
            let drawn = draw(&message, &Canvas { width: None, color: Color::Always });
            assert!(drawn.contains(&format!("\u{1b}[{sequence}▌\u{1b}[0m ")), "{color}: {drawn:?}");
        }
    }

    proptest! {
        #[test]
        fn no_message_can_steer_the_terminal(text in "[a<|>&;!@ \u{1b}\u{7}\r\n\u{202e}\u{9b}*]{0,60}", width in prop::option::of(0_usize..90)) {
            let drawn = draw(&message(&text, &text), &Canvas { width, color: Color::Never });
            prop_assert!(!drawn.chars().any(|c| c != '\n' && crate::words::is_treacherous(c)), "{drawn:?}");
        }
    }
}
