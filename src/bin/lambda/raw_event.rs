//! Hands an event's bytes to the handler as they came.
//!
//! The runtime crate deserializes an event before its handler sees it. This layer stands before that: it takes the
//! body out of the invocation, so that nothing is parsed or copied, and leaves `null` in its place.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::{Layer, Service};

/// The body of the invocation at hand. There is one at a time.
#[derive(Clone, Default)]
pub(crate) struct RawEvent(Arc<Mutex<Bytes>>);

impl RawEvent {
    pub(crate) fn take(&self) -> Bytes {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S> Layer<S> for RawEvent {
    type Service = TakeBody<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TakeBody { inner, raw_event: self.clone() }
    }
}

pub(crate) struct TakeBody<S> {
    inner: S,
    raw_event: RawEvent,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for TakeBody<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        *self.raw_event.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        self.inner.call(invocation)
    }
}
