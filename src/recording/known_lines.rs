//! Lines of one format follow one another by the million: learn the fixed text of one, and know the next by it.
//!
//! A known line is a flat JSON object that was told to be an access-log line by its members' names and kinds. One that
//! has the same fixed text has the same members, so that it is a line, too. Whatever differs in any other place than
//! in the values is left to be looked at. It judges no line.

use crate::json::{closing_quote, expect, skip_space};

/// Formats that are known at a time.
const MAX_KNOWN: usize = 4;
/// Lines that one recording tries to learn from: where formats change all the time, trying only costs.
const MAX_LESSONS: u32 = 64;

/// The formats of the lines so far, the last one that was learned or recognised first.
#[derive(Debug, Default)]
pub(super) struct KnownLines {
    known: Vec<KnownLine>,
    lessons: u32,
}

#[derive(Debug, PartialEq, Eq)]
struct KnownLine {
    /// What stands before each value, and whether the value is a text or a whole number.
    parts: Vec<(Vec<u8>, bool)>,
    tail: Vec<u8>,
}

impl KnownLines {
    /// Whether a line is one of a known format.
    pub(super) fn has(&mut self, line: &[u8]) -> bool {
        let Some(index) = self.known.iter().position(|known| known.is_of(line)) else { return false };
        self.known.swap(0, index);
        true
    }

    /// Learns the format of a line that was not known.
    pub(super) fn learn(&mut self, line: &[u8]) {
        if self.lessons == MAX_LESSONS {
            return;
        }
        self.lessons += 1;
        if let Some(known) = KnownLine::of(line).filter(|new| !self.known.contains(new)) {
            self.known.truncate(MAX_KNOWN - 1);
            self.known.insert(0, known);
        }
    }
}

impl KnownLine {
    /// `None` where the line is no flat object of texts and whole numbers. It is known to be JSON.
    fn of(line: &[u8]) -> Option<Self> {
        let mut parts = Vec::new();
        let mut fixed_from = 0;
        let mut at = expect(line, 0, b'{').ok()?;
        loop {
            let name = expect(line, at, b'"').ok()?;
            let name_end = closing_quote(line, name).ok()?;
            let value = skip_space(line, expect(line, name_end + 1, b':').ok()?);
            let is_text = line.get(value) == Some(&b'"');
            let start = value + usize::from(is_text);
            let end = if is_text {
                closing_quote(line, start).ok()?
            } else {
                start + number_length(line.get(start..)?)?
            };
            parts.push((line.get(fixed_from..start)?.to_vec(), is_text));
            fixed_from = end;
            at = skip_space(line, end + usize::from(is_text));
            match line.get(at)? {
                b',' => at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        let tail = line.get(fixed_from..)?.to_vec();
        let is_one_line = !tail.contains(&b'\n') && parts.iter().all(|(before, _)| !before.contains(&b'\n'));
        is_one_line.then_some(Self { parts, tail })
    }

    fn is_of(&self, line: &[u8]) -> bool {
        let mut rest = line;
        for (before, is_text) in &self.parts {
            let Some(value) = rest.strip_prefix(before.as_slice()) else { return false };
            let length = if *is_text { memchr::memchr2(b'"', b'\\', value) } else { number_length(value) };
            let Some(behind) = length.and_then(|length| value.get(length..)) else { return false };
            rest = behind;
        }
        rest == self.tail
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known(learned: &str, line: &str) -> bool {
        let mut known = KnownLines::default();
        known.learn(learned.as_bytes());
        known.has(line.as_bytes())
    }

    #[test]
    fn a_line_with_other_values_is_known() {
        let learned = r#"{ "a":"x", "n": 12, "s":"" }"#;
        for line in [learned, r#"{ "a":"", "n": 0, "s":"é\t" }"#.replace("\\t", "\t").as_str()] {
            assert!(is_known(learned, line), "{line}");
        }
    }

    #[test]
    fn a_line_that_differs_in_anything_else_is_not() {
        let learned = r#"{ "a":"x", "n": 12, "s":"" }"#;
        for line in [
            "",
            r#"{ "a":"x", "n": 12, "s":"" } "#,
            r#"{ "a":"x", "n": 12, "s":"" }x"#,
            r#"{ "a":"x", "n": 12, "t":"" }"#,
            r#"{ "a":"x", "n":12, "s":"" }"#,
            r#"{ "a":"x", "n": 012, "s":"" }"#,
            r#"{ "a":"x", "n": -1, "s":"" }"#,
            r#"{ "a":"x", "n": 1.5, "s":"" }"#,
            r#"{ "a":"x", "n": "1", "s":"" }"#,
            r#"{ "a":"x\"", "n": 12, "s":"" }"#,
            r#"{ "a":"x", "n": 12, "s":"", "@message":"m" }"#,
        ] {
            assert!(!is_known(learned, line), "{line}");
        }
    }

    #[test]
    fn what_is_no_flat_object_is_not_learned() {
        for line in [r#"{"a":{"b":"c"}}"#, r#"{"a":[1]}"#, r#"{"a":null}"#, "{}", "[1]", "{\n\"a\":1}"] {
            assert!(!is_known(line, line), "{line}");
        }
    }
}
