//! A format string as literal text, variables and gaps.
//!
//! In: a format string. Out: its pieces, and the line that API Gateway writes when the variables have values.
//! A gap is a reference that is resolved elsewhere, such as Terraform's `${var.environment}`.
//! Never evaluates anything: API Gateway only substitutes.

use std::ops::Range;

/// A format string, cut at its variables.
#[derive(Debug, Clone)]
pub(super) struct Template<'f> {
    pub(super) format: &'f str,
    pub(super) variables: Vec<Occurrence<'f>>,
    /// What stands for something that is not known here, in the order of the text.
    pub(super) gaps: Vec<Occurrence<'f>>,
}

/// Stands in a line for a gap: harmless inside a string of JSON and as a value.
const GAP: &str = "0";

/// A variable at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occurrence<'f> {
    /// The name after `$context.`, or what a gap refers to.
    pub(super) name: &'f str,
    /// Where it stands, `$` and braces included, in bytes of the format.
    pub(super) place: Range<usize>,
}

impl<'f> Template<'f> {
    /// Finds `$context.name`, `${context.name}` and gaps. A name goes on as long as letters, digits and `.`, `_`, `-` do.
    pub(super) fn parse(format: &'f str) -> Self {
        let mut variables = Vec::new();
        let mut gaps = Vec::new();
        let mut from = 0;
        while let Some(dollar) = format.get(from..).and_then(|rest| rest.find('$')).map(|at| from + at) {
            let rest = format.get(dollar..).unwrap_or_default();
            from = dollar + 1;
            if let Some((name, length)) = variable(rest) {
                variables.push(Occurrence { name, place: dollar..dollar + length });
                from = dollar + length;
            } else if let Some(name) = gap(rest) {
                let length = "${}".len() + name.len();
                gaps.push(Occurrence { name, place: dollar..dollar + length });
                from = dollar + length;
            }
        }
        Self { format, variables, gaps }
    }

    /// The line with `value` for each variable, which is told the variable's place in the list.
    pub(super) fn fill(&self, mut value: impl FnMut(usize, &Occurrence<'f>) -> String) -> String {
        let mut line = String::new();
        let mut from = 0;
        for (hole, index) in self.holes() {
            line.push_str(self.format.get(from..hole.place.start).unwrap_or_default());
            match index {
                Some(index) => line.push_str(&value(index, hole)),
                None => line.push_str(GAP),
            }
            from = hole.place.end;
        }
        line.push_str(self.format.get(from..).unwrap_or_default());
        line
    }

    /// Variables, with their places in the list, and gaps, in the order of the text.
    pub(super) fn holes(&self) -> Vec<(&Occurrence<'f>, Option<usize>)> {
        let variables = self.variables.iter().enumerate().map(|(index, variable)| (variable, Some(index)));
        let mut holes: Vec<_> = variables.chain(self.gaps.iter().map(|gap| (gap, None))).collect();
        holes.sort_by_key(|(hole, _)| hole.place.start);
        holes
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
    }

    /// Where in the format the byte at `offset` of a filled line comes from.
    pub(super) fn offset_in_format(&self, offset: usize, value: impl Fn(usize) -> usize) -> usize {
        let mut filled = 0;
        let mut from = 0;
        for (hole, index) in self.holes() {
            let literal = hole.place.start - from;
            if offset < filled + literal {
                return from + offset - filled;
            }
            filled += literal + index.map_or(GAP.len(), &value);
            from = hole.place.end;
            if offset < filled {
                return hole.place.start;
            }
        }
        (from + offset - filled).min(self.format.len())
    }
}

/// The name of the variable that `rest` begins with, and its whole length.
fn variable(rest: &str) -> Option<(&str, usize)> {
    if let Some(braced) = rest.strip_prefix("${context.") {
        let name = braced.split_once('}')?.0;
        return Some((name, "${context.}".len() + name.len()));
    }
    let after = rest.strip_prefix("$context.")?;
    let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(after.len());
    let name = after.get(..end).filter(|name| !name.is_empty())?;
    Some((name, "$context.".len() + name.len()))
}

/// What the gap that `rest` begins with refers to.
fn gap(rest: &str) -> Option<&str> {
    let name = rest.strip_prefix("${")?.split_once('}')?.0;
    (!name.is_empty() && !name.contains(['{', '"', '\n'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(format: &str) -> Vec<&str> {
        Template::parse(format).variables.into_iter().map(|variable| variable.name).collect()
    }

    #[test]
    fn variables_are_found_with_and_without_braces() {
        assert_eq!(
            names("$context.status ${context.path}x $context.authorizer.claims.sub"),
            ["status", "path", "authorizer.claims.sub"]
        );
        assert_eq!(names("$context. $contextual $status $$context.status ${context.open"), ["status"]);
        assert_eq!(names("$context.status,$context.path|$context.a_b-c"), ["status", "path", "a_b-c"]);
    }

    #[test]
    fn a_reference_to_elsewhere_is_a_gap() {
        let template = Template::parse("${var.a} $context.status ${context.path} ${} ${open \"${b}");
        let gaps: Vec<&str> = template.gaps.iter().map(|gap| gap.name).collect();
        assert_eq!(gaps, ["var.a", "b"]);
        let line = template.fill(|index, _| index.to_string());
        assert_eq!(line, "0 0 1 ${} ${open \"0");
        assert_eq!(template.offset_in_format(2, |_| 1), 9);
    }

    #[test]
    fn a_filled_line_leads_back_to_the_format() {
        let template = Template::parse("a $context.status b ${context.path}.");
        let line = template.fill(|index, _| ["403", "/x"][index].to_owned());
        assert_eq!(line, "a 403 b /x.");
        let offset_in_format = |offset| template.offset_in_format(offset, |index| [3, 2][index]);
        assert_eq!(
            [offset_in_format(0), offset_in_format(1), offset_in_format(2), offset_in_format(4)],
            [0, 1, 2, 2]
        );
        assert_eq!(template.format.get(offset_in_format(6)..=offset_in_format(6)), Some("b"));
        assert_eq!(offset_in_format(8), template.variables[1].place.start);
        assert_eq!(template.format.get(offset_in_format(10)..), Some("."));
        assert_eq!(offset_in_format(99), template.format.len());
    }
}
