//! Text of any length in, its JSON documents and its lines out, one after another.

use std::io::{self, Read};

use crate::json::{Progress, Skipper};

/// Read at once from the source.
const CHUNK_BYTES: usize = 256 * 1024;

/// So much text is there when the next part is asked for by what is known of those before it: more than most of them
/// take. One that is longer is read the long way.
const LOOKAHEAD_BYTES: usize = 16 * 1024;

/// As much as the beginning of an answer of `aws logs filter-log-events` takes, pretty-printed or not.
const MAX_FRAME_BYTES: usize = 256;

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

/// Whether a document ends where a JSON value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Yes,
    No,
    /// The text goes on.
    Unknown,
}

/// Splits a recording, of which it holds one part at a time.
pub(super) struct Splitter<R> {
    source: R,
    /// What was read and not stepped over stands from `start` to `end`; the rest is room.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    max_bytes: usize,
    /// Number of the line that the next part begins in, from 1.
    pub(super) line_number: u64,
    /// Whether it stands among the elements of an answer of `aws logs filter-log-events`, each of which is a part: the
    /// command prints all pages as one document, which may be larger than memory.
    is_among_events: bool,
}

impl<R: Read> Splitter<R> {
    pub(super) fn new(source: R, max_bytes: usize) -> Self {
        Self {
            source,
            buffer: vec![0; CHUNK_BYTES],
            start: 0,
            end: 0,
            at_end: false,
            max_bytes,
            line_number: 1,
            is_among_events: false,
        }
    }

