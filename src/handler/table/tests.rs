//! Containers over one table: what is posted, what is counted, what it costs, and what becomes of lines when the table
//! fails in each of its ways.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::digest::Reader;
use crate::handler::{Handler, HandlerError, Invocation, Notify, Outcome};
use crate::http::HttpClient;
use crate::ledger::Ledger;
use crate::notification::Style;
use crate::rules::Rules;
use crate::slack::post::{Accepted, Post, PostOutcome, Receipt, Target};
use crate::slack::render::MessageStyle;
use crate::store::Memory;
use crate::store::fake_table::{FakeTable, Fault};
use crate::store::tests_support::{table, table_over};

/// 2020-11-18 05:30:20 UTC, in milliseconds.
const NOW: u64 = 1_605_677_420_000;
const RATE: Rate = Rate { burst: 5, spacing_ms: 5_000 };

type IsMeant = fn(Target<'_>) -> bool;

/// A Slack that takes everything unless it is down; its clones are one.
#[derive(Debug, Clone, Default)]
struct Channel {
    headings: Rc<RefCell<Vec<String>>>,
    bodies: Rc<RefCell<Vec<String>>>,
    /// The last rows of what was posted.
    last_rows: Rc<RefCell<Vec<String>>>,
    answers: Rc<RefCell<Vec<PostError>>>,
    /// It takes replies and updates; then these are all its messages, each with where it stands.
    threads: Option<Rc<RefCell<Vec<String>>>>,
    /// Why it does not take the next reply.
    refuses_reply: Rc<RefCell<Option<PostError>>>,
    /// Every parent is gone before it is replied to.
    gone: Rc<RefCell<bool>>,
    /// What it never takes, and why.
    never: Option<(IsMeant, PostError)>,
    /// It never answers.
    hangs: Rc<RefCell<bool>>,
    /// How long it takes over a message.
    takes: Duration,
    /// When each message was taken.
    taken_at: Rc<RefCell<Vec<Instant>>>,
}

impl Channel {
    fn with_threads() -> Self {
        Self { threads: Some(Rc::default()), ..Self::default() }
    }

    /// What came since it was last asked.
    fn seen(&self) -> Vec<String> {
        self.threads.as_ref().map(|threads| threads.take()).unwrap_or_default()
    }

    /// Takes a message into its place, and gives its name.
    fn place(&self, target: Target<'_>, heading: &str) -> Option<Receipt> {
        let mut threads = self.threads.as_ref()?.borrow_mut();
        let ts = format!("{}.0", self.bodies.borrow().len());
        threads.push(match target {
            Target::Channel => format!("channel: {heading}"),
            Target::Parent => format!("parent {ts}: {heading}"),
            Target::Reply { parent, in_channel: false } => format!("reply to {}: {heading}", parent.ts()),
            Target::Reply { parent, in_channel: true } => {
                format!("reply to {} and channel: {heading}", parent.ts())
            }
            Target::Update(before) => format!("update {}: {heading}", before.ts()),
        });
        Receipt::new("C0123456789".parse().unwrap(), &ts)
    }
}

impl Notifier for Channel {
    async fn post(&mut self, post: Post<'_>, budget: Budget) -> PostOutcome {
        if *self.hangs.borrow() {
            tokio::time::sleep_until(budget.end()).await;
            let result = Err(PostError::Transport(crate::http::TransportFault::AnswerTimeout));
            return PostOutcome { result, requests: 1, ambiguous: 1 };
        }
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        let is_reply = matches!(post.target, Target::Reply { .. });
        let is_beyond_it = is_reply || matches!(post.target, Target::Update(_));
        if is_beyond_it && !self.has_threads() {
            return PostOutcome { result: Err(PostError::NeedsBotToken), requests: 0, ambiguous: 0 };
        }
        if let Some(error) = self.refuses_reply.borrow_mut().take_if(|_| is_reply) {
            return PostOutcome { result: Err(error), requests: 1, ambiguous: 0 };
        }
        if is_reply && *self.gone.borrow() {
            let result = Err(PostError::MessageGone { word: None });
            return PostOutcome { result, requests: 1, ambiguous: 0 };
        }
        if let Some((_, error)) = self.never.filter(|(is_meant, _)| is_meant(post.target)) {
            return PostOutcome { result: Err(error), requests: 1, ambiguous: 0 };
        }
        let mut result = self.answers.borrow_mut().pop().map_or(Ok(Accepted::default()), Err);
        if let Ok(accepted) = &mut result {
            let body: Value = serde_json::from_str(post.body).unwrap();
            self.taken_at.borrow_mut().push(Instant::now());
            self.bodies.borrow_mut().push(post.body.to_owned());
            let heading = body["text"].as_str().unwrap().replace('\u{200b}', "");
            accepted.receipt = self.place(post.target, &heading);
            self.headings.borrow_mut().push(body["text"].as_str().unwrap().replace('\u{200b}', ""));
            let blocks = body["attachments"][0]["blocks"].as_array().unwrap();
            let last_row = blocks.last().unwrap()["elements"][0]["text"].as_str().unwrap_or_default();
            self.last_rows.borrow_mut().push(last_row.replace('\u{200b}', ""));
        }
        PostOutcome { result, requests: 1, ambiguous: 0 }
    }

    fn has_threads(&self) -> bool {
        self.threads.is_some()
    }
}

mod alarms;
mod destinations;
mod queue;
mod snooze;
mod threads;

/// A container.
struct Container<T>(Handler<Channel, T>);

impl<T: Store> Container<T> {
    fn over(store: T, slack: &Channel) -> Self {
        Self::with_style(store, slack, MessageStyle::default())
    }

    fn with_style(store: T, slack: &Channel, style: MessageStyle) -> Self {
        Self::with(Rules::built_in(), store, slack, style)
    }

    fn with_rules(rules: &str, store: T, slack: &Channel) -> Self {
        Self::with(Rules::parse(rules).unwrap(), store, slack, MessageStyle::default())
    }

    /// One with a further destination.
    fn with_orders(rules: &str, store: T, slack: &Channel, orders: &Channel) -> Self {
        let Self(handler) = Self::with_rules(rules, store, slack);
        Self(handler.with_destination("orders", orders.clone()))
    }

    fn with(rules: Rules, store: T, slack: &Channel, style: MessageStyle) -> Self {
        Self::with_rate(RATE, rules, store, slack, style)
    }

    fn with_rate(rate: Rate, rules: Rules, store: T, slack: &Channel, style: MessageStyle) -> Self {
        let reader = Reader::new(rules);
        let notify = Notify::over_table(rate, Policy::default(), store);
        Self(Handler::new(reader, style, 1 << 20, notify, slack.clone()))
    }

    /// Invokes it so many seconds after the beginning.
    async fn at(&mut self, seconds: u64, event: &str) -> Outcome {
        let now = UNIX_EPOCH + Duration::from_millis(NOW) + Duration::from_secs(seconds);
        let invocation = Invocation::new(now, Instant::now() + Duration::from_mins(10));
        self.0.handle(event.as_bytes(), invocation).await
    }
}

/// Lines of a stream with these statuses; ids begin with `first`.
fn message(log_group: &str, first: u64, statuses: &[u16]) -> String {
    let event = |(id, status): (u64, &u16)| {
        let message = json!({ "status": status.to_string(), "routeKey": "GET /v1/items" }).to_string();
        json!({ "id": format!("{id:056}"), "timestamp": NOW, "message": message })
    };
    let events: Vec<Value> = (first..).zip(statuses).map(event).collect();
    json!({ "messageType": "DATA_MESSAGE", "logGroup": log_group, "logStream": "s", "logEvents": events })
        .to_string()
}

fn gzip(text: &str) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    STANDARD.encode(gzip.finish().unwrap())
}

