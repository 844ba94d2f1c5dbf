//! A digest as it stands in a journal: all counts, and as many sample lines as there is room for.
//!
//! A write unit pays for 1 KB, so lines are cut and left out until the rest fits; counts, groups and times never are.

use serde::{Deserialize, Serialize};

use super::{StoreFault, decode, encode};
use crate::access_log::Status;
use crate::digest::{Causes, Digest, Fault, Group, Other, Sample, SampleText, Section};
use crate::incident::{AtLeast, Context};
use crate::rules::{IncidentSettings, To};

/// How many bytes of sample lines are tried, before deflation, until the body fits.
const SAMPLE_BYTES: [usize; 8] = [usize::MAX, 16_384, 8_192, 4_096, 2_048, 1_024, 512, 0];

/// No line takes more than this share of the bytes, or that of all the lines there are: an opening of up to five errors
/// shows each of them.
const LINES: usize = 5;

/// The digest as a journal keeps it, in at most `room` bytes if that can be had by showing fewer lines.
///
/// The lines of rare groups are kept first. Where the counts alone need more room, they take it.
pub fn encode_digest(digest: &Digest, room: usize) -> Result<Vec<u8>, StoreFault> {
    let mut body = Vec::new();
    for bytes in SAMPLE_BYTES {
        body = encode(&StoredDigest::of(digest, bytes))?;
        if body.len() <= room {
            break;
        }
    }
    Ok(body)
}

/// The digest that a journal keeps.
pub fn decode_digest(body: &[u8]) -> Result<Digest, StoreFault> {
    decode::<StoredDigest>(body)?.digest().ok_or(StoreFault::Unreadable)
}

/// Fields stand in the order of their types and without names: names are what deflation costs most for.
#[derive(Serialize, Deserialize)]
struct StoredDigest(u64, Vec<StoredSection>, Vec<StoredSection>);

#[derive(Serialize, Deserialize)]
struct StoredSection {
    #[serde(rename = "n")]
    log_group: String,
    #[serde(rename = "o", default, skip_serializing_if = "is_false")]
    is_rest: bool,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    log_stream: Option<String>,
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<StoredGroup>,
    /// Client errors, server errors, and how many of them are in no group.
    #[serde(rename = "c")]
    counts: (u64, u64, u64),
    #[serde(rename = "t")]
    first_and_last_ms: (i64, i64),
    /// Absent where there are no lines to it, and in what versions before it wrote.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    context: Option<Context>,
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    counted_by_rule: Vec<(String, u64)>,
    #[serde(rename = "u", default, skip_serializing_if = "is_zero")]
    unreadable: u64,
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    colors: Vec<String>,
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredGroup {
    #[serde(rename = "s")]
    status: u16,
    #[serde(rename = "p")]
    route: String,
    #[serde(rename = "f")]
    fault: (StoredFault, Option<String>),
    #[serde(rename = "o", default, skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<(String, u64)>,
    #[serde(rename = "c")]
    count: u64,
    #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
    salvaged: u64,
    #[serde(rename = "t")]
    first_and_last_ms: (i64, i64),
    #[serde(rename = "n", default, skip_serializing_if = "is_false")]
    is_new: bool,
    /// The fewest that are worth a message and within how many milliseconds, when it is new again, the runbook.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    incident: Option<StoredSettings>,
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    samples: Vec<StoredSample>,
}

type StoredSettings = (Option<(u64, i64)>, Option<i64>, Option<String>);

/// When it was logged, its text, and of a text that is cut the characters that the whole one has.
#[derive(Serialize, Deserialize)]
struct StoredSample(i64, Option<String>, Option<usize>);

#[derive(Serialize, Deserialize)]
enum StoredFault {
    #[serde(rename = "g")]
    Gateway,
    #[serde(rename = "i")]
    Integration,
    #[serde(rename = "a")]
    Authorizer,
    #[serde(rename = "w")]
    Waf,
    #[serde(rename = "t")]
    Throttle,
    #[serde(rename = "c")]
    Client,
    #[serde(rename = "u")]
    Unknown,
}

impl StoredDigest {
    /// The digest with so many bytes of sample lines.
    fn of(digest: &Digest, sample_bytes: usize) -> Self {
        // Whoever adds a field to a digest decides here whether it is stored.
        let Digest { sections, quiet, id } = digest;
        let stored = |sections: &[Section]| {
            sections.iter().map(|section| StoredSection::of(section, sample_bytes)).collect()
        };
        Self(*id, stored(sections), stored(quiet))
    }

