//! SIGKILL for the real binary at seeded moments, over a state table in an emulator of DynamoDB: in the end the incident's
//! own sum is that of all lines, each counted once.
//!
//! It needs the emulator's URL, such as moto's `http://127.0.0.1:5000/`:
//! `TEST_DYNAMODB_URL=… cargo test --release --test suite table_kills -- --ignored --nocapture`.
//! The only sleeps are the moments of the kills, and the pauses between ticks at the end.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use crate::{
    fake_lambda::{
        container::{Answer, Container, Setup, Start},
        delivery::Delivery,
        events::{self, LOG_GROUP, access_log},
        function::EPOCH_MS,
    },
    fake_slack::{self, FakeSlack, Gate, web_api::WebApi},
    patience::within_patience,
};

const TOKEN: &str = "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx";
const CHANNEL: &str = "C0123456789";

struct Sweep {
    /// Messages go into a channel with threads; else to a webhook.
    api: Option<WebApi>,
    url: String,
    table: String,
    rng: fastrand::Rng,
    /// What Lambda has to deliver again.
    queue: VecDeque<Delivery>,
    sent: u32,
    lines: u64,
    deaths_at_work: u64,
    /// Messages that Slack took from a container that died before it could say so.
    orphans: u64,
    /// The largest sum that a message has told of the incident.
    sum: u64,
}

