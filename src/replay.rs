//! A recording in; the messages that Slack would have got, and the ledger, out.
//!
//! It goes through the very stages of the function, with a full bucket for each delivery: there is no pacing between
//! them, and nothing is posted. One subscription message or event is one delivery; lines that stand alone are split into
//! deliveries by log stream and time, unless all of them are to be one. Now is the newest time of each delivery.

mod loose;

use std::io::{self, Read};

use crate::alarm::{AlarmMemory, read_notifications};
use crate::decode::{Header, Source};
use crate::digest::{Batch, Digest, Reader};
use crate::duplicates::RememberedEvents;
use crate::handler::notifications::Notice;
use crate::ledger::Ledger;
use crate::notification::{Situation, UndecodableRecords, of_digest, of_undecodable};
use crate::pipeline::Pipeline;
use crate::recording::{self, LogEvents, Looks, Piece, PieceError, Unreadable};
use crate::rules::DEFAULT_DESTINATION;
use crate::slack::render::{MessageStyle, Rendered, render, render_to_show};
use crate::trigger::{self, KinesisRecord, Trigger};
use crate::words::short_id;
use loose::{Loose, Until};

/// How a recording is read and its messages are drawn.
#[derive(Debug)]
pub struct Settings {
    /// What decides over lines.
    pub reader: Reader,
    /// How messages look.
    pub style: MessageStyle,
    /// Cap on one batch after inflation, bytes.
    pub max_decompressed_bytes: u64,
    /// The time of posting, epoch milliseconds; `None` is the newest time of what a message is about.
    pub now_ms: Option<i64>,
    /// Whether all lines that stand alone are one delivery.
    pub as_one: bool,
    /// Whether messages are posted, and so drawn as text alone, too.
    pub is_posted: bool,
}

/// One message and what it tells.
#[derive(Debug)]
pub struct ReplayedMessage {
    /// The message.
    pub rendered: Rendered,
    /// Where it goes: a name that a rule's `to` has, or the default destination's.
    pub destination: String,
    /// Lines that it shows or counts.
    pub matched: u64,
    /// Alarm changes that it tells: one or none.
    pub alarms: u64,
}

impl ReplayedMessage {
    fn to_default(rendered: Rendered, alarms: u64) -> Self {
        Self { rendered, destination: DEFAULT_DESTINATION.to_owned(), matched: 0, alarms }
    }

    /// Where it goes, unless that is the default destination.
    #[must_use]
    pub fn other_destination(&self) -> Option<&str> {
        Some(self.destination.as_str()).filter(|name| *name != DEFAULT_DESTINATION)
    }
}

/// What a recording came to, without its messages and faults.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// What became of every line.
    pub ledger: Ledger,
    /// Lines that each rule took, by its position. May be shorter than the list of rules.
    pub rule_hits: Vec<u64>,
    /// Of the ignored lines, those that only tell the fields of others.
    pub headers: u64,
    /// Notifications that were read and are rightly not posted.
    pub silent_notifications: u64,
    /// What the first line that stands alone and is no access log looks like.
    pub looks: Option<Looks>,
    /// Lines that stand alone and come after others that are later by more than is waited for.
    pub late: u64,
    /// Log events, events and documents, whatever they hold.
    pub pieces: u64,
}

impl Totals {
    /// How many lines are no access log.
    #[must_use]
    pub fn unreadable(&self) -> Unreadable {
        let Ledger { received, unreadable, .. } = self.ledger;
        Unreadable { received: received - self.headers, unreadable, looks: self.looks }
    }
}

/// What a recording came to.
#[derive(Debug, Default)]
pub struct Replayed {
    /// What became of every line.
    pub ledger: Ledger,
    /// The messages, in the order in which they would be posted.
    pub messages: Vec<ReplayedMessage>,
    /// Lines that each rule took, by its position. May be shorter than the list of rules.
    pub rule_hits: Vec<u64>,
    /// What could not be read or decoded, with the number of its line.
    pub faults: Vec<(u64, String)>,
}

