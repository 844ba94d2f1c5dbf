//! Lines of text in; what a terminal shows of them, out: wrapped between words, painted where it has colours.
//!
//! It knows nothing of a backtest. A word is broken only where it is longer than a line.

use anstyle::{AnsiColor, Style};
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use crate::slack::terminal::{Canvas, Color};

/// The most that is written on a line, also where nothing limits it.
const MAX_WIDTH: usize = 100;
/// Below this, wrapping makes columns of single words.
const MIN_WIDTH: usize = 40;
/// Stands for a blank at which no line ends.
const TIED: char = '\u{a0}';
/// The longest text that is kept on one line.
const MAX_TIED: usize = 32;

/// What the paint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// A heading, or what is to be read first.
    Bold,
    /// What matters less.
    Dim,
    /// A server error, a state of ALARM.
    Red,
    /// A client error, something that takes nothing.
    Yellow,
    /// A state of OK.
    Green,
}

/// What was written so far.
pub(super) struct Page {
    out: String,
    width: usize,
    color: Color,
}

impl Page {
    pub(super) fn new(canvas: &Canvas) -> Self {
        let width = canvas.width.unwrap_or(MAX_WIDTH).clamp(MIN_WIDTH, MAX_WIDTH);
        Self { out: String::new(), width, color: canvas.color }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Whether a line is no longer than the page is wide.
    pub(super) fn fits(&self, line: &str) -> bool {
        display_width(line) <= self.width
    }

    /// The text in colour, if there is any.
    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        let style = match paint {
            Paint::Bold => Style::new().bold(),
            Paint::Dim => Style::new().dimmed(),
            Paint::Red => AnsiColor::Red.on_default(),
            Paint::Yellow => AnsiColor::Yellow.on_default(),
            Paint::Green => AnsiColor::Green.on_default(),
        };
        match self.color {
            Color::Always if !text.is_empty() => format!("{style}{text}{style:#}"),
            _ => text.to_owned(),
        }
    }

    pub(super) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// A line, wrapped where it is too long; what goes on is indented by two more than it.
    pub(super) fn line(&mut self, text: &str) {
        let indent = text.len() - text.trim_start_matches(' ').len();
        self.hanging(text, indent + 2);
    }

    /// A line, wrapped where it is too long; what goes on is indented by so many columns.
    pub(super) fn hanging(&mut self, text: &str, indent: usize) {
        let indent = " ".repeat(indent);
        let options =
            Options::new(self.width).subsequent_indent(&indent).word_splitter(WordSplitter::NoHyphenation);
        self.out.push_str(&textwrap::fill(text, options).replace(TIED, " "));
        self.out.push('\n');
    }
}

/// The text as one word, if it is short: no line ends within it.
pub(super) fn tied(text: &str) -> String {
    if display_width(text) > MAX_TIED { text.to_owned() } else { text.replace(' ', &TIED.to_string()) }
}

/// The texts with dots between them, each on one line if it is short.
pub(super) fn dotted(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| tied(text)).collect();
    texts.join(&format!("{TIED}· "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, color: Color) -> Page {
        Page::new(&Canvas { width: Some(width), color })
    }

    #[test]
    fn a_line_ends_between_words_and_never_within_a_short_text() {
        let mut page = page(40, Color::Never);
        page.line("  new-group and follow-up of an-incident-that-goes-on");
        page.line(&dotted(&["240 × 5xx".to_owned(), "240 salvaged from broken JSON".to_owned()]));
        assert_eq!(
            page.finish(),
            "  new-group and follow-up of\n    an-incident-that-goes-on\n240 × 5xx ·\n  240 salvaged from broken JSON\n"
        );
    }

    #[test]
    fn paint_takes_no_room() {
        let text = "some words that are painted and wrapped as all other words";
        let mut painted = page(40, Color::Always);
        let words: Vec<String> = text.split(' ').map(|word| painted.paint(Paint::Red, word)).collect();
        painted.line(&words.join(" "));
        let mut plain = page(40, Color::Never);
        plain.line(text);
        let painted = painted.finish();
        assert!(painted.contains("\u{1b}[31msome\u{1b}[0m"), "{painted:?}");
        assert_eq!(painted.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""), plain.finish());
    }
}
