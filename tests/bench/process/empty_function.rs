//! The floor under an invocation: a function on the same crates that does nothing with its event, or, with `post`, only
//! posts a body of a message's usual length, with `post N` so many, one after the other.
//!
//! Built and run by `measure`, with the function's profile.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on must say so loudly, and it is told by its arguments where to post"
)]

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use serde::de::IgnoredAny;

/// Bytes of a message about two errors.
const BODY_BYTES: usize = 2_500;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let posts: u32 = match arguments[..] {
        ["post"] => 1,
        ["post", times] => times.parse().unwrap(),
        _ => 0,
    };
    let url = std::env::var("SLACK_WEBHOOK_URL").unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap();
    let service = service_fn(move |_event: LambdaEvent<IgnoredAny>| {
        let requests = (0..posts).map(|_| client.post(&url).body("x".repeat(BODY_BYTES))).collect::<Vec<_>>();
        async move {
            for request in requests {
                let answer = request.send().await.unwrap();
                assert_eq!(answer.bytes().await.unwrap(), "ok");
            }
            Ok::<_, Diagnostic>(())
        }
    });
    Runtime::new(service).run().await.unwrap();
}
