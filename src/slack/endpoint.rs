//! Where messages go: an incoming webhook, or a channel by Slack's Web API.
//!
//! It says how a post becomes a request and what an answer means. It sends nothing: both kinds have one client, with
//! one policy of retries and rate limits.

use reqwest::header::AUTHORIZATION;

use super::answer::{Verdict, verdict};
use super::api_answer::api_verdict;
use super::api_url::ApiUrl;
use super::bot_token::BotToken;
use super::channel_id::ChannelId;
use super::post::Target;
use super::webhook_url::WebhookUrl;
use crate::http::{Answer, Request};

/// A webhook's answers are a word; more than this is not Slack.
const WEBHOOK_ANSWER_BYTES: usize = 4 * 1024;

/// The Web API's answers repeat the message behind what is read of them.
const API_ANSWER_BYTES: usize = 64 * 1024;

/// One destination, with what is secret about it; `Debug` does not show that.
#[derive(Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An incoming webhook, which posts to the channel that it was made for.
    Webhook(WebhookUrl),
    /// A channel, by `chat.postMessage` and `chat.update`.
    WebApi {
        /// Where the Web API is.
        api: ApiUrl,
        /// As whom.
        token: BotToken,
        /// To which channel.
        channel: ChannelId,
    },
}

impl From<WebhookUrl> for Endpoint {
    fn from(url: WebhookUrl) -> Self {
        Self::Webhook(url)
    }
}

impl Endpoint {
    /// Whether it can post there.
    pub(super) fn can(&self, target: Target<'_>) -> bool {
        matches!(self, Self::WebApi { .. }) || !target.needs_bot_token()
    }

    /// Whether a message that is to be replied to or updated stands in another channel than it posts to: then nobody reads
    /// what is added to it.
    pub(super) fn has_moved_from(&self, target: Target<'_>) -> bool {
        let before = match target {
            Target::Reply { parent, .. } => parent,
            Target::Update(before) => before,
            Target::Channel | Target::Parent => return false,
        };
        matches!(self, Self::WebApi { channel, .. } if channel != before.channel())
    }

    /// The request that posts `body`, a message's JSON object.
    pub(super) fn request(&self, target: Target<'_>, body: &str) -> Request {
        match self {
            Self::Webhook(url) => Request::json(url.for_request(), body.to_owned()),
            Self::WebApi { api, token, channel } => {
                let method = if target.is_update() { "chat.update" } else { "chat.postMessage" };
                let mut request = Request::json(api.method(method), api_body(target, channel, body));
                request.headers.insert(AUTHORIZATION, token.for_request());
                request
            }
        }
    }

    /// What an answer means.
    pub(super) fn verdict(&self, answer: &Answer) -> Verdict {
        match self {
            Self::Webhook(_) => verdict(answer.status, &answer.body, answer.broken),
            Self::WebApi { .. } => api_verdict(answer.status, &answer.body, answer.broken),
        }
    }

    /// As much of an answer as is read.
    pub(super) fn answer_bytes(&self) -> usize {
        match self {
            Self::Webhook(_) => WEBHOOK_ANSWER_BYTES,
            Self::WebApi { .. } => API_ANSWER_BYTES,
        }
    }
}

/// The message with the Web API's arguments before it, none of which the message has itself.
fn api_body(target: Target<'_>, channel: &ChannelId, message: &str) -> String {
    // Ids and timestamps have no character that JSON escapes.
    let arguments = match target {
        Target::Channel | Target::Parent => format!(r#"{{"channel":"{channel}","#),
        Target::Reply { parent, in_channel } => {
            let broadcast = if in_channel { r#""reply_broadcast":true,"# } else { "" };
            format!(r#"{{"channel":"{}","thread_ts":"{}",{broadcast}"#, parent.channel(), parent.ts())
        }
        Target::Update(message_before) => {
            // Unlike chat.postMessage, chat.update makes links and mentions of bare names unless it is told not to,
            // and keeps the attachments of before where it is given none.
            let attachments = if has_attachments(message) { "" } else { r#""attachments":[],"# };
            let (channel, ts) = (message_before.channel(), message_before.ts());
            format!(r#"{{"channel":"{channel}","ts":"{ts}","parse":"none",{attachments}"#)
        }
    };
    arguments + message.strip_prefix('{').unwrap_or(message)
}

/// In a JSON text, what stands between quotes has none itself: a text that contains this has the key.
fn has_attachments(message: &str) -> bool {
    message.contains(r#","attachments":["#)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::slack::message::{Attachment, Block, Message};
    use crate::slack::post::Receipt;

    fn body(target: Target<'_>, message: &Message) -> Value {
        let channel = "C0123456789".parse().unwrap();
        let body = api_body(target, &channel, &message.json());
        assert_eq!(body.matches(r#""channel":"#).count(), 1, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    fn with_blocks(text: &str) -> Message {
        let block = Block::context(text);
        let attachment = Attachment { color: None, fallback: text.to_owned(), blocks: vec![block] };
        Message { attachments: vec![attachment], username: Some("API".into()), ..Message::new(text) }
    }

    #[test]
    fn the_arguments_say_where_the_message_stands() {
        let parent = Receipt::new("C9876543210".parse().unwrap(), "1503435956.000247").unwrap();
        let message = with_blocks("2 errors");
        let here = json!({"channel": "C0123456789"});
        let there = json!({"channel": "C9876543210", "thread_ts": "1503435956.000247"});
        for (target, arguments) in [
            (Target::Channel, here.clone()),
            (Target::Parent, here),
            (Target::Reply { parent: &parent, in_channel: false }, there.clone()),
            (
                Target::Reply { parent: &parent, in_channel: true },
                json!({"channel": "C9876543210", "thread_ts": "1503435956.000247", "reply_broadcast": true}),
            ),
            (
                Target::Update(&parent),
                json!({"channel": "C9876543210", "ts": "1503435956.000247", "parse": "none"}),
            ),
        ] {
            let mut expected = serde_json::to_value(&message).unwrap();
            expected.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
            assert_eq!(body(target, &message), expected);
        }
    }

    proptest! {
        #[test]
        fn an_update_without_attachments_takes_away_those_of_before(
            text in "\\PC{0,20}[,\\\\\"]{0,5}(\",)?(\"?attachments\"?:\\[)?", has in any::<bool>(),
        ) {
            let posted = Receipt::new("C0123456789".parse().unwrap(), "1.0").unwrap();
            let message = if has { with_blocks(&text) } else { Message::new(text) };
            let body = body(Target::Update(&posted), &message);
            let expected = if has { serde_json::to_value(&message.attachments).unwrap() } else { json!([]) };
            prop_assert_eq!(&body["attachments"], &expected);
            prop_assert_eq!(&body["text"], &json!(message.text));
        }
    }
}
