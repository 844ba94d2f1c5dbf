//! Tests of what every store promises, run on each of them.
//!
//! DynamoDB's client runs against the fake table; with `TEST_DYNAMODB_URL` set to an emulator's URL, the ignored
//! tests run the same against that.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::dynamodb::fake_table::FakeTable;
use super::dynamodb::tests_support::{create_table, emulator, table};
use super::*;

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;
const RATE: Rate = Rate { burst: 2, spacing_ms: 1_000 };

fn at(now_ms: i64) -> When {
    let end = Instant::now() + Duration::from_mins(1);
    When { now_ms, budget: Budget::until(end, SystemTime::UNIX_EPOCH) }
}

fn incident(destination: &str, log_group: &str) -> IncidentKey {
    IncidentKey { destination: destination.to_owned(), log_group: log_group.to_owned() }
}

fn batch(number: usize) -> BatchId {
    BatchId::of("g", "s", [number.to_string()])
}

/// Reads and takes the lease, and gives it back with all that was read.
async fn sum_up(store: &mut impl Store, incident: &IncidentKey, head: &[u8], now_ms: i64) -> Vec<Entry> {
    let snapshot = store.read(incident, at(now_ms)).await.unwrap();
    let lease = store.lease(incident, &snapshot, now_ms + 10_000, at(now_ms)).await.unwrap().unwrap();
    let keys: Vec<EntryKey> = snapshot.entries.iter().map(|entry| entry.key).collect();
    let released = store.release(incident, lease, head, &keys, at(now_ms)).await.unwrap();
    assert_eq!(released, Released::Committed { not_removed: None });
    snapshot.entries
}

async fn a_batch_is_written_once<S: Store>(open: impl Fn() -> S) {
    let (mut one, mut other, api) = (open(), open(), incident("ops", "api"));
    assert_eq!(one.read(&api, at(NOW)).await.unwrap(), Snapshot::default());
    assert_eq!(one.put(&api, batch(1), b"body", at(NOW)).await, Ok(Put::Written));
    assert_eq!(one.put(&api, batch(1), b"body", at(NOW)).await, Ok(Put::Duplicate));
    assert_eq!(other.put(&api, batch(1), b"other", at(NOW + HOUR)).await, Ok(Put::Duplicate));
    assert_eq!(other.put(&api, batch(2), b"second", at(NOW)).await, Ok(Put::Written));
    let snapshot = other.read(&api, at(NOW)).await.unwrap();
    let mut bodies: Vec<_> = snapshot.entries.into_iter().map(|entry| entry.body).collect();
    bodies.sort();
    assert_eq!(bodies, [b"body".to_vec(), b"second".to_vec()]);
    assert_eq!((snapshot.head, snapshot.leased_until_ms, snapshot.more), (None, None, false));
}

async fn what_is_summed_up_is_a_duplicate_until_its_marker_is_over<S: Store>(open: impl Fn() -> S) {
    let (mut one, mut other, api) = (open(), open(), incident("ops", "api"));
    one.put(&api, batch(1), b"body", at(NOW)).await.unwrap();
    assert_eq!(sum_up(&mut one, &api, b"head", NOW).await.len(), 1);
    // A record that CloudWatch Logs puts again after a day, and Lambda delivers for a week.
    let (put_again, maximum_record_age) = (24 * HOUR, 604_800_000);
    for late in [NOW, NOW + put_again + maximum_record_age - 1_000, NOW + MARKER_MS - 1_000] {
        assert_eq!(one.put(&api, batch(1), b"body", at(late)).await, Ok(Put::Duplicate));
        assert_eq!(other.put(&api, batch(1), b"body", at(late)).await, Ok(Put::Duplicate));
        let snapshot = other.read(&api, at(late)).await.unwrap();
        assert_eq!((snapshot.head.as_deref(), snapshot.entries), (Some(&b"head"[..]), vec![]));
    }
    assert_eq!(other.put(&api, batch(1), b"body", at(NOW + MARKER_MS)).await, Ok(Put::Written));
    assert_eq!(other.read(&api, at(NOW + MARKER_MS)).await.unwrap().entries.len(), 1);
}

