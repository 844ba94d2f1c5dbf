//! What the fake Slack is told to answer: data only, nothing here does I/O.
//!
//! An [`Answer`] has three parts that are chosen apart from each other: what HTTP says (status, headers,
//! [`Body`]), how the connection behaves ([`Wire`]), and whether Slack took the message (`accepts`), since
//! a message can be taken and the answer still be lost.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// One scripted answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) wire: Wire,
    pub(super) gate: Option<Gate>,
    pub(super) accepts: bool,
    pub(super) closes: bool,
}

/// How the answer's body travels.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// At once, with its length.
    Whole(Vec<u8>),
    /// One byte at a time.
    Drip {
        /// The bytes.
        bytes: Vec<u8>,
        /// The pause before each of them.
        every: Duration,
    },
    /// The same bytes for as long as the client takes them.
    Endless(Vec<u8>),
    /// Fewer bytes than the head promised, then the connection closes.
    CutShort(Vec<u8>),
    /// Fewer bytes than the head promised, then silence on an open connection.
    Stuck(Vec<u8>),
}

/// How the connection behaves.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    /// As it should.
    Answers,
    /// Reset as soon as the first byte of a request arrives; nothing is read or recorded.
    ResetsUnread,
    /// Reads the request, then resets without an answer.
    ResetsUnanswered,
    /// Reads the request, and then nothing, on an open connection.
    Silent,
    /// Sends these bytes instead of HTTP (or TLS) as soon as the first byte arrives, then closes.
    Garbage(Vec<u8>),
}

impl Answer {
    /// What Slack says when it has taken a message: 200 and the text `ok`.
    pub(crate) fn ok() -> Self {
        Self::new(200, "ok")
    }

    /// A status with a body. Slack took the message only where this is 200 `ok`.
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let accepts = status == 200 && body == b"ok";
        Self {
            status,
            headers: vec![("Content-Type".into(), "text/html".into())],
            body: Body::Whole(body),
            wire: Wire::Answers,
            gate: None,
            accepts,
            closes: false,
        }
    }

    /// A status with JSON, as the Web API answers. Slack took the message only where this is 200 and `"ok":true`.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let accepts = status == 200 && body["ok"] == true;
        let headers = vec![("Content-Type".into(), "application/json; charset=utf-8".into())];
        Self { headers, accepts, ..Self::new(status, body.to_string()) }
    }

    /// 429 with a `Retry-After` as written, which need not be a number.
    pub(crate) fn rate_limited(retry_after: &str) -> Self {
        Self::new(429, "rate_limited").header("Retry-After", retry_after)
    }

    /// One more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Another way for the body to travel.
    pub(crate) fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Another behaviour of the connection.
    pub(crate) fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Not answered before the gate opens. The request is recorded, and accepted or not, before that.
    pub(crate) fn held_by(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Slack takes the message whatever the answer says.
    pub(crate) fn but_accepted(mut self) -> Self {
        self.accepts = true;
        self
    }

    /// The connection is closed after this answer, with `Connection: close`.
    pub(crate) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }
}

/// Latency without a clock: an answer waits at the gate until the test opens it.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed gate.
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets everything through, now and later.
    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn passed(&self) {
        let mut opened = self.0.subscribe();
        opened.wait_for(|open| *open).await.expect("the gate lives as long as this borrow");
    }
}
