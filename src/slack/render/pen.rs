//! How much detail a message has room for, and the pen that keeps to it.

use crate::slack::escape::{Dialect, escape, escape_within};

/// How much is written out beside the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detail {
    /// Log groups with a bar of their own.
    pub(super) sections: usize,
    /// Groups with a row of their own, a section.
    pub(super) groups: usize,
    /// Rules named in the notes, a section.
    pub(super) rules: usize,
    /// The longest name of a route, rule or log group, in characters as Slack counts them.
    pub(super) name: usize,
    pub(super) links: Links,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// Logs Insights and the log stream under every bar.
    Both,
    /// Logs Insights under every bar.
    Insights,
    /// One link under the last bar, to Logs Insights on all log groups.
    Shared,
}

/// From the fullest detail to less; [`LEAST`] fits whatever comes.
pub(super) const DETAILS: [Detail; 5] = [
    Detail { sections: 10, groups: 10, rules: 5, name: 120, links: Links::Both },
    Detail { sections: 10, groups: 6, rules: 3, name: 80, links: Links::Both },
    Detail { sections: 10, groups: 4, rules: 2, name: 60, links: Links::Insights },
    Detail { sections: 10, groups: 3, rules: 2, name: 60, links: Links::Shared },
    Detail { sections: 5, groups: 3, rules: 1, name: 60, links: Links::Shared },
];
pub(super) const LEAST: Detail = Detail { sections: 2, groups: 2, rules: 1, name: 40, links: Links::Shared };

/// Writes texts so that they are harmless where they go, and no longer than the detail allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) dialect: Dialect,
    pub(super) detail: Detail,
}

impl Pen {
    /// Our own words.
    pub(super) fn words(&self, words: &str) -> String {
        escape(words, self.dialect)
    }

    /// A stranger's name for something.
    pub(super) fn name(&self, name: &str) -> String {
        escape_within(name, 0, self.dialect, self.detail.name)
    }
}
