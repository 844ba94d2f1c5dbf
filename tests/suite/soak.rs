//! The soak: a million invocations in one process, whose memory must not grow.
//!
//! The handler runs in a process of its own, so that nothing else is measured, and against a Slack that accepts at
//! once: over HTTP it is the kernel's sockets that a million invocations would measure. Time is virtual. The diet
//! is a storm's: batches that are posted and batches that are folded, and among them duplicates, ticks, records,
//! control messages, lines and events that cannot be read, and failures.
//! The long run: `cargo test --release --test suite soak -- --ignored --nocapture`.

use std::{fs, process::Command, time::Duration};

use statuswatch::{
    duplicates::CAPACITY,
    handler::{Handler, Invocation, Notifier, Notify},
    http::Budget,
    rate_limit::Bucket,
    slack::post::{Accepted, Post, PostError, PostOutcome},
};
use tokio::time::Instant;

use crate::fake_lambda::{
    container::{Answer, Setup, Start},
    events::{self, LOG_GROUP, access_log},
    function::EPOCH_MS,
    product::handler_with,
};
use crate::fake_slack::FakeSlack;

/// What the process that soaks is told; nothing of it is set where the test is run by name.
const PLAN: &str = "STATUSWATCH_SOAK_PLAN";

/// How long a soak is.
#[derive(Clone, Copy)]
struct Plan {
    warm_up: u64,
    invocations: u64,
    lines_a_batch: u64,
}

/// Accepts everything but every 50th message.
#[derive(Default)]
struct Tireless(u64);

impl Notifier for Tireless {
    async fn post(&mut self, _post: Post<'_>, _budget: Budget) -> PostOutcome {
        self.0 += 1;
        let result = if self.0.is_multiple_of(50) {
            Err(PostError::RateLimited { retry_after: Duration::from_secs(30) })
        } else {
            Ok(Accepted::default())
        };
        PostOutcome { result, requests: 1, ambiguous: 0 }
    }
}

/// The n-th event of the diet.
fn event(n: u64, lines: u64) -> Vec<u8> {
    // Every 17th batch has come before.
    let first = if n.is_multiple_of(17) { n.saturating_sub(9) } else { n } * 1_000_000;
    let batch = |first: u64| {
        let line = |line: u64| {
            let mut event =
                access_log(first + line, EPOCH_MS + n * 17, if line.is_multiple_of(3) { 404 } else { 502 });
            if line > 50 {
                r#"{"status":"502"}"#.clone_into(&mut event.message);
            } else if line % 7 == 6 {
                // More routes than any map keeps.
                event.message = event.message.replace("/v1/", &format!("/v1/{}-{line}/", n % 5_000));
            }
            event
        };
        let lines: Vec<_> = (0..lines).map(line).collect();
        events::data_message(&format!("{LOG_GROUP}-{}", n % 40), &format!("stream-{}", n % 300), &lines)
    };
    match n % 100 {
        10 => events::tick(),
        20 => events::awslogs(&events::control_message()),
        30 => b"{\"awslogs\":{\"data\":\"H4sI\"}}".to_vec(),
        40 => b"{\"hello\":1}".to_vec(),
        50 => events::kinesis(&[("1".to_owned(), events::gzip(&batch(first))), ("2".to_owned(), vec![1, 2])]),
        60 => events::awslogs(&batch(first)[..100]),
        _ => events::awslogs(&batch(first)),
    }
}

async fn soak(plan: Plan) -> (u64, u64) {
    let mut handler: Handler<Tireless> =
        handler_with(Tireless::default(), Notify::every(Bucket::new(5, 5_000)));
    let mut warm = 0;
    for n in 0..plan.invocations {
        let now = std::time::UNIX_EPOCH + Duration::from_millis(EPOCH_MS + n * 17);
        let deadline = Instant::now() + Duration::from_secs(30);
        let outcome = handler.handle(&event(n, plan.lines_a_batch), Invocation::new(now, deadline)).await;
        drop(outcome);
        // Asked each time: asking takes memory, too, and moves where other things lie.
        let most = most_resident_kib();
        if n + 1 == plan.warm_up {
            warm = most;
        }
    }
    (warm, most_resident_kib())
}

/// The most of this process that was resident so far. What is resident at one moment may be a low point of the
/// allocator's; what is never given back raises the most as well.
fn most_resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a living process has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel writes it");
    line.trim_matches(['\t', ' ', 'k', 'B']).parse().expect("the kernel writes a number")
}

