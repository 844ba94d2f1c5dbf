//! `statuswatch backtest`: figures and a report from hours to months of recorded logs.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use statuswatch::alarm::AlarmSettings;
use statuswatch::backtest::{Backtest, Plan, Settings, Source, Warning, backtest, text};
use statuswatch::digest::Reader;
use statuswatch::notification::Style;
use statuswatch::report::report;
use statuswatch::rules::Rules;
use statuswatch::words;

use crate::Exit;
use crate::arguments::BacktestArguments;
use crate::deployed::{Tried, tried};
use crate::fetch::FollowArguments;
use crate::input::{Input, Inputs, is_same_file, text_of};
use crate::replay::{MAX_DECOMPRESSED_BYTES, region};
use crate::terminal::{SharedProgress, canvas};

pub(crate) fn run(arguments: &BacktestArguments) -> anyhow::Result<Exit> {
    let alarm = alarm(arguments)?;
    let listed = Inputs::list(
        &arguments.paths,
        arguments.recursive,
        &arguments.fetched,
        FollowArguments::default(),
        arguments.region.as_deref(),
    )?;
    if let Some(report) = &arguments.report {
        refuse_to_overwrite(report, arguments, &listed)?;
    }
    let tried = tried(arguments, alarm, &listed)?;
    let settings = settings(arguments, tried, listed.region.as_deref())?;
    let mut exit = Exit::Done;
    let mut inputs = Vec::new();
    for input in listed.all {
        match input {
            Ok(input) => inputs.push(input),
            Err((name, error)) => {
                report_line!("statuswatch: {name}: {error}");
                exit = Exit::InputFailed;
            }
        }
    }
    let progress = progress(&inputs);
    let sources = inputs.iter().map(|input| source(input.clone(), &progress)).collect();
    let result = backtest(sources, &settings);
    progress.finish();
    for input in &inputs {
        if let Some(what) = input.cut_short() {
            report_line!("statuswatch: {}: {what}", input.name);
            exit = Exit::InputFailed;
        }
    }
    let found = match result {
        Ok(found) => found,
        Err(error) => {
            for warning in error.warnings() {
                report_line!("statuswatch: {}", in_words(warning));
            }
            report_line!("statuswatch: {error}");
            return Ok(Exit::InputFailed);
        }
    };
    for warning in &found.warnings {
        report_line!("statuswatch: {}", in_words(warning));
    }
    if found.warnings.iter().any(|warning| warning.is_failure) {
        exit = Exit::InputFailed;
    }
    if let Some(path) = &arguments.report {
        fs::write(path, report(&found)).with_context(|| path.display().to_string())?;
    }
    print(&found, arguments)?;
    Ok(exit)
}

/// An error where the report would take the place of what is read, or of what is kept.
fn refuse_to_overwrite(report: &Path, arguments: &BacktestArguments, inputs: &Inputs) -> anyhow::Result<()> {
    inputs.refuse_to_overwrite("--report", report)?;
    let others = [
        ("--alarm", &arguments.alarm),
        ("--rules", &arguments.reading.rules),
        ("--against", &arguments.against),
        ("--save", &arguments.fetched.save),
    ];
    for (option, path) in others {
        if path.as_ref().is_some_and(|path| is_same_file(path, report)) {
            bail!("--report: {} is the file of {option}: name another file", report.display());
        }
    }
    Ok(())
}

fn print(found: &Backtest, arguments: &BacktestArguments) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, found).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text(found, &canvas()))?;
    }
    out.flush()?;
    Ok(())
}

fn settings(
    arguments: &BacktestArguments,
    tried: Tried,
    of_inputs: Option<&str>,
) -> anyhow::Result<Settings> {
    let reading = &arguments.reading;
    let reader = |rules| Reader {
        format: reading.format.unwrap_or_default(),
        redact: reading.redact.clone().unwrap_or_default(),
        ..Reader::new(rules)
    };
    let own = match &reading.rules {
        Some(path) => rules(path)?,
        None => Rules::built_in(),
    };
    let Tried { alarm, pattern, published } = tried;
    Ok(Settings {
        reader: reader(own),
        against: arguments.against.as_deref().map(rules).transpose()?.map(reader),
        style: Style { region: region(of_inputs)?, ..Style::default() }.into(),
        plan: Plan {
            notify: arguments.notify,
            state: arguments.state,
            concurrency: usize::from(arguments.concurrency.get()),
            burst: arguments.burst,
            spacing_ms: arguments.spacing * 1_000,
            follow_ups: arguments.follow_ups.clone(),
        },
        alarm,
        pattern,
        published,
        max_decompressed_bytes: MAX_DECOMPRESSED_BYTES,
        allow_unreadable: arguments.allow_unreadable,
    })
}

/// The alarm in a file.
fn alarm(arguments: &BacktestArguments) -> anyhow::Result<Option<AlarmSettings>> {
    let Some(path) = &arguments.alarm else { return Ok(None) };
    let json = text_of(path)?;
    AlarmSettings::from_json(json.as_bytes()).map(Some).with_context(|| path.display().to_string())
}

fn rules(path: &Path) -> anyhow::Result<Rules> {
    let text = text_of(path)?;
    Rules::parse(&text).with_context(|| path.display().to_string())
}

/// One bar for all; without a length as soon as one input has none.
fn progress(inputs: &[Input]) -> SharedProgress {
    if inputs.iter().any(Input::is_fetched) {
        return SharedProgress::hidden();
    }
    let name = match inputs {
        [input] => input.name.clone(),
        inputs => words::count(inputs.len() as u64, "input"),
    };
    SharedProgress::new(inputs.iter().map(Input::length).sum(), &name)
}

fn source(input: Input, progress: &SharedProgress) -> Source {
    let progress = progress.clone();
    Source {
        name: input.name.clone(),
        open: Box::new(move || {
            let (reader, _) = input.open()?;
            Ok(Box::new(progress.wrap(reader)) as Box<dyn Read + Send>)
        }),
    }
}

fn in_words(warning: &Warning) -> String {
    let Warning { source, line, count, what, .. } = warning;
    match line {
        Some(line) if *count > 1 => {
            format!("{source}: {}, the first is line {line}: {what}", words::count(*count, "line"))
        }
        Some(line) => format!("{source}: line {line}: {what}"),
        None => format!("{source}: {what}"),
    }
}
