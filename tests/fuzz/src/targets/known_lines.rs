//! Lines that a learned format recognises: a batch comes out as it does where every line is read for itself.

use statuswatch::decode::{Header, LogEvent, Sink, Source, decode};
use statuswatch::digest::{Batch, Counts, Reader};
use statuswatch::duplicates::RememberedEvents;
use statuswatch::rules::Rules;

/// Rules that look at a line's text and address, that go by time, and that go by what makes lines alike.
pub(crate) const RULES: [&str; 4] = [
    r#"{"rules":[{"name":"p","pattern":"{ $.ip = *bot* || $.userAgent = *bot* }","action":"count"}]}"#,
    r#"{"rules":[{"name":"a","status":"5xx","ip":"203.0.113.0/24","action":"ignore"}]}"#,
    r#"{"rules":[{"name":"u","status":"4xx","until":"2020-09-13","action":"ignore"}]}"#,
    r#"{"rules":[{"name":"c","status":"404","action":"count"},{"name":"w","response_type":"WAF*","action":"ignore"},
        {"name":"t","route":"GET /o*","status":"5xx","action":"notify","color":"danger","mention":"<!here>"}]}"#,
];

pub(crate) fn reader(redact: &[&str], rules: Option<&str>, samples_per_group: usize) -> Reader {
    Reader {
        redact: redact.join(",").parse().unwrap_or_default(),
        samples_per_group,
        ..Reader::new(rules.map_or_else(Rules::built_in, |rules| Rules::parse(rules).expect("rules")))
    }
}

/// When the log event of this number happened, epoch milliseconds: hours apart and in no order, so that a rule ends
/// among them.
pub(crate) fn time_ms(number: usize) -> u64 {
    1_600_000_000_000 + number as u64 * 7 % 24 * 4_000_000
}

/// Gives every line to the plain reader.
struct Plainly<'a> {
    batch: &'a mut Batch,
    reader: &'a Reader,
    remembered: &'a RememberedEvents,
}

impl Sink for Plainly<'_> {
    fn log_event(&mut self, header: &Header, event: LogEvent<'_>) {
        let mut intake = self.batch.intake(self.reader, self.remembered).with_fields(event.extracted_fields);
        match event.message {
            None => intake.log_event(header, event),
            Some(message) => {
                let mut line = String::new();
                message.unescape_into(&mut line);
                intake.line(header, event.id.0, event.timestamp_ms, &line);
            }
        }
    }
}

/// Reads subscription messages in both ways, and gives the counts of both.
pub(crate) fn check(text: &[u8], reader: &Reader) -> Counts {
    let remembered = RememberedEvents::default();
    let (mut fast, mut plain) = (Batch::default(), Batch::default());
    let fast_end = decode(Source::Plain(text), 1 << 30, &mut fast.intake(reader, &remembered));
    let mut plainly = Plainly { batch: &mut plain, reader, remembered: &remembered };
    let plain_end = decode(Source::Plain(text), 1 << 30, &mut plainly);
    assert_eq!(fast_end, plain_end);
    assert_eq!(fast.counts, plain.counts);
    assert_eq!(fast.digest, plain.digest);
    assert_eq!(fast.keys, plain.keys);
    plain.counts
}

/// Reads lines of any format one after another, and each by itself, where nothing is learned before it.
pub(crate) fn check_apart<'a>(lines: impl Iterator<Item = &'a str>, reader: &Reader) {
    let (remembered, header) = (RememberedEvents::default(), Header::default());
    let mut together = Batch::default();
    let mut apart = [0; 4];
    let counts = |batch: &Batch| {
        let ledger = &batch.counts.ledger;
        [ledger.ok, ledger.ignored, ledger.unreadable, ledger.matched + ledger.duplicate]
    };
    // A header says something of the lines behind it.
    for line in lines.filter(|line| !line.trim_start().starts_with('#')) {
        together.intake(reader, &remembered).line(&header, b"", 1, line);
        let mut alone = Batch::default();
        alone.intake(reader, &remembered).line(&header, b"", 1, line);
        apart.iter_mut().zip(counts(&alone)).for_each(|(sum, of_line)| *sum += of_line);
        assert_eq!(counts(&together), apart, "{line}");
    }
}

/// The first byte chooses rules, masks and room for samples; each line of the rest is a message as it stands in a
/// batch, between its quotes.
pub(super) fn run(data: &[u8]) {
    let Some((choice, messages)) = data.split_first() else { return };
    let choice = usize::from(*choice);
    let redact: &[&str] = if choice.is_multiple_of(16) { &["ip", "path"] } else { &[] };
    let reader = reader(redact, RULES.get(choice % 8).copied(), choice / 8 % 4);
    let mut text =
        br#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":["#.to_vec();
    for (number, message) in messages.split(|&byte| byte == b'\n').enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let begin = format!(r#"{comma}{{"id":"{}","timestamp":{},"message":""#, number % 20, time_ms(number));
        text.extend_from_slice(begin.as_bytes());
        text.extend_from_slice(message);
        text.extend_from_slice(br#""}"#);
    }
    text.extend_from_slice(b"]}");
    check(&text, &reader);
    check_apart(String::from_utf8_lossy(messages).lines(), &reader);
}