fn logs(first: u64, statuses: &[u16]) -> String {
    json!({ "awslogs": { "data": gzip(&message("/aws/x", first, statuses)) } }).to_string()
}

fn records(of: &[(u64, &[u16])]) -> String {
    let record = |(first, statuses): &(u64, &[u16])| {
        json!({
            "eventID": format!("shardId-000000000000:{first}"), "eventSource": "aws:kinesis",
            "kinesis": { "sequenceNumber": first.to_string(), "data": gzip(&message("/aws/x", *first, statuses)) },
        })
    };
    json!({ "Records": of.iter().map(record).collect::<Vec<_>>() }).to_string()
}

fn tick() -> String {
    json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} }).to_string()
}

/// Matched, duplicate, shown and counted, pending, released, failed.
fn fates(ledger: &Ledger) -> [u64; 6] {
    let Ledger { matched, duplicate, shown, counted, pending, released, failed, .. } = *ledger;
    assert!(ledger.balances(released), "{ledger:?}");
    [matched, duplicate, shown + counted, pending, released, failed]
}

/// The number of lines that a message announces: those of an opening, or those that a further one adds.
fn announced(heading: &str) -> u64 {
    let heading = heading.strip_prefix(WITHOUT_TABLE).unwrap_or(heading).trim();
    let number = |text: &str| text.replace(',', "").parse::<u64>().unwrap();
    if let Some(added) = heading.split(" · ").find_map(|part| part.strip_prefix('+')) {
        return number(added.split(' ').next().unwrap());
    }
    let first = heading.split(' ').next().unwrap();
    match heading.split(' ').nth(1) {
        _ if heading.starts_with("Over ") => 0,
        Some("error" | "errors") => number(first),
        _ => 1,
    }
}

