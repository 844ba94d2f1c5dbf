//! Which error statuses a pattern asks for: what its conditions on a status say of each, whatever else an event has.
//!
//! A condition is on a status where its name says so, or where it fits statuses of errors and none of the others.

use super::comparison::{Comparison, Verdict};
use super::logic::Logic;

/// A class with no more statuses than this is named status by status.
const MAX_NAMED: usize = 4;

/// Statuses from 400 to 599 that a pattern asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedStatuses {
    statuses: Vec<u16>,
    /// The fields in which the pattern looks for them.
    fields: Vec<String>,
}

impl AskedStatuses {
    /// All from 400 to 599.
    #[must_use]
    pub fn all() -> Self {
        Self { statuses: (400..600).collect(), fields: Vec::new() }
    }

    /// Whether the pattern asks for this one.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.statuses.contains(&status)
    }

    /// Whether the pattern looks for the status in this field.
    #[must_use]
    pub fn is_field(&self, field: &str) -> bool {
        self.fields.iter().any(|of| of == field)
    }

    /// The same as conditions on `field`: `status = 4* || status = 5*`.
    #[must_use]
    pub fn conditions(&self, field: &str) -> String {
        let conditions: Vec<String> =
            self.values().iter().map(|value| format!("{field} = {value}")).collect();
        conditions.join(" || ")
    }

    /// The same as a regular expression of the pattern language: `[45][0-9][0-9]`.
    #[must_use]
    pub fn regex(&self) -> String {
        let classes: String =
            [4, 5].iter().filter(|class| self.of_class(**class) > 0).map(u16::to_string).collect();
        match (self.statuses.as_slice(), classes.as_str()) {
            ([status], _) => status.to_string(),
            (_, "4" | "5") => format!("{classes}[0-9][0-9]"),
            _ => "[45][0-9][0-9]".to_owned(),
        }
    }

    /// `4*`, `5*`, or single statuses of a class of which few are asked for.
    fn values(&self) -> Vec<String> {
        let mut values = Vec::new();
        for class in [4, 5] {
            match self.of_class(class) {
                0 => {}
                1..=MAX_NAMED => {
                    let named = self.statuses.iter().filter(|status| *status / 100 == class);
                    values.extend(named.map(u16::to_string));
                }
                _ => values.push(format!("{class}*")),
            }
        }
        values
    }

    fn of_class(&self, class: u16) -> usize {
        self.statuses.iter().filter(|status| *status / 100 == class).count()
    }

    /// The statuses that `logic` lets through: conditions on a status decide, others are taken to hold. `None` where there
    /// is no condition on a status. `part` says for a condition its field and its comparison.
    pub(super) fn of<T>(logic: &Logic<T>, part: &dyn Fn(&T) -> Option<(String, Comparison)>) -> Option<Self> {
        let mut fields = Vec::new();
        logic.each(&mut |condition| {
            fields.extend(
                part(condition).filter(|(field, of)| is_on_status(field, of)).map(|(field, _)| field),
            );
        });
        if fields.is_empty() {
            return None;
        }
        let is_asked = |status: &u16| {
            let spelling = status.to_string();
            let truth = |condition: &T| {
                let (field, of) = part(condition)?;
                is_on_status(&field, &of).then(|| of.on_number(&spelling) == Verdict::Holds)
            };
            let mut is_let_through = false;
            logic.each(&mut |condition| is_let_through |= truth(condition) == Some(true));
            is_let_through && logic.holds(&mut |condition| truth(condition).unwrap_or(true))
        };
        Some(Self { statuses: (400..600).filter(is_asked).collect(), fields })
    }

    /// What both ask for.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.statuses.retain(|status| other.contains(*status));
        self.fields.extend(other.fields);
        self
    }
}

/// Whether a comparison is one with a status.
fn is_on_status(field: &str, of: &Comparison) -> bool {
    let name = field.to_ascii_lowercase();
    let holds = |text: &str| of.on_number(text) == Verdict::Holds;
    if name.contains("integration") {
        return false;
    }
    let is_named = ["status", "code"].iter().any(|word| name.contains(word));
    let is_like_one = || {
        !of.wants_number()
            && !["200", "301", "-", ""].iter().any(|text| holds(text))
            && (400..600).any(|status: u16| holds(&status.to_string()))
    };
    is_named || is_like_one()
}

#[cfg(test)]
mod tests {
    use super::super::FilterPattern;

    fn asked(pattern: &str) -> Option<String> {
        let asked = FilterPattern::parse(pattern).unwrap().asked_statuses()?;
        Some(asked.conditions("s"))
    }

    #[test]
    fn the_conditions_on_the_status_say_what_is_asked_for() {
        for (pattern, conditions) in [
            ("{ ($.status = 4*) || ($.status = 5*) }", "s = 4* || s = 5*"),
            ("{ $.status >= 400 }", "s = 4* || s = 5*"),
            ("{ $.status >= 500 }", "s = 5*"),
            ("{ $.status > 499 && $.kind = x }", "s = 5*"),
            ("{ $.status < 500 }", "s = 4*"),
            ("{ $.response.statusCode = 403 || $.response.statusCode = 404 }", "s = 403 || s = 404"),
            ("{ $.status = 5* || $.kind = x }", "s = 5*"),
            ("[ip, user, time, request, status = 5*, ...]", "s = 5*"),
            ("[..., w1 = 4* || w1 = 5*, w2]", "s = 4* || s = 5*"),
            ("[ip, method = GET, status != 2*]", "s = 4* || s = 5*"),
        ] {
            assert_eq!(asked(pattern).as_deref(), Some(conditions), "{pattern}");
        }
        for pattern in
            ["ERROR", "", "{ $.kind = x }", "[ip, ..., bytes > 400]", "{ $.integrationStatus = 5* }"]
        {
            assert_eq!(asked(pattern), None, "{pattern}");
        }
    }
}
