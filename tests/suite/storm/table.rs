//! The storm over a table that all containers share: every line counted once, whatever comes twice, and what is new
//! posted in time.
//!
//! Each container asks the table by the real client, over a transport that takes DynamoDB's time to answer. Its faults have
//! tests of their own. The long runs print a table.

#[path = "../../../src/store/dynamodb/fake_table/items.rs"]
mod items;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, HashSet},
    rc::Rc,
    time::Duration,
};

use items::Items;
use reqwest::header::HeaderMap;
use statuswatch::{
    aws::AwsAccess,
    handler::{self, Notifier, Notify},
    http::{Answer, Budget, Lost, Patience, Request, Transport},
    incident::Policy,
    ledger::Ledger,
    slack::{
        client::Client,
        post::{Post, PostOutcome, Target},
    },
    store::{DynamoDb, Rate},
};
use tokio::time::sleep;

use super::channel::{Channel, WebApi, heading};
use super::{TOLD_WITHIN_MS, beginning};
use crate::{
    clock::Clock,
    fake_lambda::{
        delivery::{Delivery, Record, Storm},
        events,
        function::{Context, Function, Handler},
        kinesis::{Mapping, Redelivery, simulate_kinesis},
        product::{ModelTransport, announced, client, client_of, handler_with, invocation, message},
        queue::{Queue, simulate_subscription},
        report::{Redelivered, Report},
        service::Settings,
    },
    fake_slack::model::SlackPort,
};

/// As the module has it.
const RATE: Rate = Rate { burst: 5, spacing_ms: 5_000 };
/// In the last row of a parent.
const UPDATED: &str = " · updated ";
/// Half of what one request to DynamoDB takes, milliseconds.
const HALF_REQUEST_MS: std::ops::RangeInclusive<u64> = 1..=3;

/// So many deliveries of the hour's storm to each new route make about 50: an incident tells 64 groups apart.
const NEWS_EVERY: u32 = 4_300;

/// The table under each container's client: what a request asks is done in the midst of the time that it takes, so that
/// requests of other containers come before and after it.
#[derive(Clone)]
pub(crate) struct Table {
    items: Rc<RefCell<Items>>,
    rng: Rc<RefCell<fastrand::Rng>>,
}

/// The function, all of whose containers share a table and the books.
struct Shared {
    table: Table,
    books: Rc<RefCell<Books>>,
    /// Containers so far.
    containers: Cell<u64>,
    /// Every so many deliveries one has a line of a route that was never seen.
    news_every: u32,
    /// Where messages are posted with a bot token; else by a webhook.
    channel: Option<Rc<RefCell<Channel>>>,
}

#[derive(Default)]
struct Books {
    matched: u64,
    posted: u64,
    pending: u64,
    released: u64,
    faults: Vec<String>,
    /// The headings of closing messages, each of which has the sum of its incident.
    closings: BTreeSet<String>,
    /// When a line of each new route was logged, and how long it took until a message named the route.
    news: BTreeMap<String, (u64, Option<u64>)>,
}

struct Container {
    handler: handler::Handler<Watched, DynamoDb<Table>>,
    clock: Clock,
    books: Rc<RefCell<Books>>,
}

/// The product's client, with an eye on what Slack takes.
struct Watched {
    client: Way,
    clock: Clock,
    books: Rc<RefCell<Books>>,
}

enum Way {
    Webhook(Client<ModelTransport>),
    WebApi(Client<WebApi>),
}

impl Table {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { items: Rc::default(), rng: Rc::new(RefCell::new(fastrand::Rng::with_seed(1))) }
    }

    async fn half_of_a_request(&self) {
        let drawn = self.rng.borrow_mut().u64(HALF_REQUEST_MS);
        sleep(Duration::from_millis(drawn)).await;
    }

    /// A container's client; `seed` names what it writes.
    pub(crate) fn client(&self, seed: u64) -> DynamoDb<Self> {
        let variables = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]
            .map(|name| (name.to_owned(), "eu-west-1".to_owned()));
        let access = AwsAccess::of_variables(variables).expect("credentials");
        DynamoDb::new(self.clone(), access, "statuswatch".to_owned(), seed)
    }
}

