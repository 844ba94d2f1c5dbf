//! Log events in, one by one; their digest and the count of each kind out.
//!
//! What is made here is provisional until the batch is decoded to its end: then it is taken, or thrown away whole.

use super::fault::fault;
use super::fold::MAX_GROUPS;
use super::line::Line;
use super::samples::{Room, Samples};
use super::{Counts, Digest, Group, MAX_ROUTE_BYTES, Sample, SampleText};
use crate::access_log::formats::{Formats, Recogniser};
use crate::access_log::redact::{Redacted, redact};
use crate::access_log::{self, AccessLog, Format, Reading, Status, StatusClass};
use crate::decode::{EscapedText, Header, LogEvent, MAX_TIMESTAMP_MS, Sink};
use crate::duplicates::{CAPACITY, EventKey, EventKeys, Remembered, StreamKeys};
use crate::rules::{Action, Rules};

/// What decides over log events; the same for every batch.
#[derive(Debug)]
pub struct Reader {
    /// Which lines are told, counted, ignored.
    pub rules: Rules,
    /// In which format lines are expected.
    pub format: Format,
    /// Fields masked in Slack.
    pub redact: Vec<String>,
    /// The function's own log group, whose lines are never told.
    pub own_log_group: Option<String>,
    /// Sample lines kept of each group.
    pub samples_per_group: usize,
    /// What was learned of the lines so far.
    pub formats: Formats,
}

/// What was read of a batch so far.
#[derive(Debug, Default)]
pub struct Batch {
    /// What there is to tell.
    pub digest: Digest,
    /// What became of every line.
    pub counts: Counts,
    /// The matched log events.
    pub keys: EventKeys,
    /// Space for the line at hand and its route, used again and again.
    line: String,
    route: String,
    recogniser: Recogniser,
    /// What the samples of each section take up.
    rooms: Vec<Room>,
}

impl Batch {
    /// Takes log events in; `remembered` are those that need not be told again.
    pub fn intake<'a>(&'a mut self, reader: &'a Reader, remembered: &'a Remembered) -> Intake<'a> {
        Intake { batch: self, reader, remembered, earlier: None, stream: StreamKeys::default() }
    }

    /// Adds a batch that was decoded well to this one. At most `samples_per_group` lines of a group are kept.
    pub fn absorb(&mut self, other: Self, samples_per_group: usize) {
        self.digest.fold(other.digest, samples_per_group);
        self.rooms.clear();
        self.counts.add(&other.counts);
        let room = CAPACITY.saturating_sub(self.keys.len());
        self.keys.extend(other.keys.into_iter().take(room));
    }
}

/// Puts log events into a [`Batch`], as a [`Reader`] has it.
#[derive(Debug)]
pub struct Intake<'a> {
    batch: &'a mut Batch,
    reader: &'a Reader,
    remembered: &'a Remembered,
    earlier: Option<&'a EventKeys>,
    stream: StreamKeys,
}

impl<'a> Intake<'a> {
    /// Takes log events that an earlier batch of the same delivery holds for duplicates, too.
    #[must_use]
    pub fn after(self, earlier: &'a EventKeys) -> Self {
        Self { earlier: Some(earlier), ..self }
    }

    /// Takes one line as it was logged. `id` is empty where it has none, `timestamp_ms` 0 where it is unknown.
    pub fn line(&mut self, header: &Header, id: &[u8], timestamp_ms: i64, line: &str) {
        if self.receive(header, timestamp_ms) {
            self.read(header, id, timestamp_ms, line);
        }
    }

    /// Counts a log event in; says whether it is to be read.
    fn receive(&mut self, header: &Header, timestamp_ms: i64) -> bool {
        let counts = &mut self.batch.counts;
        counts.received += 1;
        // What is no time says nothing of when all the others were.
        if timestamp_ms < MAX_TIMESTAMP_MS {
            counts.newest_ms = counts.newest_ms.max(timestamp_ms);
        }
        let is_own = self.reader.own_log_group.as_deref() == Some(header.log_group.as_str());
        counts.ignored += u64::from(is_own);
        counts.own_log_group += u64::from(is_own);
        !is_own
    }

