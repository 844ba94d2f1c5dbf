//! A fake of S3 over HTTP: one bucket with the objects that a test puts into it, its path style and its refusals.
//!
//! It knows no more than listing with pages, and reading parts on the condition that the object is the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Extracted};
use axum::http::{HeaderMap, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The bucket that there is.
pub(crate) const BUCKET: &str = "logs";

/// The running fake. It stops when it is dropped.
pub(crate) struct FakeS3 {
    address: SocketAddr,
    shared: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Nothing where the bucket was listed.
    pub(crate) key: String,
    /// Whether it is to be deleted.
    pub(crate) deletes: bool,
    /// Such as `bytes=0-1048575`.
    pub(crate) range: String,
    pub(crate) authorization: String,
    /// What stands behind the `?`.
    pub(crate) query: String,
}

/// The objects by their keys.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

/// An answer other than the truth: status and body. It may change what is there.
type Script = Box<dyn FnMut(&Asked, &mut Contents) -> Option<(u16, String)> + Send>;

struct State {
    objects: Contents,
    /// Keys on a page.
    page: usize,
    script: Script,
    asked: Vec<Asked>,
}

impl FakeS3 {
    /// Starts on a free port of 127.0.0.1, with these objects.
    pub(crate) async fn start<const N: usize>(objects: [(&str, Vec<u8>); N]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let objects = objects.into_iter().map(|(key, bytes)| (key.to_owned(), bytes)).collect();
        let state = State { objects, page: 1_000, script: Box::new(|_, _| None), asked: Vec::new() };
        let shared = Arc::new(Mutex::new(state));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async { axum::serve(listener, router).await.expect("never returns") });
        Self { address, shared, serving }
    }

    /// What `AWS_ENDPOINT_URL` has to be.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// So many keys on a page.
    pub(crate) fn paged(self, page: usize) -> Self {
        state(&self.shared).page = page;
        self
    }

    /// With something else where `script` says so.
    pub(crate) fn answering(
        self,
        script: impl FnMut(&Asked, &mut Contents) -> Option<(u16, String)> + Send + 'static,
    ) -> Self {
        state(&self.shared).script = Box::new(script);
        self
    }

    /// The keys that are there.
    pub(crate) fn keys(&self) -> Vec<String> {
        state(&self.shared).objects.keys().cloned().collect()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        state(&self.shared).asked.clone()
    }
}

impl Drop for FakeS3 {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn state(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().expect("no holder of this lock panics")
}

fn serve(Extracted(shared): Extracted<Arc<Mutex<State>>>, request: Request) -> Ready<Response<Body>> {
    ready(served(&shared, request))
}

fn served(shared: &Mutex<State>, request: Request) -> Response<Body> {
    let (request, _) = request.into_parts();
    let uri = &request.uri;
    let deletes = request.method == "DELETE";
    assert!(deletes || request.method == "GET", "it only reads, and deletes");
    let path = uri.path().strip_prefix(&format!("/{BUCKET}")).expect("the bucket is in the path").to_owned();
    let key = percent(path.trim_start_matches('/'));
    let header = |name: &str| text(&request.headers, name);
    let query = uri.query().unwrap_or_default().to_owned();
    let asked = Asked {
        key: key.clone(),
        deletes,
        range: header("range"),
        authorization: header("authorization"),
        query,
    };
    let if_match = header("if-match");
    let mut state = state(shared);
    let state = &mut *state;
    state.asked.push(asked.clone());
    if let Some((status, body)) = (state.script)(&asked, &mut state.objects) {
        return answer(status, &[], body.into());
    }
    if deletes {
        state.objects.remove(&key);
        return answer(204, &[], Vec::new());
    }
    if key.is_empty() {
        return answer(200, &[], state.list(&asked.query).into());
    }
    let Some(bytes) = state.objects.get(&key) else { return answer(404, &[], refusal("NoSuchKey").into()) };
    let e_tag = e_tag(bytes);
    if if_match != e_tag {
        return answer(412, &[], refusal("PreconditionFailed").into());
    }
    let range = asked.range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let (from, to): (usize, usize) =
        range.map(|(from, to)| (from.parse().unwrap(), to.parse().unwrap())).expect("a part");
    let part: Vec<u8> = bytes[from..bytes.len().min(to + 1)].to_vec();
    let range = format!("bytes {from}-{}/{}", from + part.len() - 1, bytes.len());
    answer(
        206,
        &[("content-range", &range), ("etag", &e_tag), ("last-modified", "Tue, 03 Nov 2026 09:15:00 GMT")],
        part,
    )
}

impl State {
    fn list(&self, query: &str) -> String {
        let value = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            percent(pair.unwrap_or_default())
        };
        assert_eq!(value("list-type"), "2");
        let (prefix, behind) = (value("prefix"), value("continuation-token"));
        let all: Vec<_> =
            self.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > behind).collect();
        let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>");
        let text = |key: &str| key.replace('&', "&amp;");
        for (key, bytes) in all.iter().take(self.page) {
            let key = text(key);
            let (size, e_tag) = (bytes.len(), e_tag(bytes).replace('"', "&quot;"));
            let written = "<LastModified>2026-11-03T09:15:00.000Z</LastModified>";
            write!(
                body,
                "<Contents><Key>{key}</Key>{written}<ETag>{e_tag}</ETag><Size>{size}</Size></Contents>"
            )
            .unwrap();
        }
        if let Some((last, _)) = all.get(self.page.saturating_sub(1)).filter(|_| all.len() > self.page) {
            write!(
                body,
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>",
                text(last)
            )
            .unwrap();
        }
        body + "</ListBucketResult>"
    }
}

fn e_tag(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    format!("\"{hash:016x}\"")
}

fn percent(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().expect("keys are text").into_owned()
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// The body of a refusal.
pub(crate) fn refusal(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>the words of S3</Message></Error>")
}

fn answer(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Response<Body> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(body.into()).expect("these headers are valid")
}
