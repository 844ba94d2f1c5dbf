//! A server for tests: it answers real HTTP on a loopback port of its own, by a script.
//!
//! In comes what to do with each request in turn, out come the requests that arrived. It runs on the
//! test's own runtime, so that under a paused clock both sides share the time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What to do with one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Written as it stands; the connection is kept.
    Keep(String),
    /// Written as it stands; then the connection is closed.
    Close(String),
    /// The connection is reset instead of an answer.
    Reset,
    /// The first part is written, then the second again and again, with so long between.
    Repeat(String, String, Duration),
    /// Nothing is written and nothing is closed.
    Hang,
}

impl Reply {
    /// A well-formed answer with a body.
    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self::with_headers(status, "", body)
    }

    /// A well-formed answer with further header lines, each ended by CR LF.
    pub(crate) fn with_headers(status: u16, headers: &str, body: &str) -> Self {
        Self::Keep(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
    }
}

/// The server; it ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct ScriptedServer {
    address: std::net::SocketAddr,
    seen: Arc<Mutex<Seen>>,
    aborted: watch::Receiver<u64>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Each request as it came, head and body.
    requests: Vec<String>,
    connections: usize,
    script: Vec<Reply>,
    replies_begun: usize,
}

impl ScriptedServer {
    /// Listens and answers the requests in the order of `script`, then all others by its last reply.
    pub(crate) async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (abort, aborted) = watch::channel(0);
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                let (shared, abort) = (Arc::clone(&shared), abort.clone());
                tokio::spawn(async move { serve(stream, &shared, &abort).await });
            }
        });
        let server = Self { address, seen, aborted };
        server.restart(script);
        server
    }

    /// Begins another script and forgets the requests so far.
    pub(crate) fn restart(&self, script: impl IntoIterator<Item = Reply>) {
        let mut seen = lock(&self.seen);
        *seen =
            Seen { script: script.into_iter().collect(), connections: seen.connections, ..Seen::default() };
    }

    /// `http://` and the address and `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far, head and body as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.seen).requests.clone()
    }

    /// The bodies of all requests so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let body = |request: &String| request.split_once("\r\n\r\n").unwrap().1.to_owned();
        lock(&self.seen).requests.iter().map(body).collect()
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        lock(&self.seen).connections
    }

    /// Waits until a reply without end was cut off by the client; gives the bytes written by then.
    pub(crate) async fn cut_off(&mut self) -> u64 {
        *self.aborted.wait_for(|written| *written > 0).await.unwrap()
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Seen>, abort: &watch::Sender<u64>) {
    while let Some(request) = read_request(&mut stream).await {
        let reply = {
            let mut seen = lock(seen);
            seen.requests.push(request);
            seen.replies_begun += 1;
            let turn = (seen.replies_begun - 1).min(seen.script.len() - 1);
            seen.script[turn].clone()
        };
        match reply {
            Reply::Keep(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Reply::Close(text) => return stream.write_all(text.as_bytes()).await.unwrap(),
            Reply::Reset => return stream.set_zero_linger().unwrap(),
            Reply::Repeat(first, piece, every) => {
                let written = repeat(&mut stream, &first, &piece, every).await;
                abort.send_replace(written);
                return;
            }
            Reply::Hang => std::future::pending().await,
        }
    }
}

async fn repeat(stream: &mut (impl AsyncWrite + Unpin), first: &str, piece: &str, every: Duration) -> u64 {
    let mut written = first.len() as u64;
    if stream.write_all(first.as_bytes()).await.is_err() {
        return written;
    }
    while stream.write_all(piece.as_bytes()).await.is_ok() {
        written += piece.len() as u64;
        tokio::time::sleep(every).await;
    }
    written
}

/// One request with a `content-length`; nothing at the connection's end.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap_or("0").parse::<usize>().unwrap() {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
