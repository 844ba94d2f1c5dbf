//! Digests made by hand, and the messages that they become.

mod alarms;
mod cases;
mod hostile;
mod incidents;
mod limits;
mod oracle;

use super::{Rendered, Situation, Storm, Style, render};
use crate::access_log::{Status, StatusClass};
use crate::console::Region;
use crate::digest::{Causes, Digest, Fault, Group, Other, Sample, SampleText, Section};
use crate::incident::Context;
use crate::slack::terminal::{Canvas, Color, draw};

/// 2020-11-18 05:28:56 UTC.
pub(super) const AT: i64 = 1_605_677_336_000;
pub(super) const LOG_GROUP: &str = "/aws/apigateway/hogehoge-accesslog";

pub(super) fn group(status: u16, route: &str, fault: Fault, lines: &[(i64, &str)]) -> Group {
    let samples = lines.iter().map(|(seconds, line)| Sample {
        timestamp_ms: AT + seconds * 1_000,
        text: SampleText::Whole((*line).to_owned()),
    });
    let samples: Vec<Sample> = samples.collect();
    Group {
        status: Status::new(status).expect("a status"),
        route: route.to_owned(),
        fault,
        causes: Causes::default(),
        count: samples.len() as u64,
        salvaged: 0,
        first_ms: samples.first().map_or(AT, |sample| sample.timestamp_ms),
        last_ms: samples.last().map_or(AT, |sample| sample.timestamp_ms),
        is_new: false,
        incident: crate::rules::IncidentSettings::default(),
        samples: samples.into(),
    }
}

/// A section with the counts and times of its groups.
pub(super) fn section(groups: Vec<Group>) -> Section {
    let count = |class| {
        groups.iter().filter(|group| group.status.class() == class).map(|group| group.count).sum::<u64>()
    };
    Section {
        log_group: LOG_GROUP.to_owned(),
        log_stream: Some("8cdc959f069244cb30b8ad47bce0771d".to_owned()),
        client_errors: count(StatusClass::ClientError),
        server_errors: count(StatusClass::ServerError),
        first_ms: groups.iter().map(|group| group.first_ms).min().unwrap_or(AT),
        last_ms: groups.iter().map(|group| group.last_ms).max().unwrap_or(AT),
        other: Other::default(),
        groups,
        ..Section::default()
    }
}

pub(super) fn digest(sections: Vec<Section>) -> Digest {
    Digest { sections, ..Digest::default() }
}

pub(super) fn style() -> Style {
    Style { region: Region::new("ap-northeast-1"), ..Style::default() }
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
        rendered.plain_shown,
        draw(&rendered.plain, &pipe),
        json(&rendered.message),
    )
}