/// What recordings that belong together have notified: nothing of it is notified again.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    remembered: RememberedEvents,
    alarms: AlarmMemory,
}

/// What a replay hands on as soon as it is there.
#[derive(Debug)]
pub enum Found {
    /// A message that is due.
    Message(Box<ReplayedMessage>),
    /// What could not be read or decoded, with the number of its line.
    Fault(u64, String),
    /// Nothing more is there yet: see [`Piece::Pause`]. All that is due was handed on.
    Pause,
}

/// Replays one recording to its end. An error is one of reading the source itself.
pub fn replay(source: impl Read, settings: &Settings) -> io::Result<Replayed> {
    let (mut messages, mut faults) = (Vec::new(), Vec::new());
    let totals = replay_each(source, settings, &mut |found, _| match found {
        Found::Message(told) => messages.push(*told),
        Found::Fault(number, what) => faults.push((number, what)),
        Found::Pause => {}
    })?;
    let Totals { ledger, rule_hits, .. } = totals;
    Ok(Replayed { ledger, messages, rule_hits, faults })
}

/// Replays one recording, and hands on what it comes to as it comes, with the totals so far.
///
/// While a source pauses (see [`Piece::Pause`]), lines that were there at the pause before wait for no others. An error
/// is one of reading the source itself.
pub fn replay_each(
    source: impl Read,
    settings: &Settings,
    each: &mut dyn FnMut(Found, &Totals),
) -> io::Result<Totals> {
    let mut memory = Memory::default();
    let mut run = Run::new(&mut memory, settings, each);
    recording::read(source, &mut |number, piece| run.piece(number, piece))?;
    Ok(run.finish())
}

/// Replays one event, and nothing that is no event. `memory` is of what others before it notified, and of this one, too, when
/// it was read.
pub fn replay_event(
    memory: &mut Memory,
    event: &[u8],
    settings: &Settings,
    each: &mut dyn FnMut(Found, &Totals),
) -> Totals {
    let mut run = Run::new(memory, settings, each);
    run.event(1, event);
    run.finish()
}

struct Run<'s> {
    settings: &'s Settings,
    each: &'s mut dyn FnMut(Found, &Totals),
    memory: &'s mut Memory,
    loose: Loose,
    /// The time of the lines that are in deliveries, epoch milliseconds.
    now_ms: i64,
    /// All lines that stand alone, where they are one delivery.
    one: Batch,
    /// For the lines in it.
    header: Header,
    totals: Totals,
    events: LogEvents,
}

impl<'s> Run<'s> {
    fn new(memory: &'s mut Memory, settings: &'s Settings, each: &'s mut dyn FnMut(Found, &Totals)) -> Self {
        Self {
            settings,
            each,
            memory,
            loose: Loose::default(),
            now_ms: i64::MIN,
            one: Batch::default(),
            header: Header::default(),
            totals: Totals::default(),
            events: LogEvents::default(),
        }
    }

    fn piece(&mut self, number: u64, piece: Result<Piece<'_>, PieceError>) {
        self.totals.pieces += u64::from(!matches!(piece, Ok(Piece::Pause)));
        match piece {
            Ok(Piece::Event(event)) => self.event(number, event),
            Ok(Piece::Message(message)) => self.batch(number, Source::Plain(message)),
            Ok(Piece::Pause) => self.pause(),
            Ok(piece) => {
                let Self { events, loose, settings, one, header, totals, memory, .. } = self;
                let reader = &settings.reader;
                if settings.as_one {
                    events.of_piece(&piece, &mut |event| {
                        let line = loose.line(event, reader);
                        header.log_group.clone_from(&line.names.log_group);
                        header.log_stream.clone_from(&line.names.log_stream);
                        let looks = line.put_into(1, one, header, reader, &memory.remembered);
                        totals.looks = totals.looks.or(looks);
                    });
                } else {
                    events.of_piece(&piece, &mut |event| loose.hold(event, reader));
                    self.place_lines(Until::Ready);
                }
            }
            Err(error) => self.fault(number, error.to_string()),
        }
    }

