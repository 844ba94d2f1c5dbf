//! The product's own handler as a function of the simulation.
//!
//! Everything from the event's bytes to the answer's is the product's, the webhook's client among it; only what lies
//! under that is replaced: it hands the request to the model of Slack.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{HeaderValue, RETRY_AFTER};
use statuswatch::{
    console_links::Region,
    digest::Reader,
    handler::{self, Invocation, Notify, Outcome},
    http::{Answer, Budget, Lost, Patience, Request, Transport, TransportFault},
    incident::Policy,
    incidents::NotifyMode,
    notification::Style,
    rate_limit::Bucket,
    rules::Rules,
    slack::{
        client::{Client, ClientSettings, Endpoint},
        webhook_url::{AllowedHosts, WebhookUrl},
    },
    store::Store,
};
use tokio::time::{Instant, timeout_at};

use super::{
    delivery::{Delivery, Record},
    events::{self, LOG_GROUP, LogEvent, access_log},
    function::{Context, EPOCH_MS, Function, Handler},
};
use crate::{
    clock::Clock,
    fake_slack::model::{AnswerLost, SlackPort},
};

/// The function as it is deployed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// `STATUSWATCH_BURST`.
    pub(crate) burst: u32,
    /// `STATUSWATCH_SPACING_SECONDS`.
    pub(crate) spacing_seconds: u32,
    /// `STATUSWATCH_NOTIFY`.
    pub(crate) notify: NotifyMode,
}

/// One container of it.
pub(crate) struct ProductHandler {
    handler: handler::Handler<Client<ModelTransport>>,
    clock: Clock,
}

/// Hands requests to the model of Slack.
pub(crate) struct ModelTransport(pub(crate) SlackPort);

impl Default for Product {
    fn default() -> Self {
        Self { burst: 5, spacing_seconds: 5, notify: NotifyMode::Every }
    }
}

/// A handler with the built-in rules and the defaults of the configuration.
pub(crate) fn handler_with<N: handler::Notifier, T: Store>(
    notifier: N,
    notify: Notify<T>,
) -> handler::Handler<N, T> {
    handler_by(Rules::built_in(), notifier, notify)
}

/// The same with these rules.
pub(crate) fn handler_by<N: handler::Notifier, T: Store>(
    rules: Rules,
    notifier: N,
    notify: Notify<T>,
) -> handler::Handler<N, T> {
    let own_log_group = Some("/aws/lambda/statuswatch".to_owned());
    let reader = Reader { own_log_group, ..Reader::new(rules) };
    let style = Style { region: Region::new("eu-west-1"), ..Style::default() };
    handler::Handler::new(reader, style.into(), 134_217_728, notify, notifier)
}

/// The product's client, over the model of Slack.
pub(crate) fn client(slack: SlackPort, clock: &Clock) -> Client<ModelTransport> {
    let webhook = WebhookUrl::parse("https://hooks.slack.com/services/T0/B0/x", &AllowedHosts::default());
    client_of(ModelTransport(slack), webhook.expect("a webhook"), clock)
}

/// The product's client, over any transport.
pub(crate) fn client_of<T: Transport>(
    transport: T,
    endpoint: impl Into<Endpoint>,
    clock: &Clock,
) -> Client<T> {
    let settings = ClientSettings { seed: clock.now_ms(), ..ClientSettings::default() };
    Client::new(transport, endpoint, settings)
}

/// An invocation that begins now.
pub(crate) fn invocation(clock: &Clock, deadline: Instant) -> Invocation {
    let now = UNIX_EPOCH + Duration::from_millis(EPOCH_MS + clock.now_ms());
    Invocation::new(now, deadline)
}

impl Product {
    /// The function with its default settings.
    pub(crate) fn of_incidents() -> Self {
        Self { notify: NotifyMode::Incidents, ..Self::default() }
    }
}

/// How many lines a posted body tells; 0 for the end of a storm, or of an incident that has notified all.
pub(crate) fn announced(body: &[u8]) -> u64 {
    let body: serde_json::Value = serde_json::from_slice(body).expect("a message is JSON");
    // What keeps a stranger's text from being live is invisible, and no part of what is announced.
    let text = body["text"].as_str().expect("a message has a heading").replace('\u{200b}', "");
    if text.starts_with("Quiet again") {
        return 0;
    }
    let goes_on = [
        "Still failing, ",
        "New in this incident: ",
        "Ten times as fast: ",
        "Now server errors: ",
        "Over · ",
    ];
    if goes_on.iter().any(|words| text.starts_with(words)) {
        let added = text.split(" · ").find_map(|part| part.strip_prefix('+')?.split(' ').next());
        return added.map_or(0, |number| number.replace(',', "").parse().expect("a count is a number"));
    }
    let counts = text
        .strip_prefix("Storm for ")
        .map_or(Some(text.as_str()), |rest| rest.split_once(" · ").map(|(_, counts)| counts));
    let counts = counts.expect("a storm's heading has parts");
    let (number, _) = counts.split_once(' ').expect("a heading has words");
    if counts.starts_with(&format!("{number} error")) {
        return number.replace(',', "").parse().expect("a count is a number");
    }
    assert!(number.parse::<u16>().is_ok_and(|status| (400..600).contains(&status)), "{text}");
    1
}