    fn read(&mut self, header: &Header, id: &[u8], timestamp_ms: i64, line: &str) {
        let line = line.trim_end();
        let (log, salvaged) = match access_log::read(line, self.reader.format) {
            Reading::Unreadable => return self.unreadable(header),
            Reading::AccessLog(log) => (log, false),
            Reading::Salvaged(log) => (log, true),
        };
        self.batch.counts.salvaged += u64::from(salvaged);
        self.judge(header, id, timestamp_ms, &log, &mut Line::Plain(line), salvaged);
    }

    fn judge(
        &mut self,
        header: &Header,
        id: &[u8],
        timestamp_ms: i64,
        log: &AccessLog<'_>,
        line: &mut Line<'_>,
        salvaged: bool,
    ) {
        if log.status.class() == StatusClass::Ok {
            self.batch.counts.ok += 1;
            return;
        }
        let rules = &self.reader.rules;
        let text = if rules.look_at_lines() { line.text() } else { "" };
        let verdict = rules.judge(log, text, timestamp_ms);
        if let Some(rule) = verdict.rule {
            self.batch.counts.hit(rule);
        }
        let rule = verdict.rule.and_then(|index| rules.get(index));
        match verdict.action {
            Action::Ignore => self.batch.counts.ignored += 1,
            Action::Count => {
                self.batch.counts.ignored += 1;
                if let (Some(rule), Some(section)) = (rule, self.batch.digest.section_mut(&header.log_group))
                {
                    section.count_by_rule(rule.name(), 1);
                }
            }
            Action::Notify => {
                let (log_group, log_stream) = (&header.log_group, &header.log_stream);
                let key = if id.is_empty() {
                    let place = self.batch.counts.received;
                    EventKey::without_id(log_group, log_stream, place, timestamp_ms, line.text())
                } else {
                    self.stream.switch_to(log_group, log_stream);
                    self.stream.key(id)
                };
                if self.remembered.contains(key) || self.repeats(key) {
                    self.batch.counts.duplicate += 1;
                    return;
                }
                self.batch.digest.id = self.batch.digest.id.wrapping_add(key.number());
                self.tell(header, timestamp_ms, log, line, salvaged);
                if let (Some(rule), Some(section)) = (rule, self.batch.digest.section_mut(&header.log_group))
                {
                    rule.color().into_iter().for_each(|color| section.note_color(color));
                    rule.mention().into_iter().for_each(|mention| section.note_mention(mention));
                }
            }
        }
    }

    fn unreadable(&mut self, header: &Header) {
        self.batch.counts.unreadable += 1;
        if let Some(section) = self.batch.digest.section_mut(&header.log_group) {
            section.unreadable += 1;
        }
    }

    /// Whether the batch holds the log event already. A batch beyond all measure is not searched to its end.
    fn repeats(&mut self, key: EventKey) -> bool {
        let is_earlier = self.earlier.is_some_and(|earlier| earlier.contains(&key));
        is_earlier
            || self.batch.keys.contains(&key)
            || (self.batch.keys.len() < CAPACITY && !self.batch.keys.insert(key))
    }

