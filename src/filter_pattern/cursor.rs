//! A place in the text of a filter pattern, and the small words that all three families are made of.
//!
//! In: the pattern's text. Out: quoted text, regular expressions and bare words, or an error at the place.
//! Never goes back further than its caller asks, and never reads past the end.

use super::dialect::Dialect;
use super::error::PatternError;

/// CloudWatch's limit on regular expressions in one JSON or space-delimited pattern
/// ("Filter pattern syntax", quotas of the regular expressions).
const MAX_REGEXES: usize = 2;

/// Reads a pattern from left to right.
pub(super) struct Cursor<'p> {
    pattern: &'p str,
    offset: usize,
    regexes: usize,
    /// Whether all keywords so far were written as AWS documents them.
    pub(super) keywords_in_capitals: bool,
    /// How many parentheses are open.
    pub(super) depth: usize,
}

impl<'p> Cursor<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        Self { pattern, offset: 0, regexes: 0, keywords_in_capitals: true, depth: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// Goes back to an offset that this cursor has given before.
    pub(super) fn go_back(&mut self, offset: usize) {
        self.offset = offset;
    }

    pub(super) fn rest(&self) -> &'p str {
        self.pattern.get(self.offset..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Steps over `token` if it stands here.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let here = self.rest().starts_with(token);
        if here {
            self.offset += token.len();
        }
        here
    }

    /// Steps over a keyword, given in capitals, if it stands here as a whole word in any case.
    pub(super) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let word = self.word();
        let here = word.eq_ignore_ascii_case(keyword);
        if here {
            self.offset += word.len();
            self.keywords_in_capitals &= word == keyword;
        }
        here
    }

    /// The letters, digits and underscores that stand here, without stepping over them.
    pub(super) fn word(&self) -> &'p str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'p str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.offset += end;
        rest.get(..end).unwrap_or_default()
    }

    /// An error here: what was expected, what stands here instead, what to write.
    pub(super) fn expected(&self, expected: &str, fix: impl Into<String>) -> PatternError {
        PatternError::new(self.offset, format!("expected {expected}, found {}", self.found()), fix)
    }

    /// What stands here, in words: the next few characters up to a space, or the end.
    fn found(&self) -> String {
        let excerpt: String = self.rest().chars().take_while(|c| !c.is_whitespace()).take(16).collect();
        match self.peek() {
            None => "the end of the pattern".to_owned(),
            Some(_) if excerpt.is_empty() => "a space".to_owned(),
            Some(_) => format!("`{excerpt}`"),
        }
    }

    /// Text in double quotes. `\"` and `\\` are escapes; any other backslash stands for itself.
    pub(super) fn quoted(&mut self) -> Result<String, PatternError> {
        let start = self.offset;
        self.eat("\"");
        let mut text = String::new();
        let mut rest = self.rest().char_indices();
        while let Some((at, character)) = rest.next() {
            match character {
                '"' => {
                    self.offset += at + 1;
                    return Ok(text);
                }
                '\\' => match rest.clone().next() {
                    Some((_, escaped @ ('"' | '\\'))) => {
                        rest.next();
                        text.push(escaped);
                    }
                    _ => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        Err(PatternError::new(
            start,
            "the double quote is never closed",
            "add the closing `\"`; a quote inside the text is written `\\\"`",
        ))
    }

    /// A regular expression between percent signs, checked against CloudWatch's dialect.
    pub(super) fn regex(&mut self) -> Result<Dialect, PatternError> {
        let start = self.offset;
        self.eat("%");
        let Some((expression, _)) = self.rest().split_once('%') else {
            return Err(PatternError::new(
                start,
                "the regular expression is never closed",
                "add the closing `%`; a percent sign inside it is written `\\x25`",
            ));
        };
        self.regexes += 1;
        if self.regexes > MAX_REGEXES {
            return Err(PatternError::new(
                start,
                format!(
                    "this is regular expression number {}, and a pattern may hold {MAX_REGEXES}",
                    self.regexes
                ),
                "join alternatives with `|` in one expression, or use text with `*`",
            ));
        }
        let dialect = Dialect::parse(expression, self.offset)?;
        self.offset += expression.len() + 1;
        Ok(dialect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(pattern: &str) -> Result<String, usize> {
        Cursor::new(pattern).quoted().map_err(|error| error.offset())
    }

    #[test]
    fn only_quotes_and_backslashes_are_escaped() {
        assert_eq!(quoted(r#""a \"b\" \\ \d" tail"#), Ok(r#"a "b" \ \d"#.to_owned()));
        assert_eq!(quoted(r#""""#), Ok(String::new()));
    }

    #[test]
    fn an_open_quote_is_reported_where_it_opens() {
        assert_eq!(quoted(r#""abc"#), Err(0));
        assert_eq!(quoted(r#""abc\""#), Err(0));
        assert_eq!(quoted(r#""abc\"#), Err(0));
    }

    #[test]
    fn an_error_says_what_stands_there() {
        let mut cursor = Cursor::new("ab cd");
        assert!(cursor.expected("x", "y").problem().ends_with("found `ab`"));
        cursor.take_while(char::is_alphabetic);
        assert!(cursor.expected("x", "y").problem().ends_with("found a space"));
        cursor.go_back(5);
        assert!(cursor.expected("x", "y").problem().ends_with("found the end of the pattern"));
    }
}
