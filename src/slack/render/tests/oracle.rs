//! A judge of messages: dead, true, and within Slack's limits.
//!
//! It knows Slack's rules by itself and shares no code with what it judges.

use serde_json::Value;

use super::*;
use crate::slack::message::Message;

/// The one mention that a rule of the operator's names in these tests.
pub(super) const MENTION: &str = "<!here>";
const SPACE: char = '\u{200b}';

/// Markup in which nothing is live but what `allowed` knows.
pub(super) fn assert_dead(mrkdwn: &str, allowed: impl Fn(&str) -> bool) {
    let mut rest = mrkdwn;
    let mut text = String::new();
    while let Some(at) = rest.find('<') {
        let (before, tagged) = rest.split_at(at);
        let end = tagged.find('>').unwrap_or_else(|| panic!("a bare < in {mrkdwn:?}"));
        let (tag, after) = tagged.split_at(end + 1);
        assert!(allowed(tag), "live {tag:?} in {mrkdwn:?}");
        text.push_str(before);
        rest = after;
    }
    text.push_str(rest);
    assert!(!text.contains('>'), "a bare > in {mrkdwn:?}");
    for (at, _) in text.match_indices('&') {
        let entity = &text[at..];
        assert!(
            ["&amp;", "&lt;", "&gt;"].iter().any(|known| entity.starts_with(known)),
            "a bare & in {mrkdwn:?}"
        );
    }
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        assert!(!is_forbidden(c), "{c:?} in {mrkdwn:?}");
        if "*_~`:@#.".contains(c) {
            assert_eq!(chars.peek(), Some(&SPACE), "live {c:?} in {mrkdwn:?}");
        }
    }
}

fn is_forbidden(c: char) -> bool {
    matches!(u32::from(c), 0..=0x1f | 0x7f..=0x9f | 0x61c | 0x200e..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069)
}

fn is_ours(tag: &str) -> bool {
    let link = |page: &str, label: &str| {
        tag.strip_prefix("<https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#")
            .is_some_and(|at| at.starts_with(page))
            && tag.matches('|').count() == 1
            && tag.split('|').next_back().is_some_and(|shown| shown.starts_with(label))
    };
    let is_date = || {
        let date = tag.strip_prefix("<!date^").and_then(|date| date.strip_suffix('>'));
        let Some((seconds, rest)) = date.and_then(|date| date.split_once('^')) else { return false };
        let day = rest.strip_prefix("{date_short}|").unwrap_or("!");
        seconds.chars().all(|c| c.is_ascii_digit())
            && day.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
    };
    is_date()
        || link("logsV2:", "Logs Insights")
        || link("logsV2:", "log stream")
        || link("alarmsV2:alarm/", "alarm>")
}

/// The heading without what the operator wrote.
fn assert_heading_dead(heading: &str, style: &Style) {
    let heading = match &style.lead_in {
        Some(lead_in) => {
            heading.strip_prefix(lead_in.as_str()).expect("the lead-in comes first, as written").trim_start()
        }
        None => heading,
    };
    let heading = heading.strip_prefix(MENTION).unwrap_or(heading);
    assert_dead(heading, |_| false);
}

fn texts<'a>(value: &'a Value, of_type: &str) -> Vec<&'a str> {
    match value {
        Value::Object(fields) if fields.get("type").is_some_and(|found| found == of_type) => {
            fields["text"].as_str().into_iter().collect()
        }
        Value::Object(fields) => fields.values().flat_map(|value| texts(value, of_type)).collect(),
        Value::Array(values) => values.iter().flat_map(|value| texts(value, of_type)).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn parts<'a>(value: &'a Value, of_type: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(fields) if fields.get("type").is_some_and(|found| found == of_type) => vec![value],
        Value::Object(fields) => fields.values().flat_map(|value| parts(value, of_type)).collect(),
        Value::Array(values) => values.iter().flat_map(|value| parts(value, of_type)).collect(),
        _ => Vec::new(),
    }
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

