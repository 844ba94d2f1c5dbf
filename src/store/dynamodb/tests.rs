//! What the table's faults come to, and what is asked and paid.

use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::time::Instant;

use super::fake_table::{FakeTable, Fault};
use super::tests_support::{KEY, table};
use crate::http::Budget;
use crate::store::*;

const NOW: i64 = 1_800_000_000_000;

fn when() -> When {
    in_time(Duration::from_mins(1))
}

fn in_time(time: Duration) -> When {
    When { now_ms: NOW, budget: Budget::until(Instant::now() + time, SystemTime::UNIX_EPOCH) }
}

fn api() -> IncidentKey {
    IncidentKey { destination: "ops".to_owned(), log_group: "/aws/apigateway/hogehoge-accesslog".to_owned() }
}

fn batch(number: u32) -> BatchId {
    BatchId::of("api", "stream", [number.to_be_bytes()])
}

/// The first so many requests of an operation go wrong.
fn first(count: usize, operation: &'static str, fault: Fault) -> impl FnMut(&str) -> Option<Fault> + Send {
    let mut left = count;
    move |asked| {
        let hit = asked == operation && left > 0;
        left -= usize::from(hit);
        hit.then_some(fault)
    }
}

/// A store that has put one batch in, so that it is listed.
async fn open() -> (FakeTable, DynamoDb) {
    let fake = FakeTable::start().await;
    let mut store = table(&fake.url(), "fake", 1);
    assert_eq!(store.put(&api(), batch(0), b"0", when()).await, Ok(Put::Written));
    fake.take_requests();
    (fake, store)
}

