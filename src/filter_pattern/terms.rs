//! Unstructured patterns: terms that an event's text must hold, may hold, or must not hold.
//!
//! In: the pattern's text. Out: whether an event's text has the terms, anywhere, inside words too, case-sensitive.
//! Never looks at the event's structure: JSON is text here.

use super::cursor::Cursor;
use super::error::PatternError;
use super::logic::push_line;

/// The terms of one pattern, by their sign.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    required: Vec<String>,
    optional: Vec<String>,
    excluded: Vec<String>,
}

impl Terms {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        let mut terms = Self::default();
        loop {
            cursor.skip_spaces();
            if cursor.is_at_end() {
                return Ok(terms);
            }
            let kind = if cursor.eat("?") {
                &mut terms.optional
            } else if cursor.eat("-") {
                &mut terms.excluded
            } else {
                &mut terms.required
            };
            kind.push(term(cursor)?);
        }
    }

    pub(super) fn matches(&self, event: &str) -> bool {
        let has = |term: &String| is_blank(term) || event.contains(term.as_str());
        if self.required.is_empty() && self.excluded.is_empty() {
            return self.optional.iter().any(has);
        }
        self.required.iter().all(has) && !self.excluded.iter().any(has)
    }

    pub(super) fn explain(&self) -> String {
        let mut out = String::from(
            "Text pattern (case-sensitive, also inside words). A log event matches when its text\n",
        );
        let alone = self.required.is_empty() && self.excluded.is_empty();
        for term in &self.required {
            push_line(&mut out, 1, &format!("contains {term:?}{}", if is_blank(term) { BLANK } else { "" }));
        }
        for term in &self.excluded {
            push_line(&mut out, 1, &format!("does not contain {term:?}"));
        }
        if alone {
            push_line(&mut out, 1, "contains any of these:");
        }
        for term in &self.optional {
            let ignored = " is ignored: `?` counts only where every term has it";
            push_line(
                &mut out,
                1,
                &if alone { format!("  {term:?}") } else { format!("({term:?}{ignored})") },
            );
        }
        out
    }
}

const BLANK: &str =
    ", which the documents call \"match everything\" (AWS was seen to ask for the space itself)";

/// A term of spaces alone: the documents' way to match everything.
fn is_blank(term: &str) -> bool {
    term.trim().is_empty()
}

fn term(cursor: &mut Cursor<'_>) -> Result<String, PatternError> {
    let at = cursor.offset();
    let term = match cursor.peek() {
        Some('"') => cursor.quoted()?,
        Some('%') => {
            return Err(PatternError::new(
                at,
                "a regular expression stands alone in a text pattern",
                "leave only the regular expression, or use terms without one",
            ));
        }
        _ => cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_').to_owned(),
    };
    let followed = cursor.peek().filter(|c| !c.is_whitespace());
    match followed {
        None if cursor.offset() == at => Err(cursor.expected(
            "a term right after the sign",
            "write `-ERROR` or `?ERROR` without a space, or quote the sign",
        )),
        None => Ok(term),
        Some('*') => Err(PatternError::new(
            cursor.offset(),
            "`*` is no wildcard in a text pattern",
            "leave it out: a term is found inside longer words too",
        )),
        Some(character) => {
            let word = cursor.take_while(|c| !c.is_whitespace()).len();
            let end = cursor.offset();
            cursor.go_back(at);
            let whole = cursor.rest().get(..end - at).unwrap_or_default();
            Err(PatternError::new(
                end - word,
                format!("`{}` may not stand in a term without quotes", character.escape_debug()),
                if whole.contains('"') {
                    "put a space between terms, and write a quote inside a term as `\\\"`".to_owned()
                } else {
                    format!("put the term in double quotes: {whole:?}")
                },
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pattern: &str) -> Result<Terms, PatternError> {
        Terms::parse(&mut Cursor::new(pattern))
    }

    #[test]
    fn signs_and_quotes_say_what_a_term_means() {
        let terms = parse(r#"ERROR -"BAD REQUEST" ?a_1 "say \"hi\"""#).unwrap();
        assert_eq!(terms.required, ["ERROR", "say \"hi\""]);
        assert_eq!(terms.excluded, ["BAD REQUEST"]);
        assert_eq!(terms.optional, ["a_1"]);
    }

    #[test]
    fn a_term_with_other_characters_needs_quotes() {
        let cases = [
            ("ERROR:", 5),
            ("foo-bar", 3),
            ("[ERROR]", 0),
            ("ERR*", 3),
            ("a\u{e9}", 1),
            ("\"a\"b", 3),
            ("a\"b\"", 1),
        ];
        for (pattern, offset) in cases {
            assert_eq!(parse(pattern).unwrap_err().offset(), offset, "{pattern}");
        }
        assert!(parse("GET /api/x").unwrap_err().fix().contains("\"/api/x\""));
    }

    #[test]
    fn a_sign_without_a_term_is_refused() {
        for pattern in ["-", "?", "a - b", "ERROR ?"] {
            assert!(parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_regular_expression_beside_terms_is_refused() {
        assert_eq!(parse("ERROR %x%").unwrap_err().offset(), 6);
        assert_eq!(parse("?%x%").unwrap_err().offset(), 1);
    }
}