pub(super) fn assert_within_limits(message: &Message) {
    let body = serde_json::to_string(message).expect("serializes");
    let json: Value = serde_json::from_str(&body).expect("valid JSON");
    assert!(body.len() <= 15_000, "{} bytes", body.len());
    let known = ["text", "attachments", "unfurl_links", "unfurl_media"];
    assert!(json.as_object().expect("an object").keys().all(|key| known.contains(&key.as_str())), "{body}");
    assert!(json["unfurl_links"] == false && json["unfurl_media"] == false);

    let heading = json["text"].as_str().expect("a heading");
    let attachments = json.get("attachments").and_then(Value::as_array).cloned().unwrap_or_default();
    assert!(!heading.is_empty() && utf16(heading) <= if attachments.is_empty() { 3_900 } else { 1_000 });
    assert!(attachments.len() <= 20);
    assert!(attachments.iter().map(|a| a["blocks"].as_array().expect("blocks").len()).sum::<usize>() <= 50);
    let (rich, mrkdwn) = (texts(&json, "text"), texts(&json, "mrkdwn"));
    assert!(rich.iter().chain(&mrkdwn).all(|text| !text.is_empty()));
    assert!(mrkdwn.iter().all(|text| utf16(text) <= 3_000));
    assert!(rich.iter().chain(&mrkdwn).map(|text| utf16(text)).sum::<usize>() <= 9_500);
    for section in ["rich_text", "rich_text_section", "rich_text_preformatted", "context"] {
        assert!(
            parts(&json, section)
                .iter()
                .all(|part| part["elements"].as_array().is_some_and(|e| !e.is_empty()))
        );
    }
}

pub(super) fn assert_blocks_dead(message: &Message, style: &Style) {
    let json = serde_json::to_value(message).expect("serializes");
    assert_heading_dead(&message.text, style);
    for attachment in json.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        assert_dead(attachment["fallback"].as_str().expect("a fallback"), |_| false);
    }
    for live in
        ["user", "usergroup", "channel", "broadcast", "emoji", "link", "plain_text", "section", "markdown"]
    {
        assert!(parts(&json, live).is_empty(), "{live}");
    }
    for text in texts(&json, "text") {
        assert!(!text.chars().any(|c| c != '\n' && is_forbidden(c)), "{text:?}");
    }
    for context in parts(&json, "context") {
        assert!(parts(context, "mrkdwn").iter().all(|text| text["verbatim"] == true));
        for text in texts(context, "mrkdwn") {
            assert_dead(text, is_ours);
        }
    }
}

/// Text alone: the heading, then rows; raw lines stand between fences of their own.
pub(super) fn assert_text_dead(message: &Message, style: &Style) {
    let heading_at = style.lead_in.as_deref().map_or(0, str::len);
    let (_, rest) = message.text.split_at(heading_at);
    let mut lines = rest.split('\n');
    assert_heading_dead(
        &(style.lead_in.clone().unwrap_or_default() + lines.next().unwrap_or_default()),
        style,
    );
    let mut fences = 0;
    for line in lines {
        if line == "```" { fences += 1 } else { assert_dead(line, is_ours) }
    }
    assert_eq!(fences % 2, 0, "a fence is open");
}

/// The raw lines in the message's boxes.
fn boxed(message: &Message) -> Vec<String> {
    let json = serde_json::to_value(message).expect("serializes");
    let boxes = parts(&json, "rich_text_preformatted");
    boxes
        .iter()
        .flat_map(|part| texts(part, "text"))
        .flat_map(|text| text.split('\n'))
        .map(str::to_owned)
        .collect()
}

fn fenced(message: &Message) -> usize {
    message.text.split("\n```\n").skip(1).step_by(2).map(|lines| lines.split('\n').count()).sum()
}

/// What a reader sees of a line, written down a second time: control pictures, and codes for what turns text.
fn visible(line: &str) -> String {
    let visible = |c: char| match u32::from(c) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code).into_iter().collect(),
        0x7f => "␡".to_owned(),
        code if is_forbidden(c) => format!("\\u{code:04x}"),
        _ => c.to_string(),
    };
    line.chars().map(visible).collect()
}

/// Every line in a box is a sample: whole, or its beginning with the number of characters that are missing.
pub(super) fn assert_shown_is_true(digest: &Digest, rendered: &Rendered) {
    let boxed = boxed(&rendered.message);
    assert_eq!(boxed.len() as u64, rendered.shown);
    assert_eq!(fenced(rendered.plain()) as u64, rendered.plain_shown());
    let mut samples: Vec<(String, String, usize)> = Vec::new();
    for sample in digest.sections.iter().flat_map(|section| &section.groups).flat_map(|group| &group.samples)
    {
        match (sample.text.text(), sample.text.full_chars()) {
            (Some(text), None) => {
                let text = text.trim_end().to_owned();
                let (seen, chars) = (visible(&text), text.chars().count());
                samples.push((text, seen, chars));
            }
            // What was cut before has its mark even where all that was kept is shown.
            (Some(kept), Some(full_chars)) => samples.push((kept.into_owned(), String::new(), full_chars)),
            (None, _) => {}
        }
    }
    // A sample may itself end in what looks like a mark, so whole lines are looked for first.
    let (mut samples, mut cut) = (samples, Vec::new());
    for line in boxed {
        match samples.iter().position(|(_, whole, _)| *whole == line) {
            Some(found) => drop(samples.swap_remove(found)),
            None => cut.push(line),
        }
    }
    for line in cut {
        let is_cut = |(text, _, full): &(String, String, usize)| {
            let (kept, mark) = line.rsplit_once("… (")?;
            let number =
                mark.strip_suffix(" more characters)").or_else(|| mark.strip_suffix(" more character)"))?;
            let missing = number.replace(',', "").parse().ok()?;
            let shown: String = text.chars().take(full.checked_sub(missing)?).collect();
            (kept == visible(&shown)).then_some(())
        };
        let found = samples.iter().position(|sample| is_cut(sample).is_some());
        samples.swap_remove(found.unwrap_or_else(|| panic!("no sample is {line:?}")));
    }
}

