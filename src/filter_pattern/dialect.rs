//! CloudWatch's dialect of regular expressions, checked here and run by `regex-lite`.
//!
//! In: the text between two percent signs. Out: a search that takes time linear in the event, or an error at
//! the character that the dialect does not have. Never hands an unchecked character to the engine.
//!
//! Source: "Filter pattern syntax", supported regular expressions: letters, digits, the symbols `: _ # = @ / ; , -`,
//! the operators `^ $ ? [ ] { } | \ * + .`, and `\d \D \s \S \w \W \xHH`; no groups, no characters of several bytes.

use regex_lite::{Regex, RegexBuilder};

use super::error::PatternError;

/// The largest compiled expression, in bytes: bounds the time of one search to this times the event's length.
const SIZE_LIMIT: usize = 256 * 1024;
/// The largest number in `{m,n}`; beyond it no realistic line could match.
const MAX_REPEAT: u32 = 1000;
/// What the dialect allows besides letters and digits. The space is not in the documents' list, but in their
/// example `%^starting|^initializing|^shutting down%`.
const SYMBOLS: &str = ":_#=@/;,- ";
const OPERATORS: &str = "^$?[]{}|\\*+.";

/// A checked regular expression.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    source: String,
    regex: Regex,
}

impl Dialect {
    /// Checks `expression`, which begins at byte `offset` of the pattern.
    pub(super) fn parse(expression: &str, offset: usize) -> Result<Self, PatternError> {
        if expression.is_empty() {
            return Err(PatternError::new(
                offset,
                "the regular expression is empty",
                "write it between the percent signs, or leave the whole pattern empty to match every event",
            ));
        }
        let mut translator = Translator { rest: expression, offset, out: String::new() };
        translator.run()?;
        let regex = RegexBuilder::new(&translator.out)
            .dot_matches_new_line(true)
            .size_limit(SIZE_LIMIT)
            .build()
            .map_err(|_| {
                PatternError::new(
                    offset,
                    "the regular expression is too large",
                    "use smaller repetitions, or fewer of them",
                )
            })?;
        Ok(Self { source: expression.to_owned(), regex })
    }

