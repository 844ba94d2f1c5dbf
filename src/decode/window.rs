//! The inflated text of a batch, seen through a window that moves and, for one long log event, grows.

use super::DecodeError;
use super::compressed::{Inflated, Space};
use crate::json::{self, Progress, Skipper, Stop};

/// What is inflated at once: in step with deflate's own 32 KiB window, and small beside a Lambda's memory.
const INITIAL_BYTES: usize = 64 * 1024;
/// What is enough for a batch of a few log events, which is not to pay for clearing more.
const LEAST_BYTES: usize = 8 * 1024;
/// How many times longer a batch is, inflated, than the bytes that it came as: about so many for an access log.
const INFLATION: usize = 4;
/// The longest piece of JSON that is looked at as one: a log event has at most 1 MB, and escapes lengthen it.
pub(super) const MAX_BYTES: usize = 4 * 1024 * 1024;

pub(super) struct Window<'a> {
    source: Inflated<'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `start` in the inflated text.
    offset: u64,
    at_end: bool,
}

/// A stretch of text is longer than the window may grow.
#[derive(Debug)]
pub(super) struct TooLong;

impl<'a> Window<'a> {
    pub(super) fn new(mut source: Inflated<'a>) -> Self {
        let length = (source.length() * INFLATION).clamp(LEAST_BYTES, INITIAL_BYTES);
        let mut buffer = source.take_text();
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        Self { source, buffer, start: 0, end: 0, offset: 0, at_end: false }
    }

    /// What it took up, unless it grew for a long log event.
    pub(super) fn into_space(self) -> Space {
        let mut space = self.source.into_space();
        if self.buffer.len() <= INITIAL_BYTES {
            space.text = self.buffer;
        }
        space
    }

    /// What is inflated and not stepped over yet.
    pub(super) fn text(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The last `length` bytes stepped over; they are there until more text is asked for.
    pub(super) fn stepped(&self, length: usize) -> &[u8] {
        self.buffer.get(self.start.saturating_sub(length)..self.start).unwrap_or_default()
    }

    pub(super) fn step(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next byte after white space, not stepped over; `None` at the end of the text.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, DecodeError> {
        loop {
            let space = json::skip_space(self.text(), 0);
            self.step(space);
            if let Some(&byte) = self.text().first() {
                return Ok(Some(byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The next byte after white space, stepped over, if it is `wanted`.
    pub(super) fn take(&mut self, wanted: u8) -> Result<bool, DecodeError> {
        let found = self.peek()? == Some(wanted);
        if found {
            self.step(1);
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, wanted: u8, what: &'static str) -> Result<(), DecodeError> {
        if self.take(wanted)? { Ok(()) } else { Err(self.unexpected(what)) }
    }

    /// The error for a byte that cannot stand here, or for a text that ends here.
    pub(super) fn unexpected(&self, expected: &'static str) -> DecodeError {
        if self.at_end && self.text().is_empty() {
            DecodeError::TruncatedJson { at: self.offset }
        } else {
            DecodeError::NotJson { at: self.offset, expected }
        }
    }

    /// Reads one piece by `reader`, which is called again with more text as long as it finds too little.
    ///
    /// What the reader gives back besides its value is the length to step over. A piece that does not fit
    /// into the largest window is `Ok(Err(TooLong))`, with nothing stepped over.
    pub(super) fn piece<T>(
        &mut self,
        expected: &'static str,
        mut reader: impl FnMut(&[u8]) -> Result<(T, usize), Stop>,
    ) -> Result<Result<T, TooLong>, DecodeError> {
        loop {
            match reader(self.text()) {
                Ok((value, length)) => {
                    self.step(length);
                    return Ok(Ok(value));
                }
                Err(Stop::Invalid(at)) => {
                    return Err(DecodeError::NotJson { at: self.offset + at as u64, expected });
                }
                Err(Stop::Incomplete) if self.text().len() >= MAX_BYTES => return Ok(Err(TooLong)),
                Err(Stop::Incomplete) => {
                    if !self.fill()? {
                        return Err(DecodeError::TruncatedJson {
                            at: self.offset + self.text().len() as u64,
                        });
                    }
                }
            }
        }
    }

    /// Steps over one value of any length, and checks that it is JSON.
    pub(super) fn skip_value(&mut self) -> Result<(), DecodeError> {
        let mut skipper = Skipper::new();
        loop {
            match skipper.feed(self.text()) {
                Ok(Progress::Done(length)) => {
                    self.step(length);
                    return Ok(());
                }
                Ok(Progress::More) => {
                    self.step(self.text().len());
                    if !self.fill()? {
                        return Err(DecodeError::TruncatedJson { at: self.offset });
                    }
                }
                Err(at) => {
                    return Err(DecodeError::NotJson {
                        at: self.offset + at as u64,
                        expected: "a JSON value",
                    });
                }
            }
        }
    }

    /// Inflates more text behind what is there; `false` at the end. Makes room by moving, then by growing.
    ///
    /// All room is filled: a piece that is read again with a little more text each time costs the square of its length.
    fn fill(&mut self) -> Result<bool, DecodeError> {
        if self.at_end {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).min(MAX_BYTES), 0);
        }
        let before = self.end;
        while self.end < self.buffer.len() && !self.at_end {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            let length = self.source.read(room)?;
            self.end += length;
            self.at_end = length == 0;
        }
        Ok(self.end > before)
    }
}
