//! Digests made by hand, and the messages that they become.

mod alarms;
mod cases;
mod hostile;
mod incidents;
mod limits;
mod oracle;

use super::{MessageStyle, Rendered, Sender};
use crate::access_log::Status;
use crate::console_links::Region;
use crate::digest::{Causes, Digest, Fault, Group, Other, Sample, SampleText, Section};
use crate::incident::Context;
use crate::notification::test_digests::{AT, LOG_GROUP, digest, group, section};
use crate::notification::{QuietAgain, Situation, Storm, Style, of_digest, of_quiet_again};
use crate::slack::terminal::{Canvas, Color, draw};

pub(super) fn style() -> Style {
    Style { region: Region::new("ap-northeast-1"), ..Style::default() }
}

/// A digest as one message.
pub(super) fn render(digest: &Digest, style: &Style, situation: &Situation<'_>) -> Rendered {
    super::render(|detail| of_digest(digest, style, situation, detail), &Sender::default())
}

/// The end of a storm as one message.
pub(super) fn render_quiet_again(storm: &QuietAgain<'_>, style: &Style) -> Rendered {
    super::render(|_| of_quiet_again(storm, style), &Sender::default())
}

/// Ten seconds after [`AT`], no storm.
pub(super) fn situation() -> Situation<'static> {
    Situation { now_ms: AT + 10_000, id: "7f3a9c", storm: None }
}

/// A raw line as API Gateway's JSON preset writes it.
pub(super) fn line(id: &str, method: &str, path: &str, status: u16) -> String {
    format!(
        r#"{{ "requestId":"{id}", "ip": "203.0.113.7", "caller":"-", "user":"-","requestTime":"18/Nov/2020:05:28:56 +0000", "httpMethod":"{method}","resourcePath":"{path}", "status":"{status}","protocol":"HTTP/1.1", "responseLength":"36" }}"#
    )
}

/// What a person sees, what is sent, and what is sent where Slack refuses that.
pub(super) fn report(rendered: &Rendered) -> String {
    let pipe = Canvas { width: None, color: Color::Never };
    let json = |message| serde_json::to_string_pretty(message).expect("serializes");
    format!(
        "{}\n{} shown, id {}\n\n=== text alone, {} shown\n{}\n=== body\n{}\n",
        draw(&rendered.message, &pipe),
        rendered.shown,
        rendered.id,
        rendered.plain_shown(),
        draw(rendered.plain(), &pipe),
        json(&rendered.message),
    )
}
