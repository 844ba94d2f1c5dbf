//! The lines of all recordings in the order of time, each judged once.
//!
//! Each recording is read by a thread of its own (many recordings share [`MAX_LANES`] threads, neighbours together), and
//! the threads' lines are merged by time. Within a thread lines may be out of order: they are held as long as a window
//! can. What comes later than that is handed on all the same, is counted and named. It holds the text of error lines
//! only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::line::{ErrorLine, Kind, Line};
use super::problems::{Problems, Trouble};
use super::{Settings, Warning, joined};
use crate::access_log::fast_path::{LineText, OkLines, OwnedRecognised};
use crate::access_log::{self, Reading};
use crate::deliveries::{HandedOn, Names, Window};
pub use crate::deliveries::{MIN_HELD, WINDOW_MS};
use crate::digest::source_fields;
use crate::filter_pattern::Answers;
use crate::recording::{Found, Looks, Recorded, RecordingFault, Unreadable, log_events};

/// Threads that read.
pub const MAX_LANES: usize = 32;
/// What all threads together hold, bytes; each has its share.
const MAX_HELD_BYTES: usize = 192 * 1024 * 1024;
/// Lines handed over at once.
const PACK: usize = 512;

/// One recording.
pub struct Source {
    /// What a person would call it.
    pub name: String,
    /// Opens it, when its turn comes.
    pub open: Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>> + Send>,
}

/// Hands on every line, and gives what could not be read or placed, and how many lines have no time.
pub(super) fn merged(
    sources: Vec<Source>,
    settings: &Settings,
    each: &mut impl FnMut(Line),
) -> (Vec<Warning>, u64) {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let lanes = sources.len().clamp(1, MAX_LANES);
    let share = MAX_HELD_BYTES / lanes;
    let mut chains: Vec<Vec<(usize, Source)>> = (0..lanes).map(|_| Vec::new()).collect();
    let total = sources.len().max(1);
    for (index, source) in sources.into_iter().enumerate() {
        // Neighbours stay together: files named by the hour are read in their order.
        if let Some(chain) = chains.get_mut(index * lanes / total) {
            chain.push((index, source));
        }
    }
    let mut problems = Problems::default();
    thread::scope(|scope| {
        let mut heads = Vec::new();
        let mut threads = Vec::new();
        for chain in chains {
            let (sender, receiver) = sync_channel(4);
            threads.push(scope.spawn(move || Lane::new(settings, share, sender).read(chain)));
            heads.push(Head::new(receiver));
        }
        merge(heads, each);
        for thread in threads {
            problems.absorb(joined(thread));
        }
    });
    let without_time = problems.without_time();
    (problems.warnings(&names), without_time)
}

fn merge(mut heads: Vec<Head>, each: &mut impl FnMut(Line)) {
    // The oldest head first; among equals the first source.
    let mut queue: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
    for (index, head) in heads.iter_mut().enumerate() {
        queue.extend(head.peek().map(|at_ms| Reverse((at_ms, index))));
    }
    while let Some(Reverse((_, index))) = queue.pop() {
        let Some(head) = heads.get_mut(index) else { continue };
        let next = queue.peek().map(|Reverse(next)| *next);
        while let Some(line) = head.next() {
            each(line);
            let Some(at_ms) = head.peek() else { break };
            if next.is_some_and(|next| next < (at_ms, index)) {
                queue.push(Reverse((at_ms, index)));
                break;
            }
        }
    }
}

/// What a lane has handed over and is not handed on yet.
struct Head {
    receiver: Receiver<Vec<Line>>,
    pack: std::vec::IntoIter<Line>,
}

impl Head {
    fn new(receiver: Receiver<Vec<Line>>) -> Self {
        Self { receiver, pack: Vec::new().into_iter() }
    }

    fn peek(&mut self) -> Option<i64> {
        while self.pack.as_slice().is_empty() {
            self.pack = self.receiver.recv().ok()?.into_iter();
        }
        self.pack.as_slice().first().map(|line| line.at_ms)
    }

    fn next(&mut self) -> Option<Line> {
        self.pack.next()
    }
}

