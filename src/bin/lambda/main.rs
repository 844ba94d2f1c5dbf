//! The Lambda function: wires the library to Lambda's runtime, and prints.
//!
//! It takes events as bytes, answers what the handler answers, prints the ledger's metrics, and on SIGTERM posts
//! what is deferred.

// The binary is the one place that may read the clock and the environment, and print.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "only bin/ may; see src/ARCHITECTURE.md")]

mod log;
mod panics;
mod raw_event;
mod sigterm;

// In the place of libgcc_s; nothing unwinds where a panic aborts.
#[cfg(all(target_os = "linux", panic = "abort"))]
extern crate unwinding as _;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::de::IgnoredAny;
use statuswatch::handler::{Answer, Handler, Invocation, Outcome};
use statuswatch::http::Budget;
use statuswatch::start::{Slack, start};
use tokio::sync::Mutex;
use tokio::time::Instant;

use raw_event::RawEvent;
use sigterm::Sigterm;

/// What the runtime crate cannot do without.
const SET_BY_LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];
/// Lambda allows a start 10 s; what fetches secrets ends before.
const START_TIMEOUT: Duration = Duration::from_secs(8);
/// Lambda kills the process 500 ms after SIGTERM.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(400);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init(std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().as_deref());
    let missing: Vec<_> = SET_BY_LAMBDA.into_iter().filter(|name| std::env::var(name).is_err()).collect();
    if !missing.is_empty() {
        tracing::error!(
            "this is a Lambda function's bootstrap, and Lambda did not set {}",
            missing.join(", ")
        );
        return ExitCode::FAILURE;
    }
    let budget = Budget::until(Instant::now() + START_TIMEOUT, SystemTime::now());
    let handler = match start(environment(), budget, seed()).await {
        Ok(handler) => handler,
        Err(error) => {
            tracing::error!("statuswatch cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    sigterm::register().await;
    // In a box: what the first event needs is no part of the start.
    match Box::pin(run(handler)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "Lambda's runtime API failed");
            ExitCode::FAILURE
        }
    }
}

async fn run(handler: Handler<Slack>) -> Result<(), lambda_runtime::Error> {
    let function_name = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let function = Arc::new(Function { handler: Mutex::new(handler), name: function_name });
    let raw_event = RawEvent::default();
    let service = service_fn({
        let (function, raw_event) = (Arc::clone(&function), raw_event.clone());
        move |event: LambdaEvent<IgnoredAny>| {
            let (function, body) = (Arc::clone(&function), raw_event.take());
            async move { function.invoke(&body, event.context.deadline()).await }
        }
    });
    let sigterm = Sigterm::listen()?;
    tokio::select! {
        ended = Runtime::new(service).layer(raw_event).run() => ended,
        () = sigterm.received() => {
            function.shut_down().await;
            Ok(())
        }
    }
}

struct Function {
    handler: Mutex<Handler<Slack>>,
    name: String,
}

impl Function {
    async fn invoke(&self, event: &[u8], deadline: SystemTime) -> Result<Answer, Diagnostic> {
        let now = SystemTime::now();
        let time_left = deadline.duration_since(now).unwrap_or_default();
        let mut handler = self.handler.lock().await;
        let invocation = Invocation::new(now, Instant::now() + time_left);
        let outcome = handler.handle(event, invocation).await;
        self.print_metrics(&handler, &outcome);
        outcome.answer.map_err(|error| {
            tracing::error!("{error}");
            Diagnostic { error_type: error.kind().to_owned(), error_message: error.to_string() }
        })
    }

    /// Posts what is deferred before the container ends.
    async fn shut_down(&self) {
        let mut handler = self.handler.lock().await;
        let deadline = Instant::now() + SHUTDOWN_TIMEOUT + Budget::RESERVE;
        let outcome = handler.shut_down(Invocation::new(SystemTime::now(), deadline)).await;
        self.print_metrics(&handler, &outcome);
    }

    fn print_metrics(&self, handler: &Handler<Slack>, outcome: &Outcome) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        // The lines come whole with their ends, so that they are one write.
        print!("{}", outcome.ledger.emf(&outcome.measures, handler.rules(), &self.name, now_ms));
    }
}

/// The environment's pairs; one that is not UTF-8 is none of ours.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Differs between containers: the standard library seeds its hash maps from the system's randomness.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
