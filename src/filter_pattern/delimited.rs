//! Space-delimited patterns: names and conditions for the fields of an event, by place.
//!
//! In: `[ip, ..., status = 4*, bytes]` and events. Out: whether an event fits, and its fields by name.
//! Never compares a field with another slot's condition.

use super::asked::AskedStatuses;
use super::blindness::Blindness;
use super::comparison::{Comparison, Verdict};
use super::cursor::Cursor;
use super::error::PatternError;
use super::fields::{Field, split};
use super::logic::{Logic, not_joined, push_line};

/// A parsed space-delimited pattern.
#[derive(Debug, Clone)]
pub(super) struct DelimitedPattern {
    /// The slots before `...`, or all of them.
    head: Vec<Slot>,
    /// The slots after `...`, if it stands in the pattern.
    tail: Option<Vec<Slot>>,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    name: Option<String>,
    conditions: Option<Logic<Comparison>>,
}

impl DelimitedPattern {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        let opened = cursor.offset();
        cursor.eat("[");
        cursor.skip_spaces();
        if cursor.eat("]") {
            return Self { head: Vec::new(), tail: Some(Vec::new()) }.closed(cursor);
        }
        let mut pattern = Self { head: Vec::new(), tail: None };
        let mut names: Vec<String> = Vec::new();
        loop {
            cursor.skip_spaces();
            let start = cursor.offset();
            if cursor.eat("...") {
                if pattern.tail.is_some() {
                    return Err(PatternError::new(
                        start,
                        "a second `...`, and a pattern may have one",
                        "name the fields that the other one stands for",
                    ));
                }
                pattern.tail = Some(Vec::new());
            } else {
                let slot = Slot::parse(cursor)?;
                if let Some(name) = &slot.name {
                    if names.contains(name) {
                        return Err(PatternError::new(
                            start,
                            format!("a second field named `{name}`"),
                            "give each field its own name, or leave the name out",
                        ));
                    }
                    names.push(name.clone());
                }
                pattern.tail.as_mut().unwrap_or(&mut pattern.head).push(slot);
            }
            cursor.skip_spaces();
            if cursor.eat("]") {
                return pattern.closed(cursor);
            }
            if cursor.is_at_end() {
                return Err(PatternError::new(opened, "the bracket is never closed", "add the closing `]`"));
            }
            if !cursor.eat(",") {
                return Err(not_joined(cursor, "`,` or `]`"));
            }
        }
    }

    fn closed(self, cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        cursor.skip_spaces();
        if cursor.is_at_end() {
            return Ok(self);
        }
        Err(cursor.expected("the end of the pattern", "put all fields inside one pair of brackets"))
    }

    pub(super) fn matches(&self, event: &str) -> bool {
        let fields = self.fields(event);
        self.pairs(&fields).is_some_and(|mut pairs| pairs.all(|(slot, field)| slot.holds(field.text)))
    }

    /// The fields of a matching event, in order: `$name`, or `$n` with the place counted from 1.
    pub(super) fn extract(&self, event: &str) -> Option<Vec<(String, String)>> {
        if !self.matches(event) {
            return None;
        }
        let fields = self.fields(event);
        let after = fields.len() - self.tail.as_ref().map_or(0, Vec::len).min(fields.len());
        let named = fields.iter().enumerate().map(|(place, field)| {
            let slot = match &self.tail {
                Some(tail) if place >= after => tail.get(place - after),
                _ => self.head.get(place),
            };
            let name = slot.and_then(|slot| slot.name.clone()).unwrap_or_else(|| (place + 1).to_string());
            (format!("${name}"), field.text.to_owned())
        });
        Some(named.collect())
    }

    pub(super) fn blindness(&self, event: &str) -> Option<Blindness> {
        let fields = self.fields(event);
        let Some(mut pairs) = self.pairs(&fields) else {
            let wanted = self.head.len() + self.tail.as_ref().map_or(0, Vec::len);
            return Some(Blindness::FieldCount { wanted, found: fields.len() });
        };
        let (slot, _) = pairs.find(|(slot, field)| !slot.holds(field.text))?;
        Some(Blindness::ValueDiffers { field: slot.name.clone().unwrap_or_default() })
    }

    pub(super) fn asked_statuses(&self) -> Option<AskedStatuses> {
        let slots = self.head.iter().chain(self.tail.iter().flatten());
        let asked = slots.filter_map(|slot| {
            let name = slot.name.as_deref()?;
            AskedStatuses::of(slot.conditions.as_ref()?, &|of| Some((name.to_owned(), of.clone())))
        });
        asked.reduce(AskedStatuses::and)
    }

    /// The event's fields. Without `...` the last slot takes the rest of the line, unless it has a condition.
    fn fields<'e>(&self, event: &'e str) -> Vec<Field<'e>> {
        let mut fields = split(event);
        let swallows = self.tail.is_none() && self.head.last().is_some_and(|slot| slot.conditions.is_none());
        if swallows && fields.len() > self.head.len() {
            fields.truncate(self.head.len());
            if let Some(last) = fields.last_mut() {
                last.text = event.get(last.start..).unwrap_or_default().trim_end();
            }
        }
        fields
    }

    /// Each slot with its field; nothing if there are too few fields, or too many for a pattern without `...`.
    fn pairs<'s, 'e>(
        &'s self,
        fields: &'s [Field<'e>],
    ) -> Option<impl Iterator<Item = (&'s Slot, &'s Field<'e>)>> {
        let tail = self.tail.as_deref().unwrap_or_default();
        let after = fields.len().checked_sub(tail.len()).filter(|after| *after >= self.head.len())?;
        if self.tail.is_none() && fields.len() != self.head.len() {
            return None;
        }
        Some(self.head.iter().zip(fields).chain(tail.iter().zip(fields.iter().skip(after))))
    }

    pub(super) fn explain(&self) -> String {
        let mut out = String::from("Space-delimited pattern. A log event matches when its fields are\n");
        for (place, slot) in self.head.iter().enumerate() {
            slot.explain(&format!("{}.", place + 1), &mut out);
        }
        match &self.tail {
            Some(tail) => {
                push_line(&mut out, 1, "... any number of fields");
                for (place, slot) in tail.iter().enumerate() {
                    let place = match tail.len() - place - 1 {
                        0 => "last".to_owned(),
                        others => format!("last but {others}"),
                    };
                    slot.explain(&place, &mut out);
                }
            }
            None if self.head.last().is_some_and(|slot| slot.conditions.is_none()) => {
                push_line(&mut out, 1, "(the last field takes the rest of the line)");
            }
            None => push_line(&mut out, 1, "and no more (add an empty field at the end to allow more)"),
        }
        out
    }
}