    fn event(&mut self, number: u64, event: &[u8]) {
        match trigger::read(event) {
            Ok(Trigger::Logs(data)) => self.batch(number, Source::Base64(&data)),
            Ok(Trigger::Kinesis(records)) => self.records(number, &records),
            Ok(Trigger::Notifications) => self.notifications(number, event),
            Ok(Trigger::Tick) => self.totals.ledger.silent += 1,
            Ok(Trigger::Queue(_)) => {
                self.fault(number, "messages of a queue in messages of a queue, too deep".to_owned());
            }
            Err(error) => self.fault(number, error.to_string()),
        }
    }

    fn batch(&mut self, number: u64, source: Source<'_>) {
        match self.pipeline().batch(source) {
            Ok(batch) => self.deliver(batch),
            Err(error) => self.fault(number, error.to_string()),
        }
    }

    fn pipeline(&self) -> Pipeline<'_> {
        let Settings { reader, max_decompressed_bytes, .. } = self.settings;
        Pipeline {
            reader,
            remembered: &self.memory.remembered,
            max_decompressed_bytes: *max_decompressed_bytes,
        }
    }

    /// Puts lines whose turn it is into their deliveries; a delivery that is due then is notified.
    fn place_lines(&mut self, until: Until) {
        while let Some((at_ms, line, lines)) = self.loose.next(until) {
            while let Some(due) = self.loose.open.take_due(at_ms) {
                self.deliver(due.into_batch());
            }
            self.now_ms = self.now_ms.max(at_ms);
            let (place, early) = self.loose.open.place(&line.names, self.now_ms);
            if let Some(early) = early {
                self.deliver(early.into_batch());
            }
            if let Some(delivery) = self.loose.open.get_mut(place) {
                let (batch, header) = (&mut delivery.batch, &delivery.header);
                let looks =
                    line.put_into(lines, batch, header, &self.settings.reader, &self.memory.remembered);
                self.totals.looks = self.totals.looks.or(looks);
            }
        }
    }

    fn pause(&mut self) {
        let (until, ends_all) = self.loose.pause();
        self.place_lines(until);
        if ends_all {
            self.deliver_all();
        } else {
            for delivery in self.loose.open.take_paused() {
                self.deliver(delivery.into_batch());
            }
        }
        (self.each)(Found::Pause, &self.totals);
    }

    fn deliver_all(&mut self) {
        while let Some(delivery) = self.loose.open.take_first() {
            self.deliver(delivery.into_batch());
        }
    }

    fn records(&mut self, number: u64, records: &[KinesisRecord<'_>]) {
        let mut undecodable = UndecodableRecords::default();
        let mut faults = Vec::new();
        let all = self.pipeline().records(records, |_, record, read| {
            if let Err(error) = read {
                undecodable.note(&record.shard, &record.sequence_number);
                faults.push(format!("record {}: {error}", record.sequence_number));
            }
        });
        for fault in faults {
            self.totals.ledger.undecodable += 1;
            self.fault(number, fault);
        }
        self.deliver(all);
        if !undecodable.is_empty() {
            let id = short_id(undecodable.id());
            let MessageStyle { content, sender } = &self.settings.style;
            let rendered = render(|_| of_undecodable(&undecodable, content, &id), sender);
            self.tell(ReplayedMessage::to_default(rendered, 0));
        }
    }

    fn notifications(&mut self, number: u64, event: &[u8]) {
        let read = match read_notifications(event) {
            Ok(read) => read,
            Err(error) => return self.fault(number, error.to_string()),
        };
        for notification in read {
            match notification.map(|notification| Notice::due(notification, &mut self.memory.alarms)) {
                Ok(Some(notice)) => {
                    notice.told(&mut self.memory.alarms);
                    let newest_ms = notice.changed_at_ms().unwrap_or_default();
                    let now_ms = self.settings.now_ms.unwrap_or(newest_ms);
                    let rendered =
                        notice.render(&self.settings.style, &self.settings.reader.redact, None, now_ms);
                    self.tell(ReplayedMessage::to_default(rendered, notice.alarms()));
                }
                Ok(None) => {
                    self.totals.ledger.silent += 1;
                    self.totals.silent_notifications += 1;
                }
                Err(error) => {
                    self.totals.ledger.undecodable += 1;
                    self.fault(number, error.to_string());
                }
            }
        }
    }

    fn deliver(&mut self, mut batch: Batch) {
        batch.forget_what_is_known(&self.memory.remembered);
        let counts = &batch.counts;
        let mut ledger = counts.ledger;
        ledger.silent = u64::from(counts.ledger.matched == 0);
        self.totals.ledger.add(&ledger);
        self.totals.headers += counts.headers;
        let hits = &mut self.totals.rule_hits;
        hits.resize(hits.len().max(counts.rule_hits.len()), 0);
        hits.iter_mut().zip(&counts.rule_hits).for_each(|(sum, hits)| *sum += hits);
        if counts.ledger.matched > 0 {
            let now_ms = self.settings.now_ms.unwrap_or(counts.newest_ms);
            let digest = std::mem::take(&mut batch.digest);
            for (destination, digest, copied) in
                by_destination(digest, self.settings.reader.samples_per_group)
            {
                self.totals.ledger.copied += copied;
                self.tell(draw(destination, digest, self.settings, now_ms));
            }
        }
        self.memory.remembered.remember(batch.into_keys());
    }

    fn tell(&mut self, told: ReplayedMessage) {
        let ledger = &mut self.totals.ledger;
        ledger.posted += 1;
        ledger.alarms += told.alarms;
        ledger.shown += told.rendered.shown;
        ledger.counted += told.matched - told.rendered.shown;
        (self.each)(Found::Message(Box::new(told)), &self.totals);
    }

    fn fault(&mut self, number: u64, what: String) {
        (self.each)(Found::Fault(number, what), &self.totals);
    }

    fn finish(mut self) -> Totals {
        self.place_lines(Until::End);
        self.deliver_all();
        if self.one.counts.ledger.received > 0 {
            let one = std::mem::take(&mut self.one);
            self.deliver(one);
        }
        self.totals.late = self.loose.late;
        self.totals
    }
}

