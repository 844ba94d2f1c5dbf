//! The Runtime API against a client written by hand, and the container against shell one-liners.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::{
    container::{Answer, Container, Setup, SpinDown, Start},
    runtime_api::{Failure, Init, Reply, RuntimeApi},
};

const LONG: Duration = Duration::from_mins(10);

/// A runtime of a few lines: it knows the paths, and leaves it to the test what to say when.
struct ToyRuntime {
    client: Client,
    base: String,
}

impl ToyRuntime {
    fn new(api: &RuntimeApi) -> Self {
        // Another test of this process may have installed it before.
        _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { client, base: format!("http://{}", api.address()) }
    }

    async fn next(&self) -> Response {
        let url = format!("{}/2018-06-01/runtime/invocation/next", self.base);
        self.client.get(url).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> u16 {
        let response = self.client.post(format!("{}{path}", self.base)).body(body).send().await.unwrap();
        response.status().as_u16()
    }

    /// Takes one event and answers with it.
    async fn echo(&self) {
        let next = self.next().await;
        let id = request_id(&next);
        let event = next.bytes().await.unwrap();
        assert_eq!(self.post(&format!("/2018-06-01/runtime/invocation/{id}/response"), event).await, 202);
    }

    async fn register(&self) -> Response {
        let url = format!("{}/2020-01-01/extension/register", self.base);
        let request = self.client.post(url).header("Lambda-Extension-Name", "flusher");
        request.body(r#"{"events":[]}"#).send().await.unwrap()
    }
}

fn request_id(next: &Response) -> String {
    next.headers()["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned()
}

fn failure(body: &Value) -> Failure {
    let text = |field: &str| body[field].as_str().unwrap().to_owned();
    Failure { error_type: text("errorType"), message: text("errorMessage"), raw: body.to_string().into() }
}

/// A process that does nothing until it is killed.
async fn idle_process() -> Container {
    Setup::program("/bin/sh", &["-c", "exec sleep 100000"]).start().await
}

async fn shell(script: &str) -> Container {
    Setup::program("/bin/sh", &["-c", script]).start().await
}

#[tokio::test]
async fn an_event_goes_out_with_lambdas_headers_and_its_answer_comes_back() {
    let api = RuntimeApi::start(true).await;
    let runtime = ToyRuntime::new(&api);
    let ticket = api.send(r#"{"awslogs":{}}"#, Duration::from_secs(7));
    let next = runtime.next().await;
    ticket.started.await.unwrap();
    let header = |name: &str| next.headers()[name].to_str().unwrap().to_owned();
    assert!(header("lambda-runtime-invoked-function-arn").starts_with("arn:aws:lambda:"));
    assert!(header("lambda-runtime-trace-id").starts_with("Root=1-"));
    assert!(header("lambda-runtime-deadline-ms").parse::<u64>().unwrap() > 1_700_000_000_000);
    let id = request_id(&next);
    assert_eq!(next.bytes().await.unwrap(), r#"{"awslogs":{}}"#);
    assert_eq!(runtime.post(&format!("/2018-06-01/runtime/invocation/{id}/response"), "{}").await, 202);
    assert_eq!(ticket.replied.await.unwrap(), Reply::Response(b"{}".to_vec()));
    assert_eq!(api.strays(), Vec::<String>::new());
}

#[tokio::test]
async fn next_blocks_until_there_is_an_event_and_tells_that_the_start_is_over() {
    let api = RuntimeApi::start(true).await;
    let runtime = ToyRuntime::new(&api);
    let waiting = tokio::spawn(async move { runtime.echo().await });
    assert_eq!(api.initialised().await, Init::Ready);
    assert!(!waiting.is_finished());
    let ticket = api.send("1", LONG);
    assert_eq!(ticket.replied.await.unwrap(), Reply::Response(b"1".to_vec()));
    waiting.await.unwrap();
}

#[tokio::test]
async fn events_are_handed_over_in_order_each_with_an_id_of_its_own() {
    let api = RuntimeApi::start(true).await;
    let runtime = ToyRuntime::new(&api);
    let (first, second) = (api.send("1", LONG), api.send("2", LONG));
    runtime.echo().await;
    runtime.echo().await;
    assert_eq!(first.replied.await.unwrap(), Reply::Response(b"1".to_vec()));
    assert_eq!(second.replied.await.unwrap(), Reply::Response(b"2".to_vec()));
}

#[tokio::test]
async fn an_error_comes_back_with_its_type_its_message_and_every_byte() {
    let api = RuntimeApi::start(true).await;
    let runtime = ToyRuntime::new(&api);
    let body = json!({"errorType": "Undelivered", "errorMessage": "slack answered 503", "stackTrace": []});
    let ticket = api.send("1", LONG);
    let id = request_id(&runtime.next().await);
    let status = runtime.post(&format!("/2018-06-01/runtime/invocation/{id}/error"), body.to_string()).await;
    assert_eq!((status, ticket.replied.await.unwrap()), (202, Reply::Error(failure(&body))));
}

#[tokio::test]
async fn a_failed_start_is_told() {
    let api = RuntimeApi::start(true).await;
    let body = json!({"errorType": "Configuration", "errorMessage": "no webhook"});
    ToyRuntime::new(&api).post("/2018-06-01/runtime/init/error", body.to_string()).await;
    assert_eq!(api.initialised().await, Init::Failed(failure(&body)));
}

#[tokio::test]
async fn an_answer_of_more_than_6_mib_is_refused() {
    let api = RuntimeApi::start(true).await;
    let runtime = ToyRuntime::new(&api);
    let _ticket = api.send("1", LONG);
    let path = format!("/2018-06-01/runtime/invocation/{}/response", request_id(&runtime.next().await));
    assert_eq!(runtime.post(&path, vec![b' '; (6 << 20) + 1]).await, 413);
    assert_eq!(runtime.post(&path, vec![b' '; 6 << 20]).await, 202);
}

#[tokio::test]
async fn calls_that_the_api_does_not_have_are_kept() {
    let api = RuntimeApi::start(true).await;
    let runtime = ToyRuntime::new(&api);
    assert_eq!(runtime.post("/2018-06-01/runtime/invocation/next", "").await, 404);
    assert_eq!(runtime.post("/2018-06-01/runtime/invocation/7/response", "").await, 404);
    let _tickets = (api.send("1", LONG), api.send("2", LONG));
    runtime.next().await;
    runtime.next().await;
    let strays = api.strays();
    assert_eq!(strays[0], "POST /2018-06-01/runtime/invocation/next");
    assert_eq!(
        strays[1..],
        ["an answer to 7, which is not running", "next before the last event was answered"]
    );
}

#[tokio::test]
async fn an_extension_registers_and_then_waits_for_ever() {
    let api = RuntimeApi::start(true).await;
    let runtime = ToyRuntime::new(&api);
    let registered = runtime.register().await;
    let id = registered.headers()["lambda-extension-identifier"].clone();
    let function: Value = serde_json::from_slice(&registered.bytes().await.unwrap()).unwrap();
    assert_eq!(
        (function["functionName"].as_str(), function["handler"].as_str()),
        (Some("statuswatch"), Some("bootstrap"))
    );
    assert_eq!(api.extensions(), ["flusher"]);
    let url = format!("{}/2020-01-01/extension/event/next", runtime.base);
    let waiting = tokio::spawn(runtime.client.get(url).header("Lambda-Extension-Identifier", id).send());
    let ticket = api.send("1", LONG);
    runtime.echo().await;
    ticket.replied.await.unwrap();
    assert!(!waiting.is_finished());
}

#[tokio::test]
async fn an_extension_can_be_refused() {
    let container =
        Setup::program("/bin/sh", &["-c", "exec sleep 100000"]).refusing_extensions().start().await;
    let registered = ToyRuntime::new(container.api()).register().await;
    assert_eq!(registered.status(), 403);
    assert_eq!(container.api().extensions(), Vec::<String>::new());
}

#[tokio::test]
async fn a_container_hands_over_events_and_returns_answers() {
    let container = idle_process().await;
    let runtime = ToyRuntime::new(container.api());
    let (answer, ()) = tokio::join!(container.invoke("1"), runtime.echo());
    assert_eq!(answer, Answer::Response(b"1".to_vec()));
    assert_eq!(container.started().await, Start::Ready);

    let body = json!({"errorType": "T", "errorMessage": "m"});
    let fail = async {
        let id = request_id(&runtime.next().await);
        runtime.post(&format!("/2018-06-01/runtime/invocation/{id}/error"), body.to_string()).await;
    };
    let (answer, ()) = tokio::join!(container.invoke("2"), fail);
    assert_eq!(answer, Answer::Error(failure(&body)));
}

#[tokio::test]
async fn a_kill_in_the_middle_of_an_invocation_is_a_death() {
    let container = idle_process().await;
    let runtime = ToyRuntime::new(container.api());
    let kill = async {
        runtime.next().await;
        container.kill().await
    };
    let (answer, status) = tokio::join!(container.invoke("1"), kill);
    assert_eq!((answer, status.signal()), (Answer::Died(status), Some(9)));
}

#[tokio::test]
async fn an_invocation_beyond_its_limit_is_killed() {
    let container = idle_process().await;
    let runtime = ToyRuntime::new(container.api());
    let (answer, _) = tokio::join!(container.invoke_within("1", Duration::ZERO), runtime.next());
    assert_eq!(answer, Answer::TimedOut);
    assert_eq!(container.exited().await.signal(), Some(9));
}

#[tokio::test]
async fn a_start_that_fails_is_told_apart_from_one_that_dies() {
    let dead = shell("exit 3").await;
    let Start::Died(status) = dead.started().await else { panic!("it never spoke") };
    assert_eq!(status.code(), Some(3));
    assert_eq!(dead.invoke("1").await, Answer::Died(status));

    let failed = idle_process().await;
    let body = json!({"errorType": "Configuration", "errorMessage": "no webhook"});
    ToyRuntime::new(failed.api()).post("/2018-06-01/runtime/init/error", body.to_string()).await;
    assert_eq!(failed.started().await, Start::Failed(failure(&body)));
}

#[tokio::test]
async fn the_products_binary_does_not_get_ready_without_a_webhook() {
    let container = Setup::statuswatch().start().await;
    assert_ne!(container.started().await, Start::Ready);
}

#[tokio::test]
async fn everything_written_is_kept_apart_and_whole() {
    let container =
        shell("echo out; echo err >&2; i=0; while [ $i -lt 9999 ]; do echo $i; i=$((i+1)); done").await;
    container.exited().await;
    let stdout = String::from_utf8(container.stdout()).unwrap();
    assert!(stdout.starts_with("out\n0\n") && stdout.ends_with("\n9998\n"));
    assert_eq!(container.stderr(), b"err\n");
}

#[tokio::test]
async fn the_environment_is_lambdas_and_the_tests_alone() {
    let container =
        Setup::program("/usr/bin/env", &[]).env("SLACK_TEXT", "hi").env("TZ", ":Asia/Tokyo").start().await;
    container.exited().await;
    let stdout = String::from_utf8(container.stdout()).unwrap();
    let names: Vec<&str> = stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let own = |name: &&&str| !name.starts_with("AWS_") && !name.starts_with("LAMBDA_");
    assert_eq!(names.iter().filter(own).collect::<Vec<_>>(), [&"SLACK_TEXT", &"TZ", &"_HANDLER"]);
    assert!(stdout.contains(&format!("AWS_LAMBDA_RUNTIME_API={}\n", container.api().address())));
    assert!(stdout.contains("TZ=:Asia/Tokyo\n"));
}

#[tokio::test]
async fn a_frozen_process_does_nothing_until_it_is_thawed() {
    let container = idle_process().await;
    container.freeze().await;
    container.terminate();
    container.freeze().await;
    assert!(container.memory().resident > 0, "it lives, SIGTERM or not");
    container.thaw();
    assert_eq!(container.exited().await.signal(), Some(15));
}

#[tokio::test]
async fn memory_and_processor_time_are_those_of_the_process() {
    let container = shell("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; kill -STOP $$").await;
    container.stands_still().await;
    let memory = container.memory();
    assert!((100..100_000).contains(&memory.resident) && memory.peak >= memory.resident, "{memory:?}");
    assert!(container.cpu() >= Duration::from_millis(10), "{:?}", container.cpu());
}

#[tokio::test]
async fn without_an_extension_a_container_is_killed_at_once() {
    let container = shell("trap 'exit 0' TERM; kill -STOP $$; while :; do :; done").await;
    container.stands_still().await;
    container.thaw();
    assert_eq!(container.spin_down(LONG).await, SpinDown::Killed);
}

#[tokio::test]
async fn with_an_extension_it_is_asked_first() {
    let container = shell("trap 'echo flushed; exit 0' TERM; kill -STOP $$; while :; do :; done").await;
    ToyRuntime::new(container.api()).register().await;
    container.stands_still().await;
    container.thaw();
    let SpinDown::Exited(status) = container.spin_down(LONG).await else { panic!("it had all the time") };
    assert!(status.success());
    assert_eq!(container.stdout(), b"flushed\n");
}

#[tokio::test]
async fn and_killed_when_its_grace_has_passed() {
    let container = shell("trap '' TERM; kill -STOP $$; while :; do :; done").await;
    ToyRuntime::new(container.api()).register().await;
    container.stands_still().await;
    container.thaw();
    assert_eq!(container.spin_down(Duration::ZERO).await, SpinDown::KilledAfterGrace);
}
