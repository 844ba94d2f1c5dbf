//! Recordings in; their lines, each judged once, in the order of time, out.
//!
//! Each recording is read by a thread of its own (many recordings share [`MAX_LANES`] threads, neighbours together), and
//! the threads' lines are merged by time. Within a thread lines may be out of order: they are held until
//! [`WINDOW_MS`] of later log and [`MIN_HELD`] lines have come, or memory is short. What comes later than that is handed
//! on all the same, is counted and named. It holds the text of error lines only.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::{Settings, Warning};
use crate::access_log::formats::Recogniser;
use crate::access_log::{self, Format, Reading, Status, StatusClass};
use crate::decode::escape_into;
use crate::recording::{Recorded, log_events, text_of};

/// How much later log is waited for: 15 minutes.
pub const WINDOW_MS: i64 = 15 * 60_000;
/// So many lines are held in any case, so that an export of Logs Insights (at most 10,000 rows, newest first) is put
/// in order.
pub const MIN_HELD: usize = 20_000;
/// Threads that read.
pub const MAX_LANES: usize = 32;
/// What all threads together hold, bytes; each has its share.
const MAX_HELD_BYTES: usize = 192 * 1024 * 1024;
/// Lines handed over at once.
const PACK: usize = 512;
/// Faults of one recording that are named one by one.
const MAX_NAMED_FAULTS: usize = 20;

/// One recording.
pub struct Source {
    /// What a person would call it.
    pub name: String,
    /// Opens it, when its turn comes.
    pub open: Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>> + Send>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ok,
    Error(Status),
    Unreadable,
}

/// One line, judged.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) at_ms: i64,
    /// Position of its recording among the sources.
    pub(super) source: usize,
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) is_salvaged: bool,
    /// Whether the metric filter matches it.
    pub(super) is_seen: bool,
    pub(super) log_group: Arc<str>,
    pub(super) log_stream: Arc<str>,
    /// Unique: CloudWatch's, or made of source and number.
    pub(super) id: String,
    /// Its text where it is an error.
    pub(super) text: String,
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
            match thread.join() {
                Ok(of_lane) => problems.absorb(of_lane),
                // A defect of ours shows as what it is.
                Err(panic) => std::panic::resume_unwind(panic),
            }
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
        if let Some(line) = head.next() {
            each(line);
        }
        queue.extend(head.peek().map(|at_ms| Reverse((at_ms, index))));
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
    max_bytes: usize,
    sender: SyncSender<Vec<Line>>,
    held: BinaryHeap<Reverse<Held>>,
    held_bytes: usize,
    newest_ms: i64,
    handed_on_ms: i64,
    order: u64,
    pack: Vec<Line>,
    problems: Problems,
    names: (Arc<str>, Arc<str>),
    recogniser: Recogniser,
    /// Space for a line in its escaped form, used again and again.
    escaped: Vec<u8>,
}

struct Held {
    order: u64,
    line: Line,
}

