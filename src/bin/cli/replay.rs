//! `statuswatch replay`: recorded logs in, the messages that Slack would have got out.

use std::io::{self, Write};

use anyhow::{Context, bail};
use serde::Serialize;
use statuswatch::config::{Config, RulesSource};
use statuswatch::console::Region;
use statuswatch::digest::Reader;
use statuswatch::ledger::Ledger;
use statuswatch::replay::{Replayed, Settings, Told, replay};
use statuswatch::rules::{Action, Rules};
use statuswatch::slack::message::Message;
use statuswatch::slack::render::Style;
use statuswatch::slack::terminal::{Canvas, draw};
use statuswatch::words;

use crate::Exit;
use crate::arguments::ReplayArguments;
use crate::deliver::Delivery;
use crate::input::Input;
use crate::terminal::{Progress, canvas};

/// Cap on one batch after inflation, as the function's default.
pub(crate) const MAX_DECOMPRESSED_BYTES: u64 = 128 * 1024 * 1024;

pub(crate) fn run(arguments: &ReplayArguments) -> anyhow::Result<Exit> {
    let (settings, mut delivery) = settings(arguments)?;
    let canvas = canvas();
    let mut out = io::stdout().lock();
    let mut exit = Exit::Done;
    let (mut total, mut faults) = (Ledger::default(), 0);
    let mut shown = 0;
    let mut hits = vec![0; settings.reader.rules.iter().len()];
    for input in Input::list(&arguments.paths) {
        let (name, result) = match input {
            Ok(input) => (input.name.clone(), read(&input, &settings)),
            Err((name, error)) => (name, Err(error)),
        };
        let mut replayed = match result {
            Ok(replayed) => replayed,
            Err(error) => {
                eprintln!("statuswatch: {name}: {error}");
                faults += 1;
                exit = Exit::InputFailed;
                continue;
            }
        };
        for (line, fault) in &replayed.faults {
            eprintln!("statuswatch: {name}: line {line}: {fault}");
            exit = Exit::InputFailed;
        }
        if replayed.unreadable().is_most() && !arguments.allow_unreadable {
            eprintln!("statuswatch: {name}: {}", replayed.unreadable());
            faults += replayed.faults.len() + 1;
            exit = Exit::InputFailed;
            continue;
        }
        shown += 1;
        if let Some(delivery) = &mut delivery
            && !deliver(delivery, &name, &mut replayed)
        {
            exit = Exit::InputFailed;
        }
        total.add(&replayed.ledger);
        faults += replayed.faults.len();
        hits.iter_mut().zip(&replayed.rule_hits).for_each(|(sum, hits)| *sum += hits);
        if arguments.json {
            write_json(&mut out, &name, &replayed)?;
        } else {
            write_messages(&mut out, &name, &replayed, &canvas)?;
        }
    }
    // Behind nothing but errors there is nothing to sum up.
    if !arguments.json && shown > 0 {
        writeln!(out, "In all: {}{}", summary(&total), besides(&total, faults))?;
        write_hits(&mut out, &settings.reader.rules, &hits)?;
    }
    out.flush()?;
    Ok(exit)
}

fn settings(arguments: &ReplayArguments) -> anyhow::Result<(Settings, Option<Delivery>)> {
    let config = if arguments.deliver { Some(Config::read(environment())?) } else { None };
    let mut reader =
        Reader { format: arguments.format.unwrap_or_default(), ..Reader::new(Rules::built_in()) };
    let log_groups = arguments.log_groups.clone();
    let mut style = Style { region: region(arguments.region.as_deref())?, log_groups, ..Style::default() };
    let mut max_decompressed_bytes = MAX_DECOMPRESSED_BYTES;
    // What is posted for real is what the function would post with this environment.
    if let Some(config) = &config {
        reader.redact.clone_from(&config.redact);
        reader.samples_per_group = config.max_lines;
        reader.format = arguments.format.unwrap_or(config.format);
        max_decompressed_bytes = config.max_decompressed_bytes;
        style = Style { region: style.region, log_groups: style.log_groups, ..config.style() };
        match &config.rules {
            RulesSource::Known(rules) => reader.rules = rules.clone(),
            RulesSource::Stored(..) if arguments.rules.is_some() => {}
            RulesSource::Stored(..) => {
                bail!("STATUSWATCH_RULES: replay reads no rules from AWS: name a file by --rules")
            }
        }
    }
    if let Some(path) = &arguments.rules {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("{name}"))?;
        reader.rules = Rules::parse(&text).with_context(|| format!("{name}"))?;
    }
    let delivery = config.map(Delivery::open).transpose()?;
    let settings = Settings { reader, style, max_decompressed_bytes, now_ms: arguments.now };
    Ok((settings, delivery))
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

