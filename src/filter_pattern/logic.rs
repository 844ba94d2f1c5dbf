//! Conditions joined by `&&`, `||` and parentheses, whatever the conditions are.
//!
//! In: a pattern and a function that reads one condition. Out: a tree with the precedence `()`, `&&`, `||`.
//! Never evaluates a condition that cannot change the result.

use super::cursor::Cursor;
use super::error::PatternError;

/// How deep parentheses may be nested, so that a hostile pattern cannot exhaust the stack; AWS documents no limit.
const MAX_DEPTH: usize = 64;

/// A condition, or several of which all or any must hold.
#[derive(Debug, Clone)]
pub(super) enum Logic<T> {
    One(T),
    All(Vec<Logic<T>>),
    Any(Vec<Logic<T>>),
}

impl<T> Logic<T> {
    /// Reads alternatives up to the first thing that is neither `&&` nor `||`.
    pub(super) fn parse<'p>(
        cursor: &mut Cursor<'p>,
        one: &mut dyn FnMut(&mut Cursor<'p>) -> Result<T, PatternError>,
    ) -> Result<Self, PatternError> {
        Self::chain(cursor, "||", Self::Any, &mut |cursor| {
            Self::chain(cursor, "&&", Self::All, &mut |cursor| Self::unit(cursor, one))
        })
    }

    fn chain<'p>(
        cursor: &mut Cursor<'p>,
        sign: &str,
        join: fn(Vec<Self>) -> Self,
        part: &mut dyn FnMut(&mut Cursor<'p>) -> Result<Self, PatternError>,
    ) -> Result<Self, PatternError> {
        let first = part(cursor)?;
        let mut others = Vec::new();
        cursor.skip_spaces();
        while cursor.eat(sign) {
            others.push(part(cursor)?);
            cursor.skip_spaces();
        }
        if others.is_empty() {
            return Ok(first);
        }
        others.insert(0, first);
        Ok(join(others))
    }

    fn unit<'p>(
        cursor: &mut Cursor<'p>,
        one: &mut dyn FnMut(&mut Cursor<'p>) -> Result<T, PatternError>,
    ) -> Result<Self, PatternError> {
        cursor.skip_spaces();
        let opened = cursor.offset();
        if !cursor.eat("(") {
            return one(cursor).map(Self::One);
        }
        cursor.depth += 1;
        if cursor.depth > MAX_DEPTH {
            return Err(PatternError::new(
                opened,
                format!("more than {MAX_DEPTH} parentheses inside one another"),
                "leave out those that do not change the meaning",
            ));
        }
        let inner = Self::parse(cursor, one)?;
        cursor.depth -= 1;
        if cursor.is_at_end() {
            return Err(PatternError::new(opened, "the parenthesis is never closed", "add the closing `)`"));
        }
        if !cursor.eat(")") {
            return Err(not_joined(cursor, "`)`"));
        }
        Ok(inner)
    }

    pub(super) fn holds(&self, one: &mut dyn FnMut(&T) -> bool) -> bool {
        match self {
            Self::One(condition) => one(condition),
            Self::All(parts) => parts.iter().all(|part| part.holds(one)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(one)),
        }
    }

    /// Every condition, from left to right.
    pub(super) fn each<'t>(&'t self, visit: &mut dyn FnMut(&'t T)) {
        match self {
            Self::One(condition) => visit(condition),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each(visit)),
        }
    }

    /// One line for each condition and each group, indented by `depth`.
    pub(super) fn explain(&self, depth: usize, describe: &dyn Fn(&T) -> String, out: &mut String) {
        let (heading, parts) = match self {
            Self::One(condition) => {
                push_line(out, depth, &describe(condition));
                return;
            }
            Self::All(parts) => ("all of these hold:", parts),
            Self::Any(parts) => ("any of these holds:", parts),
        };
        push_line(out, depth, heading);
        for part in parts {
            part.explain(depth + 1, describe, out);
        }
    }
}

/// An error where a condition has ended and neither a join nor `end` follows.
pub(super) fn not_joined(cursor: &Cursor<'_>, end: &str) -> PatternError {
    let fix = match cursor.word().to_ascii_uppercase().as_str() {
        "AND" => "conditions are joined by `&&`, not by a word",
        "OR" => "conditions are joined by `||`, not by a word",
        _ => match cursor.peek() {
            Some('&') => "and is written `&&`",
            Some('|') => "or is written `||`",
            _ => "join conditions with `&&` or `||`, and close what was opened",
        },
    };
    cursor.expected(&format!("`&&`, `||` or {end}"), fix)
}

/// Appends one line of an explanation.
pub(super) fn push_line(out: &mut String, depth: usize, line: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pattern: &str) -> Result<Logic<char>, PatternError> {
        Logic::parse(&mut Cursor::new(pattern), &mut |cursor| {
            let letter = cursor.peek().filter(char::is_ascii_lowercase);
            let letter = letter.ok_or_else(|| cursor.expected("a letter", "write one"))?;
            cursor.eat(&letter.to_string());
            Ok(letter)
        })
    }

    fn holds(pattern: &str, true_letters: &str) -> bool {
        parse(pattern).unwrap().holds(&mut |letter| true_letters.contains(*letter))
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_bind_tightest() {
        assert!(holds("a || b && c", "a"));
        assert!(!holds("a || b && c", "b"));
        assert!(holds("b && c || a", "a"));
        assert!(!holds("(a || b) && c", "a"));
        assert!(holds("(a || b) && c", "bc"));
        assert!(holds("((a))&&(b||c)&&d", "acd"));
    }

    #[test]
    fn a_condition_that_cannot_change_the_result_is_not_evaluated() {
        let mut asked = String::new();
        let tree = parse("a || b").unwrap();
        assert!(tree.holds(&mut |letter| {
            asked.push(*letter);
            true
        }));
        assert_eq!(asked, "a");
    }

    #[test]
    fn what_is_left_open_is_reported() {
        assert_eq!(parse("(a || b").unwrap_err().offset(), 0);
        assert_eq!(parse("a && ").unwrap_err().offset(), 5);
        assert_eq!(parse("(a b)").unwrap_err().offset(), 3);
        assert!(parse("(a and b)").unwrap_err().fix().contains("&&"));
    }

    #[test]
    fn parentheses_are_read_to_a_depth_that_is_safe() {
        let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        assert!(holds(&nested(MAX_DEPTH), "a"));
        assert_eq!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().offset(), MAX_DEPTH);
        assert_eq!(parse(&"(".repeat(1024)).unwrap_err().offset(), MAX_DEPTH);
        assert!(holds(&format!("{}a", "(a) && ".repeat(MAX_DEPTH + 1)), "a"));
    }
}
