//! Text of any length in, its JSON documents and its lines out, one after another.

use std::io::{self, Read};

use crate::json::{Progress, Skipper};

/// Read at once from the source.
const CHUNK_BYTES: usize = 256 * 1024;

/// So much text is there when the next part is asked for by what is known of those before it: more than most of them
/// take. One that is longer is read the long way.
const LOOKAHEAD_BYTES: usize = 16 * 1024;

/// As much as the beginning of an answer of CloudWatch Logs takes, pretty-printed or not, tokens included.
const MAX_FRAME_BYTES: usize = 4 * 1024;
/// An array that is longer than this is taken apart into its elements before its end is seen.
const MAX_ARRAY_BYTES: usize = 64 * 1024;
/// A line that is longer than this and has tabs is taken apart at one: `--output text` writes all messages on one line.
const MAX_CELLS_BYTES: usize = 1024 * 1024;

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

/// What the next parts are elements of: a document that may be larger than memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// A member of an answer of CloudWatch Logs: `events` or `results`. The command prints all pages as one document.
    Member,
    /// An array that stands alone, as `--query` makes it.
    Array,
}

/// Whether a text is the beginning of an answer whose elements are parts.
enum Framed {
    /// So long.
    Yes(usize),
    No,
    /// The text is too short to say.
    Unknown,
}