/// Reads one chain of recordings.
struct Lane<'s> {
    settings: &'s Settings,
    sender: SyncSender<Vec<Line>>,
    /// Position of the recording at hand among the sources.
    source: usize,
    /// Log events and faults of the recording at hand.
    events: u64,
    /// Of the recording at hand.
    unreadable: Unreadable,
    /// Lines of the piece at hand, which count when it has ended well, and how many have no time.
    piece: Vec<Line>,
    without_time: u64,
    held: Window<Line>,
    order: u64,
    pack: Vec<Line>,
    problems: Problems,
    names: Arc<Names>,
    ok_lines: OkLines,
    answers: Answers,
    /// Space for a line, used again and again.
    said: String,
}

impl<'s> Lane<'s> {
    fn new(settings: &'s Settings, max_bytes: usize, sender: SyncSender<Vec<Line>>) -> Self {
        Self {
            settings,
            sender,
            source: 0,
            events: 0,
            unreadable: Unreadable::default(),
            piece: Vec::new(),
            without_time: 0,
            held: Window::new(max_bytes),
            order: 0,
            pack: Vec::with_capacity(PACK),
            problems: Problems::default(),
            names: Arc::default(),
            ok_lines: OkLines::default(),
            answers: Answers::default(),
            said: String::new(),
        }
    }

    fn read(mut self, chain: Vec<(usize, Source)>) -> Problems {
        for (index, source) in chain {
            (self.source, self.events, self.unreadable) = (index, 0, Unreadable::default());
            let max_bytes = self.settings.max_decompressed_bytes;
            let reader = match (source.open)() {
                Ok(reader) => reader,
                Err(error) => {
                    self.problems.unread(index, &format!("not opened: {error}"));
                    continue;
                }
            };
            let read = log_events(reader, max_bytes, &mut |number, found| match found {
                Found::LogEvent(event) => self.log_event(number, event),
                Found::End(result) => self.end(number, result),
            });
            match read {
                Err(error) => self.problems.unread(index, &format!("not read to its end: {error}")),
                Ok(()) if self.events == 0 => self.problems.note(index, Trouble::Empty, None),
                Ok(()) => {}
            }
            if self.unreadable.is_most() && !self.settings.allow_unreadable {
                self.problems.unread(index, &self.unreadable.to_string());
            }
        }
        while let Some(line) = self.held.pop_any() {
            self.hand_on(line);
        }
        self.send();
        self.problems
    }

    /// What a recognised line is; `None` where it has to be looked at. `text` is what was recognised.
    fn judge_recognised(&mut self, event: &Recorded<'_>, text: LineText<'_>) -> Option<Judged> {
        let recognised = event.recognised.filter(|_| self.settings.reader.format.reads_json())?;
        let is_ok = recognised.is_ok(text.bytes());
        if is_ok && let Some(is_matched) = self.answers.remembered(recognised, text.bytes()) {
            return Some(Judged { kind: Kind::Ok, is_salvaged: false, is_matched, error: None });
        }
        // A value that is not UTF-8 reads as U+FFFD: the plain reader does that.
        let line = simdutf8::basic::from_utf8(text.bytes()).ok()?;
        let kind = if is_ok { Kind::Ok } else { Kind::of(recognised.status(line)?) };
        let error = match kind {
            Kind::Error(_) => Some(recognised.keep(line, matches!(text, LineText::Escaped(_)))?),
            Kind::Ok | Kind::Unreadable => None,
        };
        let pattern = &self.settings.pattern;
        let is_matched = self
            .answers
            .matches(pattern, recognised, line)
            .unwrap_or_else(|| pattern.matches(text.said(&mut self.said).trim_end()));
        let error = error.map(|(text, recognised)| (text, Some(recognised)));
        Some(Judged { kind, is_salvaged: false, is_matched, error })
    }

    /// Whether it is a line about the lines behind it: none of the log's.
    fn is_header(&mut self, event: &Recorded<'_>) -> bool {
        let text = event.message.filter(|text| text.bytes().trim_ascii_start().starts_with(b"#"));
        text.is_some_and(|text| {
            access_log::is_header(&text.said(&mut self.said), self.settings.reader.format)
        })
    }

