//! Error lines that a metric filter does not match in; the pattern that matches most of them, out.
//!
//! A pattern is proposed by where the status stands in a line, and then tried on every further line.

use crate::filter_pattern::{AskedStatuses, FilterPattern};

/// Patterns that are tried.
const MAX_TRIED: usize = 8;
/// Places in one line that are taken for the status.
const MAX_PLACES: usize = 3;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Json,
    Xml,
    Fields,
    Commas,
    Pairs,
    Other,
}

impl Shape {
    /// The shape of a line with this status.
    pub(super) fn of(line: &str, status: u16) -> Self {
        let status = status.to_string();
        match line.trim_start().chars().next() {
            Some('{') => Self::Json,
            Some('<') => Self::Xml,
            _ if !places(&fields(line), &status).is_empty() => Self::Fields,
            _ if !places(&commas(line), &status).is_empty() => Self::Commas,
            _ if !keys(line, &status).is_empty() => Self::Pairs,
            _ => Self::Other,
        }
    }

    /// What the line is, to follow `the line is`.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Fields => "CLF, fields between spaces",
            Self::Commas => "CSV, fields between commas",
            Self::Pairs => "keys with their values",
            Self::Other => "plain text",
        }
    }
}

/// Patterns, each with the number of lines that it matches.
#[derive(Debug, Default)]
pub(super) struct Fitting {
    tried: Vec<(FilterPattern, u64)>,
}

impl Fitting {
    /// Tries the patterns on a line with this status, and proposes further ones where none of them matches it.
    pub(super) fn line(&mut self, line: &str, status: u16, asked: &AskedStatuses) {
        let mut is_matched = false;
        for (pattern, lines) in &mut self.tried {
            if pattern.matches(line) {
                *lines += 1;
                is_matched = true;
            }
        }
        if is_matched || self.tried.len() >= MAX_TRIED {
            return;
        }
        let room = MAX_TRIED - self.tried.len();
        let proposed = proposals(line, status, asked).into_iter();
        let read = proposed.filter_map(|pattern| FilterPattern::parse(&pattern).ok());
        self.tried
            .extend(read.filter(|pattern| pattern.matches(line)).take(room).map(|pattern| (pattern, 1)));
    }

    /// The pattern that matches most lines, and how many; the first of equals.
    pub(super) fn best(&self) -> Option<(&str, u64)> {
        let best = self.tried.iter().rev().max_by_key(|(_, lines)| *lines);
        best.map(|(pattern, lines)| (pattern.as_str(), *lines))
    }
}

/// Patterns that may match lines like this one, the plainest first.
fn proposals(line: &str, status: u16, asked: &AskedStatuses) -> Vec<String> {
    let digits = asked.regex();
    let conditions = asked.conditions("status");
    let status = status.to_string();
    match line.trim_start().chars().next() {
        Some('{') => {
            return vec![
                format!("{{ {} }}", asked.conditions("$.status")),
                format!(r"%\x22status\x22:\s?\x22?{digits}%"),
            ];
        }
        Some('<') => return vec![format!(r"%\x3Cstatus\x3E{digits}\x3C%")],
        _ => {}
    }
    let mut all = Vec::new();
    let of_line = fields(line);
    for place in places(&of_line, &status) {
        let named = |letter: char, count: usize| (1..=count).map(move |n| format!("{letter}{n}"));
        let own = || std::iter::once(conditions.clone());
        let rest = || std::iter::once("...".to_owned());
        let from_front: Vec<String> = named('w', place).chain(own()).chain(rest()).collect();
        let from_end: Vec<String> =
            rest().chain(own()).chain(named('z', of_line.len() - place - 1)).collect();
        all.extend([from_front, from_end].map(|slots| format!("[{}]", slots.join(", "))));
    }
    let of_line = commas(line);
    for place in places(&of_line, &status) {
        let end = if place + 1 == of_line.len() { "$" } else { "," };
        all.push(format!(r"%^{}\x22?{digits}\x22?{end}%", "[^,]*,".repeat(place)));
    }
    all.extend(keys(line, &status).into_iter().map(|key| format!("%{}{digits}%", escaped(key))));
    all
}

/// The fields between spaces, as a space-delimited pattern has them.
fn fields(line: &str) -> Vec<String> {
    let all = FilterPattern::parse("[]").ok().and_then(|everything| everything.extract(line));
    all.unwrap_or_default().into_iter().map(|(_, text)| text).collect()
}

/// The fields between commas, without quotes.
fn commas(line: &str) -> Vec<String> {
    line.split(',').map(|field| field.trim_matches('"').to_owned()).collect()
}