/// Fewer than five a minute are worth no message.
const AT_LEAST: &str = r#"{"rules":[{"name":"5xx","status":"5xx","action":"notify","mention":"<!here>",
    "at_least":{"count":5,"within":"1m"},"again_after":"6m","runbook":"https://wiki.example.com/orders"}]}"#;

#[tokio::test(start_paused = true)]
async fn containers_together_reach_what_a_rule_holds_worth_a_message() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut one = Container::with_rules(AT_LEAST, store.clone(), &slack);
    let mut other = Container::with_rules(AT_LEAST, store, &slack);
    assert_eq!(fates(&one.at(0, &logs(0, &[502, 502])).await.ledger), [2, 0, 0, 2, 0, 0]);
    assert_eq!(fates(&other.at(20, &logs(10, &[502, 502])).await.ledger), [2, 0, 0, 2, 0, 0]);
    assert_eq!(fates(&other.at(30, &tick()).await.ledger), [0; 6]);
    assert_eq!(fates(&one.at(40, &logs(20, &[502])).await.ledger), [1, 0, 5, 0, 4, 0], "the fifth");
    // By default it would be new after 15 minutes.
    assert_eq!(fates(&other.at(401, &logs(30, &[502; 5])).await.ledger), [5, 0, 5, 0, 0, 0], "new again");
    let headings = slack.headings.borrow();
    assert!(headings.len() == 2 && headings.iter().all(|heading| heading.starts_with("<!here> 5 errors · ")));
    let link = r#"{"type":"link","url":"https://wiki.example.com/orders","text":"runbook"}"#;
    assert!(slack.bodies.borrow().iter().all(|body| body.contains(link)), "{:#?}", slack.bodies);
}

#[tokio::test(start_paused = true)]
async fn containers_share_an_incident_and_what_one_defers_another_posts() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut one = Container::over(store.clone(), &slack);
    let mut other = Container::over(store.clone(), &slack);
    assert_eq!(fates(&one.at(0, &logs(0, &[502, 502])).await.ledger), [2, 0, 2, 0, 0, 0], "the opening");
    assert_eq!(fates(&other.at(5, &logs(10, &[502])).await.ledger), [1, 0, 0, 1, 0, 0], "deferred");
    assert_eq!(fates(&one.at(6, &logs(20, &[502, 200])).await.ledger), [1, 0, 0, 1, 0, 0]);
    assert_eq!(fates(&other.at(9, &logs(30, &[504])).await.ledger), [1, 0, 3, 0, 2, 0], "a new group");
    assert_eq!(fates(&one.at(40, &logs(40, &[502])).await.ledger), [1, 0, 0, 1, 0, 0]);
    assert_eq!(fates(&other.at(61, &tick()).await.ledger), [0, 0, 1, 0, 1, 0], "the follow-up");
    assert_eq!(fates(&other.at(120, &tick()).await.ledger), [0; 6]);
    // A third container has never heard of it.
    let mut third = Container::over(store.clone(), &slack);
    assert_eq!(fates(&third.at(400, &tick()).await.ledger), [0; 6]);
    let headings = slack.headings.borrow();
    assert_eq!(headings.len(), 4, "{headings:#?}");
    assert!(headings[1].starts_with("New in this incident: 504 "), "{headings:#?}");
    assert!(
        headings[2].starts_with("Still failing, ") && headings[2].contains(" 6 errors · +1 "),
        "{headings:#?}"
    );
    assert!(headings[3].starts_with("Over · 6 errors in "), "{headings:#?}");
}

