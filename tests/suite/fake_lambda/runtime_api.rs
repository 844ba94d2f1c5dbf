//! The Lambda Runtime API and the part of the Extensions API that an internal extension calls, over HTTP.
//!
//! Events go in by [`RuntimeApi::send`], the process under test asks for them and answers, the answer comes
//! out of the [`Ticket`]. One process talks to one server, as in Lambda. Paths and headers are those of the
//! developer guide ("Using the Lambda runtime API", "Using the Lambda Extensions API"); what the guide does
//! not have is answered 404 and kept in [`RuntimeApi::strays`], so that a wrong call cannot go unseen.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State as Extracted},
    http::{Response, StatusCode, header::CONTENT_TYPE},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot, watch},
    task::JoinHandle,
};

/// The most that Lambda takes as an answer: 6 MiB.
const MAX_ANSWER_BYTES: usize = 6 << 20;
pub(super) const FUNCTION_NAME: &str = "statuswatch";
const FUNCTION_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch";

/// The running server. It stops when it is dropped.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// What became of an invocation, as the process told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `/response`, with its body.
    Response(Vec<u8>),
    /// `/error`.
    Error(Failure),
}

/// The body of `/error` or `/init/error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `errorType`; empty where the body has none.
    pub(crate) error_type: String,
    /// `errorMessage`; empty where the body has none.
    pub(crate) message: String,
    /// The body as it came: all of it reaches the failure destination.
    pub(crate) raw: Vec<u8>,
}

/// How the start went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Init {
    /// The process asked for its first event.
    Ready,
    /// The process told of a failure by `/init/error`.
    Failed(Failure),
}

/// One invocation that was sent.
pub(crate) struct Ticket {
    /// Comes when the process has been given the event: from then on its time runs.
    pub(crate) started: oneshot::Receiver<()>,
    /// Comes when the process has answered.
    pub(crate) replied: oneshot::Receiver<Reply>,
}

struct Shared {
    takes_extensions: bool,
    state: Mutex<State>,
    queued: Notify,
    init: watch::Sender<Option<Init>>,
}

#[derive(Default)]
struct State {
    sent: u64,
    waiting: VecDeque<Invocation>,
    running: Option<(String, oneshot::Sender<Reply>)>,
    extensions: Vec<String>,
    strays: Vec<String>,
}

struct Invocation {
    id: String,
    event: Vec<u8>,
    limit: Duration,
    started: oneshot::Sender<()>,
    replied: oneshot::Sender<Reply>,
}

