//! A line in every format: JSON is decided as `serde_json` decides it, and a masked value is gone.

use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;
use statuswatch::access_log::redact::{Redacted, Redaction};
use statuswatch::access_log::{Format, Reading, read};

const FORMATS: [Format; 10] = [
    Format::Auto,
    Format::Json,
    Format::Clf,
    Format::Csv,
    Format::Xml,
    Format::KeyValue,
    Format::LoadBalancer,
    Format::CloudFront,
    Format::VpcLattice,
    Format::AppSync,
];

pub(super) fn run(data: &[u8]) {
    let line = &*String::from_utf8_lossy(data);
    let mut found = Vec::new();
    for format in FORMATS {
        if let Reading::AccessLog(log) | Reading::Salvaged(log) = read(line, format) {
            assert!((100..=599).contains(&log.status.code()));
            log.write_route(&mut String::new());
            found.push(log.status);
        }
    }
    if let (Reading::AccessLog(log) | Reading::Salvaged(log), [_, named @ ..]) =
        (read(line, Format::Auto), found.as_slice())
    {
        assert!(named.contains(&log.status), "read by looking, and as no format that has a name");
    }
    let trimmed = line.trim();
    if trimmed.starts_with('{') && !nests_deeply(trimmed) {
        agrees_with_serde_json(trimmed);
    }
    hides_the_masked(line);
}

fn agrees_with_serde_json(line: &str) {
    let reading = read(line, Format::Json);
    assert_eq!(read(line, Format::Auto), reading);
    let members = serde_json::from_str::<Members<'_>>(line);
    let Ok(Members(members)) = members else {
        assert!(!matches!(reading, Reading::AccessLog(_)), "read as JSON, which it is not");
        return;
    };
    assert!(!matches!(reading, Reading::Salvaged(_)), "salvaged, although it is JSON");
    let names_status = |key: &str| key.replace('$', "").eq_ignore_ascii_case("status");
    let says = |raw: &RawValue| serde_json::from_str::<String>(raw.get());
    if members.iter().any(|(key, _)| says(key).is_err()) {
        return;
    }
    let status = members.iter().rev().find(|(key, _)| says(key).is_ok_and(|key| names_status(&key)));
    let Some((_, status)) = status else { return };
    let expected = says(status).map_or_else(|_| whole_number(status.get()), |text| three_digits(text.trim()));
    let expected = expected.filter(|code| (100..=599).contains(code));
    let found = if let Reading::AccessLog(log) = &reading { Some(log.status.code()) } else { None };
    assert_eq!(found, expected, "the last top-level status holds");
}

fn three_digits(text: &str) -> Option<u16> {
    let is_three_digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_three_digits)
}

/// A JSON number that is whole, however it is written.
fn whole_number(text: &str) -> Option<u16> {
    let number = serde_json::from_str::<f64>(text).ok()?;
    (100..=999).find(|&code| (f64::from(code) - number).abs() < f64::EPSILON)
}

/// Deeper than 128 is no JSON for us, as for most of `serde_json`; what skips a value there counts no depth.
fn nests_deeply(line: &str) -> bool {
    line.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() > 127
}

fn hides_the_masked(line: &str) {
    let names = ["ip".to_owned(), "user".to_owned(), "path".to_owned()];
    let redaction: Redaction = names.join(",").parse().unwrap_or_default();
    let Redacted::Whole(masked) = redaction.line(line) else { return };
    assert!(masked.len() <= line.len() * 3 + 5);
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else { return };
    assert!(serde_json::from_str::<&RawValue>(&masked).is_ok(), "what was JSON is JSON when it is masked");
    for name in &names {
        let Some(Value::String(secret)) = fields.get(name) else { continue };
        if secret.chars().count() >= 4 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            assert!(!masked.contains(secret.as_str()), "the value of {name} is still there");
        }
    }
}

/// Every member of an object in its order, also those whose keys stand twice.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EachMember;

        impl<'de> serde::de::Visitor<'de> for EachMember {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut entries: A,
            ) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = entries.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(EachMember)
    }
}
