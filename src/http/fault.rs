//! What went wrong between two machines, as a closed set.
//!
//! In comes an error of the HTTP client, out comes its class. The error's text holds the URL and with it
//! the secret, so it is never formatted.

use std::error::Error;

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
pub(super) fn fault(error: &reqwest::Error) -> TransportFault {
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
            Some(error) => error.get_ref().map(|inner| inner as &dyn Error),
            None => error.source(),
        };
    }
    false
}
