//! All findings as text: what is bad first, with what to do, and what is good last, a line each.
//!
//! Names that strangers may have chosen have their control characters replaced. It never prints.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::finding::{Finding, Report, Verdict};
use crate::slack::terminal::{Canvas, Color};
use crate::words::{day, harmless, minute};

const DEFAULT_WIDTH: usize = 100;
const MIN_WIDTH: usize = 40;
const INDENT: &str = "    ";

/// The findings in words, no wider than the canvas. Commands stand on lines of their own, unbroken, to be copied.
#[must_use]
pub fn text(report: &Report, canvas: &Canvas) -> String {
    let width = canvas.width.unwrap_or(DEFAULT_WIDTH).clamp(MIN_WIDTH, DEFAULT_WIDTH);
    let page = Page { width, has_color: matches!(canvas.color, Color::Always) };
    let mut out = String::new();
    page.heading(&mut out, report);
    for verdict in [Verdict::Bad, Verdict::Warning] {
        for finding in report.findings.iter().filter(|finding| finding.verdict == verdict) {
            page.trouble(&mut out, finding);
        }
    }
    for verdict in [Verdict::NotDeployed, Verdict::Good] {
        let of_kind: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.verdict == verdict).collect();
        page.list(&mut out, verdict, &of_kind);
    }
    out
}

struct Page {
    width: usize,
    has_color: bool,
}

impl Page {
    fn heading(&self, out: &mut String, report: &Report) {
        let at = format!("{} {} UTC", day(report.now_ms), minute(report.now_ms));
        let place = format!("{} · {} · account {} · {at}", report.function, report.region, report.account);
        self.wrapped(out, &harmless(&place), "", "");
        self.wrapped(out, &verdict(report), "", "");
    }

    fn trouble(&self, out: &mut String, finding: &Finding) {
        let (mark, style) = mark(finding.verdict);
        out.push('\n');
        let title = harmless(&format!("{} · {}", finding.check, finding.subject));
        let lines = textwrap::wrap(&title, options(self.width.saturating_sub(mark.width() + 2)));
        for (number, line) in lines.iter().enumerate() {
            if number == 0 {
                let _ =
                    writeln!(out, "{}  {}", self.styled(mark, style), self.styled(line, Style::new().bold()));
            } else {
                let _ = writeln!(out, "{INDENT}{}", self.styled(line, Style::new().bold()));
            }
        }
        self.wrapped(out, &harmless(&finding.found), INDENT, INDENT);
        if let Some(fix) = &finding.fix {
            self.wrapped(out, &harmless(fix), &format!("{INDENT}fix: "), &format!("{INDENT}     "));
        }
        if let Some(command) = &finding.command {
            let _ = writeln!(out, "{INDENT}{}", harmless(command));
        }
    }

    /// A line each, their checks in a column.
    fn list(&self, out: &mut String, verdict: Verdict, findings: &[&Finding]) {
        if findings.is_empty() {
            return;
        }
        let (mark, style) = mark(verdict);
        let _ = writeln!(out, "\n{}", self.styled(mark, style));
        let column = findings.iter().map(|finding| finding.check.width()).max().unwrap_or_default();
        for finding in findings {
            let first = format!("{INDENT}{:column$}  ", finding.check);
            let next = " ".repeat(INDENT.len() + column + 2);
            let phrase = harmless(&format!("{}: {}", finding.subject, finding.found));
            self.wrapped(out, &phrase, &first, &next);
        }
    }

    fn wrapped(&self, out: &mut String, text: &str, first: &str, next: &str) {
        let options = options(self.width).initial_indent(first).subsequent_indent(next);
        for line in textwrap::wrap(text, options) {
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.has_color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// How many of each kind, the worst first: `2 bad, 1 warning, 14 good`.
fn verdict(report: &Report) -> String {
    let number = |verdict| report.count(verdict) as u64;
    let parts = [
        (number(Verdict::Bad), "bad"),
        (number(Verdict::Warning), if number(Verdict::Warning) == 1 { "warning" } else { "warnings" }),
        (number(Verdict::NotDeployed), "not deployed"),
        (number(Verdict::Good), "good"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let opening = match (number(Verdict::Bad), number(Verdict::Warning)) {
        (0, 0) => "All is well: ",
        (0, _) => "Nothing is bad: ",
        _ => "",
    };
    format!("{opening}{}", parts.join(", "))
}

fn mark(verdict: Verdict) -> (&'static str, Style) {
    let color = |color: AnsiColor| Style::new().bold().fg_color(Some(color.into()));
    match verdict {
        Verdict::Bad => ("BAD", color(AnsiColor::Red)),
        Verdict::Warning => ("WARNING", color(AnsiColor::Yellow)),
        Verdict::NotDeployed => ("NOT DEPLOYED", Style::new().bold()),
        Verdict::Good => ("GOOD", color(AnsiColor::Green)),
    }
}

/// A name is broken only where a line of its own has no room for it.
fn options(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation)
}
