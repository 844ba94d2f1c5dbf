//! Log groups as inputs: what is fetched of each, read as a file is.
//!
//! It only reads from AWS.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use clap::Args;
use statuswatch::aws::Service;
use statuswatch::cloudwatch_logs::{CloudWatchLogs, LogsError, MAX_TAILED_GROUPS, Page, Pages, Query};
use statuswatch::http::HttpClient;
use statuswatch::words;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::moment::Moment;
use crate::save::Saved;
use crate::sign_in::SignIn;
use crate::terminal::FetchBar;

/// Connections of one log group.
const CONNECTIONS: usize = 4;

/// Arguments with which no path is asked for: at most the log group is missing.
pub(crate) const FETCHED: [&str; 4] = ["names", "since", "until", "save"];

/// What is fetched from AWS.
#[derive(Debug, Args)]
#[command(next_help_heading = "From AWS")]
pub(crate) struct FetchArguments {
    /// Fetch the log events of this log group, by name or ARN; can be given several times, and * stands for any text
    ///
    /// Reads only. Needs the permission logs:FilterLogEvents, and with * logs:DescribeLogGroups. Ctrl-C ends the fetching
    /// and goes on with what is there.
    #[arg(long = "log-group", value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// From when on: so long ago (90s, 5m, 12h, 7d, 2w), a day, or a time such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "MOMENT", default_value = "1h", requires = "names")]
    pub(crate) since: Moment,
    /// Up to when, in the same forms [default: now]
    #[arg(long, value_name = "MOMENT", requires = "names")]
    pub(crate) until: Option<Moment>,
    /// Profile of AWS's configuration files
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Keep what is fetched of the one log group in this file, compressed if it ends in .zst or .gz; where nothing can be
    /// fetched, a file that is there stays as it is
    #[arg(long, value_name = "FILE", requires = "names")]
    pub(crate) save: Option<PathBuf>,
}

/// What is followed.
#[derive(Debug, Default, Clone, Copy, Args)]
#[command(next_help_heading = "From AWS")]
pub(crate) struct FollowArguments {
    /// Go on with what arrives in the log groups, asked for every two seconds, until Ctrl-C
    ///
    /// What arrives up to two minutes late is there, too, where little comes; up to ten seconds where much comes.
    #[arg(long, requires = "names", conflicts_with = "until")]
    pub(crate) follow: bool,
    /// Show what arrives within a second or two, by a Live Tail session; AWS charges for each minute of it
    ///
    /// In many Regions a minute costs USD 0.01; see the prices of CloudWatch. A session takes up to 10 log groups of the
    /// Standard class. It begins when what --since asks for is there, and ends with Ctrl-C.
    ///
    /// Above 500 log events a second AWS leaves some out of the session. They are fetched as --follow does it, and standard
    /// error says so; all else is checked in the same way every 30 seconds. A log event that both bring is told by its
    /// log stream, time and text. Needs the permissions logs:StartLiveTail and, unless log groups are named by ARN,
    /// logs:DescribeLogGroups.
    #[arg(long, requires = "follow")]
    pub(crate) live_tail: bool,
}

/// One log group that is to be fetched, or all that are followed.
#[derive(Clone)]
pub(crate) struct Fetch(Arc<Shared>);

struct Shared {
    logs: CloudWatchLogs,
    name: String,
    /// One, but where they are followed.
    queries: Vec<Query>,
    groups: usize,
    following: FollowArguments,
    stop: Arc<AtomicBool>,
    bar: FetchBar,
    saved: Option<Arc<Mutex<Saved>>>,
    /// What ended it early, behind what was fetched.
    cut_short: Mutex<Option<String>>,
}

/// Finds the log groups that are named, in their order. Nothing is fetched yet.
pub(crate) fn fetches(
    arguments: &FetchArguments,
    following: FollowArguments,
    signed_in: &SignIn,
    now: SystemTime,
) -> anyhow::Result<Result<Vec<Fetch>, LogsError>> {
    let now_ms = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let from_ms = arguments.since.at_ms(now_ms).max(0);
    let until_ms = arguments.until.map_or(now_ms, |until| until.at_ms(now_ms));
    ensure!(from_ms < until_ms, "--since must be before --until");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (logs, groups) = runtime.block_on(async {
        let logs = CloudWatchLogs::new(signed_in.session(Service::Logs)?, now);
        let groups = logs.groups(HttpClient::new()?, &arguments.names).await;
        anyhow::Ok((logs, groups))
    })?;
    let groups = match groups {
        Ok(groups) => groups,
        Err(error) => return Ok(Err(error)),
    };
    ensure!(
        arguments.save.is_none() || groups.len() == 1,
        "--save keeps one log group, in order of time: name one, not {}",
        groups.len()
    );
    ensure!(
        !following.live_tail || groups.len() <= MAX_TAILED_GROUPS,
        "--live-tail takes at most {MAX_TAILED_GROUPS} log groups, not {}",
        groups.len()
    );
    let saved = match &arguments.save {
        Some(path) => {
            let saved = Saved::open(path).with_context(|| path.display().to_string())?;
            Some(Arc::new(Mutex::new(saved)))
        }
        None => None,
    };
    let stop = Arc::new(AtomicBool::new(false));
    // The second Ctrl-C ends the process.
    signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGINT, 130, Arc::clone(&stop))?;
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&stop))?;
    let bar = if following.follow { FetchBar::hidden() } else { FetchBar::new(&groups, until_ms - from_ms) };
    let query = |log_group: &String| Query { log_group: log_group.clone(), from_ms, until_ms };
    let fetch = |name: String, queries: Vec<Query>| {
        Fetch(Arc::new(Shared {
            logs: logs.clone(),
            name,
            queries,
            groups: groups.len(),
            following,
            stop: Arc::clone(&stop),
            bar: bar.clone(),
            saved: saved.clone(),
            cut_short: Mutex::default(),
        }))
    };
    if following.follow {
        let name = match groups.as_slice() {
            [name] => name.clone(),
            names => words::count(names.len() as u64, "log group"),
        };
        return Ok(Ok(vec![fetch(name, groups.iter().map(query).collect())]));
    }
    Ok(Ok(groups.iter().map(|name| fetch(name.clone(), vec![query(name)])).collect()))
}

