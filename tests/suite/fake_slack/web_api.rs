//! The Web API of one channel: `chat.postMessage` and `chat.update`, validated as Slack validates them.
//!
//! It answers with Slack's own words, gives each message a timestamp of its own, knows which messages it has, and keeps
//! why it refused one, so that a test can ask. It is an answer for [`FakeSlack::otherwise`](super::FakeSlack).

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Map, Value, json};

use super::{Answer, Post, oracle};

/// What Slack makes longer texts of an update: `msg_too_long`.
const MAX_UPDATE_TEXT: usize = 4_000;

/// The Web API as one token sees it; clones share what they know.
#[derive(Clone, Debug)]
pub(crate) struct WebApi {
    token: String,
    channel: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Posted>,
    refusals: Vec<String>,
}

/// A message as the channel shows it now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posted {
    /// Its id in the channel.
    pub(crate) ts: String,
    /// The parent that it replies to.
    pub(crate) thread_ts: Option<String>,
    /// Whether the channel shows the reply, too.
    pub(crate) reply_broadcast: bool,
    /// The message without the arguments around it.
    pub(crate) message: Value,
    /// How often it was updated.
    pub(crate) updates: usize,
}

impl WebApi {
    /// A workspace with this bot token, which is a member of this channel.
    pub(crate) fn new(token: &str, channel: &str) -> Self {
        Self { token: token.to_owned(), channel: channel.to_owned(), state: Arc::default() }
    }

    /// What the channel and its threads show, in order of posting.
    pub(crate) fn messages(&self) -> Vec<Posted> {
        self.state().messages.clone()
    }

    /// Why calls were refused, one text each.
    pub(crate) fn refusals(&self) -> Vec<String> {
        self.state().refusals.clone()
    }

