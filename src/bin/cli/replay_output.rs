//! What `replay` makes of one input: its messages, shown and posted, and what became of its lines; as text or as JSON.
//!
//! It decides when a message is shown. What a message says is the library's.

use std::io::{self, Write};

use serde::Serialize;
use statuswatch::ledger::Ledger;
use statuswatch::replay::{Found, ReplayedMessage, Totals};
use statuswatch::rules::{Action, DEFAULT_DESTINATION, Rules};
use statuswatch::slack::message::Message;
use statuswatch::slack::terminal::{Canvas, draw};
use statuswatch::words;

use crate::leave_on_broken_pipe;
use crate::outbox::Outbox;

/// Messages of one input that are held back until it is known whether most of its lines are access logs. What has made
/// so many is the log of an API, whatever else is in it.
const MAX_HELD: usize = 1_000;

/// How an input is shown.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a property of the input or a flag")]
pub(crate) struct Way<'a> {
    pub(crate) name: &'a str,
    /// Whether lines may still come while it is shown.
    pub(crate) is_live: bool,
    /// Whether nothing in it is a result, too.
    pub(crate) may_be_empty: bool,
    pub(crate) is_json: bool,
    pub(crate) allow_unreadable: bool,
    pub(crate) canvas: &'a Canvas,
}

/// One input while it is read.
///
/// The messages of a file stand below its totals, those of a live input above them.
pub(crate) struct Output<'a, W> {
    way: Way<'a>,
    out: &'a mut W,
    outbox: Option<&'a mut Outbox>,
    /// Messages that are not shown yet.
    held: Vec<ReplayedMessage>,
    /// Whether messages are shown as they come.
    is_open: bool,
    /// What is printed of JSON when all is there.
    bodies: Vec<Message>,
    /// Where each of them goes.
    destinations: Vec<String>,
    /// What Slack did not accept.
    refused: Ledger,
    faults: usize,
    /// Whether it was said that most lines are no access log.
    has_warned: bool,
    /// The first error of the output.
    written: io::Result<()>,
}

/// What became of one input.
pub(crate) struct Shown {
    /// `None` where the input was refused and nothing of it is shown.
    pub(crate) ledger: Option<Ledger>,
    /// Notifications that are rightly not posted.
    pub(crate) silent_notifications: u64,
    /// What could not be read or decoded.
    pub(crate) faults: usize,
    /// Whether all was read and posted, and is what it should be.
    pub(crate) is_well: bool,
}

impl<'a, W: Write> Output<'a, W> {
    pub(crate) fn new(way: Way<'a>, out: &'a mut W, outbox: Option<&'a mut Outbox>) -> Self {
        Self {
            way,
            out,
            outbox,
            held: Vec::new(),
            is_open: false,
            bodies: Vec::new(),
            destinations: Vec::new(),
            refused: Ledger::default(),
            faults: 0,
            has_warned: false,
            written: Ok(()),
        }
    }

    /// Takes what is found in the input, with its totals so far.
    pub(crate) fn take(&mut self, found: Found, totals: &Totals) {
        match found {
            Found::Message(told) if self.is_open => self.show(*told),
            Found::Message(told) => {
                self.held.push(*told);
                if self.held.len() >= MAX_HELD {
                    self.open();
                }
            }
            Found::Fault(line, what) => {
                report_line!("statuswatch: {}: line {line}: {what}", self.way.name);
                self.faults += 1;
            }
            Found::Pause if self.is_refused(totals) => self.warn(totals),
            Found::Pause => self.open(),
        }
    }

