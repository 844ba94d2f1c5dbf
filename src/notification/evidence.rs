//! What is known of the errors behind an alarm: the part of its notice under the heading.
//!
//! Groups and lines are strangers' texts, masked before they come here.

use super::parent::rows;
use super::text::NameSet;
use super::{Cell, Detail, Lines, Notification, Section};
use crate::digest::Digest;
use crate::incident::{self, Incident};
use crate::words;

/// Lines under an alarm's notice.
pub const MAX_EVIDENCE_LINES: usize = 5;
/// Groups with a row of their own.
const MAX_GROUPS: usize = 5;
/// The most characters of a query's results.
const MAX_RESULTS: usize = 2_500;

/// What is known of the errors behind an alarm.
#[derive(Debug, Clone, Copy)]
pub enum Evidence<'a> {
    /// Errors of its log group.
    Errors {
        /// The incident that they are of.
        incident: &'a Incident,
        /// Those of which lines are there to show.
        lines: &'a Digest,
        /// Groups whose last error was before are left out; epoch milliseconds.
        from_ms: i64,
        /// Where they come from.
        provenance: Provenance,
    },
    /// Results of a log alarm's query, a line each.
    Results(&'a str),
}

/// Where errors come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// They are those of an incident.
    Incident,
    /// They were read from the log group: all of the alarm's time, or the beginning of it.
    Fetched {
        /// Whether there may be more.
        is_part: bool,
    },
}

impl<'a> Evidence<'a> {
    /// Adds it to the notice of an alarm.
    pub(super) fn add_to(&self, notice: &mut Notification<'a>, detail: Detail) {
        let Some(section) = notice.sections.first_mut() else { return };
        match *self {
            Self::Errors { incident, lines, from_ms, provenance } => {
                add_errors(section, &mut notice.names, incident, from_ms, provenance, detail);
                let of_lines = lines.sections.first().filter(|lines| !lines.groups.is_empty());
                if let Some(lines) = of_lines {
                    section.lines = Lines::Samples { groups: &lines.groups, matched: lines.matched() };
                }
            }
            Self::Results(text) => {
                section.lines = Lines::Stranger { text, max: MAX_RESULTS, max_lines: MAX_EVIDENCE_LINES };
            }
        }
        notice.max_lines = MAX_EVIDENCE_LINES;
        notice.max_lines_of_group = MAX_EVIDENCE_LINES;
    }
}

fn add_errors<'a>(
    section: &mut Section<'a>,
    names: &mut Vec<NameSet<'a>>,
    incident: &'a Incident,
    from_ms: i64,
    provenance: Provenance,
    detail: Detail,
) {
    let is_of_these_minutes =
        |group: &&incident::Group| group.span_ms().1 == 0 || group.span_ms().1 >= from_ms;
    let mut groups: Vec<&incident::Group> = incident.groups().iter().filter(is_of_these_minutes).collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.count.total), group.name().route));
    let detail = Detail { groups: detail.groups.min(MAX_GROUPS), ..detail };
    section.rows.extend(rows(incident, &groups, 0, detail, names));
    let errors = words::count(incident.total(), "error");
    let words = match provenance {
        Provenance::Incident => {
            format!(
                "{errors} in this incident since {} UTC",
                words::minute_beside(incident.began_ms(), from_ms)
            )
        }
        Provenance::Fetched { is_part: false } => format!("{errors} in these minutes"),
        Provenance::Fetched { is_part: true } => format!("{errors} at the beginning of these minutes"),
    };
    section.rows.push(vec![Cell::of(words)]);
}
