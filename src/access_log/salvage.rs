//! A line of broken JSON in, the fields that can be trusted out.
//!
//! API Gateway fills in a template and does not mend what comes out, so that a line breaks just when there is an
//! error: `"latency":-`, `"message":" "Endpoint request timed out""`, a line cut in its middle.
//!
//! It goes by structure and never searches for a field: a value ends where a comma and the next key follow, or the
//! closing bracket, or the line's end, be it within the next key. So text inside a value does not pass for a field,
//! escaped or not. Where a client has managed to write what looks exactly like a second status field, the line has no
//! status that we know.

use std::ops::Range;

use super::fields::{Fields, Path, Value};

/// The longest key that a broken line is searched for.
const MAX_KEY_CHARS: usize = 64;

/// The fields of a line that begins as a JSON object and is none.
pub(super) fn read(line: &str) -> Option<Fields<'_>> {
    let line = line.trim();
    let mut scanner = Scanner {
        line: Line { text: line, last_quote: line.rfind('"'), closing_run: 0..0 },
        at: line.strip_prefix('{').map(|_| 1)?,
        path: Vec::new(),
        too_deep: 0,
        fields: Fields::default(),
    };
    while scanner.at < line.len() {
        scanner.member();
    }
    (!scanner.fields.contradicts).then_some(scanner.fields)
}

struct Scanner<'a> {
    line: Line<'a>,
    at: usize,
    /// Where we are: the path of each open object, as far down as a field of ours can be.
    path: Vec<Path<'a>>,
    /// Open objects deeper than that.
    too_deep: usize,
    fields: Fields<'a>,
}

impl<'a> Scanner<'a> {
    /// Reads one key and its value, or steps over what is neither.
    fn member(&mut self) {
        let rest = self.rest();
        let Some((key, value_at)) = key_and_colon(rest) else { return self.step_over() };
        let path = self.path.last().map_or_else(|| Path::default().down(key), |above| above.down(key));
        self.at += value_at;
        let rest = self.rest();
        if let Some(b'{') = rest.as_bytes().first() {
            if self.path.len() <= Path::DEPTH {
                self.fields.set(path.clone(), Value::Nested);
                self.path.push(path);
            } else {
                self.too_deep += 1;
            }
            self.at += 1;
            return;
        }
        let length = self.line.value_length(rest);
        let raw = rest.get(..length).unwrap_or_default();
        self.fields.set(path, value(raw));
        self.at += length;
    }

    /// A comma, a closing bracket, or text that fits nowhere.
    fn step_over(&mut self) {
        let rest = self.rest();
        let mut characters = rest.chars();
        match characters.next() {
            Some('}') if self.too_deep > 0 => self.too_deep -= 1,
            Some('}') => drop(self.path.pop()),
            // All of it at once: at each blank, what follows the last one would be looked at again.
            Some(c) if c.is_whitespace() => {
                self.at += rest.len() - rest.trim_start().len();
                return;
            }
            // A quote that begins no key: the text behind it is not ours to take for one, so go on where a key
            // follows a comma.
            Some('"') => {
                self.at += 1 + self.line.value_length(characters.as_str());
                return;
            }
            _ => {}
        }
        self.at += rest.chars().next().map_or(1, char::len_utf8);
    }

    fn rest(&self) -> &'a str {
        self.line.text.get(self.at..).unwrap_or_default()
    }
}

/// `"key" :` with white space around, at the beginning of `text`; the key and the length up to the value.
fn key_and_colon(text: &str) -> Option<(&str, usize)> {
    let quoted = text.trim_start().strip_prefix('"')?;
    // Searched no further than the longest key: a line of quotes must not cost the square of its length.
    let end = quoted.bytes().take(MAX_KEY_CHARS + 1).position(|byte| byte == b'"')?;
    let key = quoted.get(..end)?;
    if key.is_empty() || !may_be_key(key) {
        return None;
    }
    let behind = quoted.get(end + 1..)?.trim_start().strip_prefix(':')?.trim_start();
    Some((key, text.len() - behind.len()))
}

/// Whether nothing follows but the beginning of a key, as in a line that was cut there: no other member can stand in it.
fn is_cut_key(text: &str) -> bool {
    let Some(quoted) = text.trim_start().strip_prefix('"') else { return false };
    // One quote more: behind the whole key.
    quoted.len() <= MAX_KEY_CHARS + 1 && may_be_key(quoted.strip_suffix('"').unwrap_or(quoted))
}

fn may_be_key(text: &str) -> bool {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | ' ');
    text.len() <= MAX_KEY_CHARS && text.chars().all(is_key)
}

/// The line, with what is asked of it again and again: strangers write it, so that asking must not cost its length.
struct Line<'a> {
    text: &'a str,
    last_quote: Option<usize>,
    /// Where brackets and white space were last found to stand in a row.
    closing_run: Range<usize>,
}

impl Line<'_> {
    /// How long the value at the beginning of `text`, which goes to the line's end, is without what ends it.
    ///
    /// A text that begins with a quote ends behind a quote, any other before what follows; what follows is a comma
    /// and a key, or brackets that close up to the line's end or before a comma and a key.
    fn value_length(&mut self, text: &str) -> usize {
        let quoted = text.starts_with('"');
        let mut escaped = false;
        for (at, character) in text.char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match character {
                '\\' => escaped = true,
                '"' if quoted && at > 0 && self.ends_member(text.get(at + 1..).unwrap_or_default()) => {
                    return at + 1;
                }
                ',' | '}' | ']' if !quoted && self.ends_member(text.get(at..).unwrap_or_default()) => {
                    return at;
                }
                _ => {}
            }
        }
        text.len()
    }

    /// Whether a member may end before `rest`, which goes to the line's end.
    fn ends_member(&mut self, rest: &str) -> bool {
        let at = self.text.len() - rest.len();
        if !self.closing_run.contains(&at) {
            self.closing_run = at..self.text.len() - rest.trim_start_matches(is_closing).len();
        }
        let behind_brackets = self.text.get(self.closing_run.end..).unwrap_or_default();
        if let Some(next) = behind_brackets.strip_prefix(',') {
            return key_and_colon(next).is_some() || ends_line(next) || is_cut_key(next);
        }
        // Text behind the closing bracket: where no quote follows, no member can.
        let quote_follows = self.last_quote.is_some_and(|quote| quote >= at);
        behind_brackets.is_empty() || (behind_brackets.len() < rest.trim_start().len() && !quote_follows)
    }
}

/// Whether nothing follows but what closes.
fn ends_line(rest: &str) -> bool {
    rest.trim_start_matches(is_closing).is_empty()
}

fn is_closing(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '}' | ']')
}

fn value(raw: &str) -> Value<'_> {
    let raw = raw.trim();
    match raw.strip_prefix('"') {
        // A value that is quoted twice, as `messageString` is in quotes, or cut before its end.
        Some(text) => Value::Text(text.strip_suffix('"').unwrap_or(text).trim_matches([' ', '"'])),
        None => Value::Bare(raw),
    }
}