    fn digest(self) -> Option<Digest> {
        let Self(id, sections, quiet) = self;
        let read = |sections: Vec<StoredSection>| {
            sections.into_iter().map(StoredSection::section).collect::<Option<Vec<Section>>>()
        };
        let (sections, quiet) = (read(sections), read(quiet));
        Some(Digest { sections: sections?, quiet: quiet?, id })
    }
}

impl StoredSection {
    fn of(section: &Section, sample_bytes: usize) -> Self {
        let Section {
            log_group,
            is_rest,
            // An entry is one destination's.
            to: _,
            log_stream,
            groups,
            other: Other { count: other },
            client_errors,
            server_errors,
            first_ms,
            last_ms,
            context,
            requests,
            counted_by_rule,
            unreadable,
            colors,
            mentions,
        } = section;
        Self {
            log_group: log_group.clone(),
            is_rest: *is_rest,
            log_stream: log_stream.clone(),
            groups: stored_groups(groups, sample_bytes),
            counts: (*client_errors, *server_errors, *other),
            first_and_last_ms: (*first_ms, *last_ms),
            context: (section.matched() > 0).then(|| context.clone()),
            requests: *requests,
            counted_by_rule: counted_by_rule.clone(),
            unreadable: *unreadable,
            colors: colors.clone(),
            mentions: mentions.clone(),
        }
    }

    fn section(self) -> Option<Section> {
        let (client_errors, server_errors, other) = self.counts;
        let (first_ms, last_ms) = self.first_and_last_ms;
        let has_lines = client_errors + server_errors > 0;
        let context =
            self.context.unwrap_or_else(|| if has_lines { Context::unknown() } else { Context::default() });
        Some(Section {
            log_group: self.log_group,
            is_rest: self.is_rest,
            to: To::default(),
            log_stream: self.log_stream,
            groups: self.groups.into_iter().map(StoredGroup::group).collect::<Option<_>>()?,
            other: Other { count: other },
            client_errors,
            server_errors,
            first_ms,
            last_ms,
            context,
            requests: self.requests,
            counted_by_rule: self.counted_by_rule,
            unreadable: self.unreadable,
            colors: self.colors,
            mentions: self.mentions,
        })
    }
}

/// The groups, with the lines that so many bytes have room for: one of each group, the rarest first, then a second of
/// each, and so on.
fn stored_groups(groups: &[Group], sample_bytes: usize) -> Vec<StoredGroup> {
    let mut stored: Vec<StoredGroup> = groups.iter().map(StoredGroup::without_samples).collect();
    let mut rarest_first: Vec<(&Group, &mut StoredGroup)> = groups.iter().zip(&mut stored).collect();
    rarest_first.sort_by_key(|(group, _)| group.count);
    let most = groups.iter().map(|group| group.samples.len()).max().unwrap_or_default();
    let lines = groups.iter().map(|group| group.samples.len()).sum::<usize>().clamp(1, LINES);
    let mut room = sample_bytes;
    for round in 0..most {
        for (group, stored) in &mut rarest_first {
            let Some(sample) = group.samples.get(round) else { continue };
            let sample = StoredSample::of(sample, (sample_bytes / lines).min(room));
            // A line of which nothing can be kept would only say that there was one.
            if let StoredSample(_, Some(text), _) = &sample {
                if text.is_empty() {
                    continue;
                }
                room = room.saturating_sub(text.len());
            }
            stored.samples.push(sample);
        }
    }
    stored
}

impl StoredGroup {
    fn without_samples(group: &Group) -> Self {
        let Group {
            status,
            route,
            fault,
            source,
            causes,
            count,
            salvaged,
            first_ms,
            last_ms,
            is_new,
            incident,
            samples: _,
        } = group;
        Self {
            status: status.code(),
            route: route.to_string(),
            fault: stored_fault(*fault),
            source: source.clone(),
            causes: causes.counted().to_vec(),
            count: *count,
            salvaged: *salvaged,
            first_and_last_ms: (*first_ms, *last_ms),
            is_new: *is_new,
            incident: stored_settings(incident),
            samples: Vec::new(),
        }
    }

