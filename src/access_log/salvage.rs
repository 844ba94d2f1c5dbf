//! A line of broken JSON in, the fields that can be trusted out.
//!
//! API Gateway fills in a template and does not mend what comes out, so that a line breaks just when there is an
//! error: `"latency":-`, `"message":" "Endpoint request timed out""`, a line cut in its middle.
//!
//! It goes by structure and never searches for a field: a value ends where a comma and the next key follow, or the
//! closing bracket, or the line's end. So text inside a value does not pass for a field, escaped or not. Where a
//! client has managed to write what looks exactly like a second status field, the line has no status that we know.

use super::fields::{Fields, Path, Value};

/// The longest key that a broken line is searched for.
const MAX_KEY_CHARS: usize = 64;

/// The fields of a line that begins as a JSON object and is none.
pub(super) fn read(line: &str) -> Option<Fields<'_>> {
    let line = line.trim();
    let mut scanner =
        Scanner { line, at: line.strip_prefix('{').map(|_| 1)?, path: Vec::new(), fields: Fields::default() };
    while scanner.at < line.len() {
        scanner.member();
    }
    (!scanner.fields.contradicts).then_some(scanner.fields)
}

struct Scanner<'a> {
    line: &'a str,
    at: usize,
    /// Where we are: the path of each open object.
    path: Vec<Path<'a>>,
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
            self.fields.set(path.clone(), Value::Nested);
            self.path.push(path);
            self.at += 1;
            return;
        }
        let length = value_length(rest);
        let raw = rest.get(..length).unwrap_or_default();
        self.fields.set(path, value(raw));
        self.at += length;
    }

    /// A comma, a closing bracket, or text that fits nowhere.
    fn step_over(&mut self) {
        let rest = self.rest();
        let mut characters = rest.chars();
        match characters.next() {
            Some('}') => drop(self.path.pop()),
            // A quote that begins no key: the text behind it is not ours to take for one, so go on where a key
            // follows a comma.
            Some('"') => {
                self.at += 1 + value_length(characters.as_str());
                return;
            }
            _ => {}
        }
        self.at += rest.chars().next().map_or(1, char::len_utf8);
    }

    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }
}

/// `"key" :` with white space around, at the beginning of `text`; the key and the length up to the value.
fn key_and_colon(text: &str) -> Option<(&str, usize)> {
    let quoted = text.trim_start().strip_prefix('"')?;
    let end = quoted.find('"')?;
    let key = quoted.get(..end)?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | ' ');
    if key.is_empty() || key.len() > MAX_KEY_CHARS || !key.chars().all(is_key) {
        return None;
    }
    let behind = quoted.get(end + 1..)?.trim_start().strip_prefix(':')?.trim_start();
    Some((key, text.len() - behind.len()))
}

/// How long the value at the beginning of `text` is, without what ends it.
///
/// A text that begins with a quote ends behind a quote, any other before what follows; what follows is a comma and a
/// key, or brackets that close up to the line's end or before a comma and a key.
fn value_length(text: &str) -> usize {
    let quoted = text.starts_with('"');
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match character {
            '\\' => escaped = true,
            '"' if quoted && at > 0 && ends_member(text.get(at + 1..).unwrap_or_default()) => return at + 1,
            ',' | '}' | ']' if !quoted && ends_member(text.get(at..).unwrap_or_default()) => return at,
            _ => {}
        }
    }
    text.len()
}

/// Whether a member may end before `rest`.
fn ends_member(rest: &str) -> bool {
    let behind_brackets =
        rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '}' | ']'));
    match behind_brackets.strip_prefix(',') {
        Some(next) => key_and_colon(next).is_some() || ends_line(next),
        // Text behind the closing bracket: where no quote follows, no member can.
        None => {
            behind_brackets.is_empty()
                || (behind_brackets.len() < rest.trim_start().len() && !rest.contains('"'))
        }
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
