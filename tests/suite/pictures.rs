//! The pictures of the README, each drawn from a fixture and held against it.
//!
//! `WRITE_PICTURES=1 cargo test --test suite pictures` draws them anew.

use std::fmt::Write as _;
use std::{
    cell::RefCell,
    fs,
    path::PathBuf,
    rc::Rc,
    time::{Duration, UNIX_EPOCH},
};

use anstyle_svg::Term;
use statuswatch::{
    handler::{Invocation, Notifier, Notify},
    http::Budget,
    incident::Policy,
    slack::{
        message::Message,
        post::{Accepted, Post, PostOutcome, Receipt, Target},
        terminal::{Canvas, Color, draw},
    },
    store::Rate,
};
use tokio::time::Instant;

use crate::{
    fake_lambda::{
        events::{self, LogEvent},
        product::handler_with,
    },
    recordings,
    replayed::{replay, run, statuswatch},
    storm::table::Table,
};

const COLUMNS: usize = 118;
const MINUTE_MS: i64 = 60_000;
/// What is logged within this time is one delivery.
const DELIVERY_MS: i64 = 2_000;
/// The part of the burst's recording that has errors, and the quiet after it; milliseconds from its first line.
const BURST_MS: std::ops::Range<i64> = 2_390_000..3_200_000;

/// Holds a picture against the one that is stored, or stores it.
#[expect(clippy::disallowed_methods, reason = "this is how it is asked to store them")]
fn hold(name: &str, svg: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/pictures").join(name);
    if std::env::var_os("WRITE_PICTURES").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        return fs::write(path, svg).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == svg, "{name} is out of date: WRITE_PICTURES=1 cargo test --test suite pictures");
}

/// A terminal's text as a picture, dark on light.
fn picture(ansi: &str) -> String {
    let rgb = |r, g, b| anstyle::Color::from(anstyle::RgbColor(r, g, b));
    let term = Term::new().fg_color(rgb(0x1b, 0x1f, 0x24)).bg_color(rgb(0xf6, 0xf8, 0xfa));
    term.render_svg(ansi.trim_end())
}

fn drawn(message: &Message, width: Option<usize>) -> String {
    draw(message, &Canvas { width, color: Color::Always })
}

#[test]
fn the_picture_of_a_message_is_current() {
    let replayed = replay(&["--json", "--region", "eu-west-1", "fixtures/03-a-few-errors.json"]);
    let report = replayed.reports().remove(0);
    let message: Message = serde_json::from_str(report.bodies()[0]).unwrap();
    hold("message.svg", &picture(&drawn(&message, Some(COLUMNS))));
}

#[test]
fn the_picture_of_the_report_is_current() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let recording = recordings::path("5xx-burst");
    let arguments = ["backtest", "--report", page.to_str().unwrap(), recording.to_str().unwrap()];
    assert_eq!(run(&mut statuswatch(&arguments)).code, Some(0));
    let html = fs::read_to_string(page).unwrap();
    let (_, rest) = html.split_once("<svg").unwrap();
    let (attributes, rest) = rest.split_once('>').unwrap();
    let (drawing, _) = rest.split_once("</svg>").unwrap();
    let ground = r##"<rect width="100%" height="100%" fill="#FFFFFF"/>"##;
    hold("report.svg", &format!("<svg{attributes}>\n{ground}{drawing}</svg>\n"));
}

/// A channel of Slack that takes everything; its clones are one.
#[derive(Clone, Default)]
struct Channel(Rc<RefCell<Vec<Posted>>>);

struct Posted {
    at_ms: i64,
    is_reply: bool,
    /// The channel shows the reply, too.
    in_channel: bool,
    message: Message,
}

/// The channel as the handler reaches it in one invocation.
struct At(Channel, Rc<RefCell<i64>>);

impl Notifier for At {
    async fn post(&mut self, post: Post<'_>, _: Budget) -> PostOutcome {
        let message: Message = serde_json::from_str(post.body).unwrap();
        let mut posted = self.0.0.borrow_mut();
        let receipt = |index: usize| Receipt::new("C0123456789".parse().unwrap(), &format!("{index}.0"));
        let receipt = if let Target::Update(before) = post.target {
            let index = (0..posted.len()).find(|index| receipt(*index).as_ref() == Some(before)).unwrap();
            posted[index].message = message;
            receipt(index)
        } else {
            let is_reply = matches!(post.target, Target::Reply { .. });
            let in_channel = matches!(post.target, Target::Reply { in_channel: true, .. });
            posted.push(Posted { at_ms: *self.1.borrow(), is_reply, in_channel, message });
            receipt(posted.len() - 1)
        };
        PostOutcome { result: Ok(Accepted { as_plain_text: false, receipt }), requests: 1, ambiguous: 0 }
    }

    fn has_threads(&self) -> bool {
        true
    }
}

/// The burst's deliveries, each with the time at which it arrives, epoch milliseconds.
fn deliveries() -> Vec<(i64, Vec<u8>)> {
    let lines = recordings::story("5xx-burst");
    let first_ms = lines[0].0;
    let within = |(at_ms, _): &(i64, String)| BURST_MS.contains(&(at_ms - first_ms));
    let lines: Vec<(i64, String)> = lines.into_iter().filter(within).collect();
    let delivery = |lines: &[(i64, String)]| {
        let log_event = |(at_ms, line): &(i64, String)| LogEvent {
            id: format!("{at_ms}{line:.40}").replace(['{', '"', ':'], ""),
            timestamp: u64::try_from(*at_ms).unwrap(),
            message: line.clone(),
        };
        let log_events: Vec<LogEvent> = lines.iter().map(log_event).collect();
        let message = events::data_message("/aws/apigateway/orders", "v1", &log_events);
        (lines[0].0 + DELIVERY_MS, events::awslogs(&message))
    };
    lines.chunk_by(|a, b| a.0 / DELIVERY_MS == b.0 / DELIVERY_MS).map(delivery).collect()
}

#[tokio::test(start_paused = true)]
async fn the_picture_of_a_thread_is_current() {
    let (channel, now_ms) = (Channel::default(), Rc::new(RefCell::new(0)));
    let notify =
        Notify::over_table(Rate { burst: 5, spacing_ms: 5_000 }, Policy::default(), Table::new().client(1));
    let mut handler = handler_with(At(channel.clone(), Rc::clone(&now_ms)), notify);
    let mut events = deliveries();
    let (first_ms, last_ms) = (events[0].0, events[events.len() - 1].0);
    events.extend(
        (first_ms..last_ms).step_by(60_000).map(|at_ms| (at_ms / MINUTE_MS * MINUTE_MS, events::tick())),
    );
    events.sort();
    for (at_ms, event) in events {
        *now_ms.borrow_mut() = at_ms;
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(at_ms).unwrap());
        let outcome =
            handler.handle(&event, Invocation::new(now, Instant::now() + Duration::from_secs(30))).await;
        assert!(outcome.answer.is_ok(), "{outcome:?}");
    }
    let mut text = String::new();
    for Posted { at_ms, is_reply, in_channel, message } in channel.0.borrow().iter() {
        if *is_reply {
            let heading = drawn(&Message { attachments: Vec::new(), ..message.clone() }, None);
            let minute = at_ms / MINUTE_MS;
            let also = if *in_channel { "  (shown in the channel, too)" } else { "" };
            let (hour, minute) = (minute / 60 % 24, minute % 60);
            writeln!(text, "  └ {hour:02}:{minute:02}  {}{also}", heading.trim_end()).unwrap();
        } else {
            text += &drawn(message, Some(COLUMNS));
        }
    }
    hold("thread.svg", &picture(&text));
}