/// What goes to each destination, with how many of its lines are copies.
fn by_destination(digest: Digest, samples_per_group: usize) -> Vec<(String, Digest, u64)> {
    if digest.sections.iter().all(|section| section.to.is_default()) {
        return vec![(DEFAULT_DESTINATION.to_owned(), digest, 0)];
    }
    let mut all: Vec<(String, Digest, u64)> = Vec::new();
    for part in digest.into_parts(samples_per_group) {
        let copied = part.copied();
        match all.iter_mut().find(|(name, ..)| name == part.destination()) {
            Some((_, mine, sum)) => {
                mine.fold(part.digest, samples_per_group);
                *sum += copied;
            }
            None => all.push((part.destination().to_owned(), part.digest, copied)),
        }
    }
    all
}

fn draw(destination: String, mut digest: Digest, settings: &Settings, now_ms: i64) -> ReplayedMessage {
    digest.sort();
    let id = short_id(digest.id);
    let situation = Situation { now_ms, id: &id, storm: None };
    let MessageStyle { content, sender } = &settings.style;
    let notification = |detail| of_digest(&digest, content, &situation, detail);
    let rendered =
        if settings.is_posted { render(notification, sender) } else { render_to_show(notification, sender) };
    ReplayedMessage { rendered, destination, matched: digest.matched(), alarms: 0 }
}

#[cfg(test)]
mod tests;
