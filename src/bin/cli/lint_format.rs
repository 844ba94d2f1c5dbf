//! `statuswatch lint-format`: an access-log format in, what it would hide out.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;
use statuswatch::access_log::{self, AccessLog, Format, Reading};
use statuswatch::lint_format::{Api, DigestField, Seen, fix, lint, render};

use crate::Exit;
use crate::arguments::{ApiKind, LintFormatArguments};

pub(crate) fn run(arguments: &LintFormatArguments) -> anyhow::Result<Exit> {
    let text = text(&arguments.format)?;
    if text.trim().is_empty() {
        anyhow::bail!("the format is empty; give what access_log_settings has as its format");
    }
    let api = arguments.api.map(|kind| match kind {
        ApiKind::Rest => Api::Rest,
        ApiKind::Http => Api::Http,
        ApiKind::Websocket => Api::WebSocket,
    });
    let found = lint(&text, api, &read);
    let mut out = io::stdout().lock();
    if arguments.fix {
        eprintln!("{}", render(&found));
        writeln!(out, "{}", fix(&text, api, &read))?;
    } else {
        writeln!(out, "{}", render(&found))?;
    }
    out.flush()?;
    Ok(if found.hides_errors() { Exit::InputFailed } else { Exit::Done })
}

/// The format itself, or what the file or standard input holds.
fn text(argument: &str) -> anyhow::Result<String> {
    if argument == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("standard input")?;
        return Ok(text);
    }
    // No format is a path: each holds a variable. What holds none may be the name of a file that is not there.
    if argument.contains("$context.") || !(Path::new(argument).exists() || looks_like_path(argument)) {
        return Ok(argument.to_owned());
    }
    std::fs::read_to_string(argument).with_context(|| argument.to_owned())
}

fn looks_like_path(argument: &str) -> bool {
    let begins_as_format = argument.trim_start().starts_with(['{', '<', '$', '"']);
    !begins_as_format && (argument.contains('/') || argument.contains('.')) && !argument.contains(' ')
}

/// Reads a line as the digest does. A salvaged line is a broken one, so that nothing is seen in it.
fn read(line: &str) -> Option<Seen> {
    let Reading::AccessLog(log) = access_log::read(line, Format::Auto) else { return None };
    Some(Seen { status: log.status.code(), fields: fields(&log) })
}

fn fields(log: &AccessLog<'_>) -> Vec<DigestField> {
    let route_key_has_method = log.route_key.as_deref().is_some_and(|key| key.contains(' '));
    let integration = log.integration_status.or(log.integration_service_status);
    [
        (DigestField::Method, log.method.is_some() || route_key_has_method),
        (DigestField::Route, log.resource_path.is_some() || log.route_key.is_some()),
        (DigestField::Path, log.path.is_some()),
        (DigestField::Ip, log.ip.is_some()),
        (DigestField::RequestId, log.request_id.is_some() || log.extended_request_id.is_some()),
        (DigestField::ResponseType, log.response_type.is_some()),
        (DigestField::IntegrationStatus, integration.is_some()),
        (DigestField::Latency, log.latency_ms.is_some()),
        (DigestField::UserAgent, log.user_agent.is_some()),
    ]
    .into_iter()
    .filter(|(_, has)| *has)
    .map(|(field, _)| field)
    .collect()
}
