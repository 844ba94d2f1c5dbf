//! Log events in, one by one; their digest and the count of each kind out.

mod recognised;

use std::borrow::Cow;

use super::fault::fault;
use super::source::write_source;
use super::{Batch, MAX_ROUTE_BYTES, MAX_SAMPLE_BYTES, Reader, Sample, SampleText};
use crate::access_log::fast_path::{KindCache, Line, LineText};
use crate::access_log::redact::Redacted;
use crate::access_log::{self, AccessLog, Columns, Reading, StatusClass};
use crate::decode::{EscapedText, Header, LogEvent, Sink};
use crate::duplicates::{CAPACITY, EventKey, EventKeys, RememberedEvents, StreamKeys};
use crate::rules::{Action, IncidentSettings, RuleIndex, To};

/// Room for the keys of so many log events is made at once: as many as most batches have errors.
const USUAL_KEYS: usize = 28;
/// And for a route of so many bytes.
const USUAL_ROUTE_BYTES: usize = 64;

/// Puts log events into a [`Batch`], as a [`Reader`] has it.
#[derive(Debug)]
pub struct Intake<'a> {
    batch: &'a mut Batch,
    reader: &'a Reader,
    remembered: &'a RememberedEvents,
    earlier: Option<&'a EventKeys>,
    /// Of all lines, where they are known before; `None` where the batch's own headers tell.
    columns: Option<&'a Columns>,
    /// Stands in for the id of a log event that has none; `None` is its place in the batch.
    place: Option<u64>,
    /// The `extractedFields` of log events that are no batch's.
    extracted_fields: &'a [u8],
    stream: StreamKeys,
    /// Where the header of the message at hand is: `stream` is its log stream. 0 where no message began.
    header_at: usize,
    kinds: KindCache<CountedAt>,
    /// The line that was recognised last has a status below 400, and that is all that is known of it.
    is_ok: bool,
}

/// Where a matched line is counted.
#[derive(Debug, Clone, Copy)]
struct CountedAt {
    /// The rule that took it.
    rule: Option<RuleIndex>,
    class: StatusClass,
    /// Position of its section.
    section: usize,
    /// Position of its group in it; `None` where there was no space for one.
    group: Option<usize>,
}

/// What is known of a log event beside its line.
#[derive(Debug, Clone, Copy)]
struct EventInfo<'a> {
    header: &'a Header,
    /// Empty where it has none.
    id: &'a [u8],
    /// 0 where it is unknown.
    timestamp_ms: i64,
    columns: &'a Columns,
    /// Raw JSON, which may say its source; empty where there is none.
    extracted_fields: &'a [u8],
}

impl<'a> Intake<'a> {
    pub(super) fn into(batch: &'a mut Batch, reader: &'a Reader, remembered: &'a RememberedEvents) -> Self {
        reader.formats.teach(batch.line_reader.get_or_insert_default(), &mut batch.ok_lines);
        let (stream, kinds) = (StreamKeys::default(), KindCache::default());
        Self {
            batch,
            reader,
            remembered,
            earlier: None,
            columns: None,
            place: None,
            extracted_fields: b"",
            stream,
            header_at: 0,
            kinds,
            is_ok: false,
        }
    }

    /// Takes log events that an earlier batch of the same delivery holds for duplicates, too.
    #[must_use]
    pub fn after(self, earlier: &'a EventKeys) -> Self {
        Self { earlier: Some(earlier), ..self }
    }

    /// Reads lines by these columns, and not by headers among them.
    #[must_use]
    pub(crate) fn under(self, columns: &'a Columns) -> Self {
        Self { columns: Some(columns), ..self }
    }

    /// Tells log events without an id apart by this place instead of that in the batch.
    #[must_use]
    pub(crate) fn at(self, place: u64) -> Self {
        Self { place: Some(place), ..self }
    }

    /// Reads the sources of lines in these `extractedFields`, raw JSON.
    #[must_use]
    pub fn with_fields(self, extracted_fields: &'a [u8]) -> Self {
        Self { extracted_fields, ..self }
    }

    /// Takes one line as it was logged. `id` is empty where it has none, `timestamp_ms` 0 where it is unknown.
    pub fn line(&mut self, header: &Header, id: &[u8], timestamp_ms: i64, line: &str) {
        if self.receive(header, timestamp_ms) {
            let extracted_fields = self.extracted_fields;
            self.read(
                EventInfo { header, id, timestamp_ms, columns: Columns::DEFAULT, extracted_fields },
                line,
            );
        }
    }

    fn receive(&mut self, header: &Header, timestamp_ms: i64) -> bool {
        self.batch.receive(self.reader, header, timestamp_ms, 1)
    }