    fn group(self) -> Option<Group> {
        let (first_ms, last_ms) = self.first_and_last_ms;
        let samples: Vec<Sample> = self.samples.into_iter().map(StoredSample::sample).collect();
        Some(Group {
            status: Status::new(self.status)?,
            route: self.route.into(),
            fault: fault(self.fault),
            source: self.source,
            causes: Causes::of_counted(self.causes),
            count: self.count,
            salvaged: self.salvaged,
            first_ms,
            last_ms,
            is_new: self.is_new,
            incident: self.incident.map(settings).unwrap_or_default(),
            samples: samples.into(),
        })
    }
}

impl StoredSample {
    /// The sample with at most so many bytes of its text.
    fn of(sample: &Sample, bytes: usize) -> Self {
        let Sample { timestamp_ms, text } = sample;
        let (Some(text), full_chars) = (text.text(), text.full_chars()) else {
            return Self(*timestamp_ms, None, None);
        };
        let kept = text.get(..text.floor_char_boundary(bytes)).unwrap_or_default();
        let is_cut = kept.len() < text.len();
        let full_chars = full_chars.or_else(|| is_cut.then(|| text.chars().count()));
        Self(*timestamp_ms, Some(kept.to_owned()), full_chars)
    }

    fn sample(self) -> Sample {
        let Self(timestamp_ms, text, full_chars) = self;
        let text = match (text, full_chars) {
            (Some(text), None) => SampleText::Whole(text),
            (Some(kept), Some(full_chars)) => SampleText::Cut { kept, full_chars },
            (None, _) => SampleText::Withheld,
        };
        Sample { timestamp_ms, text }
    }
}

fn stored_settings(settings: &IncidentSettings) -> Option<StoredSettings> {
    let IncidentSettings { at_least, again_after_ms, runbook } = settings;
    let at_least = at_least.map(|AtLeast { count, within_ms }| (count, within_ms));
    (*settings != IncidentSettings::default()).then(|| (at_least, *again_after_ms, runbook.clone()))
}

fn settings((at_least, again_after_ms, runbook): StoredSettings) -> IncidentSettings {
    let at_least = at_least.map(|(count, within_ms)| AtLeast { count, within_ms });
    IncidentSettings { at_least, again_after_ms, runbook }
}

fn stored_fault(fault: Fault) -> (StoredFault, Option<String>) {
    let (kind, detail) = match fault {
        Fault::Gateway => (StoredFault::Gateway, None),
        Fault::Integration(detail) => (StoredFault::Integration, detail),
        Fault::Authorizer(detail) => (StoredFault::Authorizer, detail),
        Fault::Waf => (StoredFault::Waf, None),
        Fault::Throttle(detail) => (StoredFault::Throttle, detail),
        Fault::Client(detail) => (StoredFault::Client, detail),
        Fault::Unknown => (StoredFault::Unknown, None),
    };
    (kind, detail.map(str::to_owned))
}

fn fault((kind, detail): (StoredFault, Option<String>)) -> Fault {
    let detail = detail.and_then(|word| DETAILS.into_iter().find(|known| *known == word));
    match kind {
        StoredFault::Gateway => Fault::Gateway,
        StoredFault::Integration => Fault::Integration(detail),
        StoredFault::Authorizer => Fault::Authorizer(detail),
        StoredFault::Waf => Fault::Waf,
        StoredFault::Throttle => Fault::Throttle(detail),
        StoredFault::Client => Fault::Client(detail),
        StoredFault::Unknown => Fault::Unknown,
    }
}

/// The details of a fault. One that is not known here, from another version, is left out.
const DETAILS: [&str; 18] = [
    "timeout",
    "malformed answer",
    "bad parameters",
    "bad body",
    "unauthorized",
    "access denied",
    "expired token",
    "invalid API key",
    "invalid signature",
    "missing token",
    "not found",
    "too large",
    "unsupported media type",
    "quota exceeded",
    "misconfigured",
    "failed",
    "integration",
    "country blocked",
];

// serde takes a function of a reference.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::decode::Header;
    use crate::digest::{Batch, Reader};
    use crate::duplicates::RememberedEvents;
    use crate::rules::Rules;
    use crate::store::{IncidentKey, room_in_entry};