async fn only_one_has_the_lease<S: Store>(open: impl Fn() -> S) {
    let (mut one, mut other, api) = (open(), open(), incident("ops", "api"));
    let nothing = one.read(&api, at(NOW)).await.unwrap();
    let lease = one.lease(&api, &nothing, NOW + 10_000, at(NOW)).await.unwrap().unwrap();
    assert_eq!(other.lease(&api, &nothing, NOW + 10_000, at(NOW)).await, Ok(None));
    let leased = other.read(&api, at(NOW)).await.unwrap();
    assert_eq!((leased.head.clone(), leased.leased_until_ms), (None, Some(NOW + 10_000)));
    assert_eq!(other.lease(&api, &leased, NOW + 20_000, at(NOW + 9_999)).await, Ok(None));
    // The first one was killed, or is late.
    let second = other.lease(&api, &leased, NOW + 20_000, at(NOW + 10_000)).await.unwrap().unwrap();
    assert_eq!(one.release(&api, lease, b"late", &[], at(NOW + 10_001)).await, Ok(Released::Lost));
    let committed = Released::Committed { not_removed: None };
    assert_eq!(other.release(&api, second, b"head", &[], at(NOW + 10_002)).await, Ok(committed));
    let snapshot = one.read(&api, at(NOW + 10_003)).await.unwrap();
    assert_eq!((snapshot.head.as_deref(), snapshot.leased_until_ms), (Some(&b"head"[..]), None));
    assert!(one.lease(&api, &snapshot, NOW + 20_000, at(NOW + 10_003)).await.unwrap().is_some());
}

async fn what_another_changed_since_must_be_read_again<S: Store>(open: impl Fn() -> S) {
    let (mut one, mut other, api) = (open(), open(), incident("ops", "api"));
    one.put(&api, batch(1), b"body", at(NOW)).await.unwrap();
    let old = one.read(&api, at(NOW)).await.unwrap();
    sum_up(&mut other, &api, b"head", NOW).await;
    assert_eq!(one.lease(&api, &old, NOW + 10_000, at(NOW)).await, Ok(None));
    let new = one.read(&api, at(NOW)).await.unwrap();
    assert!(new.entries.is_empty());
    assert!(one.lease(&api, &new, NOW + 10_000, at(NOW)).await.unwrap().is_some());
}

async fn what_a_head_does_not_sum_up_stays<S: Store>(open: impl Fn() -> S) {
    let (mut one, mut other, api) = (open(), open(), incident("ops", "api"));
    one.put(&api, batch(1), b"1", at(NOW)).await.unwrap();
    let snapshot = one.read(&api, at(NOW)).await.unwrap();
    let lease = one.lease(&api, &snapshot, NOW + 10_000, at(NOW)).await.unwrap().unwrap();
    other.put(&api, batch(2), b"2", at(NOW)).await.unwrap();
    let keys = [snapshot.entries[0].key];
    one.release(&api, lease, b"head", &keys, at(NOW)).await.unwrap();
    let bodies = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.body).collect::<Vec<_>>();
    let snapshot = one.read(&api, at(NOW)).await.unwrap();
    let lease = one.lease(&api, &snapshot, NOW + 10_000, at(NOW)).await.unwrap().unwrap();
    assert_eq!(bodies(snapshot.entries), [b"2"]);
    // Slack refused: the head stays as it is, and so does the entry.
    one.release(&api, lease, b"head", &[], at(NOW)).await.unwrap();
    assert_eq!(bodies(sum_up(&mut other, &api, b"next", NOW).await), [b"2"]);
    assert!(one.read(&api, at(NOW)).await.unwrap().entries.is_empty());
}

async fn a_long_journal_is_read_in_parts_and_counted_whole<S: Store>(open: impl Fn() -> S) {
    let (mut store, api) = (open(), incident("ops", "api"));
    for number in 0..250 {
        assert_eq!(
            store.put(&api, batch(number), number.to_string().as_bytes(), at(NOW)).await,
            Ok(Put::Written)
        );
    }
    let mut seen: Vec<usize> = Vec::new();
    for round in 0..4 {
        let more = store.read(&api, at(NOW)).await.unwrap().more;
        let entries = sum_up(&mut store, &api, b"head", NOW).await;
        assert!(entries.len() <= MAX_ENTRIES && (more || round >= 2), "{} in round {round}", entries.len());
        seen.extend(
            entries.into_iter().map(|entry| String::from_utf8(entry.body).unwrap().parse::<usize>().unwrap()),
        );
        if !more {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..250).collect::<Vec<usize>>());
    for number in 0..250 {
        assert_eq!(store.put(&api, batch(number), b"", at(NOW)).await, Ok(Put::Duplicate));
    }
}

