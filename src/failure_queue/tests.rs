use super::fake::{FakeQueue, refusal};
use super::*;
use crate::aws::CallError;

const NAME: &str = "watch-failures";

async fn all(queue: &FailureQueue<FakeQueue>) -> Vec<Record> {
    let mut all = Vec::new();
    while let Some(records) = queue.receive().await.unwrap() {
        all.extend(records);
    }
    all
}

fn bodies(left: &[(&str, bool)]) -> Vec<(String, bool)> {
    left.iter().map(|(body, is_visible)| ((*body).to_owned(), *is_visible)).collect()
}

#[tokio::test(start_paused = true)]
async fn every_record_is_received_once_and_only_what_is_deleted_is_gone() {
    let fake = FakeQueue::new(&(0..23).map(|_| "x").collect::<Vec<_>>());
    let queue = fake.open(NAME).await.unwrap();
    let depth = Depth { waiting: 23, in_flight: 0, delayed: 0, max_receives: Some(5) };
    assert_eq!(queue.depth().await, Ok(depth));
    let records = all(&queue).await;
    assert_eq!((records.len(), records[0].sent_ms), (23, 1_700_000_000_000));
    for record in &records[..20] {
        queue.delete(record).await.unwrap();
    }
    assert_eq!(fake.left(), vec![("x".to_owned(), false); 3]);
    queue.give_back().await.unwrap();
    assert_eq!(fake.left(), vec![("x".to_owned(), true); 3]);
    assert_eq!(queue.depth().await.unwrap().all(), 3);
    assert_eq!(queue.delete(&records[0]).await, Err(QueueError::NotHeld), "nobody deletes what is not held");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_stays_hidden_for_as_long_as_it_takes_and_comes_back_by_itself_after_a_crash() {
    let fake = FakeQueue::new(&["a", "b"]);
    let queue = fake.open(NAME).await.unwrap();
    let records = all(&queue).await;
    queue.delete(&records[1]).await.unwrap();
    tokio::select! {
        () = queue.keep_hidden() => {}
        () = sleep(Duration::from_hours(3)) => {}
    }
    assert_eq!((fake.left(), queue.failure()), (bodies(&[("a", false)]), None));
    drop(queue);
    sleep(VISIBILITY + Duration::from_secs(1)).await;
    assert_eq!(fake.left(), bodies(&[("a", true)]));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_handed_out_twice_is_received_once_and_deleted_for_good() {
    let fake = FakeQueue::new(&["a", "b"]);
    let queue = fake.open(NAME).await.unwrap();
    let records = queue.receive().await.unwrap().unwrap();
    queue.delete(&records[0]).await.unwrap();
    fake.show_all_again();
    fake.bring_back("id0", "a");
    assert_eq!(queue.receive().await, Ok(Some(Vec::new())), "one is held, one was deleted");
    assert_eq!(fake.left(), bodies(&[("b", false)]));
    // By its newest receipt: older ones may not hold any more.
    queue.delete(&records[1]).await.unwrap();
    assert_eq!((queue.receive().await, fake.left()), (Ok(None), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_names_the_permission() {
    for (operation, permission) in [
        ("GetQueueUrl", "sqs:GetQueueUrl"),
        ("GetQueueAttributes", "sqs:GetQueueAttributes"),
        ("ReceiveMessage", "sqs:ReceiveMessage"),
        ("DeleteMessage", "sqs:DeleteMessage"),
        ("ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
    ] {
        for status in [400, 403] {
            let denied =
                move |asked: &str| (asked == operation).then(|| (status, refusal("AccessDeniedException").1));
            let fake = FakeQueue::new(&["a"]).answering(denied);
            let tried = async {
                let queue = fake.open(NAME).await?;
                queue.depth().await?;
                let records = queue.receive().await?.unwrap();
                queue.give_back().await?;
                queue.delete(&records[0]).await.map_err(|error| match error {
                    QueueError::NotHeld => QueueError::Call(CallError::Denied("given back")),
                    error => error,
                })
            };
            let deleting = async {
                let queue = fake.open(NAME).await?;
                let records = queue.receive().await?.unwrap();
                queue.delete(&records[0]).await
            };
            let error = if operation == "DeleteMessage" { deleting.await } else { tried.await }.unwrap_err();
            assert_eq!(error, QueueError::Call(CallError::Denied(permission)));
            assert_eq!(fake.left().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_sqs_refuses_is_said_in_our_words() {
    let queue = |name: &str| QueueError::NoQueue(name.to_owned());
    for (code, expected) in [
        ("QueueDoesNotExist", queue("eu-west-1")),
        ("AWS.SimpleQueueService.NonExistentQueue", queue("eu-west-1")),
        ("KmsAccessDenied", QueueError::KeyDenied),
        ("ExpiredToken", QueueError::Call(CallError::Expired)),
        ("InvalidClientTokenId", QueueError::Call(CallError::NotSignedIn)),
        ("OverLimit", QueueError::OverLimit),
        ("RequestThrottled", QueueError::Call(CallError::Throttled("SQS"))),
        (
            "UnsupportedOperation",
            QueueError::Call(CallError::Refused { service: "SQS", operation: "ReceiveMessage", status: 400 }),
        ),
    ] {
        let fake =
            FakeQueue::new(&["a"]).answering(move |asked| (asked == "ReceiveMessage").then(|| refusal(code)));
        let error = fake.open(NAME).await.unwrap().receive().await.unwrap_err();
        assert_eq!(error, expected, "{code}");
        assert!(!error.to_string().contains("stranger"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_what_does_not_is_given_up() {
    let mut failures = 0;
    let fake = FakeQueue::new(&["a"]).answering(move |asked| {
        failures += 1;
        (asked == "ReceiveMessage" && failures < 5).then(|| (503, json!({})))
    });
    let queue = fake.open(NAME).await.unwrap();
    assert_eq!(queue.receive().await.unwrap().unwrap().len(), 1);
    let fake =
        FakeQueue::new(&["a"]).answering(|asked| (asked == "ReceiveMessage").then(|| (500, json!({}))));
    let queue = fake.open(NAME).await.unwrap();
    assert_eq!(
        queue.receive().await,
        Err(QueueError::Call(CallError::Failed { service: "SQS", status: 500 }))
    );
    assert_eq!(fake.seen().iter().filter(|(operation, _)| operation == "ReceiveMessage").count(), 5);
    let fake =
        FakeQueue::new(&["a"]).answering(|asked| (asked == "ReceiveMessage").then(|| (200, json!("<html>"))));
    assert_eq!(fake.open(NAME).await.unwrap().receive().await, Err(QueueError::Unreadable));
}

#[tokio::test(start_paused = true)]
async fn that_records_could_not_be_kept_hidden_is_known() {
    let denied = |asked: &str| (asked == "ChangeMessageVisibilityBatch").then(|| refusal("AccessDenied"));
    let fake = FakeQueue::new(&["a"]).answering(denied);
    let queue = fake.open(NAME).await.unwrap();
    queue.receive().await.unwrap();
    tokio::select! {
        () = queue.keep_hidden() => {}
        () = sleep(PROLONGED_EVERY * 2) => {}
    }
    assert_eq!(queue.failure(), Some(QueueError::Call(CallError::Denied("sqs:ChangeMessageVisibility"))));
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_found_by_its_arn_and_an_url_is_not_asked_for() {
    let fake = FakeQueue::new(&[]);
    let queue = fake.open("arn:aws:sqs:eu-west-1:123456789012:watch-failures").await.unwrap();
    assert_eq!(queue.receive().await, Ok(None));
    let asked = json!({ "QueueName": "watch-failures", "QueueOwnerAWSAccountId": "123456789012" });
    assert_eq!(fake.seen()[0], ("GetQueueUrl".to_owned(), asked));
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/watch-failures";
    let fake = FakeQueue::new(&[]);
    fake.open(url).await.unwrap().receive().await.unwrap();
    assert_eq!(
        fake.seen().iter().map(|(operation, _)| operation.as_str()).collect::<Vec<_>>(),
        ["ReceiveMessage"]
    );
}
