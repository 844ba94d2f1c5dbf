//! Writes tagged texts as mrkdwn or rich text in which nothing of a stranger's is live.

use std::cell::OnceCell;

use super::names;
use crate::notification::{Cell, NameSet, Piece, Row, Stranger, Text};
use crate::slack::escape::{Dialect, ZERO_WIDTH_SPACE, begins_as_quote_or_list, push_within};
use crate::slack::message::RichTextElement;

/// The names of a notification as each dialect shows them, worked out when they are first asked for.
#[derive(Debug, Default)]
pub(super) struct ShownNames {
    mrkdwn: OnceCell<Vec<Vec<String>>>,
    rich_text: OnceCell<Vec<Vec<String>>>,
}

/// Writes the texts of one notification.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'n> {
    pub(super) dialect: Dialect,
    pub(super) sets: &'n [NameSet<'n>],
    pub(super) shown: &'n ShownNames,
    /// Whether the section that is written shows fewer lines than there are.
    pub(super) shows_less: bool,
}

impl Writer<'_> {
    /// The texts that say something, with a middle dot between them.
    pub(super) fn joined(&self, texts: &[Text<'_>]) -> String {
        let mut out = String::new();
        for text in texts {
            let start = out.len();
            if start > 0 {
                out.push_str(" · ");
            }
            let before = out.len();
            self.guard(&mut text.pieces().iter(), &mut out);
            self.push(text, &mut out);
            if out.len() == before {
                out.truncate(start);
            }
        }
        out
    }

    /// A row as running text.
    pub(super) fn row(&self, row: &Row<'_>) -> String {
        let mut out = String::new();
        self.guard(&mut row.iter().flat_map(|cell| cell.text.pieces()), &mut out);
        for cell in row {
            self.push(&cell.text, &mut out);
        }
        out
    }

    /// A row as elements of rich text, one for each cell and each link.
    pub(super) fn push_elements(&self, row: &Row<'_>, out: &mut Vec<RichTextElement>) {
        end_line(out);
        for Cell { text, is_bold } in row {
            let element = if *is_bold { RichTextElement::bold } else { RichTextElement::text };
            let mut words = String::new();
            for piece in text.pieces() {
                if let Piece::Link { url, .. } = piece {
                    if !words.is_empty() {
                        out.push(element(std::mem::take(&mut words)));
                    }
                    let mut label = String::new();
                    self.push_within(self.words(piece), usize::MAX, &mut label);
                    out.push(RichTextElement::Link { url: url.clone().into_owned(), text: label });
                } else {
                    self.push_piece(piece, &mut words);
                }
            }
            if !words.is_empty() {
                out.push(element(words));
            }
        }
    }

    fn push(&self, text: &Text<'_>, out: &mut String) {
        text.pieces().iter().for_each(|piece| self.push_piece(piece, out));
    }

    fn push_piece(&self, piece: &Piece<'_>, out: &mut String) {
        match piece {
            Piece::Ours(words) => self.push_within(words, usize::MAX, out),
            Piece::Stranger(Stranger { text, max }) => self.push_within(text, *max, out),
            Piece::Name { set, index } => {
                let shown = self.shown_names().get(*set).and_then(|names| names.get(*index));
                out.push_str(shown.map_or("", String::as_str));
            }
            Piece::Link { url, .. } => {
                out.extend(["<", url, "|"]);
                self.push_within(self.words(piece), usize::MAX, out);
                out.push('>');
            }
        }
    }

    /// Keeps a line from being taken for a quote or an item of a list.
    fn guard<'p>(&self, pieces: &mut dyn Iterator<Item = &'p Piece<'p>>, out: &mut String) {
        let mut chars = pieces.flat_map(|piece| self.words(piece).chars());
        if self.dialect == Dialect::Mrkdwn && begins_as_quote_or_list(&mut chars) {
            out.push(ZERO_WIDTH_SPACE);
        }
    }

    /// A piece's words as they came.
    fn words<'p>(&'p self, piece: &'p Piece<'_>) -> &'p str {
        match piece {
            Piece::Ours(words) => words,
            Piece::Stranger(Stranger { text, .. }) => text,
            Piece::Name { set, index } => {
                let names = self.sets.get(*set).map_or(&[][..], |set| &set.names);
                names.get(*index).copied().unwrap_or_default()
            }
            Piece::Link { label, label_of_more, .. } => {
                label_of_more.as_deref().filter(|_| self.shows_less).unwrap_or(label)
            }
        }
    }

    fn push_within(&self, text: &str, max: usize, out: &mut String) {
        push_within(text, 0, self.dialect, max, out);
    }

    fn shown_names(&self) -> &[Vec<String>] {
        let of_dialect = match self.dialect {
            Dialect::Mrkdwn => &self.shown.mrkdwn,
            Dialect::RichText => &self.shown.rich_text,
        };
        of_dialect.get_or_init(|| {
            self.sets.iter().map(|set| names::distinct(&set.names, self.dialect, set.max)).collect()
        })
    }
}