/// The numbers in the rows of each bar add up to what matched there.
pub(super) fn assert_nothing_is_uncounted(digest: &Digest, message: &Message) {
    let number = |text: &str| -> u64 { text.trim_end().replace(',', "").parse().expect("a number") };
    let mut counted = 0;
    for attachment in &message.attachments {
        let json = serde_json::to_value(attachment).expect("serializes");
        let section = parts(&json, "rich_text_section");
        let cells: Vec<&str> = section.iter().take(1).flat_map(|section| texts(section, "text")).collect();
        counted += cells.iter().filter_map(|cell| cell.strip_prefix(" ×")).map(number).sum::<u64>();
        if let Some((_, errors)) = cells.iter().find_map(|cell| cell.split_once(" more log group")) {
            counted += number(
                errors
                    .trim_start_matches('s')
                    .trim_start_matches(" · ")
                    .split(' ')
                    .next()
                    .unwrap_or_default(),
            );
        }
    }
    assert_eq!(counted, digest.sections.iter().map(Section::matched).sum::<u64>());
}

/// What a reader sees of a row, written down a second time: nothing of what takes no room, and one blank for any.
fn seen(row: &str) -> String {
    let is_seen = |c: &char| !matches!(u32::from(*c), 0x200b..=0x200f | 0x2060..=0x2069 | 0x202a..=0x202e | 0xfeff | 0xad);
    row.chars().filter(is_seen).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// No two group rows of one log group look the same, whatever their counts, causes and times are: neither in blocks nor
/// in plain text.
pub(super) fn assert_rows_differ(digest: &Digest, rendered: &Rendered) {
    let is_one = |section: &Section| section.matched() == 1 && section.groups.len() == 1;
    let [section] = digest.sections.as_slice() else { panic!("one section") };
    if is_one(section) {
        return;
    }
    let json = serde_json::to_value(&rendered.message).expect("serializes");
    let rows: String =
        parts(&json, "rich_text_section").iter().take(1).flat_map(|part| texts(part, "text")).collect();
    let of_text = rendered.plain().text.split("\n```\n").next().unwrap_or_default();
    for rows in [rows.as_str(), of_text] {
        let rows = rows.lines().filter(|row| row.contains(" ×"));
        // The count is no part of what keeps groups apart, and neither are the times.
        let without_numbers = |row: &str| {
            let (what, rest) = row.rsplit_once(" ×").expect("a count");
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
            let (fault, _) = rest.rsplit_once(" · ").unwrap_or((rest, ""));
            seen(&format!("{what}{fault}"))
        };
        let mut rows: Vec<String> = rows.map(without_numbers).collect();
        rows.sort_unstable();
        let all = rows.len();
        rows.dedup();
        assert_eq!(rows.len(), all, "two groups look the same in {of_text}");
    }
}

/// Outside what the operator wrote, no line begins as a quote or an item of a list does.
pub(super) fn assert_no_line_is_a_quote_or_a_list(message: &Message, style: &Style) {
    let rest = message.text.split_at(style.lead_in.as_deref().map_or(0, str::len)).1;
    for line in rest.lines() {
        let line = line.trim_start();
        let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_numbered = number.len() < line.len() && (number.starts_with(". ") || number.starts_with(") "));
        let marks = ["&gt;", ">", "- ", "* ", "+ ", "• ", "◦ ", "▪ ", "– "];
        assert!(!is_numbered && !marks.iter().any(|mark| line.starts_with(mark)), "{line:?}");
    }
}

#[test]
fn the_oracle_sees_what_is_live() {
    let live = [
        "<!here>",
        "a < b",
        "a > b",
        "a & b",
        "*b*",
        ":boom:",
        "a.b",
        "@here",
        "#c",
        "`",
        "a\u{202e}",
        "a\nb",
    ];
    for text in live {
        assert!(std::panic::catch_unwind(|| assert_dead(text, |_| false)).is_err(), "{text:?}");
    }
    for tag in ["<https://evil.example|Logs Insights>", "<!date^1^{date_short}|<!here>", "<!here>"] {
        assert!(!is_ours(tag), "{tag}");
    }
    assert_dead("&lt;!here&gt; *\u{200b}b", |_| false);
}
