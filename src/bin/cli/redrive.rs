//! `statuswatch redrive`: the records of a failure queue in; their messages, shown or posted, out.
//!
//! A record is deleted only once Slack has accepted all of its messages. What is not deleted is given back.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use statuswatch::aws::Service;
use statuswatch::failure_queue::{Depth, FailureQueue, QueueError, Record};
use statuswatch::http::HttpClient;
use statuswatch::slack::terminal::Canvas;
use statuswatch::words;

use crate::Exit;
use crate::deliver::Places;
use crate::redrive_arguments::RedriveArguments;
use crate::redrive_record::{Fate, Redrive};
use crate::replay::{ReadAs, settings};
use crate::sign_in::SignIn;
use crate::terminal::canvas;

/// Records in a row that Slack did not accept for reasons that all share; then it is no use to go on.
const MAX_REFUSED: u32 = 3;
/// One receives or deletes, another keeps hidden what is held.
const CONNECTIONS: usize = 2;

pub(crate) fn run(arguments: &RedriveArguments) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(redrive(arguments))
}

async fn redrive(arguments: &RedriveArguments) -> anyhow::Result<Exit> {
    let named = arguments.region.as_deref().filter(|name| !name.trim().is_empty());
    let region = arguments.queue.region().or(named);
    let session = SignIn::load(arguments.profile.as_deref(), region).await?.session(Service::Sqs)?;
    let read_as = ReadAs {
        rules: arguments.rules.as_deref(),
        format: arguments.format,
        redact: arguments.redact.as_ref(),
        log_groups: &arguments.log_groups,
        now_ms: None,
        as_one: false,
        deliver: arguments.deliver,
    };
    let (settings, config) = settings(&read_as, Some(session.region()))?;
    let places = match config {
        Some(config) => Some(Places::open(config).await?),
        None => None,
    };
    let stop = Arc::new(AtomicBool::new(false));
    // The second Ctrl-C ends the process; SQS gives back what is held then when its time is over.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let mut run = Run {
        name: arguments.queue.name(),
        redrive: Redrive::new(settings, places, arguments.allow_unreadable),
        canvas: canvas(),
        left: arguments.max_records,
        stop,
        tally: Tally::default(),
    };
    let http = HttpClient::keeping(CONNECTIONS)?;
    match run.queue(http, session, arguments).await {
        Ok(left) => {
            run.sum_up(Some(left?))?;
            let Tally { unreadable, refused, .. } = run.tally;
            Ok(if unreadable + refused == 0 { Exit::Done } else { Exit::InputFailed })
        }
        Err(error) => {
            eprintln!("statuswatch: {}: {error}", run.name);
            if run.tally.records > 0 {
                run.sum_up(None)?;
            }
            Ok(Exit::InputFailed)
        }
    }
}

/// One run over a queue.
struct Run<'a> {
    name: &'a str,
    redrive: Redrive,
    canvas: Canvas,
    /// So many records more.
    left: u32,
    stop: Arc<AtomicBool>,
    tally: Tally,
}

/// What became of the records.
#[derive(Default)]
struct Tally {
    records: u64,
    /// Accepted, or without anything to post.
    good: u64,
    unreadable: u64,
    refused: u64,
}

