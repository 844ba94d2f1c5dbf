//! JSON patterns: conditions on the values of an event that is one JSON object.
//!
//! In: `{ ($.status = 4*) || ($.status = 5*) }` and events. Out: whether an event fits, and where it does not, why.
//! Never matches text that merely contains JSON, nor an array, nor a bare value.

use super::asked::AskedStatuses;
use super::blindness::{Blindness, JsonType, Wanted};
use super::comparison::{Comparison, Verdict};
use super::cursor::Cursor;
use super::error::PatternError;
use super::logic::{Logic, not_joined};
use super::lookup::{Found, Lookup, Value};
use super::selector::{Selector, Step};
use crate::access_log::fast_path::Recognised;

/// CloudWatch's limit on wildcards in all selectors of a pattern together.
const MAX_WILDCARDS: usize = 3;

/// A parsed JSON pattern.
#[derive(Debug, Clone)]
pub(super) struct JsonPattern {
    lookup: Lookup,
    conditions: Logic<Condition>,
}

#[derive(Debug, Clone)]
struct Condition {
    /// The selector's place in the lookup.
    selector: usize,
    text: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    NotExists,
    IsNull,
    Is(bool),
    Compares(Comparison),
}

impl JsonPattern {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        let opened = cursor.offset();
        cursor.eat("{");
        let mut lookup = Lookup::default();
        let mut wildcards = 0;
        let conditions = Logic::parse(cursor, &mut |cursor| {
            let start = cursor.offset();
            let selector = Selector::parse(cursor)?;
            wildcards += selector.wildcards();
            if wildcards > MAX_WILDCARDS {
                return Err(PatternError::new(
                    start,
                    format!(
                        "this is wildcard selector number {wildcards}, and a pattern may have {MAX_WILDCARDS}"
                    ),
                    "name some of the places",
                ));
            }
            let test = Test::parse(cursor, &selector.text)?;
            Ok(Condition { text: selector.text.clone(), selector: lookup.add(selector), test })
        })?;
        if cursor.is_at_end() {
            return Err(PatternError::new(opened, "the brace is never closed", "add the closing `}`"));
        }
        if !cursor.eat("}") {
            return Err(not_joined(cursor, "`}`"));
        }
        cursor.skip_spaces();
        if cursor.is_at_end() {
            return Ok(Self { lookup, conditions });
        }
        Err(cursor.expected("the end of the pattern", "put all conditions inside one pair of braces"))
    }

    pub(super) fn matches(&self, event: &str) -> bool {
        let found = self.lookup.find(event);
        found.is_some_and(|found| self.conditions.holds(&mut |condition| condition.holds(&found)))
    }

    /// Whether a recognised line matches: it is one JSON object without arrays. `None` where it has to be read for that.
    pub(super) fn matches_recognised(&self, recognised: Recognised<'_>, text: &str) -> Option<bool> {
        let mut is_known = true;
        let holds = self.conditions.holds(&mut |condition| {
            let selector = self.lookup.selector(condition.selector);
            let passed = condition.passes_recognised(
                selector.map_or(&[], |selector| &selector.steps),
                recognised,
                text,
            );
            is_known &= passed.is_some();
            passed.unwrap_or_default()
        });
        is_known.then_some(holds)
    }

    /// Whether every condition is one on the status of a recognised line.
    pub(super) fn asks_only_status(&self, recognised: Recognised<'_>) -> bool {
        self.lookup
            .selectors()
            .iter()
            .all(|selector| keys(&selector.steps).is_some_and(|keys| recognised.is_status(&keys)))
    }

    /// Why `event` does not match: the most telling of the conditions that do not hold. Nothing if it matches.
    pub(super) fn blindness(&self, event: &str) -> Option<Blindness> {
        let Some(found) = self.lookup.find(event) else {
            return Some(Blindness::of_unreadable(event));
        };
        if self.conditions.holds(&mut |condition| condition.holds(&found)) {
            return None;
        }
        let mut reasons = Vec::new();
        self.conditions.each(&mut |condition| {
            reasons.extend((!condition.holds(&found)).then(|| self.reason(condition, &found, event)));
        });
        reasons.into_iter().min_by_key(Blindness::rank)
    }

    fn reason(&self, condition: &Condition, found: &Found<'_>, event: &str) -> Blindness {
        let selector = condition.text.clone();
        let Some(value) = found.values(condition.selector).next() else {
            let key = self.lookup.selector(condition.selector).and_then(Selector::last_key);
            return Blindness::missing(selector, key, event);
        };
        let wanted = match &condition.test {
            Test::NotExists | Test::IsNull => None,
            Test::Is(_) => (!matches!(value, Value::Boolean(_))).then_some(Wanted::Boolean),
            Test::Compares(comparison) => match comparison_with(comparison, &value) {
                Verdict::Incomparable if comparison.wants_number() => Some(Wanted::Number),
                Verdict::Incomparable => Some(Wanted::TextOrNumber),
                Verdict::Holds | Verdict::Fails => None,
            },
        };
        match wanted {
            Some(wanted) => {
                let part = |condition: &Condition| self.compared(condition);
                let asked = AskedStatuses::of(&Logic::One(condition.clone()), &part);
                let instead = asked.map(|asked| asked.conditions(&selector)).unwrap_or_default();
                Blindness::TypeMismatch { selector, wanted, found: JsonType::of(&value), instead }
            }
            None => Blindness::ValueDiffers { field: selector },
        }
    }

    pub(super) fn asked_statuses(&self) -> Option<AskedStatuses> {
        AskedStatuses::of(&self.conditions, &|condition| self.compared(condition))
    }

    /// The name of the value that a condition compares, and with what.
    fn compared(&self, condition: &Condition) -> Option<(String, Comparison)> {
        let Test::Compares(comparison) = &condition.test else { return None };
        let key = self.lookup.selector(condition.selector).and_then(Selector::last_key)?;
        Some((key.to_owned(), comparison.clone()))
    }

    pub(super) fn explain(&self) -> String {
        let mut out = String::from("JSON pattern. A log event matches when it is one JSON object and\n");
        self.conditions.explain(1, &Condition::explain, &mut out);
        out
    }
}