impl Fetch {
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it goes on until it is stopped.
    pub(crate) fn is_followed(&self) -> bool {
        self.0.following.follow
    }

    /// Begins to fetch. What fails before the first log event is an error of reading; what ends it later ends the input,
    /// and [`Self::cut_short`] tells of it.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let Shared { logs, queries, groups, following, stop, .. } = &*self.0;
        let http = HttpClient::keeping(CONNECTIONS).map_err(io::Error::other)?;
        let page = Page::default();
        let first = queries.first().ok_or_else(|| io::Error::other(LogsError::NoRuntime))?;
        let at_ms = first.from_ms;
        let stop = Arc::clone(stop);
        let pages = if following.follow {
            logs.follow(http, queries.clone(), following.live_tail, stop)
        } else {
            logs.fetch(http, first.clone(), *groups, stop)
        };
        Ok(Box::new(Reader { pages, page, events: 0, sampled: 0, at_ms, shared: Arc::clone(&self.0) }))
    }

    /// What ended it early, and up to when it was fetched.
    pub(crate) fn cut_short(&self) -> Option<String> {
        self.0.cut_short.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Reader {
    pages: Pages,
    page: Page,
    events: u64,
    /// Updates of Live Tail that left log events out.
    sampled: u64,
    /// Up to when all is there.
    at_ms: i64,
    shared: Arc<Shared>,
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.page.read(out)?;
            if length > 0 || out.is_empty() {
                self.save(|saved| saved.write(out.get(..length).unwrap_or_default()))?;
                return Ok(length);
            }
            let stopped = self.shared.stop.load(Ordering::Relaxed).then_some(Err(LogsError::Stopped));
            match stopped.or_else(|| self.pages.next()) {
                Some(Ok(page)) => {
                    self.shared.bar.advance(page.until_ms - self.at_ms, page.events);
                    self.events += page.events;
                    self.at_ms = self.at_ms.max(page.until_ms);
                    self.count_sampled(page.is_sampled);
                    self.page = page;
                }
                Some(Err(error)) => {
                    self.shared.bar.finish();
                    self.say_sampled();
                    if self.shared.following.follow && error == LogsError::Stopped {
                        self.save(Saved::finish)?;
                        return Ok(0);
                    }
                    self.save(Saved::flush)?;
                    if self.events == 0 {
                        return Err(io::Error::other(error));
                    }
                    let what = format!("{error}: only what was logged up to {} is used", time(self.at_ms));
                    let mut cut_short = self.shared.cut_short.lock().unwrap_or_else(PoisonError::into_inner);
                    cut_short.get_or_insert(what);
                    return Ok(0);
                }
                None => {
                    self.save(Saved::finish)?;
                    return Ok(0);
                }
            }
        }
    }
}

impl Reader {
    fn count_sampled(&mut self, is_sampled: bool) {
        if is_sampled && self.sampled == 0 {
            report_line!(
                "statuswatch: {}: Live Tail leaves log events out, as there are more than 500 a second: they are fetched \
                 as --follow does it, a little later",
                self.shared.name
            );
        }
        self.sampled += u64::from(is_sampled);
    }

    fn say_sampled(&self) {
        if self.sampled > 0 {
            report_line!(
                "statuswatch: {}: Live Tail left log events out of {}: they were fetched, but those of the last seconds \
                 may be missing",
                self.shared.name,
                words::count(self.sampled, "update")
            );
        }
    }

    fn save(&self, act: impl FnOnce(&mut Saved) -> io::Result<()>) -> io::Result<()> {
        let Some(saved) = &self.shared.saved else { return Ok(()) };
        let mut saved = saved.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut saved).map_err(|error| io::Error::new(error.kind(), format!("--save: {error}")))
    }
}

fn time(ms: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1_000));
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| words::number(ms.unsigned_abs()))
}
