//! Digests made by hand, for tests.

use crate::access_log::{Status, StatusClass};
use crate::digest::{Causes, Digest, Fault, Group, Other, Sample, SampleText, Section};

/// 2020-11-18 05:28:56 UTC.
pub(crate) const AT: i64 = 1_605_677_336_000;
pub(crate) const LOG_GROUP: &str = "/aws/apigateway/hogehoge-accesslog";

pub(crate) fn group(status: u16, route: &str, fault: Fault, lines: &[(i64, &str)]) -> Group {
    let samples = lines.iter().map(|(seconds, line)| Sample {
        timestamp_ms: AT + seconds * 1_000,
        text: SampleText::Whole((*line).to_owned()),
    });
    let samples: Vec<Sample> = samples.collect();
    Group {
        status: Status::new(status).expect("a status"),
        route: route.into(),
        fault,
        source: String::new(),
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
pub(crate) fn section(groups: Vec<Group>) -> Section {
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

pub(crate) fn digest(sections: Vec<Section>) -> Digest {
    Digest { sections, ..Digest::default() }
}
