//! CloudWatch's filter patterns: which log events a subscription filter, a metric filter or a rule sees.
//!
//! `cases` and `decisions` are the tests that hold it to CloudWatch: what its documents say, and what they leave open.
//!
//! In: a pattern, once; the text of log events, many times. Out: whether an event matches, its fields by name, how the
//! pattern was read, and why an event does not match. Never panics, whatever the pattern or the event; takes time linear
//! in the event's length.
//!
//! A pattern is of one of three families, told by its first character:
//!
//! | begins with | family | example |
//! |---|---|---|
//! | `{` | JSON | `{ ($.status = 4*) \|\| ($.status = 5*) }` |
//! | `[` | space-delimited | `[ip, ..., status = 5*, bytes]` |
//! | anything else | text | `ERROR -"health check"`, or a lone `%regular expression%` |
//!
//! Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" and
//! `TestMetricFilter` in AWS's documents. What these leave open is decided in [`decisions`].

mod cursor;
mod error;

mod comparison;
mod dialect;
mod glob;
mod logic;
mod number;

mod delimited;
mod fields;
mod json;
mod lookup;
mod selector;
mod terms;

mod answers;
mod asked;
mod blindness;
pub mod decisions;

#[cfg(test)]
mod cases;

use std::fmt;
use std::str::FromStr;

pub(crate) use self::answers::Answers;
pub use self::asked::AskedStatuses;
pub use self::blindness::{Blindness, JsonType, Wanted};
use self::cursor::Cursor;
use self::delimited::DelimitedPattern;
use self::dialect::Dialect;
pub use self::error::PatternError;
use self::json::JsonPattern;
use self::terms::Terms;
use crate::access_log::fast_path::Recognised;

/// CloudWatch's limit on the length of a pattern, in characters (`PutSubscriptionFilter`, `filterPattern`).
pub const MAX_CHARACTERS: usize = 1024;

/// A filter pattern, read and checked.
#[derive(Debug, Clone)]
pub struct FilterPattern {
    source: String,
    family: Family,
    keywords_in_capitals: bool,
}

/// What events a pattern is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LooksAt {
    /// One JSON object.
    Json,
    /// Fields between spaces.
    Fields,
    /// Any text.
    Text,
}

#[derive(Debug, Clone)]
enum Family {
    Everything,
    Terms(Terms),
    Regex(Dialect),
    Json(JsonPattern),
    Delimited(DelimitedPattern),
}

impl FilterPattern {
    /// Reads a pattern. An empty one matches every event.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        if let Some((offset, _)) = pattern.char_indices().nth(MAX_CHARACTERS) {
            return Err(PatternError::new(
                offset,
                format!(
                    "the pattern has {} characters, and may have {MAX_CHARACTERS}",
                    pattern.chars().count()
                ),
                "shorten it, or split it over two filters",
            ));
        }
        let mut cursor = Cursor::new(pattern);
        cursor.skip_spaces();
        let family = match cursor.peek() {
            None => Family::Everything,
            Some('{') => Family::Json(JsonPattern::parse(&mut cursor)?),
            Some('[') => Family::Delimited(DelimitedPattern::parse(&mut cursor)?),
            Some('%') => Family::Regex(alone(&mut cursor)?),
            Some(_) => Family::Terms(Terms::parse(&mut cursor)?),
        };
        Ok(Self { source: pattern.to_owned(), family, keywords_in_capitals: cursor.keywords_in_capitals })
    }

    /// Whether the text of a log event matches.
    #[must_use]
    pub fn matches(&self, event: &str) -> bool {
        match &self.family {
            Family::Everything => true,
            Family::Terms(terms) => terms.matches(event),
            Family::Regex(regex) => regex.is_found_in(event),
            Family::Json(json) => json.matches(event),
            Family::Delimited(delimited) => delimited.matches(event),
        }
    }

    /// Whether a recognised line matches, as [`matches`](Self::matches) says of what it says; `text` is what was
    /// recognised. `None` where the line has to be read for it.
    #[must_use]
    pub(crate) fn matches_recognised(&self, recognised: Recognised<'_>, text: &str) -> Option<bool> {
        match &self.family {
            Family::Everything => Some(true),
            Family::Json(json) => json.matches_recognised(recognised, text),
            Family::Terms(_) | Family::Regex(_) | Family::Delimited(_) => None,
        }
    }

    /// Whether of lines of this one's format with one status either all match or none does.
    fn asks_only_status(&self, recognised: Recognised<'_>) -> bool {
        match &self.family {
            Family::Json(json) => json.asks_only_status(recognised),
            _ => false,
        }
    }

    /// The values that `TestMetricFilter` would extract from a matching event, in the event's order: `$name` for named
    /// fields of a space-delimited pattern, `$1`, `$2` and so on for the others. The other families extract nothing.
    /// `None` if the event does not match.
    #[must_use]
    pub fn extract(&self, event: &str) -> Option<Vec<(String, String)>> {
        match &self.family {
            Family::Delimited(delimited) => delimited.extract(event),
            _ => self.matches(event).then(Vec::new),
        }
    }

    /// Why an event does not match; `None` if it does. Costs more than [`matches`](Self::matches).
    #[must_use]
    pub fn blindness(&self, event: &str) -> Option<Blindness> {
        match &self.family {
            Family::Json(json) => json.blindness(event),
            Family::Delimited(delimited) => delimited.blindness(event),
            Family::Everything | Family::Terms(_) | Family::Regex(_) => {
                (!self.matches(event)).then(|| Blindness::ValueDiffers { field: String::new() })
            }
        }
    }

    /// The error statuses that the pattern asks for; `None` where it has no condition on a status.
    #[must_use]
    pub fn asked_statuses(&self) -> Option<AskedStatuses> {
        match &self.family {
            Family::Json(json) => json.asked_statuses(),
            Family::Delimited(delimited) => delimited.asked_statuses(),
            Family::Everything | Family::Terms(_) | Family::Regex(_) => None,
        }
    }

    /// What events the pattern is for.
    #[must_use]
    pub fn looks_at(&self) -> LooksAt {
        match &self.family {
            Family::Json(_) => LooksAt::Json,
            Family::Delimited(_) => LooksAt::Fields,
            Family::Everything | Family::Terms(_) | Family::Regex(_) => LooksAt::Text,
        }
    }

    /// How the pattern was read, in words, on several lines, without a line break at the end.
    #[must_use]
    pub fn explain(&self) -> String {
        let text = match &self.family {
            Family::Everything => "Empty pattern. Every log event matches.".to_owned(),
            Family::Terms(terms) => terms.explain(),
            Family::Regex(regex) => {
                format!(
                    "Regular expression. A log event matches when {} is found anywhere in its text",
                    regex.source()
                )
            }
            Family::Json(json) => json.explain(),
            Family::Delimited(delimited) => delimited.explain(),
        };
        text.trim_end().to_owned()
    }

    /// What AWS's documents do not promise of this pattern, though deployed patterns do it: one sentence for whoever
    /// wrote it.
    #[must_use]
    pub fn note(&self) -> Option<&'static str> {
        (!self.keywords_in_capitals).then_some(
            "AWS documents `IS NULL`, `IS TRUE`, `IS FALSE` and `NOT EXISTS` in capitals only; \
             other spellings are taken here as the same",
        )
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