impl Transport for Table {
    async fn exchange(&self, request: Request, _: Patience, _: Budget) -> Result<Answer, Lost> {
        self.half_of_a_request().await;
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split('.').nth(1)).expect("an operation");
        let asked = serde_json::from_str(&request.body).expect("a request is JSON");
        let done = self.items.borrow_mut().act(operation, &asked, false);
        self.half_of_a_request().await;
        let (status, body) = match done {
            Ok(answer) => (200, answer.to_string()),
            Err((status, code)) => (status, serde_json::json!({ "__type": code }).to_string()),
        };
        Ok(Answer { status, headers: HeaderMap::new(), body: body.into_bytes(), broken: None })
    }
}

/// A route of its own for each number, without digits, which would be masked as ids.
fn new_route(number: u32) -> String {
    let letter = |digit: u32| char::from(b'a' + u8::try_from(digit % 26).expect("below 26"));
    ['n', letter(number / 676), letter(number / 26), letter(number)].iter().collect::<String>() + "news"
}

impl Shared {
    fn new(news_every: u32) -> Self {
        Self {
            table: Table::new(),
            books: Rc::default(),
            containers: Cell::new(0),
            news_every,
            channel: None,
        }
    }

    /// The delivery's message, the newest line of which may have a route that was never seen.
    fn message(&self, delivery: &Delivery) -> Vec<u8> {
        let text = String::from_utf8(message(delivery)).expect("a message is UTF-8");
        if delivery.id % self.news_every != self.news_every / 2 {
            return text.into_bytes();
        }
        let route = new_route(delivery.id / self.news_every);
        self.books.borrow_mut().news.entry(route.clone()).or_insert((delivery.arrives_ms, None));
        let last = text.rfind("/v1/").expect("a line has a route");
        let (before, after) = text.split_at(last);
        let (_, after) = after.split_once("\\\"").expect("a path ends");
        format!("{before}/{route}\\\"{after}").into_bytes()
    }
}

impl Function for Shared {
    type Handler = Container;

    fn start(&self, slack: SlackPort, clock: Clock) -> Container {
        let client = match &self.channel {
            None => Way::Webhook(client(slack, &clock)),
            Some(channel) => {
                let api = WebApi { model: ModelTransport(slack), channel: Rc::clone(channel) };
                Way::WebApi(client_of(api, WebApi::endpoint(), &clock))
            }
        };
        let books = Rc::clone(&self.books);
        let watched = Watched { client, clock: clock.clone(), books: Rc::clone(&books) };
        let containers = self.containers.get() + 1;
        self.containers.set(containers);
        let notify = Notify::over_table(RATE, Policy::default(), self.table.client(containers));
        Container { handler: handler_with(watched, notify), clock, books }
    }

    fn awslogs(&self, delivery: &Delivery) -> Vec<u8> {
        events::awslogs(&self.message(delivery))
    }

    fn kinesis(&self, records: &[Record]) -> Vec<u8> {
        let record = |record: &Record| {
            (record.sequence_number.to_string(), events::gzip(&self.message(&record.delivery)))
        };
        events::kinesis(&records.iter().map(record).collect::<Vec<_>>())
    }

    fn tick(&self) -> Vec<u8> {
        events::tick()
    }

    fn announced(&self, body: &[u8]) -> u64 {
        // A parent repeats what its replies announce; it alone says when it was written.
        let is_parent = body.windows(UPDATED.len()).any(|window| window == UPDATED.as_bytes());
        if is_parent { 0 } else { announced(body) }
    }

    fn keeps_books(&self) -> bool {
        true
    }
}