    const LOG_GROUP: &str = "/aws/apigateway/shop-production-accesslog";

    fn digest(lines: impl IntoIterator<Item = String>) -> Digest {
        let reader = Reader::new(Rules::built_in());
        let header = Header {
            log_group: LOG_GROUP.to_owned(),
            log_stream: "0f3c2a9d8b7e6f5a4c3b2a1908f7e6d5".to_owned(),
            ..Header::default()
        };
        let (mut batch, remembered) = (Batch::default(), RememberedEvents::default());
        for (number, line) in lines.into_iter().enumerate() {
            let id = format!("3789{number:052}");
            let time = 1_800_000_000_000 + i64::try_from(number).unwrap() * 7;
            batch.intake(&reader, &remembered).line(&header, id.as_bytes(), time, &line);
        }
        batch.digest.sort();
        batch.digest
    }

    /// A line of 480 bytes as REST APIs write them, with ids as random as real ones.
    fn line(random: &mut fastrand::Rng, status: u16, route: &str, response_type: &str) -> String {
        let (one, two) = (random.u128(..), random.u64(..));
        let ip = format!("203.0.113.{}", random.u8(..));
        let latency = random.u16(3..3_000);
        format!(
            r#"{{"requestId":"{one:032x}","extendedRequestId":"{two:016x}=","ip":"{ip}","caller":"-","user":"-","requestTime":"15/Jan/2027:08:00:{:02} +0000","httpMethod":"POST","resourcePath":"{route}","status":"{status}","protocol":"HTTP/1.1","responseLength":"{latency}","error.message":"Internal server error","error.responseType":"{response_type}","integration.status":"200","integrationLatency":"{latency}","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0"}}"#,
            random.u8(0..60),
        )
    }

    fn lines(count: usize, groups: usize) -> Digest {
        let mut random = fastrand::Rng::with_seed(7);
        let of_group = |number: usize| {
            let group = number % groups;
            let status = [502, 504, 403, 429, 500][group % 5];
            line(
                &mut random,
                status,
                &format!("/v{}/orders/{{id}}/items/{group}", group / 5),
                "INTEGRATION_FAILURE",
            )
        };
        digest((0..count).map(of_group).collect::<Vec<_>>())
    }

    fn write_units(body: &[u8]) -> usize {
        let incident = IncidentKey { destination: "ops".to_owned(), log_group: LOG_GROUP.to_owned() };
        (1..=400).find(|units| room_in_entry(&incident, *units) >= body.len()).unwrap()
    }

    fn samples(digest: &Digest) -> usize {
        digest.sections.iter().flat_map(|section| &section.groups).map(|group| group.samples.len()).sum()
    }

