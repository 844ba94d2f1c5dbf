//! Why a filter pattern cannot be read: the place, what is wrong there, and what to write instead.
//!
//! In: an offset and two sentences from the parser. Out: one error, and its picture with a caret.
//! Never holds the whole pattern, so that it can be shown beside it and not instead of it.

/// The widest excerpt of a pattern that [`PatternError::render`] shows, in characters to each side of the caret.
const EXCERPT: usize = 48;

/// A filter pattern that CloudWatch would refuse, or that no document defines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {offset}); {fix}")]
pub struct PatternError {
    offset: usize,
    problem: String,
    fix: String,
}

impl PatternError {
    pub(super) fn new(offset: usize, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { offset, problem: escaped(&problem.into()), fix: escaped(&fix.into()) }
    }

    /// Where reading stopped: the offset in bytes from the start of the pattern, on a character boundary.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong there, with what was expected.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to write instead.
    #[must_use]
    pub fn fix(&self) -> &str {
        &self.fix
    }

    /// The error as three lines: the problem, the pattern with a caret under the place, and the fix.
    /// Long patterns are shown around the place; line breaks and control characters as spaces.
    #[must_use]
    pub fn render(&self, pattern: &str) -> String {
        let before: Vec<char> = pattern.get(..self.offset).unwrap_or(pattern).chars().collect();
        let after: Vec<char> = pattern.get(self.offset..).unwrap_or_default().chars().collect();
        let skipped = before.len().saturating_sub(EXCERPT);
        let mut line = String::from(if skipped > 0 { "…" } else { "" });
        line.extend(before.iter().skip(skipped).map(|c| printable(*c)));
        let column = line.chars().count();
        line.extend(after.iter().take(EXCERPT).map(|c| printable(*c)));
        if after.len() > EXCERPT {
            line.push('…');
        }
        format!("{}\n  {}\n  {}^\n{}", self.problem, line.trim_end(), " ".repeat(column), self.fix)
    }
}

/// A pattern's own characters may stand in both sentences; a line break there would break the sentence.
fn escaped(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() }).collect()
}

fn printable(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let error = PatternError::new(6, "`IS NOT` is not supported", "write `$.a = *`");
        assert_eq!(
            error.render("{ $.a IS NOT NULL }"),
            "`IS NOT` is not supported\n  { $.a IS NOT NULL }\n        ^\nwrite `$.a = *`"
        );
    }

    #[test]
    fn a_long_pattern_is_shown_around_the_place() {
        let pattern = format!("{}!{}", "a".repeat(300), "b".repeat(300));
        let picture = PatternError::new(300, "problem", "fix").render(&pattern);
        let lines: Vec<&str> = picture.lines().collect();
        assert_eq!(lines[1].chars().count(), 2 + 1 + EXCERPT + EXCERPT + 1);
        assert_eq!(lines[1].chars().nth(lines[2].chars().count() - 1), Some('!'));
    }

    #[test]
    fn several_lines_and_characters_of_several_bytes_keep_the_caret_in_place() {
        let pattern = "{ $.name =\n  \"é\"\t?";
        let offset = pattern.find('?').unwrap();
        let picture = PatternError::new(offset, "problem", "fix").render(pattern);
        let lines: Vec<&str> = picture.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[1].chars().nth(lines[2].chars().count() - 1), Some('?'));
    }

    #[test]
    fn an_offset_outside_the_pattern_is_shown_at_its_end() {
        let picture = PatternError::new(99, "problem", "fix").render("abc");
        assert_eq!(picture, "problem\n  abc\n     ^\nfix");
    }
}