fn read(input: &Input, settings: &Settings) -> io::Result<Replayed> {
    let (source, length) = input.open()?;
    replay(Progress::new(source, length, &input.name), settings)
}

/// Posts the messages; what is not accepted is failed in the ledger. Says whether all were.
fn deliver(delivery: &mut Delivery, name: &str, replayed: &mut Replayed) -> bool {
    let mut all = true;
    for Told { rendered, matched, alarms } in &replayed.messages {
        if let Err(error) = delivery.post(rendered) {
            eprintln!("statuswatch: {name}: message {} not delivered: {error}", rendered.id);
            replayed.ledger.posted -= 1;
            replayed.ledger.shown -= rendered.shown;
            replayed.ledger.counted -= matched - rendered.shown;
            replayed.ledger.failed += matched;
            replayed.ledger.alarms -= alarms;
            all = false;
        }
    }
    all
}

/// What `--json` prints of one input.
#[derive(Serialize)]
struct InputReport<'a> {
    source: &'a str,
    ledger: &'a Ledger,
    /// The exact bodies that would be posted.
    messages: Vec<&'a Message>,
}

fn write_json(out: &mut impl Write, name: &str, replayed: &Replayed) -> io::Result<()> {
    let messages = replayed.messages.iter().map(|told| &told.rendered.message).collect();
    let line = serde_json::to_string(&InputReport { source: name, ledger: &replayed.ledger, messages })?;
    writeln!(out, "{line}")
}

fn write_messages(out: &mut impl Write, name: &str, replayed: &Replayed, canvas: &Canvas) -> io::Result<()> {
    let besides = besides(&replayed.ledger, replayed.faults.len());
    writeln!(out, "{name}: {}{besides}", summary(&replayed.ledger))?;
    writeln!(out)?;
    for told in &replayed.messages {
        writeln!(out, "{}", draw(&told.rendered.message, canvas))?;
    }
    Ok(())
}

/// What became of the lines, in words; only of kinds that there are.
fn summary(ledger: &Ledger) -> String {
    let has_only_notices = ledger.received == 0 && ledger.posted > 0;
    let mut parts = if has_only_notices { Vec::new() } else { vec![words::count(ledger.received, "line")] };
    let kinds = [
        (ledger.ok, "ok"),
        (ledger.ignored, "ignored"),
        (ledger.unreadable, "unreadable"),
        (ledger.duplicate, "duplicate"),
        (ledger.salvaged, "salvaged"),
        (ledger.failed, "not delivered"),
    ];
    parts.extend(
        kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{} {kind}", words::number(*count))),
    );
    parts.extend(told(ledger));
    parts.join(" · ")
}

/// What is told, and in how many messages; a message may also tell a text that is neither.
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
fn besides(ledger: &Ledger, faults: usize) -> String {
    match faults {
        0 if ledger.posted + ledger.failed == 0 => " · no message".to_owned(),
        0 => String::new(),
        faults => format!(" · {} not decoded", words::number(faults as u64)),
    }
}

/// How many lines each rule took, so that one that does nothing is seen.
fn write_hits(out: &mut impl Write, rules: &Rules, hits: &[u64]) -> io::Result<()> {
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
