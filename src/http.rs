//! The one HTTP client of the process, for Slack and for AWS alike.
//!
//! In comes a request, out comes an answer read up to a limit, or what went wrong on the way as one of a
//! closed set of faults. It never follows a redirect, never reads a proxy from the environment, never
//! loads the system's certificates, never sends anything twice, and never shows a URL: the text of
//! `reqwest::Error` contains it, so no such error leaves this file and none is ever formatted.

#[cfg(feature = "live")]
mod aws_connector;
mod budget;
mod connections;
mod fault;
#[cfg(feature = "live")]
mod object_store_service;
#[cfg(feature = "live")]
mod opened;
#[cfg(test)]
pub(crate) mod scripted_server;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use tokio::time::{Instant, timeout_at};

pub use budget::Budget;
use connections::ConnectionCounter;
pub use fault::TransportFault;
use fault::fault;
#[cfg(feature = "live")]
pub use opened::{Body, Opened};

/// Name lookup, TCP and TLS together; a handshake is slow at Lambda's smallest memory size.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Shorter than the minutes for which Lambda freezes an idle container, longer than the usual gap
/// between two posts, so that a kept connection is one that the other side has not dropped meanwhile.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// A request in, its answer out: what lies under the clients for Slack and for AWS.
///
/// [`HttpClient`] is the one of the function; that of a simulation hands the request to a model, so that the real client
/// runs above it.
pub trait Transport {
    /// Sends `request` once and reads the answer as far as `patience` and `budget` let it. Of a longer body nothing
    /// more is read.
    fn exchange(
        &self,
        request: Request,
        patience: Patience,
        budget: Budget,
    ) -> impl Future<Output = Result<Answer, Lost>>;

    /// Sends `request` once, waits at most `head` for the answer's head, and leaves its body to be read as it comes.
    ///
    /// Where nobody is asked for a stream, nothing is sent.
    #[cfg(feature = "live")]
    fn open(&self, request: Request, head: Duration) -> impl Future<Output = Result<Opened, Lost>> {
        let _ = (request, head);
        std::future::ready(Err(Lost { fault: TransportFault::Connect, sent: false, reused: false }))
    }
}

/// A POST, ready to be sent. The command line makes other requests, too.
pub struct Request {
    /// The method.
    #[cfg(feature = "live")]
    pub method: reqwest::Method,
    /// Where to; it may hold a secret.
    pub url: reqwest::Url,
    /// All headers but those that HTTP itself needs.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
    /// What the answer's body is read into; what is in it is forgotten.
    #[cfg(feature = "live")]
    pub buffer: Vec<u8>,
}

impl Request {
    /// A POST of JSON.
    pub(crate) fn json(url: reqwest::Url, body: String) -> Self {
        let content_type = HeaderValue::from_static("application/json; charset=utf-8");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
        Self {
            #[cfg(feature = "live")]
            method: reqwest::Method::POST,
            url,
            headers,
            body,
            #[cfg(feature = "live")]
            buffer: Vec::new(),
        }
    }
}

/// A client whose connections are shared by its clones.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    counter: Arc<ConnectionCounter>,
}

impl HttpClient {
    /// Builds a client that trusts the certificate authorities compiled into the binary and no others,
    /// and speaks HTTP/1.1. Nothing is read or connected yet.
    pub fn new() -> Result<Self, HttpClientError> {
        Self::keeping(1)
    }

    /// The same, but so many connections to a host are kept. Where requests go out at the same time, [`Lost`] says less.
    pub fn keeping(connections: usize) -> Result<Self, HttpClientError> {
        let counter = Arc::new(ConnectionCounter::default());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("statuswatch/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(connections)
            .connector_layer(connections::CountConnections(Arc::clone(&counter)))
            .build()
            .map_err(|_| HttpClientError)?;
        Ok(Self { client, counter })
    }
}

/// Of a body that is longer than `patience` allows, the connection is dropped.
///
/// One request at a time on a client and its clones: what [`Lost`] says is deduced from the number of connections opened
/// since the request began.
impl Transport for HttpClient {
    async fn exchange(&self, request: Request, patience: Patience, budget: Budget) -> Result<Answer, Lost> {
        #[cfg(feature = "live")]
        let builder = self.client.request(request.method, request.url);
        #[cfg(not(feature = "live"))]
        let builder = self.client.post(request.url);
        #[cfg(feature = "live")]
        let buffer = request.buffer;
        let request = builder.headers(request.headers).body(request.body);
        let began = Instant::now();
        let head_end = budget.end_of(began, patience.head);
        let body_end = budget.end_of(began, patience.total);
        let before = self.counter.count();
        let mut response = match timeout_at(head_end, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(before.lost(fault(&error), self.counter.count())),
            Err(_) => return Err(before.lost(TransportFault::AnswerTimeout, self.counter.count())),
        };
        let mut answer = Answer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
            broken: None,
        };
        #[cfg(feature = "live")]
        {
            let length = response.content_length().and_then(|length| usize::try_from(length).ok());
            answer.body = buffer;
            answer.body.clear();
            answer.body.reserve(length.unwrap_or_default().min(patience.bytes));
        }
        while answer.body.len() < patience.bytes {
            match timeout_at(body_end, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    let room = patience.bytes.saturating_sub(answer.body.len());
                    answer.body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                }
                Ok(Ok(None)) => break,
                Ok(Err(_)) => answer.broken = Some(TransportFault::BodyBroken),
                Err(_) => answer.broken = Some(TransportFault::AnswerTimeout),
            }
            if answer.broken.is_some() {
                break;
            }
        }
        Ok(answer)
    }

    #[cfg(feature = "live")]
    async fn open(&self, request: Request, head: Duration) -> Result<Opened, Lost> {
        let builder = self.client.request(request.method, request.url);
        let sending = builder.headers(request.headers).body(request.body).send();
        let before = self.counter.count();
        match tokio::time::timeout(head, sending).await {
            Ok(Ok(response)) => Ok(Opened::from(response)),
            Ok(Err(error)) => Err(before.lost(fault(&error), self.counter.count())),
            Err(_) => Err(before.lost(TransportFault::AnswerTimeout, self.counter.count())),
        }
    }
}