    fn tell(
        &mut self,
        header: &Header,
        timestamp_ms: i64,
        log: &AccessLog<'_>,
        line: &mut Line<'_>,
        salvaged: bool,
    ) {
        self.batch.counts.matched += 1;
        let fields = &self.reader.redact;
        let redacted = if fields.is_empty() { None } else { Some(redact(line.text(), fields)) };
        self.batch.route.clear();
        write_route(log, redacted.as_ref(), self.reader.format, &mut self.batch.route);
        cut_route(&mut self.batch.route);
        let fault = fault(log);
        let place = self.batch.digest.section_index(&header.log_group);
        let Some(section) = self.batch.digest.sections.get_mut(place) else { return };
        section.note_stream(Some(&header.log_stream));
        section.note_times(timestamp_ms, timestamp_ms, 1);
        if log.status.class() == StatusClass::ServerError {
            section.server_errors += 1;
            self.batch.counts.server_errors += 1;
        } else {
            section.client_errors += 1;
            self.batch.counts.client_errors += 1;
        }
        let found = section.position_of(log.status, &self.batch.route, fault);
        let Some(index) =
            found.or_else(|| section.open_group_of(log.status, &self.batch.route, fault, timestamp_ms))
        else {
            section.other.count += 1;
            return;
        };
        let Some(group) = section.groups.get_mut(index) else { return };
        group.note_line(timestamp_ms, salvaged);
        let rooms = &mut self.batch.rooms;
        if rooms.len() <= place {
            let unknown = self.batch.digest.sections.iter().skip(rooms.len());
            rooms.extend(unknown.map(|section| Room::beside(&section.groups, self.reader.samples_per_group)));
        }
        let Some(section) = self.batch.digest.sections.get_mut(place) else { return };
        let Some(room) = rooms.get_mut(place) else { return };
        // Most lines of a flood find no room: what a line says is asked only of those that do.
        let length = match &redacted {
            None => line.sample_bytes(),
            Some(Redacted::Whole(masked)) => Sample::bytes_of(masked),
            Some(Redacted::Withheld) => SampleText::Withheld.bytes(),
        };
        if !room.take(&mut section.groups, index, length) {
            return;
        }
        let sample = match redacted {
            None => Sample::of(timestamp_ms, line.text()),
            Some(Redacted::Whole(masked)) => Sample::of(timestamp_ms, &masked),
            Some(Redacted::Withheld) => Sample { timestamp_ms, text: SampleText::Withheld },
        };
        if let Some(group) = section.groups.get_mut(index) {
            group.samples.push(sample);
        }
    }

    fn reads_json(&self) -> bool {
        matches!(self.reader.format, Format::Auto | Format::Json)
    }

    /// Takes a line that was recognised; says whether that was all there is to do.
    fn read_recognised(&mut self, header: &Header, event: &LogEvent<'_>, message: EscapedText<'_>) -> bool {
        let Some(recognised) = self.batch.recogniser.take() else { return false };
        let (template, values) = (&recognised.template, &recognised.values);
        let is_ok = template.is_ok(message.0, values);
        self.batch.counts.ok += u64::from(is_ok);
        // A value that is not UTF-8 reads as U+FFFD: the plain reader does that.
        let text = if is_ok { None } else { std::str::from_utf8(message.0).ok() };
        let error = text.and_then(|text| Some((template.access_log(text, values)?, text)));
        let is_error = error.is_some();
        if let Some((log, text)) = error {
            let line = &mut Line::Recognised(&recognised, text);
            self.judge(header, event.id.0, event.timestamp_ms, &log, line, false);
        }
        self.batch.recogniser.go_on(recognised);
        is_ok || is_error
    }
}

impl Sink for Intake<'_> {
    fn recognise(&mut self, text: &[u8]) -> Option<usize> {
        self.batch.recogniser.recognise(text, &self.reader.formats)
    }

    fn log_event(&mut self, header: &Header, event: LogEvent<'_>) {
        if !self.receive(header, event.timestamp_ms) {
            return;
        }
        let Some(message) = event.message else { return self.unreadable(header) };
        if event.is_recognised && self.read_recognised(header, &event, message) {
            return;
        }
        let mut line = std::mem::take(&mut self.batch.line);
        message.unescape_into(&mut line);
        self.read(header, event.id.0, event.timestamp_ms, &line);
        if self.reads_json() {
            self.batch.recogniser.learn(&line, &self.reader.formats);
        }
        self.batch.line = line;
    }

    fn end_of_message(&mut self, _header: &Header) {}
}

/// The route of `log`, which is the line as it was logged; of a masked line, what its mask leaves of the route.
fn write_route(log: &AccessLog<'_>, redacted: Option<&Redacted>, format: Format, route: &mut String) {
    match redacted {
        None => log.write_route(route),
        Some(Redacted::Whole(masked)) => {
            if let Reading::AccessLog(log) | Reading::Salvaged(log) = access_log::read(masked, format) {
                log.write_route(route);
            }
        }
        Some(Redacted::Withheld) => {}
    }
}