/// The places of the status among the fields, a few of them.
fn places(fields: &[String], status: &str) -> Vec<usize> {
    if fields.len() < 2 {
        return Vec::new();
    }
    let all = fields.iter().enumerate().filter(|(_, field)| *field == status);
    all.map(|(place, _)| place).take(MAX_PLACES).collect()
}

/// The keys whose value is the status, with what stands between: `status=`, `"code": `. The one named `status` first.
fn keys<'l>(line: &'l str, status: &str) -> Vec<&'l str> {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let key = |at: usize| {
        let before = line.get(..at)?;
        let is_whole = !line.get(at + status.len()..)?.starts_with(|c: char| c.is_ascii_alphanumeric());
        let joined = before.trim_end_matches(['"', ' ']);
        let name = joined.strip_suffix(['=', ':'])?.trim_end_matches(['"', ' ']);
        let start = name.trim_end_matches(is_of_key).len();
        (is_whole && start < name.len()).then(|| (name.get(start..), before.get(start..)))
    };
    let found = line.match_indices(status).filter_map(|(at, _)| key(at));
    let mut found: Vec<(&str, &str)> = found.filter_map(|(name, text)| Some((name?, text?))).collect();
    found.sort_by_key(|(name, _)| !name.eq_ignore_ascii_case("status"));
    found.into_iter().map(|(_, text)| text).take(MAX_PLACES).collect()
}

/// Text as a regular expression of the pattern language: what has a meaning there by its number.
fn escaped(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":_=- ".contains(c);
    text.chars()
        .map(|c| if is_plain(c) { c.to_string() } else { format!("\\x{:02X}", u32::from(c)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(pattern: &str, lines: &[(&str, u16)]) -> Option<(String, u64)> {
        let asked =
            FilterPattern::parse(pattern).unwrap().asked_statuses().unwrap_or_else(AskedStatuses::all);
        let mut fitting = Fitting::default();
        for (line, status) in lines {
            fitting.line(line, *status, &asked);
        }
        fitting.best().map(|(pattern, lines)| (pattern.to_owned(), lines))
    }

    #[test]
    fn the_pattern_goes_by_where_the_status_stands() {
        const JSON: &str = "{ ($.status = 4*) || ($.status = 5*) }";
        for (shape, lines, pattern) in [
            (
                Shape::Fields,
                [
                    (r#"192.0.2.1 - eve [01/Oct/2026:00:00:00 +0000] "GET /a b HTTP/1.1" 503 503 x"#, 503),
                    (r#"192.0.2.1 - eve [01/Oct/2026:00:00:00 +0000] "GET /503 HTTP/1.1" 404 12 x"#, 404),
                ],
                "[w1, w2, w3, w4, w5, status = 4* || status = 5*, ...]",
            ),
            (
                Shape::Commas,
                [("r1,GET,/a,503,12", 503), ("r2,GET,/b,404,503", 404)],
                r"%^[^,]*,[^,]*,[^,]*,\x22?[45][0-9][0-9]\x22?,%",
            ),
            (
                Shape::Commas,
                [(r#""r1","/a","503""#, 503), (r#""r2","/b","404""#, 404)],
                r"%^[^,]*,[^,]*,\x22?[45][0-9][0-9]\x22?$%",
            ),
            (
                Shape::Pairs,
                [
                    ("integration=503, status=503, path=/a", 503),
                    ("integration=200, status=404, path=/b", 404),
                ],
                "%status=[45][0-9][0-9]%",
            ),
            (
                Shape::Xml,
                [("<r><status>503</status></r>", 503), ("<r><status>404</status></r>", 404)],
                r"%\x3Cstatus\x3E[45][0-9][0-9]\x3C%",
            ),
        ] {
            assert_eq!(Shape::of(lines[0].0, lines[0].1), shape, "{pattern}");
            assert_eq!(best(JSON, &lines), Some((pattern.to_owned(), 2)));
        }
    }

    #[test]
    fn only_the_statuses_that_are_asked_for_are_matched() {
        let lines = [("192.0.2.1 GET /a 503 x", 503), ("192.0.2.1 GET /b 500 x", 500)];
        let found = best("{ $.status >= 500 }", &lines);
        assert_eq!(found, Some(("[w1, w2, w3, status = 5*, ...]".to_owned(), 2)));
    }

    #[test]
    fn where_the_status_stands_nowhere_by_itself_nothing_is_proposed() {
        assert_eq!(best("ERROR", &[("it was x503y", 503), ("", 404)]), None);
        assert_eq!(Shape::of("it was x503y", 503), Shape::Other);
    }
}
