//! One comparison of a pattern: an operator and the value beside it.
//!
//! In: `= 4*`, `!= "x"`, `>= 400`, `= %regex%`, and a value of an event. Out: holds, fails, or cannot be made.
//! Never turns text into a number or guesses a type; what cannot be compared matches neither `=` nor `!=`.

use std::cmp::Ordering;

use super::cursor::Cursor;
use super::dialect::Dialect;
use super::error::PatternError;
use super::glob::Glob;
use super::number::Number;

/// What a comparison says about one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// The value is of a type that this comparison cannot judge.
    Incomparable,
}

impl Verdict {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer ones first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Operator {
    fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Equal => "is",
            Self::NotEqual => "is not",
            Self::Less => "is less than",
            Self::LessOrEqual => "is at most",
            Self::Greater => "is greater than",
            Self::GreaterOrEqual => "is at least",
        }
    }
}

#[derive(Debug, Clone)]
enum Operand {
    /// A value in quotes.
    Quoted(Glob),
    /// A value without quotes that is no number: a word, or digits with `*`.
    Word(Glob),
    /// A value without quotes that is a number, with its spelling.
    Number(Number, Glob),
    Regex(Dialect),
}

/// An operator and a value, which JSON conditions and the slots of space-delimited patterns share.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    operator: Operator,
    operand: Operand,
}

impl Comparison {
    /// Reads an operator and a value. `subject` is what stands before them, for the error's text.
    pub(super) fn parse(cursor: &mut Cursor<'_>, subject: &str) -> Result<Self, PatternError> {
        cursor.skip_spaces();
        let Some(&(sign, operator)) = OPERATORS.iter().find(|(sign, _)| cursor.rest().starts_with(sign))
        else {
            return Err(cursor.expected(
                "an operator (`=`, `!=`, `<`, `<=`, `>`, `>=`)",
                format!("write for example `{subject} = 4*`"),
            ));
        };
        cursor.eat(sign);
        if cursor.peek() == Some('=') {
            return Err(cursor.expected("a value after the operator", "equality is a single `=`"));
        }
        cursor.skip_spaces();
        let at = cursor.offset();
        let operand = Operand::parse(cursor)?;
        if operator.is_order() && !matches!(operand, Operand::Number(..)) {
            return Err(PatternError::new(
                at,
                format!("`{sign}` compares with a number only"),
                "write a number without quotes or `*`, or use `=` with `*`, such as `= 5*`",
            ));
        }
        Ok(Self { operator, operand })
    }

    /// Compares with text: a JSON string, never read as a number.
    pub(super) fn on_text(&self, text: &str) -> Verdict {
        if self.operator.is_order() {
            return Verdict::Incomparable;
        }
        let equal = match &self.operand {
            Operand::Quoted(glob) | Operand::Word(glob) | Operand::Number(_, glob) => glob.matches(text),
            Operand::Regex(regex) => regex.is_found_in(text),
        };
        Verdict::of(equal == (self.operator == Operator::Equal))
    }

    /// Compares with a JSON number, given as the event spells it: by value where the pattern has a bare number,
    /// by spelling where it has text.
    pub(super) fn on_number(&self, spelling: &str) -> Verdict {
        match (&self.operand, Number::parse(spelling)) {
            (Operand::Number(wanted, _), Some(number)) => number
                .compare(*wanted)
                .map_or(Verdict::Incomparable, |o| Verdict::of(self.operator.accepts(o))),
            _ => self.on_text(spelling),
        }
    }

    /// Compares with a field of a space-delimited event, which is a number if it reads as one.
    pub(super) fn on_field(&self, field: &str) -> Verdict {
        self.on_number(field)
    }

    /// Whether the value is `word`, without quotes.
    pub(super) fn is_bare_word(&self, word: &str) -> bool {
        matches!(&self.operand, Operand::Word(glob) if glob.source() == word)
    }

    /// Whether this can judge JSON numbers only.
    pub(super) fn wants_number(&self) -> bool {
        self.operator.is_order()
    }