    fn read(&mut self, info: EventInfo<'_>, line: &str) {
        let columns = if let Some(columns) = self.columns {
            columns.clone()
        } else {
            let Header { log_group, log_stream, .. } = info.header;
            self.batch.headers.columns_of(log_group, log_stream, line)
        };
        let info = EventInfo { columns: &columns, ..info };
        let line = line.trim_end();
        if self.batch.ok_lines.knows(line.as_bytes(), &columns) {
            self.batch.counts.ledger.ok += 1;
            return;
        }
        let (log, salvaged) = match access_log::read_under(line, self.reader.format, &columns) {
            Reading::Unreadable => return self.unreadable(info.header),
            Reading::Header => {
                self.batch.counts.ledger.ignored += 1;
                self.batch.counts.headers += 1;
                return;
            }
            Reading::AccessLog(log) => (log, false),
            Reading::Salvaged(log) => (log, true),
        };
        if log.status.class() == StatusClass::Ok
            && self.batch.ok_lines.learn(line, self.reader.format, &columns)
        {
            self.learned();
        }
        self.batch.counts.ledger.salvaged += u64::from(salvaged);
        self.judge(info, &log, Line::Plain(line), salvaged);
    }

    fn unreadable(&mut self, header: &Header) {
        self.batch.counts.ledger.unreadable += 1;
        if let Some(section) = self.batch.digest.notes_of(&header.log_group) {
            section.unreadable += 1;
        }
    }

    /// Does with a line what the rules say; says where it was counted, unless its text was kept.
    fn judge(
        &mut self,
        info: EventInfo<'_>,
        log: &AccessLog<'_>,
        mut line: Line<'_>,
        salvaged: bool,
    ) -> Option<CountedAt> {
        if log.status.class() == StatusClass::Ok {
            self.batch.counts.ledger.ok += 1;
            return None;
        }
        let rules = &self.reader.rules;
        let text = if rules.look_at_lines() { line.text() } else { "" };
        let verdict = rules.judge(log, &info.header.log_group, text, info.timestamp_ms);
        if let Some(rule) = verdict.rule {
            self.batch.counts.hit(rule);
        }
        match verdict.action {
            Action::Notify => self.take_error(info, log, line, verdict.rule, salvaged),
            Action::Ignore | Action::Count => {
                self.batch.counts.ledger.ignored += 1;
                let rule = verdict.rule.and_then(|index| rules.get(index));
                if let Some(rule) = rule.filter(|rule| rule.action() == Action::Count)
                    && let Some(section) = self.batch.digest.notes_of(&info.header.log_group)
                {
                    section.count_by_rule(rule.name(), 1);
                }
                None
            }
        }
    }

    /// Counts an error line, and keeps its text if there is space, unless it came before; says where it was counted, unless
    /// its text was kept.
    fn take_error(
        &mut self,
        info: EventInfo<'_>,
        log: &AccessLog<'_>,
        mut line: Line<'_>,
        rule: Option<RuleIndex>,
        salvaged: bool,
    ) -> Option<CountedAt> {
        let key = self.key(info, &mut line);
        if !self.is_new(info, key) {
            return None;
        }
        let redaction = &self.reader.redact;
        // Nearly no line holds a secret, and of most no text is kept: those are not even unescaped.
        let (redacted, hidden) = if redaction.may_mask(&line, &mut self.batch.harmless) {
            let (redacted, hidden) = redaction.line_and_hidden(line.text(), info.columns);
            (Some(redacted), Some(hidden))
        } else {
            (None, None)
        };
        let masked = match &redacted {
            Some(Redacted::Whole(masked)) if redaction.has_fields() => {
                Some(access_log::read_under(masked, self.reader.format, info.columns))
            }
            _ => None,
        };
        // What is said of a line with masked fields is what their mask leaves of it.
        let shown_log = match (&redacted, &masked) {
            (_, Some(Reading::AccessLog(log) | Reading::Salvaged(log))) => Some(log),
            (None | Some(Redacted::Whole(_)), None) => Some(log),
            _ => None,
        };
        let batch = &mut *self.batch;
        batch.route.clear();
        batch.route.reserve(USUAL_ROUTE_BYTES);
        if let Some(log) = shown_log {
            log.write_route(&mut batch.route);
        }
        if let Cow::Owned(masked) = redaction.shown(&batch.route, hidden.as_ref()) {
            batch.route = masked;
        }
        cut_route(&mut batch.route);
        write_source(info.extracted_fields, &info.header.log_group, &mut batch.source);
        let cause = shown_log.and_then(|log| log.cause.as_ref());
        let cause = cause.map(|cause| redaction.shown(&cause.text, hidden.as_ref()));
        let by_rule = rule.and_then(|index| self.reader.rules.get(index));
        let to = by_rule.map_or(&To::DEFAULT, |rule| rule.to());
        let place = batch.digest.section_index(&info.header.log_group, to);
        let section = batch.digest.sections.get_mut(place)?;
        let group = section.group_of(log.status, &batch.route, fault(log));
        section.context.note_account(&info.header.owner);
        section.context.note_source(&batch.source);
        if let Some(stage) = shown_log.and_then(|log| log.stage.as_deref()) {
            section.context.note_stage(&redaction.shown(stage, hidden.as_ref()));
        }
        if let Some(group) = group.and_then(|index| section.groups.get_mut(index)) {
            group.note_source(&batch.source);
            match by_rule {
                Some(rule) => group.note_settings(rule.incident()),
                None => group.note_settings(&IncidentSettings::default()),
            }
        }
        if let Some(rule) = by_rule {
            rule.color().into_iter().for_each(|color| section.note_color(color));
            rule.mention().into_iter().for_each(|mention| section.note_mention(mention));
        }
        let counted_at = CountedAt { rule, class: log.status.class(), section: place, group };
        // A masked address tells no client from another.
        let client =
            || log.ip.as_deref().filter(|_| shown_log.is_some_and(|shown_log| shown_log.ip == log.ip));
        self.count(info, counted_at, salvaged, cause.as_deref(), client);
        let is_kept = self.keep_sample(info.timestamp_ms, counted_at, redacted, line);
        (!is_kept).then_some(counted_at)
    }