impl Handler for Container {
    async fn invoke(&mut self, event: Vec<u8>, context: Context) -> Result<Vec<u8>, String> {
        let outcome = self.handler.handle(&event, invocation(&self.clock, context.deadline)).await;
        let Ledger { matched, pending, released, failed, store_errors, .. } = outcome.ledger;
        let books = &mut *self.books.borrow_mut();
        books.matched += matched;
        books.pending += pending;
        books.released += released;
        if !outcome.ledger.balances(released) || failed > 0 || store_errors > 0 {
            books.faults.push(format!("{:?}", outcome.ledger));
        }
        let answer = outcome.answer.map_err(|error| error.to_string())?;
        Ok(serde_json::to_vec(&answer).expect("an answer serializes"))
    }

    async fn shut_down(&mut self) {}
}

impl Notifier for Watched {
    async fn post(&mut self, post: Post<'_>, budget: Budget) -> PostOutcome {
        let outcome = match &mut self.client {
            Way::Webhook(client) => client.post(post, budget).await,
            Way::WebApi(client) => client.post(post, budget).await,
        };
        if outcome.result.is_ok() {
            let books = &mut *self.books.borrow_mut();
            if !matches!(post.target, Target::Parent | Target::Update(_)) {
                books.posted += announced(post.body.as_bytes());
                let heading = heading(&serde_json::from_str(post.body).expect("a message is JSON"));
                books.closings.extend(Some(heading).filter(|heading| heading.starts_with("Over · ")));
            }
            let now_ms = self.clock.now_ms();
            for (route, (logged_ms, posted_after_ms)) in &mut books.news {
                if posted_after_ms.is_none() && post.body.contains(route.as_str()) {
                    *posted_after_ms = Some(now_ms.saturating_sub(*logged_ms));
                }
            }
        }
        outcome
    }

    fn has_threads(&self) -> bool {
        matches!(self.client, Way::WebApi(_))
    }
}

impl Books {
    /// The lines of all incidents that are over, as their closing messages have them. One that a kill repeats is the same.
    fn closing_sum(&self) -> u64 {
        let sum = |heading: &String| {
            let number = heading.strip_prefix("Over · ")?.split(' ').next()?;
            number.replace(',', "").parse::<u64>().ok()
        };
        self.closings.iter().map(|heading| sum(heading).expect("a closing message has a sum")).sum()
    }
}

/// What a run came to.
struct Ran {
    lines: u64,
    posted: u64,
    report: Report,
    /// How long what was new took, shortest first.
    news_ms: Vec<u64>,
}

impl Ran {
    /// The latency that 99 in 100 of what was new did not exceed.
    fn news_p99_ms(&self) -> u64 {
        self.news_ms[(self.news_ms.len() * 99).div_ceil(100) - 1]
    }
}

/// Runs a storm, and gives its lines, and what was booked.
fn books_of(
    news_every: u32,
    deliveries: impl Iterator<Item = Delivery>,
    simulate: impl FnOnce(Shared, &mut dyn Iterator<Item = Delivery>) -> Report,
) -> (u64, Books, Report) {
    let shared = Shared::new(news_every);
    let books = Rc::clone(&shared.books);
    let mut lines = 0;
    let mut counting = deliveries.inspect(|delivery| lines += u64::from(delivery.matched));
    let report = simulate(shared, &mut counting);
    drop(counting);
    let books = books.take();
    (lines, books, report)
}

/// Runs a storm; every line must be counted once.
fn run(
    news_every: u32,
    deliveries: impl Iterator<Item = Delivery>,
    simulate: impl FnOnce(Shared, &mut dyn Iterator<Item = Delivery>) -> Report,
) -> Ran {
    let (lines, books, report) = books_of(news_every, deliveries, simulate);
    assert_eq!(books.faults, Vec::<String>::new());
    // What was posted twice and what was lost would hide each other in the sum of the messages alone.
    assert_eq!((books.matched, books.posted), (lines, lines), "{report:#?}");
    assert_eq!(books.closing_sum(), lines, "{:?}", books.closings);
    assert_eq!(books.pending, books.released, "the table holds nothing");
    assert!(report.slack.rate_limited * 100 < report.slack.posts.max(1), "{report:#?}");
    assert_eq!(report.slack.too_early, 0, "{report:#?}");
    let mut news_ms: Vec<u64> = books.news.values().filter_map(|(_, posted_after)| *posted_after).collect();
    assert_eq!(news_ms.len(), books.news.len(), "all that was new was named");
    news_ms.sort_unstable();
    let ran = Ran { lines, posted: books.posted, report, news_ms };
    assert!(ran.news_p99_ms() <= TOLD_WITHIN_MS, "{:?}", ran.news_ms);
    ran
}

