//! A section in; the colour of its bar, out.

use super::Style;
use crate::access_log::StatusClass;
use crate::digest::Section;

/// The operator's colour; else the worst that a matching rule names; else by severity.
pub(super) fn color(section: &Section, style: &Style) -> String {
    let by_rules = || section.colors.iter().min_by_key(|color| rank(color)).cloned();
    style.color.clone().or_else(by_rules).unwrap_or_else(|| by_severity(section).to_owned())
}

/// Slack's named colours, worst first; a hexadecimal one says less than a warning and more than all is well.
fn rank(color: &str) -> u8 {
    match color {
        "danger" => 0,
        "warning" => 1,
        "good" => 3,
        _ => 2,
    }
}

fn by_severity(section: &Section) -> &'static str {
    match section.worst() {
        StatusClass::ServerError => "danger",
        StatusClass::ClientError | StatusClass::Ok => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rules: &[&str], server_errors: u64, operator: Option<&str>) -> String {
        let colors = rules.iter().map(ToString::to_string).collect();
        let section = Section { colors, server_errors, client_errors: 1, ..Section::default() };
        color(&section, &Style { color: operator.map(str::to_owned), ..Style::default() })
    }

    #[test]
    fn the_operators_colour_beats_the_rules_and_the_rules_beat_severity() {
        assert_eq!(of(&["danger"], 1, Some("#4a154b")), "#4a154b");
        assert_eq!(of(&["good"], 1, None), "good");
        assert_eq!(of(&[], 1, None), "danger");
        assert_eq!(of(&[], 0, None), "warning");
    }

    #[test]
    fn of_several_rules_the_worst_colour_shows() {
        assert_eq!(of(&["good", "#aabbcc", "warning", "danger"], 0, None), "danger");
        assert_eq!(of(&["good", "#aabbcc", "warning"], 0, None), "warning");
        assert_eq!(of(&["good", "#aabbcc", "#ddeeff"], 0, None), "#aabbcc", "the first of its rank");
    }
}