impl Held {
    fn key(&self) -> (i64, u64) {
        (self.line.at_ms, self.order)
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<'s> Lane<'s> {
    fn new(settings: &'s Settings, max_bytes: usize, sender: SyncSender<Vec<Line>>) -> Self {
        Self {
            settings,
            max_bytes,
            sender,
            held: BinaryHeap::new(),
            held_bytes: 0,
            newest_ms: i64::MIN,
            handed_on_ms: i64::MIN,
            order: 0,
            pack: Vec::with_capacity(PACK),
            problems: Problems::default(),
            names: (Arc::from(""), Arc::from("")),
            recogniser: Recogniser::default(),
            escaped: Vec::new(),
        }
    }

    fn read(mut self, chain: Vec<(usize, Source)>) -> Problems {
        for (index, source) in chain {
            let mut events = 0_u64;
            let max_bytes = self.settings.max_decompressed_bytes;
            let reader = match (source.open)() {
                Ok(reader) => reader,
                Err(error) => {
                    self.problems.unread(index, &format!("not opened: {error}"));
                    continue;
                }
            };
            let result = log_events(reader, max_bytes, &mut |number, event| {
                events += 1;
                match event {
                    Ok(event) => self.take(index, number, &event),
                    Err(fault) => self.problems.fault(index, number, fault.to_string()),
                }
            });
            match result {
                Err(error) => self.problems.unread(index, &format!("not read to its end: {error}")),
                Ok(()) if events == 0 => self.problems.note(index, Trouble::Empty, None),
                Ok(()) => {}
            }
        }
        while self.hand_on_oldest() {}
        self.send();
        self.problems
    }

    fn take(&mut self, source: usize, number: u64, event: &Recorded<'_>) {
        let Some(at_ms) = event.timestamp_ms else {
            return self.problems.note(source, Trouble::WithoutTime, Some(number));
        };
        let text = event.message.map(text_of).unwrap_or_default();
        let text = text.trim_end();
        let (kind, is_salvaged) = self.judge(text);
        let is_error = matches!(kind, Kind::Error(_));
        self.order += 1;
        let id = match (is_error, event.id) {
            (false, _) => String::new(),
            // Every log event has an id in CloudWatch: lines that look alike are not taken for one.
            (true, "") => format!("{source}:{number}:{}", self.order),
            (true, id) => id.to_owned(),
        };
        let (log_group, log_stream) = self.names(event);
        let line = Line {
            at_ms,
            source,
            number,
            kind,
            is_salvaged,
            is_seen: self.settings.pattern.matches(text),
            log_group,
            log_stream,
            id,
            text: if is_error { text.to_owned() } else { String::new() },
        };
        self.newest_ms = self.newest_ms.max(at_ms);
        self.held_bytes += bytes(&line);
        self.held.push(Reverse(Held { order: self.order, line }));
        while self.is_full() && self.hand_on_oldest() {}
    }

    /// What a line is, and whether it is salvaged. As in a batch, its format is learned and recognised.
    fn judge(&mut self, text: &str) -> (Kind, bool) {
        let reader = &self.settings.reader;
        let may_be_known = matches!(reader.format, Format::Auto | Format::Json) && text.starts_with('{');
        if may_be_known {
            let escaped = escape_into(text.as_bytes(), &mut self.escaped);
            let length = self.recogniser.recognise(escaped, &reader.formats);
            if length.is_some_and(|length| length + 1 == escaped.len())
                && let Some((template, values)) = self.recogniser.last()
            {
                if template.is_ok(escaped, values) {
                    return (Kind::Ok, false);
                }
                let log =
                    std::str::from_utf8(escaped).ok().and_then(|text| template.access_log(text, values));
                if let Some(log) = log {
                    return (Kind::of(log.status), false);
                }
            }
        }
        let judged = match access_log::read(text, reader.format) {
            Reading::AccessLog(log) => (Kind::of(log.status), false),
            Reading::Salvaged(log) => (Kind::of(log.status), true),
            Reading::Unreadable => (Kind::Unreadable, false),
        };
        if may_be_known {
            self.recogniser.learn(text, &reader.formats);
        }
        judged
    }

    /// Names are shared: a recording has few.
    fn names(&mut self, event: &Recorded<'_>) -> (Arc<str>, Arc<str>) {
        if &*self.names.0 != event.log_group {
            self.names.0 = Arc::from(event.log_group);
        }
        if &*self.names.1 != event.log_stream {
            self.names.1 = Arc::from(event.log_stream);
        }
        self.names.clone()
    }

    fn is_full(&self) -> bool {
        let oldest_ms = self.held.peek().map(|Reverse(held)| held.line.at_ms);
        let is_past = oldest_ms.is_some_and(|oldest| self.newest_ms.saturating_sub(oldest) > WINDOW_MS);
        self.held_bytes > self.max_bytes || (is_past && self.held.len() > MIN_HELD)
    }

    fn hand_on_oldest(&mut self) -> bool {
        let Some(Reverse(Held { line, .. })) = self.held.pop() else { return false };
        self.held_bytes = self.held_bytes.saturating_sub(bytes(&line));
        if line.at_ms < self.handed_on_ms {
            self.problems.note(line.source, Trouble::Late, Some(line.number));
        }
        self.handed_on_ms = self.handed_on_ms.max(line.at_ms);
        self.pack.push(line);
        if self.pack.len() == PACK {
            self.send();
        }
        true
    }

    fn send(&mut self) {
        let pack = std::mem::replace(&mut self.pack, Vec::with_capacity(PACK));
        // Whoever receives has gone only when the process ends.
        let _ = self.sender.send(pack);
    }
}

fn bytes(line: &Line) -> usize {
    size_of::<Held>() + line.id.capacity() + line.text.capacity()
}

impl Kind {
    fn of(status: Status) -> Self {
        if status.class() == StatusClass::Ok { Self::Ok } else { Self::Error(status) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Empty,
    WithoutTime,
    Late,
    MoreFaults,
}

/// What was wrong with the recordings, by their position among the sources.
#[derive(Default)]
struct Problems {
    counted: BTreeMap<(usize, Trouble), (u64, Option<u64>)>,
    faults: Vec<(usize, Option<u64>, String)>,
}

impl Problems {
    fn note(&mut self, source: usize, trouble: Trouble, line: Option<u64>) {
        let (count, _) = self.counted.entry((source, trouble)).or_insert((0, line));
        *count += 1;
    }

    fn fault(&mut self, source: usize, line: u64, what: String) {
        if self.faults.iter().filter(|(of, _, _)| *of == source).count() < MAX_NAMED_FAULTS {
            self.faults.push((source, Some(line), what));
        } else {
            self.note(source, Trouble::MoreFaults, Some(line));
        }
    }

    fn unread(&mut self, source: usize, why: &str) {
        self.faults.push((source, None, why.to_owned()));
    }

    fn absorb(&mut self, other: Self) {
        self.counted.extend(other.counted);
        self.faults.extend(other.faults);
    }

    fn without_time(&self) -> u64 {
        let counted = self.counted.iter().filter(|((_, trouble), _)| *trouble == Trouble::WithoutTime);
        counted.map(|(_, (count, _))| count).sum()
    }

    fn warnings(self, names: &[String]) -> Vec<Warning> {
        let name = |source: usize| names.get(source).cloned().unwrap_or_default();
        let mut warnings = Vec::new();
        for (source, line, what) in self.faults {
            warnings.push(Warning { source: name(source), line, count: 1, what, is_failure: true });
        }
        for ((source, trouble), (count, line)) in self.counted {
            let (what, is_failure) = match trouble {
                Trouble::Empty => ("nothing in it", false),
                Trouble::WithoutTime => ("without a time, left out of every figure", false),
                Trouble::Late => {
                    ("more than 15 minutes out of order, told when they came; sort the input by time", false)
                }
                Trouble::MoreFaults => ("further pieces that could not be read", true),
            };
            warnings.push(Warning { source: name(source), line, count, what: what.to_owned(), is_failure });
        }
        warnings
    }
}