fn over_subscriptions(
    concurrency: usize,
    news_every: u32,
    deliveries: impl Iterator<Item = Delivery>,
) -> Ran {
    posted_to(None, concurrency, news_every, deliveries)
}

/// The same with a bot token, into this channel.
fn posted_to(
    channel: Option<Rc<RefCell<Channel>>>,
    concurrency: usize,
    news_every: u32,
    deliveries: impl Iterator<Item = Delivery>,
) -> Ran {
    let settings = Settings { concurrency, ..Settings::default() };
    let queue = Queue { tick_targets: 1, duplicates: 0.1, ..Queue::default() };
    let ran = run(news_every, deliveries, |shared, deliveries| {
        simulate_subscription(Shared { channel, ..shared }, settings, &queue, deliveries)
    });
    assert!(ran.report.lambda.duplicates > 0, "{:#?}", ran.report);
    ran
}

/// A container for each shard, one for a second poller of each, and one for the tick.
fn stream(shards: usize) -> (Settings, Mapping) {
    let settings = Settings { concurrency: 2 * shards + 1, ..Settings::default() };
    let redelivery = Redelivery::of_all_kinds();
    (settings, Mapping { shards, ticks: true, redelivery, ..Mapping::default() })
}

/// Small batches, many of which come again: a short storm has few.
fn stream_of_small_batches(shards: usize) -> (Settings, Mapping) {
    let (settings, mapping) = stream(shards);
    let redelivery = Redelivery { failed: 0.2, partial: 0.2, second_poller: 0.2, put_twice: 0.1 };
    (settings, Mapping { batching_window: Duration::from_secs(1), batch_size: 50, redelivery, ..mapping })
}

fn over_kinesis(
    (settings, mapping): (Settings, Mapping),
    news_every: u32,
    deliveries: impl Iterator<Item = Delivery>,
) -> Ran {
    let ran = run(news_every, deliveries, |shared, deliveries| {
        simulate_kinesis(shared, settings, &mapping, deliveries)
    });
    let redelivered = ran.report.lambda.redelivered;
    assert!(redelivered.each().iter().all(|records| *records > 0), "{redelivered:?}");
    ran
}

/// The first seconds of the storm, which is what a test without optimisation has the time for.
fn first_seconds() -> impl Iterator<Item = Delivery> {
    beginning().take_while(|delivery| delivery.arrives_ms < 6_000)
}

#[test]
fn every_line_of_a_storm_is_counted_once_by_ten_containers_over_one_table() {
    let ran = over_subscriptions(10, 60, first_seconds());
    assert!(ran.lines > 2_000 && ran.report.lambda.most_containers == 10, "{:#?}", ran.report);
    assert!(ran.report.slack.posts <= 12, "{:#?}", ran.report);
}

/// What a reader sees in the channel and in the threads: no figure is missing anywhere.
fn assert_threads_are_complete(channel: &Channel, ran: &Ran) {
    let parents: Vec<&str> = channel.parents().collect();
    let sums = parents.iter().map(|heading| {
        let sum = heading.split(" · ").find_map(|part| part.strip_suffix(" errors"));
        assert!(heading.starts_with("Over after "), "{heading}");
        sum.expect("a sum").replace(',', "").parse::<u64>().expect("a number")
    });
    assert_eq!(sums.sum::<u64>(), ran.lines, "{parents:#?}");
    let replies = channel.messages.iter().filter(|message| message.thread_ts.is_some());
    let over = replies.filter(|reply| reply.heading.starts_with("Over · ")).count();
    assert_eq!(over, parents.len(), "each incident has one parent");
}

