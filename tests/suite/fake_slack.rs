//! A fake Slack over real HTTP on loopback: an incoming webhook that answers what the test scripts, or the Web API, which
//! [`web_api`] validates as Slack does.
//!
//! Requests come in, are kept byte for byte and decoded on arrival, and are answered by, in this order: the
//! queue of [`FakeSlack::next`], the token bucket where there is one, and [`FakeSlack::otherwise`]. Tests ask
//! typed questions; they never parse a log. It knows nothing of statuswatch, and it must not run under a
//! paused clock: waiting for a socket looks idle to tokio, and idle makes paused time jump.

mod answer;
mod bucket;
mod connection;
pub(crate) mod model;

pub(crate) mod oracle;
mod post;
#[cfg(test)]
mod tests;
mod tls;
pub(crate) mod web_api;

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};

pub(crate) use self::{
    answer::{Answer, Body, Gate, Wire},
    bucket::{Bucket, RetryAfterWindow},
    post::Post,
    tls::FakeTls,
};
use crate::{clock::Clock, patience::within_patience};

/// The running fake. It stops accepting when it is dropped.
pub(crate) struct FakeSlack {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What the connections and the test share.
struct Shared {
    clock: Clock,
    state: Mutex<State>,
    /// How many requests have been recorded.
    received: watch::Sender<usize>,
    /// Which connections are open.
    open: watch::Sender<BTreeSet<usize>>,
    /// Tells the connections that exist to close as soon as they are idle.
    closing: watch::Sender<()>,
    /// The client's address of the last probe of the backlog that was accepted.
    probed: watch::Sender<Option<SocketAddr>>,
}

struct State {
    script: VecDeque<Answer>,
    bucket: Option<Bucket>,
    otherwise: Arc<dyn Fn(&Post) -> Answer + Send + Sync>,
    window: RetryAfterWindow,
    posts: Vec<Post>,
    connections: usize,
    /// Where a probe of the backlog comes from; it is no client and not counted.
    probe: Option<SocketAddr>,
}

impl FakeSlack {
    /// Starts on a free port of 127.0.0.1, answering 200 `ok` to everything.
    pub(crate) async fn start() -> Self {
        Self::start_with_clock(Clock::running()).await
    }