    fn key(
        &mut self,
        EventInfo { header, id, timestamp_ms, .. }: EventInfo<'_>,
        line: &mut Line<'_>,
    ) -> EventKey {
        let (log_group, log_stream) = (&header.log_group, &header.log_stream);
        if id.is_empty() {
            let place = self.place.unwrap_or(self.batch.counts.ledger.received);
            return EventKey::without_id(log_group, log_stream, place, timestamp_ms, line.text());
        }
        self.stream_of(header).key(id)
    }

    /// The keys of the log stream that a header names.
    pub(super) fn stream_of(&self, header: &Header) -> StreamKeys {
        if self.header_at != std::ptr::from_ref(header).addr() {
            return StreamKeys::of(&header.log_group, &header.log_stream);
        }
        self.stream
    }

    /// Takes the key of a log event, if it is neither remembered nor in the batch already; counts a duplicate.
    fn is_new(&mut self, EventInfo { header, id, .. }: EventInfo<'_>, key: EventKey) -> bool {
        self.batch.note_id(header, id, key);
        let (sum, log_events) = &mut self.batch.keys_seen;
        *sum = sum.wrapping_add(key.number());
        *log_events += 1;
        let is_earlier = self.earlier.is_some_and(|earlier| earlier.contains(&key));
        let keys = &mut self.batch.keys;
        if keys.is_empty() {
            keys.reserve(USUAL_KEYS);
        }
        // A batch beyond all measure is not searched to its end.
        let mut takes = || if keys.len() < CAPACITY { keys.insert(key) } else { !keys.contains(&key) };
        let is_new = !is_earlier && !self.remembered.contains(key) && takes();
        if is_new {
            self.batch.digest.id = self.batch.digest.id.wrapping_add(key.number());
        } else {
            self.batch.counts.ledger.duplicate += 1;
        }
        is_new
    }

    /// Counts a line in its section and group.
    fn count<A: AsRef<str>>(
        &mut self,
        EventInfo { header, timestamp_ms, .. }: EventInfo<'_>,
        counted_at: CountedAt,
        salvaged: bool,
        cause: Option<&str>,
        client: impl FnOnce() -> Option<A>,
    ) {
        let counts = &mut self.batch.counts;
        let Some(section) = self.batch.digest.sections.get_mut(counted_at.section) else { return };
        section.note_stream(Some(&header.log_stream));
        section.note_times(timestamp_ms, timestamp_ms, 1);
        section.context.note_client(client);
        counts.ledger.matched += 1;
        if counted_at.class == StatusClass::ServerError {
            section.server_errors += 1;
            counts.server_errors += 1;
        } else {
            section.client_errors += 1;
            counts.client_errors += 1;
        }
        match counted_at.group.and_then(|index| section.groups.get_mut(index)) {
            Some(group) => {
                group.note(1, u64::from(salvaged), timestamp_ms, timestamp_ms);
                if let Some(cause) = cause {
                    group.causes.note(cause);
                }
            }
            None => section.other.count += 1,
        }
    }