/// The keys that the steps are; `None` where one is another step.
fn keys(steps: &[Step]) -> Option<impl Iterator<Item = &str> + Clone> {
    fn key(step: &Step) -> Option<&str> {
        if let Step::Key(key) = step { Some(key) } else { None }
    }
    steps.iter().all(|step| key(step).is_some()).then(|| steps.iter().filter_map(key))
}

impl Condition {
    fn holds(&self, found: &Found<'_>) -> bool {
        self.test.passes(found.values(self.selector))
    }

    fn passes_recognised(&self, steps: &[Step], recognised: Recognised<'_>, text: &str) -> Option<bool> {
        if let [Step::Every] = steps {
            return Some(self.test.passes(recognised.members(text).ok()?.map(Value::of_member)));
        }
        let Some(keys) = keys(steps) else {
            // What is no array has no element, and what an object has is not asked of the format.
            return recognised.members(text).ok().map(|_| self.test.passes(std::iter::empty()));
        };
        let member = recognised.member(&keys, text).ok()?;
        Some(self.test.passes(member.into_iter().map(Value::of_member)))
    }

    fn explain(&self) -> String {
        let test = match &self.test {
            Test::NotExists => "is absent".to_owned(),
            Test::IsNull => "is null, or an array with a null in it".to_owned(),
            Test::Is(wanted) => format!("is the boolean {wanted}"),
            Test::Compares(comparison) if comparison.wants_number() => {
                format!("{} (numbers only: text such as \"403\" never matches)", comparison.explain())
            }
            Test::Compares(comparison) => format!("{} (text or number)", comparison.explain()),
        };
        let any = if self.text.contains('*') { "some value at " } else { "" };
        format!("{any}{} {test}", self.text)
    }
}

/// Value nodes are text and numbers; everything else cannot be compared, with `!=` neither.
fn comparison_with(comparison: &Comparison, value: &Value<'_>) -> Verdict {
    match value {
        Value::Text(text) => comparison.on_text(text),
        Value::Number(spelling) => comparison.on_number(spelling),
        Value::Boolean(_) | Value::Null | Value::Array(_) | Value::Object => Verdict::Incomparable,
    }
}

