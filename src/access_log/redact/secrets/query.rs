//! The values of query strings: names of parameters stay.

use std::ops::Range;

use super::Shape;
use crate::access_log::text_formats::range_in;

/// A part without an equals sign is a name, unless it is longer than names are.
const MAX_NAME_BYTES: usize = 32;
/// The longest name of a parameter before which a query is looked for, in bytes.
const MAX_FIRST_NAME_BYTES: usize = 128;

/// How a URL's signs are written: as they are, or percent-encoded.
struct Signs {
    equals: &'static [&'static str],
    apart: &'static [&'static str],
}

const PLAIN: Signs = Signs { equals: &["="], apart: &["&", ";", "?", "#"] };
const ENCODED: Signs = Signs { equals: &["%3D", "%3d"], apart: &["&", "%26", "%3B", "%3b", "#", "%23"] };

/// The values of each query in a text.
pub(super) fn find(text: &str, shape: Shape, places: &mut Vec<Range<usize>>) {
    for (start, form) in forms(text) {
        places.extend(values(form).filter_map(|(_, value)| shifted(value, start)));
    }
    let mut end = 0;
    for (at, _) in text.match_indices(['?', '#', '%']) {
        if at < end {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let Some(sign) = ["?", "#", "%3F", "%3f", "%23"].iter().find(|sign| rest.starts_with(**sign)) else {
            continue;
        };
        let start = at + sign.len();
        let behind = text.get(start..).unwrap_or_default();
        let signs = if first_parameter(behind, PLAIN.equals) {
            &PLAIN
        } else if first_parameter(behind, ENCODED.equals) {
            &ENCODED
        } else if shape == Shape::Target && *sign == "?" {
            // Nothing but names, or what is no name.
            &PLAIN
        } else {
            continue;
        };
        let length = match shape {
            Shape::Text => behind.find(ends_query).unwrap_or(behind.len()),
            Shape::Target | Shape::Query => behind.len(),
        };
        end = start + length;
        let query = behind.get(..length).unwrap_or_default();
        places.extend(parts(query, signs).filter_map(|part| shifted(part.value, start)));
    }
}

/// Name and place of each value of a text that is a query string.
pub(in crate::access_log::redact) fn values(query: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let signs = if query.contains('=') { &PLAIN } else { &ENCODED };
    parts(query, signs).filter(|part| !part.value.is_empty()).map(|part| (part.name, part.value))
}

/// What stands in a text as a form is sent, parameters and nothing else, and where: `user=a&code=b`.
fn forms(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let has_value =
        |part: &str| part.split_once('=').is_some_and(|(name, _)| is_name(name) && !name.is_empty());
    let is_form = move |word: &str| {
        let mut parts = word.split('&');
        parts.next().is_some_and(has_value) && parts.any(has_value)
    };
    let words = text.split(ends_query).filter(move |word| is_form(word));
    words.filter_map(|word| Some((range_in(text, word)?.start, word)))
}

fn shifted(value: Range<usize>, by: usize) -> Option<Range<usize>> {
    (!value.is_empty()).then_some(value.start + by..value.end + by)
}

fn ends_query(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '\\' | '`')
}

/// Whether a name and an equals sign stand here.
fn first_parameter(text: &str, equals: &[&str]) -> bool {
    let near = text.get(..text.floor_char_boundary(MAX_FIRST_NAME_BYTES)).unwrap_or_default();
    let sign = equals.iter().filter_map(|sign| near.find(sign)).min();
    sign.is_some_and(|at| !near.get(..at).unwrap_or_default().contains(|c: char| ends_query(c) || c == '/'))
}

struct Part<'a> {
    name: &'a str,
    value: Range<usize>,
}

/// Each parameter; what stands behind a separator and has no equals sign belongs to the value before it, if the
/// separator is one that values may hold.
fn parts<'a>(query: &'a str, signs: &'static Signs) -> impl Iterator<Item = Part<'a>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = query.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        let length = length_of_part(rest, signs);
        at += length + separator(rest.get(length..).unwrap_or_default(), signs).unwrap_or(1);
        let part = rest.get(..length).unwrap_or_default();
        let equals = signs.equals.iter().filter_map(|sign| Some((part.find(sign)?, sign.len()))).min();
        Some(match equals {
            Some((name, sign)) => Part {
                name: part.get(..name).unwrap_or_default(),
                value: start + name + sign..start + length,
            },
            None if is_name(part) => Part { name: part, value: 0..0 },
            None => Part { name: "", value: start..start + length },
        })
    })
}

fn length_of_part(rest: &str, signs: &Signs) -> usize {
    let mut from = 0;
    loop {
        let behind = rest.get(from..).unwrap_or_default();
        let Some((length, sign)) = next_separator(behind, signs) else { return rest.len() };
        let next = behind.get(length + sign.len()..).unwrap_or_default();
        let is_certain = sign == "&" || first_parameter(upto_separator(next, signs), signs.equals);
        // `&amp;` in XML and HTML.
        if is_certain {
            return from + length;
        }
        from += length + sign.len();
    }
}

fn upto_separator<'a>(text: &'a str, signs: &Signs) -> &'a str {
    let end = next_separator(text, signs).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// Where the next separator stands, and which it is. It looks no further, so that a long query is passed over once.
fn next_separator(text: &str, signs: &Signs) -> Option<(usize, &'static str)> {
    text.match_indices(['&', ';', '?', '#', '%']).find_map(|(at, _)| {
        let rest = text.get(at..).unwrap_or_default();
        Some((at, *signs.apart.iter().find(|sign| rest.starts_with(**sign))?))
    })
}

fn separator(rest: &str, signs: &Signs) -> Option<usize> {
    signs.apart.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len())
}

fn is_name(part: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']');
    part.len() <= MAX_NAME_BYTES && part.bytes().all(is_sign)
}