impl RuntimeApi {
    /// Starts on a free port of 127.0.0.1. Without `takes_extensions`, registering one is refused.
    pub(crate) async fn start(takes_extensions: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            takes_extensions,
            state: Mutex::default(),
            queued: Notify::new(),
            init: watch::Sender::default(),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async { axum::serve(listener, router).await.expect("never returns") });
        Self { address, shared, serving }
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`: host and port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Queues an event whose invocation may take `limit` from the moment that it is handed over.
    pub(crate) fn send(&self, event: impl Into<Vec<u8>>, limit: Duration) -> Ticket {
        let (started, ticket_started) = oneshot::channel();
        let (replied, ticket_replied) = oneshot::channel();
        let mut state = self.shared.state();
        state.sent += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", state.sent);
        state.waiting.push_back(Invocation { id, event: event.into(), limit, started, replied });
        drop(state);
        self.shared.queued.notify_one();
        Ticket { started: ticket_started, replied: ticket_replied }
    }

    /// Waits for the end of the start, good or bad. A process that dies first never gets there.
    pub(crate) async fn initialised(&self) -> Init {
        let mut init = self.shared.init.subscribe();
        let init = init.wait_for(Option::is_some).await.expect("the sender lives");
        init.clone().expect("just awaited")
    }

    /// The names of the extensions that have been registered.
    pub(crate) fn extensions(&self) -> Vec<String> {
        self.shared.state().extensions.clone()
    }

    /// Calls that the API does not have, or not at that moment.
    pub(crate) fn strays(&self) -> Vec<String> {
        self.shared.state().strays.clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn stray(&self, call: String) -> Response<Body> {
        self.state().strays.push(call);
        answer(StatusCode::NOT_FOUND, &json!({"errorMessage": "no such call", "errorType": "InvalidRequest"}))
    }

    /// Blocks until there is an event, as long as that takes.
    async fn next(&self) -> Response<Body> {
        self.init.send_if_modified(|init| init.is_none() && init.replace(Init::Ready).is_none());
        loop {
            let invocation = self.state().waiting.pop_front();
            let Some(invocation) = invocation else {
                self.queued.notified().await;
                continue;
            };
            let running = self.state().running.replace((invocation.id.clone(), invocation.replied));
            if running.is_some() {
                self.state().strays.push("next before the last event was answered".into());
            }
            // Whoever sent it may have stopped waiting.
            _ = invocation.started.send(());
            return Response::builder()
                .header(CONTENT_TYPE, "application/json")
                .header("Lambda-Runtime-Aws-Request-Id", invocation.id)
                .header("Lambda-Runtime-Deadline-Ms", epoch_ms_after(invocation.limit))
                .header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
                .header(
                    "Lambda-Runtime-Trace-Id",
                    "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
                )
                .body(invocation.event.into())
                .expect("these headers are valid");
        }
    }

    fn reply(&self, id: &str, reply: Reply) -> Response<Body> {
        let running = self.state().running.take_if(|(running, _)| running == id);
        let Some((_, replied)) = running else {
            return self.stray(format!("an answer to {id}, which is not running"));
        };
        // Whoever sent the event may have stopped waiting.
        _ = replied.send(reply);
        answer(StatusCode::ACCEPTED, &json!({"status": "OK"}))
    }

    fn init_failed(&self, failure: Failure) -> Response<Body> {
        self.init.send_replace(Some(Init::Failed(failure)));
        answer(StatusCode::ACCEPTED, &json!({"status": "OK"}))
    }

    fn register(&self, name: String) -> Response<Body> {
        if !self.takes_extensions {
            return answer(
                StatusCode::FORBIDDEN,
                &json!({"errorMessage": "no", "errorType": "Extension.TooMany"}),
            );
        }
        let mut state = self.state();
        state.extensions.push(name);
        let id = format!("00000000-0000-4000-8000-{:012}", state.extensions.len());
        let function =
            json!({"functionName": FUNCTION_NAME, "functionVersion": "$LATEST", "handler": "bootstrap"});
        let mut response = answer(StatusCode::OK, &function);
        response
            .headers_mut()
            .insert("Lambda-Extension-Identifier", id.parse().expect("an id is a header value"));
        response
    }
}

async fn serve(Extracted(shared): Extracted<Arc<Shared>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_ANSWER_BYTES).await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, &json!({"errorType": "RequestEntityTooLarge"}));
    };
    let path = head.uri.path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (head.method.as_str(), &segments[..]) {
        ("GET", ["2018-06-01", "runtime", "invocation", "next"]) => shared.next().await,
        ("POST", ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            shared.reply(id, Reply::Response(body.into()))
        }
        ("POST", ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            shared.reply(id, Reply::Error(Failure::read(&body)))
        }
        ("POST", ["2018-06-01", "runtime", "init", "error"]) => shared.init_failed(Failure::read(&body)),
        ("POST", ["2020-01-01", "extension", "register"]) => {
            let name = head.headers.get("Lambda-Extension-Name").and_then(|name| name.to_str().ok());
            shared.register(name.unwrap_or_default().to_owned())
        }
        // An internal extension that subscribes to no events waits here for ever.
        ("GET", ["2020-01-01", "extension", "event", "next"]) => std::future::pending().await,
        (method, _) => shared.stray(format!("{method} {path}")),
    }
}

impl Failure {
    fn read(body: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |field: &str| json[field].as_str().unwrap_or_default().to_owned();
        Self { error_type: text("errorType"), message: text("errorMessage"), raw: body.to_vec() }
    }
}

fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    response.body(body.to_string().into()).expect("these headers are valid")
}

#[allow(
    clippy::disallowed_methods,
    reason = "the process under test compares the deadline with its real clock"
)]
fn epoch_ms_after(limit: Duration) -> String {
    let deadline = SystemTime::now() + limit;
    deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis().to_string()
}
