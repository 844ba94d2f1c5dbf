//! Lays out the rows of a rich-text section in columns.
//!
//! Each element of a row is a cell. The first is the head, those that follow a middle dot are the tail,
//! what stands between is the count. Rows of one cell are no part of the columns.

use unicode_width::UnicodeWidthStr;

use super::harmless;
use crate::slack::message::RichTextElement;

/// A head or tail longer than this does not widen its column.
const MAX_COLUMN: usize = 48;
/// What parts a tail from what stands before it.
const SEPARATOR: &str = " · ";

/// The rows as lines; `bold` paints what is bold.
pub(super) fn lines(elements: &[RichTextElement], bold: impl Fn(&str) -> String) -> Vec<String> {
    let rows = rows(elements);
    let tails = rows.iter().map(|row| row.tails.len()).max().unwrap_or(0);
    let rows: Vec<Vec<Column<'_>>> = rows.into_iter().map(|row| row.columns(tails)).collect();
    let widths: Vec<usize> = (0..tails + 2).map(|at| width(&rows, at)).collect();
    let line = |columns: &Vec<Column<'_>>| {
        if let [only] = columns.as_slice() {
            return only.padded(0, &bold);
        }
        let cells = columns.iter().zip(&widths).map(|(column, width)| column.padded(*width, &bold));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn width(rows: &[Vec<Column<'_>>], at: usize) -> usize {
    let cells = rows.iter().filter(|columns| columns.len() > 1).filter_map(|columns| columns.get(at));
    cells.map(Column::width).filter(|width| *width <= MAX_COLUMN).max().unwrap_or(0)
}

/// One row, its cells sorted into columns.
#[derive(Default)]
struct Row<'a> {
    head: Column<'a>,
    count: Column<'a>,
    tails: Vec<Column<'a>>,
}

/// The pieces of one cell, each bold or not.
#[derive(Default)]
struct Column<'a> {
    pieces: Vec<(&'a str, Weight)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Normal,
    Bold,
}

impl<'a> Row<'a> {
    fn push(&mut self, text: &'a str, weight: Weight) {
        if self.head.pieces.is_empty() {
            self.head.pieces.push((text, weight));
        } else if let Some(text) = text.strip_prefix(SEPARATOR) {
            self.tails.push(Column { pieces: vec![(text, weight)] });
        } else {
            self.count.pieces.push((text, weight));
        }
    }

    /// The cells in columns: head, count, and `tails` more, of which the last holds the last tail of every row.
    fn columns(mut self, tails: usize) -> Vec<Column<'a>> {
        if self.count.pieces.is_empty() && self.tails.is_empty() {
            return vec![self.head];
        }
        let last = self.tails.pop();
        let mut columns = vec![self.head, self.count];
        columns.extend(self.tails);
        columns.resize_with(tails.saturating_add(1).max(columns.len()), Column::default);
        columns.extend(last);
        columns
    }
}

impl Column<'_> {
    fn texts(&self) -> impl Iterator<Item = (String, Weight)> {
        let first =
            |i: usize, text: &str| if i == 0 { text.trim_start().to_owned() } else { text.to_owned() };
        self.pieces.iter().enumerate().map(move |(i, (text, weight))| (harmless(&first(i, text)), *weight))
    }

    fn width(&self) -> usize {
        self.texts().map(|(text, _)| text.width()).sum()
    }

    fn padded(&self, width: usize, bold: impl Fn(&str) -> String) -> String {
        let painted = self.texts().map(|(text, weight)| match weight {
            Weight::Bold => bold(&text),
            Weight::Normal => text,
        });
        painted.collect::<String>() + &" ".repeat(width.saturating_sub(self.width()))
    }
}

fn rows(elements: &[RichTextElement]) -> Vec<Row<'_>> {
    let mut rows = vec![Row::default()];
    for element in elements {
        let (text, weight) = match element {
            RichTextElement::Text { style: Some(style), .. } if style.bold => (element.shown(), Weight::Bold),
            _ => (element.shown(), Weight::Normal),
        };
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                rows.push(Row::default());
            }
            if !line.is_empty() {
                rows.last_mut().into_iter().for_each(|row| row.push(line, weight));
            }
        }
    }
    rows
}
