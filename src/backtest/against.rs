//! The same lines under other rules: what would be notified in addition, and what no more.

use super::figures::AgainstFigures;
use super::line::Line;
use super::slack_run::{Groups, SlackRun};
use super::{Days, Plan};
use crate::access_log::{self, Reading};
use crate::digest::Reader;
use crate::slack::render::MessageStyle;

pub(super) struct Against<'s> {
    reader: &'s Reader,
    slack: SlackRun<'s>,
    added: u64,
    added_groups: Groups,
    gone: u64,
    gone_groups: Groups,
}

impl<'s> Against<'s> {
    pub(super) fn new(reader: &'s Reader, style: &'s MessageStyle, plan: &Plan) -> Self {
        Self {
            reader,
            slack: SlackRun::new(reader, style, plan),
            added: 0,
            added_groups: Groups::default(),
            gone: 0,
            gone_groups: Groups::default(),
        }
    }

    /// Takes the next line; `is_told` is what becomes of it now.
    pub(super) fn line(&mut self, line: &Line, is_told: bool) {
        let (count, groups) = match (is_told, self.slack.line(line)) {
            (false, true) => (&mut self.added, &mut self.added_groups),
            (true, false) => (&mut self.gone, &mut self.gone_groups),
            _ => return,
        };
        *count += 1;
        if let Reading::AccessLog(log) | Reading::Salvaged(log) =
            access_log::read_under(line.text(), self.reader.format, &line.names.columns)
        {
            let mut route = String::new();
            log.write_route(&mut route);
            groups.add(log.status.code(), &route, 1);
        }
    }

    pub(super) fn finish(self, days: Days) -> AgainstFigures {
        AgainstFigures {
            slack: self.slack.finish(days).figures,
            added: self.added,
            added_groups: self.added_groups.noisiest(),
            gone: self.gone,
            gone_groups: self.gone_groups.noisiest(),
        }
    }
}
