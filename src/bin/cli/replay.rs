//! `statuswatch replay`: recorded logs in, the messages that Slack would have got out.

use std::io::{self, Write};

use anyhow::{Context, bail};
use statuswatch::config::{Config, RulesSource};
use statuswatch::console_links::{LogGroups, Region};
use statuswatch::digest::Reader;
use statuswatch::ledger::Ledger;
use statuswatch::notification::Style;
use statuswatch::replay::{Settings, replay_each};
use statuswatch::rules::Rules;
use statuswatch::slack::render::MessageStyle;

use crate::Exit;
use crate::arguments::ReplayArguments;
use crate::input::{Inputs, text_of};
use crate::outbox::Outbox;
use crate::reading_arguments::ReadingArguments;
use crate::replay_output::{Output, Way, summary, write_hits};
use crate::terminal::{Progress, canvas};

/// Cap on one batch after inflation, as the function's default.
pub(crate) const MAX_DECOMPRESSED_BYTES: u64 = 128 * 1024 * 1024;

pub(crate) fn run(arguments: &ReplayArguments) -> anyhow::Result<Exit> {
    let inputs = Inputs::list(
        &arguments.paths,
        arguments.recursive,
        &arguments.fetched,
        arguments.following,
        arguments.region.as_deref(),
    )?;
    let read_as = ReadAs {
        reading: &arguments.reading,
        log_groups: &arguments.links.log_groups,
        now_ms: arguments.now,
        as_one: arguments.as_one,
        deliver: arguments.deliver,
    };
    let (settings, config) = settings(&read_as, inputs.region.as_deref())?;
    let mut outbox = config.map(Outbox::open).transpose()?;
    let canvas = canvas();
    let mut out = io::stdout().lock();
    let mut exit = Exit::Done;
    let (mut total, mut silent_notifications, mut faults) = (Ledger::default(), 0, 0);
    let mut has_shown = false;
    let mut hits = vec![0; settings.reader.rules.iter().len()];
    for input in inputs.all {
        let read = input.and_then(|input| {
            let named = |error| (input.name.clone(), error);
            let (source, length) = input.open_live().map_err(named)?;
            let source = Progress::new(source, length, &input);
            let way = Way {
                name: &input.name,
                is_live: input.is_live(),
                may_be_empty: input.is_fetched(),
                is_json: arguments.json,
                allow_unreadable: arguments.allow_unreadable,
                canvas: &canvas,
            };
            let mut output = Output::new(way, &mut out, outbox.as_mut());
            let totals = replay_each(source, &settings, &mut |found, totals| output.take(found, totals))
                .map_err(named)?;
            if let Some(what) = input.cut_short() {
                report_line!("statuswatch: {}: {what}", input.name);
                exit = Exit::InputFailed;
            }
            Ok((output.finish(&totals), totals))
        });
        let (shown, totals) = match read {
            Ok((shown, totals)) => (shown?, totals),
            Err((name, error)) => {
                report_line!("statuswatch: {name}: {error}");
                faults += 1;
                exit = Exit::InputFailed;
                continue;
            }
        };
        faults += shown.faults;
        if !shown.is_well {
            exit = Exit::InputFailed;
        }
        if let Some(ledger) = shown.ledger {
            has_shown = true;
            total.add(&ledger);
            silent_notifications += shown.silent_notifications;
            hits.iter_mut().zip(&totals.rule_hits).for_each(|(sum, hits)| *sum += hits);
        }
    }
    // Behind nothing but errors there is nothing to sum up.
    if !arguments.json && has_shown {
        writeln!(out, "In all: {}", summary(&total, silent_notifications, faults))?;
        write_hits(&mut out, &settings.reader.rules, &hits)?;
    }
    out.flush()?;
    Ok(exit)
}

/// What the command line says of how recordings are read, and whether their messages are posted.
pub(crate) struct ReadAs<'a> {
    pub(crate) reading: &'a ReadingArguments,
    pub(crate) log_groups: &'a LogGroups,
    pub(crate) now_ms: Option<i64>,
    pub(crate) as_one: bool,
    pub(crate) deliver: bool,
}

/// How recordings are read, and where messages are posted, if they are.
pub(crate) fn settings(
    arguments: &ReadAs<'_>,
    region: Option<&str>,
) -> anyhow::Result<(Settings, Option<Config>)> {
    let ReadingArguments { rules, format, redact } = arguments.reading;
    let config = if arguments.deliver { Some(Config::read(environment())?) } else { None };
    let mut reader = Reader {
        format: format.unwrap_or_default(),
        redact: redact.clone().unwrap_or_default(),
        ..Reader::new(Rules::built_in())
    };
    let log_groups = arguments.log_groups.clone();
    let region = self::region(region)?;
    let mut style = MessageStyle::from(Style {
        region: region.clone(),
        log_groups: log_groups.clone(),
        ..Style::default()
    });
    let mut max_decompressed_bytes = MAX_DECOMPRESSED_BYTES;
    // What is posted for real is what the function would post with this environment.
    if let Some(config) = &config {
        reader.redact = redact.clone().unwrap_or_else(|| config.redact.clone());
        reader.samples_per_group = config.max_lines;
        reader.format = format.unwrap_or(config.format);
        max_decompressed_bytes = config.max_decompressed_bytes;
        style = config.style();
        style.content = Style { region, log_groups, ..style.content };
        match &config.rules {
            RulesSource::Known(rules) => reader.rules = rules.clone(),
            RulesSource::Stored(..) if rules.is_some() => {}
            RulesSource::Stored(..) => {
                bail!("STATUSWATCH_RULES: no rules are read from AWS here: name a file by --rules")
            }
        }
    }
    if let Some(path) = rules {
        let name = path.display();
        let text = text_of(path)?;
        reader.rules = Rules::parse(&text).with_context(|| format!("{name}"))?;
    }
    if let Some(config) = &config {
        reader.rules.check_destinations(&config.destination_names())?;
    }
    let (now_ms, as_one, is_posted) = (arguments.now_ms, arguments.as_one, config.is_some());
    let settings = Settings { reader, style, max_decompressed_bytes, now_ms, as_one, is_posted };
    Ok((settings, config))
}

/// An empty name counts as none, as an empty variable does.
pub(crate) fn region(name: Option<&str>) -> anyhow::Result<Option<Region>> {
    let Some(name) = name.filter(|name| !name.trim().is_empty()) else { return Ok(None) };
    Region::new(name).map(Some).with_context(|| {
        format!("--region or AWS_REGION: {name:?} is no Region such as eu-west-1 whose console is known")
    })
}

/// The environment's pairs; one that is not UTF-8 is none of ours.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