impl Function for Product {
    type Handler = ProductHandler;

    fn start(&self, slack: SlackPort, clock: Clock) -> ProductHandler {
        let client = client(slack, &clock);
        let bucket = Bucket::new(self.burst, self.spacing_seconds * 1_000);
        let notify = match self.notify {
            NotifyMode::Every => Notify::every(bucket),
            NotifyMode::Incidents => Notify::incidents(bucket, Policy::default()),
        };
        ProductHandler { handler: handler_with(client, notify), clock }
    }

    fn awslogs(&self, delivery: &Delivery) -> Vec<u8> {
        events::awslogs(&message(delivery))
    }

    fn kinesis(&self, records: &[Record]) -> Vec<u8> {
        let record =
            |record: &Record| (record.sequence_number.to_string(), events::gzip(&message(&record.delivery)));
        events::kinesis(&records.iter().map(record).collect::<Vec<_>>())
    }

    fn tick(&self) -> Vec<u8> {
        events::tick()
    }

    fn announced(&self, body: &[u8]) -> u64 {
        announced(body)
    }
}

/// The subscription message of a delivery: its matched lines, and among them the others.
pub(crate) fn message(delivery: &Delivery) -> Vec<u8> {
    let lines = u64::from(delivery.matched + delivery.other);
    let collected_ms = delivery.arrives_ms - delivery.oldest_ms;
    let log_events: Vec<LogEvent> = (0..lines)
        .map(|line| {
            let timestamp = EPOCH_MS + delivery.oldest_ms + collected_ms * (line + 1) / lines;
            let status = match line {
                _ if line >= u64::from(delivery.matched) => 200,
                _ if line % 5 == 4 => 404,
                _ => 502,
            };
            access_log(u64::from(delivery.id) * 1_000_000 + line, timestamp, status)
        })
        .collect();
    events::data_message(LOG_GROUP, &format!("stream-{}", delivery.stream), &log_events)
}

impl Handler for ProductHandler {
    async fn invoke(&mut self, event: Vec<u8>, context: Context) -> Result<Vec<u8>, String> {
        let Outcome { answer, .. } = self.handler.handle(&event, self.now(context.deadline)).await;
        let answer = answer.map_err(|error| error.to_string())?;
        Ok(serde_json::to_vec(&answer).expect("an answer serializes"))
    }

    async fn shut_down(&mut self) {
        // As in the binary: 400 ms of the 500 that Lambda allows, with nobody left to answer to.
        let deadline = Instant::now() + Duration::from_millis(400) + Budget::RESERVE;
        self.handler.shut_down(self.now(deadline)).await;
    }
}

impl ProductHandler {
    fn now(&self, deadline: Instant) -> Invocation {
        invocation(&self.clock, deadline)
    }
}

impl Transport for ModelTransport {
    async fn exchange(&self, request: Request, patience: Patience, budget: Budget) -> Result<Answer, Lost> {
        let end = budget.end().min(Instant::now() + patience.head);
        let lost = |fault| Err(Lost { fault, sent: true, reused: false });
        let answer = match timeout_at(end, self.0.post(request.body.as_bytes())).await {
            Err(_) => return lost(TransportFault::AnswerTimeout),
            Ok(Err(AnswerLost)) => return lost(TransportFault::Broken),
            Ok(Ok(answer)) => answer,
        };
        let headers = answer.retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
        let body = if answer.status == 200 { b"ok".to_vec() } else { Vec::new() };
        Ok(Answer { status: answer.status, headers: headers.into_iter().collect(), body, broken: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_says_how_many_lines_it_tells() {
        let tells = |text: &str| announced(serde_json::json!({"text": text}).to_string().as_bytes());
        assert_eq!(tells("502 POST /v1/orders · integration · /aws/x"), 1);
        assert_eq!(tells("4,312 errors · all 5xx"), 4_312);
        assert_eq!(tells("Storm for 35 s · 1 error since the last message · all 5xx"), 1);
        assert_eq!(tells("Storm for 3 min 20 s · 8,412 errors since the last message (14 a minute)"), 8_412);
        assert_eq!(tells("Quiet again · 50,112 errors in 3 min 20 s"), 0);
        assert_eq!(tells("Still failing, 12 min · 4,310 errors · +1,812 since 05:35 UTC · /aws/x"), 1_812);
        assert_eq!(
            tells("New in this incident: 504 GET /x · +12 since 05:35 UTC · 9 errors since 05:28 UTC"),
            12
        );
        assert_eq!(tells("Over · 50,112 errors in 3 min 20 s · 502 POST /x ×50,112 · 7 messages"), 0);
        assert_eq!(
            tells("Over · 9 errors in 3 min 20 s · +3 since 05:35 UTC · 502 POST /x ×9 · 7 messages"),
            3
        );
        assert!(std::panic::catch_unwind(|| tells("hello you")).is_err());
    }
}