    /// What a line is.
    fn judge(&mut self, event: &Recorded<'_>) -> Judged {
        let Recorded { message: text, columns, .. } = *event;
        let is_ok = event.is_ok_in(self.settings.reader.format);
        let text = text.map(|text| text.said(&mut self.said)).unwrap_or_default();
        let text = text.trim_end();
        if is_ok || self.ok_lines.knows(text.as_bytes(), columns) {
            let is_matched = self.settings.pattern.matches(text);
            return Judged { kind: Kind::Ok, is_salvaged: false, is_matched, error: None };
        }
        let (kind, is_salvaged) = match access_log::read_under(text, self.settings.reader.format, columns) {
            Reading::AccessLog(log) => (Kind::of(log.status), false),
            Reading::Salvaged(log) => (Kind::of(log.status), true),
            Reading::Header | Reading::Unreadable => (Kind::Unreadable, false),
        };
        if kind == Kind::Ok {
            self.ok_lines.learn(text, self.settings.reader.format, columns);
        }
        let is_matched = self.settings.pattern.matches(text);
        let error = matches!(kind, Kind::Error(_)).then(|| (text.to_owned(), None));
        Judged { kind, is_salvaged, is_matched, error }
    }

    /// Holds a line that counts.
    fn hold(&mut self, mut line: Line) {
        self.order += 1;
        if let Some(error) = line.error.as_mut().filter(|error| error.id.is_empty()) {
            // Every log event has an id in CloudWatch: lines that look alike are not taken for one.
            error.id = format!("{}:{}:{}", line.source, line.number, self.order);
        }
        if !self.held.join(line.at_ms, |first, lines| first.joins(lines, &line)) {
            self.held.push(line.at_ms, line.bytes(), line);
        }
        while let Some(line) = self.held.pop_ready() {
            self.hand_on(line);
        }
    }

    fn hand_on(&mut self, HandedOn { at_ms, mut line, lines, behind_ms }: HandedOn<Line>) {
        // Of a run they are known here alone.
        (line.at_ms, line.lines) = (at_ms, lines as u64);
        if behind_ms > 0 {
            for place in 0..line.lines {
                let number = line.number + u64::from(line.number_step) * place;
                self.problems.note(line.source, Trouble::Late, Some(number));
            }
        }
        self.pack.push(line);
        if self.pack.len() == PACK {
            self.send();
        }
    }

    fn send(&mut self) {
        let pack = std::mem::replace(&mut self.pack, Vec::with_capacity(PACK));
        // Whoever receives has gone only when the process ends.
        let _ = self.sender.send(pack);
    }
}

/// What a line turned out to be.
struct Judged {
    kind: Kind,
    is_salvaged: bool,
    is_matched: bool,
    /// Its text where it is an error, and what is known of that.
    error: Option<(String, Option<OwnedRecognised>)>,
}

impl Lane<'_> {
    fn log_event(&mut self, number: u64, event: &Recorded<'_>) {
        self.events += 1;
        if self.is_header(event) {
            return;
        }
        self.unreadable.received += 1;
        let Some(at_ms) = event.timestamp_ms else {
            self.without_time += 1;
            return;
        };
        let judged = event.message.and_then(|text| self.judge_recognised(event, text));
        let Judged { kind, is_salvaged, is_matched, error } = judged.unwrap_or_else(|| self.judge(event));
        if kind == Kind::Unreadable {
            self.unreadable.unreadable += 1;
            if self.unreadable.looks.is_none() {
                let text = event.message.map(|text| text.said(&mut self.said).into_owned());
                self.unreadable.looks =
                    text.as_deref().map(|text| Looks::of(text, self.settings.reader.format));
            }
        }
        let error = error.map(|(text, recognised)| {
            let id = String::from_utf8_lossy(event.id).into_owned();
            Box::new(ErrorLine {
                id,
                text,
                recognised,
                extracted_fields: source_fields(event.extracted_fields),
            })
        });
        let names = Names::of(event, &mut self.names);
        let source = self.source;
        self.piece.push(Line {
            at_ms,
            source,
            number,
            lines: 1,
            number_step: 0,
            kind,
            is_salvaged,
            is_matched,
            names,
            error,
        });
    }

    fn end(&mut self, number: u64, result: Result<(), RecordingFault>) {
        let without_time = std::mem::take(&mut self.without_time);
        let mut piece = std::mem::take(&mut self.piece);
        match result {
            Ok(()) => {
                (0..without_time)
                    .for_each(|_| self.problems.note(self.source, Trouble::WithoutTime, Some(number)));
                piece.drain(..).for_each(|line| self.hold(line));
            }
            Err(fault) => {
                self.events += 1;
                piece.clear();
                self.problems.fault(self.source, number, fault.to_string());
            }
        }
        self.piece = piece;
    }
}