    #[test]
    fn a_digest_is_read_as_it_was_written() {
        let mut whole = lines(40, 7);
        whole.sections[0].counted_by_rule = vec![("scanner noise".to_owned(), 12)];
        whole.sections[0].mentions = vec!["<!here>".to_owned()];
        whole.sections[0].colors = vec!["danger".to_owned()];
        whole.sections[0].unreadable = 3;
        whole.sections[0].other = Other { count: 5 };
        whole.sections[0].requests = Some(170);
        whole.sections[0].context.note_account("123456789012");
        whole.sections[0].context.note_stage("prod");
        whole.sections[0].context.note_client(|| None::<&str>);
        whole.sections[0].context.note_source("account 111111111111 eu-west-1");
        whole.sections[0].groups[0].source = "account 111111111111 eu-west-1".to_owned();
        whole.sections[0].groups[0].is_new = true;
        whole.sections[0].groups[0].salvaged = 1;
        whole.sections[0].groups[0].incident = IncidentSettings {
            at_least: Some(AtLeast { count: 5, within_ms: 60_000 }),
            again_after_ms: Some(900_000),
            runbook: Some("https://wiki.example.com/orders".to_owned()),
        };
        let withheld = Sample { timestamp_ms: 9, text: SampleText::Withheld };
        let cut = SampleText::Cut { kept: "日本".to_owned(), full_chars: 9_000 };
        whole.sections[0].groups[1].samples = vec![withheld, Sample { timestamp_ms: 10, text: cut }].into();
        let body = encode_digest(&whole, usize::MAX).unwrap();
        assert_eq!(decode_digest(&body), Ok(whole));
        assert_eq!(decode_digest(&encode_digest(&Digest::default(), 0).unwrap()), Ok(Digest::default()));
        assert_eq!(decode_digest(&encode(&"text").unwrap()), Err(StoreFault::Unreadable));
    }

    /// The section of a version that knew nothing of accounts, stages, sources, clients and requests.
    #[test]
    fn a_body_of_an_earlier_version_is_read() {
        let section = serde_json::json!({
            "n": LOG_GROUP, "c": [1, 2, 0], "t": [5, 9],
            "g": [{ "s": 502, "p": "GET /", "f": ["i", null], "c": 3, "t": [5, 9] }],
        });
        let quiet = serde_json::json!({ "n": "quiet", "c": [0, 0, 0], "t": [0, 0], "u": 4 });
        let digest = decode_digest(&encode(&serde_json::json!([7, [section], [quiet]])).unwrap()).unwrap();
        assert_eq!((digest.matched(), digest.sections[0].requests), (3, None));
        assert_eq!(digest.sections[0].context, Context::unknown());
        assert_eq!(digest.sections[0].groups[0].source, "");
        assert_eq!((digest.quiet[0].unreadable, &digest.quiet[0].context), (4, &Context::default()));
    }

    /// Every word for whose fault it is comes back as it was.
    #[test]
    fn every_fault_is_kept() {
        let kinds = [
            "BAD_REQUEST_PARAMETERS",
            "BAD_REQUEST_BODY",
            "UNAUTHORIZED",
            "ACCESS_DENIED",
            "EXPIRED_TOKEN",
            "INVALID_API_KEY",
            "INVALID_SIGNATURE",
            "MISSING_AUTHENTICATION_TOKEN",
            "WAF_FILTERED",
            "RESOURCE_NOT_FOUND",
            "REQUEST_TOO_LARGE",
            "UNSUPPORTED_MEDIA_TYPE",
            "THROTTLED",
            "QUOTA_EXCEEDED",
            "API_CONFIGURATION_ERROR",
            "AUTHORIZER_CONFIGURATION_ERROR",
            "AUTHORIZER_FAILURE",
            "INTEGRATION_FAILURE",
            "INTEGRATION_TIMEOUT",
            "DEFAULT_4XX",
            "DEFAULT_5XX",
            "-",
        ];
        let mut random = fastrand::Rng::with_seed(1);
        for status in [400, 403, 429, 500, 502, 504] {
            let digest =
                digest(kinds.iter().map(|kind| line(&mut random, status, "/", kind)).collect::<Vec<_>>());
            assert!(digest.sections[0].groups.len() > 3);
            assert_eq!(decode_digest(&encode_digest(&digest, usize::MAX).unwrap()), Ok(digest));
        }
    }