/// A line break behind what is there.
pub(super) fn end_line(elements: &mut Vec<RichTextElement>) {
    match elements.last_mut() {
        Some(RichTextElement::Text { text, .. }) => text.push('\n'),
        Some(RichTextElement::Link { .. }) => elements.push(RichTextElement::text("\n")),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETS: [NameSet<'static>; 0] = [];

    fn joined(texts: &[Text<'_>], shows_less: bool) -> String {
        let shown = ShownNames::default();
        Writer { dialect: Dialect::Mrkdwn, sets: &SETS, shown: &shown, shows_less }.joined(texts)
    }

    #[test]
    fn whose_a_text_is_decides_how_much_of_it_is_written_but_none_of_it_is_live() {
        let ours = Text::of("since 05:28 ");
        let text = ours.stranger(format!("<!here> *b* {}", "y".repeat(300)), 80).ours(" <!here>");
        assert_eq!(
            joined(&[text], false),
            format!(
                "since 05:\u{200b}28 &lt;!here&gt; *\u{200b}b*\u{200b} {}… (263 more characters) &lt;!here&gt;",
                "y".repeat(37)
            )
        );
    }

    #[test]
    fn a_text_begins_no_quote_and_no_list_and_a_piece_within_one_needs_no_guard() {
        let texts = [Text::of_stranger("> a", 50), Text::of("+3"), Text::of("b ").stranger("- c", 50)];
        assert_eq!(joined(&texts, false), "\u{200b}&gt; a · \u{200b}+3 · b - c");
        assert_eq!(joined(&[Text::default(), Text::of("a"), Text::of("")], false), "a");
    }

    #[test]
    fn a_link_says_where_there_is_more() {
        let link = |shows_less| {
            joined(&[Text::link("https://a.example/", "Logs", Some("Logs (all 7)".to_owned()))], shows_less)
        };
        assert_eq!(link(false), "<https://a.example/|Logs>");
        assert_eq!(link(true), "<https://a.example/|Logs (all 7)>");
    }

    #[test]
    fn names_of_a_set_are_told_apart_as_the_dialect_shows_them() {
        let sets = [NameSet { names: vec!["/a", "/a\u{200b}"], max: 60 }];
        let text = Text::of("404 ").name(0, 1).ours(" ").name(0, 0).name(7, 7);
        let shown = ShownNames::default();
        for dialect in [Dialect::RichText, Dialect::Mrkdwn] {
            let writer = Writer { dialect, sets: &sets, shown: &shown, shows_less: false };
            assert_eq!(writer.joined(std::slice::from_ref(&text)), "404 /a\\u{200b} /a");
        }
    }

    #[test]
    fn a_link_in_a_row_is_an_element_of_its_own() {
        let shown = ShownNames::default();
        let writer = Writer { dialect: Dialect::RichText, sets: &SETS, shown: &shown, shows_less: false };
        let link = Text::of("see ").append(Text::link("https://a.example/", "runbook", None));
        let row = vec![Cell { text: Text::of("500"), is_bold: true }, Cell { text: link, is_bold: false }];
        let mut elements = Vec::new();
        writer.push_elements(&row, &mut elements);
        writer.push_elements(&row, &mut elements);
        let url = "https://a.example/".to_owned();
        let of_row = [
            RichTextElement::bold("500"),
            RichTextElement::text("see "),
            RichTextElement::Link { url, text: "runbook".to_owned() },
        ];
        let expected = [&of_row[..], &[RichTextElement::text("\n")], &of_row].concat();
        assert_eq!(elements, expected);
    }
}