impl Test {
    /// Whether any value that the selector finds passes.
    fn passes<'e>(&self, mut values: impl Iterator<Item = Value<'e>>) -> bool {
        match self {
            Self::NotExists => values.next().is_none(),
            Self::IsNull => values.any(|value| value == Value::Null || value.holds_null()),
            Self::Is(wanted) => values.any(|value| value == Value::Boolean(*wanted)),
            Self::Compares(comparison) => {
                values.any(|value| comparison_with(comparison, &value) == Verdict::Holds)
            }
        }
    }

    fn parse(cursor: &mut Cursor<'_>, selector: &str) -> Result<Self, PatternError> {
        cursor.skip_spaces();
        let start = cursor.offset();
        if cursor.eat_keyword("NOT") {
            cursor.skip_spaces();
            if cursor.eat_keyword("EXISTS") {
                return Ok(Self::NotExists);
            }
            return Err(cursor.expected("`EXISTS` after `NOT`", format!("write `{selector} NOT EXISTS`")));
        }
        if cursor.eat_keyword("IS") {
            cursor.skip_spaces();
            for (word, test) in [("NULL", Self::IsNull), ("TRUE", Self::Is(true)), ("FALSE", Self::Is(false))]
            {
                if cursor.eat_keyword(word) {
                    return Ok(test);
                }
            }
            if cursor.word().eq_ignore_ascii_case("NOT") {
                return Err(PatternError::new(
                    start,
                    "`IS NOT` is not supported by CloudWatch",
                    format!("write `{selector} = *` for text or a number, or `{selector} IS FALSE`"),
                ));
            }
            return Err(cursor
                .expected("`NULL`, `TRUE` or `FALSE` after `IS`", format!("write `{selector} IS NULL`")));
        }
        match cursor.word() {
            word if word.eq_ignore_ascii_case("EXISTS") => Err(PatternError::new(
                start,
                "`EXISTS` is not supported by CloudWatch",
                format!("write `{selector} = *`, which matches any text or number"),
            )),
            _ => {
                let comparison = Comparison::parse(cursor, selector)?;
                if comparison.is_bare_word("null") {
                    return Err(PatternError::new(
                        start,
                        "`null` is not a value to compare with",
                        format!("write `{selector} IS NULL`, or `\"null\"` for that text"),
                    ));
                }
                Ok(Self::Compares(comparison))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pattern: &str) -> Result<JsonPattern, PatternError> {
        JsonPattern::parse(&mut Cursor::new(pattern))
    }

    #[test]
    fn what_is_not_a_json_pattern_is_refused_at_the_place() {
        let cases = [
            ("{ $.a EXISTS }", 6),
            ("{ $.a IS NOT NULL }", 6),
            ("{ $.a IS }", 9),
            ("{ $.a is nil }", 9),
            ("{ $.a isnull }", 6),
            ("{ $.a is not null }", 6),
            ("{ $.a exists }", 6),
            ("{ $.a NOT NULL }", 10),
            ("{ $.a not existing }", 10),
            ("{ $.a = null }", 6),
            ("{ $.a == 1 }", 7),
            ("{ !($.a = 1) }", 2),
            ("{ $.a > 0 AND $.a < 2 }", 10),
            ("{ $.a = 1 or $.a = 2 }", 10),
            ("{ $.a = 1 & $.b = 2 }", 10),
            ("{ $.a = 1 | $.b = 2 }", 10),
            ("{ $.a = 1, $.b = 2 }", 9),
            ("{ \"a\": [1] }", 2),
            ("{ }", 2),
            ("{", 1),
            ("{ $.a", 5),
            ("{ $.a = 1", 0),
            ("{ ($.a = 1 }", 11),
            ("{ $.a = 1 } x", 12),
            ("{ $.a = 1 } { $.b = 1 }", 12),
            ("{ $.a > \"x\" }", 8),
            ("{ status = \"401\" }", 2),
            ("{ $.a[*] = 1 || $.b[*] = 1 || $.* = 1 || $.c[*] = 1 }", 41),
            ("{ $.a = %x% || $.b = %y% || $.c = %z% }", 34),
        ];
        for (pattern, offset) in cases {
            let error = parse(pattern).map(|_| ()).unwrap_err();
            assert_eq!(error.offset(), offset, "{pattern}: {error}");
        }
    }

    #[test]
    fn three_wildcard_selectors_and_two_regular_expressions_are_allowed() {
        assert!(parse("{ $.a[*] = 1 || $.b[*] = 1 || $.* = 1 }").is_ok());
        assert!(parse("{ $.a = %x% && $.b != %y% }").is_ok());
    }
}