    /// Slack's answer to a request.
    pub(crate) fn answer(&self, post: &Post) -> Answer {
        match self.call(post) {
            Ok(ts) => Answer::json(
                200,
                &json!({"ok": true, "channel": self.channel, "ts": ts, "message": post.json.as_ref().ok()}),
            ),
            Err((word, why)) => {
                self.state().refusals.push(format!("{word}: {why}"));
                Answer::json(200, &json!({"ok": false, "error": word}))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn call(&self, post: &Post) -> Result<String, (&'static str, String)> {
        let method = post.request_line();
        let method = method.strip_prefix("POST /api/").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
        let Some(method @ ("chat.postMessage" | "chat.update")) = method else {
            return Err(("unknown_method", post.request_line()));
        };
        match post.header("authorization") {
            None => return Err(("not_authed", "no header Authorization".to_owned())),
            Some(header) if header != format!("Bearer {}", self.token) => {
                return Err(("invalid_auth", "another token".to_owned()));
            }
            Some(_) => {}
        }
        let content_type = post.header("content-type").unwrap_or_default();
        if content_type != "application/json; charset=utf-8" {
            return Err(("invalid_post_type", content_type));
        }
        let body = post.json.clone().map_err(|error| ("invalid_json", error))?;
        let Value::Object(mut arguments) = body else { return Err(("json_not_object", body.to_string())) };
        if duplicate_key(&post.body) {
            return Err(("invalid_arguments", "an argument is there twice".to_owned()));
        }
        let channel = arguments.remove("channel");
        if channel.as_ref().and_then(Value::as_str) != Some(self.channel.as_str()) {
            return Err(("channel_not_found", format!("{channel:?}")));
        }
        if arguments.get("text").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(("no_text", Value::from(arguments).to_string()));
        }
        if method == "chat.update" { self.update(arguments) } else { self.post(arguments) }
    }

    fn post(&self, mut arguments: Map<String, Value>) -> Result<String, (&'static str, String)> {
        let thread_ts = argument(&mut arguments, "thread_ts")?;
        let reply_broadcast = match arguments.remove("reply_broadcast") {
            None => false,
            Some(Value::Bool(broadcast)) if thread_ts.is_some() => broadcast,
            Some(other) => return Err(("invalid_arguments", format!("reply_broadcast: {other}"))),
        };
        let message = valid(arguments)?;
        let mut state = self.state();
        if let Some(parent) = &thread_ts
            && !state.messages.iter().any(|posted| posted.ts == *parent && posted.thread_ts.is_none())
        {
            return Err(("thread_not_found", parent.clone()));
        }
        let ts = format!("{}.{:06}", 1_700_000_000 + state.messages.len(), 100);
        state.messages.push(Posted { ts: ts.clone(), thread_ts, reply_broadcast, message, updates: 0 });
        Ok(ts)
    }

    fn update(&self, mut arguments: Map<String, Value>) -> Result<String, (&'static str, String)> {
        let ts = argument(&mut arguments, "ts")?.unwrap_or_default();
        if arguments.remove("parse") != Some(json!("none")) {
            return Err(("invalid_arguments", "an update that makes links of bare names".to_owned()));
        }
        let text = arguments.get("text").and_then(Value::as_str).unwrap_or_default();
        if text.chars().count() > MAX_UPDATE_TEXT {
            return Err(("msg_too_long", format!("{} characters", text.chars().count())));
        }
        // An empty list is how an update takes attachments away.
        let attachments = arguments.get("attachments").cloned();
        if attachments.as_ref().and_then(Value::as_array).is_some_and(Vec::is_empty) {
            arguments.remove("attachments");
        }
        let mut message = valid(arguments)?;
        let mut state = self.state();
        let Some(posted) = state.messages.iter_mut().find(|posted| posted.ts == ts) else {
            return Err(("message_not_found", ts));
        };
        if attachments.is_none() && !posted.message["attachments"].is_null() {
            message["attachments"] = posted.message["attachments"].clone();
        }
        (posted.message, posted.updates) = (message, posted.updates + 1);
        Ok(ts)
    }
}

/// A text among the arguments, if it is there.
fn argument(
    arguments: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<String>, (&'static str, String)> {
    match arguments.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(("invalid_arguments", format!("{name}: {other}"))),
    }
}

/// The message itself, with blocks of the right shape.
fn valid(message: Map<String, Value>) -> Result<Value, (&'static str, String)> {
    let message = Value::from(message);
    let violations = oracle::check(&message);
    if violations.is_empty() { Ok(message) } else { Err(("invalid_blocks", violations.join("; "))) }
}

/// A JSON reader keeps the last of two; which of them Slack keeps, nobody says.
fn duplicate_key(body: &[u8]) -> bool {
    struct Keys;
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = bool;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            let mut seen = std::collections::HashSet::new();
            let mut twice = false;
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                twice |= !seen.insert(key);
            }
            Ok(twice)
        }
    }
    serde::de::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_slice(body), Keys)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "xoxb-1-right-token";
    const CHANNEL: &str = "C0123456789";

    fn request(method: &str, headers: &str, body: &str) -> Post {
        let head = format!("POST /api/{method} HTTP/1.1\r\n{headers}\r\n");
        Post {
            head: head.into_bytes(),
            body: body.into(),
            json: serde_json::from_str(body).map_err(|error| error.to_string()),
            connection: 0,
            arrived_ms: 0,
            too_early: false,
            accepted: false,
            answered_bytes: 0,
        }
    }

    #[test]
    fn it_refuses_what_slack_refuses() {
        let json = "Content-Type: application/json; charset=utf-8\r\n";
        let headers = format!("Authorization: Bearer {TOKEN}\r\n{json}");
        let rest = r#""unfurl_links":false,"unfurl_media":false"#;
        let body = format!(r#"{{"channel":"{CHANNEL}","text":"x",{rest}}}"#);
        let api = WebApi::new(TOKEN, CHANNEL);
        for (method, headers, body, word) in [
            ("chat.post", headers.as_str(), body.clone(), "unknown_method"),
            ("chat.postMessage", json, body.clone(), "not_authed"),
            ("chat.postMessage", &headers.replace("right", "wrong"), body.clone(), "invalid_auth"),
            ("chat.postMessage", &headers.replace("; charset=utf-8", ""), body.clone(), "invalid_post_type"),
            ("chat.postMessage", &headers, "payload=1".to_owned(), "invalid_json"),
            ("chat.postMessage", &headers, "[]".to_owned(), "json_not_object"),
            ("chat.postMessage", &headers, body.replace(CHANNEL, "#alerts"), "channel_not_found"),
            (
                "chat.postMessage",
                &headers,
                body.replace("\"channel\"", "\"text\":\"y\",\"channel\""),
                "invalid_arguments",
            ),
            ("chat.postMessage", &headers, body.replace("\"x\"", "\"\""), "no_text"),
            ("chat.postMessage", &headers, body.replace("\"x\"", "\"<!channel>\""), "invalid_blocks"),
            (
                "chat.postMessage",
                &headers,
                body.replace(rest, &format!("{rest},\"thread_ts\":\"1.2\"")),
                "thread_not_found",
            ),
            (
                "chat.update",
                &headers,
                body.replace(rest, &format!("{rest},\"ts\":\"1.2\",\"parse\":\"none\"")),
                "message_not_found",
            ),
            (
                "chat.update",
                &headers,
                body.replace(rest, &format!("{rest},\"ts\":\"1.2\"")),
                "invalid_arguments",
            ),
        ] {
            let (found, why) = api.call(&request(method, headers, &body)).unwrap_err();
            assert_eq!(found, word, "{why}");
        }
        assert_eq!(api.messages(), []);
        assert!(api.call(&request("chat.postMessage", &headers, &body)).is_ok());
        assert_eq!(api.messages().len(), 1);
    }
}