    /// Shows what is held, and the totals; says what is wrong with the input as a whole.
    pub(crate) fn finish(mut self, totals: &Totals) -> io::Result<Shown> {
        let mut faults = self.faults;
        let is_most = totals.unreadable().is_most() && !self.way.allow_unreadable;
        let is_empty = totals.pieces == 0 && !self.way.may_be_empty;
        let name = self.way.name;
        if is_empty {
            report_line!("statuswatch: {name}: nothing to replay: no log event, event or document in it");
        } else if is_most {
            self.warn(totals);
        }
        if totals.late > 0 {
            let late = words::count(totals.late, "line");
            report_line!(
                "statuswatch: {name}: {late} more than 15 minutes out of order, shown when they came; sort the input \
                 by time"
            );
        }
        if is_empty || (!self.is_open && self.is_refused(totals)) {
            faults += 1;
            return Ok(Shown { ledger: None, silent_notifications: 0, faults, is_well: false });
        }
        if self.way.is_live {
            self.open();
        }
        // The totals of a file stand above its messages, and count what Slack accepts of them.
        let below = if self.is_open { Vec::new() } else { std::mem::take(&mut self.held) };
        if let Some(outbox) = self.outbox.as_deref_mut() {
            for told in &below {
                post(outbox, name, told, &mut self.refused);
            }
        }
        let ledger = without(&totals.ledger, &self.refused);
        let silent_notifications = totals.silent_notifications;
        self.written?;
        if self.way.is_json {
            for told in below {
                self.bodies.push(told.rendered.message);
                self.destinations.push(told.destination);
            }
            let destinations = self.destinations.as_slice();
            let has_others = destinations.iter().any(|name| name != DEFAULT_DESTINATION);
            let destinations = has_others.then_some(destinations);
            let report = InputReport { source: name, ledger: &ledger, messages: &self.bodies, destinations };
            writeln!(self.out, "{}", serde_json::to_string(&report)?)?;
        } else {
            writeln!(self.out, "{name}: {}\n", summary(&ledger, silent_notifications, faults))?;
            for told in below {
                write_message(self.out, &told, self.way.canvas)?;
            }
        }
        let is_well = faults == 0 && self.refused == Ledger::default() && !is_most;
        // Pushed lines none of which can be read are shown as the function counts them, and are no result.
        let is_read = ledger.unreadable < ledger.received || ledger.received == 0 || !is_most;
        Ok(Shown { ledger: is_read.then_some(ledger), silent_notifications, faults, is_well })
    }

    /// Whether nothing is shown as most lines are no access log. What was pushed is shown as the function tells it.
    fn is_refused(&self, totals: &Totals) -> bool {
        totals.looks.is_some() && totals.unreadable().is_most() && !self.way.allow_unreadable
    }

    fn warn(&mut self, totals: &Totals) {
        if !std::mem::replace(&mut self.has_warned, true) {
            report_line!("statuswatch: {}: {}", self.way.name, totals.unreadable());
        }
    }

    /// Shows what is held, and from now on all as it comes.
    fn open(&mut self) {
        if std::mem::replace(&mut self.is_open, true) {
            return;
        }
        if !self.way.is_live && !self.way.is_json {
            let heading = writeln!(self.out, "{}:\n", self.way.name);
            self.note(heading);
        }
        for told in std::mem::take(&mut self.held) {
            self.show(told);
        }
    }

    /// Posts a message, if it is to be, and prints it.
    fn show(&mut self, told: ReplayedMessage) {
        if let Some(outbox) = self.outbox.as_deref_mut() {
            post(outbox, self.way.name, &told, &mut self.refused);
        }
        if self.way.is_json {
            self.bodies.push(told.rendered.message);
            self.destinations.push(told.destination);
            return;
        }
        let written = write_message(self.out, &told, self.way.canvas);
        self.note(written);
        // Whoever reads along waits for this one.
        if self.way.is_live {
            let flushed = self.out.flush();
            self.note(flushed);
        }
    }

    fn note(&mut self, written: io::Result<()>) {
        if self.written.is_ok() {
            self.written = written;
            if self.way.is_live {
                leave_on_broken_pipe(&self.written);
            }
        }
    }
}

/// Prints a message, below where it goes unless that is the default destination.
pub(crate) fn write_message(out: &mut impl Write, told: &ReplayedMessage, canvas: &Canvas) -> io::Result<()> {
    if let Some(name) = told.other_destination() {
        writeln!(out, "to {name}:")?;
    }
    writeln!(out, "{}", draw(&told.rendered.message, canvas))
}

