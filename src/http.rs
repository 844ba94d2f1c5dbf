//! The one HTTP client of the process, for Slack and for AWS alike.
//!
//! In comes a request, out comes an answer read up to a limit, or what went wrong on the way as one of a
//! closed set of faults. It never follows a redirect, never reads a proxy from the environment, never
//! loads the system's certificates, never sends anything twice, and never shows a URL: the text of
//! `reqwest::Error` contains it, so no such error leaves this file and none is ever formatted.

mod dials;
#[cfg(test)]
pub(crate) mod scripted_server;

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use reqwest::redirect;
use tokio::time::{Instant, timeout_at};

use dials::Dials;

/// Name lookup, TCP and TLS together. A handshake at the smallest memory size takes half a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Shorter than the minutes for which Lambda freezes an idle container, longer than the usual gap
/// between two posts, so that a kept connection is one that the other side has not dropped meanwhile.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// What Slack and AWS usually need for an answer, a new connection included.
const LEAST_REQUEST_TIME: Duration = Duration::from_millis(250);

/// A client whose connections are shared by its clones.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    dials: Arc<Dials>,
}

impl HttpClient {
    /// Builds a client that trusts the certificate authorities compiled into the binary and no others,
    /// and speaks HTTP/1.1. Nothing is read or connected yet.
    pub fn new() -> Result<Self, HttpClientError> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()
            .map_err(|_| HttpClientError)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let dials = Arc::new(Dials::default());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("statuswatch/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(1)
            .connector_layer(dials::CountDials(Arc::clone(&dials)))
            .build()
            .map_err(|_| HttpClientError)?;
        Ok(Self { client, dials })
    }

    /// Sends `request` once and reads the answer as far as `patience` and `budget` let it. Of a longer
    /// body nothing more is read: the connection is dropped.
    ///
    /// One request at a time on a client and its clones: what [`Lost`] says is deduced from the number
    /// of connections opened since the request began.
    pub(crate) async fn exchange(
        &self,
        request: reqwest::RequestBuilder,
        patience: Patience,
        budget: Budget,
    ) -> Result<Answer, Lost> {
        let began = Instant::now();
        let (head_end, body_end) =
            (budget.end.min(began + patience.head), budget.end.min(began + patience.total));
        let before = self.dials.count();
        let mut response = match timeout_at(head_end, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(before.lost(fault(&error), self.dials.count())),
            Err(_) => return Err(before.lost(TransportFault::AnswerTimeout, self.dials.count())),
        };
        let mut answer = Answer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
            broken: None,
        };
        while answer.body.len() < patience.bytes {
            match timeout_at(body_end, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    let room = patience.bytes.saturating_sub(answer.body.len());
                    answer.body.extend(chunk.iter().take(room));
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

    /// A POST to `url`, to be completed by the caller and given to [`Self::exchange`].
    pub(crate) fn post(&self, url: reqwest::Url) -> reqwest::RequestBuilder {
        self.client.post(url)
    }
}

/// The TLS settings or the client could not be built; it can only be a fault of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client could not be built")]
pub struct HttpClientError;

/// How much time a task has, and what time it is; both are passed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    end: Instant,
    now: SystemTime,
}

impl Budget {
    /// What an invocation has until `deadline`, less [`Budget::RESERVE`]. `now` is the wall clock at the
    /// moment of the call, to sign requests and to read dates by.
    #[must_use]
    pub fn of_invocation(deadline: Instant, now: SystemTime) -> Self {
        // Without the reserve there is no time at all, which a deadline of now says.
        Self::until(deadline.checked_sub(Self::RESERVE).unwrap_or_else(Instant::now), now)
    }

    /// All the time until `end`, for what happens outside an invocation.
    #[must_use]
    pub fn until(end: Instant, now: SystemTime) -> Self {
        Self { end, now }
    }

    /// Left at the end of an invocation for the ledger and the answer to Lambda.
    pub const RESERVE: Duration = Duration::from_millis(500);

    /// The wall clock, `since` the moment of the call.
    pub(crate) fn wall_clock(self, since: Duration) -> SystemTime {
        self.now.checked_add(since).unwrap_or(self.now)
    }

    /// Whether a request begun at `now` has a chance to be answered in time. One that has none is not
    /// begun: the other side would act on it and nobody would know.
    pub(crate) fn allows_request_at(self, now: Instant) -> bool {
        now + LEAST_REQUEST_TIME <= self.end
    }
}

/// How long, and how much, one answer is waited for and read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From the start of a request until the answer's head, connecting included.
    pub(crate) head: Duration,
    /// From the start of a request until the answer's end.
    pub(crate) total: Duration,
    /// Of the answer's body.
    pub(crate) bytes: usize,
}

/// An answer whose head arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// At most as many bytes as the limit says; more may have been on their way.
    pub(crate) body: Vec<u8>,
    /// What ended the body before its end, if anything did.
    pub(crate) broken: Option<TransportFault>,
}

impl Answer {
    /// A header's first value, if it is text.
    pub(crate) fn header(&self, name: reqwest::header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// No answer arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) fault: TransportFault,
    /// The request was given to an open connection, so the other side may have acted on it.
    pub(crate) sent: bool,
    /// That connection was kept from an earlier request, and may have been dead for long.
    pub(crate) reused: bool,
}

/// What can go wrong between two machines. All of these may pass, so all are worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportFault {
    /// The host has no address, or the resolver did not answer.
    #[error("the host's name could not be resolved")]
    Dns,
    /// The connection was refused, or the network is unreachable.
    #[error("no connection could be made")]
    Connect,
    /// No connection within the time for it.
    #[error("no connection could be made in time")]
    ConnectTimeout,
    /// The handshake failed: an unknown authority, an expired certificate, the wrong host, not TLS.
    #[error("the TLS handshake failed")]
    Tls,
    /// The answer did not arrive, or did not end, in time.
    #[error("the answer did not arrive in time")]
    AnswerTimeout,
    /// The connection broke, or carried no HTTP, before an answer's head had arrived.
    #[error("the connection broke before the answer")]
    Broken,
    /// The connection broke within the answer's body.
    #[error("the connection broke within the answer")]
    BodyBroken,
}

/// The class of an error, from its type and its sources' types; its text is never looked at.
fn fault(error: &reqwest::Error) -> TransportFault {
    if error.is_dns() {
        TransportFault::Dns
    } else if is_tls(error) {
        TransportFault::Tls
    } else if error.is_connect() && error.is_timeout() {
        TransportFault::ConnectTimeout
    } else if error.is_connect() {
        TransportFault::Connect
    } else if error.is_timeout() {
        TransportFault::AnswerTimeout
    } else {
        TransportFault::Broken
    }
}

fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return true;
        }
        // What an I/O error wraps is not its source: that would be the source of what it wraps.
        cause = match error.downcast_ref::<std::io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as &dyn std::error::Error),
            None => error.source(),
        };
    }
    false
}
