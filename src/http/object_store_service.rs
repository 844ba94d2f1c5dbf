//! The one HTTP client, as the object-store crate asks for it.
//!
//! An answer is read whole before it is handed on. Here, too, no error holds a URL.

use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{
    HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use tokio::time::{Instant, timeout_at};

use super::{HttpClient, TransportFault, fault};

const HEAD_PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_mins(1);
/// Of an answer: more than the parts that are asked for, or a list of 1,000 keys.
const MAX_BYTES: usize = 16 * 1024 * 1024;

#[async_trait]
impl HttpService for HttpClient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.map(|body| body.as_bytes().cloned().unwrap_or_default());
        let request = reqwest::Request::try_from(request).map_err(|_| lost(TransportFault::Broken))?;
        let began = Instant::now();
        let mut response = match timeout_at(began + HEAD_PATIENCE, self.client.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(lost(fault(&error))),
            Err(_) => return Err(lost(TransportFault::AnswerTimeout)),
        };
        let mut body = Vec::new();
        loop {
            match timeout_at(began + PATIENCE, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= MAX_BYTES => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Ok(None)) => break,
                Ok(_) => return Err(lost(TransportFault::BodyBroken)),
                Err(_) => return Err(lost(TransportFault::AnswerTimeout)),
            }
        }
        let mut answer = HttpResponse::new(HttpResponseBody::from(body));
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

/// The crate tries again where the kind says so; all that it asks for here only reads.
fn lost(fault: TransportFault) -> HttpError {
    let kind = match fault {
        TransportFault::Dns | TransportFault::Connect | TransportFault::ConnectTimeout => {
            HttpErrorKind::Connect
        }
        TransportFault::Tls => HttpErrorKind::Unknown,
        TransportFault::AnswerTimeout => HttpErrorKind::Timeout,
        TransportFault::Broken | TransportFault::BodyBroken => HttpErrorKind::Interrupted,
    };
    HttpError::new(kind, fault)
}