/// Posts a message; what is not accepted is noted.
fn post(outbox: &mut Outbox, name: &str, told: &ReplayedMessage, refused: &mut Ledger) {
    let ReplayedMessage { rendered, destination, matched, alarms } = told;
    if let Err(error) = outbox.post(destination, rendered) {
        report_line!("statuswatch: {name}: message {} not delivered: {error}", rendered.id);
        refused.posted += 1;
        refused.refused += u64::from(error.is_refusal());
        refused.unavailable += u64::from(error.is_outage());
        refused.shown += rendered.shown;
        refused.counted += matched - rendered.shown;
        refused.failed += matched;
        refused.alarms += alarms;
    }
}

/// The ledger without what was refused, which is failed in it.
fn without(ledger: &Ledger, refused: &Ledger) -> Ledger {
    Ledger {
        posted: ledger.posted - refused.posted,
        shown: ledger.shown - refused.shown,
        counted: ledger.counted - refused.counted,
        failed: ledger.failed + refused.failed,
        alarms: ledger.alarms - refused.alarms,
        refused: ledger.refused + refused.refused,
        unavailable: ledger.unavailable + refused.unavailable,
        ..*ledger
    }
}

/// What `--json` prints of one input.
#[derive(Serialize)]
struct InputReport<'a> {
    source: &'a str,
    ledger: &'a Ledger,
    /// The exact bodies that would be posted.
    messages: &'a [Message],
    /// Where each of them goes; left out where all go to the default destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<&'a [String]>,
}

/// What became of the lines, in words; only of kinds that there are.
pub(crate) fn summary(ledger: &Ledger, silent_notifications: u64, faults: usize) -> String {
    let has_only_notices = ledger.received == 0 && ledger.posted + silent_notifications > 0;
    let mut parts = if has_only_notices { Vec::new() } else { vec![words::count(ledger.received, "line")] };
    let kinds = [
        (ledger.ok, "ok"),
        (ledger.ignored, "ignored"),
        (ledger.unreadable, "unreadable"),
        (ledger.duplicate, "duplicate"),
        (ledger.salvaged, "salvaged"),
        (ledger.copied, "copied for a further destination"),
        (ledger.failed, "not delivered"),
    ];
    parts.extend(
        kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{} {kind}", words::number(*count))),
    );
    parts.extend(told(ledger));
    if silent_notifications > 0 {
        parts.push(words::count(silent_notifications, "silent notification"));
    }
    parts.extend(besides(ledger, faults));
    parts.join(" · ")
}

/// What is notified, and in how many messages; a message may also be a text that is neither.
fn told(ledger: &Ledger) -> Option<String> {
    let kinds = [(ledger.matched, "error"), (ledger.alarms, "alarm change")];
    let what: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| words::count(*count, noun))
        .collect();
    let messages = words::count(ledger.posted, "message");
    let shown = format!(" ({} shown)", words::number(ledger.shown));
    match what.as_slice() {
        [] => (ledger.posted > 0).then_some(messages),
        what => {
            let shown = if ledger.matched > 0 { &shown } else { "" };
            Some(format!("{} in {messages}{shown}", what.join(" and ")))
        }
    }
}

/// What the numbers of lines do not say: what was not decoded, for reasons on standard error, or that all was
/// decoded and makes no message.
fn besides(ledger: &Ledger, faults: usize) -> Option<String> {
    match faults {
        0 => (ledger.posted + ledger.failed == 0).then(|| "no message".to_owned()),
        faults => Some(format!("{} not decoded", words::number(faults as u64))),
    }
}

/// How many lines each rule took, so that one that does nothing is seen.
pub(crate) fn write_hits(out: &mut impl Write, rules: &Rules, hits: &[u64]) -> io::Result<()> {
    for ((_, rule), hits) in rules.iter().zip(hits) {
        let action = match rule.action() {
            Action::Notify => "notify",
            Action::Count => "count",
            Action::Ignore => "ignore",
        };
        writeln!(out, "  rule \"{}\" ({action}): {}", rule.name(), words::count(*hits, "line"))?;
    }
    Ok(())
}
