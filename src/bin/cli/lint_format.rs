//! `statuswatch lint-format`: takes access-log formats and shows which errors they would hide.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;
use statuswatch::format_finder::{
    self, Family, Found, FoundFormat, Gap, GapReason, Language, MAX_COMBINATIONS, MAX_FILE_BYTES,
    MAX_REPETITIONS, SourceFile, Tool, find_in_piece, language, may_hold_format,
};
use statuswatch::lint_format::{
    Api, Code, Lint, added, apis_by_variables, lint, mended, read, render, render_among, wrapped,
};
use statuswatch::recording;

use crate::Exit;
use crate::arguments::{ApiKind, LintFormatArguments};
use crate::format_files::{Files, files};
use crate::lint_live;

/// A format that was judged.
pub(crate) struct Judged {
    /// Where it stands.
    pub(crate) title: String,
    /// The kinds of API that it may be for.
    pub(crate) apis: Vec<Api>,
    pub(crate) lint: Lint,
}

pub(crate) fn run(arguments: &LintFormatArguments) -> anyhow::Result<Exit> {
    let Some(argument) = &arguments.format else { return lint_live::run(arguments) };
    let api = arguments.api.map(|kind| match kind {
        ApiKind::Rest => Api::Rest,
        ApiKind::Http => Api::Http,
        ApiKind::Websocket => Api::WebSocket,
    });
    let input = input(argument)?;
    if let Some(text) = format_itself(&input) {
        if text.trim().is_empty() {
            anyhow::bail!("the format is empty; give what access_log_settings has as its format");
        }
        if let Some(found) = find_in_piece(text) {
            return in_piece(&found, &input, api, arguments.fix);
        }
        let found = lint(text, api, &read);
        if found.findings.iter().any(|finding| finding.code == Code::NoVariables) {
            anyhow::bail!("{}", no_format(argument, text, &input));
        }
        return one(&found, &[found.api], arguments.fix);
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

/// What a text is that is no format.
fn no_format(argument: &str, text: &str, input: &Files) -> String {
    const SHOWN: usize = 60;
    let what = match input.sources.first() {
        _ if argument == "-" => "standard input".to_owned(),
        Some(file) if file.name != "-" => file.name.clone(),
        _ => {
            let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
            let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
            return format!(
                "`{shown}{more}` is neither a file nor an access-log format: it has no $context variable"
            );
        }
    };
    format!("{what} has no access-log format: there is no $context variable in it")
}

/// One format needs no place; several, or one that is not known, are named by their lines.
fn in_piece(found: &Found, input: &Files, api: Option<Api>, fix: bool) -> anyhow::Result<Exit> {
    match (found.formats.as_slice(), found.gaps.as_slice()) {
        ([only], []) => {
            let apis = apis(api, only);
            one(&lint(&only.format, apis.first().copied(), &read), &apis, fix)
        }
        _ => all(found, input, api, fix),
    }
}

fn one(found: &Lint, apis: &[Api], fix: bool) -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    if fix {
        report_line!("{}", rendered(found, apis));
        write_mended(&mut out, found)?;
    } else {
        writeln!(out, "{}", rendered(found, apis))?;
    }
    out.flush()?;
    Ok(if found.hides_errors() { Exit::InputFailed } else { Exit::Done })
}

/// Each format under its place, then what could not be judged.
fn all(found: &Found, input: &Files, api: Option<Api>, fix: bool) -> anyhow::Result<Exit> {
    let judged = |format: &FoundFormat| {
        let apis = apis(api, format);
        let lint = lint(&format.format, apis.first().copied(), &read);
        let lint = if format.is_argument { lint.as_argument() } else { lint };
        Judged { title: title(format), apis, lint }
    };
    let checked: Vec<Judged> = found.formats.iter().map(judged).collect();
    print(&checked, gaps(found), fix)?;
    for fault in &found.faults {
        report_line!("statuswatch: {fault}");
    }
    if checked.is_empty() {
        if found.faults.is_empty() && found.gaps.is_empty() {
            anyhow::bail!("{}", input.way_to_a_format());
        }
        return Ok(Exit::Usage);
    }
    Ok(if checked.iter().any(|judged| judged.lint.hides_errors()) {
        Exit::InputFailed
    } else if found.faults.is_empty() {
        Exit::Done
    } else {
        Exit::Usage
    })
}

/// Each format under its title, then what could not be judged; where there is no format, that alone on standard error.
pub(crate) fn print(checked: &[Judged], not_judged: Option<String>, fix: bool) -> anyhow::Result<()> {
    let block = |judged: &Judged| format!("{}\n{}", judged.title, rendered(&judged.lint, &judged.apis));
    let mut blocks: Vec<String> = checked.iter().map(block).collect();
    blocks.extend(not_judged);
    if checked.len() > 1 {
        let hiding = checked.iter().filter(|judged| judged.lint.hides_errors()).count();
        blocks.push(format!("{} formats; {hiding} would hide errors", checked.len()));
    }
    let report = blocks.join("\n\n");
    let mut out = io::stdout().lock();
    if fix {
        report_line!("{report}");
        for judged in checked {
            if checked.len() > 1 {
                writeln!(out, "# {}", judged.title)?;
            }
            write_mended(&mut out, &judged.lint)?;
        }
    } else if !checked.is_empty() {
        writeln!(out, "{report}")?;
    } else if !report.is_empty() {
        report_line!("{report}");
    }
    out.flush()?;
    Ok(())
}

/// Writes the corrected format; what it logs besides is said on standard error, since it may be personal data.
fn write_mended(out: &mut impl Write, found: &Lint) -> io::Result<()> {
    let mended = mended(found, &read);
    let added = added(found, &mended);
    if !added.is_empty() {
        let what = format!("{}; leave out what you must not log", added.join(", "));
        report_line!("{}", wrapped("the corrected format also logs ", &what));
    }
    writeln!(out, "{mended}")
}

/// `api.tf:12 · aws_api_gateway_stage.live`.
fn title(format: &FoundFormat) -> String {
    let place = &format.place;
    let condition =
        if format.condition.is_empty() { String::new() } else { format!(" · {}", format.condition) };
    format!("{}:{} · {}{condition}", place.file, place.line, place.resource)
}

/// The stages that cannot be judged, and for each tool the way to judge them.
fn gaps(found: &Found) -> Option<String> {
    let mut lines = Vec::new();
    for gap in &found.gaps {
        let place = &gap.place;
        lines.push(format!("{}:{} · {}", place.file, place.line, place.resource));
        let what = match &gap.reason {
            GapReason::Reference(reference) => {
                format!("the format is {reference}, which is not in these files")
            }
            GapReason::Combinations => {
                format!("its conditions beyond the first {MAX_COMBINATIONS} combinations")
            }
            GapReason::Repetitions => format!("its repetitions beyond the first {MAX_REPETITIONS}"),
        };
        lines.push(wrapped("not checked: ", &what));
    }
    let mut ways: Vec<String> = Vec::new();
    for gap in &found.gaps {
        let way = way(gap);
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    lines.extend(ways);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The command that shows what a format comes to. Commands stand on lines of their own, to be copied.
fn way(gap: &Gap) -> String {
    match gap.tool {
        Tool::Terraform => "the plan has the value:\n  \
             terraform plan -out=plan && terraform show -json plan | statuswatch lint-format -"
            .to_owned(),
        Tool::Serverless => {
            "the framework resolves it:\n  serverless print | statuswatch lint-format -".to_owned()
        }
        Tool::CloudFormation => {
            let rest = "aws apigateway get-stages --rest-api-id ID | statuswatch lint-format -";
            let http = "aws apigatewayv2 get-stages --api-id ID | statuswatch lint-format -";
            let commands = match gap.family {
                Family::Rest => vec![rest],
                Family::Http | Family::WebSocket | Family::HttpOrWebSocket => vec![http],
                Family::Unknown => vec![rest, http],
            };
            format!("the deployed stage has the value:\n  {}", commands.join("\n  "))
        }
    }
}

/// The report under the kinds that the API may be of; under the one that was judged where none is known.
fn rendered(found: &Lint, apis: &[Api]) -> String {
    if apis.is_empty() { render(found) } else { render_among(found, apis) }
}

/// The kinds of API that a format may be for, the one to judge by first; none where only its variables can tell.
fn apis(given: Option<Api>, format: &FoundFormat) -> Vec<Api> {
    match (given, format.family) {
        (Some(api), _) => vec![api],
        (None, Family::Rest) => vec![Api::Rest],
        (None, Family::Http) => vec![Api::Http],
        (None, Family::WebSocket) => vec![Api::WebSocket],
        (None, Family::HttpOrWebSocket) => apis_by_variables(&format.format, &[Api::Http, Api::WebSocket]),
        (None, Family::Unknown) => Vec::new(),
    }
}

/// The format itself, or the files that the path or standard input holds.
fn input(argument: &str) -> anyhow::Result<Files> {
    if argument == "-" {
        let text = recording::text(io::stdin().take(MAX_FILE_BYTES)).context("standard input")?;
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
