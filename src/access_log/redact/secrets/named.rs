//! Values that stand behind the name of a secret, or of a query string, in any text: `x-api-key: …`, `"token":"…"`, `password=…`.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::{is_opaque, names, query};

/// What separates a name from its value.
const SIGNS: [&str; 9] = [":", "=", "%3A", "%3a", "%3D", "%3d", "=>", "%253D", ">"];

/// Each value behind the name of a secret; what begins where a place is already goes as far as that place.
pub(super) fn find(text: &str, places: &mut Vec<Range<usize>>) {
    let mut known: Vec<usize> = places.iter().map(|place| place.start).collect();
    known.sort_unstable();
    let mut end = 0;
    for (at, _) in text.match_indices([':', '=', '%', '>']) {
        if at < end {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let Some(sign) = SIGNS.iter().rev().find(|sign| rest.starts_with(**sign)) else { continue };
        let before = text.get(..at).unwrap_or_default();
        let Some(name) = name_before(before, sign) else { continue };
        let start = at + sign.len();
        let place = value(text, start, &name).filter(|place| known.binary_search(&place.start).is_err());
        if names::is_query(&name) {
            let Some(place) = place else { continue };
            let query = text.get(place.clone()).unwrap_or_default();
            places.extend(
                query::values(query).map(|(_, value)| value.start + place.start..value.end + place.start),
            );
            end = place.end;
            continue;
        }
        if let Some(mut place) = place {
            if sign.starts_with('%')
                && let Some(length) = text.get(place.clone()).and_then(|value| value.find("%26"))
            {
                place.end = place.start + length;
            }
            end = place.end;
            places.push(place);
        }
    }
    behind_a_blank(text, places);
}

/// What may stand elsewhere in a line of the value of a secret: all of it, and what is opaque in it.
pub(in crate::access_log::redact) fn sent_with_name(value: &str) -> impl Iterator<Item = &str> {
    /// More parts than the value of any header has.
    const MAX_PARTS: usize = 16;
    let parts = value.split(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '=' | '"' | '\\' | '\''));
    let opaque = parts.filter(|part| part.len() < value.len() && is_opaque(part)).take(MAX_PARTS);
    let whole = (value.len() >= 8 && !value.starts_with('/')).then_some(value);
    whole.into_iter().chain(opaque)
}

/// The name of a secret, or of a query string, at the end of `before`; quotes and the word `header` may stand between.
fn name_before<'a>(before: &'a str, sign: &str) -> Option<Cow<'a, str>> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '`');
    let mut before = before.trim_end_matches(is_around);
    for word in [" headers", " header", " value", " is", " was"] {
        before = before.strip_suffix(word).unwrap_or(before);
    }
    let before = before.trim_end_matches(is_around);
    let is_sign =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '%' | '[' | ']' | '(' | ')');
    let mut run = end_of(before, is_sign);
    let mut rest = before.get(..before.len() - run.len()).unwrap_or_default();
    match sign {
        // A part of an ARN is no name.
        ":" if rest.ends_with(':') => return None,
        // Only a tag's name is one.
        ">" if !rest.ends_with('<') => return None,
        // A list of headers: `{"name":"Cookie","value":"…"}`.
        ":" if names::is_value(run) => {
            rest = rest.trim_end_matches(|c: char| is_around(c) || c == ',');
            run = end_of(rest, is_sign);
        }
        _ => {}
    }
    let name = if run.contains('%') { percent_decode_str(run).decode_utf8_lossy() } else { run.into() };
    (names::is_secret(&name) || names::is_query(&name)).then_some(name)
}

/// The last characters of this kind, no more than a name has.
fn end_of(text: &str, is_of_it: impl Fn(char) -> bool) -> &str {
    let near = text.ceil_char_boundary(text.len().saturating_sub(names::MAX_BYTES));
    let near = text.get(near..).unwrap_or_default();
    near.get(near.trim_end_matches(is_of_it).len()..).unwrap_or_default()
}

/// The value that begins here or behind blanks.
fn value(text: &str, start: usize, name: &str) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let blanks = rest.len() - trim_blanks(rest).len();
    let (start, rest) = (start + blanks, rest.get(blanks..)?);
    for quote in ["\\\\\\\"", "\\\"", "\"", "'", "`", "%22", "&quot;"] {
        let Some(inner) = rest.strip_prefix(quote) else { continue };
        let length = end_of_quoted(inner, quote);
        let start = start + quote.len();
        return (!is_missing(inner.get(..length)?)).then_some(start..start + length);
    }
    for (open, close) in [('[', ']'), ('{', '}')] {
        let Some(inner) = rest.strip_prefix(open) else { continue };
        return Some(start + 1..start + 1 + inner.find(close).unwrap_or(inner.len()));
    }
    let length = if names::is_header(name) {
        end(rest, |c| matches!(c, '"' | '\n' | '\r' | '}' | '<'))
    } else {
        end(rest, |c| c.is_whitespace() || ",;&\"'<>)}]|".contains(c))
    };
    (!is_missing(rest.get(..length)?)).then_some(start..start + length)
}

/// That there is none is no secret.
fn is_missing(value: &str) -> bool {
    matches!(value.trim(), "" | "-" | "null" | "true" | "false" | "undefined")
}

fn trim_blanks(text: &str) -> &str {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let trimmed =
            ["%20", "+", "=", ":", ">"].iter().find_map(|sign| trimmed.strip_prefix(sign)).unwrap_or(trimmed);
        if trimmed.len() == rest.len() {
            return rest;
        }
        rest = trimmed;
    }
}

/// Where a text with such a quote at its end ends; a backslash keeps a quote in the text.
fn end_of_quoted(text: &str, quote: &str) -> usize {
    if quote.starts_with('\\') || quote.len() > 1 {
        return text.find(quote).unwrap_or(text.len());
    }
    end(text, |c| quote.starts_with(c))
}

/// Where a character is met that no backslash stands before.
fn end(text: &str, is_end: impl Fn(char) -> bool) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if is_end(character) => return at,
            _ => {}
        }
    }
    text.len()
}

/// `token 7f3a9c…`: an opaque word behind the name of a secret.
fn behind_a_blank(text: &str, places: &mut Vec<Range<usize>>) {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "_-.~+/=".contains(c);
    let is_between = |c: char| matches!(c, ' ' | '"' | '\'' | '`' | '(' | '\\');
    let mut begin = 0;
    for (at, _) in text.match_indices(' ') {
        if at < begin {
            continue;
        }
        let (before, behind) = text.split_at_checked(at).unwrap_or_default();
        let word = behind.trim_start_matches(is_between);
        begin = at + behind.len() - word.len();
        let length = word.find(|c| !is_of_word(c)).unwrap_or(word.len());
        let word = word.get(..length).unwrap_or_default();
        let is_named = || name_before(before, " ").is_some_and(|name| names::is_secret(&name));
        // `POST /oauth/token HTTP/1.1` says nothing secret.
        if is_opaque(word) && !word.starts_with("HTTP/") && is_named() {
            places.push(begin..begin + length);
        }
    }
}