    /// Whether the expression is found anywhere in `text`.
    pub(super) fn is_found_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

/// Rewrites the dialect, with every literal escaped, so that nothing has a meaning here that it lacks there.
struct Translator<'p> {
    rest: &'p str,
    offset: usize,
    out: String,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), PatternError> {
        // Whether the last thing read may be repeated, and whether it already was.
        let mut repeatable = false;
        let mut repeated = false;
        while let Some(character) = self.rest.chars().next() {
            match character {
                '*' | '+' | '?' | '{' if !(repeatable || character == '?' && repeated) => {
                    return Err(self.problem(
                        format!("`{character}` has nothing to repeat"),
                        format!(
                            "put a character or a class before it, or write `\\{character}` for the character"
                        ),
                    ));
                }
                '*' | '+' | '{' => {
                    self.repetition(character)?;
                    (repeatable, repeated) = (false, true);
                }
                // After another repetition `?` means "as few as possible", which does not change what is found.
                '?' => {
                    if repeatable {
                        self.out.push('?');
                    }
                    self.step('?');
                    (repeated, repeatable) = (repeatable, false);
                }
                '^' | '$' | '|' | '.' => {
                    self.step(character);
                    self.out.push(character);
                    (repeatable, repeated) = (character == '.', false);
                }
                '[' => {
                    self.class()?;
                    (repeatable, repeated) = (true, false);
                }
                ']' | '}' => {
                    return Err(self.problem(
                        format!("`{character}` closes nothing"),
                        format!("write `\\{character}` for the character"),
                    ));
                }
                '\\' => {
                    let escaped = self.escape()?;
                    self.out.push_str(&escaped.text());
                    (repeatable, repeated) = (true, false);
                }
                other => {
                    self.check(other)?;
                    self.step(other);
                    self.out.push_str(&Item::Literal(other).text());
                    (repeatable, repeated) = (true, false);
                }
            }
        }
        Ok(())
    }

    fn repetition(&mut self, operator: char) -> Result<(), PatternError> {
        if operator != '{' {
            self.step(operator);
            self.out.push(operator);
            return Ok(());
        }
        let fix = "write `{3}`, `{3,}`, `{,5}` or `{3,5}`, or `\\{` for the character";
        let Some((bounds, _)) = self.rest.get(1..).unwrap_or_default().split_once('}') else {
            return Err(self.problem("`{` is never closed", fix));
        };
        let (low, high) = bounds.split_once(',').map_or((bounds, None), |(low, high)| (low, Some(high)));
        let (low, high) = (low.trim(), high.map(str::trim));
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n <= MAX_REPEAT);
        let at_least =
            if low.is_empty() && high.is_some_and(|h| !h.is_empty()) { Some(0) } else { number(low) };
        let at_most = match high {
            None => at_least,
            Some("") => Some(MAX_REPEAT),
            Some(text) => number(text),
        };
        let (Some(at_least), Some(at_most)) = (at_least, at_most) else {
            return Err(
                self.problem(format!("`{{{bounds}}}` is no repetition (numbers up to {MAX_REPEAT})"), fix)
            );
        };
        if at_least > at_most {
            return Err(self.problem(format!("`{{{bounds}}}` ends before it begins"), fix));
        }
        let at_most = if high == Some("") { String::new() } else { at_most.to_string() };
        self.out.extend(["{", &at_least.to_string(), ",", &at_most, "}"]);
        self.rest = self.rest.get(bounds.len() + 2..).unwrap_or_default();
        self.offset += bounds.len() + 2;
        Ok(())
    }

    fn class(&mut self) -> Result<(), PatternError> {
        let (start, opened) = (self.offset, self.rest);
        self.step('[');
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.step('^');
            self.out.push('^');
        }
        let mut previous: Option<char> = None;
        let mut empty = true;
        loop {
            let Some(character) = self.rest.chars().next() else {
                self.offset = start;
                self.rest = opened;
                return Err(self.problem(
                    "the character class is never closed",
                    "add `]`, or write `\\[` for the character",
                ));
            };
            if character == ']' && !empty {
                self.step(']');
                self.out.push(']');
                return Ok(());
            }
            if character == ']' || character == '[' {
                return Err(self.problem(
                    format!("`{character}` cannot stand here in a character class"),
                    format!("write `\\{character}` for the character"),
                ));
            }
            empty = false;
            let is_range = character == '-' && previous.is_some() && !self.rest.starts_with("-]");
            if is_range {
                self.step('-');
                let from = previous.take().unwrap_or_default();
                let at = (self.offset, self.rest);
                let to = self.class_item()?;
                let Item::Literal(to) = to else {
                    (self.offset, self.rest) = at;
                    return Err(
                        self.problem("a range ends in one character", "write `\\-` for a hyphen in a class")
                    );
                };
                if from > to {
                    (self.offset, self.rest) = at;
                    return Err(self.problem(
                        format!("the range `{from}-{to}` runs backwards"),
                        format!("write `{to}-{from}`, or `\\-` for a hyphen"),
                    ));
                }
                self.out.push('-');
                self.out.push_str(&Item::Literal(to).text());
            } else {
                let item = self.class_item()?;
                previous = item.literal();
                self.out.push_str(&item.text());
            }
        }
    }

    fn class_item(&mut self) -> Result<Item, PatternError> {
        match self.rest.chars().next() {
            Some('\\') => self.escape(),
            Some(character) => {
                self.check(character)?;
                self.step(character);
                Ok(Item::Literal(character))
            }
            None => Err(self.problem("the character class is never closed", "add `]`")),
        }
    }

    fn escape(&mut self) -> Result<Item, PatternError> {
        let escaped = self.rest.chars().nth(1);
        match escaped {
            Some('x') => {
                let digits = self.rest.get(2..4).unwrap_or_default();
                let ascii = u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii);
                let Some(ascii) = ascii.filter(|_| digits.chars().all(|c| c.is_ascii_hexdigit())) else {
                    return Err(self.problem(
                        "`\\x` needs two hexadecimal digits of a character of ASCII (00 to 7F)",
                        "write `\\x22` for a double quote, `\\x28` for `(`",
                    ));
                };
                self.rest = self.rest.get(4..).unwrap_or_default();
                self.offset += 4;
                Ok(Item::Literal(char::from(ascii)))
            }
            Some(class @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                self.step('\\');
                self.step(class);
                Ok(Item::Class(class))
            }
            Some(symbol) if OPERATORS.contains(symbol) || SYMBOLS.contains(symbol) => {
                self.step('\\');
                self.step(symbol);
                Ok(Item::Literal(symbol))
            }
            Some(other) => Err(self.problem(
                format!("`\\{}` is not an escape of CloudWatch's regular expressions", other.escape_debug()),
                hexadecimal(other).map_or_else(
                    || "use `\\d`, `\\s`, `\\w`, `\\xHH`, or a backslash before an operator".to_owned(),
                    |hex| format!("write `{hex}` for the character"),
                ),
            )),
            None => {
                Err(self
                    .problem("the regular expression ends in a backslash", "write `\\\\` for the character"))
            }
        }
    }

    /// Refuses a character that may not stand in the dialect at all.
    fn check(&self, character: char) -> Result<(), PatternError> {
        if character.is_ascii_alphanumeric() || SYMBOLS.contains(character) || OPERATORS.contains(character) {
            return Ok(());
        }
        let problem = match character {
            '(' | ')' => "CloudWatch's regular expressions have no groups, so `(` and `)` may not stand here"
                .to_owned(),
            _ if !character.is_ascii() => {
                format!(
                    "CloudWatch's regular expressions have no characters outside ASCII, so no `{character}`"
                )
            }
            _ => format!("CloudWatch's regular expressions have no `{}`", character.escape_debug()),
        };
        let fix = hexadecimal(character).map_or_else(
            || "use a quoted term for text outside ASCII, or `.` for any character".to_owned(),
            |hex| format!("write `{hex}` for the character"),
        );
        Err(self.problem(problem, fix))
    }

    fn step(&mut self, character: char) {
        self.rest = self.rest.get(character.len_utf8()..).unwrap_or_default();
        self.offset += character.len_utf8();
    }

    fn problem(&self, problem: impl Into<String>, fix: impl Into<String>) -> PatternError {
        PatternError::new(self.offset, problem, fix)
    }
}

