//! What the check found, as text for a terminal.
//!
//! In: a [`Lint`]. Out: text without colour, without a line break at the end, in lines of at most [`WIDTH`] columns; only
//! patterns and pieces of log lines, which are there to be copied, are never broken. Never prints.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, fill};

use super::{Api, DigestField, Kind, Lint, Severity};

/// Lines are broken before this column.
pub const WIDTH: usize = 100;

/// The findings, the pattern that fits and the fields that are missed.
#[must_use]
pub fn render(lint: &Lint) -> String {
    render_among(lint, &[lint.api])
}

/// As [`render`], where the API may be of any of the kinds `among`.
#[must_use]
pub fn render_among(lint: &Lint, among: &[Api]) -> String {
    let kinds: Vec<&str> = among.iter().copied().map(api).collect();
    let mut blocks = vec![format!("{} API · {}", kinds.join(" or "), kind(lint.kind))];
    for finding in &lint.findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = finding.offset.map(|offset| format!(" (byte\u{a0}{offset})")).unwrap_or_default();
        let mut block = vec![wrapped(&format!("{severity}: "), &format!("{}{place}", finding.message))];
        if !finding.when.is_empty() {
            block.push(wrapped("  when: ", &finding.when.join(", ")));
        }
        if !finding.shows.is_empty() {
            block.push(format!("  line: ... {} ...", finding.shows));
        }
        block.push(wrapped("  fix:  ", &finding.fix));
        blocks.push(block.join("\n"));
    }
    if lint.findings.is_empty() {
        blocks.push("no findings: every error line is valid and can be read".to_owned());
    }
    let mut last = Vec::new();
    match &lint.pattern {
        Some(pattern) => {
            last.push(format!("filter pattern for the error lines: {pattern}"));
            if lint.kind == Kind::Json && !pattern.starts_with('{') {
                last.push(wrapped(
                    "  ",
                    "(a text pattern, because no JSON pattern matches every error line)",
                ));
            }
        }
        None if lint.patterns_tried > 0 => last.push(wrapped(
            "filter pattern for the error lines: ",
            &format!(
                "none; {} tried on the lines of this format, and none tells the errors apart",
                lint.patterns_tried
            ),
        )),
        None => last.push("filter pattern for the error lines: none without $context.status".to_owned()),
    }
    if !lint.gaps.is_empty() {
        last.push(wrapped("unknown here, taken as plain text: ", &lint.gaps.join(", ")));
    }
    if !lint.misses.is_empty() {
        let misses: Vec<&str> = lint.misses.iter().map(|field| name(*field)).collect();
        last.push(wrapped("messages could also show: ", &misses.join(", ")));
    }
    blocks.push(last.join("\n"));
    blocks.join("\n\n")
}

/// `label` and `text` in lines of at most [`WIDTH`] columns, the later ones indented. A longer word is not broken, nor is
/// a line at a no-break space, which becomes a space.
#[must_use]
pub fn wrapped(label: &str, text: &str) -> String {
    let indent = " ".repeat(if label.starts_with(' ') { label.len() } else { 2 });
    let options = Options::new(WIDTH)
        .initial_indent(label)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    fill(text, options).replace('\u{a0}', " ")
}

fn api(api: Api) -> &'static str {
    match api {
        Api::Rest => "REST",
        Api::Http => "HTTP",
        Api::WebSocket => "WebSocket",
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Json => "JSON",
        Kind::Clf => "CLF",
        Kind::KeyValue => "keys and values",
        Kind::Csv => "CSV",
        Kind::Xml => "XML",
    }
}

fn name(field: DigestField) -> &'static str {
    match field {
        DigestField::Method => "method",
        DigestField::Route => "route",
        DigestField::Path => "path",
        DigestField::Ip => "source IP",
        DigestField::RequestId => "request id",
        DigestField::ResponseType => "error response type",
        DigestField::IntegrationStatus => "integration status",
        DigestField::Latency => "latency",
        DigestField::UserAgent => "user agent",
    }
}
