//! `statuswatch lint-format`: access-log formats in, what they would hide out.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;
use statuswatch::format_finder::{
    self, Family, Found, FoundFormat, Language, MAX_FILE_BYTES, SourceFile, find_in_piece, language,
    may_hold_format,
};
use statuswatch::lint_format::{Api, Lint, api_by_variables, lint, mended, read, render};

use crate::Exit;
use crate::arguments::{ApiKind, LintFormatArguments};
use crate::format_files::{Files, files};

pub(crate) fn run(arguments: &LintFormatArguments) -> anyhow::Result<Exit> {
    let api = arguments.api.map(|kind| match kind {
        ApiKind::Rest => Api::Rest,
        ApiKind::Http => Api::Http,
        ApiKind::Websocket => Api::WebSocket,
    });
    let input = input(&arguments.format)?;
    if let Some(text) = format_itself(&input) {
        if text.trim().is_empty() {
            anyhow::bail!("the format is empty; give what access_log_settings has as its format");
        }
        return match find_in_piece(text) {
            Some(found) => in_piece(&found, &input, api, arguments.fix),
            None => one(&lint(text, api, &read), arguments.fix),
        };
    }
    let sources: Vec<SourceFile<'_>> = input
        .sources
        .iter()
        .map(|file| SourceFile { name: &file.name, text: &file.text, wanted: file.wanted })
        .collect();
    let mut found = format_finder::find(&sources);
    found.faults.extend(input.faults.iter().cloned());
    all(&found, &input, api, arguments.fix)
}

/// A format as it is, or a piece of a file around it.
fn format_itself(input: &Files) -> Option<&str> {
    let [file] = input.sources.as_slice() else { return None };
    if !input.faults.is_empty() {
        return None;
    }
    match language(&file.name, &file.text) {
        None => Some(&file.text),
        Some(Language::Json | Language::Yaml)
            if file.text.contains("$context.") && !may_hold_format(&file.name, &file.text) =>
        {
            Some(&file.text)
        }
        Some(_) => None,
    }
}

/// One format needs no place; of several, or of one that is not told, the line is said.
fn in_piece(found: &Found, input: &Files, api: Option<Api>, fix: bool) -> anyhow::Result<Exit> {
    match (found.formats.as_slice(), found.gaps.as_slice()) {
        ([only], []) => one(&lint(&only.format, api.or_else(|| api_of(only)), &read), fix),
        _ => all(found, input, api, fix),
    }
}

fn one(found: &Lint, fix: bool) -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    if fix {
        eprintln!("{}", render(found));
        writeln!(out, "{}", mended(found, &read))?;
    } else {
        writeln!(out, "{}", render(found))?;
    }
    out.flush()?;
    Ok(if found.hides_errors() { Exit::InputFailed } else { Exit::Done })
}

/// Each format under its place, then what could not be judged.
fn all(found: &Found, input: &Files, api: Option<Api>, fix: bool) -> anyhow::Result<Exit> {
    let checked: Vec<(&FoundFormat, Lint)> = found
        .formats
        .iter()
        .map(|format| (format, lint(&format.format, api.or_else(|| api_of(format)), &read)))
        .collect();
    let mut blocks: Vec<String> =
        checked.iter().map(|(format, lint)| format!("{}\n{}", title(format), render(lint))).collect();
    blocks.extend(gaps(found));
    if checked.len() > 1 {
        let hiding = checked.iter().filter(|(_, lint)| lint.hides_errors()).count();
        blocks.push(format!("{} formats, {hiding} of them would hide errors", checked.len()));
    }
    let report = blocks.join("\n\n");
    let mut out = io::stdout().lock();
    if fix {
        eprintln!("{report}");
        for (format, lint) in &checked {
            if checked.len() > 1 {
                writeln!(out, "# {}", title(format))?;
            }
            writeln!(out, "{}", mended(lint, &read))?;
        }
    } else if !checked.is_empty() {
        writeln!(out, "{report}")?;
    } else if !report.is_empty() {
        eprintln!("{report}");
    }
    out.flush()?;
    for fault in &found.faults {
        eprintln!("statuswatch: {fault}");
    }
    if checked.is_empty() {
        if found.faults.is_empty() && found.gaps.is_empty() {
            anyhow::bail!("{}", input.way_to_a_format());
        }
        return Ok(Exit::Usage);
    }
    Ok(if checked.iter().any(|(_, lint)| lint.hides_errors()) {
        Exit::InputFailed
    } else if found.faults.is_empty() {
        Exit::Done
    } else {
        Exit::Usage
    })
}

/// `api.tf:12 · aws_api_gateway_stage.live`.
fn title(format: &FoundFormat) -> String {
    let place = &format.place;
    let condition =
        if format.condition.is_empty() { String::new() } else { format!(" · {}", format.condition) };
    format!("{}:{} · {}{condition}", place.file, place.line, place.resource)
}

/// The stages that cannot be judged, and the way to judge them.
fn gaps(found: &Found) -> Option<String> {
    let last = found.gaps.last()?;
    let mut lines: Vec<String> = found
        .gaps
        .iter()
        .map(|gap| {
            let place = &gap.place;
            format!(
                "{}:{} · {}\nnot judged: the format is {}, which these files do not tell",
                place.file, place.line, place.resource, gap.reference
            )
        })
        .collect();
    lines.push(
        if language(&last.place.file, "") == Some(Language::Terraform) {
            "what a plan makes of it: terraform plan -out=plan && terraform show -json plan > plan.json"
        } else {
            "what is deployed: aws apigateway get-stages --rest-api-id ID > stages.json \
             (aws apigatewayv2 get-stages --api-id ID)"
        }
        .to_owned(),
    );
    Some(lines.join("\n"))
}

fn api_of(format: &FoundFormat) -> Option<Api> {
    match format.family {
        Family::Rest => Some(Api::Rest),
        Family::Http => Some(Api::Http),
        Family::WebSocket => Some(Api::WebSocket),
        Family::HttpOrWebSocket => api_by_variables(&format.format, &[Api::Http, Api::WebSocket]),
        Family::Unknown => None,
    }
}

/// The format itself, or the files that the path or standard input holds.
fn input(argument: &str) -> anyhow::Result<Files> {
    if argument == "-" {
        let mut text = String::new();
        io::stdin().take(MAX_FILE_BYTES).read_to_string(&mut text).context("standard input")?;
        return Ok(Files::of_text(text));
    }
    let path = Path::new(argument);
    // No format is a path: each holds a variable. What holds none may be the name of a file that is not there.
    if argument.contains("$context.") || !(path.exists() || looks_like_path(argument)) {
        return Ok(Files::of_text(argument.to_owned()));
    }
    files(path)
}

fn looks_like_path(argument: &str) -> bool {
    let begins_as_format = argument.trim_start().starts_with(['{', '<', '$', '"']);
    !begins_as_format && (argument.contains('/') || argument.contains('.')) && !argument.contains(' ')
}