/// The table of the table's faults: what is answered, what the store makes of it, after how many tries, whether another
/// try may help, and whether the batch may be in the journal all the same.
#[tokio::test(start_paused = true)]
async fn each_fault_of_the_table_is_known_by_its_kind() {
    let refused = |status, code| Fault::Refused(status, code);
    let broken = |is_done| Fault::Broken { is_done };
    let silent = |is_done| Fault::Silent { is_done };
    for (fault, kind, tries, retryable, may_be_done) in [
        (
            refused(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
            StoreFault::Throttled,
            5,
            true,
            false,
        ),
        (
            refused(400, "com.amazon.coral.availability#ThrottlingException"),
            StoreFault::Throttled,
            5,
            true,
            false,
        ),
        (refused(400, "RequestLimitExceeded"), StoreFault::Throttled, 5, true, false),
        (refused(400, "TransactionConflictException"), StoreFault::Throttled, 5, true, false),
        (refused(429, ""), StoreFault::Throttled, 5, true, false),
        (
            refused(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
            StoreFault::Unavailable,
            5,
            true,
            true,
        ),
        (refused(503, "ServiceUnavailable"), StoreFault::Unavailable, 5, true, true),
        (refused(502, "<html>"), StoreFault::Unavailable, 5, true, true),
        (broken(false), StoreFault::Unavailable, 5, true, true),
        (silent(false), StoreFault::TimedOut, 2, true, true),
        (refused(400, "com.amazon.coral.service#AccessDeniedException"), StoreFault::Denied, 1, false, false),
        (refused(403, ""), StoreFault::Denied, 1, false, false),
        (refused(400, "UnrecognizedClientException"), StoreFault::NotSignedIn, 1, false, false),
        (
            refused(400, "com.amazon.coral.service#ExpiredTokenException"),
            StoreFault::NotSignedIn,
            1,
            false,
            false,
        ),
        (refused(403, "InvalidSignatureException"), StoreFault::NotSignedIn, 1, false, false),
        (
            refused(400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"),
            StoreFault::NoTable,
            1,
            false,
            false,
        ),
        (refused(413, "RequestEntityTooLarge"), StoreFault::TooLarge, 1, false, false),
        (refused(400, "com.amazon.coral.validate#ValidationException"), StoreFault::Invalid, 1, false, false),
        (refused(400, "SomethingNew"), StoreFault::Invalid, 1, false, false),
        (refused(302, ""), StoreFault::Invalid, 1, false, false),
    ] {
        let (fake, mut store) = open().await;
        fake.set_faults(first(usize::MAX, "PutItem", fault));
        let error = store.put(&api(), batch(1), b"1", when()).await.unwrap_err();
        assert_eq!(error, StoreError { action: "dynamodb:PutItem", fault: kind, may_be_done }, "{fault:?}");
        assert_eq!((error.is_retryable(), fake.take_requests().len()), (retryable, tries), "{fault:?}");
        // The next delivery finds the table well again.
        fake.set_faults(|_| None);
        assert_eq!(store.put(&api(), batch(1), b"1", when()).await, Ok(Put::Written), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_still_known_to_be_ours() {
    for fault in [
        Fault::FailedAfter(500, "InternalServerError"),
        Fault::Broken { is_done: true },
        Fault::Silent { is_done: true },
    ] {
        let (fake, mut store) = open().await;
        fake.set_faults(first(1, "PutItem", fault));
        assert_eq!(store.put(&api(), batch(1), b"1", when()).await, Ok(Put::Written), "{fault:?}");
        assert_eq!(store.put(&api(), batch(1), b"1", when()).await, Ok(Put::Duplicate), "{fault:?}");
        let snapshot = store.read(&api(), when()).await.unwrap();
        fake.set_faults(first(1, "UpdateItem", fault));
        let lease = store.lease(&api(), &snapshot, NOW + 10_000, when()).await.unwrap().unwrap();
        fake.set_faults(first(1, "UpdateItem", fault));
        let keys: Vec<EntryKey> = snapshot.entries.iter().map(|entry| entry.key).collect();
        let released = store.release(&api(), lease, b"head", &keys, when()).await;
        assert_eq!(released, Ok(Released::Committed { not_removed: None }), "{fault:?}");
        let snapshot = store.read(&api(), when()).await.unwrap();
        assert_eq!((snapshot.head, snapshot.entries), (Some(b"head".to_vec()), vec![]), "{fault:?}");
    }
}

/// The body of an answer to a single write is not needed: its status says that it is done.
#[tokio::test(start_paused = true)]
async fn broken_json_fails_what_reads_and_nothing_that_writes() {
    let (fake, mut store) = open().await;
    fake.set_faults(first(usize::MAX, "PutItem", Fault::Garbled));
    assert_eq!(store.put(&api(), batch(1), b"1", when()).await, Ok(Put::Written));
    fake.set_faults(first(2, "Query", Fault::Garbled));
    assert_eq!(store.read(&api(), when()).await.unwrap().entries.len(), 2);
    fake.set_faults(first(usize::MAX, "Query", Fault::Garbled));
    let error = store.read(&api(), when()).await.unwrap_err();
    assert_eq!((error.fault, error.may_be_done), (StoreFault::Unavailable, false));
}

/// What went wrong behind the write leaves open whether it was the first: the next delivery knows.
#[tokio::test(start_paused = true)]
async fn a_batch_that_is_written_but_not_checked_may_be_done() {
    let (fake, mut store) = open().await;
    fake.set_faults(first(usize::MAX, "GetItem", Fault::Refused(400, "ThrottlingException")));
    let error = store.put(&api(), batch(1), b"1", when()).await.unwrap_err();
    assert_eq!((error.action, error.may_be_done), ("dynamodb:GetItem", true));
    fake.set_faults(|_| None);
    assert_eq!(store.put(&api(), batch(1), b"1", when()).await, Ok(Put::Duplicate));
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_holder_left_is_not_counted_again_and_is_removed_by_the_next() {
    for fault in [Fault::Refused(400, "ThrottlingException"), Fault::Partial] {
        let (fake, mut store) = open().await;
        for number in 1..30 {
            store.put(&api(), batch(number), b"x", when()).await.unwrap();
        }
        let snapshot = store.read(&api(), when()).await.unwrap();
        let keys: Vec<EntryKey> = snapshot.entries.iter().map(|entry| entry.key).collect();
        let lease = store.lease(&api(), &snapshot, NOW + 10_000, when()).await.unwrap().unwrap();
        // The markers of some are written, no entry is removed.
        let mut writes = 0;
        fake.set_faults(move |operation| {
            writes += u32::from(operation == "BatchWriteItem");
            (operation == "BatchWriteItem" && writes > 1).then_some(fault)
        });
        let released = store.release(&api(), lease, b"head", &keys, when()).await.unwrap();
        if fault == Fault::Partial {
            assert_eq!(released, Released::Committed { not_removed: None });
        } else {
            let Released::Committed { not_removed: Some(error) } = released else { panic!("{released:?}") };
            assert_eq!((error.fault, error.action), (StoreFault::Throttled, "dynamodb:BatchWriteItem"));
        }
        fake.set_faults(|_| None);
        store.put(&api(), batch(99), b"new", when()).await.unwrap();
        let snapshot = store.read(&api(), when()).await.unwrap();
        assert_eq!(snapshot.entries.iter().map(|entry| &entry.body[..]).collect::<Vec<_>>(), [b"new"]);
        let keys = [snapshot.entries[0].key];
        let lease = store.lease(&api(), &snapshot, NOW + 10_000, when()).await.unwrap().unwrap();
        store.release(&api(), lease, b"next", &keys, when()).await.unwrap();
        assert!(!fake.sizes().iter().any(|(sk, _)| sk.starts_with("journal#")));
        for number in (0..30).chain([99]) {
            assert_eq!(store.put(&api(), batch(number), b"x", when()).await, Ok(Put::Duplicate));
        }
    }
}

/// The kill leaves the batch in the journal a second time, its marker beside it.
#[tokio::test(start_paused = true)]
async fn a_late_duplicate_whose_writer_was_killed_is_not_counted() {
    let (fake, mut store) = open().await;
    sum_up(&mut store).await;
    fake.set_faults(first(usize::MAX, "GetItem", Fault::Refused(400, "ThrottlingException")));
    assert!(store.put(&api(), batch(0), b"0", when()).await.unwrap_err().may_be_done);
    fake.set_faults(|_| None);
    let in_journal = || fake.sizes().iter().filter(|(sk, _)| sk.starts_with("journal#")).count();
    assert_eq!(in_journal(), 1);
    assert_eq!(sum_up(&mut store).await, Vec::<Vec<u8>>::new());
    assert_eq!(in_journal(), 0);
    assert_eq!(store.put(&api(), batch(0), b"0", when()).await, Ok(Put::Duplicate));
}

/// What was summed up and not removed may stand behind the part of the journal that is read next.
#[tokio::test(start_paused = true)]
async fn what_was_not_removed_is_not_counted_again_however_long_the_journal_is() {
    let (fake, mut store) = open().await;
    let mut counted = Vec::new();
    for numbers in [1..150, 150..210, 210..260] {
        for number in numbers {
            store.put(&api(), batch(number), number.to_string().as_bytes(), when()).await.unwrap();
        }
        fake.set_faults(first(usize::MAX, "BatchWriteItem", Fault::Refused(400, "ThrottlingException")));
        counted.extend(sum_up(&mut store).await);
        fake.set_faults(|_| None);
    }
    while fake.sizes().iter().any(|(sk, _)| sk.starts_with("journal#")) {
        counted.extend(sum_up(&mut store).await);
    }
    let mut numbers: Vec<u32> =
        counted.into_iter().map(|body| String::from_utf8(body).unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..260).collect::<Vec<_>>());
}

/// Reads, takes the lease, and gives it back with all that was read.
async fn sum_up(store: &mut DynamoDb) -> Vec<Vec<u8>> {
    let snapshot = store.read(&api(), when()).await.unwrap();
    let lease = store.lease(&api(), &snapshot, NOW + 10_000, when()).await.unwrap().unwrap();
    let keys: Vec<EntryKey> = snapshot.entries.iter().map(|entry| entry.key).collect();
    let released = store.release(&api(), lease, b"head", &keys, when()).await.unwrap();
    assert!(matches!(released, Released::Committed { .. }));
    snapshot.entries.into_iter().map(|entry| entry.body).collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_without_time_and_all_ends_within_it() {
    let (fake, mut store) = open().await;
    fake.set_faults(|_| Some(Fault::Silent { is_done: false }));
    let error = store.put(&api(), batch(1), b"1", in_time(Duration::ZERO)).await.unwrap_err();
    assert_eq!(
        (error.fault, error.may_be_done, fake.take_requests().len()),
        (StoreFault::TimedOut, false, 0)
    );
    let began = Instant::now();
    let error = store.put(&api(), batch(1), b"1", in_time(Duration::from_secs(2))).await.unwrap_err();
    assert_eq!((error.fault, error.may_be_done), (StoreFault::TimedOut, true));
    assert!(began.elapsed() <= Duration::from_secs(2));
    fake.set_faults(|_| Some(Fault::Refused(400, "ThrottlingException")));
    let began = Instant::now();
    assert!(store.read(&api(), in_time(Duration::from_secs(1))).await.is_err());
    assert!(began.elapsed() <= Duration::from_secs(1));
}

#[tokio::test]
async fn requests_are_signed_for_dynamodb() {
    let (fake, mut store) = open().await;
    store.read(&api(), when()).await.unwrap();
    let request = fake.take_requests().remove(0);
    for part in [
        "\r\ncontent-type: application/x-amz-json-1.0\r\n",
        "\r\nx-amz-target: DynamoDB_20120810.Query\r\n",
        "\r\nx-amz-date: 20270115T080000Z\r\n",
        "/20270115/eu-west-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, ",
        "\"TableName\":\"fake\"",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[tokio::test]
async fn a_batch_that_opens_an_incident_takes_these_requests() {
    let (fake, mut store) = open().await;
    store.put(&api(), batch(1), b"1", when()).await.unwrap();
    assert_eq!(fake.take_operations(), ["PutItem", "GetItem"]);
    let snapshot = store.read(&api(), when()).await.unwrap();
    assert_eq!(fake.take_operations(), ["Query", "BatchGetItem"]);
    let lease = store.lease(&api(), &snapshot, NOW + 10_000, when()).await.unwrap().unwrap();
    assert_eq!(fake.take_operations(), ["UpdateItem"]);
    let keys: Vec<EntryKey> = snapshot.entries.iter().map(|entry| entry.key).collect();
    store.release(&api(), lease, b"head", &keys, when()).await.unwrap();
    assert_eq!(fake.take_operations(), ["UpdateItem", "BatchWriteItem", "BatchWriteItem"]);
    store.read(&api(), when()).await.unwrap();
    assert_eq!(fake.take_operations(), ["Query"]);
    store.take_token("ops", Rate { burst: 5, spacing_ms: 1_000 }, when()).await.unwrap();
    assert_eq!(fake.take_operations(), ["GetItem", "UpdateItem"]);
}

#[tokio::test]
async fn every_item_ends_by_its_time_to_live() {
    let (fake, mut store) = open().await;
    store.take_token("ops", Rate { burst: 5, spacing_ms: 1_000 }, when()).await.unwrap();
    store.pause("dev", Rate { burst: 5, spacing_ms: 1_000 }, NOW + 1_000, when()).await.unwrap();
    let snapshot = store.read(&api(), when()).await.unwrap();
    let lease = store.lease(&api(), &snapshot, NOW + 10_000, when()).await.unwrap().unwrap();
    store.release(&api(), lease, b"head", &[snapshot.entries[0].key], when()).await.unwrap();
    store.put(&api(), batch(1), b"1", when()).await.unwrap();
    let items = fake.items();
    assert_eq!(items.len(), 6, "{items:?}");
    for item in items {
        let expires: i64 = item["expires"]["N"].as_str().unwrap().parse().unwrap();
        assert!((NOW / 1_000 + 3_600..=NOW / 1_000 + 14 * 86_400).contains(&expires), "{item:?}");
    }
}

/// By DynamoDB's own way to measure an item, which the fake table takes.
#[tokio::test]
async fn the_room_in_an_entry_is_exact_to_a_few_bytes() {
    let (fake, mut store) = open().await;
    for units in [1, 4, 400] {
        let body = vec![b'x'; room_in_entry(&api(), units)];
        assert_eq!(store.put(&api(), batch(1_000), &body, when()).await, Ok(Put::Written));
        let (_, size) =
            fake.sizes().into_iter().find(|(sk, _)| sk.ends_with(&batch(1_000).to_string())).unwrap();
        assert!((units * 1_024 - 8..=units * 1_024).contains(&size), "{size}");
        fake.clear();
    }
}

#[tokio::test]
async fn what_is_none_of_ours_in_the_table_is_left_alone() {
    let (fake, mut store) = open().await;
    let pk = json!({ "S": api().text() });
    for item in [
        json!({ "pk": pk, "sk": { "S": "journal#note" } }),
        json!({ "pk": pk, "sk": { "S": format!("journal#{}", batch(7)) }, "b": { "S": "text" } }),
        json!({ "pk": { "S": "incidents" }, "sk": { "S": "note" } }),
    ] {
        fake.insert(item);
    }
    assert_eq!(store.read(&api(), when()).await.unwrap().entries.len(), 1);
    assert_eq!(store.incidents(when()).await, Ok(vec![api()]));
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_and_no_strangers_text_shows() {
    let (fake, mut store) = open().await;
    fake.set_faults(first(1, "PutItem", Fault::Refused(400, "CANARY<!here>")));
    let error = store.put(&api(), batch(1), b"1", when()).await.unwrap_err();
    let shown = format!("{error} {error:?} {store:?} {store:#?}");
    for hidden in ["CANARY", "here", KEY, "AKIDEXAMPLE", "hogehoge"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn an_error_says_what_to_do() {
    let text = |fault: StoreFault| fault.of("dynamodb:PutItem").to_string();
    assert_eq!(
        text(StoreFault::Denied),
        "dynamodb:PutItem on the state table: denied: allow the function's role this action on the table, and \
         kms:Decrypt on its key if it has one"
    );
    assert_eq!(
        text(StoreFault::NoTable),
        "dynamodb:PutItem on the state table: no such table: check STATUSWATCH_STATE_TABLE and the Region"
    );
}
