//! A CloudWatch Logs for tests, under the real client: one log group, with faults as a test wishes, in virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::CloudWatchLogs;
use crate::aws::{Service, Session};
use crate::http::{Answer, Body, Budget, Lost, Opened, Patience, Request, Transport, TransportFault};

/// A request, as the fake saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) operation: String,
    pub(super) body: Value,
}

/// Each part of a stream so long behind the one before it.
pub(super) type Parts = Vec<(Duration, Result<Vec<u8>, TransportFault>)>;

/// What a Live Tail session brings. It ends behind the last part, unless it hangs.
pub(super) struct Tailed {
    pub(super) parts: Parts,
    pub(super) hangs: bool,
}

/// What a fake answers instead of the truth: status and body.
pub(super) type Script = Box<dyn FnMut(&Seen) -> Option<(u16, Value)> + Send>;

#[derive(Clone)]
pub(super) struct FakeLogs(Arc<Mutex<State>>);

struct State {
    /// Times of the log events, ascending; the message is the position.
    events: Vec<i64>,
    /// Times of those that arrive so long after the beginning; they are counted on behind the others.
    arrivals: Vec<(Duration, i64)>,
    began: Instant,
    page: usize,
    latency: Duration,
    script: Script,
    seen: VecDeque<Seen>,
    sessions: VecDeque<Tailed>,
}

impl FakeLogs {
    /// With log events at these times, so many a page.
    pub(super) fn new(events: Vec<i64>, page: usize) -> Self {
        let latency = Duration::from_millis(300);
        let script: Script = Box::new(|_| None);
        let (arrivals, began) = (Vec::new(), Instant::now());
        Self(Arc::new(Mutex::new(State {
            events,
            arrivals,
            began,
            page,
            latency,
            script,
            seen: VecDeque::new(),
            sessions: VecDeque::new(),
        })))
    }

    /// With something else where `script` says so.
    pub(super) fn answering(
        self,
        script: impl FnMut(&Seen) -> Option<(u16, Value)> + Send + 'static,
    ) -> Self {
        self.0.lock().unwrap().script = Box::new(script);
        self
    }

    /// With log events that arrive so long from now, at these times.
    pub(super) fn arriving(self, arrivals: &[(Duration, i64)]) -> Self {
        self.0.lock().unwrap().arrivals = arrivals.to_vec();
        self
    }

    /// With Live Tail sessions, one behind the other; a further one ends at once.
    pub(super) fn tailing(self, sessions: Vec<Tailed>) -> Self {
        self.0.lock().unwrap().sessions = sessions.into();
        self
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().seen.iter().cloned().collect()
    }
}

/// A refusal in AWS's form.
pub(super) fn refusal(code: &str) -> (u16, Value) {
    (400, json!({ "__type": code, "message": "a stranger's words" }))
}

impl Transport for FakeLogs {
    async fn exchange(&self, request: Request, _: Patience, _: Budget) -> Result<Answer, Lost> {
        let latency = self.0.lock().unwrap().latency;
        assert_eq!(request.url.as_str(), "https://logs.eu-west-1.amazonaws.com/");
        let seen = Seen::of(&request);
        sleep(latency).await;
        let mut state = self.0.lock().unwrap();
        state.seen.push_back(seen.clone());
        let scripted = (state.script)(&seen);
        let (status, body) = scripted.unwrap_or_else(|| (200, state.page(&seen.body)));
        let body = body.to_string().into_bytes();
        Ok(Answer { status, headers: HeaderMap::new(), body, broken: None })
    }

    async fn open(&self, request: Request, _: Duration) -> Result<Opened, Lost> {
        assert_eq!(request.url.as_str(), "https://stream-logs.eu-west-1.amazonaws.com/");
        let seen = Seen::of(&request);
        let mut state = self.0.lock().unwrap();
        state.seen.push_back(seen.clone());
        let (sender, receiver) = mpsc::channel(100);
        let mut status = 200;
        if let Some((code, refusal)) = (state.script)(&seen) {
            status = code;
            sender.try_send(Ok(refusal.to_string().into())).unwrap();
        } else if let Some(session) = state.sessions.pop_front() {
            tokio::spawn(async move {
                for (wait, part) in session.parts {
                    sleep(wait).await;
                    let _ = sender.send(part.map(Into::into)).await;
                }
                if session.hangs {
                    std::future::pending::<()>().await;
                }
            });
        }
        Ok(Opened { status, headers: HeaderMap::new(), body: Body::scripted(receiver) })
    }
}

impl Seen {
    fn of(request: &Request) -> Self {
        assert!(request.headers["authorization"].to_str().unwrap().contains("/eu-west-1/logs/aws4_request"));
        let target = request.headers["x-amz-target"].to_str().unwrap();
        let operation = target.strip_prefix("Logs_20140328.").unwrap().to_owned();
        Self { at: Instant::now(), operation, body: serde_json::from_str(&request.body).unwrap() }
    }
}

impl State {
    /// As AWS has it, the end of the time belongs to what is asked for.
    fn page(&self, request: &Value) -> Value {
        let from_ms = request["startTime"].as_i64().unwrap();
        let until_ms = request["endTime"].as_i64().unwrap();
        let skipped = request["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let late =
            self.arrivals.iter().map(|(after, at_ms)| (self.began.elapsed() >= *after).then_some(*at_ms));
        let mut all: Vec<(i64, i32)> = (0..)
            .zip(self.events.iter().map(|at_ms| Some(*at_ms)).chain(late))
            .filter_map(|(number, at_ms): (i32, _)| Some((at_ms?, number)))
            .filter(|(at_ms, _)| (from_ms..=until_ms).contains(at_ms))
            .collect();
        all.sort_unstable();
        let all: Vec<Value> = all.into_iter().map(|(at_ms, number)| event(at_ms, number)).collect();
        let page: Vec<&Value> = all.iter().skip(skipped).take(self.page).collect();
        let end = skipped + page.len();
        let mut answer = json!({ "events": page, "searchedLogStreams": [] });
        if end < all.len() {
            answer["nextToken"] = end.to_string().into();
        }
        answer
    }
}

pub(super) fn event(at_ms: i64, number: i32) -> Value {
    json!({
        "logStreamName": "s\"1",
        "timestamp": at_ms,
        "message": format!("{{\"n\":\"{number}\"}}\n"),
        "ingestionTime": at_ms + 5,
        "eventId": format!("id{number}"),
    })
}

/// Asked with credentials that never run out.
pub(super) fn logs() -> CloudWatchLogs {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    logs_of(SharedCredentialsProvider::new(credentials))
}

pub(super) fn logs_of(provider: SharedCredentialsProvider) -> CloudWatchLogs {
    let session = Session::new(provider, Service::Logs, "eu-west-1", None).unwrap();
    CloudWatchLogs::new(session, SystemTime::UNIX_EPOCH + Duration::from_hours(500_000))
}