/// Asks the emulator, which looks at no signature; gives the status.
async fn ask(url: &str, operation: &str, body: &str) -> String {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await.expect("the emulator is there");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: DynamoDB_20120810.{operation}\r\ncontent-length: {}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20300101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn create_table(url: &str, name: &str) {
    let schema = [("pk", "HASH"), ("sk", "RANGE")]
        .map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind }));
    let types = ["pk", "sk"].map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
    let create = json!({
        "TableName": name, "KeySchema": schema, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST",
    });
    ask(url, "DeleteTable", &json!({ "TableName": name }).to_string()).await;
    let answer = ask(url, "CreateTable", &create.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

impl Sweep {
    async fn start(&self, slack: &FakeSlack) -> Container {
        let setup = Setup::statuswatch();
        let setup = match &self.api {
            None => setup.env("SLACK_WEBHOOK_URL", &slack.webhook("secret")),
            Some(_) => setup
                .env("SLACK_BOT_TOKEN", TOKEN)
                .env("SLACK_CHANNEL", CHANNEL)
                .env("SLACK_API_URL", &slack.api_url()),
        };
        let setup = setup
            .env("STATUSWATCH_STATE_TABLE", &self.table)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-west-1")
            // One incident to the end, with a follow-up as often as can be.
            .env("STATUSWATCH_QUIET_SECONDS", "3600")
            .env("STATUSWATCH_FOLLOW_UPS", "5s")
            .env("STATUSWATCH_BURST", "100")
            .env("STATUSWATCH_SPACING_SECONDS", "1");
        setup.start().await
    }

    /// The next event: one that a death took, else a new one; of ten, one comes again for no reason.
    fn next(&mut self) -> Delivery {
        if let Some(delivery) = self.queue.pop_front() {
            return delivery;
        }
        let id = self.sent;
        self.sent += 1;
        let matched = self.rng.u32(1..40);
        self.lines += u64::from(matched);
        let delivery = Delivery { id, stream: id % 7, oldest_ms: 0, arrives_ms: 0, matched, other: id % 3 };
        if self.rng.u32(0..10) == 0 {
            self.queue.push_back(delivery);
        }
        delivery
    }

    /// A Slack whose next answer waits at the gate, where there is one.
    async fn slack(&self) -> (FakeSlack, Arc<Mutex<Option<Gate>>>) {
        let (slack, gate) = (FakeSlack::start().await, Arc::new(Mutex::new(None::<Gate>)));
        slack.otherwise({
            let (api, gate) = (self.api.clone(), Arc::clone(&gate));
            move |post| {
                let answer = api.as_ref().map_or_else(fake_slack::Answer::ok, |api| api.answer(post));
                match gate.lock().unwrap().take() {
                    Some(gate) => answer.held_by(&gate),
                    None => answer,
                }
            }
        });
        (slack, gate)
    }

    async fn life(&mut self) {
        let (slack, at_gate) = self.slack().await;
        let container = self.start(&slack).await;
        assert_eq!(container.started().await, Start::Ready);
        for _ in 0..self.rng.u32(0..3) {
            let delivery = self.next();
            let answer = container.invoke(event(&delivery)).await;
            assert!(matches!(answer, Answer::Response(_)), "{answer:?}");
        }
        let before = slack.accepted().len();
        let delivery = self.next();
        // Half of them when Slack has taken a message and not said so; where none is due, after the answer.
        let answer = if self.rng.bool() {
            let gate = Gate::new();
            *at_gate.lock().unwrap() = Some(gate.clone());
            let posted = slack.posts().len() + 1;
            let mut invocation = pin!(container.invoke(event(&delivery)));
            let answer = tokio::select! {
                answer = &mut invocation => Some(answer),
                _ = slack.wait_for_posts(posted) => None,
            };
            container.kill().await;
            gate.open();
            match answer {
                Some(answer) => answer,
                None => invocation.await,
            }
        } else {
            let after = Duration::from_micros(self.rng.u64(0..60_000));
            let kill = async {
                sleep(after).await;
                container.kill().await;
            };
            tokio::join!(container.invoke(event(&delivery)), kill).0
        };
        if matches!(answer, Answer::Died(_)) {
            slack.wait_until_deserted().await;
            self.deaths_at_work += 1;
            self.orphans += (slack.accepted().len() - before) as u64;
            self.queue.push_front(delivery);
        } else {
            assert!(matches!(answer, Answer::Response(_)), "{answer:?}");
        }
        self.look_at(&slack);
    }

    /// A container that nobody kills takes what is left, and ticks until a message tells the whole sum.
    async fn last_life(&mut self) {
        let (slack, _) = self.slack().await;
        let container = self.start(&slack).await;
        assert_eq!(container.started().await, Start::Ready);
        while !self.queue.is_empty() {
            let delivery = self.next();
            let answer = container.invoke(event(&delivery)).await;
            assert!(matches!(answer, Answer::Response(_)), "{answer:?}");
        }
        // A lease of the dead may have to end, and a follow-up to be due.
        within_patience("the sum of all lines", async {
            while self.sum < self.lines {
                let answer = container.invoke(events::tick()).await;
                assert!(matches!(answer, Answer::Response(_)), "{answer:?}");
                self.look_at(&slack);
                sleep(Duration::from_millis(200)).await;
            }
        })
        .await;
        container.kill().await;
    }

    /// Every message but the opening says how many errors the incident has had.
    fn look_at(&mut self, slack: &FakeSlack) {
        for post in slack.accepted() {
            let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
            let text = body["text"].as_str().unwrap().replace('\u{200b}', "");
            assert!(!text.contains("state table"), "the emulator failed: {text}");
            let all = text.split(" · ").find_map(|part| part.split_once(" error").map(|(count, _)| count));
            if let Some(all) = all.and_then(|all| all.replace(',', "").parse().ok()) {
                self.sum = self.sum.max(all);
            }
        }
        assert!(self.sum <= self.lines, "counted twice: {} of {}", self.sum, self.lines);
    }
}

/// An event whose first line may be of a group that is new, so that a message is due at once.
fn event(delivery: &Delivery) -> Vec<u8> {
    let id = u64::from(delivery.id);
    let line = |n: u64| {
        let status = if n == 0 { 500 + u16::try_from(id % 50).expect("below 50") } else { 502 };
        access_log(id * 1_000 + n, EPOCH_MS, status)
    };
    let lines: Vec<_> = (0..u64::from(delivery.matched)).map(line).collect();
    events::awslogs(&events::data_message(LOG_GROUP, &format!("stream-{}", delivery.stream), &lines))
}

/// Gives how many kills came while it was at work, and how many messages were posted unknowingly.
#[allow(clippy::print_stdout, reason = "the run is there to give these figures")]
async fn sweep(seed: u64, kills: usize, api: Option<WebApi>) -> (u64, u64) {
    #[expect(clippy::disallowed_methods, reason = "a test, which is told so where its emulator is")]
    let url = std::env::var("TEST_DYNAMODB_URL").expect("TEST_DYNAMODB_URL is an emulator's URL");
    let table = format!("statuswatch-kills-{seed}");
    create_table(&url, &table).await;
    let rng = fastrand::Rng::with_seed(seed);
    let queue = VecDeque::new();
    let mut sweep =
        Sweep { api, url, table, rng, queue, sent: 0, lines: 0, deaths_at_work: 0, orphans: 0, sum: 0 };
    for _ in 0..kills {
        sweep.life().await;
    }
    sweep.last_life().await;
    assert_eq!(sweep.sum, sweep.lines, "each line counted once");
    let Sweep { sent, lines, deaths_at_work, orphans, api, .. } = sweep;
    if let Some(api) = api {
        // A parent alone says when it was updated.
        let is_parent = |message: &serde_json::Value| message.to_string().contains(" · updated ");
        let messages = api.messages();
        let parents = messages.iter().filter(|posted| is_parent(&posted.message)).count();
        let in_thread = messages.iter().filter(|posted| posted.thread_ts.is_some()).count();
        assert!(parents <= 1, "{parents} parents of one incident");
        println!(
            "{parents} parent, {in_thread} of {} other messages in its thread",
            messages.len() - parents
        );
        assert_eq!(api.refusals(), [""; 0]);
    }
    println!(
        "{kills} SIGKILLs, {deaths_at_work} of them at work; {sent} events of {lines} lines: 0 lost, 0 counted \
         twice; {orphans} messages that a dead container had posted unknowingly"
    );
    (deaths_at_work, orphans)
}

#[tokio::test]
#[ignore = "needs an emulator of DynamoDB at TEST_DYNAMODB_URL"]
async fn forty_kills_over_a_table_lose_no_line_and_count_none_twice() {
    let (deaths_at_work, orphans) = sweep(1, 40, None).await;
    assert!(deaths_at_work > 0 && orphans > 0);
}

#[tokio::test]
#[ignore = "1,000 processes, and needs an emulator of DynamoDB at TEST_DYNAMODB_URL"]
async fn a_thousand_kills_over_a_table_lose_no_line_and_count_none_twice() {
    let (deaths_at_work, orphans) = sweep(2, 1_000, None).await;
    assert!(deaths_at_work > 0 && orphans > 0);
}

#[tokio::test]
#[ignore = "needs an emulator of DynamoDB at TEST_DYNAMODB_URL"]
async fn kills_leave_one_parent_of_an_incident_at_most() {
    let (mut deaths_at_work, mut orphans) = (0, 0);
    for seed in 3..13 {
        let of_one = sweep(seed, 20, Some(WebApi::new(TOKEN, CHANNEL))).await;
        (deaths_at_work, orphans) = (deaths_at_work + of_one.0, orphans + of_one.1);
    }
    assert!(deaths_at_work > 0 && orphans > 0);
}
