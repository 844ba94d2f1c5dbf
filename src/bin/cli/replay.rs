//! `statuswatch replay`: recorded logs in, the messages that Slack would have got out.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;
use statuswatch::config::Config;
use statuswatch::digest::Reader;
use statuswatch::ledger::Ledger;
use statuswatch::replay::{Replayed, Settings, Told, replay};
use statuswatch::rules::{Action, Rules};
use statuswatch::slack::console::Region;
use statuswatch::slack::message::Message;
use statuswatch::slack::render::{DEFAULT_MAX_LINES, Style};
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
    let mut total = Ledger::default();
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
                exit = Exit::InputFailed;
                continue;
            }
        };
        for (line, fault) in &replayed.faults {
            eprintln!("statuswatch: {name}: line {line}: {fault}");
            exit = Exit::InputFailed;
        }
        if let Some(delivery) = &mut delivery
            && !deliver(delivery, &name, &mut replayed)
        {
            exit = Exit::InputFailed;
        }
        total.add(&replayed.ledger);
        hits.iter_mut().zip(&replayed.rule_hits).for_each(|(sum, hits)| *sum += hits);
        if arguments.json {
            write_json(&mut out, &name, &replayed)?;
        } else {
            write_messages(&mut out, &name, &replayed, &canvas)?;
        }
    }
    if !arguments.json {
        write_total(&mut out, &total, &settings.reader.rules, &hits)?;
    }
    out.flush()?;
    Ok(exit)
}

fn settings(arguments: &ReplayArguments) -> anyhow::Result<(Settings, Option<Delivery>)> {
    let config = if arguments.deliver { Some(Config::read(environment())?) } else { None };
    let mut reader = Reader {
        rules: Rules::built_in(),
        format: arguments.format,
        redact: Vec::new(),
        own_log_group: None,
        samples_per_group: DEFAULT_MAX_LINES,
    };
    let mut style = Style { region: arguments.region.as_deref().and_then(Region::new), ..Style::default() };
    if let Some(config) = &config {
        reader.redact.clone_from(&config.redact);
        reader.samples_per_group = config.max_lines;
        style = Style { region: style.region, ..config.style() };
    }
    if let Some(path) = &arguments.rules {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("{name}"))?;
        reader.rules = Rules::parse(&text).with_context(|| format!("{name}"))?;
    }
    let delivery = config.map(Delivery::open).transpose()?;
    let settings =
        Settings { reader, style, max_decompressed_bytes: MAX_DECOMPRESSED_BYTES, now_ms: arguments.now };
    Ok((settings, delivery))
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
    for Told { rendered, matched } in &replayed.messages {
        if let Err(error) = delivery.post(rendered) {
            eprintln!("statuswatch: {name}: message {} not delivered: {error}", rendered.id);
            replayed.ledger.posted -= 1;
            replayed.ledger.shown -= rendered.shown;
            replayed.ledger.counted -= matched - rendered.shown;
            replayed.ledger.failed += matched;
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
    writeln!(out, "{name}: {}", summary(&replayed.ledger))?;
    writeln!(out)?;
    for told in &replayed.messages {
        writeln!(out, "{}", draw(&told.rendered.message, canvas))?;
    }
    Ok(())
}

/// What became of the lines, in words; only of kinds that there are.
fn summary(ledger: &Ledger) -> String {
    let mut parts = vec![words::count(ledger.received, "line")];
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
    if ledger.matched > 0 {
        let told = words::count(ledger.matched, "error");
        parts.push(format!(
            "{told} in {} ({} shown)",
            words::count(ledger.posted, "message"),
            words::number(ledger.shown)
        ));
    }
    parts.join(" · ")
}

fn write_total(out: &mut impl Write, total: &Ledger, rules: &Rules, hits: &[u64]) -> io::Result<()> {
    writeln!(out, "In all: {}", summary(total))?;
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
