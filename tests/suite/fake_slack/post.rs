//! One request as the fake Slack saw it, byte for byte.

use serde_json::Value;

/// A recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// The request line and the headers as they came, with the empty line that ends them.
    pub(crate) head: Vec<u8>,
    /// The body as it came.
    pub(crate) body: Vec<u8>,
    /// The body decoded on arrival, or why it is not JSON.
    pub(crate) json: Result<Value, String>,
    /// Which connection carried it, counted from 0.
    pub(crate) connection: usize,
    /// When it had arrived whole, by the fake's clock.
    pub(crate) arrived_ms: u64,
    /// Whether it came inside a window that a 429 had opened.
    pub(crate) too_early: bool,
    /// Whether Slack took the message, whatever it answered.
    pub(crate) accepted: bool,
    /// How many bytes of the answer the client's side had taken when the answer ended.
    pub(crate) answered_bytes: u64,
}

impl Post {
    /// The method and the target of the request line.
    pub(crate) fn request_line(&self) -> String {
        let line = self.head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }

    /// The first header of that name, without regard to case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        request.parse(&self.head).expect("a recorded head was parsed before");
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(found.value).into_owned())
    }

    /// The message's top-level `text`; empty where it has none.
    pub(crate) fn text(&self) -> &str {
        self.json.as_ref().ok().and_then(|json| json["text"].as_str()).unwrap_or_default()
    }
}

/// More headers than any client here sends; a head with more is refused as unreadable.
pub(super) const MAX_HEADERS: usize = 64;
