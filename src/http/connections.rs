//! Counts the connections that the HTTP client opens.
//!
//! The client hides whether a request went out on a new connection or on a kept one, and whether a
//! request that failed had left at all; both follow from the counts before and after. It changes
//! nothing about how a connection is made.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::{Lost, TransportFault};

/// Connections begun and connections made since the client was built.
#[derive(Debug, Default)]
pub(super) struct ConnectionCounter {
    begun: AtomicU64,
    made: AtomicU64,
}

impl ConnectionCounter {
    pub(super) fn count(&self) -> ConnectionCount {
        ConnectionCount { begun: self.begun.load(Ordering::Relaxed), made: self.made.load(Ordering::Relaxed) }
    }
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConnectionCount {
    begun: u64,
    made: u64,
}

impl ConnectionCount {
    /// What became of a request that began at `self` and failed with `fault` at `after`.
    pub(super) fn lost(self, fault: TransportFault, after: Self) -> Lost {
        let reused = self.begun == after.begun;
        let sent = reused || self.made != after.made;
        let fault = match fault {
            // Our own timer rang first.
            TransportFault::AnswerTimeout if !sent => TransportFault::ConnectTimeout,
            other => other,
        };
        Lost { fault, sent, reused }
    }
}

/// The layer that counts.
#[derive(Debug, Clone)]
pub(super) struct CountConnections(pub(super) Arc<ConnectionCounter>);

impl<S> Layer<S> for CountConnections {
    type Service = Counted<S>;

    fn layer(&self, connector: S) -> Self::Service {
        Counted { connector, counter: Arc::clone(&self.0) }
    }
}

/// A connector whose connections are counted.
#[derive(Debug, Clone)]
pub(super) struct Counted<S> {
    connector: S,
    counter: Arc<ConnectionCounter>,
}

impl<S, Destination> Service<Destination> for Counted<S>
where
    S: Service<Destination>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, destination: Destination) -> Self::Future {
        let counter = Arc::clone(&self.counter);
        counter.begun.fetch_add(1, Ordering::Relaxed);
        let connection = self.connector.call(destination);
        Box::pin(async move {
            let connection = connection.await?;
            counter.made.fetch_add(1, Ordering::Relaxed);
            Ok(connection)
        })
    }
}