async fn what_is_worked_at_stays_listed<S: Store>(open: impl Fn() -> S) {
    let (mut lines, api) = (open(), incident("ops", "api"));
    lines.put(&api, batch(1), b"body", at(NOW)).await.unwrap();
    // A weekend in which Slack refuses everything: each tick takes the lease, and sums nothing up.
    for hour in [20, 40, 60] {
        let (mut tick, now_ms) = (open(), NOW + hour * HOUR);
        assert_eq!(tick.incidents(at(now_ms)).await.as_deref(), Ok([api.clone()].as_slice()), "{hour}");
        let snapshot = tick.read(&api, at(now_ms)).await.unwrap();
        assert_eq!(snapshot.entries.len(), 1);
        let lease = tick.lease(&api, &snapshot, now_ms + 10_000, at(now_ms)).await.unwrap().unwrap();
        tick.release(&api, lease, b"head", &[], at(now_ms)).await.unwrap();
    }
    assert_eq!(lines.incidents(at(NOW + 87 * HOUR)).await, Ok(vec![]));
}

async fn incidents_are_kept_apart_and_listed<S: Store>(open: impl Fn() -> S) {
    let keys = [incident("a#b", "c"), incident("a", "b#c"), incident("a", "日本 <!here>")];
    let (mut one, mut other) = (open(), open());
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(one.put(key, batch(1), number.to_string().as_bytes(), at(NOW)).await, Ok(Put::Written));
    }
    for (number, key) in keys.iter().enumerate() {
        let entries = other.read(key, at(NOW)).await.unwrap().entries;
        assert_eq!(
            entries.into_iter().map(|entry| entry.body).collect::<Vec<_>>(),
            [number.to_string().as_bytes()]
        );
    }
    let mut listed = other.incidents(at(NOW + 25 * HOUR)).await.unwrap();
    listed.sort();
    let mut expected = keys.to_vec();
    expected.sort();
    assert_eq!(listed, expected);
    assert_eq!(other.incidents(at(NOW + 27 * HOUR)).await, Ok(vec![]));
    one.put(&keys[0], batch(2), b"", at(NOW + 27 * HOUR)).await.unwrap();
    assert_eq!(other.incidents(at(NOW + 28 * HOUR)).await.unwrap(), keys[..1]);
    // What is kept on the list needs nothing written.
    one.keep_listed(&keys[0], at(NOW + 50 * HOUR)).await.unwrap();
    assert_eq!(other.incidents(at(NOW + 75 * HOUR)).await.unwrap(), keys[..1]);
    assert_eq!(other.incidents(at(NOW + 77 * HOUR)).await, Ok(vec![]));
}

async fn what_is_over_is_not_believed<S: Store>(open: impl Fn() -> S) {
    let (mut store, api) = (open(), incident("ops", "api"));
    sum_up(&mut store, &api, b"head", NOW).await;
    store.put(&api, batch(1), b"old", at(NOW)).await.unwrap();
    let before = store.read(&api, at(NOW + KEPT_MS - 1_000)).await.unwrap();
    assert_eq!((before.head.as_deref(), before.entries.len()), (Some(&b"head"[..]), 1));
    let over = NOW + KEPT_MS;
    let after = store.read(&api, at(over)).await.unwrap();
    assert_eq!((after.head, after.entries.len()), (None, 0));
    assert_eq!(store.put(&api, batch(1), b"new", at(over)).await, Ok(Put::Written));
    assert_eq!(sum_up(&mut store, &api, b"next", over).await[0].body, b"new");
    assert_eq!(store.read(&api, at(over)).await.unwrap().head.as_deref(), Some(&b"next"[..]));
}