    #[test]
    fn every_detail_that_a_fault_can_have_is_known() {
        let source = include_str!("../digest/fault.rs");
        let details = source.split("(Some(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let unknown: Vec<&str> = details.filter(|detail| !DETAILS.contains(detail)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    /// What a batch costs to write, as measured, and how many of its lines are kept.
    #[test]
    fn a_batch_costs_at_most_four_write_units() {
        let incident = IncidentKey { destination: "ops".to_owned(), log_group: LOG_GROUP.to_owned() };
        let room = room_in_entry(&incident, 4);
        for (count, groups, units, kept) in [
            (1, 1, 1, 1),
            (3, 2, 1, 3),
            (5, 2, 1, 5),
            (12, 4, 2, 12),
            (40, 6, 4, 40),
            (300, 8, 4, 61),
            (3_000, 20, 3, 31),
            (3_000, 64, 4, 31),
        ] {
            let digest = lines(count, groups);
            let body = encode_digest(&digest, room).unwrap();
            let stored = decode_digest(&body).unwrap();
            assert_eq!(
                (write_units(&body), samples(&stored)),
                (units, kept),
                "{count} lines, {groups} groups: {} bytes",
                body.len()
            );
            assert_eq!(without_samples(stored), without_samples(digest));
        }
    }

    /// Routes that cannot be deflated take more room than there is; no count is given up for it.
    #[test]
    fn counts_take_the_room_that_they_need() {
        let mut random = fastrand::Rng::with_seed(3);
        let digest = digest(
            (0..64)
                .map(|_| {
                    let route: String = (0..500).map(|_| random.alphanumeric()).collect();
                    line(&mut random, 502, &route, "-")
                })
                .collect::<Vec<_>>(),
        );
        let body = encode_digest(&digest, 3_000).unwrap();
        let stored = decode_digest(&body).unwrap();
        assert_eq!(samples(&stored), 0);
        assert_eq!(without_samples(stored), without_samples(digest));
        assert_eq!(write_units(&body), 25);
    }

    /// A long line alone is cut, not left out.
    #[test]
    fn what_does_not_fit_is_cut() {
        let mut random = fastrand::Rng::with_seed(3);
        let long: String = (0..9_000).map(|_| random.alphanumeric()).collect();
        let digest = digest([format!(r#"{{"status":"502","note":"日{long}"}}"#)]);
        let stored = decode_digest(&encode_digest(&digest, 3_000).unwrap()).unwrap();
        let SampleText::Cut { kept, full_chars } = &stored.sections[0].groups[0].samples[0].text else {
            panic!("{stored:?}")
        };
        assert!(kept.starts_with(r#"{"status":"502","note":"日"#) && kept.len() > 1_000, "{}", kept.len());
        assert_eq!(*full_chars, 9_027);
    }

    /// Five long lines are all kept, each cut to its share.
    #[test]
    fn each_of_five_long_lines_is_kept() {
        let mut random = fastrand::Rng::with_seed(5);
        let incident = IncidentKey { destination: "ops".to_owned(), log_group: LOG_GROUP.to_owned() };
        let line = |_| {
            let long: String = (0..5_000).map(|_| random.alphanumeric()).collect();
            format!(r#"{{"status":"502","resourcePath":"/v1/orders","note":"{long}"}}"#)
        };
        let digest = digest((0..5).map(line).collect::<Vec<_>>());
        let body = encode_digest(&digest, room_in_entry(&incident, 4)).unwrap();
        assert_eq!((write_units(&body), samples(&decode_digest(&body).unwrap())), (4, 5));
    }

    fn without_samples(mut digest: Digest) -> Digest {
        let groups = digest.sections.iter_mut().flat_map(|section| &mut section.groups);
        groups.for_each(|group| group.samples = Vec::new().into());
        digest
    }
}
