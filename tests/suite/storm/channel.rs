//! A channel with threads in virtual time: Slack's Web API over the model of Slack, and what the channel shows.

use std::{cell::RefCell, rc::Rc, time::Duration};

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use statuswatch::{
    http::{Answer, Budget, Lost, Patience, Request, Transport},
    slack::{api_url::ApiUrl, bot_token::BotToken, client::Endpoint},
};
use tokio::time::sleep;

use crate::fake_lambda::product::ModelTransport;

const TOKEN: &str = "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx";
const CHANNEL: &str = "C0123456789";
/// What an update takes, milliseconds.
const UPDATE_MS: u64 = 150;

/// What a channel shows, in order of posting.
#[derive(Default)]
pub(super) struct Channel {
    pub(super) messages: Vec<Posted>,
}

pub(super) struct Posted {
    pub(super) thread_ts: Option<String>,
    /// Its heading, as it was last written.
    pub(super) heading: String,
}

/// Takes requests of the Web API to the model, and keeps what it accepts.
pub(super) struct WebApi {
    pub(super) model: ModelTransport,
    pub(super) channel: Rc<RefCell<Channel>>,
}

impl WebApi {
    /// As the product is configured for it.
    pub(super) fn endpoint() -> Endpoint {
        Endpoint::WebApi {
            api: ApiUrl::parse("https://slack.com/api/").expect("Slack's own"),
            token: BotToken::parse(TOKEN).expect("a token"),
            channel: CHANNEL.parse().expect("a channel"),
        }
    }
}

impl Channel {
    /// The parents' headings.
    pub(super) fn parents(&self) -> impl Iterator<Item = &str> {
        self.messages
            .iter()
            .filter(|message| message.thread_ts.is_none())
            .map(|parent| parent.heading.as_str())
    }

    fn post(&mut self, asked: &Value) -> String {
        let thread_ts = asked["thread_ts"].as_str().map(str::to_owned);
        if let Some(parent) = &thread_ts {
            let parent = self.named(parent);
            assert!(parent.thread_ts.is_none(), "a reply cannot have replies");
        }
        self.messages.push(Posted { thread_ts, heading: heading(asked) });
        format!("{}.0", self.messages.len())
    }

    fn named(&mut self, ts: &str) -> &mut Posted {
        let number: usize = ts.strip_suffix(".0").expect("a timestamp of ours").parse().expect("a number");
        self.messages.get_mut(number - 1).expect("a message that was posted")
    }
}

impl Transport for WebApi {
    async fn exchange(&self, request: Request, patience: Patience, budget: Budget) -> Result<Answer, Lost> {
        let asked: Value = serde_json::from_str(&request.body).expect("a request is JSON");
        assert_eq!(asked["channel"], CHANNEL);
        let is_update = request.url.path().ends_with("/chat.update");
        let mut answer = if is_update {
            sleep(Duration::from_millis(UPDATE_MS)).await;
            Answer { status: 200, headers: HeaderMap::new(), body: Vec::new(), broken: None }
        } else {
            self.model.exchange(request, patience, budget).await?
        };
        if answer.status == 200 {
            let mut channel = self.channel.borrow_mut();
            let ts = if is_update {
                let ts = asked["ts"].as_str().expect("an update names a message").to_owned();
                channel.named(&ts).heading = heading(&asked);
                ts
            } else {
                channel.post(&asked)
            };
            answer.body = json!({"ok": true, "channel": CHANNEL, "ts": ts}).to_string().into_bytes();
        }
        Ok(answer)
    }
}

/// The heading of a message.
pub(super) fn heading(message: &Value) -> String {
    message["text"].as_str().expect("a message has a heading").replace('\u{200b}', "")
}
