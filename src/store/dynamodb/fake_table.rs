//! A small DynamoDB for tests: one table behind real HTTP on a loopback port, with faults as a test wishes.
//!
//! What a request does is `items`'.

mod items;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

pub(crate) use items::{Attributes, item_bytes};
use items::{Items, key_of};

use crate::http::scripted_server::read_request;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// It is answered by this status and code. Nothing is done.
    Refused(u16, &'static str),
    /// It is done and answered as if it had failed.
    FailedAfter(u16, &'static str),
    /// The connection breaks instead of an answer.
    Broken { is_done: bool },
    /// No answer ever comes.
    Silent { is_done: bool },
    /// It is done; the answer is cut within its JSON.
    Garbled,
    /// Of a batch only the first part is done.
    Partial,
    /// It takes so long.
    Late(Duration),
}

type Faults = Box<dyn FnMut(&str) -> Option<Fault> + Send>;

/// The table; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct FakeTable {
    address: std::net::SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    table: Items,
    faults: Faults,
    requests: Vec<String>,
}

impl FakeTable {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { table: Items::default(), faults: Box::new(|_| None), requests: Vec::new() };
        let shared = Arc::new(Mutex::new(shared));
        let table = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { serve(stream, &shared).await });
            }
        });
        table
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on `faults` decides what goes wrong with each request, by its operation.
    pub(crate) fn set_faults(&self, faults: impl FnMut(&str) -> Option<Fault> + Send + 'static) {
        lock(&self.shared).faults = Box::new(faults);
    }

    /// The requests so far, head and body; they are forgotten.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared).requests)
    }

    /// The operations of the requests so far; they are forgotten.
    pub(crate) fn take_operations(&self) -> Vec<String> {
        self.take_requests().iter().map(|request| operation(request).to_owned()).collect()
    }

    /// Write units of the requests so far, those included whose condition did not hold; they are forgotten.
    pub(crate) fn take_write_units(&self) -> u64 {
        std::mem::take(&mut lock(&self.shared).table.write_units)
    }

    /// Sort keys, and how many bytes each item takes.
    pub(crate) fn sizes(&self) -> Vec<(String, usize)> {
        let size = |((_, sk), item): (&(String, String), &Attributes)| (sk.clone(), item_bytes(item));
        lock(&self.shared).table.items.iter().map(size).collect()
    }

    /// All items.
    pub(crate) fn items(&self) -> Vec<Attributes> {
        lock(&self.shared).table.items.values().cloned().collect()
    }

    /// Takes all items out.
    pub(crate) fn clear(&self) {
        lock(&self.shared).table.items.clear();
    }

    /// Puts an item in, whatever it is.
    pub(crate) fn insert(&self, item: Value) {
        let Value::Object(item) = item else { panic!("not an object") };
        let mut shared = lock(&self.shared);
        shared.table.items.insert(key_of(&item).unwrap(), item);
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn operation(request: &str) -> &str {
    let target = request.lines().find_map(|line| line.strip_prefix("x-amz-target: DynamoDB_20120810."));
    target.unwrap_or("?")
}

async fn serve(mut stream: TcpStream, shared: &Mutex<Shared>) {
    while let Some(request) = read_request(&mut stream).await {
        let operation = operation(&request).to_owned();
        let fault = {
            let mut shared = lock(shared);
            shared.requests.push(request.clone());
            (shared.faults)(&operation)
        };
        if let Some(Fault::Late(time)) = fault {
            tokio::time::sleep(time).await;
        }
        let is_done = !matches!(
            fault,
            Some(Fault::Refused(..) | Fault::Broken { is_done: false } | Fault::Silent { is_done: false })
        );
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let done = is_done.then(|| {
            let request = serde_json::from_str(body).unwrap();
            lock(shared).table.act(&operation, &request, fault == Some(Fault::Partial))
        });
        let (status, mut text) = match (fault, done) {
            (Some(Fault::Refused(status, code) | Fault::FailedAfter(status, code)), _)
            | (_, Some(Err((status, code)))) => {
                (status, json!({ "__type": code, "message": "CANARY" }).to_string())
            }
            (Some(Fault::Broken { .. }), _) => return stream.set_zero_linger().unwrap(),
            (Some(Fault::Silent { .. }), _) => std::future::pending().await,
            (_, Some(Ok(answer))) => (200, answer.to_string()),
            (_, None) => panic!("what is not done is refused, broken or silent"),
        };
        if fault == Some(Fault::Garbled) {
            text.pop();
        }
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