async fn a_destination_has_one_rate_for_all<S: Store>(open: impl Fn() -> S) {
    let (mut one, mut other) = (open(), open());
    assert_eq!(one.take_token("ops", RATE, at(NOW)).await, Ok(Token::Taken));
    assert_eq!(other.take_token("ops", RATE, at(NOW)).await, Ok(Token::Taken));
    assert_eq!(one.take_token("ops", RATE, at(NOW)).await, Ok(Token::WaitUntil(NOW + 1_000)));
    assert_eq!(other.take_token("ops", RATE, at(NOW + 999)).await, Ok(Token::WaitUntil(NOW + 1_000)));
    assert_eq!(other.take_token("dev", RATE, at(NOW)).await, Ok(Token::Taken));
    assert_eq!(other.take_token("ops", RATE, at(NOW + 1_000)).await, Ok(Token::Taken));
    assert_eq!(one.take_token("ops", RATE, at(NOW + 1_000)).await, Ok(Token::WaitUntil(NOW + 2_000)));
    // Slack said Retry-After, to both, and to the second one less.
    one.pause("ops", RATE, NOW + 30_000, at(NOW + 2_000)).await.unwrap();
    other.pause("ops", RATE, NOW + 20_000, at(NOW + 2_000)).await.unwrap();
    assert_eq!(other.take_token("ops", RATE, at(NOW + 3_000)).await, Ok(Token::WaitUntil(NOW + 30_000)));
    assert_eq!(other.take_token("ops", RATE, at(NOW + 30_000)).await, Ok(Token::Taken));
    assert_eq!(one.take_token("ops", RATE, at(NOW + 30_000)).await, Ok(Token::WaitUntil(NOW + 31_000)));
    // One that nobody posted to before can be paused, too; an hour is the most.
    one.pause("new", RATE, NOW + 9 * HOUR, at(NOW)).await.unwrap();
    assert_eq!(other.take_token("new", RATE, at(NOW)).await, Ok(Token::WaitUntil(NOW + HOUR)));
}

async fn what_is_too_large_is_refused<S: Store>(open: impl Fn() -> S) {
    let (mut store, api) = (open(), incident("ops", "api"));
    let large = vec![b'x'; 400 * 1024];
    assert_eq!(store.put(&api, batch(1), &large, at(NOW)).await.unwrap_err().fault, StoreFault::TooLarge);
    // moto counts the characters of the base64.
    let room = 256 * 1024;
    assert_eq!(store.put(&api, batch(1), &large[..room], at(NOW)).await, Ok(Put::Written));
    assert_eq!(store.read(&api, at(NOW)).await.unwrap().entries[0].body.len(), room);
    let snapshot = store.read(&api, at(NOW)).await.unwrap();
    let lease = store.lease(&api, &snapshot, NOW + 10_000, at(NOW)).await.unwrap().unwrap();
    let error = store.release(&api, lease, &large, &[], at(NOW)).await.unwrap_err();
    assert_eq!((error.fault, error.is_retryable()), (StoreFault::TooLarge, false));
}

async fn what_is_taken_back_is_never_counted<S: Store>(open: impl Fn() -> S) {
    let (mut one, mut other, api) = (open(), open(), incident("ops", "api"));
    one.put(&api, batch(1), b"body", at(NOW)).await.unwrap();
    one.revoke(&api, batch(1), at(NOW)).await.unwrap();
    // One of which it is not known whether it was written.
    one.revoke(&api, batch(2), at(NOW)).await.unwrap();
    assert!(other.read(&api, at(NOW)).await.unwrap().entries.is_empty());
    for number in [1, 2] {
        assert_eq!(other.put(&api, batch(number), b"body", at(NOW)).await, Ok(Put::Duplicate), "{number}");
    }
    assert!(sum_up(&mut other, &api, b"head", NOW).await.is_empty());
}

macro_rules! on_every_store {
    ($($name:ident,)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                let memory = super::Memory::default();
                super::$name(|| memory.clone()).await;
            })*
        }
        mod dynamodb {
            $(#[tokio::test]
            async fn $name() {
                let fake = super::FakeTable::start().await;
                let seeds = std::cell::Cell::new(0);
                super::$name(|| super::table(&fake.url(), "fake", seeds.replace(seeds.get() + 1))).await;
            })*
        }
        mod emulator {
            $(#[tokio::test]
            #[ignore = "needs an emulator of DynamoDB at TEST_DYNAMODB_URL"]
            async fn $name() {
                let url = super::emulator();
                let name = concat!("statuswatch-", stringify!($name));
                super::create_table(&url, name).await;
                let seeds = std::cell::Cell::new(0);
                super::$name(|| super::table(&url, name, seeds.replace(seeds.get() + 1))).await;
            })*
        }
    };
}

on_every_store! {
    a_batch_is_written_once,
    what_is_summed_up_is_a_duplicate_until_its_marker_is_over,
    only_one_has_the_lease,
    what_another_changed_since_must_be_read_again,
    what_a_head_does_not_sum_up_stays,
    a_long_journal_is_read_in_parts_and_counted_whole,
    what_is_worked_at_stays_listed,
    incidents_are_kept_apart_and_listed,
    what_is_over_is_not_believed,
    a_destination_has_one_rate_for_all,
    what_is_taken_back_is_never_counted,
    what_is_too_large_is_refused,
}
