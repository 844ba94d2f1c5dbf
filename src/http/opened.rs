//! An answer whose body is read as it comes, for as long as the other side writes.
//!
//! It keeps nothing of the body.

use bytes::Bytes;
use reqwest::header::HeaderMap;

use super::{Answer, TransportFault};

/// An answer whose head arrived.
#[derive(Debug)]
pub struct Opened {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// What is still to come.
    pub body: Body,
}

/// The rest of an answer. The connection is dropped with it.
#[derive(Debug)]
pub struct Body(Source);

#[derive(Debug)]
enum Source {
    Http(reqwest::Response),
    /// A test writes it.
    #[cfg(test)]
    Scripted(tokio::sync::mpsc::Receiver<Result<Bytes, TransportFault>>),
}

impl From<reqwest::Response> for Opened {
    fn from(mut response: reqwest::Response) -> Self {
        let headers = std::mem::take(response.headers_mut());
        Self { status: response.status().as_u16(), headers, body: Body(Source::Http(response)) }
    }
}

impl Opened {
    /// Reads a body that ends: at most so many bytes and what came with them.
    pub(crate) async fn into_answer(mut self, bytes: usize) -> Answer {
        let mut answer =
            Answer { status: self.status, headers: self.headers, body: Vec::new(), broken: None };
        while answer.body.len() < bytes {
            match self.body.next().await {
                Ok(Some(part)) => answer.body.extend_from_slice(&part),
                Ok(None) => break,
                Err(fault) => {
                    answer.broken = Some(fault);
                    break;
                }
            }
        }
        answer
    }
}

impl Body {
    /// A body that a test writes; it ends with its sender.
    #[cfg(test)]
    pub(crate) fn scripted(parts: tokio::sync::mpsc::Receiver<Result<Bytes, TransportFault>>) -> Self {
        Self(Source::Scripted(parts))
    }

    /// The next part, once it is there; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, TransportFault> {
        match &mut self.0 {
            Source::Http(response) => response.chunk().await.map_err(|_| TransportFault::BodyBroken),
            #[cfg(test)]
            Source::Scripted(parts) => parts.recv().await.transpose(),
        }
    }
}