    /// The same with a clock of the test's own: it is what the bucket and the Retry-After windows go by.
    pub(crate) async fn start_with_clock(clock: Clock) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = State {
            script: VecDeque::new(),
            bucket: None,
            otherwise: Arc::new(|_| Answer::ok()),
            window: RetryAfterWindow::default(),
            posts: Vec::new(),
            connections: 0,
            probe: None,
        };
        let shared = Arc::new(Shared {
            clock,
            state: Mutex::new(state),
            received: watch::Sender::default(),
            open: watch::Sender::default(),
            closing: watch::Sender::default(),
            probed: watch::Sender::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// The webhook's URL, with the secret part that the test wants to search for later.
    pub(crate) fn webhook(&self, secret: &str) -> String {
        format!("http://{}/services/T00000000/B00000000/{secret}", self.address)
    }

    /// What `SLACK_API_URL` has to be.
    pub(crate) fn api_url(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    /// Puts one answer into the queue; each serves one request.
    pub(crate) fn next(&self, answer: Answer) {
        self.shared.state().script.push_back(answer);
    }

    /// What requests get that find the queue empty and the bucket not.
    pub(crate) fn otherwise(&self, answer: impl Fn(&Post) -> Answer + Send + Sync + 'static) {
        self.shared.state().otherwise = Arc::new(answer);
    }

    /// Answers 429 with Retry-After to what exceeds this bucket.
    pub(crate) fn limit(&self, bucket: Bucket) {
        self.shared.state().bucket = Some(bucket);
    }

    /// Every request that was received whole, in order of arrival.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.shared.state().posts.clone()
    }

    /// Those that Slack took, whether or not the client learned of it.
    pub(crate) fn accepted(&self) -> Vec<Post> {
        self.posts().into_iter().filter(|post| post.accepted).collect()
    }

    /// The top-level `text` of every request.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.posts().iter().map(|post| post.text().to_owned()).collect()
    }

    /// Those that came although an earlier answer of 429 had asked for silence until later. Only a `Retry-After`
    /// in seconds opens such a window, not a date.
    pub(crate) fn requests_inside_retry_after_window(&self) -> Vec<Post> {
        self.posts().into_iter().filter(|post| post.too_early).collect()
    }

    /// How many TCP connections were ever made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Waits until that many requests have been received whole.
    pub(crate) async fn wait_for_posts(&self, count: usize) -> Vec<Post> {
        let mut received = self.shared.received.subscribe();
        let what = format!("{count} posts to Slack");
        within_patience(&what, received.wait_for(|received| *received >= count)).await.expect("shared lives");
        self.posts()
    }

    /// Closes every connection that exists as soon as it is idle, and waits until all are closed: what a
    /// client finds after it was frozen for minutes.
    pub(crate) async fn close_idle_connections(&self) {
        let next = self.connections();
        self.shared.closing.send_replace(());
        let mut open = self.shared.open.subscribe();
        let all_new = open.wait_for(|open| open.iter().all(|number| *number >= next));
        within_patience("idle connections to close", all_new).await.expect("shared lives");
    }

    /// Waits until every client has left: after a client's death, nothing that it sent is then outstanding.
    pub(crate) async fn wait_until_deserted(&self) {
        self.accept_all_that_knocked().await;
        let mut open = self.shared.open.subscribe();
        within_patience("every client to leave Slack", open.wait_for(BTreeSet::is_empty))
            .await
            .expect("lives");
    }

    /// Waits until every connection that was made before has been accepted: the backlog is first in, first
    /// out, so that once a connection of our own comes out of it, theirs have.
    async fn accept_all_that_knocked(&self) {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback has a free port");
        let ours = socket.local_addr().expect("a bound socket has an address");
        self.shared.state().probe = Some(ours);
        let _knock = socket.connect(self.address).await.expect("the fake listens");
        let mut probed = self.shared.probed.subscribe();
        let accepted = probed.wait_for(|probed| *probed == Some(ours));
        within_patience("the backlog to empty", accepted).await.expect("shared lives");
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// Counts a new connection and says which it is. It is open from here on, before its task first runs.
    fn count_connection(&self) -> usize {
        let mut state = self.state();
        let number = state.connections;
        state.connections += 1;
        self.open.send_modify(|open| _ = open.insert(number));
        number
    }

    /// Takes the next scripted answer where it is one that does not wait for the request.
    fn answer_before_reading(&self) -> Option<Answer> {
        let unread = |answer: &mut Answer| matches!(answer.wire, Wire::ResetsUnread | Wire::Garbage(_));
        self.state().script.pop_front_if(unread)
    }

    /// Records a request and decides what it gets.
    fn receive(&self, head: Vec<u8>, body: Vec<u8>, connection: usize) -> (usize, Answer) {
        let now_ms = self.clock.now_ms();
        let json = serde_json::from_slice(&body).map_err(|error| error.to_string());
        let mut state = self.state();
        let too_early = state.window.contains(now_ms);
        let mut post = Post {
            head,
            body,
            json,
            connection,
            arrived_ms: now_ms,
            too_early,
            accepted: false,
            answered_bytes: 0,
        };
        let answer = state.answer(&post, now_ms);
        post.accepted = answer.accepts;
        state.posts.push(post);
        let count = state.posts.len();
        drop(state);
        self.received.send_replace(count);
        (count - 1, answer)
    }

    /// A 429 that goes out now asks for silence from now on.
    fn note_window(&self, answer: &Answer) {
        let retry_after = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
        let seconds = retry_after.and_then(|(_, value)| value.parse().ok());
        if let (429, Some(seconds)) = (answer.status, seconds) {
            self.state().window.open(self.clock.now_ms(), seconds);
        }
    }

    fn note_answered(&self, post: usize, bytes: usize) {
        self.state().posts[post].answered_bytes += bytes as u64;
    }
}

impl State {
    fn answer(&mut self, post: &Post, now_ms: u64) -> Answer {
        if let Some(scripted) = self.script.pop_front() {
            return scripted;
        }
        if let Some(Err(seconds)) = self.bucket.as_mut().map(|bucket| bucket.take(now_ms)) {
            return Answer::rate_limited(&seconds.to_string());
        }
        (self.otherwise)(post)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, client)) = listener.accept().await {
        if shared.state().probe == Some(client) {
            shared.probed.send_replace(Some(client));
            continue;
        }
        let number = shared.count_connection();
        tokio::spawn(connection::serve(stream, number, Arc::clone(&shared)));
    }
}