#[test]
fn a_storm_over_one_table_has_one_parent_an_incident_and_its_exact_sum() {
    let channel = Rc::<RefCell<Channel>>::default();
    let ran = posted_to(Some(Rc::clone(&channel)), 10, 60, first_seconds());
    assert!(ran.lines > 2_000 && ran.report.lambda.most_containers > 5, "{:#?}", ran.report);
    let headings: Vec<_> = channel.borrow().messages.iter().map(|message| message.heading.clone()).collect();
    assert!(headings.len() <= 12, "{headings:#?}");
    assert_threads_are_complete(&channel.borrow(), &ran);
}

#[test]
fn every_line_of_a_storm_through_kinesis_is_counted_once_over_one_table() {
    let ran = over_kinesis(stream_of_small_batches(2), 60, first_seconds());
    assert!(ran.lines > 2_000 && ran.report.slack.posts <= 12, "{:#?}", ran.report);
}

/// A kill between Slack's answer and the new head repeats a message, and an invocation that is killed books nothing: what is
/// exact then is the sum that the closing message has from the table.
#[test]
fn kills_amid_records_change_no_closing_sum() {
    let (settings, mapping) = stream_of_small_batches(2);
    let settings = Settings { kills_ms: (1_000..21_000).step_by(60).collect(), ..settings };
    let mapping = Mapping { retries: 1_000, ..mapping };
    let (lines, books, report) = books_of(60, first_seconds(), |shared, deliveries| {
        simulate_kinesis(shared, settings, &mapping, deliveries)
    });
    assert!(report.lambda.kills > 20, "{report:#?}");
    assert_eq!(books.faults, Vec::<String>::new());
    assert_eq!(books.closing_sum(), lines, "{:?}", books.closings);
}

#[test]
#[ignore = "minutes: cargo test --release --test suite storm::table::ten -- --ignored --nocapture"]
fn ten_minutes_of_the_storm_over_one_table() {
    print_table(10, NEWS_EVERY / 6);
}

#[test]
#[ignore = "an hour or so: cargo test --release --test suite storm::table::an_hour -- --ignored --nocapture"]
fn an_hour_of_the_storm_over_one_table() {
    print_table(60, NEWS_EVERY);
}

#[allow(clippy::print_stdout, reason = "the table is what it is run for")]
fn print_table(minutes: u64, news_every: u32) {
    println!(
        "| way | containers or shards | lines | counted | delivered again | new p50 | new p99 | messages | 429 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let storm = || Storm { minutes, ..Storm::of_issue() }.deliveries(1);
    for concurrency in [2, 10, 100] {
        print_row("subscription filters", &over_subscriptions(concurrency, news_every, storm()), concurrency);
    }
    let mut redelivered = Vec::new();
    for shards in [2, 16] {
        let ran = over_kinesis(stream(shards), news_every, storm());
        print_row("Kinesis", &ran, shards);
        redelivered.push((shards, ran.report.lambda.redelivered));
    }
    println!("\n| shards | after a failure | after a partial failure | by a second poller | put twice |");
    println!("|---|---|---|---|---|");
    for (shards, Redelivered { failed, partial, second_poller, put_twice }) in redelivered {
        println!("| {shards} | {failed} | {partial} | {second_poller} | {put_twice} |");
    }
}

#[allow(clippy::print_stdout, reason = "the table is what it is run for")]
fn print_row(way: &str, ran: &Ran, containers: usize) {
    let Ran { lines, posted, report, news_ms } = ran;
    let seconds = |ms: u64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
    println!(
        "| {way} | {containers} | {lines} | {posted} | {} | {} | {} | {} | {} |",
        report.lambda.duplicates + report.lambda.redelivered.each().iter().sum::<u64>(),
        seconds(news_ms[news_ms.len() / 2]),
        seconds(ran.news_p99_ms()),
        report.slack.posts,
        report.slack.rate_limited,
    );
}

#[test]
fn a_route_has_a_name_of_its_own() {
    assert_eq!((0..2_000).map(new_route).collect::<HashSet<_>>().len(), 2_000);
}