/// One thing that stands for a character.
enum Item {
    Literal(char),
    Class(char),
}

impl Item {
    fn literal(&self) -> Option<char> {
        match self {
            Self::Literal(character) => Some(*character),
            Self::Class(_) => None,
        }
    }

    /// As the engine reads it, inside and outside a class.
    fn text(&self) -> String {
        match self {
            Self::Literal(character) if character.is_ascii_alphanumeric() => character.to_string(),
            Self::Literal(character) => format!("\\x{:02X}", u32::from(*character)),
            Self::Class(class) => format!("\\{class}"),
        }
    }
}

fn hexadecimal(character: char) -> Option<String> {
    character.is_ascii().then(|| format!("\\x{:02X}", u32::from(character)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(expression: &str, text: &str) -> bool {
        Dialect::parse(expression, 0)
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
            .is_found_in(text)
    }

    fn refused_at(expression: &str) -> usize {
        Dialect::parse(expression, 0).map(|_| expression.to_owned()).unwrap_err().offset()
    }

    #[test]
    fn the_documented_operators_do_what_the_documents_say() {
        let found = [
            ("^[hc]at", "hat on"),
            ("[hc]at$", "my cat"),
            ("colou?r", "color"),
            ("colou?r", "colour"),
            ("[abcx-z]", "y"),
            ("a{3,5}", "aaaa"),
            ("^a{,2}$", "aa"),
            ("^a{,2}$", ""),
            ("^a{2,}$", "aaaaaaa"),
            ("^a{2}$", "aa"),
            ("gra|ey", "gray"),
            ("gra|ey", "grey"),
            ("^starting|^initializing|^shutting down", "shutting down now"),
            (r"\[.\]", "[7]"),
            (r"\[.\]", "[]]"),
            (r"\[.\]", "[ ]"),
            ("ab*c", "ac"),
            ("ab*c", "abbbc"),
            ("ab[0-9]*", "ab129"),
            ("ab+c", "abbc"),
            (".at", "#at"),
            ("10.10.0.1", "10010,051"),
            (r"10\.10\.0\.1", "10.10.0.1"),
            (r"^\d\D\s\S\w\W$", "1a x_!"),
            (r"\x3A", ":"),
            (r"\x28", "("),
            (r"\x22status\x22:\s?\x22?[45][0-9][0-9]", r#"{"status": "503"}"#),
            ("a.b", "a\nb"),
            (r"[\d_-]+$", "x_-7"),
            (r"[\]\[\^-]", "^"),
            ("a.*?b", "axxb"),
        ];
        for (expression, text) in found {
            assert!(finds(expression, text), "{expression} in {text:?}");
        }
        let absent = [
            ("^[hc]at", "a hat"),
            ("[hc]at$", "cats"),
            ("^a{3,5}$", "aa"),
            ("^a{3,5}$", "aaaaaa"),
            ("ab+c", "ac"),
            (r"10\.10\.0\.1", "10010,051"),
            ("^starting|^initializing|^shutting down", "skipping initializing ..."),
            (r"^\w+$", "café"),
            ("[^a-z]", "abc"),
            ("a", "A"),
        ];
        for (expression, text) in absent {
            assert!(!finds(expression, text), "{expression} in {text:?}");
        }
    }

    #[test]
    fn what_the_dialect_lacks_is_refused_at_the_character() {
        let refused = [
            ("something!", 9),
            ("(a)b", 0),
            ("a(b", 1),
            ("caf\u{e9}", 3),
            ("ERROR(?= 500)", 5),
            ("[abc", 0),
            ("a[]", 2),
            ("[z-a]", 3),
            ("[a-\\d]", 3),
            ("[[a]]", 1),
            ("*a", 0),
            ("a**", 2),
            ("a{2}{3}", 4),
            ("^*", 1),
            ("a|+", 2),
            ("a]", 1),
            ("a}", 1),
            ("{\"status", 0),
            ("a{", 1),
            ("a{x}", 1),
            ("a{5,3}", 1),
            ("a{1001}", 1),
            ("a{,}", 1),
            (r"\x2", 0),
            (r"\xZZ", 0),
            (r"\x80", 0),
            (r"\x+1", 0),
            (r"a\n", 1),
            (r"a\b", 1),
            (r"a\(", 1),
            ("a\\", 1),
            ("\"", 0),
            ("a<b", 1),
            ("", 0),
        ];
        for (expression, offset) in refused {
            assert_eq!(refused_at(expression), offset, "{expression}");
        }
    }

    #[test]
    fn the_offset_counts_from_the_start_of_the_pattern() {
        assert_eq!(Dialect::parse("ab!", 10).map(|_| ()).unwrap_err().offset(), 12);
    }

    #[test]
    fn an_expression_that_would_be_slow_is_refused() {
        let huge = ".{1000}".repeat(100);
        assert!(Dialect::parse(&huge, 0).unwrap_err().problem().contains("too large"));
    }
}