impl Run<'_> {
    /// Drains the queue, and says what is left in it.
    async fn queue(
        &mut self,
        http: HttpClient,
        session: statuswatch::aws::Session,
        arguments: &RedriveArguments,
    ) -> Result<io::Result<Depth>, QueueError> {
        let queue = FailureQueue::open(http, session, &arguments.queue, SystemTime::now()).await?;
        let before = queue.depth().await?;
        if let Some(most) = before.max_receives.filter(|_| !arguments.deliver) {
            eprintln!(
                "statuswatch: {}: each look is one of the {most} receives after which SQS moves a message on to the queue's \
                 own dead-letter queue",
                self.name
            );
        }
        let drained = tokio::select! {
            drained = self.drain(&queue) => drained,
            () = queue.keep_hidden() => Ok(Ok(())),
        };
        // Whatever happened, what was not deleted is back at once.
        let given_back = queue.give_back().await;
        let written = drained?;
        given_back?;
        let left = queue.depth().await?;
        Ok(written.map(|()| left))
    }

    /// Takes one record after another, until there is none or there is a reason to stop.
    async fn drain(&mut self, queue: &FailureQueue<HttpClient>) -> Result<io::Result<()>, QueueError> {
        let mut refused_in_a_row = 0;
        while let Some(records) = queue.receive().await? {
            for record in records {
                if let Some(error) = queue.failure() {
                    return Err(error);
                }
                if self.stop.load(Ordering::Relaxed) {
                    eprintln!("statuswatch: {}: stopped", self.name);
                    return Ok(Ok(()));
                }
                if self.left == 0 {
                    eprintln!("statuswatch: {}: stopped after {} (--max-records)", self.name, self.records());
                    return Ok(Ok(()));
                }
                self.left -= 1;
                let fate = match self.record(queue, &record).await? {
                    Ok(fate) => fate,
                    Err(error) => return Ok(Err(error)),
                };
                refused_in_a_row =
                    if fate == (Fate::Refused { by_all: true }) { refused_in_a_row + 1 } else { 0 };
                if refused_in_a_row == MAX_REFUSED {
                    let name = self.name;
                    eprintln!(
                        "statuswatch: {name}: stopped: {MAX_REFUSED} records in a row were not accepted"
                    );
                    return Ok(Ok(()));
                }
            }
        }
        Ok(Ok(()))
    }

    async fn record(
        &mut self,
        queue: &FailureQueue<HttpClient>,
        record: &Record,
    ) -> Result<io::Result<Fate>, QueueError> {
        let name = shown(&record.id);
        let done = self.redrive.record(record.body.as_bytes()).await;
        self.tally.records += 1;
        for fault in &done.faults {
            eprintln!("statuswatch: {}: record {name}: {fault}", self.name);
        }
        match done.fate {
            Fate::Good if self.redrive.delivers() => {
                if let Err(error) = queue.delete(record).await {
                    let posted = words::count(done.told.len() as u64, "message");
                    eprintln!(
                        "statuswatch: {}: record {name}: {posted} posted, but the record is not deleted: whoever takes it \
                         next posts it again",
                        self.name
                    );
                    return Err(error);
                }
                self.tally.good += 1;
            }
            Fate::Good => self.tally.good += 1,
            Fate::Unreadable => self.tally.unreadable += 1,
            Fate::Refused { .. } => self.tally.refused += 1,
        }
        let since = match record.sent_ms {
            0 => String::new(),
            ms => format!(", in the queue since {} {} UTC", words::day(ms), words::minute(ms)),
        };
        let written = done.write(&mut io::stdout().lock(), &format!("record {name}{since}"), &self.canvas);
        Ok(written.map(|()| done.fate))
    }

    fn sum_up(&self, left: Option<Depth>) -> io::Result<()> {
        let Tally { good, unreadable, refused, .. } = self.tally;
        let delivers = self.redrive.delivers();
        let good_ones = if delivers { "redriven and deleted" } else { "can be redriven" };
        let kinds = [(good, good_ones), (unreadable, "cannot be read"), (refused, "not accepted")];
        let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
        let kinds = kinds.map(|(count, kind)| format!(" · {} {kind}", words::number(count)));
        let mut out = io::stdout().lock();
        writeln!(out, "In all: {}{}", self.records(), kinds.collect::<String>())?;
        if let Some(left) = left {
            let elsewhere = match left.in_flight {
                0 => String::new(),
                count => format!(", {} of them held by others", words::number(count)),
            };
            writeln!(out, "Left in {}: about {}{elsewhere}", self.name, words::count(left.all(), "record"))?;
        }
        if !delivers && self.tally.records > 0 {
            writeln!(out, "Nothing was posted or deleted: --deliver does both")?;
        }
        out.flush()
    }

    fn records(&self) -> String {
        words::count(self.tally.records, "record")
    }
}

/// An id as it is shown: SQS's own are shorter and plain.
fn shown(id: &str) -> String {
    id.chars().filter(char::is_ascii_graphic).take(100).collect()
}
