//! A digest of a stranger's choosing: Slack takes its message, and nothing in it is alive.

use arbitrary::{Result, Unstructured};
use statuswatch::access_log::{Status, StatusClass};
use statuswatch::console_links::Region;
use statuswatch::digest::{Causes, Digest, Fault, Group, Sample, SampleText, Section};
use statuswatch::handler::body;
use statuswatch::incident::Names;
use statuswatch::notification::{QuietAgain, Situation, Storm, Style, of_digest, of_quiet_again};
use statuswatch::slack::message::Message;
use statuswatch::slack::render::{Rendered, Sender, render};
use statuswatch::slack::terminal::{Canvas, Color, draw};

use super::{count, slack};
use crate::fake_slack::oracle::Oracle;

const MENTION: &str = "<!here>";
const PIECES: [&str; 44] = [
    "<!channel>",
    "<!here|x>",
    "<@U012AB3CD>",
    "<#C1>",
    "<!subteam^S1>",
    "<https://evil.example|click>",
    "https://evil.example/a?b=c",
    "www.evil.example",
    "evil@example.com",
    ":boom:",
    ":+1::skin-tone-2:",
    "*b*",
    "_i_",
    "~s~",
    "`c`",
    "```",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{9b}",
    "\u{202e}",
    "\u{2066}",
    "\u{200f}",
    "\u{2028}",
    "\u{200b}",
    "&",
    "&amp;",
    "&lt;",
    "<",
    ">",
    "|",
    "@here",
    "#general",
    "👩‍👩‍👧",
    "験",
    "\"",
    "\\",
    " · ",
    "plain",
    " ",
];

pub(super) fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    // Where the bytes run out there is nothing to build.
    let _ = try_run(&mut choices);
}

fn try_run(u: &mut Unstructured<'_>) -> Result<()> {
    let style = Style {
        max_lines: u.int_in_range(0..=40)?,
        region: if u.arbitrary()? { Region::new("eu-central-1") } else { None },
        ..Style::default()
    };
    if u.ratio(1, 10)? {
        let names: Vec<String> = (0..u.int_in_range(0..=6)?).map(|_| text(u)).collect::<Result<_>>()?;
        let errors = u.arbitrary()?;
        let (shown, since_ms, until_ms) = (u.int_in_range(0..=errors)?, time(u)?, time(u)?);
        let storm = QuietAgain {
            log_groups: &names,
            accounts: &Names::default(),
            errors,
            shown,
            since_ms,
            until_ms,
            id: "7f3a9c",
        };
        check(&render(|_| of_quiet_again(&storm, &style), &Sender::default()), u64::MAX);
        return Ok(());
    }
    let mut digest = Digest::default();
    for _ in 0..count(u, 1, &[1, 1, 3, 32])? {
        digest.sections.push(section(u)?);
    }
    digest.sort();
    let storm = if u.arbitrary()? {
        Some(Storm { since_ms: time(u)?, last_message_ms: time(u)?, spacing_seconds: 5 })
    } else {
        None
    };
    if digest.matched() > 0 {
        let situation = Situation { now_ms: time(u)?, id: "7f3a9c", storm };
        let notification = |detail| of_digest(&digest, &style, &situation, detail);
        let rendered = render(notification, &Sender::default());
        check(&rendered, digest.matched());
    }
    Ok(())
}

fn check(rendered: &Rendered, matched: u64) {
    assert!(
        rendered.shown <= matched && rendered.plain_shown() <= matched,
        "more lines shown than there are"
    );
    let oracle = Oracle::default().operator_wrote(MENTION);
    slack::check_forms(&oracle, &body(&rendered.message), &body(rendered.plain()));
    for message in [&rendered.message, rendered.plain()] {
        let body = body(message);
        assert!(body.contains("7f3a9c"), "a message without its id");
        assert_eq!(serde_json::from_str::<Message>(&body).ok().as_ref(), Some(message));
        let drawn = draw(message, &Canvas { width: Some(80), color: Color::Never });
        let is_harmless = |c: char| c == '\n' || c == '\t' || !c.is_control();
        assert!(drawn.chars().all(is_harmless), "a terminal would obey {drawn:?}");
    }
}

fn section(u: &mut Unstructured<'_>) -> Result<Section> {
    let mut section =
        Section { log_group: text(u)?, first_ms: time(u)?, last_ms: time(u)?, ..Section::default() };
    for _ in 0..count(u, 0, &[1, 4, 64])? {
        let group = group(u)?;
        if group.status.class() == StatusClass::ServerError {
            section.server_errors += group.count;
        } else {
            section.client_errors += group.count;
        }
        section.groups.push(group);
    }
    section.other.count = u.arbitrary::<u16>()?.into();
    section.server_errors += section.other.count;
    section.unreadable = u.arbitrary::<u16>()?.into();
    section.log_stream = if u.arbitrary()? { Some(text(u)?) } else { None };
    for _ in 0..u.int_in_range(0..=2)? {
        section.counted_by_rule.push((text(u)?, u.arbitrary::<u32>()?.into()));
    }
    if u.ratio(1, 4)? {
        section.mentions.push(MENTION.to_owned());
        section.colors.push("danger".to_owned());
    }
    Ok(section)
}

fn group(u: &mut Unstructured<'_>) -> Result<Group> {
    let mut samples = Vec::new();
    for _ in 0..count(u, 0, &[1, 5, 20])? {
        let kept = text(u)?;
        let text = match u.int_in_range(0..=4)? {
            0 => SampleText::Withheld,
            1 => SampleText::Cut {
                full_chars: kept.chars().count() + usize::from(u.arbitrary::<u16>()?),
                kept,
            },
            _ => SampleText::Whole(kept),
        };
        samples.push(Sample { timestamp_ms: time(u)?, text });
    }
    let faults = [
        Fault::Gateway,
        Fault::Integration(Some("timeout")),
        Fault::Authorizer(None),
        Fault::Waf,
        Fault::Throttle(None),
        Fault::Client(Some("missing token")),
        Fault::Unknown,
    ];
    let mut causes = Causes::default();
    for _ in 0..count(u, 0, &[1, 3])? {
        causes.note(&text(u)?);
    }
    let count = samples.len() as u64 + u64::from(u.arbitrary::<u32>()? >> u.int_in_range(0..=31)?);
    let count = count.max(1);
    Ok(Group {
        status: Status::new(u.int_in_range(400..=599)?).expect("within 100 to 599"),
        route: text(u)?.into(),
        fault: *u.choose(&faults)?,
        // It has no characters but those of names: see `digest/source.rs`.
        source: String::new(),
        causes,
        count,
        salvaged: u.int_in_range(0..=count)?,
        first_ms: time(u)?,
        last_ms: time(u)?,
        is_new: u.arbitrary()?,
        incident: statuswatch::rules::IncidentSettings::default(),
        samples: samples.into(),
    })
}

/// Text that tries to be a mention, a link, an emoji, formatting, a second line, or simply too long.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=8)? {
        if u.ratio(1, 8)? { text.push_str(u.arbitrary()?) } else { text.push_str(u.choose(&PIECES)?) }
    }
    Ok(if u.ratio(1, 16)? { text.repeat(u.int_in_range(1..=300)?) } else { text })
}

fn time(u: &mut Unstructured<'_>) -> Result<i64> {
    if u.ratio(1, 8)? { u.arbitrary() } else { u.int_in_range(1_600_000_000_000..=1_600_090_000_000) }
}