    /// Keeps a line's text, if there is space for it; says whether there was.
    fn keep_sample(
        &mut self,
        timestamp_ms: i64,
        counted_at: CountedAt,
        redacted: Option<Redacted>,
        mut line: Line<'_>,
    ) -> bool {
        let plain_bytes = sample_bytes(&mut line);
        let length = match &redacted {
            None => plain_bytes,
            Some(Redacted::Whole(masked)) => Sample::bytes_of(masked),
            Some(Redacted::Withheld) => SampleText::Withheld.bytes(),
        };
        let Some((space, section)) = self.batch.space(counted_at.section, self.reader.samples_per_group)
        else {
            return false;
        };
        // A line that is alike is refused by its own length, before it is masked.
        let mut takes = |index| {
            !space.refuses(&section.groups, index, plain_bytes)
                && space.take(&mut section.groups, index, length)
        };
        let Some(index) = counted_at.group.filter(|&index| takes(index)) else { return false };
        let sample = match redacted {
            None if line.length() > MAX_SAMPLE_BYTES => Sample::of(timestamp_ms, line.into_text()),
            None => match line.keep_escaped() {
                Some(text) => Sample { timestamp_ms, text: SampleText::Escaped(text) },
                None => Sample::of(timestamp_ms, line.into_text()),
            },
            Some(Redacted::Whole(masked)) => Sample::of(timestamp_ms, masked),
            Some(Redacted::Withheld) => Sample { timestamp_ms, text: SampleText::Withheld },
        };
        if let Some(group) = section.groups.get_mut(index) {
            group.samples.push(sample);
        }
        true
    }
}

impl Sink for Intake<'_> {
    fn recognise(&mut self, text: &[u8]) -> Option<usize> {
        let recognised = self.batch.line_reader.as_mut()?.recognise_escaped(text);
        self.is_ok = false;
        if recognised.is_some() || self.columns.is_some() || !self.batch.headers.is_empty() {
            return recognised;
        }
        let length = self.batch.ok_lines.recognise_escaped(text)?;
        self.is_ok = true;
        Some(length)
    }

    fn message(&mut self, header: &Header) {
        self.batch.messages += 1;
        self.stream = StreamKeys::of(&header.log_group, &header.log_stream);
        self.header_at = std::ptr::from_ref(header).addr();
        // What is known of a kind of line holds for one account.
        self.kinds = KindCache::default();
    }

    fn log_event(&mut self, header: &Header, event: LogEvent<'_>) {
        if !self.receive(header, event.timestamp_ms) {
            return;
        }
        let Some(message) = event.message else { return self.unreadable(header) };
        let (id, timestamp_ms) = (event.id.0, event.timestamp_ms);
        let extracted_fields = event.extracted_fields;
        let info = EventInfo { header, id, timestamp_ms, columns: Columns::DEFAULT, extracted_fields };
        if event.is_recognised {
            if self.is_ok {
                self.batch.counts.ledger.ok += 1;
                return;
            }
            let last = self.batch.line_reader.as_ref().and_then(|line_reader| line_reader.last());
            if last.is_some_and(|recognised| recognised.is_ok(message.0)) {
                self.batch.counts.ledger.ok += 1;
                return;
            }
            // Taken out of the batch for as long as its values are used.
            let line_reader = self.batch.line_reader.take();
            let text = LineText::Escaped(message);
            let recognised = line_reader.as_ref().and_then(|line_reader| line_reader.last());
            let is_read = recognised.is_some_and(|recognised| self.read_recognised(info, recognised, text));
            self.batch.line_reader = line_reader;
            if is_read {
                return;
            }
        }
        self.read_plainly(info, message, !event.is_recognised);
    }
}

impl Intake<'_> {
    /// Makes what was learned known to the batches after this one.
    fn learned(&self) {
        if let Some(line_reader) = &self.batch.line_reader {
            self.reader.formats.update(line_reader, &self.batch.ok_lines);
        }
    }

    fn read_plainly(&mut self, info: EventInfo<'_>, message: EscapedText<'_>, learns: bool) {
        let mut line = std::mem::take(&mut self.batch.line);
        message.unescape_into(&mut line);
        self.read(info, &line);
        if let Some(line_reader) =
            self.batch.line_reader.as_mut().filter(|_| learns && self.reader.format.reads_json())
            && line_reader.learn(&line)
        {
            self.learned();
        }
        self.batch.line = line;
    }
}

/// How many bytes a sample of the line has.
fn sample_bytes(line: &mut Line<'_>) -> usize {
    let length = line.length();
    if length <= MAX_SAMPLE_BYTES { length } else { Sample::bytes_of(line.text()) }
}

/// Routes are kept for every group, and a stranger chooses how long they are.
fn cut_route(route: &mut String) {
    if route.len() > MAX_ROUTE_BYTES {
        route.truncate(route.floor_char_boundary(MAX_ROUTE_BYTES));
        route.push('…');
    }
}

#[cfg(test)]
mod tests;