/// Lines of one account and stage, each with the client that got it.
fn of_clients(first: u64, lines: &[(u16, &str)]) -> String {
    let event = |(id, (status, ip)): (u64, &(u16, &str))| {
        let line =
            json!({ "status": status.to_string(), "routeKey": "GET /v1/items", "ip": ip, "stage": "prod" });
        json!({ "id": format!("{id:056}"), "timestamp": NOW, "message": line.to_string() })
    };
    let events: Vec<Value> = (first..).zip(lines).map(event).collect();
    let message = json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/x", "logStream": "s",
        "logEvents": events,
    });
    json!({ "awslogs": { "data": gzip(&message.to_string()) } }).to_string()
}

#[tokio::test(start_paused = true)]
async fn share_account_stage_and_clients_are_known_whichever_container_posts() {
    let (store, slack) = (Memory::default(), Channel::default());
    let style = Style { region: crate::console_links::Region::new("eu-west-1"), ..Style::default() };
    let style = MessageStyle::from(style);
    let mut one = Container::with_style(store.clone(), &slack, style.clone());
    let mut other = Container::with_style(store.clone(), &slack, style);
    let (a, b) = ("192.0.2.1", "192.0.2.2");
    one.at(0, &of_clients(0, &[(502, a), (200, a), (502, a), (200, b), (200, b)])).await.answer.unwrap();
    one.at(5, &of_clients(10, &[(502, b), (200, b)])).await.answer.unwrap();
    other.at(6, &of_clients(20, &[(502, a), (200, b)])).await.answer.unwrap();
    other.at(65, &tick()).await.answer.unwrap();
    other.at(500, &tick()).await.answer.unwrap();
    let headings = slack.headings.borrow();
    assert!(headings[0].starts_with("2 errors (40 % of 5 requests received) · "), "{headings:#?}");
    assert!(headings[1].starts_with("Still failing, ") && headings[2].starts_with("Over · 4 errors"));
    assert!(headings[1..].iter().all(|heading| !heading.contains("received")), "{headings:#?}");
    let whose = " · stage prod · account 123456789012 · eu-west-1 · ";
    for (last_row, clients) in slack.last_rows.borrow().iter().zip(["1 client", "2 clients", "2 clients"]) {
        assert!(last_row.contains(whose) && last_row.contains(&format!(" · {clients} · ")), "{last_row}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_counted_once_in_whichever_container_it_comes_again() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut one = Container::over(store.clone(), &slack);
    let mut other = Container::over(store.clone(), &slack);
    one.at(0, &logs(0, &[502, 200, 403])).await;
    assert_eq!(fates(&one.at(1, &logs(0, &[502, 200, 403])).await.ledger), [0, 2, 0, 0, 0, 0], "remembered");
    let again = other.at(2, &logs(0, &[502, 200, 403])).await;
    assert_eq!(fates(&again.ledger), [0, 2, 0, 0, 0, 0], "found in the table");
    assert_eq!((again.measures.client_errors, again.measures.server_errors), (0, 0));
    // Records come again with others, and a container may know one of their lines already.
    let together = records(&[(100, &[502]), (200, &[502, 502]), (300, &[502])]);
    assert_eq!(fates(&one.at(3, &together).await.ledger), [4, 0, 0, 4, 0, 0]);
    let other_batch = records(&[(200, &[502, 502]), (300, &[502]), (400, &[502])]);
    assert_eq!(fates(&other.at(4, &other_batch).await.ledger), [1, 3, 0, 1, 0, 0]);
    assert_eq!(slack.headings.borrow().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_errors_the_table_is_not_asked() {
    let (fake, slack) = (FakeTable::start().await, Channel::default());
    let mut container = Container::over(table(&fake.url(), "fake", 1), &slack);
    for event in [logs(0, &[200, 200]), logs(10, &[]), records(&[(20, &[200]), (30, &[])])] {
        container.at(0, &event).await.answer.unwrap();
        container.at(1, &event).await.answer.unwrap();
    }
    assert_eq!(fake.take_operations(), [""; 0]);
    container.at(2, &logs(40, &[500])).await.answer.unwrap();
    assert_ne!(fake.take_operations(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn within_a_second_an_incident_is_read_again_only_for_lines_that_make_a_message_due() {
    let (fake, slack) = (FakeTable::start().await, Channel::default());
    let mut container = Container::over(table(&fake.url(), "fake", 1), &slack);
    container.at(0, &logs(0, &[502])).await.answer.unwrap();
    fake.take_operations();
    let written = container.at(0, &logs(10, &[502])).await;
    assert_eq!(fates(&written.ledger), [1, 0, 0, 1, 0, 0]);
    assert_eq!(fake.take_operations(), ["PutItem", "GetItem"], "written and not read");
    let new = container.at(0, &logs(20, &[503])).await;
    assert_eq!((fates(&new.ledger), slack.headings.borrow().len()), ([1, 0, 2, 0, 1, 0], 2), "a new group");
    fake.take_operations();
    container.at(270, &logs(30, &[502])).await.answer.unwrap();
    assert!(fake.take_operations().contains(&"Query".to_owned()), "later it is read");
    let before = slack.headings.borrow().len();
    container.at(270, &logs(40, &[502; 90])).await.answer.unwrap();
    let headings = slack.headings.borrow();
    assert_eq!(headings.len(), before + 1, "{headings:?}");
    assert!(headings.last().unwrap().starts_with("Ten times as fast"), "{headings:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_is_one_for_all_containers_and_paused_for_all() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut containers: Vec<_> = (0..4).map(|_| Container::over(store.clone(), &slack)).collect();
    let of = |group: &str, first| {
        json!({ "awslogs": { "data": gzip(&message(group, first, &[500])) } }).to_string()
    };
    for (number, container) in (0..).zip(&mut containers) {
        for more in 0..2 {
            let group = format!("/aws/{number}-{more}");
            container.at(0, &of(&group, number * 100 + more * 10)).await.answer.unwrap();
        }
    }
    assert_eq!(slack.headings.borrow().len(), 5, "the burst");
    let asked = slack.headings.borrow().len();
    slack.answers.borrow_mut().push(PostError::RateLimited { retry_after: Duration::from_secs(30) });
    containers[0].at(60, &tick()).await.answer.unwrap();
    let posted = slack.headings.borrow().len();
    containers[1].at(80, &tick()).await.answer.unwrap();
    assert_eq!(slack.headings.borrow().len(), posted, "paused for all");
    for seconds in [100, 160, 220] {
        containers[2].at(seconds, &tick()).await.answer.unwrap();
    }
    let headings = slack.headings.borrow();
    let notified: u64 = headings.iter().map(|heading| announced(heading)).sum();
    assert_eq!(notified, 8, "{asked} {posted} {headings:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_dead_slack_loses_nothing_and_the_opening_comes_when_it_lives() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut one = Container::over(store.clone(), &slack);
    let mut other = Container::over(store.clone(), &slack);
    let down = PostError::Unavailable { status: 503, word: None };
    *slack.answers.borrow_mut() = vec![down; 3];
    assert_eq!(fates(&one.at(0, &logs(0, &[502])).await.ledger), [1, 0, 0, 1, 0, 0]);
    assert_eq!(fates(&other.at(10, &logs(10, &[502, 502])).await.ledger), [2, 0, 0, 2, 0, 0]);
    assert_eq!(fates(&one.at(20, &records(&[(20, &[502])])).await.ledger), [1, 0, 0, 1, 0, 0]);
    assert_eq!(fates(&other.at(60, &tick()).await.ledger), [0, 0, 4, 0, 4, 0]);
    assert!(slack.headings.borrow()[0].starts_with("4 errors"), "{:?}", slack.headings);
}

#[tokio::test(start_paused = true)]
async fn what_slack_refuses_for_good_is_counted_apart_from_what_it_was_not_there_for() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut container = Container::over(store, &slack);
    let mut counts = Vec::new();
    for (seconds, event, answer) in [
        (0, logs(0, &[502]), Some(PostError::WebhookRefused { status: 404, word: None })),
        (10, tick(), Some(PostError::Rejected { status: 400, word: None })),
        (20, tick(), Some(PostError::Unavailable { status: 503, word: None })),
        (30, tick(), Some(PostError::Transport(crate::http::TransportFault::AnswerTimeout))),
        (40, tick(), Some(PostError::NoTimeLeft)),
        (50, tick(), None),
    ] {
        slack.answers.borrow_mut().extend(answer);
        let Ledger { refused, unavailable, posted, .. } = container.at(seconds, &event).await.ledger;
        counts.push([refused, unavailable, posted]);
    }
    assert_eq!(counts, [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]);
}

/// A change of a metric alarm, as EventBridge has it.
fn alarm(state: &str, previous: &str, seconds: u64) -> String {
    let (day, at) = (18 + (19_820 + seconds) / 86_400, (19_820 + seconds) % 86_400);
    let time = format!("2020-11-{day}T{:02}:{:02}:{:02}.000+0000", at / 3_600, at / 60 % 60, at % 60);
    json!({
        "version": "0", "id": "1", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": "123456789012", "time": "2020-11-18T05:30:20Z", "region": "eu-west-1",
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:5xx"],
        "detail": {
            "alarmName": "5xx", "state": { "value": state, "reason": "r", "timestamp": time },
            "previousState": { "value": previous, "reason": "r", "timestamp": "2020-11-18T05:00:00.000+0000" },
            "configuration": { "metrics": [{ "id": "a", "returnData": true, "metricStat": {
                "metric": { "namespace": "n", "name": "m", "dimensions": {} }, "period": 60, "stat": "Sum" } }] },
        },
    })
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_over_only_when_no_alarm_of_its_log_group_is_in_alarm() {
    let (store, slack) = (Memory::default(), Channel::default());
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    // One function has the lines, another the alarms.
    let mut lines = Container::over(store.clone(), &slack);
    let mut alarms = Container::with_style(store.clone(), &slack, style.into());
    lines.at(0, &logs(0, &[502])).await.answer.unwrap();
    lines.at(10, &logs(10, &[504])).await.answer.unwrap();
    alarms.at(70, &alarm("ALARM", "OK", 70)).await.answer.unwrap();
    for seconds in [120, 400, 800] {
        lines.at(seconds, &tick()).await.answer.unwrap();
    }
    let over =
        |slack: &Channel| slack.headings.borrow().iter().filter(|text| text.starts_with("Over ")).count();
    assert_eq!(over(&slack), 0, "{:#?}", slack.headings);
    let recovered = alarms.at(900, &alarm("OK", "ALARM", 900)).await;
    assert_eq!((recovered.ledger.alarms, recovered.ledger.store_errors), (1, 0));
    assert_eq!(over(&slack), 1, "{:#?}", slack.headings);
    let headings = slack.headings.borrow().len();
    lines.at(960, &tick()).await.answer.unwrap();
    assert_eq!(slack.headings.borrow().len(), headings);
}

/// What a batch costs: an opening alone, and each of a storm's, all that is done for it later included.
#[tokio::test(start_paused = true)]
async fn a_usual_batch_costs_at_most_four_write_units() {
    let (opening, batches, storm) = costs(&Channel::default()).await;
    assert!(storm <= 4 * batches, "{storm} write units for {batches} batches");
    let (opening_in_thread, _, storm_in_thread) = costs(&Channel::with_threads()).await;
    insta::assert_snapshot!(format!(
        "opening: {opening} write units\n{batches} batches: {storm} write units\n\
         with a thread, opening: {opening_in_thread} write units\n{batches} batches: {storm_in_thread} write units"
    ));
}

/// The write units of an opening, and of so many batches a second after another with all that is done for them later.
async fn costs(slack: &Channel) -> (u64, u64, u64) {
    let fake = FakeTable::start().await;
    let mut container = Container::over(table(&fake.url(), "fake", 1), slack);
    container.at(0, &logs(0, &[502, 403])).await.answer.unwrap();
    let opening = fake.take_write_units();
    let batches = 240;
    for batch in 1..=batches {
        container.at(batch, &logs(batch * 10, &[502, 403, 502, 404, 502])).await.answer.unwrap();
    }
    container.at(batches + 60, &tick()).await.answer.unwrap();
    (opening, batches, fake.take_write_units())
}

/// What became of a batch of three lines while the table failed, and of its lines in all once it works again.
async fn with_fault(http: &HttpClient, operation: &str, count: usize, fault: Fault) -> String {
    let (fake, slack) = (FakeTable::start().await, Channel::default());
    // The incident is known, one follow-up's lines are deferred, and both containers have listed it.
    let mut one = Container::over(table_over(http.clone(), &fake.url(), "fake", 1), &slack);
    let mut other = Container::over(table_over(http.clone(), &fake.url(), "fake", 2), &slack);
    one.at(0, &logs(0, &[502])).await.answer.unwrap();
    other.at(1, &logs(10, &[502])).await.answer.unwrap();
    let before = slack.headings.borrow().len();
    let (hit, mut left) = (operation.to_owned(), count);
    fake.set_faults(move |asked| {
        let hits = (hit == "*" || asked == hit) && left > 0;
        left -= usize::from(hits);
        hits.then_some(fault)
    });
    // A group that is new, so that a message is due.
    let event = logs(20, &[504, 502, 504]);
    let outcome = one.at(30, &event).await;
    let Ledger { shown, counted, pending, released, failed, store_errors, .. } = outcome.ledger;
    assert!(outcome.ledger.balances(released), "{:?}", outcome.ledger);
    let answer = match &outcome.answer {
        Ok(_) => "taken",
        Err(HandlerError::Post { .. }) => "given back",
        Err(other) => panic!("{other}"),
    };
    let posted: Vec<String> = slack.headings.borrow()[before..].to_vec();
    let how = match posted.as_slice() {
        [] => "nothing",
        [one] if one.starts_with(WITHOUT_TABLE) => "alone",
        [_] => "in its incident",
        more => panic!("{more:#?}"),
    };
    fake.set_faults(|_| None);
    if outcome.answer.is_err() {
        other.at(90, &event).await.answer.unwrap();
    }
    // Another batch, a duplicate, and ticks to the end of the incident.
    one.at(95, &logs(30, &[502])).await.answer.unwrap();
    other.at(100, &event).await.answer.unwrap();
    for seconds in [200, 600] {
        other.at(seconds, &tick()).await.answer.unwrap();
    }
    let notified: u64 = slack.headings.borrow().iter().map(|heading| announced(heading)).sum();
    let mut row = String::new();
    write!(row, "{how}, {answer}:").unwrap();
    for (count, name) in [
        (shown, "shown"),
        (counted, "counted"),
        (pending, "pending"),
        (released, "released"),
        (failed, "failed"),
        (store_errors, "store errors"),
    ] {
        if count > 0 {
            write!(row, " {name} {count},").unwrap();
        }
    }
    write!(row, " in the end {notified} of 6 posted").unwrap();
    row
}

/// The table of the table's faults: each kind on every operation, for a while or for one request alone.
#[tokio::test(start_paused = true)]
async fn every_fault_of_the_table_on_every_call_has_its_row() {
    let refused = |status, code| Fault::Refused(status, code);
    let http = HttpClient::new().unwrap();
    let mut rows = String::new();
    for (name, count, fault) in [
        ("no such table", usize::MAX, refused(400, "ResourceNotFoundException")),
        ("access denied", usize::MAX, refused(400, "AccessDeniedException")),
        ("throttled", usize::MAX, refused(400, "ProvisionedThroughputExceededException")),
        ("throttled once", 1, refused(400, "ThrottlingException")),
        ("500, nothing done", usize::MAX, refused(500, "InternalServerError")),
        ("500, done all the same", usize::MAX, Fault::FailedAfter(500, "InternalServerError")),
        ("500 once, done all the same", 1, Fault::FailedAfter(500, "InternalServerError")),
        ("connection breaks, nothing done", usize::MAX, Fault::Broken { is_done: false }),
        ("connection breaks, done", usize::MAX, Fault::Broken { is_done: true }),
        ("no answer, nothing done", usize::MAX, Fault::Silent { is_done: false }),
        ("no answer, done", usize::MAX, Fault::Silent { is_done: true }),
        ("half an answer", usize::MAX, Fault::Garbled),
        ("a part of a batch", usize::MAX, Fault::Partial),
        ("a condition that fails", 1, refused(400, "ConditionalCheckFailedException")),
    ] {
        for operation in ["*", "PutItem", "GetItem", "Query", "BatchGetItem", "UpdateItem", "BatchWriteItem"]
        {
            let row = with_fault(&http, operation, count, fault).await;
            assert!(row.ends_with(" 6 of 6 posted"), "{name} {operation}: {row}");
            writeln!(rows, "{name:<31} {operation:<14} {row}").unwrap();
        }
    }
    insta::assert_snapshot!(rows);
}