impl FromStr for FilterPattern {
    type Err = PatternError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        Self::parse(pattern)
    }
}

impl fmt::Display for FilterPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.source)
    }
}

/// A regular expression with nothing after it.
fn alone(cursor: &mut Cursor<'_>) -> Result<Dialect, PatternError> {
    let regex = cursor.regex()?;
    cursor.skip_spaces();
    if cursor.is_at_end() {
        return Ok(regex);
    }
    Err(cursor.expected(
        "the end of the pattern after a regular expression",
        "a regular expression stands alone in a text pattern: join alternatives with `|` inside it",
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_character_tells_the_family() {
        let explained = |pattern: &str| FilterPattern::parse(pattern).unwrap().explain();
        assert!(explained("").starts_with("Empty pattern"));
        assert!(explained("  \n").starts_with("Empty pattern"));
        assert!(explained("  { $.a = 1 } ").starts_with("JSON pattern"));
        assert!(explained("\n[a]").starts_with("Space-delimited pattern"));
        assert!(explained(" %a% ").starts_with("Regular expression"));
        assert!(explained("ERROR").starts_with("Text pattern"));
    }

    #[test]
    fn a_pattern_of_1024_characters_is_read_and_one_of_1025_is_not() {
        assert!(FilterPattern::parse(&format!("\"{}\"", "é".repeat(1022))).is_ok());
        let error = FilterPattern::parse(&"a".repeat(1025)).map(|_| ()).unwrap_err();
        assert_eq!(error.offset(), 1024);
    }

    #[test]
    fn nothing_may_follow_a_lone_regular_expression() {
        assert_eq!(FilterPattern::parse("%a% b").map(|_| ()).unwrap_err().offset(), 4);
        assert_eq!(FilterPattern::parse("%a").map(|_| ()).unwrap_err().offset(), 0);
    }

    #[test]
    fn an_explanation_reads_well() {
        let patterns = [
            "",
            "{ ($.status = 4*) || ($.status >= 500) && $.user.id = \"*\" && $.x NOT EXISTS }",
            "{ $.tags[*] != %^a|b$% && $.flag IS TRUE && $.none IS NULL && $.n = -1.5 && $.p = \"/a/*/b\" }",
            "[ip, , request = *.html* && request != %x$%, ..., status != 4*, bytes > 1000]",
            "[w1 = ERROR || w1 = *WARN, w2]",
            "[w1 = ERROR]",
            "?WARN ERROR -\"health check\"",
            "?WARN ?\"bad gateway\"",
            "\" \"",
            "%^a|b$%",
        ];
        let explained = patterns
            .map(|pattern| format!("> {pattern}\n{}", FilterPattern::parse(pattern).unwrap().explain()));
        insta::assert_snapshot!(explained.join("\n\n"), @r#"
        > 
        Empty pattern. Every log event matches.

        > { ($.status = 4*) || ($.status >= 500) && $.user.id = "*" && $.x NOT EXISTS }
        JSON pattern. A log event matches when it is one JSON object and
          any of these holds:
            $.status starts with "4" (text or number)
            all of these hold:
              $.status is at least 500 (numbers only: text such as "403" never matches)
              $.user.id is anything (text or number)
              $.x is absent

        > { $.tags[*] != %^a|b$% && $.flag IS TRUE && $.none IS NULL && $.n = -1.5 && $.p = "/a/*/b" }
        JSON pattern. A log event matches when it is one JSON object and
          all of these hold:
            some value at $.tags[*] does not match the regular expression ^a|b$ (text or number)
            $.flag is the boolean true
            $.none is null, or an array with a null in it
            $.n is -1.5 (text or number)
            $.p matches "/a/*/b" (`*` is any text; AWS documents it only at the start and at the end) (text or number)

        > [ip, , request = *.html* && request != %x$%, ..., status != 4*, bytes > 1000]
        Space-delimited pattern. A log event matches when its fields are
          1. ip: anything
          2. (no name): anything
          3. request:
            all of these hold:
              contains ".html"
              does not match the regular expression x$
          ... any number of fields
          last but 1 status: does not start with "4"
          last bytes: is greater than 1000

        > [w1 = ERROR || w1 = *WARN, w2]
        Space-delimited pattern. A log event matches when its fields are
          1. w1:
            any of these holds:
              is "ERROR"
              ends with "WARN"
          2. w2: anything
          (the last field takes the rest of the line)

        > [w1 = ERROR]
        Space-delimited pattern. A log event matches when its fields are
          1. w1: is "ERROR"
          and no more (add an empty field at the end to allow more)

        > ?WARN ERROR -"health check"
        Text pattern (case-sensitive, also inside words). A log event matches when its text
          contains "ERROR"
          does not contain "health check"
          ("WARN" is ignored: `?` counts only where every term has it)

        > ?WARN ?"bad gateway"
        Text pattern (case-sensitive, also inside words). A log event matches when its text
          contains any of these:
            "WARN"
            "bad gateway"

        > " "
        Text pattern (case-sensitive, also inside words). A log event matches when its text
          contains " ", which the documents call "match everything" (AWS was seen to ask for the space itself)

        > %^a|b$%
        Regular expression. A log event matches when ^a|b$ is found anywhere in its text
        "#);
    }

    /// Text that is often nearly a pattern.
    fn nearly_a_pattern() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            "(",
            ")",
            " ",
            "$.",
            "$",
            "a",
            "status",
            ".",
            "['x.y']",
            "[0]",
            "[*]",
            "*",
            "=",
            "!=",
            ">",
            "<=",
            "1",
            "4*",
            "-1e3",
            "\"",
            "\"text\"",
            "\\",
            "%",
            "%a|b%",
            "%[x-z]{2,}%",
            "&&",
            "||",
            "IS",
            "NULL",
            "NOT",
            "EXISTS",
            "TRUE",
            ",",
            "...",
            "?",
            "-",
            "é",
            "\n",
            "null",
            "w1",
        ]);
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_and_every_error_points_into_it(pattern in prop_oneof![any::<String>(), nearly_a_pattern()]) {
            match FilterPattern::parse(&pattern) {
                Ok(read) => {
                    prop_assert!(!read.explain().is_empty());
                    prop_assert_eq!(read.as_str(), &pattern);
                }
                Err(error) => {
                    prop_assert!(pattern.is_char_boundary(error.offset()), "{}", error);
                    prop_assert!(!error.problem().is_empty() && !error.fix().is_empty());
                    prop_assert_eq!(error.render(&pattern).lines().count(), 4);
                }
            }
        }

        #[test]
        fn matching_never_panics_and_agrees_with_extraction_and_blindness(
            pattern in nearly_a_pattern(),
            event in prop_oneof![any::<String>(), r#"\{("[ab]":("[45]?"|[0-9]|null|\[1,null\]),?){0,3}\}"#, "[a-c\" \\[\\]]{0,30}"],
        ) {
            if let Ok(read) = FilterPattern::parse(&pattern) {
                prop_assert_eq!(read.matches(&event), read.extract(&event).is_some());
                prop_assert_eq!(read.matches(&event), read.blindness(&event).is_none());
            }
        }

        #[test]
        fn any_text_in_quotes_is_a_term_that_finds_itself(text in any::<String>()) {
            let pattern = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assume!(pattern.chars().count() <= MAX_CHARACTERS);
            let event = format!("before {text} after");
            prop_assert!(FilterPattern::parse(&pattern).unwrap().matches(&event));
        }
    }
}