/// An absolute URL whose host is written in ASCII; a name in other letters is written as `xn--...`.
///
/// The client is built without the tables that such names need, and is not to be asked about them.
pub(crate) fn url(text: &str) -> Option<reqwest::Url> {
    // A host may be escaped, too. Without the two slashes it begins wherever the scheme says.
    let host =
        text.split_once("://").map_or(text, |(_, behind)| behind.split('/').next().unwrap_or_default());
    if !text.is_ascii() || host.contains('%') {
        return None;
    }
    reqwest::Url::parse(text).ok()
}

/// The TLS settings or the client could not be built; it can only be a fault of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client could not be built")]
pub struct HttpClientError;

/// How long, and how much, one answer is waited for and read.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the start of a request until the answer's head, connecting included.
    pub head: Duration,
    /// From the start of a request until the answer's end.
    pub total: Duration,
    /// Of the answer's body.
    pub bytes: usize,
}

/// An answer whose head arrived whole.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// At most as many bytes as the limit says; more may have been on their way.
    pub body: Vec<u8>,
    /// What ended the body before its end, if anything did.
    pub broken: Option<TransportFault>,
}

impl Answer {
    /// A header's first value, if it is text.
    pub(crate) fn header(&self, name: reqwest::header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// No answer arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// What went wrong.
    pub fault: TransportFault,
    /// The request was given to an open connection, so the other side may have acted on it.
    pub sent: bool,
    /// That connection was kept from an earlier request, and may have been dead for long.
    pub reused: bool,
}

/// This client never shows a certificate of its own: what signs with one is not linked.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("no client certificate is used".to_owned()))
    }
}

/// TLS with the certificate authorities compiled in, whatever the system has.
fn tls() -> Result<rustls::ClientConfig, HttpClientError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let crypto =
        Arc::new(CryptoProvider { key_provider: &NoKeys, ..rustls::crypto::ring::default_provider() });
    let mut tls = rustls::ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|_| HttpClientError)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_host_in_other_letters_is_no_url_and_panics_nowhere() {
        for text in
            ["https://É.example/X", "https://%C3%89X.example/", "https:%C3%89X", "https:/\\%C3%89X/", "x://É"]
        {
            assert_eq!(super::url(text), None, "{text}");
        }
        assert!(super::url("https://Hooks.example/a%20b").is_some());
    }

    use std::time::SystemTime;

    use super::scripted_server::{Reply, ScriptedServer};
    use super::*;

    const PATIENCE: Patience =
        Patience { head: Duration::from_secs(5), total: Duration::from_secs(5), bytes: 10 };

    /// A resolver that knows no name, or that never answers.
    struct Resolver {
        answers: bool,
    }

    impl reqwest::dns::Resolve for Resolver {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            let answers = self.answers;
            Box::pin(async move {
                if !answers {
                    std::future::pending::<()>().await;
                }
                Err("no such name".into())
            })
        }
    }

    async fn get(answers: bool, patience: Patience) -> Lost {
        let counter = Arc::new(ConnectionCounter::default());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().unwrap())
            .dns_resolver(Arc::new(Resolver { answers }))
            .connect_timeout(CONNECT_TIMEOUT)
            .connector_layer(connections::CountConnections(Arc::clone(&counter)))
            .build()
            .unwrap();
        let client = HttpClient { client, counter };
        let url = reqwest::Url::parse("https://hooks.slack.com/services/CANARY").unwrap();
        let budget = Budget::until(Instant::now() + Duration::from_mins(1), SystemTime::UNIX_EPOCH);
        client.exchange(Request::json(url, String::new()), patience, budget).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_name_without_address_is_a_dns_fault_and_nothing_was_sent() {
        let lost = Lost { fault: TransportFault::Dns, sent: false, reused: false };
        assert_eq!(get(true, PATIENCE).await, lost);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_too_long_is_a_connect_timeout_whichever_timer_rings() {
        let lost = Lost { fault: TransportFault::ConnectTimeout, sent: false, reused: false };
        assert_eq!(get(false, PATIENCE).await, lost);
        assert_eq!(get(false, Patience { head: Duration::from_secs(1), ..PATIENCE }).await, lost);
    }

    #[tokio::test]
    async fn a_body_is_read_to_the_byte_and_no_further() {
        for (body, read) in [
            ("", ""),
            ("123456789", "123456789"),
            ("1234567890", "1234567890"),
            ("12345678901", "1234567890"),
        ] {
            let server = ScriptedServer::start([Reply::new(200, body)]).await;
            let client = HttpClient::new().unwrap();
            let url = reqwest::Url::parse(&server.url("/")).unwrap();
            let budget = Budget::until(Instant::now() + Duration::from_mins(1), SystemTime::UNIX_EPOCH);
            let answer = client.exchange(Request::json(url, String::new()), PATIENCE, budget).await.unwrap();
            assert_eq!((answer.body, answer.broken), (read.into(), None));
        }
    }
}