    /// In words, to follow the name of what is compared.
    pub(super) fn explain(&self) -> String {
        let negated = self.operator == Operator::NotEqual;
        match &self.operand {
            Operand::Quoted(glob) | Operand::Word(glob) => glob.explain(negated),
            Operand::Number(_, glob) => format!("{} {}", self.operator.words(), glob.source()),
            Operand::Regex(regex) => {
                format!(
                    "{} the regular expression {}",
                    if negated { "does not match" } else { "matches" },
                    regex.source()
                )
            }
        }
    }
}

impl Operand {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        match cursor.peek() {
            Some('"') => return cursor.quoted().map(|text| Self::Quoted(Glob::new(&text))),
            Some('%') => return cursor.regex().map(Self::Regex),
            _ => {}
        }
        let at = cursor.offset();
        let word = cursor.take_while(is_bare);
        let rest = cursor.rest();
        let ends = rest.starts_with(|c: char| c.is_whitespace() || ")},]".contains(c))
            || rest.starts_with("&&")
            || rest.starts_with("||")
            || rest.is_empty();
        if word.is_empty() && ends {
            return Err(cursor
                .expected("a value after the operator", "write a number, a word, or text in double quotes"));
        }
        if !ends {
            let character = cursor.peek().unwrap_or_default();
            cursor.take_while(|c| !(c.is_whitespace() || ")},]\"".contains(c)));
            let length = cursor.offset() - at;
            cursor.go_back(at);
            let value = cursor.rest().get(..length).unwrap_or_default();
            return Err(PatternError::new(
                at + word.len(),
                format!("`{}` may not stand in a value without quotes", character.escape_debug()),
                format!("put the value in double quotes: {value:?}"),
            ));
        }
        let glob = Glob::new(word);
        Ok(Number::parse(word)
            .map_or_else(|| Self::Word(glob.clone()), |number| Self::Number(number, glob.clone())))
    }
}

/// What may stand in a value without quotes: letters, digits and `_` by the documents' sentence, `.` and `*` by their
/// examples (`123.123.*`, `4*`), `+` and `-` for numbers.
fn is_bare(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_.*+-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(text: &str) -> Comparison {
        Comparison::parse(&mut Cursor::new(text), "x").unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_bare_number_compares_by_value_with_numbers_and_by_spelling_with_text() {
        let one = comparison("= 1");
        for number in ["1", "1.0", "1e0"] {
            assert_eq!(one.on_number(number), Verdict::Holds, "{number}");
        }
        assert_eq!(one.on_text("1"), Verdict::Holds);
        assert_eq!(one.on_text("1.0"), Verdict::Fails);
    }

    #[test]
    fn a_quoted_value_compares_by_spelling_with_numbers_too() {
        let one = comparison("= \"1\"");
        assert_eq!(one.on_number("1"), Verdict::Holds);
        assert_eq!(one.on_number("1.0"), Verdict::Fails);
        assert_eq!(comparison("= \"4*\"").on_number("403"), Verdict::Holds);
        assert_eq!(comparison("!= \"Alpha\"").on_number("7"), Verdict::Holds);
    }

    #[test]
    fn order_is_for_numbers() {
        assert_eq!(comparison(">= 400").on_number("403"), Verdict::Holds);
        assert_eq!(comparison(">= 400").on_number("399"), Verdict::Fails);
        assert_eq!(comparison(">= 400").on_text("403"), Verdict::Incomparable);
        assert_eq!(comparison("> 75").on_field("-"), Verdict::Incomparable);
        assert_eq!(comparison("> 75").on_field("76"), Verdict::Holds);
    }

    #[test]
    fn what_is_not_a_comparison_is_refused_at_the_place() {
        let cases = [
            ("== 1", 1),
            ("EXISTS", 0),
            ("=", 1),
            ("= ]", 2),
            ("> \"a\"", 2),
            ("> 4*", 2),
            ("= a/b", 3),
            ("= \"open", 2),
            ("= \u{e9}", 2),
        ];
        for (text, offset) in cases {
            let error = Comparison::parse(&mut Cursor::new(text), "x").map(|_| ()).unwrap_err();
            assert_eq!(error.offset(), offset, "{text}: {error}");
        }
    }

    #[test]
    fn the_fix_for_a_value_that_needs_quotes_is_the_value_in_quotes() {
        let error = Comparison::parse(&mut Cursor::new("= arn:aws:iam }"), "x").map(|_| ()).unwrap_err();
        assert!(error.fix().contains("\"arn:aws:iam\""), "{error}");
    }
}