impl Slot {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        if cursor.peek().is_none_or(|c| c == ',' || c == ']') {
            return Ok(Self::default());
        }
        let start = cursor.offset();
        let name = name_of(cursor).to_owned();
        cursor.skip_spaces();
        if !name.is_empty() && cursor.peek().is_none_or(|c| c == ',' || c == ']') {
            return Ok(Self { name: Some(name), conditions: None });
        }
        cursor.go_back(start);
        let mut name: Option<String> = None;
        let conditions = Logic::parse(cursor, &mut |cursor| {
            let at = cursor.offset();
            let this = name_of(cursor).to_owned();
            if this.is_empty() {
                return Err(
                    cursor.expected("the name of a field", "write for example `status = 4*`, or `...`")
                );
            }
            let known = name.get_or_insert_with(|| this.clone());
            // Older documents have `[w1=ERROR || W1=WARNING, w2]`.
            if !known.eq_ignore_ascii_case(&this) {
                return Err(PatternError::new(
                    at,
                    format!("a condition on `{this}` in the slot of `{known}`"),
                    format!(
                        "write a comma before `{this}` if it is the next field, else write `{known}` again"
                    ),
                ));
            }
            Comparison::parse(cursor, &this)
        })?;
        Ok(Self { name, conditions: Some(conditions) })
    }

    fn holds(&self, field: &str) -> bool {
        let holds = |comparison: &Comparison| comparison.on_field(field) == Verdict::Holds;
        self.conditions.as_ref().is_none_or(|conditions| conditions.holds(&mut { holds }))
    }

    fn explain(&self, place: &str, out: &mut String) {
        let name = self.name.as_deref().unwrap_or("(no name)");
        match &self.conditions {
            None => push_line(out, 1, &format!("{place} {name}: anything")),
            Some(Logic::One(comparison)) => {
                push_line(out, 1, &format!("{place} {name}: {}", comparison.explain()));
            }
            Some(conditions) => {
                push_line(out, 1, &format!("{place} {name}:"));
                conditions.explain(2, &Comparison::explain, out);
            }
        }
    }
}

/// A field's name: letters, digits, `_` and `-`, not beginning with `-`.
fn name_of<'p>(cursor: &mut Cursor<'p>) -> &'p str {
    if cursor.peek() == Some('-') {
        return "";
    }
    cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pattern: &str) -> Result<DelimitedPattern, PatternError> {
        DelimitedPattern::parse(&mut Cursor::new(pattern))
    }

    #[test]
    fn what_is_not_a_delimited_pattern_is_refused_at_the_place() {
        let cases = [
            ("[a", 0),
            ("[a, ", 0),
            ("[", 0),
            ("[a b]", 3),
            ("[a] x", 4),
            ("[..., a, ...]", 9),
            ("[a, a]", 4),
            ("[-]", 1),
            ("[a, $b]", 4),
            ("[a = ]", 5),
            ("[a = x/y]", 6),
            ("[a = 1 & a = 2]", 7),
            ("[a = 1 AND a = 2]", 7),
            ("[a = 1 && || a = 2]", 10),
            ("[a != = 1]", 6),
            ("[..., status = 4* && bytes > 1000]", 21),
            ("[a = %x%, b = %y%, c = %z%]", 23),
            ("[a = %x!%]", 7),
        ];
        for (pattern, offset) in cases {
            let error = parse(pattern).map(|_| ()).unwrap_err();
            assert_eq!(error.offset(), offset, "{pattern}: {error}");
        }
    }

    #[test]
    fn slots_may_be_empty_and_names_may_be_cased_anew() {
        for pattern in [
            "[]",
            "[ ]",
            "[,]",
            "[a,]",
            "[a, , c]",
            "[...]",
            "[w1=ERROR || W1=WARN, w2]",
            "[(a = 1 || a = 2), b]",
        ] {
            assert!(parse(pattern).is_ok(), "{pattern}");
        }
    }
}
