//! The left side of a JSON condition: which value of the event is meant.
//!
//! In: `$.a.b[0]`, `$.['a.b']`, `$.list[*]`, `$.*`. Out: the steps from the event's top level.
//! Never reaches above the top-level object, and never searches at any depth.

use super::cursor::Cursor;
use super::error::PatternError;

/// One step down into an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The member of an object with this name.
    Key(String),
    /// The element of an array at this place, counted from 0.
    Index(usize),
    /// Every element of an array, or every member of an object.
    Every,
}

/// A selector, as written and as steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selector {
    pub(super) text: String,
    pub(super) steps: Vec<Step>,
}

impl Selector {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        let start = cursor.offset();
        let whole = cursor.rest();
        if !cursor.eat("$.") {
            return Err(missing_root(cursor));
        }
        let mut steps = Vec::new();
        if cursor.rest().starts_with("['") {
            steps.push(bracket(cursor)?);
        } else {
            steps.push(key(cursor)?);
        }
        loop {
            let step = if cursor.eat(".") {
                if cursor.peek() == Some('[') { bracket(cursor)? } else { key(cursor)? }
            } else if cursor.peek() == Some('[') {
                bracket(cursor)?
            } else {
                break;
            };
            steps.push(step);
        }
        let text = whole.get(..cursor.offset() - start).unwrap_or_default().to_owned();
        if steps.iter().filter(|step| **step == Step::Every).count() > 1 {
            return Err(PatternError::new(
                start,
                format!("`{text}` has more than one wildcard, and a selector may have one"),
                "name all places but one",
            ));
        }
        Ok(Self { text, steps })
    }

    /// How many wildcards the selector has: none or one.
    pub(super) fn wildcards(&self) -> usize {
        self.steps.iter().filter(|step| **step == Step::Every).count()
    }

    /// The name that the selector ends in, if it ends in one.
    pub(super) fn last_key(&self) -> Option<&str> {
        match self.steps.last() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }
}

fn missing_root(cursor: &Cursor<'_>) -> PatternError {
    let word = cursor.word();
    let fix = match cursor.peek() {
        _ if !word.is_empty() => format!("selectors begin with `$.`: write `$.{word}`"),
        Some('$') => "write `$.name`, or `$.['na.me']` for a name with other characters".to_owned(),
        Some('!') => "there is no negation: write `!=` or `NOT EXISTS`".to_owned(),
        _ => "write for example `{ $.status = 4* }`".to_owned(),
    };
    cursor.expected("a selector such as `$.status`", fix)
}

fn key(cursor: &mut Cursor<'_>) -> Result<Step, PatternError> {
    if cursor.eat("*") {
        return Ok(Step::Every);
    }
    let key = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let other = cursor.peek().filter(|c| !(c.is_whitespace() || "=!<>.[)}&|,]".contains(*c)));
    match other {
        None if key.is_empty() => Err(cursor.expected("a name after the dot", "write `$.name`")),
        None => Ok(Step::Key(key.to_owned())),
        Some(character) => {
            let rest: String = cursor
                .rest()
                .chars()
                .take_while(|c| !(c.is_whitespace() || "=!<>.[)}".contains(*c)))
                .collect();
            Err(PatternError::new(
                cursor.offset(),
                format!("`{}` may not stand in a name of a selector", character.escape_debug()),
                format!("write the name in brackets and single quotes: `.['{key}{rest}']`"),
            ))
        }
    }
}

fn bracket(cursor: &mut Cursor<'_>) -> Result<Step, PatternError> {
    let start = cursor.offset();
    cursor.eat("[");
    let step = if cursor.eat("'") {
        let Some((key, _)) = cursor.rest().split_once('\'') else {
            return Err(PatternError::new(
                start,
                "the name in single quotes is never closed",
                "write `['na.me']`",
            ));
        };
        cursor.go_back(cursor.offset() + key.len() + 1);
        Step::Key(key.to_owned())
    } else if cursor.eat("*") {
        Step::Every
    } else {
        let digits = cursor.take_while(|c| c.is_ascii_digit());
        match digits.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => {
                return Err(cursor.expected(
                    "a place in the array",
                    "write `[0]` for the first element, `[*]` for any, `['na.me']` for a name",
                ));
            }
        }
    };
    if cursor.eat("]") { Ok(step) } else { Err(cursor.expected("`]`", "write `[0]`, `[*]` or `['na.me']`")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        let mut cursor = Cursor::new(text);
        let selector = Selector::parse(&mut cursor).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(cursor.is_at_end(), "{text}");
        assert_eq!(selector.text, text);
        selector.steps
    }

    fn named(key: &str) -> Step {
        Step::Key(key.to_owned())
    }

    #[test]
    fn names_places_and_wildcards_are_steps() {
        assert_eq!(steps("$.a.b_c.d-e"), [named("a"), named("b_c"), named("d-e")]);
        assert_eq!(steps("$.a[0][12].k"), [named("a"), Step::Index(0), Step::Index(12), named("k")]);
        assert_eq!(steps("$.['cluster.name'].id"), [named("cluster.name"), named("id")]);
        assert_eq!(steps("$.a.['b c'][1]"), [named("a"), named("b c"), Step::Index(1)]);
        assert_eq!(steps("$.a[*].id"), [named("a"), Step::Every, named("id")]);
        assert_eq!(steps("$.*"), [Step::Every]);
        assert_eq!(steps("$.a.*"), [named("a"), Step::Every]);
    }

    #[test]
    fn what_is_no_selector_is_refused_at_the_place() {
        let cases = [
            ("status", 0),
            ("$status", 0),
            ("$[0]", 0),
            ("$['a']", 0),
            ("!$.a", 0),
            ("$.", 2),
            ("$..a", 2),
            ("$.[0]", 2),
            ("$.\"detail-type\"", 2),
            ("$.@timestamp", 2),
            ("$.a:b", 3),
            ("$.caf\u{e9}", 5),
            ("$.a[-1]", 4),
            ("$.a[0:2]", 5),
            ("$.a[]", 4),
            ("$.a[99999999999999999999]", 24),
            ("$.['open", 2),
            ("$.['a'", 6),
            ("$.items[*].*", 0),
        ];
        for (text, offset) in cases {
            let error = Selector::parse(&mut Cursor::new(text)).unwrap_err();
            assert_eq!(error.offset(), offset, "{text}: {error}");
        }
    }

    #[test]
    fn the_fix_is_the_selector_that_was_meant() {
        let fix = |text: &str| Selector::parse(&mut Cursor::new(text)).unwrap_err().fix().to_owned();
        assert!(fix("status = 4*").contains("`$.status`"));
        assert!(fix("$.@timestamp = 1").contains("`.['@timestamp']`"));
    }
}
