//! Lambda sends SIGTERM only where an extension is registered: an internal one that asks for no events will do.
//!
//! Format: Lambda's Extensions API, version 2020-01-01. The crate made for it carries servers for logs and telemetry
//! along; two requests over the runtime crate's own client are all that is asked for here.

use std::io::{self, ErrorKind};

use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient, build_request};
use signal_hook::consts::SIGTERM;
use signal_hook::low_level::pipe;
use tokio::net::UnixStream;

/// Unique among the function's extensions.
const NAME: &str = "statuswatch-sigterm";
const IDENTIFIER: &str = "Lambda-Extension-Identifier";

/// SIGTERM as something to wait for.
///
/// What tokio has for this makes room for every signal there is as soon as its runtime starts; this one starts with
/// the first event.
pub(crate) struct Sigterm(UnixStream);

impl Sigterm {
    /// From now on the signal does not end the process.
    pub(crate) fn listen() -> io::Result<Self> {
        let (ours, handlers) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        pipe::register(SIGTERM, handlers)?;
        UnixStream::from_std(ours).map(Self)
    }

    /// Once the signal has come.
    pub(crate) async fn received(&self) {
        let is_early = |error: io::Error| error.kind() == ErrorKind::WouldBlock;
        while self.0.readable().await.is_ok() && self.0.try_read(&mut [0]).is_err_and(is_early) {}
    }
}

/// Registers, and asks for the next event from then on; says in the log where that is refused.
pub(crate) async fn register() {
    let Ok((client, identifier)) = registered().await else {
        tracing::warn!("no SIGTERM will come: lines deferred when the container ends are not notified");
        return;
    };
    tokio::spawn(async move {
        let request = build_request()
            .method("GET")
            .uri("/2020-01-01/extension/event/next")
            .header(IDENTIFIER, identifier)
            .body(Body::empty());
        // No event ever comes; that somebody waits for one is what ends Lambda's start phase.
        if let Ok(request) = request {
            let _ = client.call(request).await;
        }
    });
}

/// The client and Lambda's name for the extension.
async fn registered() -> Result<(PooledClient, String), BoxError> {
    let client = PooledClient::builder().build();
    let request = build_request()
        .method("POST")
        .uri("/2020-01-01/extension/register")
        .header("Lambda-Extension-Name", NAME)
        .header("Content-Type", "application/json")
        .body(Body::from(r#"{"events":[]}"#))?;
    let answer = client.call(request).await?;
    let identifier = answer.headers().get(IDENTIFIER).and_then(|identifier| identifier.to_str().ok());
    Ok((client, identifier.ok_or("Lambda gave the extension no identifier")?.to_owned()))
}
