//! How bad a section is, as a colour.

use super::Style;
use crate::access_log::StatusClass;
use crate::digest::Section;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color<'a> {
    /// As we judge.
    Severity(Severity),
    /// As the operator says: `good`, `warning`, `danger` or `#RRGGBB`.
    Chosen(&'a str),
}

/// How bad something is, as we judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Server errors, or an alarm.
    Danger,
    /// Client errors, or what needs a look.
    Warning,
    /// It is over.
    Good,
    /// Nobody knows.
    Unknown,
}

impl Default for Color<'_> {
    fn default() -> Self {
        Self::Severity(Severity::Unknown)
    }
}

impl<'a> Color<'a> {
    /// The operator's colour, or else this.
    pub(super) fn or(style: &'a Style, severity: Severity) -> Self {
        style.color.as_deref().map_or(Self::Severity(severity), Self::Chosen)
    }

    /// The operator's colour; else the worst that a matching rule names; else by severity.
    pub(super) fn of(section: &'a Section, style: &'a Style) -> Self {
        Self::by_rules(&section.colors, style, severity(section))
    }

    /// The operator's colour; else the worst of these of the rules; else this.
    pub(super) fn by_rules(colors: &'a [String], style: &'a Style, severity: Severity) -> Self {
        let by_rules = || colors.iter().min_by_key(|color| rank(color)).map(String::as_str);
        let chosen = style.color.as_deref().or_else(by_rules);
        chosen.map_or(Self::Severity(severity), Self::Chosen)
    }
}

/// The named colours, worst first; a hexadecimal one says less than a warning and more than all is well.
fn rank(color: &str) -> u8 {
    match color {
        "danger" => 0,
        "warning" => 1,
        "good" => 3,
        _ => 2,
    }
}

fn severity(section: &Section) -> Severity {
    match section.worst() {
        StatusClass::ServerError => Severity::Danger,
        StatusClass::ClientError | StatusClass::Ok => Severity::Warning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &[&str], server_errors: u64, operator: Option<&str>, expected: Color<'_>) {
        let colors = rules.iter().map(ToString::to_string).collect();
        let section = Section { colors, server_errors, client_errors: 1, ..Section::default() };
        let style = Style { color: operator.map(str::to_owned), ..Style::default() };
        assert_eq!(Color::of(&section, &style), expected);
    }

    #[test]
    fn the_operators_colour_beats_the_rules_and_the_rules_beat_severity() {
        check(&["danger"], 1, Some("#4a154b"), Color::Chosen("#4a154b"));
        check(&["good"], 1, None, Color::Chosen("good"));
        check(&[], 1, None, Color::Severity(Severity::Danger));
        check(&[], 0, None, Color::Severity(Severity::Warning));
    }

    #[test]
    fn of_several_rules_the_worst_colour_shows() {
        check(&["good", "#aabbcc", "warning", "danger"], 0, None, Color::Chosen("danger"));
        check(&["good", "#aabbcc", "warning"], 0, None, Color::Chosen("warning"));
        // The first of its rank.
        check(&["good", "#aabbcc", "#ddeeff"], 0, None, Color::Chosen("#aabbcc"));
    }
}
