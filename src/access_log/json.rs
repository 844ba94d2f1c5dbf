//! A line of JSON in, its fields out, or the word that it is no JSON.
//!
//! Strict as RFC 8259 and `serde_json` are: what this refuses, CloudWatch's own JSON patterns cannot see either,
//! and `salvage` has to look at.

use super::fields::{Fields, Path, Value};
use crate::json::{MAX_DEPTH, is_number};

/// The fields of a line that is a JSON object, `None` where it is none.
pub(super) fn read(line: &str) -> Option<Fields<'_>> {
    let mut reader = Reader { line, at: 0, fields: Fields::default() };
    reader.space();
    if reader.peek() != Some(b'{') {
        return None;
    }
    reader.object(&Path::default(), 1)?;
    reader.space();
    (reader.at == line.len()).then_some(reader.fields)
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    fields: Fields<'a>,
}

impl<'a> Reader<'a> {
    fn object(&mut self, path: &Path<'a>, depth: usize) -> Option<()> {
        self.take(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            return self.take(b'}');
        }
        loop {
            self.space();
            let below = path.down(self.string()?);
            self.space();
            self.take(b':')?;
            self.space();
            self.member(below, depth)?;
            self.space();
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn member(&mut self, path: Path<'a>, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => {
                let text = self.string()?;
                self.fields.set(path, Value::Text(text));
            }
            b'{' if depth < MAX_DEPTH => {
                self.fields.set(path.clone(), Value::Nested);
                self.object(&path, depth + 1)?;
            }
            b'[' if depth < MAX_DEPTH => {
                self.fields.set(path, Value::Nested);
                self.array(depth + 1)?;
            }
            _ => {
                let bare = self.bare()?;
                self.fields.set(path, Value::Bare(bare));
            }
        }
        Some(())
    }

    /// What stands in an array is no field of ours, but has to be JSON.
    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            return self.take(b']');
        }
        loop {
            self.space();
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' if depth < MAX_DEPTH => {
                    let mut inner = Reader { line: self.line, at: self.at, fields: Fields::default() };
                    inner.object(&Path::default(), depth + 1)?;
                    self.at = inner.at;
                }
                b'[' if depth < MAX_DEPTH => self.array(depth + 1)?,
                _ => drop(self.bare()?),
            }
            self.space();
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A string, from quote to quote; what stands between them, escapes and all.
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match self.next()? {
                b'"' => return self.line.get(start..self.at - 1),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next()?.is_ascii_hexdigit().then_some(())?;
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn bare(&mut self) -> Option<&'a str> {
        let start = self.at;
        while matches!(self.peek(), Some(b'a'..=b'z' | b'0'..=b'9' | b'E' | b'+' | b'-' | b'.')) {
            self.at += 1;
        }
        let bare = self.line.get(start..self.at)?;
        (matches!(bare, "true" | "false" | "null") || is_number(bare)).then_some(bare)
    }

    fn space(&mut self) {
        self.at = crate::json::skip_space(self.line.as_bytes(), self.at);
    }

    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }
}
