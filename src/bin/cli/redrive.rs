//! `statuswatch redrive`: the records of a failure queue or bucket in; their messages, shown or posted, out.
//!
//! A record is deleted only once Slack has accepted all of its messages. What is not deleted is given back.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use statuswatch::slack::terminal::Canvas;
use statuswatch::words;

use crate::Exit;
use crate::outbox::Places;
use crate::redrive_arguments::RedriveArguments;
use crate::redrive_record::{Done, Fate, Redrive};
use crate::redrive_source::{Record, Source, SourceError};
use crate::replay::{ReadAs, settings};
use crate::sign_in::SignIn;
use crate::terminal::canvas;

/// Records in a row that Slack did not accept for reasons that all share; then it is no use to go on.
const MAX_REFUSED: u32 = 3;

pub(crate) fn run(arguments: &RedriveArguments) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(redrive(arguments))
}

async fn redrive(arguments: &RedriveArguments) -> anyhow::Result<Exit> {
    let named = arguments.region.as_deref().filter(|name| !name.trim().is_empty());
    let region = arguments.queue.as_ref().and_then(|queue| queue.region()).or(named);
    let signed_in = SignIn::load(arguments.profile.as_deref(), region).await?;
    let read_as = ReadAs {
        reading: &arguments.reading,
        log_groups: &arguments.links.log_groups,
        now_ms: None,
        as_one: false,
        deliver: arguments.deliver,
    };
    let (settings, config) = settings(&read_as, Some(signed_in.region()))?;
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
    let (name, source) = match (&arguments.queue, &arguments.bucket) {
        (Some(queue), _) => (queue.name().to_owned(), Source::queue(&signed_in, queue).await?),
        (None, Some(bucket)) => (bucket.to_string(), Source::bucket(&signed_in, bucket).await?),
        (None, None) => anyhow::bail!("--queue or --bucket says where the records are"),
    };
    let mut run = Run {
        name,
        redrive: Redrive::new(settings, places, arguments.allow_unreadable),
        canvas: canvas(),
        left: arguments.max_records,
        stop,
        is_interrupted: false,
        is_cut: false,
        tally: Tally::default(),
    };
    let ended = match source {
        Ok(source) => run.all(source).await,
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(left) => {
            if run.is_interrupted {
                report_line!("statuswatch: {}: interrupted before its end, {left} left", run.name);
            }
            run.sum_up(Some(&left))?;
            let Tally { unreadable, refused, .. } = run.tally;
            let is_done = unreadable + refused == 0 && !run.is_interrupted && !run.is_cut;
            Ok(if is_done { Exit::Done } else { Exit::InputFailed })
        }
        Err(Failed::Output(error)) => Err(error.into()),
        Err(Failed::Source(error)) => {
            report_line!("statuswatch: {}: {error}", run.name);
            if run.tally.records > 0 {
                run.sum_up(None)?;
            }
            Ok(Exit::InputFailed)
        }
    }
}

/// One run over a queue or bucket.
struct Run {
    name: String,
    redrive: Redrive,
    canvas: Canvas,
    /// So many records more.
    left: u32,
    stop: Arc<AtomicBool>,
    /// Whether it was stopped with records before it.
    is_interrupted: bool,
    /// Whether it took as many records as it may, with more before it.
    is_cut: bool,
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

/// Why a run ended early.
enum Failed {
    Source(SourceError),
    Output(io::Error),
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl Run {
    /// Takes all records, and says what is left.
    async fn all(&mut self, mut source: Source) -> Result<String, Failed> {
        let most = source.max_receives().await?;
        if let Some(most) = most.filter(|_| !self.redrive.delivers()) {
            report_line!(
                "statuswatch: {}: each look is one of the {most} receives after which SQS moves a message on to the queue's \
                 own dead-letter queue",
                self.name
            );
        }
        let hidden = source.keep_hidden();
        let drained = tokio::select! {
            drained = self.drain(&mut source) => drained,
            () = hidden => Ok(()),
        };
        // Whatever happened, what was not deleted is back at once.
        let given_back = source.give_back().await;
        drained?;
        given_back?;
        Ok(source.left().await?)
    }

    /// Takes one record after another, until there is none or there is a reason to stop.
    async fn drain(&mut self, source: &mut Source) -> Result<(), Failed> {
        let mut refused_in_a_row = 0;
        while let Some(records) = source.next().await? {
            for record in records {
                if let Some(error) = source.failure() {
                    return Err(error.into());
                }
                if self.stop.load(Ordering::Relaxed) {
                    self.is_interrupted = true;
                    return Ok(());
                }
                let text = if self.left == 0 {
                    self.is_cut = true;
                    Some(format!("stopped after {} (--max-records)", self.records()))
                } else if refused_in_a_row == MAX_REFUSED {
                    Some(format!("stopped: {MAX_REFUSED} records in a row were not accepted"))
                } else {
                    None
                };
                if let Some(text) = text {
                    report_line!("statuswatch: {}: {text}", self.name);
                    return Ok(());
                }
                self.left -= 1;
                let fate = self.record(source, &record).await?;
                refused_in_a_row =
                    if fate == (Fate::Refused { by_all: true }) { refused_in_a_row + 1 } else { 0 };
            }
        }
        Ok(())
    }

    async fn record(&mut self, source: &Source, record: &Record) -> Result<Fate, Failed> {
        let name = &record.name;
        let done = match &record.body {
            Some(body) => self.redrive.record(body).await,
            None => Done::too_large(),
        };
        self.tally.records += 1;
        for fault in &done.faults {
            report_line!("statuswatch: {}: record {name}: {fault}", self.name);
        }
        match done.fate {
            Fate::Good if self.redrive.delivers() => {
                if let Err(error) = source.delete(record).await {
                    let posted = words::count(done.told.len() as u64, "message");
                    report_line!(
                        "statuswatch: {}: record {name}: {posted} posted, but the record is not deleted: whoever takes it \
                         next posts it again",
                        self.name
                    );
                    return Err(error.into());
                }
                self.tally.good += 1;
            }
            Fate::Good => self.tally.good += 1,
            Fate::Unreadable => self.tally.unreadable += 1,
            Fate::Refused { .. } => self.tally.refused += 1,
        }
        let since = match record.since_ms {
            0 => String::new(),
            ms => format!(", in the queue since {} {} UTC", words::day(ms), words::minute(ms)),
        };
        let heading = format!("record {name}{since}");
        done.write(&mut io::stdout().lock(), &heading, &self.canvas).map_err(Failed::Output)?;
        Ok(done.fate)
    }

    fn sum_up(&self, left: Option<&str>) -> io::Result<()> {
        let Tally { good, unreadable, refused, .. } = self.tally;
        let delivers = self.redrive.delivers();
        let good_ones = if delivers { "redriven and deleted" } else { "can be redriven" };
        let kinds = [(good, good_ones), (unreadable, "cannot be read"), (refused, "not accepted")];
        let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
        let kinds = kinds.map(|(count, kind)| format!(" · {} {kind}", words::number(count)));
        let mut out = io::stdout().lock();
        writeln!(out, "In all: {}{}", self.records(), kinds.collect::<String>())?;
        if let Some(left) = left {
            writeln!(out, "Left in {}: {left}", self.name)?;
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
