//! Text of any length in, its JSON documents and its lines out, one after another.

use std::io::{self, Read};

use crate::json::{Progress, Skipper};

/// Read at once from the source.
const CHUNK_BYTES: usize = 256 * 1024;

/// One part of a recording.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A JSON object or array, over one line or several.
    Document(&'a [u8]),
    /// A line that is none, without its line break.
    Line(&'a [u8]),
    /// A document or a line longer than the limit, stepped over.
    TooLong,
}

/// Splits a recording, of which it holds one part at a time.
pub(super) struct Splitter<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    at_end: bool,
    max_bytes: usize,
    /// Number of the line that the next part begins in, from 1.
    pub(super) line_number: u64,
}

impl<R: Read> Splitter<R> {
    pub(super) fn new(source: R, max_bytes: usize) -> Self {
        Self { source, buffer: Vec::new(), start: 0, at_end: false, max_bytes, line_number: 1 }
    }

    /// The next part and the number of the line that it begins in.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Part<'_>)>> {
        if !self.step_over_space()? {
            return Ok(None);
        }
        let number = self.line_number;
        let first = self.text().first().copied();
        let document = if matches!(first, Some(b'{' | b'[')) { self.document_length()? } else { None };
        let (length, is_document) = match document {
            Some(length) => (length, true),
            None => {
                if let Some(length) = self.line_length()? {
                    (length, false)
                } else {
                    self.skip_line()?;
                    return Ok(Some((number, Part::TooLong)));
                }
            }
        };
        let start = self.start;
        self.step(length);
        let part = self.buffer.get(start..start + length).unwrap_or_default();
        Ok(Some((number, if is_document { Part::Document(part) } else { Part::Line(part.trim_ascii_end()) })))
    }

    /// The line that begins here, if it is there whole and is what is asked for.
    pub(super) fn line_if(
        &mut self,
        is_wanted: &mut impl FnMut(&[u8]) -> bool,
    ) -> io::Result<Option<(u64, &[u8])>> {
        if !self.step_over_space()? {
            return Ok(None);
        }
        let Some(length) = memchr::memchr(b'\n', self.text()) else { return Ok(None) };
        if !self.text().get(..length).is_some_and(is_wanted) {
            return Ok(None);
        }
        let start = self.start;
        self.start += length;
        Ok(self.buffer.get(start..start + length).map(|line| (self.line_number, line)))
    }

    /// Length of the JSON document that begins here; `None` where none does, or something follows it in its line.
    fn document_length(&mut self) -> io::Result<Option<usize>> {
        let mut skipper = Skipper::new();
        let mut fed = 0;
        let length = loop {
            let rest = self.text().get(fed..).unwrap_or_default();
            let line_end = memchr::memchr(b'\n', rest);
            let piece = line_end.map_or(rest, |end| rest.get(..=end).unwrap_or_default());
            match skipper.feed(piece) {
                Ok(Progress::Done(length)) => break fed + length,
                Err(_) => return Ok(None),
                Ok(Progress::More) if line_end.is_some() && skipper.is_in_string() => return Ok(None),
                Ok(Progress::More) => fed += piece.len(),
            }
            if line_end.is_none() && (self.text().len() > self.max_bytes || !self.fill()?) {
                return Ok(None);
            }
        };
        // What stands behind it decides whether it was a document or the beginning of a line.
        let mut behind = length;
        loop {
            match self.text().get(behind).copied() {
                Some(b' ' | b'\t' | b'\r') => behind += 1,
                Some(b'\n' | b'{' | b'[') => return Ok(Some(length)),
                Some(_) => return Ok(None),
                None if !self.fill()? => return Ok(Some(length)),
                None => {}
            }
        }
    }

    fn line_length(&mut self) -> io::Result<Option<usize>> {
        let mut searched = 0;
        loop {
            let rest = self.text().get(searched..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                return Ok(Some(searched + end));
            }
            searched = self.text().len();
            if searched > self.max_bytes {
                return Ok(None);
            }
            if !self.fill()? {
                return Ok(Some(searched));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', self.text()) {
                self.step(end);
                return Ok(());
            }
            self.step(self.text().len());
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Whether anything follows.
    fn step_over_space(&mut self) -> io::Result<bool> {
        loop {
            let space = self.text().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.step(space);
            if !self.text().is_empty() {
                return Ok(true);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    fn text(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn step(&mut self, length: usize) {
        let stepped = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        self.line_number += memchr::memchr_iter(b'\n', stepped).count() as u64;
        self.start += length;
    }

    fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let length = self.buffer.len();
        let read = self.source.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut self.buffer)?;
        self.at_end = read == 0;
        Ok(self.buffer.len() > length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, max_bytes: usize) -> Vec<String> {
        let mut splitter = Splitter::new(text.as_bytes(), max_bytes);
        let mut parts = Vec::new();
        while let Some((number, part)) = splitter.next().unwrap() {
            parts.push(match part {
                Part::Document(text) => format!("{number} document {}", String::from_utf8_lossy(text)),
                Part::Line(text) => format!("{number} line {}", String::from_utf8_lossy(text)),
                Part::TooLong => format!("{number} too long"),
            });
        }
        parts
    }

    #[test]
    fn documents_follow_one_another_pretty_printed_or_not() {
        assert_eq!(
            parts("{\"a\":1}{\"b\":[2]} \n\n{\n \"c\": \"}\"\n}\n[3]", 99),
            [
                "1 document {\"a\":1}",
                "1 document {\"b\":[2]}",
                "3 document {\n \"c\": \"}\"\n}",
                "6 document [3]"
            ]
        );
    }

    #[test]
    fn what_is_no_document_is_a_line() {
        assert_eq!(
            parts(
                "127.0.0.1 - - x\r\n\n {\"a\":-,\"b\":\"c\"}\n{\"cut\":\"in the mid\n{\"a\":1}\n{\"a\":1} x\n{\"a\":\n",
                99
            ),
            [
                "1 line 127.0.0.1 - - x",
                "3 line {\"a\":-,\"b\":\"c\"}",
                "4 line {\"cut\":\"in the mid",
                "5 document {\"a\":1}",
                "6 line {\"a\":1} x",
                "7 line {\"a\":",
            ]
        );
    }

    #[test]
    fn what_is_too_long_is_stepped_over() {
        // The source is read in large chunks, so that only what is not there at once is measured.
        let long = "x".repeat(CHUNK_BYTES * 3);
        assert_eq!(parts(&format!("a\n{long}\nb"), 10), ["1 line a", "2 too long", "3 line b"]);
        assert_eq!(parts(&format!("a\n{{\"k\":\"{long}\"}}\nb"), 10), ["1 line a", "2 too long", "3 line b"]);
    }
}