    /// The next part and the number of the line that it begins in.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Part<'_>)>> {
        if !self.step_to_part()? {
            return Ok(None);
        }
        let number = self.line_number;
        let first = self.text().first().copied();
        let document = if matches!(first, Some(b'{' | b'[')) { self.document_length()? } else { None };
        let (length, is_document) = if let Some(length) = document {
            (length, true)
        } else {
            self.is_among_events = false;
            let Some(length) = self.line_length()? else {
                self.skip_line()?;
                return Ok(Some((number, Part::TooLong)));
            };
            (length, false)
        };
        let start = self.start;
        self.step(length);
        let part = self.buffer.get(start..start + length).unwrap_or_default();
        Ok(Some((number, if is_document { Part::Document(part) } else { Part::Line(part.trim_ascii_end()) })))
    }

    /// The document that begins here, if `measure` knows its length and its line breaks: it is given all the text that
    /// is there.
    pub(super) fn part_if(
        &mut self,
        measure: &mut impl FnMut(&[u8]) -> Option<(usize, u64)>,
    ) -> io::Result<Option<(u64, &[u8])>> {
        if self.text().len() < LOOKAHEAD_BYTES {
            self.fill()?;
        }
        if !self.step_over_space()? {
            return Ok(None);
        }
        if self.is_among_events && self.text().first() == Some(&b',') {
            self.step(1);
            self.step_over_space()?;
        }
        let Some((length, line_breaks)) = measure(self.text()) else { return Ok(None) };
        // Where more text may follow, the long way asks for it.
        if self.ends_behind(length) != Ends::Yes {
            return Ok(None);
        }
        let (number, start) = (self.line_number, self.start);
        self.line_number += line_breaks;
        self.start += length;
        Ok(self.buffer.get(start..start + length).map(|part| (number, part)))
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
        loop {
            match self.ends_behind(length) {
                Ends::Yes => return Ok(Some(length)),
                Ends::No => return Ok(None),
                Ends::Unknown if !self.fill()? => return Ok(Some(length)),
                Ends::Unknown => {}
            }
        }
    }

    /// What stands behind a document of this length decides whether it was one, or the beginning of a line.
    fn ends_behind(&self, length: usize) -> Ends {
        let behind = self.text().get(length..).unwrap_or_default();
        match behind.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) {
            Some(b'\n' | b'{' | b'[') => Ends::Yes,
            Some(b',' | b']') if self.is_among_events => Ends::Yes,
            Some(_) => Ends::No,
            None => Ends::Unknown,
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

    /// Whether a part follows. What frames the elements of an answer is stepped over.
    fn step_to_part(&mut self) -> io::Result<bool> {
        while self.step_over_space()? {
            match self.text().first() {
                Some(b'{') if !self.is_among_events => match self.events_frame()? {
                    Some(length) => {
                        self.step(length);
                        self.is_among_events = true;
                    }
                    None => return Ok(true),
                },
                Some(b',') if self.is_among_events => self.step(1),
                Some(b']') if self.is_among_events => {
                    self.step(1);
                    self.is_among_events = false;
                    self.skip_members()?;
                }
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Length of `{"events":[` if that is what stands here and an object follows.
    fn events_frame(&mut self) -> io::Result<Option<usize>> {
        while self.text().len() < MAX_FRAME_BYTES && self.fill()? {}
        let text = self.text();
        let mut at = 1;
        for token in [b"\"events\"".as_slice(), b":", b"["] {
            at = crate::json::skip_space(text, at);
            if !text.get(at..).is_some_and(|rest| rest.starts_with(token)) {
                return Ok(None);
            }
            at += token.len();
        }
        let first = text.get(crate::json::skip_space(text, at));
        Ok((first == Some(&b'{')).then_some(at))
    }

    /// Steps over what follows a member's value, to the end of the object.
    fn skip_members(&mut self) -> io::Result<()> {
        while self.step_over_space()? {
            match self.text().first() {
                Some(b'}') => {
                    self.step(1);
                    return Ok(());
                }
                Some(b',' | b':') => self.step(1),
                Some(b'"' | b'[' | b'{' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => {
                    if !self.skip_value()? {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Steps over one value; says whether it was one.
    fn skip_value(&mut self) -> io::Result<bool> {
        let mut skipper = Skipper::new();
        loop {
            match skipper.feed(self.text()) {
                Ok(Progress::Done(length)) => {
                    self.step(length);
                    return Ok(true);
                }
                Ok(Progress::More) => self.step(self.text().len()),
                Err(_) => return Ok(false),
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Whether anything follows.
    fn step_over_space(&mut self) -> io::Result<bool> {
        loop {
            while let Some(byte) = self.text().first().filter(|byte| byte.is_ascii_whitespace()) {
                self.line_number += u64::from(*byte == b'\n');
                self.start += 1;
            }
            if !self.text().is_empty() {
                return Ok(true);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    fn text(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
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
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        self.at_end = read == 0;
        Ok(!self.at_end)
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
    fn the_elements_of_an_answer_of_any_length_are_parts_of_their_own() {
        let pretty = "{\n  \"events\": [\n    {\n      \"message\": \"a\"\n    },\n    {\"message\":\"b\"}\n  ],\n  \"searchedLogStreams\": [{\"a\":1}],\n  \"n\": -1\n}\nx\n";
        let element = "{\n      \"message\": \"a\"\n    }";
        let expected = [
            format!("3 document {element}"),
            "6 document {\"message\":\"b\"}".to_owned(),
            "11 line x".to_owned(),
        ];
        assert_eq!(parts(pretty, 99), expected);
        assert_eq!(
            parts(
                "{\"events\":[{\"a\":1},{\"b\":2}]}{\"events\":[{\"c\":3}],\"nextToken\":\"t\"}\n{\"d\":4}",
                99
            ),
            ["1 document {\"a\":1}", "1 document {\"b\":2}", "1 document {\"c\":3}", "2 document {\"d\":4}"]
        );
        // More than may be held at once.
        let many = (0..90_000).map(|n| format!("{{\"n\":{n}}}")).collect::<Vec<_>>().join(",");
        let all = parts(&format!("{{\"events\":[{many}]}}\nend"), 1_000);
        assert_eq!(
            (all.len(), all[89_999].as_str(), all[90_000].as_str()),
            (90_001, "1 document {\"n\":89999}", "2 line end")
        );
    }

    #[test]
    fn a_broken_answer_is_read_on_from_the_next_line() {
        assert_eq!(
            parts("{\"events\":[{\"a\":1},{\"b\":\n{\"c\":3}\n", 99),
            ["1 document {\"a\":1}", "1 line {\"b\":", "2 document {\"c\":3}"]
        );
        for other in ["{\"events\":[]}", "{\"events\":[1,2]}", "{\"events\":3}", "{\"x\":1,\"events\":[{}]}"]
        {
            assert_eq!(parts(other, 99), [format!("1 document {other}")]);
        }
    }

    #[test]
    fn what_is_too_long_is_stepped_over() {
        // The source is read in large chunks, so that only what is not there at once is measured.
        let long = "x".repeat(CHUNK_BYTES * 3);
        assert_eq!(parts(&format!("a\n{long}\nb"), 10), ["1 line a", "2 too long", "3 line b"]);
        assert_eq!(parts(&format!("a\n{{\"k\":\"{long}\"}}\nb"), 10), ["1 line a", "2 too long", "3 line b"]);
    }
}
