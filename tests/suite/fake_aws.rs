//! A fake of AWS over HTTP: it answers what the test put into its queue, or what the test's function says.
//!
//! Requests are kept with what a test asks for: which call, signed or not, and the body.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Extracted};
use axum::http::Response;
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

/// More than any request that is made here.
const MAX_REQUEST_BYTES: usize = 1 << 20;

/// The running fake. It stops when it is dropped.
pub(crate) struct FakeAws {
    address: SocketAddr,
    shared: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `X-Amz-Target`, such as `AmazonSSM.GetParameter`.
    pub(crate) target: String,
    /// Path and query; `/` in the JSON protocol.
    pub(crate) path: String,
    /// `Accept`.
    pub(crate) accept: String,
    /// `Authorization`.
    pub(crate) authorization: String,
    /// The body.
    pub(crate) body: Value,
}

/// What is answered where no answer is in the queue.
type Otherwise = Box<dyn Fn(&Call) -> (u16, Value) + Send>;

/// The parts of a stream; an error breaks the connection.
type Parts = mpsc::Receiver<Result<Bytes, std::io::Error>>;

#[derive(Default)]
struct State {
    answers: VecDeque<(u16, String)>,
    otherwise: Option<Otherwise>,
    /// The answers to `StartLiveTail`, before any other.
    live_tail: VecDeque<Parts>,
    calls: Vec<Call>,
}

impl FakeAws {
    /// Starts on a free port of 127.0.0.1.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::<Mutex<State>>::default();
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async { axum::serve(listener, router).await.expect("never returns") });
        Self { address, shared, serving }
    }

    /// What `AWS_ENDPOINT_URL` has to be.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts one answer into the queue; without one, the answer is 500.
    pub(crate) fn next(&self, status: u16, body: &Value) {
        state(&self.shared).answers.push_back((status, body.to_string()));
    }

    /// What is answered where no answer is in the queue.
    pub(crate) fn otherwise(&self, answer: impl Fn(&Call) -> (u16, Value) + Send + 'static) {
        state(&self.shared).otherwise = Some(Box::new(answer));
    }

    /// One more Live Tail session, which ends with the sender.
    pub(crate) fn live_tail(&self) -> mpsc::Sender<Result<Bytes, std::io::Error>> {
        let (sender, parts) = mpsc::channel(100);
        state(&self.shared).live_tail.push_back(parts);
        sender
    }

    /// All requests so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        state(&self.shared).calls.clone()
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn state(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().expect("no holder of this lock panics")
}

async fn serve(Extracted(shared): Extracted<Arc<Mutex<State>>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_REQUEST_BYTES).await.expect("a request is small");
    let header = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let mut state = state(&shared);
    let call = Call {
        target: header("x-amz-target"),
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        accept: header("accept"),
        authorization: header("authorization"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    if call.target == "Logs_20140328.StartLiveTail"
        && let Some(parts) = state.live_tail.pop_front()
    {
        state.calls.push(call);
        return Response::builder()
            .header("Content-Type", "application/vnd.amazon.eventstream")
            .body(Body::from_stream(ReceiverStream::new(parts)))
            .expect("this header is valid");
    }
    let otherwise = || match &state.otherwise {
        Some(otherwise) => otherwise(&call),
        None => (500, serde_json::json!({})),
    };
    let queued = state.answers.front().cloned();
    let (status, answer) = queued.unwrap_or_else(|| {
        let (status, answer) = otherwise();
        (status, answer.to_string())
    });
    state.answers.pop_front();
    state.calls.push(call);
    Response::builder()
        .status(status)
        .header("Content-Type", "application/x-amz-json-1.1")
        .body(answer.into())
        .expect("these headers are valid")
}
