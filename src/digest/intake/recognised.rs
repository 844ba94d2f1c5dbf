//! Lines that were recognised: what is to know of them is known without parsing them.

use super::{EventInfo, Intake};
use crate::access_log::fast_path::{LineText, Recognised};
use crate::access_log::{AccessLog, Columns};
use crate::decode::Header;
use crate::digest::MAX_SAMPLE_BYTES;

impl Intake<'_> {
    /// Takes a line that was recognised before it came here.
    pub(crate) fn recognised(
        &mut self,
        header: &Header,
        id: &[u8],
        timestamp_ms: i64,
        recognised: Recognised<'_>,
        text: LineText<'_>,
    ) {
        if !self.receive(header, timestamp_ms) {
            return;
        }
        let extracted_fields = self.extracted_fields;
        let info = EventInfo { header, id, timestamp_ms, columns: Columns::DEFAULT, extracted_fields };
        if self.reader.format.reads_json() {
            if recognised.is_ok(text.bytes()) {
                self.batch.counts.ledger.ok += 1;
                return;
            }
            if self.read_recognised(info, recognised, text) {
                return;
            }
        }
        let mut line = std::mem::take(&mut self.batch.line);
        self.read(info, text.said(&mut line).as_ref());
        self.batch.line = line;
    }

    /// Takes a recognised line whose status is not below 400; `false` where the plain reader has to.
    pub(super) fn read_recognised(
        &mut self,
        info: EventInfo<'_>,
        recognised: Recognised<'_>,
        text: LineText<'_>,
    ) -> bool {
        self.count_alike(info, recognised, text) || self.read_fields(info, recognised, text)
    }

    /// Counts a line of a kind that was counted before and whose text is surely not kept; `false` for another.
    fn count_alike(&mut self, info: EventInfo<'_>, recognised: Recognised<'_>, text: LineText<'_>) -> bool {
        // A kind is that of lines without a source.
        let may_be_alike = !self.kinds.is_empty() && info.extracted_fields.is_empty();
        if !may_be_alike || recognised.has_escapes() || self.masks_by_name(recognised) {
            return false;
        }
        let Ok(cause) = recognised.cause(text.bytes()) else { return false };
        let counted_at = self.kinds.outcome(recognised, text.bytes(), cause.as_ref());
        let Some(counted_at) = counted_at.filter(|_| !info.id.is_empty()) else { return false };
        let Some((space, section)) = self.batch.space(counted_at.section, self.reader.samples_per_group)
        else {
            return false;
        };
        // Where a line is not UTF-8 it says more than it has bytes, never less.
        let least = recognised.length(text).min(MAX_SAMPLE_BYTES - 3);
        let is_refused = counted_at.group.is_none_or(|group| space.refuses(&section.groups, group, least));
        if !is_refused || section.log_group != info.header.log_group {
            return false;
        }
        if let Some(rule) = counted_at.rule {
            self.batch.counts.hit(rule);
        }
        let key = self.stream_of(info.header).key(info.id);
        if self.is_new(info, key) {
            let mut kinds = std::mem::take(&mut self.kinds);
            let cause = cause.as_ref().map(|cause| kinds.shown(cause, &self.reader.redact));
            self.count(info, counted_at, false, cause, || recognised.client(text.bytes()));
            self.kinds = kinds;
        }
        true
    }

    /// Reads a line by its format; `false` where the plain reader has to.
    fn read_fields(&mut self, info: EventInfo<'_>, recognised: Recognised<'_>, text: LineText<'_>) -> bool {
        let Some((said, line)) = recognised.said(text) else { return false };
        // In place, since it is large.
        let Some(mut log) = recognised.status(said).map(AccessLog::of) else { return false };
        if recognised.fill(&mut log, said).is_none() {
            return false;
        }
        if let Some(counted_at) = self.judge(info, &log, line, false)
            && self.reader.rules.decide_by_kind()
            && info.extracted_fields.is_empty()
            && !self.masks_by_name(recognised)
        {
            self.kinds.remember(recognised, text.bytes(), log.cause.as_ref(), counted_at);
        }
        true
    }

    /// Whether fields of such lines are masked by their names. Their values may stand in other fields, too, and these
    /// are then shown differently in each line.
    fn masks_by_name(&self, recognised: Recognised<'_>) -> bool {
        let redact = &self.reader.redact;
        redact.has_fields() || redact.masks_secrets() && recognised.has_names_of_secrets()
    }
}
