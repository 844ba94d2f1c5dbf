//! What standard output and standard error are: a person's terminal, or a pipe.

use std::io::{self, IsTerminal, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use statuswatch::slack::terminal::{Canvas, Color};
use statuswatch::words;

use crate::input::Input;

/// Input that is read faster than this needs no progress bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// What messages are drawn on: in colour only on a terminal that has any and never with `NO_COLOR`, wrapped only on
/// a terminal.
pub(crate) fn canvas() -> Canvas {
    let is_terminal = io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Canvas {
        width: width.filter(|_| is_terminal),
        color: if is_terminal && !no_color && !is_dumb { Color::Always } else { Color::Never },
    }
}

/// One bar for many inputs; hidden until they take longer than a second, and where nobody looks.
#[derive(Clone)]
pub(crate) struct SharedProgress {
    bar: ProgressBar,
    shown_from: Option<Instant>,
}

impl SharedProgress {
    /// A bar that nobody ever sees.
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), shown_from: None }
    }

    /// `length` is the size of all inputs in bytes, where it is known.
    pub(crate) fn new(length: Option<u64>, name: &str) -> Self {
        let (bar, shown_from) = hidden_bar(length, name);
        Self { bar, shown_from }
    }

    /// Counts what is read of one input.
    pub(crate) fn wrap<R: Read>(&self, inner: R) -> impl Read + use<R> {
        Counted { inner, progress: self.clone() }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

struct Counted<R> {
    inner: R,
    progress: SharedProgress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(out)?;
        let SharedProgress { bar, shown_from } = &mut self.progress;
        bar.inc(length as u64);
        if shown_from.is_some_and(|from| from <= Instant::now()) {
            *shown_from = None;
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Ok(length)
    }
}

/// Reads through, and on a terminal shows how far it is when it takes longer than a second.
pub(crate) struct Progress<R> {
    inner: R,
    bar: ProgressBar,
    shown_from: Option<Instant>,
}

impl<R: Read> Progress<R> {
    /// `length` is the input's size in bytes, where it is known. What a live input comes to is shown as it comes: on a
    /// terminal there is no bar beside it.
    pub(crate) fn new(inner: R, length: Option<u64>, input: &Input) -> Self {
        let (bar, shown_from) = hidden_bar(length, &input.name);
        let shown_from =
            shown_from.filter(|_| !(input.is_fetched() || input.is_live() && io::stdout().is_terminal()));
        Self { inner, bar, shown_from }
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(out)?;
        self.bar.inc(length as u64);
        if self.shown_from.is_some_and(|from| from <= Instant::now()) {
            self.shown_from = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Ok(length)
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// One bar for all log groups that are fetched: how much of the time asked for is there. On a terminal only.
#[derive(Clone)]
pub(crate) struct FetchBar {
    bar: ProgressBar,
    events: Arc<AtomicU64>,
}

impl FetchBar {
    /// A bar that nobody ever sees.
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), events: Arc::default() }
    }

    /// Of each log group so many milliseconds are fetched.
    pub(crate) fn new(log_groups: &[String], span_ms: i64) -> Self {
        let name = match log_groups {
            [name] => name.clone(),
            names => words::count(names.len() as u64, "log group"),
        };
        let length = u64::try_from(span_ms).unwrap_or_default().saturating_mul(log_groups.len() as u64);
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        bar.set_prefix(name);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix}  {wide_bar}  {percent} %, {msg}, {eta} left")
        {
            bar.set_style(style);
        }
        Self { bar, events: Arc::default() }
    }

    /// So much more of the time is there, with so many log events.
    pub(crate) fn advance(&self, ms: i64, events: u64) {
        let events = self.events.fetch_add(events, Ordering::Relaxed) + events;
        self.bar.set_message(words::count(events, "log event"));
        self.bar.inc(u64::try_from(ms).unwrap_or_default());
        if self.bar.length().is_some_and(|length| self.bar.position() >= length) {
            self.bar.finish_and_clear();
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar that nobody sees yet, and from when on it may be seen.
fn hidden_bar(length: Option<u64>, name: &str) -> (ProgressBar, Option<Instant>) {
    let template = match length {
        Some(_) => "{prefix}  {wide_bar}  {bytes} of {total_bytes}, {eta} left",
        None => "{prefix}  {bytes} so far",
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    bar.set_prefix(name.to_owned());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    (bar, io::stderr().is_terminal().then(|| Instant::now() + PATIENCE))
}