/// Routes are kept for every group, and a stranger chooses how long they are.
fn cut_route(route: &mut String) {
    if route.len() > MAX_ROUTE_BYTES {
        route.truncate(route.floor_char_boundary(MAX_ROUTE_BYTES));
        route.push('…');
    }
}

impl super::Section {
    fn open_group_of(
        &mut self,
        status: Status,
        route: &str,
        fault: super::Fault,
        timestamp_ms: i64,
    ) -> Option<usize> {
        (self.groups.len() < MAX_GROUPS).then(|| {
            self.groups.push(Group {
                status,
                route: route.to_owned(),
                fault,
                count: 0,
                salvaged: 0,
                first_ms: timestamp_ms,
                last_ms: timestamp_ms,
                is_new: false,
                samples: Samples::default(),
            });
            self.groups.len() - 1
        })
    }
}

impl Group {
    fn note_line(&mut self, timestamp_ms: i64, salvaged: bool) {
        if self.count == 0 || self.first_ms == 0 {
            self.first_ms = timestamp_ms;
        } else if timestamp_ms > 0 {
            self.first_ms = self.first_ms.min(timestamp_ms);
        }
        self.last_ms = self.last_ms.max(timestamp_ms);
        self.count += 1;
        self.salvaged += u64::from(salvaged);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(redact: &[&str]) -> Reader {
        Reader {
            rules: Rules::built_in(),
            format: Format::Auto,
            redact: redact.iter().map(|&name| name.to_owned()).collect(),
            own_log_group: None,
            samples_per_group: 20,
            formats: Formats::default(),
        }
    }

    fn told(reader: &Reader, lines: &[&str]) -> Batch {
        let mut batch = Batch::default();
        let remembered = Remembered::default();
        let header = Header { log_group: "g".to_owned(), ..Header::default() };
        for (number, line) in lines.iter().enumerate() {
            batch.intake(reader, &remembered).line(&header, number.to_string().as_bytes(), 1_000, line);
        }
        batch
    }

    #[test]
    fn what_is_redacted_is_in_neither_the_lines_nor_the_groups() {
        let lines = [
            r#"{"status":"502","httpMethod":"GET","path":"/users/jane","ip":"203.0.113.9"}"#,
            r#"{"status":"502","latency":-,"httpMethod":"GET","path":"/users/jane","ip":"203.0.113.9"}"#,
            r#"203.0.113.9 - - [10/Oct/2026:13:55:36 +0000] "GET /users/jane HTTP/1.1" 502 12 JKJaXmPLvHcESHA="#,
        ];
        let batch = told(&reader(&["path", "ip"]), &lines);
        assert_eq!(batch.counts.matched, 3);
        let said = format!("{:?}", batch.digest);
        assert!(!said.contains("jane") && !said.contains("203.0.113.9"), "{said}");
        let said = format!("{:?}", told(&reader(&[]), &lines).digest);
        assert!(said.contains("GET /users/jane") && said.contains("203.0.113.9"), "{said}");
    }

    #[test]
    fn the_same_log_event_twice_is_a_duplicate() {
        let reader = reader(&[]);
        let mut batch = told(&reader, &[r#"{"status":"502"}"#]);
        let mut remembered = Remembered::default();
        let header = Header { log_group: "g".to_owned(), ..Header::default() };
        batch.intake(&reader, &remembered).line(&header, b"0", 1_000, r#"{"status":"502"}"#);
        assert_eq!((batch.counts.matched, batch.counts.duplicate), (1, 1));
        remembered.remember(batch.keys.iter().copied());
        let mut later = Batch::default();
        later.intake(&reader, &remembered).line(&header, b"0", 1_000, r#"{"status":"502"}"#);
        assert_eq!((later.counts.matched, later.counts.duplicate), (0, 1));
    }

    #[test]
    fn equal_lines_without_an_id_are_counted_each_and_known_again_when_the_batch_comes_again() {
        let reader = reader(&[]);
        let header = Header::default();
        let mut remembered = Remembered::default();
        for expected in [(20, 0), (0, 20)] {
            let mut batch = Batch::default();
            for _ in 0..20 {
                batch.intake(&reader, &remembered).line(&header, b"", 1_000, r#"{"status":"502"}"#);
            }
            assert_eq!((batch.counts.matched, batch.counts.duplicate), expected);
            remembered.remember(batch.keys);
        }
    }

    #[test]
    fn groups_and_samples_are_bounded_and_nothing_is_lost_of_the_count() {
        let lines: Vec<String> = (0..500)
            .map(|n| {
                format!(
                    r#"{{"status":"404","httpMethod":"GET","resourcePath":"/{n}/{}"}}"#,
                    "x".repeat(2_000)
                )
            })
            .collect();
        let batch = told(&reader(&[]), &lines.iter().map(String::as_str).collect::<Vec<_>>());
        let [section] = batch.digest.sections.as_slice() else { panic!("one section") };
        assert_eq!(section.groups.len(), MAX_GROUPS);
        assert_eq!(section.groups.iter().map(|group| group.count).sum::<u64>() + section.other.count, 500);
        let kept: usize =
            section.groups.iter().flat_map(|group| &group.samples).map(|sample| sample.text.bytes()).sum();
        assert!(kept <= 32 * 1024, "{kept}");
    }

    #[test]
    fn a_rare_group_keeps_its_line_in_a_flood_of_others() {
        let flood = format!(
            r#"{{"status":"502","httpMethod":"GET","resourcePath":"/a","x":"{}"}}"#,
            "y".repeat(5_000)
        );
        let mut lines = vec![flood.as_str(); 200];
        lines.push(r#"{"status":"500","httpMethod":"GET","resourcePath":"/rare"}"#);
        let batch = told(&reader(&[]), &lines);
        let rare = batch.digest.sections[0].groups.iter().find(|group| group.route == "GET /rare").unwrap();
        assert_eq!(rare.samples.len(), 1);
    }

    fn batch(lines: &[&str], redact: &str) -> Batch {
        let fields: Vec<&str> = redact.split_terminator(',').collect();
        told(&reader(&fields), lines)
    }

    #[track_caller]
    fn check_route(line: &str, redact: &str, expected: &str) {
        assert_eq!(batch(&[line], redact).digest.sections[0].groups[0].route, expected, "{line}");
    }

    #[test]
    fn a_masked_value_is_masked_in_the_route_too() {
        let line = r#"{"status":"404","user":"anna-lisa","httpMethod":"GET","path":"/u/anna-lisa/x"}"#;
        check_route(line, "", "GET /u/anna-lisa/x");
        check_route(line, "ip", "GET /u/anna-lisa/x");
        check_route(line, "user", "GET /u/***/x");
        check_route(line, "path", "GET ***");
        let broken = line.replace("\"404\"", "\"404\",\"latency\":-");
        check_route(&broken, "user", "GET /u/***/x");
        let clf = r#"203.0.113.7 - anna [18/Nov/2020:05:28:56 +0000] "GET /u/anna HTTP/1.1" 404 1 c6af-11"#;
        check_route(clf, "user", "GET /u/***");
    }

    #[test]
    fn a_line_that_is_withheld_has_no_route() {
        let line = r#"{"status":"403","path":"/u/anna","message":"User: arn:aws:iam::1:user/anna is not allowed","latency":-}"#;
        let batch = batch(&[line], "user");
        let group = &batch.digest.sections[0].groups[0];
        assert_eq!((group.route.as_str(), &group.samples[0].text), ("", &SampleText::Withheld));
    }

    #[test]
    fn a_route_is_cut_between_characters() {
        let long = "é".repeat(300);
        let line = format!(r#"{{"status":"404","path":"/{long}"}}"#);
        check_route(&line, "", &format!("/{}…", "é".repeat(255)));
        let fits = &long[..MAX_ROUTE_BYTES - 2];
        check_route(&format!(r#"{{"status":"404","path":"/{fits}"}}"#), "", &format!("/{fits}"));
    }
}