/// Splits a recording, of which it holds one part at a time.
///
/// Where its source says `io::ErrorKind::WouldBlock`, so does [`Self::next`], and can be called again.
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
    /// What it stands in.
    frame: Option<Frame>,
    /// Whether it waits for more text even where its source says that none is there yet.
    is_patient: bool,
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
            frame: None,
            is_patient: false,
        }
    }

    /// The next part and the number of the line that it begins in.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Part<'_>)>> {
        if !self.step_to_part()? {
            return Ok(None);
        }
        let number = self.line_number;
        let first = self.text().first().copied();
        let is_document = match first {
            Some(b'{' | b'[') => true,
            Some(b'"') => self.frame == Some(Frame::Array),
            _ => false,
        };
        let document = if is_document { self.document_length()? } else { None };
        let (length, is_document) = if let Some(length) = document {
            (length, true)
        } else {
            self.frame = None;
            let Some(length) = self.line_length()? else {
                self.skip_line()?;
                return Ok(Some((number, Part::TooLong)));
            };
            (length, false)
        };
        let start = self.start;
        if is_document {
            self.step(length);
        } else {
            // There is no line break in a line.
            self.start += length;
        }
        let part = self.buffer.get(start..start + length).unwrap_or_default();
        Ok(Some((number, if is_document { Part::Document(part) } else { Part::Line(part.trim_ascii_end()) })))
    }

    /// The document or line that begins here, if `measure` knows its length and its line breaks: it is given all the
    /// text that is there.
    pub(super) fn part_if(
        &mut self,
        measure: &mut impl FnMut(&[u8]) -> Option<(usize, u64)>,
    ) -> io::Result<Option<(u64, &[u8])>> {
        if !self.step_over_space()? {
            return Ok(None);
        }
        // A line that is there whole does not wait for the next one.
        if self.text().len() < LOOKAHEAD_BYTES && memchr::memchr(b'\n', self.text()).is_none() {
            self.fill()?;
        }
        if self.frame.is_some() && self.text().first() == Some(&b',') {
            self.step(1);
            self.step_over_space()?;
        }
        let Some((length, line_breaks)) = measure(self.text()) else { return Ok(None) };
        // Where more text may follow, the long way asks for it.
        if self.ends_behind(length) != Ends::Yes {
            return Ok(None);
        }
        // A line ends what it stands in, as it does in `next`.
        if !matches!(self.text().first(), Some(b'{' | b'[' | b'"')) {
            self.frame = None;
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
            Some(b',' | b']') if self.frame.is_some() => Ends::Yes,
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
            if searched > MAX_CELLS_BYTES
                && let Some(tab) = memchr::memrchr(b'\t', self.text())
            {
                return Ok(Some(tab));
            }
            if searched > self.max_bytes {
                return Ok(None);
            }
            if !self.fill()? {
                return Ok(Some(searched));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        self.is_patient = true;
        let skipped = self.skip_to_line_end();
        self.is_patient = false;
        skipped
    }

    fn skip_to_line_end(&mut self) -> io::Result<()> {
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
            match (self.text().first(), self.frame) {
                (Some(b'{'), None) => match self.member_frame()? {
                    Some(length) => {
                        self.step(length);
                        self.frame = Some(Frame::Member);
                    }
                    None => return Ok(true),
                },
                (Some(b'['), None) => {
                    if !self.is_long_array()? {
                        return Ok(true);
                    }
                    self.step(1);
                    self.frame = Some(Frame::Array);
                }
                (Some(b','), Some(_)) => self.step(1),
                (Some(b']'), Some(frame)) => {
                    self.step(1);
                    self.frame = None;
                    if frame == Frame::Member {
                        self.is_patient = true;
                        let skipped = self.skip_members();
                        self.is_patient = false;
                        skipped?;
                    }
                }
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Length of `{"events":[` or `{"results":[` with the short members before it, if that is what stands here and an
    /// element follows.
    fn member_frame(&mut self) -> io::Result<Option<usize>> {
        loop {
            match framed(self.text()) {
                Framed::Yes(length) => return Ok(Some(length)),
                Framed::Unknown if self.text().len() < MAX_FRAME_BYTES && self.fill()? => {}
                Framed::No | Framed::Unknown => return Ok(None),
            }
        }
    }

    /// Whether an array of objects, arrays or texts begins here that is too long to be looked at as one document.
    fn is_long_array(&mut self) -> io::Result<bool> {
        let mut skipper = Skipper::new();
        let mut fed = 0;
        loop {
            let rest = self.text().get(fed..).unwrap_or_default();
            if !matches!(skipper.feed(rest), Ok(Progress::More)) {
                return Ok(false);
            }
            fed = self.text().len();
            if fed >= MAX_ARRAY_BYTES {
                let first = self.text().get(crate::json::skip_space(self.text(), 1));
                return Ok(matches!(first, Some(b'{' | b'[' | b'"')));
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
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
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.is_patient => {}
                result => break result?,
            }
        };
        self.end += read;
        self.at_end = read == 0;
        Ok(!self.at_end)
    }
}

/// Whether an answer of CloudWatch Logs begins here. Its members come in any order, and are few.
fn framed(text: &[u8]) -> Framed {
    use crate::json::{Stop, closing_quote, skip_space, skip_value};
    let or_unknown = |at: usize| if at < text.len() { Framed::No } else { Framed::Unknown };
    let mut at = 1;
    loop {
        at = skip_space(text, at);
        if text.get(at) != Some(&b'"') {
            return or_unknown(at);
        }
        let Ok(name_end) = closing_quote(text, at + 1) else {
            let ends_line = text.get(at..).is_some_and(|name| name.contains(&b'\n'));
            return if ends_line { Framed::No } else { Framed::Unknown };
        };
        let name = text.get(at + 1..name_end).unwrap_or_default();
        let first = match name {
            b"events" => b'{',
            b"results" => b'[',
            b"queryLanguage" | b"nextToken" | b"nextForwardToken" | b"nextBackwardToken" | b"status" => 0,
            _ => return Framed::No,
        };
        at = skip_space(text, name_end + 1);
        if text.get(at) != Some(&b':') {
            return or_unknown(at);
        }
        at = skip_space(text, at + 1);
        if first == 0 {
            at = match skip_value(text, at) {
                Ok(end) => skip_space(text, end),
                Err(Stop::Incomplete) => return Framed::Unknown,
                Err(_) => return Framed::No,
            };
            if text.get(at) != Some(&b',') {
                return or_unknown(at);
            }
            at += 1;
            continue;
        }
        if text.get(at) != Some(&b'[') {
            return or_unknown(at);
        }
        let element = skip_space(text, at + 1);
        return if text.get(element) == Some(&first) { Framed::Yes(at + 1) } else { or_unknown(element) };
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

    #[test]
    fn rows_of_a_query_and_elements_of_a_long_array_are_parts_of_their_own() {
        assert_eq!(
            parts(
                "{\"queryLanguage\":\"CWLI\",\n\"results\": [[{\"field\":\"a\"}],\n [1]], \"status\": \"Complete\"}\nx",
                99
            ),
            ["2 document [{\"field\":\"a\"}]", "3 document [1]", "4 line x"]
        );
        for element in [r#""a\"b""#, r#"{"a":1}"#, "[1,2]"] {
            let many = vec![element; 40_000].join(", ");
            let all = parts(&format!("[{many}]\nend"), 1_000);
            assert_eq!(
                (all.len(), all[0].as_str(), all[39_999].as_str(), all[40_000].as_str()),
                (
                    40_001,
                    format!("1 document {element}").as_str(),
                    format!("1 document {element}").as_str(),
                    "2 line end"
                )
            );
        }
        // A short one is a document, whatever is in it.
        assert_eq!(
            parts("[\"a\",\"b\"]\n[\"GET\" 200]\n", 99),
            ["1 document [\"a\",\"b\"]", "2 line [\"GET\" 200]"]
        );
    }

    #[test]
    fn a_very_long_line_is_taken_apart_at_a_tab() {
        let cells = vec!["203.0.113.7 - -"; 200_000].join("\t");
        let parts = parts(&cells, 2_000_000);
        assert!(parts.len() > 1);
        let rejoined: Vec<&str> = parts.iter().map(|part| part.strip_prefix("1 line ").unwrap()).collect();
        assert!(rejoined.join("\t") == cells);
    }

    /// Gives each piece once, and says in between that no more is there.
    struct Pausing(Vec<&'static [u8]>, bool);

    impl Read for Pausing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 && !self.0.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if self.0.is_empty() { Ok(0) } else { self.0.remove(0).read(out) }
        }
    }

    #[test]
    fn a_source_that_pauses_loses_nothing_and_holds_no_line_back() {
        let text = b"{\"status\":1}\nline\n{\"events\":[{\"a\":1}],\"x\":[1]}\n";
        for cut in 1..text.len() {
            let (head, rest) = text.split_at(cut);
            let mut splitter = Splitter::new(Pausing(vec![head, rest], false), 99);
            let (mut all, mut before_the_rest) = (Vec::new(), 0);
            let mut pauses = 0;
            loop {
                match splitter.next() {
                    Ok(None) => break,
                    Ok(Some((_, part))) => {
                        all.push(format!("{part:?}"));
                        before_the_rest += usize::from(pauses == 1);
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                        pauses += 1;
                    }
                }
            }
            assert_eq!(all.len(), 3, "{cut}: {all:?}");
            let ended = memchr::memchr_iter(b'\n', head).count();
            assert!(before_the_rest >= ended.min(2), "{cut}: {before_the_rest} {ended}");
        }
    }
}