/// What the process that soaks is told of glibc's allocator: sizes from which it asks the kernel for memory, and gives it
/// back. Left alone they grow with what was freed, and the memory that is kept for later grows with them: of 14 MiB on the
/// heap's pages the handler held 2.
const FIXED_THRESHOLDS: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// Soaks in a process of its own; gives the resident KiB after the warm-up and at the end.
#[allow(clippy::print_stdout, reason = "the long run is there to give these figures")]
fn soak_apart(plan: Plan) -> (u64, u64) {
    let child = Command::new(std::env::current_exe().expect("a running program has a file"))
        .args(["--exact", "soak::the_process_that_soaks", "--ignored", "--nocapture"])
        .env(PLAN, format!("{} {} {}", plan.warm_up, plan.invocations, plan.lines_a_batch))
        .envs(FIXED_THRESHOLDS)
        .output()
        .expect("this program starts again");
    let stdout = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{stdout}{}", String::from_utf8_lossy(&child.stderr));
    let figures =
        stdout.lines().find_map(|line| line.split_once("resident KiB: ")).expect("it prints them").1;
    let (warm, end) = figures.split_once(' ').expect("two figures");
    let (warm, end) = (warm.parse().expect("a number"), end.parse().expect("a number"));
    println!(
        "{} invocations in one process: {warm} KiB resident at most in the first {}, {end} KiB in all",
        plan.invocations, plan.warm_up
    );
    (warm, end)
}

#[track_caller]
fn assert_within_5_percent((warm, end): (u64, u64)) {
    assert!(end * 100 <= warm * 105, "{warm} KiB grew to {end} KiB");
}

#[test]
#[ignore = "run by the other tests of this file, in a process of its own"]
#[allow(clippy::print_stdout, reason = "this is how it answers")]
#[allow(clippy::disallowed_methods, reason = "this is how it is asked")]
fn the_process_that_soaks() {
    let Ok(plan) = std::env::var(PLAN) else { return };
    let numbers: Vec<u64> = plan.split(' ').map(|number| number.parse().unwrap()).collect();
    let plan = Plan { warm_up: numbers[0], invocations: numbers[1], lines_a_batch: numbers[2] };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let (warm, end) = runtime.unwrap().block_on(soak(plan));
    println!("\nresident KiB: {warm} {end}");
}

#[test]
fn memory_stays_where_it_was_once_it_is_warm() {
    // Long batches fill the memory of duplicates, both generations of it, within the warm-up, and then three times
    // more. What would show later still, `once_it_is_full_it_never_takes_memory_again` finds to the allocation.
    // The heap of 4 to 5 MiB is as large as it gets after some 200 invocations.
    let plan = Plan { warm_up: 300, invocations: 900, lines_a_batch: 2_000 };
    assert!(plan.warm_up * plan.lines_a_batch * 2 / 3 > 2 * CAPACITY as u64, "the warm-up fills it");
    assert_within_5_percent(soak_apart(plan));
}

#[test]
#[ignore = "a million invocations: cargo test --release --test suite soak -- --ignored --nocapture"]
fn a_million_invocations() {
    // The most that is resident at once is a matter of chance for some 50,000 invocations, and then never more.
    assert_within_5_percent(soak_apart(Plan { warm_up: 100_000, invocations: 1_000_000, lines_a_batch: 17 }));
}

/// What the soak within one process leaves out: the runtime, HTTP to both sides, connections kept and closed.
#[tokio::test]
#[ignore = "real HTTP: cargo test --release --test suite soak -- --ignored --nocapture"]
#[allow(clippy::print_stdout, reason = "the figures are what it is run for")]
async fn the_real_binary_for_a_while() {
    let slack = FakeSlack::start().await;
    let container = Setup::statuswatch()
        .env("SLACK_WEBHOOK_URL", &slack.webhook("secret"))
        .env("STATUSWATCH_BURST", "100")
        .env("STATUSWATCH_SPACING_SECONDS", "1")
        .start()
        .await;
    assert_eq!(container.started().await, Start::Ready);
    let mut warm = 0;
    for n in 0..30_000 {
        if matches!(n % 100, 10 | 50) {
            continue; // In real time a tick holds for 300 ms, and a stream's batch waits for its token.
        }
        let answer = container.invoke(event(n, 17)).await;
        assert!(matches!(answer, Answer::Response(_) | Answer::Error(_)), "{answer:?}");
        if n == 10_000 {
            warm = container.memory().resident;
        }
    }
    let end = container.memory().resident;
    println!(
        "the real binary: {warm} KiB resident after 10,000 events, {end} KiB after 30,000, {} messages posted",
        slack.posts().len()
    );
    assert_within_5_percent((warm, end));
}
