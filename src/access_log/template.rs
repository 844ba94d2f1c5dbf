//! The lines of one batch are made by one format: learn it from a line, and know the next by it.
//!
//! A [`Template`] recognises a line in its escaped form, as it stands in the batch, without unescaping or parsing it.
//! It is exact: what it recognises the plain reader would read as the same access log, and what is different in any way
//! (an escape, a control character, another order, other white space) it leaves to the plain reader.

use std::ops::Range;

use super::AccessLog;
use super::fields::{self, NAMES, Name, Path, TOP_LEVEL, Value};

/// Formats with more fields are read the plain way.
const MAX_FIELDS: usize = 64;
/// Escaped quote, as every quote of a line stands in a batch.
const QUOTE: &[u8] = b"\\\"";

/// The fixed text of a flat JSON object, and where its values stand.
#[derive(Debug)]
pub struct Template {
    parts: Vec<Part>,
    /// What stands behind the last value, to the line's end.
    tail: Vec<u8>,
    /// Which part gives the value of each name.
    winners: [Option<usize>; NAMES],
    status: usize,
}

#[derive(Debug)]
struct Part {
    /// What stands before the value, its opening quote included.
    before: Vec<u8>,
    /// A text ends at an escaped quote, which belongs to what follows; a number where its digits end.
    is_text: bool,
}

/// Where the values of the last recognised line stand. Used again and again, so that a line costs no allocation.
#[derive(Debug, Default)]
pub struct Values {
    ranges: Vec<Range<usize>>,
}

impl Template {
    /// Learns the format of a line; `None` where it is no flat JSON object of texts and whole numbers with its own
    /// status.
    #[must_use]
    pub fn learn(line: &str) -> Option<Self> {
        super::json::read(line)?;
        let mut learning = Learning { rest: line, before: Vec::new(), keys: Vec::new(), parts: Vec::new() };
        learning.object()?;
        let Learning { before: tail, keys, parts, .. } = learning;
        let mut winners: [Option<(u8, usize)>; NAMES] = [None; NAMES];
        for (index, key) in keys.iter().enumerate() {
            let Some((name, rank)) = fields::meaning(&Path::default().down(key)) else { continue };
            let winner = winners.get_mut(name as usize)?;
            if winner.is_none_or(|(best, _)| rank <= best) {
                *winner = Some((rank, index));
            }
        }
        let (rank, status) = (*winners.get(Name::Status as usize)?)?;
        (rank == TOP_LEVEL).then(|| Self {
            parts,
            tail,
            winners: winners.map(|winner| winner.map(|(_, index)| index)),
            status,
        })
    }

    /// The length of the line at the beginning of `text`, if it is of this format; `text` goes on with the quote that
    /// ends the line. Notes in `values` where its values stand.
    #[must_use]
    pub fn recognise(&self, text: &[u8], values: &mut Values) -> Option<usize> {
        values.ranges.clear();
        let mut at = 0;
        for part in &self.parts {
            at += text.get(at..)?.strip_prefix(part.before.as_slice()).map(|_| part.before.len())?;
            let rest = text.get(at..)?;
            let length =
                if part.is_text { memchr::memchr2(b'\\', b'"', rest)? } else { number_length(rest)? };
            values.ranges.push(at..at + length);
            at += length;
        }
        let is_whole = text.get(at..)?.strip_prefix(self.tail.as_slice())?.first() == Some(&b'"');
        let length = at + self.tail.len();
        // One sweep without a branch, of which the compiler makes wide instructions.
        let least = text.get(..length)?.iter().fold(u8::MAX, |least, &byte| least.min(byte));
        (is_whole && least >= b' ').then_some(length)
    }

    /// Whether a recognised line has a status below 400. Its text is what was recognised.
    #[must_use]
    pub fn is_ok(&self, text: &[u8], values: &Values) -> bool {
        let status = values.ranges.get(self.status).and_then(|range| text.get(range.clone()));
        matches!(status, Some([b'1'..=b'3', b'0'..=b'9', b'0'..=b'9']))
    }

    /// A recognised line as an access log; `None` where it has to be read the plain way.
    #[must_use]
    pub fn access_log<'a>(&self, text: &'a [u8], values: &Values) -> Option<AccessLog<'a>> {
        // A value that is not UTF-8 reads as U+FFFD: the plain reader does that.
        let text = std::str::from_utf8(text).ok()?;
        fields::access_log(|name| {
            let index = (*self.winners.get(name as usize)?)?;
            let value = text.get(values.ranges.get(index)?.clone())?;
            Some(if self.parts.get(index)?.is_text { Value::Text(value) } else { Value::Bare(value) })
        })
    }
}

/// Length of a whole number as JSON writes it, without a sign.
fn number_length(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (length, text.first()) {
        (0, _) | (2.., Some(b'0')) => None,
        _ => Some(length),
    }
}

/// A line on its way to a template. The line is known to be JSON.
struct Learning<'a> {
    rest: &'a str,
    /// Escaped text since the last value.
    before: Vec<u8>,
    keys: Vec<&'a str>,
    parts: Vec<Part>,
}

impl<'a> Learning<'a> {
    fn object(&mut self) -> Option<()> {
        self.fixed("{")?;
        loop {
            let key = self.key()?;
            if self.keys.contains(&key) || self.keys.len() == MAX_FIELDS {
                return None;
            }
            self.keys.push(key);
            self.fixed(":")?;
            self.value()?;
            self.space();
            if self.rest.starts_with('}') {
                break;
            }
            self.fixed(",")?;
        }
        self.fixed("}")?;
        self.space();
        self.rest.is_empty().then_some(())
    }

    /// A key without escapes, and the quotes around it.
    fn key(&mut self) -> Option<&'a str> {
        self.space();
        let inner = self.rest.strip_prefix('"')?;
        let key = inner.split('"').next()?;
        if key.contains('\\') {
            return None;
        }
        self.before.extend_from_slice(QUOTE);
        self.before.extend_from_slice(key.as_bytes());
        self.before.extend_from_slice(QUOTE);
        self.rest = inner.get(key.len() + 1..)?;
        self.space();
        Some(key)
    }

    fn value(&mut self) -> Option<()> {
        self.space();
        let is_text = self.rest.starts_with('"');
        if is_text {
            let inner = self.rest.strip_prefix('"')?;
            let value = inner.split('"').next()?;
            if value.contains('\\') {
                return None;
            }
            self.before.extend_from_slice(QUOTE);
            self.rest = inner.get(value.len() + 1..)?;
        } else {
            let length = number_length(self.rest.as_bytes())?;
            self.rest = self.rest.get(length..)?;
        }
        self.parts.push(Part { before: std::mem::take(&mut self.before), is_text });
        if is_text {
            self.before.extend_from_slice(QUOTE);
        }
        Some(())
    }

    /// White space and then this text, both of which every line of the format has.
    fn fixed(&mut self, text: &str) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(text)?;
        self.before.extend_from_slice(text.as_bytes());
        Some(())
    }

    /// Blanks. Other white space stands escaped in a batch, so that such a line is read the plain way.
    fn space(&mut self) {
        let behind = self.rest.trim_start_matches(' ');
        let blanks = self.rest.len() - behind.len();
        self.before.extend(std::iter::repeat_n(b' ', blanks));
        self.rest = behind;
    }
}
